"""`/corsSettings`, and the same under its older path: whose web pages may use access tokens."""

from __future__ import annotations

import msgspec
from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from bookbridge.api.bodies import AnyRequest, answer, decoded
from bookbridge.api.idempotency import in_transaction
from bookbridge.api.services import Given
from bookbridge.companies import origins
from bookbridge.store.pool import Db


class OriginsBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whose web pages may use access tokens."""

    allowed_origins: list[str]
    """The origins, such as `https://app.example.com`."""


@get(["/corsSettings", "/connectionManagement/corsSettings"])
async def get_cors_settings(services: Given) -> Response[bytes]:
    """The allowed origins."""
    return answer(OriginsBody(allowed_origins=await origins.allowed(services.pool)))


@post(["/corsSettings", "/connectionManagement/corsSettings"], status_code=200)
async def set_cors_settings(request: AnyRequest, services: Given) -> Response[bytes]:
    """Allow exactly these origins."""
    body = await decoded(request, OriginsBody)

    async def work(db: Db) -> Response[bytes]:
        return answer(OriginsBody(allowed_origins=await origins.replace(db, body.allowed_origins)))

    response = await in_transaction(services, request, work)
    services.origins.forget()
    return response


ROUTES: list[ControllerRouterHandler] = [get_cors_settings, set_cors_settings]
