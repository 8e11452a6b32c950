"""`/integrations`: the platforms, what each can do, and our own drawings of them.

Pictures need no API key: they are shown by browsers.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib.resources import files
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.types import ControllerRouterHandler

from bookbridge.api.bodies import AnyRequest, answer, raw_answer
from bookbridge.api.cross_origin import TOKEN_ROUTE
from bookbridge.api.errors import CLIENTS, not_found
from bookbridge.api.paging import Paging, page_of_values, paging_of
from bookbridge.api.services import Given, Services
from bookbridge.connectors.integrations import (
    INTEGRATIONS,
    DatatypeFeature,
    Integration,
    SourceType,
    datatype_features,
    integration,
)
from bookbridge.store.pool import Db
from bookbridge.store.query import Kind, Property

WHAT = "Integration"
PICTURES = {"logo.svg": "{}.svg", "button.svg": "{}-button.svg", "button-hover.svg": "{}-button-hover.svg"}
"""Picture in the address → its file among the connectors' drawings."""

PICTURE_KEPT_S = 86_400
PICTURE_HEADERS = {
    "Cache-Control": f"public, max-age={PICTURE_KEPT_S}",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",
}

PROPERTIES = {
    "key": Property(Kind.STRING, "i.key"),
    "name": Property(Kind.STRING, "i.name"),
    "sourceType": Property(Kind.STRING, "i.source_type"),
    "enabled": Property(Kind.BOOL, "i.enabled"),
    "isBeta": Property(Kind.BOOL, "i.is_beta"),
    "isOfflineConnector": Property(Kind.BOOL, "i.is_offline"),
    "integrationId": Property(Kind.STRING, "i.integration_id"),
    "id": Property(Kind.STRING, "i.integration_id"),
    "sourceId": Property(Kind.STRING, "i.source_id"),
}
_COLUMNS = 8


class IntegrationView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A platform."""

    key: str
    """Its four letters."""
    logo_url: str
    """Address of our drawing of it."""
    name: str
    """Its name, for people."""
    enabled: bool
    """Whether companies can link it on this installation."""
    source_id: UUID
    """Its identifier as a source of data."""
    source_type: str
    """What kind of data it keeps."""
    integration_id: UUID
    """Its identifier."""
    is_offline_connector: bool
    """Whether it is only reached when the customer's computer is on."""
    is_beta: bool
    """Whether its connector is still being tried."""
    data_provided_by: str
    """Who provides the data, in words."""
    datatype_features: tuple[DatatypeFeature, ...]
    """What can be done with each data type."""


class Image(msgspec.Struct, frozen=True):
    """Where a picture is, and what to read out instead of it."""

    src: str
    """Address of the picture."""
    alt: str
    """What to read out instead of it."""


class Picture(msgspec.Struct, frozen=True):
    """A picture in one of its forms."""

    image: Image
    """The picture."""


class Logo(msgspec.Struct, frozen=True):
    """The two forms of a logo; ours are square."""

    full: Picture
    """The whole logo."""
    square: Picture
    """The square one."""


class Button(msgspec.Struct, frozen=True):
    """The button that leads to linking."""

    default: Picture
    """The button at rest."""
    hover: Picture
    """The button under the pointer."""


class Branding(msgspec.Struct, frozen=True, rename="camel"):
    """Pictures of a platform, for pages of your own."""

    logo: Logo
    """Its logo."""
    button: Button
    """A button that leads to linking."""
    source_id: UUID
    """Its identifier as a source of data."""


@get("/integrations", opt={TOKEN_ROUTE: True})
async def list_integrations(request: AnyRequest, services: Given) -> Response[bytes]:
    """One page of platforms."""
    paging = paging_of(request)
    async with services.pool.acquire() as db:
        keys, total = await _matching(db, services, paging)
    shown = [_view(services, row) for row in map(integration, keys) if row is not None]
    return raw_answer(page_of_values(paging, shown, total))


@get("/integrations/{platform_key:str}", opt={TOKEN_ROUTE: True})
async def get_integration(platform_key: str, services: Given) -> Response[bytes]:
    """One platform."""
    return answer(_view(services, _known(platform_key)))


@get("/integrations/{platform_key:str}/branding", opt={TOKEN_ROUTE: True})
async def get_branding(platform_key: str, services: Given) -> Response[bytes]:
    """Pictures of a platform."""
    row = _known(platform_key)
    logo = Picture(Image(_picture_url(services, row.key, "logo.svg"), f"{row.name} logo"))
    alt = f"Connect to {row.name}"
    return answer(
        Branding(
            logo=Logo(full=logo, square=logo),
            button=Button(
                default=Picture(Image(_picture_url(services, row.key, "button.svg"), alt)),
                hover=Picture(Image(_picture_url(services, row.key, "button-hover.svg"), alt)),
            ),
            source_id=row.source_id,
        )
    )


@get("/integrations/{platform_key:str}/{picture:str}", opt={"public": True})
async def get_picture(request: AnyRequest, platform_key: str, picture: str) -> Response[bytes]:
    """One of our drawings, as SVG."""
    found = _drawing(_known(platform_key).key, picture.lower())
    if found is None:
        raise not_found("There is no such picture.", CLIENTS)
    content, etag = found
    headers = {**PICTURE_HEADERS, "ETag": etag}
    if request.headers.get("if-none-match") == etag:
        return Response(b"", status_code=304, headers=headers)
    return Response(content, media_type="image/svg+xml", headers=headers)


async def _matching(db: Db, services: Services, paging: Paging) -> tuple[list[str], int]:
    """Keys of the page's platforms, and how many match in all. The database compares, so that queries mean the same
    here as everywhere."""
    condition = paging.condition(PROPERTIES, of=WHAT, first=_COLUMNS + 1)
    order = paging.order(PROPERTIES, of=WHAT) or "i.place"
    rows = await db.fetch(
        f"""select i.key, count(*) over () as total from unnest($1::text[], $2::text[], $3::text[], $4::boolean[],
            $5::boolean[], $6::boolean[], $7::text[], $8::text[]) with ordinality
            as i (key, name, source_type, enabled, is_beta, is_offline, integration_id, source_id, place)
        where {condition.sql if condition else "true"} order by {order}, i.place""",  # noqa: S608
        [row.key for row in INTEGRATIONS],
        [row.name for row in INTEGRATIONS],
        [row.source_type.value for row in INTEGRATIONS],
        [_is_enabled(services, row) for row in INTEGRATIONS],
        [row.is_beta for row in INTEGRATIONS],
        [row.is_offline_connector for row in INTEGRATIONS],
        [str(row.integration_id) for row in INTEGRATIONS],
        [str(row.source_id) for row in INTEGRATIONS],
        *(condition.arguments if condition else ()),
    )
    keys = [row["key"] for row in rows]
    return keys[paging.offset : paging.offset + paging.page_size], len(keys)


def _known(key: str) -> Integration:
    found = integration(key.lower())
    if found is None:
        raise not_found(f"No integration was found with key {key[:50]}", CLIENTS)
    return found


def _is_enabled(services: Services, row: Integration) -> bool:
    """Whether companies can link it on this installation."""
    return row.source_type is SourceType.EXPENSE or services.apps.has(row.key)


def _view(services: Services, row: Integration) -> IntegrationView:
    return IntegrationView(
        key=row.key,
        logo_url=_picture_url(services, row.key, "logo.svg"),
        name=row.name,
        enabled=_is_enabled(services, row),
        source_id=row.source_id,
        source_type=row.source_type.value,
        integration_id=row.integration_id,
        is_offline_connector=row.is_offline_connector,
        is_beta=row.is_beta,
        data_provided_by=row.data_provided_by,
        datatype_features=datatype_features(row.key),
    )


def _picture_url(services: Services, key: str, picture: str) -> str:
    return f"{services.views.base_url}/integrations/{key}/{picture}"


@lru_cache(maxsize=256)
def _drawing(key: str, picture: str) -> tuple[bytes, str] | None:
    """The picture and its ETag. `key` is that of a known platform: nothing of the caller's becomes a path."""
    name = PICTURES.get(picture)
    file = files("bookbridge.connectors") / "logos" / name.format(key) if name else None
    if file is None or not file.is_file():
        return None
    content = file.read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'


ROUTES: list[ControllerRouterHandler] = [list_integrations, get_integration, get_branding, get_picture]
