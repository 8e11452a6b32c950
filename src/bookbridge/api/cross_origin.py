"""Requests from other sites' pages: which origins are let in, and the answers by which browsers learn it (CORS).

Only what a company's access token opens may be read by a foreign page: an API key has no business in a browser. We
never allow credentials, so a visitor's cookies are of no use there either.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import asyncpg
from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from bookbridge.companies import origins

TOKEN_ROUTE = "company_token"  # noqa: S105 - a name
"""Option of the handlers that a company's access token opens."""

KEPT_S = 2.0
"""A change made by another process counts after at most this long; one of this process at once."""

PREFLIGHT_KEPT_S = 600
METHODS = "GET, POST, PUT, PATCH, DELETE"
REQUEST_HEADERS = "authorization, content-type, idempotency-key"
RESPONSE_HEADERS = "x-correlation-id, retry-after"


class AllowedOrigins:
    """The client's allowed origins, asked of the database at most every KEPT_S."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._known: frozenset[str] = frozenset()
        self._good_until = 0.0

    async def allow(self, pool: asyncpg.Pool, own_url: str, origin: str) -> bool:
        """Whether pages of the origin are let in; our own always are."""
        if origin == origins.origin_of(own_url):
            return True
        if self._good_until <= self._now():
            self._known = frozenset(await origins.allowed(pool))
            self._good_until = self._now() + KEPT_S
        return origin in self._known

    def forget(self) -> None:
        """Ask the database again."""
        self._good_until = 0.0


class CrossOrigin:
    """Answers preflights, and tells browsers that an allowed origin may read the answer."""

    def __init__(self, app: ASGIApp, pool: asyncpg.Pool, own_url: str, allowed: AllowedOrigins) -> None:
        self._app = app
        self._pool = pool
        self._own_url = own_url
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        headers = Headers.from_scope(scope)
        origin = headers.get("origin")
        if origin is None:
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _answer_preflight(send, origin if await self._allows(origin) else None)
            return

        async def send_with_permission(message: Message) -> None:
            if message["type"] == "http.response.start" and await self._may_read(scope, origin):
                message["headers"] = [*message["headers"], *_permission(origin)]
            await send(message)

        await self._app(scope, receive, send_with_permission)

    async def _may_read(self, scope: Scope, origin: str) -> bool:
        handler = scope.get("route_handler")
        return handler is not None and bool(handler.opt.get(TOKEN_ROUTE)) and await self._allows(origin)

    async def _allows(self, origin: str) -> bool:
        return await self._allowed.allow(self._pool, self._own_url, origin)


def _permission(origin: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", RESPONSE_HEADERS.encode()),
        (b"vary", b"Origin"),
    ]


async def _answer_preflight(send: Send, origin: str | None) -> None:
    """204 with permission for an allowed origin, without it for others: the browser refuses by itself."""
    headers: list[tuple[bytes, bytes]] = [(b"vary", b"Origin"), (b"content-length", b"0")]
    if origin is not None:
        headers = [
            *_permission(origin),
            (b"access-control-allow-methods", METHODS.encode()),
            (b"access-control-allow-headers", REQUEST_HEADERS.encode()),
            (b"access-control-max-age", str(PREFLIGHT_KEPT_S).encode()),
        ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
