"""The invented business keeps honest books: every record consistent in itself, and all of them with each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bookbridge.accounting import catalog
from bookbridge.accounting.invariants import account_balances, book_problems, trial_balance
from bookbridge.emulators.sandbox.service import Ledger
from bookbridge.emulators.sandbox.storage import Storage
from tests.emulators.sandbox.reading import BOOK, NOON, Clock, books, records, rows

KINDS = [data_type.key for data_type in catalog.DATA_TYPES]


def opened(seed: str = "seed", size: str = "small", clock: Clock | None = None) -> tuple[Ledger, Storage]:
    storage = Storage(None)
    ledger = Ledger(storage, clock or Clock())
    ledger.open(BOOK, seed, size)
    return ledger, storage


@pytest.fixture(
    scope="module",
    params=[("first", "small"), ("second", "small"), ("third", "small"), ("fourth", "medium")],
    ids=lambda one: "-".join(one),
)
def world(request: pytest.FixtureRequest) -> tuple[Ledger, Storage]:
    return opened(*request.param)


def test_every_record_of_every_type_is_consistent(world: tuple[Ledger, Storage]) -> None:
    for data_type in catalog.DATA_TYPES:
        found = records(world[0], data_type.key)
        assert found, f"no {data_type.key}"
        problems = [(record, data_type.check(record)) for record in found if data_type.check(record)]
        assert problems == []


def test_the_books_hold_together(world: tuple[Ledger, Storage]) -> None:
    assert book_problems(books(*world)) == []


def test_a_large_business_is_as_sound() -> None:
    ledger, _ = opened("fifth", "large")
    for key in ("bills", "invoices", "billPayments", "payments", "balanceSheet", "profitAndLoss"):
        check = catalog.by_key(key).check
        assert [one for one in records(ledger, key) if check(one)] == []
    assert trial_balance(records(ledger, "journalEntries")) == []


def test_balances_of_accounts_are_what_was_booked_to_them(world: tuple[Ledger, Storage]) -> None:
    booked = account_balances(records(world[0], "journalEntries"))
    for account in records(world[0], "chartOfAccounts"):
        side = 1 if account.type.value in {"Asset", "Expense"} else -1
        assert account.current_balance == side * booked.get(account.id, Decimal(0)), account.name
    for bank in records(world[0], "bankAccounts"):
        assert bank.balance == booked.get(bank.id, Decimal(0))


def test_statements_of_banks_end_at_their_balance(world: tuple[Ledger, Storage]) -> None:
    movements = records(world[0], "bankTransactions")
    for bank in records(world[0], "bankAccounts"):
        own = [one for one in movements if one.account_id == bank.id]
        assert sum(one.amount for one in own) == bank.balance
        assert own[-1].balance == bank.balance


def test_references_lead_somewhere(world: tuple[Ledger, Storage]) -> None:
    ledger, _ = world
    ids = {kind: {row.id for row in rows(ledger, kind)} for kind in KINDS}
    for entry in records(ledger, "journalEntries"):
        assert entry.record_ref.id in ids[entry.record_ref.data_type.value]
        assert all(line.account_ref.id in ids["chartOfAccounts"] for line in entry.journal_lines)
    for bill in records(ledger, "bills"):
        assert bill.supplier_ref.id in ids["suppliers"]
        assert {ref.id for ref in bill.purchase_order_refs} <= ids["purchaseOrders"]
    for invoice in records(ledger, "invoices"):
        assert invoice.customer_ref.id in ids["customers"]
        assert {ref.id for ref in invoice.sales_order_refs} <= ids["salesOrders"]


def test_it_is_a_business_worth_showing(world: tuple[Ledger, Storage]) -> None:
    ledger, _ = world
    assert {bill.status.value for bill in records(ledger, "bills")} >= {"Open", "Paid"}
    assert {invoice.status.value for invoice in records(ledger, "invoices")} >= {"Submitted", "Paid"}
    assert {bill.currency for bill in records(ledger, "bills")} == {"GBP", "EUR", "USD"}
    sheet, result = records(ledger, "balanceSheet")[0], records(ledger, "profitAndLoss")[0]
    assert len(sheet.reports) == len(result.reports) == 25
    assert sheet.reports[0].net_assets > 0
    banks = {bank.nominal_code: bank.balance for bank in records(ledger, "bankAccounts")}
    assert banks["1200"] > 0


def test_the_same_seed_makes_the_same_books() -> None:
    first, second, other = opened("one")[0], opened("one")[0], opened("two")[0]
    for kind in KINDS:
        assert rows(first, kind) == rows(second, kind)
    assert rows(first, "bills") != rows(other, "bills")


def test_books_grow_day_by_day_into_what_a_later_opening_shows() -> None:
    clock = Clock(NOON - timedelta(days=40))
    storage = Storage(None)
    grown = Ledger(storage, clock)
    grown.open(BOOK, "seed", "small")
    before = {row.id for row in rows(grown, "bills")}
    start = storage.organisation(BOOK)
    assert start is not None
    for _ in range(40):
        clock.now += timedelta(days=1)
        changed = rows(grown, "bills", since_us=start.changed_us)
    assert {row.id for row in rows(grown, "bills")} > before
    assert changed
    assert book_problems(books(grown, storage)) == []
    # History begins with a month: opened later, the book begins later, but the days in common are the same story.
    later, _ = opened("seed")
    texts = {row.id: bytes(row.record) for row in rows(grown, "directCosts")}
    common = [row for row in rows(later, "directCosts") if row.id in texts]
    assert len(common) > 100
    assert all(bytes(row.record) == texts[row.id] for row in common)


def test_the_financial_year_told_is_the_current_one() -> None:
    clock = Clock(datetime(2026, 3, 31, 23, 59, tzinfo=UTC))
    ledger, _ = opened(clock=clock)
    (before,) = rows(ledger, "company")
    assert records(ledger, "company")[0].financial_year_start_date == "2025-04-01T00:00:00"
    clock.now += timedelta(minutes=2)
    (after,) = rows(ledger, "company", since_us=int(clock.now.timestamp() - 120) * 1_000_000)
    assert records(ledger, "company")[0].financial_year_start_date == "2026-04-01T00:00:00"
    assert after.updated > before.updated
    clock.now += timedelta(days=30)
    assert rows(ledger, "company") == [after]


def test_pages_of_any_size_give_the_same_list() -> None:
    ledger, _ = opened()
    whole = rows(ledger, "invoices")
    assert rows(ledger, "invoices", page_size=7) == whole
    assert len({row.id for row in whole}) == len(whole)
    assert [row.updated for row in whole] == sorted(row.updated for row in whole)


@pytest.mark.parametrize("kind", ["balanceSheet", "profitAndLoss", "cashFlowStatement"])
def test_a_report_begins_with_the_month_that_is_asked_for(kind: str) -> None:
    ledger, _ = opened()
    data_type = catalog.by_key(kind)
    asked = int((NOON - timedelta(days=60)).timestamp()) * 1_000_000
    (row,) = rows(ledger, kind, since_us=asked)
    report = data_type.decode(bytes(row.record))
    assert report.earliest_available_month == "2026-09-01T00:00:00"
    assert len(report.reports) == 3
    (row,) = rows(ledger, kind, since_us=asked * 2)
    assert len(data_type.decode(bytes(row.record)).reports) == 1


def test_a_restart_keeps_the_books(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    ledger = Ledger(storage, Clock())
    ledger.open(BOOK, "seed", "small")
    written = ledger.create(BOOK, "suppliers", b'{"supplierName": "Kept"}', "key-1")
    before = {kind: rows(ledger, kind) for kind in KINDS}
    storage.close()
    again = Ledger(Storage(tmp_path), Clock())
    assert {kind: rows(again, kind) for kind in KINDS} == before
    assert again.create(BOOK, "suppliers", b'{"supplierName": "Kept"}', "key-1") == written
    assert {kind: rows(again, kind) for kind in KINDS} == before
