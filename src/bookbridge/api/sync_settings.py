"""`/profile/syncSettings` and `/companies/{id}/syncSettings`: what is read, how far back, and how often.

The path says whose settings they are; an id in the body is ignored. Both answers list every data type, also those of
which nothing was said.
"""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from bookbridge.api.bodies import AnyRequest, answer, decoded, raw_answer
from bookbridge.api.idempotency import in_transaction
from bookbridge.api.parameters import company_id_of
from bookbridge.api.services import Given
from bookbridge.companies import companies
from bookbridge.store.pool import Db
from bookbridge.sync import schedule, settings
from bookbridge.sync.settings import Effective, SyncSetting


class SettingsBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is read, how far back and how often."""

    settings: list[SyncSetting]
    """One entry for each data type that differs from the rest."""
    overrides_defaults: bool = True
    """Whether the settings are followed; false keeps them without following them."""


class ClientSettings(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The settings of companies that have none of their own."""

    client_id: UUID
    """Identifier of the installation's client."""
    settings: list[SyncSetting]
    """One entry for each data type."""
    overrides_defaults: bool
    """Whether the settings are followed."""


class CompanySettings(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The settings that hold for a company."""

    company_id: UUID
    """The company."""
    settings: list[SyncSetting]
    """One entry for each data type."""
    overrides_defaults: bool
    """Whether the company has settings of its own that are followed."""


@get("/profile/syncSettings")
async def get_client_settings(services: Given) -> Response[bytes]:
    """The settings of companies that have none of their own."""
    async with services.pool.acquire() as db:
        found = await settings.of_client(db)
    return answer(
        ClientSettings(
            client_id=services.client_id,
            settings=Effective(found).all(),
            overrides_defaults=found.overrides_defaults,
        )
    )


@post("/profile/syncSettings", status_code=200)
async def set_client_settings(request: AnyRequest, services: Given) -> Response[bytes]:
    """Replace the client's settings."""
    body = await decoded(request, SettingsBody)

    async def work(db: Db) -> Response[bytes]:
        await settings.replace_client(db, body.settings, overrides_defaults=body.overrides_defaults)
        await schedule.client_changed(db)
        return raw_answer(b"", 204)

    return await in_transaction(services, request, work)


@get("/companies/{company_id:str}/syncSettings")
async def get_company_settings(company_id: str, services: Given) -> Response[bytes]:
    """The settings that hold for a company."""
    wanted = company_id_of(company_id)
    async with services.pool.acquire() as db:
        await companies.get(db, wanted)
        own = await settings.of_company(db, wanted)
        effective = Effective(await settings.of_client(db), own)
    return answer(
        CompanySettings(company_id=wanted, settings=effective.all(), overrides_defaults=own.overrides_defaults)
    )


@post("/companies/{company_id:str}/syncSettings", status_code=200)
async def set_company_settings(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """Replace a company's own settings."""
    wanted = company_id_of(company_id)
    body = await decoded(request, SettingsBody)

    async def work(db: Db) -> Response[bytes]:
        await companies.get(db, wanted)
        await settings.replace_company(db, wanted, body.settings, overrides_defaults=body.overrides_defaults)
        await schedule.company_changed(db, wanted)
        return raw_answer(b"", 204)

    return await in_transaction(services, request, work)


ROUTES: list[ControllerRouterHandler] = [
    get_client_settings,
    set_client_settings,
    get_company_settings,
    set_company_settings,
]
