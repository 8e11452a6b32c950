"""The emulator's own tiny request and response types over raw ASGI.

A web framework is not used because the vendor's surface is unusual in ways frameworks resist: paths
match whatever their letter case, ids may be numbers or codes, GETs carry bodies, attachments are raw
bytes under arbitrary content types, and faults must close the socket with no answer at all. This
module must not know any accounting rule.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, unquote

import msgspec

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

_JSON = msgspec.json.Encoder(decimal_format="number")


class BodyTooLarge(Exception):
    """The request body passed the limit that its route allows."""


class CutOff(Exception):
    """The client went away before the end of its body."""


class Request(msgspec.Struct, kw_only=True):
    """One HTTP request, its body read whole. Header names are lower case; query names keep their case."""

    method: str
    path: str
    segments: tuple[str, ...]
    query: dict[str, str]
    query_string: str
    headers: dict[str, str]
    body: bytes = b""
    base_url: str = ""

    def param(self, name: str) -> str | None:
        """The query parameter ``name`` (any letter case), or None."""
        wanted = name.casefold()
        for key, value in self.query.items():
            if key.casefold() == wanted:
                return value
        return None

    def flag(self, name: str, *, default: bool = False) -> bool:
        """The query parameter ``name`` read as true or false."""
        value = self.param(name)
        return default if value is None else value.strip().casefold() == "true"


class Response(msgspec.Struct, kw_only=True):
    """One HTTP answer; ``drop`` closes the connection without sending it."""

    status: int = 200
    headers: dict[str, str] = {}
    body: bytes = b""
    drop: bool = False


def json_response(payload: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """``payload`` as JSON, decimals as numbers with their exact digits."""
    return Response(
        status=status,
        headers={"content-type": "application/json; charset=utf-8", **(headers or {})},
        body=_JSON.encode(payload),
    )


def text_response(text: str, status: int = 200, content_type: str = "text/plain") -> Response:
    """``text`` encoded as UTF-8."""
    return Response(status=status, headers={"content-type": f"{content_type}; charset=utf-8"}, body=text.encode())


def read_head(scope: Scope) -> Request:
    """The request without its body."""
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    root: str = scope.get("root_path") or ""
    path = raw_path.split(b"?")[0].decode("latin-1")
    if root and path.startswith(root):
        path = path[len(root) :]
    query_string = scope.get("query_string", b"").decode("latin-1")
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    host = headers.get("host", "localhost")
    return Request(
        method=scope["method"].upper(),
        path=path,
        segments=tuple(unquote(part) for part in path.split("/") if part),
        query=dict(parse_qsl(query_string, keep_blank_values=True)),
        query_string=query_string,
        headers=headers,
        base_url=f"{scope.get('scheme', 'http')}://{host}{root}",
    )


async def read_body(receive: Receive, limit_bytes: int) -> bytes:
    """The whole body; raises BodyTooLarge past ``limit_bytes``, CutOff where its end never came."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CutOff
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit_bytes:
            raise BodyTooLarge
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


async def send_response(send: Send, response: Response) -> None:
    """Send ``response`` whole."""
    headers = {**response.headers, "content-length": str(len(response.body))}
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
        }
    )
    await send({"type": "http.response.body", "body": response.body})


async def drop_connection(receive: Receive, send: Send) -> None:
    """Close the client's TCP connection, with no answer where the server lets us reach its transport.

    ASGI has no message for this. Under uvicorn ``send`` is bound to the object that owns the transport;
    elsewhere an answer shorter than its content-length is sent, which the client also sees as broken.
    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
        while (await receive())["type"] != "http.disconnect":
            continue
        return
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1048576")]},
    )
    raise ConnectionAbortedError("dropped on request of a fault")


async def answer_lifespan(receive: Receive, send: Send) -> None:
    """Agree to a server's start and end."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return
