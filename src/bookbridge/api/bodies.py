"""Reading JSON bodies and writing JSON answers. Everything that comes in is hostile until it has its type here."""

from __future__ import annotations

import re
from typing import Any, Final, TypeVar

import msgspec
from litestar import Request, Response
from litestar.exceptions import InternalServerException
from litestar.types import HTTPResponseBodyEvent, HTTPResponseStartEvent, Receive, Scope, Send

from bookbridge.api.errors import HEADERS, ApiError

BODY_SIZE_MAX_BYTES: Final = 1024 * 1024

T = TypeVar("T")
AnyRequest = Request[Any, Any, Any]

_encoder = msgspec.json.Encoder(decimal_format="number")
_PLACE = re.compile(r" - at `\$\.?(?P<field>[^`]*)`$")


async def body_of(request: AnyRequest) -> bytes:
    """The request's body. Raises ApiError 400 when the caller went away before its end; too large ones end as 413."""
    try:
        return await request.body()
    except InternalServerException as error:
        raise cut_off() from error


def cut_off() -> ApiError:
    """The caller went away in the middle of its body: nobody reads this answer, and it is no fault of ours."""
    return ApiError(400, "The request was cut off.")


async def decoded(request: AnyRequest, shape: type[T]) -> T:
    """The request's JSON body as `shape`. Raises ApiError 400; bodies above the limit end as 413 before this."""
    return decode(await body_of(request), shape)


def decode(body: bytes, shape: type[T]) -> T:
    """JSON text as `shape`. Raises ApiError 400 that names the field."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        message = str(error)
        place = _PLACE.search(message)
        fields = [(place["field"], message[: place.start()])] if place and place["field"] else []
        raise ApiError(400, f"Error processing request - {message}", fields=fields) from error
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ApiError(400, "Error processing request - the body is not valid JSON.") from error


def encode(value: object) -> bytes:
    """The value as JSON: numbers with every digit, absent fields left out."""
    return _encoder.encode(value)


def answer(value: object, status: int = 200) -> Response[bytes]:
    """A JSON answer of the value."""
    return raw_answer(encode(value), status)


class JsonText(Response[bytes]):
    """JSON text that leaves as it is. The framework's own answer copies and merges headers and cookies of several
    layers, of which we have none; that showed in the profile of reading a list."""

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        """The answer as an ASGI application; there is nothing to add to it."""
        return self._leave

    async def _leave(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send_json(send, self.content, self.status_code or 200)


async def send_json(send: Send, body: bytes, status: int = 200) -> None:
    """Send JSON text as a whole answer."""
    start: HTTPResponseStartEvent = {
        "type": "http.response.start",
        "status": status,
        "headers": [*_JSON_HEADERS, (b"content-length", b"%d" % len(body))],
    }
    await send(start)
    end: HTTPResponseBodyEvent = {"type": "http.response.body", "body": body, "more_body": False}
    await send(end)


_JSON_HEADERS = [
    (b"content-type", b"application/json"),
    *((name.lower().encode(), value.encode()) for name, value in HEADERS.items()),
]


def raw_answer(body: bytes, status: int = 200) -> Response[bytes]:
    """An answer of JSON text."""
    if not body:
        # Whether an empty body has a length depends on the status, which the framework knows.
        return Response(body, status_code=status, media_type="application/json", headers=HEADERS)
    return JsonText(body, status_code=status, media_type="application/json")


def empty_answer() -> Response[bytes]:
    """A 200 without a body."""
    return Response(b"", status_code=200)
