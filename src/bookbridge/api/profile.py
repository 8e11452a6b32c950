"""`/profile`: how the client presents itself, and where browsers go after linking."""

from __future__ import annotations

from litestar import Response, get, put
from litestar.types import ControllerRouterHandler

from bookbridge.api.bodies import AnyRequest, answer, decoded
from bookbridge.api.idempotency import in_transaction
from bookbridge.api.services import Given
from bookbridge.companies import clients
from bookbridge.companies.clients import Profile
from bookbridge.store.pool import Db


@get("/profile")
async def get_profile(services: Given) -> Response[bytes]:
    """The profile."""
    async with services.pool.acquire() as db:
        return answer((await clients.client(db)).profile)


@put("/profile")
async def replace_profile(request: AnyRequest, services: Given) -> Response[bytes]:
    """Overwrite the whole profile; what is not given is cleared."""
    profile = await decoded(request, Profile)

    async def work(db: Db) -> Response[bytes]:
        return answer(await clients.replace_profile(db, profile))

    return await in_transaction(services, request, work)


ROUTES: list[ControllerRouterHandler] = [get_profile, replace_profile]
