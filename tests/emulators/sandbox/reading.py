"""A book read whole, as records: through the ledger's own pages, so that what is tested is what is served."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from bookbridge.accounting import catalog
from bookbridge.accounting.invariants import Books
from bookbridge.accounting.records import Record
from bookbridge.emulators.sandbox import chart
from bookbridge.emulators.sandbox.book import Book
from bookbridge.emulators.sandbox.service import Ledger
from bookbridge.emulators.sandbox.storage import Storage

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BOOK = "5f7c1f0a-0d5e-4c53-9c0e-6a54b1c7e001"


class Clock:
    """The ledger's clock, moved by hand."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class _Row(msgspec.Struct):
    id: str
    updated: str
    deleted: bool
    record: msgspec.Raw


class _Page(msgspec.Struct):
    rows: list[_Row]
    total: int
    next: str | None


def rows(ledger: Ledger, kind: str, *, page_size: int = 1_000, since_us: int = 0) -> list[_Row]:
    """Every row of a list, page by page."""
    found: list[_Row] = []
    after: str | None = ""
    while after is not None:
        answer = ledger.rows(BOOK, kind, since_us, after, page_size)
        page = msgspec.json.decode(answer.body, type=_Page)
        found += page.rows
        after = page.next
    return found


def records(ledger: Ledger, kind: str) -> list[Any]:
    """The records of a kind that exist, typed."""
    data_type = catalog.by_key(kind)
    found: list[Record] = []
    for row in rows(ledger, kind):
        if row.deleted:
            continue
        record = data_type.decode(bytes(row.record))
        found.append(record if data_type.single else msgspec.structs.replace(record, id=row.id))
    return found


def books(ledger: Ledger, storage: Storage) -> Books:
    """The book as the invariants look at it."""
    organisation = storage.organisation(BOOK)
    assert organisation is not None
    book = Book(storage, organisation)
    return Books(
        base_currency="GBP",
        journal_entries=tuple(records(ledger, "journalEntries")),
        invoices=tuple(records(ledger, "invoices")),
        credit_notes=tuple(records(ledger, "creditNotes")),
        payments=tuple(records(ledger, "payments")),
        bills=tuple(records(ledger, "bills")),
        bill_credit_notes=tuple(records(ledger, "billCreditNotes")),
        bill_payments=tuple(records(ledger, "billPayments")),
        balance_sheet=records(ledger, "balanceSheet")[0],
        profit_and_loss=records(ledger, "profitAndLoss")[0],
        receivable_account_id=book.account_id(chart.RECEIVABLE),
        payable_account_id=book.account_id(chart.PAYABLE),
        capital_account_ids=frozenset({book.account_id(chart.SHARE_CAPITAL)}),
        reference_rates={"USD": Decimal("0.77"), "EUR": Decimal("0.86")},
    )
