"""Who is calling: the API key in `Authorization: Basic base64(key)`, also in the usual form `base64(key:)`, or a web
page with a company's access token in `Authorization: Bearer token`.

It decides yes or no; keys have no roles. A token opens only the handlers marked with TOKEN_ROUTE, only for its own
company, and only to pages of allowed origins. Keys and tokens are never logged.
"""

from __future__ import annotations

import base64
import binascii

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Guard

from bookbridge.api.cross_origin import TOKEN_ROUTE
from bookbridge.api.errors import ApiError
from bookbridge.api.services import Services
from bookbridge.companies import clients

SCHEME = "basic"
TOKEN_SCHEME = "bearer"  # noqa: S105 - a name
HEADER_LENGTH_MAX = 1_000
CHALLENGE = {"WWW-Authenticate": 'Basic realm="Bookbridge", charset="UTF-8"'}
TOKEN_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Bookbridge"'}


def key_guard(services: Services) -> Guard:
    """A guard that lets only requests with a good API key pass; others get 401. Routes with `opt={"public": True}`
    need none."""

    async def require_key(connection: ASGIConnection, handler: BaseRouteHandler) -> None:  # type: ignore[type-arg]
        if handler.opt.get("public"):
            return
        header = connection.headers.get("authorization", "")
        if header.partition(" ")[0].lower() == TOKEN_SCHEME:
            await _require_token(services, connection, handler, header.partition(" ")[2].strip())
            return
        key = presented_key(header)
        if key is None or not await _is_good(services, key):
            raise ApiError(401, "Unauthorized", headers=CHALLENGE)

    return require_key


def presented_key(header: str) -> str | None:
    """The key in an Authorization header, or None when there is none in it."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != SCHEME or len(header) > HEADER_LENGTH_MAX:
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return text.removesuffix(":") or None


async def _require_token(
    services: Services,
    connection: ASGIConnection,  # type: ignore[type-arg]
    handler: BaseRouteHandler,
    token: str,
) -> None:
    company_id = services.access_tokens.company_of(token)
    if company_id is None:
        raise ApiError(401, "Unauthorized", headers=TOKEN_CHALLENGE)
    named = connection.path_params.get("company_id")
    if not handler.opt.get(TOKEN_ROUTE) or (named is not None and named.lower() != str(company_id)):
        raise ApiError(403, "The access token of a company does not open this address.")
    origin = connection.headers.get("origin", "")
    if not await services.origins.allow(services.pool, services.views.base_url, origin):
        raise ApiError(403, "The page's origin is not among the allowed origins.")


async def _is_good(services: Services, key: str) -> bool:
    if services.key_cache.holds(key):
        return True
    async with services.pool.acquire() as db:
        found = await clients.key_id(db, key) is not None
    if found:
        services.key_cache.add(key)
    return found
