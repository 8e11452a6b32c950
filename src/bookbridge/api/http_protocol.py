"""uvicorn's fast HTTP protocol with the limits that it lacks: on the size of a request's head, and on its time.

Without them a stranger, who has no key yet, fills the memory with one endless address or header. It knows nothing of
what is served.
"""

from __future__ import annotations

import asyncio
import uuid
from asyncio import TimerHandle
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bookbridge.api.errors import ApiError, correlation_id

HEAD_SIZE_MAX_BYTES: Final = 64 * 1024
"""Request line and headers; as much again may lie between two parts of a chunked body, and in its trailers. What one
read from the socket brings on top is let pass: this bounds memory, not manners."""

HEAD_TIMEOUT_S: Final = 20.0
"""From the connection, or from a further request's first byte, to the end of its headers."""

TOO_LARGE: Final = "The address or the headers of the request are too large."


SHUTDOWN_TIMEOUT_S: Final = 10
BACKLOG: Final = 2048


def server_config(asgi: Any, *, host: str, port: int) -> uvicorn.Config:
    """How the API is served, whoever serves it."""
    return uvicorn.Config(
        asgi,
        host=host,
        port=port,
        http=BoundedHttpProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        # What it says goes the way of every other line.
        log_config=None,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
        proxy_headers=False,
    )


class BoundedHttpProtocol(HttpToolsProtocol):
    """For `uvicorn.Config(http=…)`."""

    _fruitless_bytes = 0
    """Received since the last piece of a request was complete."""

    _head_timer: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._fruitless_bytes += len(data)
        super().data_received(data)
        if self._fruitless_bytes > HEAD_SIZE_MAX_BYTES and not self.transport.is_closing():
            self._refuse()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        self._fruitless_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._fruitless_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._fruitless_bytes = 0
        super().on_message_complete()

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._give_up)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()

    def _refuse(self) -> None:
        """Answer 431, unless an answer is under way already, and close."""
        self._stop_waiting()
        if self.cycle is None or self.cycle.response_complete:
            request_id = uuid.uuid4().hex
            correlation_id.set(request_id)
            body = ApiError(431, TOO_LARGE).response().content
            head = (
                "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
                f"content-length: {len(body)}\r\nx-correlation-id: {request_id}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self.transport.close()
