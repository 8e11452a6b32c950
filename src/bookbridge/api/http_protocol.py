"""uvicorn's fast HTTP protocol with the limits that it lacks: on the size of a request's head, and on the time in which
head and body come and the answer is taken.

Without them a stranger, who has no key yet, fills the memory with one endless address or header, or holds as many
connections as there are with bodies that never end. It knows nothing of what is served.
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

BODY_WATCH_S: Final = 20.0
BODY_PROGRESS_MIN_BYTES: Final = 64 * 1024
"""A body that is not at its end must bring as much in each BODY_WATCH_S, unless it is us who do not read on."""

ANSWER_WATCH_S: Final = 120.0
"""An answer of which nothing was taken for so long is dropped, with its connection. The kernel holds megabytes of it,
and asks for more when a third of them has gone: in a shorter time a slow network could look like nobody."""

TOO_SLOW: Final = "The request body came too slowly."
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

    _body_timer: TimerHandle | None = None
    _body_bytes = 0
    """Of the body, since it was looked at last."""

    _in_body = False

    _answer_timer: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self._stop_watching()
        self._stop_offering()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._fruitless_bytes += len(data)
        super().data_received(data)
        if self._fruitless_bytes > HEAD_SIZE_MAX_BYTES and not self.transport.is_closing():
            self._refuse("431 Request Header Fields Too Large", TOO_LARGE)
        # Nearly every body has come by now, and is not worth a timer.
        elif self._in_body and self._body_timer is None and not self.transport.is_closing():
            self._body_bytes = 0
            self._body_timer = self.loop.call_later(BODY_WATCH_S, self._watch_body)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._offer(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        self._stop_offering()
        super().resume_writing()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        self._fruitless_bytes = 0
        self._in_body = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._fruitless_bytes = 0
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._fruitless_bytes = 0
        self._in_body = False
        if self._body_timer is not None:
            self._stop_watching()
        super().on_message_complete()

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._give_up)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _watch_body(self) -> None:
        self._body_timer = None
        if self._body_bytes < BODY_PROGRESS_MIN_BYTES and not self.flow.read_paused:
            self._refuse("408 Request Timeout", TOO_SLOW)
            return
        self._body_bytes = 0
        self._body_timer = self.loop.call_later(BODY_WATCH_S, self._watch_body)

    def _stop_watching(self) -> None:
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None

    def _offer(self, waiting_bytes: int) -> None:
        self._stop_offering()
        self._answer_timer = self.loop.call_later(ANSWER_WATCH_S, self._watch_answer, waiting_bytes)

    def _watch_answer(self, waited_bytes: int) -> None:
        self._answer_timer = None
        waiting_bytes = self.transport.get_write_buffer_size()
        if waiting_bytes >= waited_bytes:
            # Closing would wait for the rest to be taken.
            self.transport.abort()
        else:
            self._offer(waiting_bytes)

    def _stop_offering(self) -> None:
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()

    def _refuse(self, status: str, message: str) -> None:
        """Answer with an error, unless there is an answer or one may be under way already, and close."""
        self._stop_waiting()
        self._stop_watching()
        if self.transport.is_closing():
            return
        cycle = self.cycle
        answered = cycle is not None and (cycle.response_started if self._in_body else not cycle.response_complete)
        if not answered:
            request_id = uuid.uuid4().hex
            correlation_id.set(request_id)
            body = ApiError(int(status[:3]), message).response().content
            head = (
                f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n"
                f"content-length: {len(body)}\r\nx-correlation-id: {request_id}\r\nconnection: close\r\n\r\n"
            )
            self.transport.write(head.encode() + body)
        self.transport.close()
