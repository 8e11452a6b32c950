"""The fault that edits a record between two answers of a list, however its client walks the list.

Clients that trust page numbers ask for page 2; careful ones ask anew from the last change that they saw, and
never do. Both ask for the list a second time, and that is what counts here. This module must not edit: it says
which request would.
"""

from __future__ import annotations

from collections.abc import Iterator

from bookbridge.emulators.xero import control
from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.faults import Faults, Reading
from bookbridge.emulators.xero.http import Request
from bookbridge.emulators.xero.lists import QueryCache, cut
from bookbridge.emulators.xero.resources import Resource, find_resource

MAX_SERVED = 1_000
"""Records remembered as served, of each tenant and fault."""


def due(faults: Faults, book: Book, segments: tuple[str, ...]) -> Iterator[Request]:
    """The edits to make before this list is answered, as control requests; each is counted as a strike."""
    resource = _listed(faults, segments)
    if resource is None:
        return
    tenant = book.organisation.organisation_id
    for fault in faults.page_edits(resource.name, tenant):
        reading = fault.readings.get(tenant)
        if reading is None or reading.answers < fault.asked.after_page:
            continue
        record_id = _first_unchanged(book, resource, reading)
        if record_id is None:
            continue
        faults.count(fault)
        del fault.readings[tenant]
        yield control.request(f"organisations/{tenant}/touch", {"resource": resource.name, "id": record_id})


def note(faults: Faults, book: Book, request: Request, segments: tuple[str, ...], cache: QueryCache) -> None:
    """Remember what a list has just answered."""
    resource = _listed(faults, segments)
    if resource is None:
        return
    tenant = book.organisation.organisation_id
    for fault in faults.page_edits(resource.name, tenant):
        if fault.skip > 0:
            fault.skip -= 1
            continue
        table = resource.table(book)
        shown = cut(book, resource, request, cache).shown
        if not shown:
            continue
        reading = fault.readings.setdefault(tenant, Reading())
        reading.answers += 1
        room = MAX_SERVED - len(reading.served)
        reading.served += [(table.id_of(record), record.updated_date_utc) for record in shown[:room]]


def _listed(faults: Faults, segments: tuple[str, ...]) -> Resource | None:
    return find_resource(segments[0]) if faults.active and len(segments) == 1 else None


def _first_unchanged(book: Book, resource: Resource, reading: Reading) -> str | None:
    """The first record served that is still as it was served: one edited since has moved already."""
    table = resource.table(book)
    for record_id, stamp in reading.served:
        record = table.get(record_id)
        if record is not None and record.updated_date_utc == stamp:
            return record_id
    return None
