"""Files attached to records, read from the vendor at the moment of asking: they are the one thing not kept here."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Final
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from bookbridge.accounting import catalog
from bookbridge.accounting.attachments import Attachment
from bookbridge.api.bodies import answer
from bookbridge.api.errors import HEADERS, PULL, not_found
from bookbridge.api.parameters import ID_LENGTH_SHOWN, company_id_of, connection_id_of, record_id_of
from bookbridge.api.services import Given, Services
from bookbridge.companies import companies, connections, lifecycle
from bookbridge.connectors.kit.errors import NeedsRelink
from bookbridge.connectors.kit.session import Session

BASE: Final = (
    "/companies/{company_id:str}/connections/{connection_id:str}/data/{segment:str}/{record_id:str}/attachments"
)
BUDGET_WAIT_MAX_S: Final = 3.0
"""Callers' libraries give up after 5 s: better told to come back than left waiting."""

DOWNLOAD_MAX_S: Final = 300.0
"""A download holds one of the organisation's places at its vendor: a slow reader must not keep it."""


class Attachments(msgspec.Struct, frozen=True):
    """The files attached to a record."""

    attachments: list[Attachment]
    """What is known of each."""


@get(BASE)
async def list_attachments(
    company_id: str, connection_id: str, segment: str, record_id: str, services: Given
) -> Response[bytes]:
    """The files attached to a record."""
    data_type = _data_type(segment)
    async with _session(services, company_id, connection_id) as session:
        return answer(Attachments(await session.attachments(data_type, record_id_of(record_id))))


@get(BASE + "/{attachment_id:str}")
async def get_attachment(
    company_id: str, connection_id: str, segment: str, record_id: str, attachment_id: str, services: Given
) -> Response[bytes]:
    """What is known of one file."""
    data_type = _data_type(segment)
    async with _session(services, company_id, connection_id) as session:
        for attachment in await session.attachments(data_type, record_id_of(record_id)):
            if attachment.id == attachment_id:
                return answer(attachment)
    raise not_found(f"No attachment was found with ID {attachment_id[:ID_LENGTH_SHOWN]}", PULL)


@get(BASE + "/{attachment_id:str}/download")
async def download_attachment(
    company_id: str, connection_id: str, segment: str, record_id: str, attachment_id: str, services: Given
) -> Stream:
    """The file's bytes, always as octets to be saved: what somebody attached must not run in our origin."""
    data_type = _data_type(segment)
    async with AsyncExitStack() as opened:
        session = await opened.enter_async_context(_session(services, company_id, connection_id))
        file = await session.download(data_type, record_id_of(record_id), record_id_of(attachment_id))
        pieces = await opened.enter_async_context(aclosing(file.chunks()))
        # What goes wrong at the vendor shows with the first piece, while the answer can still tell it.
        first = await anext(pieces, b"")
        content = _passed_on(opened.pop_all(), first, pieces)
    return Stream(
        content,
        status_code=200,
        media_type="application/octet-stream",
        headers={
            **HEADERS,
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
        },
    )


async def _passed_on(
    opened: AsyncExitStack, first: bytes, rest: AsyncGenerator[bytes, None]
) -> AsyncGenerator[bytes, None]:
    """The pieces as they come; what is open is closed at their end, or when nobody wants them any more."""
    deadline_s = time.monotonic() + DOWNLOAD_MAX_S
    async with opened:
        yield first
        async for chunk in rest:
            if time.monotonic() > deadline_s:
                raise TimeoutError("whoever downloads this takes too long")
            yield chunk


def _data_type(segment: str) -> str:
    """The key of a data type whose records can have files. Raises ApiError 404."""
    try:
        found = catalog.by_path(segment)
    except catalog.UnknownDataTypeError:
        found = None
    if found is None or not found.attachments:
        raise not_found(f"Records of '{segment[:ID_LENGTH_SHOWN]}' have no attachments.", PULL)
    return found.key


@asynccontextmanager
async def _session(services: Services, company_id: str, connection_id: str) -> AsyncIterator[Session]:
    async with session_of(services, company_id_of(company_id), connection_id_of(connection_id)) as session:
        yield session


@asynccontextmanager
async def session_of(
    services: Services, of_company: UUID, wanted: UUID, *, dry_run: bool = False
) -> AsyncIterator[Session]:
    """A session on the connection; in a dry run it writes nothing. A vendor that no longer lets us in ends the
    connection's link."""
    async with services.pool.acquire() as db:
        await companies.get(db, of_company)
        connection = await connections.get(db, of_company, wanted)
    try:
        async with services.sessions.open(connection, budget_wait_max_s=BUDGET_WAIT_MAX_S, dry_run=dry_run) as session:
            yield session
    except NeedsRelink as error:
        async with services.pool.acquire() as db, db.transaction():
            await lifecycle.deauthorized(db, services.views, connection, reason=error.message)
        raise


ROUTES: list[ControllerRouterHandler] = [list_attachments, get_attachment, download_attachment]
