"""`/profile`: how the client presents itself, and where browsers go after linking."""

from __future__ import annotations

import msgspec
from litestar import Response, get, put
from litestar.types import ControllerRouterHandler

from bookbridge.api.bodies import AnyRequest, answer, decoded
from bookbridge.api.idempotency import in_transaction
from bookbridge.api.services import Given
from bookbridge.companies import clients
from bookbridge.companies.clients import Profile
from bookbridge.store.pool import Db


class FullProfile(Profile, frozen=True, kw_only=True, omit_defaults=True):
    """The profile with what goes out beside the alerts of rules."""

    alert_auth_header: str | None = None
    """An Authorization header that goes out with the alerts of rules."""


@get("/profile")
async def get_profile(services: Given) -> Response[bytes]:
    """The profile."""
    async with services.pool.acquire() as db:
        return answer(await _full(db, services, (await clients.client(db)).profile))


@put("/profile")
async def replace_profile(request: AnyRequest, services: Given) -> Response[bytes]:
    """Overwrite the whole profile; what is not given is cleared."""
    profile = await decoded(request, FullProfile)

    async def work(db: Db) -> Response[bytes]:
        await clients.replace_profile(db, profile)
        await clients.set_alert_auth_header(db, services.vault, profile.alert_auth_header)
        return answer(await _full(db, services, (await clients.client(db)).profile))

    return await in_transaction(services, request, work)


async def _full(db: Db, services: Given, profile: Profile) -> FullProfile:
    header = await clients.alert_auth_header(db, services.vault)
    return FullProfile(**msgspec.structs.asdict(profile), alert_auth_header=header)


ROUTES: list[ControllerRouterHandler] = [get_profile, replace_profile]
