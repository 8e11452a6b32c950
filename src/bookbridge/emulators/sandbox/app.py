"""The ledger over HTTP: routes, the application's key, limits of size. It must not know accounting.

PUT    /organisations/{organisation}                           open a book {"seed", "size"}
GET    /organisations/{organisation}
GET    /organisations/{organisation}/answers/{key}             what was answered under an idempotency key
GET    /organisations/{organisation}/{kind}                    ?updatedSince= &after= &pageSize=
GET    /organisations/{organisation}/{kind}/{record}
POST   /organisations/{organisation}/{kind}                    Idempotency-Key
PUT    /organisations/{organisation}/{kind}/{record}
DELETE /organisations/{organisation}/{kind}/{record}
GET    /organisations/{organisation}/{kind}/{record}/attachments
POST   /organisations/{organisation}/{kind}/{record}/attachments?name=
GET    /organisations/{organisation}/{kind}/{record}/attachments/{file}
"""

from __future__ import annotations

import asyncio
import hmac
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

import msgspec
from litestar import Litestar, Request, Response, Router, delete, get, post, put
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter
from litestar.types import ExceptionHandlersMap

from bookbridge.accounting.dates import parse_contract_datetime
from bookbridge.emulators.sandbox.book import Missing
from bookbridge.emulators.sandbox.service import FILE_SIZE_MAX_BYTES, KEY_LENGTH_MAX, Answer, Conflict, Ledger
from bookbridge.emulators.sandbox.world import SIZE_DEFAULT, UnknownSize

KEY_HEADER: Final = "x-sandbox-key"
BODY_SIZE_MAX_BYTES: Final = 4 * 1024 * 1024
FILE_NAME_LENGTH_MAX: Final = 255

T = TypeVar("T")
Asked = Request[Any, Any, State]
IdempotencyKey = Annotated[str, Parameter(header="Idempotency-Key", max_length=KEY_LENGTH_MAX)]


class Opening(msgspec.Struct):
    """What is asked of a new book."""

    seed: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    size: Annotated[str, msgspec.Meta(max_length=20)] = SIZE_DEFAULT


class Desk:
    """The ledger, asked by one request at a time and away from the event loop: opening a book takes a while."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        # A lock of threads: a request that is given up leaves its thread at work.
        self._turn = threading.Lock()

    async def ask(self, question: Callable[..., T], *details: Any) -> T:
        """The answer of one of the ledger's methods."""

        def work() -> T:
            with self._turn:
                return question(*details)

        return await asyncio.to_thread(work)


def create_app(ledger: Ledger, client_secret: str) -> Litestar:
    """The ledger as an ASGI application for the holder of the secret."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        given = connection.headers.get(KEY_HEADER, "")
        if not hmac.compare_digest(given.encode(), client_secret.encode()):
            raise NotAuthorizedException("The application's key is missing or wrong.")

    book = Router("/organisations/{organisation:str}", route_handlers=_HANDLERS, guards=[guard])
    return Litestar(
        [book],
        state=State({"desk": Desk(ledger)}),
        openapi_config=None,
        request_max_body_size=BODY_SIZE_MAX_BYTES,
        exception_handlers=_FAULTS,
    )


@put("/")
async def open_book(state: State, organisation: str, data: Opening) -> Response[bytes]:
    """Open a book, or find it open."""
    return _json(await state.desk.ask(state.desk.ledger.open, organisation, data.seed, data.size))


@get("/")
async def organisation(state: State, organisation: str) -> Response[bytes]:
    """The book's title page."""
    return _json(await state.desk.ask(state.desk.ledger.organisation, organisation))


@get("/answers/{key:str}")
async def answer(state: State, organisation: str, key: str) -> Response[bytes]:
    """What was answered under an idempotency key."""
    return _json(await state.desk.ask(state.desk.ledger.answer, organisation, key))


@get("/{kind:str}")
async def rows(
    state: State,
    organisation: str,
    kind: str,
    updated_since: Annotated[str, Parameter(query="updatedSince", max_length=40)] = "",
    after: Annotated[str, Parameter(query="after", max_length=200)] = "",
    page_size: Annotated[int, Parameter(query="pageSize", ge=1)] = 200,
) -> Response[bytes]:
    """One page of a list."""
    since = _microseconds(parse_contract_datetime(updated_since)) if updated_since else 0
    return _json(await state.desk.ask(state.desk.ledger.rows, organisation, kind, since, after, page_size))


@get("/{kind:str}/{record:str}")
async def row(state: State, organisation: str, kind: str, record: str) -> Response[bytes]:
    """One record."""
    return _json(await state.desk.ask(state.desk.ledger.row, organisation, kind, record))


@post("/{kind:str}")
async def create(
    request: Asked, state: State, organisation: str, kind: str, key: IdempotencyKey = ""
) -> Response[bytes]:
    """Book a new record."""
    body = await request.body()
    return _json(await state.desk.ask(state.desk.ledger.create, organisation, kind, body, key))


@put("/{kind:str}/{record:str}")
async def update(
    request: Asked, state: State, organisation: str, kind: str, record: str, key: IdempotencyKey = ""
) -> Response[bytes]:
    """Replace a record."""
    body = await request.body()
    return _json(await state.desk.ask(state.desk.ledger.update, organisation, kind, record, body, key))


@delete("/{kind:str}/{record:str}", status_code=200)
async def remove(state: State, organisation: str, kind: str, record: str, key: IdempotencyKey = "") -> Response[bytes]:
    """Delete a record."""
    return _json(await state.desk.ask(state.desk.ledger.delete, organisation, kind, record, key))


@get("/{kind:str}/{record:str}/attachments")
async def files(state: State, organisation: str, kind: str, record: str) -> Response[bytes]:
    """The files beside a record."""
    return _json(await state.desk.ask(state.desk.ledger.files, organisation, kind, record))


@post("/{kind:str}/{record:str}/attachments", request_max_body_size=FILE_SIZE_MAX_BYTES)
async def attach(
    request: Asked,
    state: State,
    organisation: str,
    kind: str,
    record: str,
    name: Annotated[str, Parameter(query="name", min_length=1, max_length=FILE_NAME_LENGTH_MAX)],
    key: IdempotencyKey = "",
) -> Response[bytes]:
    """Keep a file beside a record; its bytes are the body."""
    content_type = request.headers.get("content-type", "application/octet-stream")
    content = await request.body()
    ledger = state.desk.ledger
    return _json(await state.desk.ask(ledger.attach, organisation, kind, record, name, content_type, content, key))


@get("/{kind:str}/{record:str}/attachments/{file:str}")
async def download(state: State, organisation: str, kind: str, record: str, file: str) -> Response[bytes]:
    """One file's bytes."""
    found = await state.desk.ask(state.desk.ledger.file, organisation, kind, record, file)
    return Response(found.content, media_type="application/octet-stream")


_HANDLERS: Final = [open_book, organisation, answer, rows, row, create, update, remove, files, attach, download]


def _json(answer: Answer) -> Response[bytes]:
    return Response(answer.body, status_code=answer.status, media_type="application/json")


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


def _message(status: int, text: str) -> Callable[[Asked, Exception], Response[dict[str, str]]]:
    return lambda request, error: Response({"message": text}, status_code=status)


_FAULTS: Final[ExceptionHandlersMap] = {
    Missing: _message(404, "There is no such thing."),
    Conflict: _message(409, "This idempotency key was used for another request."),
    UnknownSize: _message(400, "The size must be small, medium or large."),
    ValueError: _message(400, "A parameter cannot be read."),
}
