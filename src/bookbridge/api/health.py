"""`GET /health`: whether this process can serve, and whether jobs are being worked off. Needs no API key."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

import asyncpg
import msgspec
from litestar import Response, route
from litestar.types import ControllerRouterHandler

from bookbridge.api.bodies import answer
from bookbridge.api.services import Given
from bookbridge.jobs import backlog

DATABASE_TIMEOUT_S = 3.0
VERSION = version("bookbridge")


class Health(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether this process can serve. Late jobs do not make it unhealthy, since another process works them off."""

    status: str
    """`ok` or `unavailable`."""
    version: str
    """The version that runs."""
    database: str
    """`ok` or `unavailable`."""
    jobs: str
    """`ok`, `late` or `unknown`."""


@route("/health", http_method=["GET", "HEAD"], opt={"public": True})
async def get_health(services: Given) -> Response[bytes]:
    """200 when this process can serve, 503 when its database is away."""
    try:
        async with asyncio.timeout(DATABASE_TIMEOUT_S), services.pool.acquire() as db:
            waiting_s = await backlog.longest_wait_s(db)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return answer(Health(status="unavailable", version=VERSION, database="unavailable", jobs="unknown"), 503)
    jobs = "late" if waiting_s > backlog.LATE_AFTER_S else "ok"
    return answer(Health(status="ok", version=VERSION, database="ok", jobs=jobs))


ROUTES: list[ControllerRouterHandler] = [get_health]
