"""The Accounting API: from a path below /api.xro/2.0 to the resource's answer.

It must not authenticate, count calls or play faults: app.py has done that before it asks here.
"""

from __future__ import annotations

from typing import Any

from bookbridge.emulators.xero import render_documents, render_money, render_reference
from bookbridge.emulators.xero.attachments import attachments, history
from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.http import Request, Response, json_response
from bookbridge.emulators.xero.lists import Envelope, QueryCache, list_journals, list_records, shape_of
from bookbridge.emulators.xero.records import Credit, Invoice, TrackingCategory
from bookbridge.emulators.xero.reports import report
from bookbridge.emulators.xero.resources import Resource, find_resource
from bookbridge.emulators.xero.seed_files import receipt_pdf
from bookbridge.emulators.xero.wire import ApiFailure, not_found, not_implemented, problem
from bookbridge.emulators.xero.writes import (
    delete_allocation,
    delete_record,
    write_allocations,
    write_records,
    write_tracking_options,
)

_ORGANISATION_NAMES = {"organisation", "organisations", "organization"}
_ATTACHMENT_SCOPES = ("accounting.attachments",)
_JOURNAL_SCOPES = ("accounting.journals.read",)
_SETTINGS_SCOPES = ("accounting.settings",)
_METHODS = {"GET", "PUT", "POST", "DELETE"}


def required_scopes(segments: tuple[str, ...]) -> tuple[str, ...] | None:
    """The scopes of which one is needed for a path below the API's root; None for an unknown resource."""
    if not segments:
        return None
    name = segments[0].casefold()
    if len(segments) > 2 and segments[2].casefold() == "attachments":
        return _ATTACHMENT_SCOPES
    if name in _ORGANISATION_NAMES:
        return _SETTINGS_SCOPES
    if name == "journals":
        return _JOURNAL_SCOPES
    if name == "reports":
        family = segments[1].casefold() if len(segments) > 1 else "none"
        return ("accounting.reports.read", f"accounting.reports.{family}.read")
    resource = find_resource(name)
    return None if resource is None else resource.scopes


def allowed(scopes: tuple[str, ...], needed: tuple[str, ...], method: str) -> bool:
    """Whether any granted scope is enough; reading is also allowed by the ``.read`` variants."""
    enough = set(needed)
    if method == "GET":
        enough |= {f"{scope}.read" for scope in needed}
    return not enough.isdisjoint(scopes)


def answer(
    book: Book,
    request: Request,
    segments: tuple[str, ...],
    envelope: Envelope,
    cache: QueryCache,
    *,
    journals_enabled: bool,
) -> Response:
    """The answer to one authorised call; refusals are answers too."""
    try:
        if request.method not in _METHODS or not segments:
            raise not_found() if not segments else not_implemented()
        name = segments[0].casefold()
        if name in _ORGANISATION_NAMES:
            return _organisation(book, request, segments, envelope)
        if name == "journals":
            if not journals_enabled:
                return problem(403, "Forbidden", "AuthorizationUnsuccessful")
            return _journals(book, request, segments, envelope)
        if name == "reports":
            return _report(book, request, segments, envelope)
        resource = find_resource(name)
        if resource is None:
            raise not_found()
        if len(segments) == 1:
            return _collection(book, resource, request, envelope, cache)
        return _record(book, resource, request, segments, envelope)
    except ApiFailure as failure:
        return failure.response


def _organisation(book: Book, request: Request, segments: tuple[str, ...], envelope: Envelope) -> Response:
    if request.method != "GET":
        raise not_implemented()
    if len(segments) > 1:
        raise not_found()
    return json_response(envelope.wrap("Organisations", [render_reference.organisation(book)]))


def _journals(book: Book, request: Request, segments: tuple[str, ...], envelope: Envelope) -> Response:
    if request.method != "GET":
        raise not_implemented()
    if len(segments) == 1:
        return list_journals(book, request, envelope)
    key = segments[1].lower()
    if key.isdigit() and 1 <= int(key) <= len(book.journals):
        found = book.journals[int(key) - 1]
    else:
        match = next((posting for posting in book.journals if posting.journal_id == key), None)
        if match is None:
            raise not_found()
        found = match
    return json_response(envelope.wrap("Journals", [render_money.journal(found)]))


def _report(book: Book, request: Request, segments: tuple[str, ...], envelope: Envelope) -> Response:
    if request.method != "GET":
        raise not_implemented()
    if len(segments) != 2:
        raise not_found()
    return json_response(envelope.wrap("Reports", [report(book, segments[1], request)]))


def _collection(book: Book, resource: Resource, request: Request, envelope: Envelope, cache: QueryCache) -> Response:
    if request.method == "GET":
        return list_records(book, resource, request, envelope, cache)
    if request.method == "DELETE" or (resource.create is None and resource.update is None):
        raise not_implemented()
    return write_records(book, resource, request, envelope)


def _record(
    book: Book, resource: Resource, request: Request, segments: tuple[str, ...], envelope: Envelope
) -> Response:
    record = resource.table(book).find(segments[1])
    if record is None:
        raise not_found()
    if len(segments) > 2:
        return _below(book, resource, record, request, segments, envelope)
    if request.method == "GET":
        if isinstance(record, Invoice) and "application/pdf" in request.headers.get("accept", ""):
            return _printed(record)
        shown = resource.render(book, record, shape_of(request, full=True))
        if resource.attachments and getattr(record, "has_attachments", False):
            shown = {**shown, "HasAttachments": True}
        return json_response(envelope.wrap(resource.name, [shown]))
    if request.method == "DELETE":
        return delete_record(book, resource, record, envelope)
    if request.method == "PUT" or resource.update is None:
        raise not_implemented()
    return write_records(book, resource, request, envelope, segments[1])


def _printed(invoice: Invoice) -> Response:
    """A sales invoice as it goes out to the customer; bills are not printed."""
    if invoice.type != "ACCREC":
        raise not_found()
    content = receipt_pdf(invoice.invoice_number, str(invoice.total))
    return Response(headers={"content-type": "application/pdf"}, body=content)


def _below(
    book: Book, resource: Resource, record: Any, request: Request, segments: tuple[str, ...], envelope: Envelope
) -> Response:
    part, rest = segments[2].casefold(), segments[3:]
    if part == "attachments" and resource.attachments and len(rest) <= 1:
        return attachments(book, resource, record, request, envelope, rest)
    if part == "history" and not rest:
        return history(book, resource, record, request, envelope)
    if part == "allocations" and isinstance(record, Credit):
        if request.method in {"PUT", "POST"} and not rest:
            return write_allocations(book, record, request, envelope)
        if request.method == "DELETE" and len(rest) == 1:
            return delete_allocation(book, record, rest[0], envelope)
        if request.method == "GET" and not rest:
            shown = [render_documents.allocation(entry) for entry in record.allocations]
            return json_response(envelope.wrap("Allocations", shown))
        raise not_implemented()
    if part == "options" and isinstance(record, TrackingCategory) and len(rest) <= 1:
        if (request.method, bool(rest)) in {("PUT", False), ("POST", True), ("DELETE", True)}:
            return write_tracking_options(book, record, request, envelope, rest[0] if rest else None)
        raise not_implemented()
    raise not_found()
