"""Answering GET on a collection: filters, order, pages, and the envelope.

It must not change a record. Which records a query selects is remembered until the table changes, so that
walking 1,000 pages of a large list evaluates the filter once.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import msgspec

from bookbridge.emulators.xero import render_money
from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.clock import Millis
from bookbridge.emulators.xero.http import Request, Response, json_response
from bookbridge.emulators.xero.query import Predicate, QueryError, compile_order, compile_where, sort_records
from bookbridge.emulators.xero.records import BankTransfer, Contact, CreditNote, Document, Invoice, Payment
from bookbridge.emulators.xero.resources import Resource
from bookbridge.emulators.xero.settings import DEFAULT_PAGE_SIZE, JOURNALS_PAGE_SIZE, MAX_PAGE_SIZE
from bookbridge.emulators.xero.shapes import Shape
from bookbridge.emulators.xero.tables import Table, normal_id
from bookbridge.emulators.xero.wire import bad_query, parse_date, parse_moment

_REMEMBERED_QUERIES = 16
MAX_FILTER_VALUES = 1_000
_PAYMENT_SOURCES = {"ACCPAYPAYMENT", "ACCRECPAYMENT", "APCREDITPAYMENT", "ARCREDITPAYMENT"}


class QueryCache:
    """The records that recent queries selected, by tenant, resource and query."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[object, ...], tuple[int, list[Any]]] = OrderedDict()

    def get(self, key: tuple[object, ...], version: int) -> list[Any] | None:
        """The remembered selection, unless the table has changed since."""
        entry = self._found.get(key)
        return entry[1] if entry is not None and entry[0] == version else None

    def put(self, key: tuple[object, ...], version: int, records: list[Any]) -> None:
        """Remember a selection; the oldest is forgotten."""
        self._found[key] = (version, records)
        self._found.move_to_end(key)
        while len(self._found) > _REMEMBERED_QUERIES:
            self._found.popitem(last=False)


class Envelope:
    """The fields around every Accounting API answer."""

    def __init__(self, book: Book, provider_name: str) -> None:
        self._book = book
        self._provider_name = provider_name

    def wrap(self, name: str, elements: list[Any], **more: Any) -> dict[str, Any]:
        """``elements`` under ``name``, in the vendor's envelope."""
        return {
            "Id": self._book.new_id(),
            "Status": "OK",
            "ProviderName": self._provider_name,
            "DateTimeUTC": f"/Date({int(self._book.clock.now_s() * 1000)})/",
            **more,
            name: elements,
        }


def shape_of(request: Request, *, full: bool) -> Shape:
    """How much to show of each record, from ``unitdp``."""
    return Shape(full, 4 if request.param("unitdp") == "4" else 2)


class Cut(msgspec.Struct, frozen=True):
    """What one answer shows of the records that a query selects; ``page`` is None when it was not asked for."""

    selected: list[Any]
    shown: list[Any]
    page: int | None
    page_size: int


def cut(book: Book, resource: Resource, request: Request, cache: QueryCache) -> Cut:
    """The records that a list request selects and shows. Raises ApiFailure (400) for a bad query."""
    page, page_size = _page(request) if resource.paged else (None, DEFAULT_PAGE_SIZE)
    selected = select(book, resource, request, cache)
    shown = selected if page is None else selected[(page - 1) * page_size : page * page_size]
    return Cut(selected, shown, page, page_size)


def list_records(book: Book, resource: Resource, request: Request, envelope: Envelope, cache: QueryCache) -> Response:
    """A collection, filtered, ordered and cut to a page. Raises ApiFailure (400) for a bad query."""
    found = cut(book, resource, request, cache)
    summary = request.flag("summaryOnly") or (resource.summary_without_page and found.page is None)
    shape = shape_of(request, full=not summary)
    more: dict[str, Any] = {}
    if found.page is not None:
        more["pagination"] = {
            "page": found.page,
            "pageSize": found.page_size,
            "pageCount": -(-len(found.selected) // found.page_size),
            "itemCount": len(found.selected),
        }
    elements = [resource.render(book, record, shape) for record in found.shown]
    return json_response(envelope.wrap(resource.name, elements, **more))


def _page(request: Request) -> tuple[int | None, int]:
    text = request.param("page")
    size_text = request.param("pageSize")
    if text is None:
        return None, DEFAULT_PAGE_SIZE
    try:
        page, size = int(text), int(size_text) if size_text else DEFAULT_PAGE_SIZE
    except ValueError:
        raise bad_query("page and pageSize must be whole numbers") from None
    if page < 1 or size < 1:
        raise bad_query("page and pageSize must be at least 1")
    return page, min(size, MAX_PAGE_SIZE)


def select(book: Book, resource: Resource, request: Request, cache: QueryCache) -> list[Any]:
    """All records that a request's filters select, in its order (by last change without one)."""
    table = resource.table(book)
    since = modified_since(request) if resource.since else None
    names = sorted((k, v) for k, v in request.query.items() if k.casefold() not in _NOT_FILTERS)
    key = (book.organisation.organisation_id, resource.name, since, tuple(names))
    found = cache.get(key, table.version)
    if found is not None:
        return found
    tests = _filters(resource, request, table)
    records: list[Any] = list(table.changed_after(since))
    for test in tests:
        records = [record for record in records if test(record)]
    if order := request.param("order"):
        try:
            records = sort_records(records, compile_order(order, table.kind))
        except QueryError as error:
            raise bad_query(str(error)) from None
    cache.put(key, table.version, records)
    return records


_NOT_FILTERS = {"page", "pagesize", "summaryonly", "unitdp"}


def modified_since(request: Request) -> Millis | None:
    """The moment of If-Modified-Since; None without a readable one, as the vendor ignores it then."""
    text = request.headers.get("if-modified-since")
    return parse_moment(text) if text else None


def _filters(resource: Resource, request: Request, table: Table[Any]) -> list[Predicate]:
    tests: list[Predicate] = []
    if resource.archived_status is not None and not request.flag("includeArchived"):
        field, hidden = resource.archived_status
        wanted = request.param("IDs")
        if not wanted:
            tests.append(lambda record: getattr(record, field) != hidden)
    if resource.name == "BankTransfers" and not request.flag("includeDeleted", default=True):
        tests.append(lambda record: record.status != "DELETED")
    tests.extend(_fast_filters(request, table))
    if where := request.param("where"):
        try:
            tests.append(compile_where(where, table.kind))
        except QueryError as error:
            raise bad_query(str(error)) from None
    return tests


def _fast_filters(request: Request, table: Table[Any]) -> list[Predicate]:
    tests: list[Predicate] = []
    kind = table.kind
    if ids := _values(request, "IDs"):
        wanted = {normal_id(value) for value in ids}
        tests.append(lambda record: table.id_of(record) in wanted)
    if (contacts := _values(request, "ContactIDs")) and issubclass(kind, Document):
        contact_ids = {normal_id(value) for value in contacts}
        tests.append(lambda record: record.contact.contact_id in contact_ids)
    statuses = _values(request, "Statuses") or _values(request, "Status")
    if statuses and issubclass(kind, Document | Payment | BankTransfer):
        allowed = {value.upper() for value in statuses}
        tests.append(lambda record: record.status in allowed)
    if (numbers := _values(request, "InvoiceNumbers")) and kind is Invoice:
        wanted_numbers = {value.casefold() for value in numbers}
        tests.append(lambda record: record.invoice_number.casefold() in wanted_numbers)
    if (term := request.param("searchTerm")) and kind in {Contact, Invoice, CreditNote}:
        tests.append(_search(term.casefold()))
    return tests + _date_filters(request, kind)


def _date_filters(request: Request, kind: Any) -> list[Predicate]:
    tests: list[Predicate] = []
    if not issubclass(kind, Document):
        return tests
    if (text := request.param("DateFrom")) and (first := parse_date(text)):
        tests.append(lambda record: record.date >= first)
    if (text := request.param("DateTo")) and (last := parse_date(text)):
        tests.append(lambda record: record.date <= last)
    return tests


def _search(term: str) -> Predicate:
    fields = ("name", "first_name", "last_name", "email_address", "company_number", "contact_number",
              "invoice_number", "credit_note_number", "reference")  # fmt: skip
    return lambda record: any(term in (getattr(record, name, None) or "").casefold() for name in fields)


def _values(request: Request, name: str) -> list[str]:
    text = request.param(name)
    if not text:
        return []
    values = [value.strip() for value in text.split(",") if value.strip()]
    if len(values) > MAX_FILTER_VALUES:
        raise bad_query(f"{name} has too many values")
    return values


def list_journals(book: Book, request: Request, envelope: Envelope) -> Response:
    """One page of journals after the journal number ``offset``, 100 at most.

    If-Modified-Since compares the journal's creation, which is all that ever happens to it.
    """
    try:
        offset = int(request.param("offset") or 0)
    except ValueError:
        raise bad_query("offset must be a whole number") from None
    since = modified_since(request)
    payments_only = request.flag("paymentsOnly")
    shown = []
    for posting in book.journals[max(0, offset) :]:
        if since is not None and posting.created_ms <= since:
            continue
        if payments_only and posting.source_type not in _PAYMENT_SOURCES:
            continue
        shown.append(posting)
        if len(shown) == JOURNALS_PAGE_SIZE:
            break
    return json_response(envelope.wrap("Journals", [render_money.journal(posting) for posting in shown]))
