"""Portal pages of writes: a company's history, and the whole story of one write.

They show; nothing can be written or repeated from here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote
from uuid import UUID

import msgspec
from litestar import Response, get

from bookbridge.accounting import catalog
from bookbridge.companies import companies, connections
from bookbridge.connectors.integrations import integration
from bookbridge.portal import data_words
from bookbridge.portal.company_pages import COMPANIES, SECTION
from bookbridge.portal.data_pages import COMPANY, platform_names
from bookbridge.portal.forms import Asked, PageNotFound, identifier
from bookbridge.portal.services import Given
from bookbridge.portal.shell import PAGE_SIZE, Paging, asked, page_number, portal_page
from bookbridge.push import operations, story
from bookbridge.push.operations import Change, Stage, Status
from bookbridge.push.story import Step
from bookbridge.store import records
from bookbridge.store.pool import Db
from bookbridge.store.query import compile_query

BODY_SHOWN_CHARS: Final = 100_000
STEP_WORDS: Final = {
    Step.ACCEPTED: "Accepted",
    Step.REFUSED: "Refused; nothing was sent",
    Step.STARTED: "Taken on by a worker",
    Step.LOOKED_UP: "The platform was asked whether it has it",
    Step.COMPARED: "Compared with what was last read",
    Step.WAITS: "Waits",
    Step.TIMED_OUT: "The application's time was over; the write goes on",
    Step.SUCCEEDED: "Written",
    Step.FAILED: "Failed",
}
STEP_TONES: Final = {Step.SUCCEEDED: "good", Step.FAILED: "bad", Step.REFUSED: "bad"}


@get(COMPANY + "/writes")
async def writes_page(request: Asked, services: Given, company_id: str) -> Response[str]:
    """The history of writes, newest first, filtered by status."""
    wanted, number, status = identifier(company_id), page_number(request), asked(request, "status")
    condition = None
    if status in set(Status):
        condition = compile_query(f"status={status}", operations.properties(), of="PushOperation", first=2)
    async with services.pool.acquire() as db:
        company = await companies.get(db, wanted)
        history, total = await operations.list_page(
            db, wanted, condition=condition, order=None, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE
        )
        names = await platform_names(db, wanted)
    return await portal_page(
        request,
        services,
        "writes",
        section=SECTION,
        company=company,
        tab="writes",
        rows=[(row, data_words.words_of(row.data_type).title, names.get(row.connection_id, "")) for row in history],
        status=status,
        statuses=[each.value for each in Status],
        paging=Paging(number, total, PAGE_SIZE, f"{COMPANIES}/{wanted}/writes", {"status": status}),
    )


@get(COMPANY + "/writes/{operation_id:str}")
async def write_page(request: Asked, services: Given, company_id: str, operation_id: str) -> Response[str]:
    """One write: what was sent, each step that was taken, and what came of it."""
    wanted, key = identifier(company_id), identifier(operation_id)
    async with services.pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
        company = await companies.get(db, wanted)
        write = await operations.get(db, wanted, key)
        if write is None:
            raise PageNotFound
        steps = await story.of(db, wanted, key)
        body = (await operations.content(db, write)).body
        connection = await connections.get(db, wanted, write.connection_id)
        changes = await _changes(db, wanted, write.connection_id, write.changes)
    platform = integration(connection.integration_key)
    return await portal_page(
        request,
        services,
        "write",
        section=SECTION,
        company=company,
        write=write,
        title=data_words.words_of(write.data_type).title,
        platform=platform.name if platform else connection.integration_key,
        is_uncertain=write.stage is Stage.UNCERTAIN,
        changes=changes,
        steps=steps,
        step_words=STEP_WORDS,
        step_tones=STEP_TONES,
        body="" if body is None else msgspec.json.format(body, indent=2)[:BODY_SHOWN_CHARS],
        address=f"{COMPANIES}/{wanted}",
    )


async def _changes(
    db: Db, company_id: UUID, connection_id: UUID, changes: Sequence[Change]
) -> list[tuple[Change, str, str]]:
    """Each change with the name of its data type, and the address of its record if that is stored here."""
    of_type: dict[str, list[str]] = defaultdict(list)
    for change in changes:
        of_type[change.record_ref.data_type].append(change.record_ref.id)
    stored = {
        (key, found)
        for key, ids in of_type.items()
        for found in await records.existing_ids(db, records.Scope(company_id, key, connection_id), ids)
    }
    shown = []
    for change in changes:
        ref, address = change.record_ref, ""
        data_type = catalog.by_key(ref.data_type)
        if (ref.data_type, ref.id) in stored:
            address = f"{COMPANIES}/{company_id}/record/{data_type.path}?id={quote(ref.id, safe='')}"
        shown.append((change, data_type.singular, address))
    return shown


HANDLERS = [writes_page, write_page]
