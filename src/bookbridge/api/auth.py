"""Who is calling: the API key in `Authorization: Basic base64(key)`, also in the usual form `base64(key:)`.

It decides yes or no; keys have no roles. Keys are never logged.
"""

from __future__ import annotations

import base64
import binascii

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Guard

from bookbridge.api.errors import ApiError
from bookbridge.api.services import Services
from bookbridge.companies import clients

SCHEME = "basic"
HEADER_LENGTH_MAX = 1_000
CHALLENGE = {"WWW-Authenticate": 'Basic realm="Bookbridge", charset="UTF-8"'}


def key_guard(services: Services) -> Guard:
    """A guard that lets only requests with a good API key pass; others get 401. Routes with `opt={"public": True}`
    need none."""

    async def require_key(connection: ASGIConnection, handler: BaseRouteHandler) -> None:  # type: ignore[type-arg]
        if handler.opt.get("public"):
            return
        key = presented_key(connection.headers.get("authorization", ""))
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


async def _is_good(services: Services, key: str) -> bool:
    if services.key_cache.holds(key):
        return True
    async with services.pool.acquire() as db:
        found = await clients.key_id(db, key) is not None
    if found:
        services.key_cache.add(key)
    return found
