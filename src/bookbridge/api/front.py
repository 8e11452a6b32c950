"""What stands before routing: correlation ids, addresses whatever their case, and the last net for exceptions.

Plain ASGI, because the framework's own middleware begins only after it has found a route.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from typing import Any

import structlog
from litestar import Response
from litestar.enums import ScopeType
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, HTTPResponseBodyEvent, HTTPResponseStartEvent, Message, Receive, Scope, Send

from bookbridge.api.errors import correlation_id, told

log = structlog.get_logger(__name__)

CORRELATION_HEADER = b"x-correlation-id"
REQUEST_ID_BITS = 128
SLOW_S = 5.0
"""Callers' libraries give up after this; slower answers are worth a line in the log."""


class Addresses:
    """The literal parts of all addresses, to find the routes' own spelling of a path.

    Callers' libraries differ in the case of some segments. Ids stand where no literal does, and stay as they are.
    """

    def __init__(self, paths: Iterable[list[Any]]) -> None:
        self._root = _Node()
        for components in paths:
            self._root.add(components)

    def spelt(self, path: str) -> str:
        """The path with literal segments in the routes' spelling; unchanged where it leads nowhere."""
        node: _Node | None = self._root
        spelt = []
        for segment in path.split("/"):
            if not segment:
                continue
            if node is not None:
                segment, node = node.step(segment)
            spelt.append(segment)
        return "/" + "/".join(spelt)


class _Node:
    def __init__(self) -> None:
        self.literals: dict[str, tuple[str, _Node]] = {}
        self.parameter: _Node | None = None

    def add(self, components: list[Any]) -> None:
        if not components:
            return
        first, rest = components[0], components[1:]
        if isinstance(first, str):
            _, child = self.literals.setdefault(first.casefold(), (first, _Node()))
        else:
            child = self.parameter = self.parameter or _Node()
        child.add(rest)

    def step(self, segment: str) -> tuple[str, _Node | None]:
        return self.literals.get(segment.casefold()) or (segment, self.parameter)


class Front:
    """The outermost application."""

    def __init__(self, app: ASGIApp, routes: Iterable[Any]) -> None:
        self._app = app
        self._addresses = Addresses(route.path_components for route in routes if isinstance(route, HTTPRoute))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        # A name to search the log by, not a secret: no system call for it.
        request_id = f"{random.getrandbits(REQUEST_ID_BITS):032x}"
        correlation_id.set(request_id)
        structlog.contextvars.bind_contextvars(correlation_id=request_id)
        scope["path"] = self._addresses.spelt(scope["path"])
        header = (CORRELATION_HEADER, request_id.encode())
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], header]
            await send(message)

        began_s = time.monotonic()
        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            response = told(error, scope["method"], scope["path"])
            if not started:
                await _send(response, send_with_id)
        taken_s = time.monotonic() - began_s
        if taken_s > SLOW_S:
            log.warning("slow_request", method=scope["method"], path=scope["path"], seconds=round(taken_s, 1))


async def _send(response: Response[bytes], send: Send) -> None:
    body = response.content
    start: HTTPResponseStartEvent = {
        "type": "http.response.start",
        "status": response.status_code or 500,
        "headers": [
            (b"content-type", b"application/json"),
            *((name.lower().encode(), value.encode()) for name, value in response.headers.items()),
            (b"content-length", b"%d" % len(body)),
        ],
    }
    end: HTTPResponseBodyEvent = {"type": "http.response.body", "body": body, "more_body": False}
    await send(start)
    await send(end)
