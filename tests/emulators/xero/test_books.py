"""Seed books, large books, and that whatever happens a book balances."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookbridge.emulators.xero import (
    XeroEmulatorSettings,
    allocations,
    bank_transactions,
    bank_transfers,
    batch_payments,
    documents,
    manual_journals,
    payments,
)
from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.lines import line_tax
from bookbridge.emulators.xero.postings import imbalances
from bookbridge.emulators.xero.render_documents import invoice
from bookbridge.emulators.xero.seed import seed_book, seed_books
from bookbridge.emulators.xero.shapes import Shape
from bookbridge.emulators.xero.wire import Fields, ValidationFailed
from tests.emulators.xero.world import Api, World

SETTINGS = XeroEmulatorSettings()


def shown(book: Book) -> list[dict[str, Any]]:
    return [invoice(book, record, Shape()) for record in book.invoices]


def test_seed_books_balance_and_repeat() -> None:
    first, second = seed_books(SETTINGS), seed_books(SETTINGS)
    for one, other in zip(first, second, strict=True):
        assert imbalances(one) == []
        assert shown(one) == shown(other)
        assert [p.journal_id for p in one.journals] == [p.journal_id for p in other.journals]
    assert shown(first[0]) != shown(seed_books(XeroEmulatorSettings(seed=9))[0])


@pytest.mark.parametrize("seed", range(2, 8))
@pytest.mark.parametrize("currency", ["GBP", "NZD"])
def test_any_seed_gives_a_book_with_everything_in_it(seed: int, currency: str) -> None:
    book = seed_book(SETTINGS, seed=seed, name="Any", base_currency=currency)
    assert imbalances(book) == []
    statuses = {record.status for record in book.invoices}
    assert statuses == {"DRAFT", "SUBMITTED", "AUTHORISED", "PAID", "VOIDED", "DELETED"}
    assert any(record.payments and record.amount_due for record in book.invoices), "part paid"
    assert any(note.allocations and note.remaining_credit for note in book.credit_notes), "part allocated"
    assert len({record.currency_code for record in book.invoices}) > 2
    assert min(len(book.accounts), len(book.contacts)) >= 60
    assert all(len(t) for t in (book.batch_payments, book.overpayments, book.prepayments, book.purchase_orders))


def test_ids_and_names_are_unique_over_books() -> None:
    one, two = seed_books(SETTINGS)
    assert one.organisation.organisation_id != two.organisation.organisation_id
    assert {i.invoice_id for i in one.invoices}.isdisjoint(i.invoice_id for i in two.invoices)


def test_a_large_book(world: World, api: Api) -> None:
    made = world.control("POST", "organisations", {"seed": 5, "documents": 20_000, "name": "Big"})
    assert made["records"]["Invoices"] == 20_000
    assert world.control("GET", f"organisations/{made['tenant_id']}/balance") == {"problems": []}
    big = Api(world, world.sign_in(pick=3), made["tenant_id"])
    seen: set[str] = set()
    page = 1
    while found := big.get(f'Invoices?page={page}&pageSize=1000&where=Type=="ACCPAY"'):
        seen |= {record["InvoiceID"] for record in found}
        page += 1
    assert len(seen) == 10_000
    refused = world.http.post("/_emulator/organisations", json={"seed": 5, "documents": 20_000, "name": "Big"})
    assert refused.status_code == 409


def test_it_runs_on_its_own() -> None:
    command = [sys.executable, "-m", "bookbridge.emulators.xero", "--port", "0", "--seed", "4"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            base_url = process.stdout.readline().strip()
            overview = httpx2.get(f"{base_url}/_emulator").json()
            assert len(overview["organisations"]) == 2
        finally:
            process.terminate()
            process.wait(timeout=20)


AMOUNTS = st.decimals(min_value=Decimal("0.01"), max_value=Decimal(5000), places=2)
VERBS = (
    "bill", "sale", "credit", "pay", "allocate", "unpay", "unallocate", "void", "edit", "advance", "batch", "unbatch",
    "spend", "respend", "unspend", "transfer", "untransfer", "journal", "unjournal",
)  # fmt: skip
ACTION = st.tuples(
    st.sampled_from(VERBS),
    AMOUNTS,
    st.integers(0, 50),
    st.sampled_from(["GBP", "EUR", "USD"]),
    st.sampled_from(["1.171717", "0.853333", "3.000003"]),
    st.sampled_from(["Exclusive", "Inclusive", "NoTax"]),
)


def _act(book: Book, action: tuple[str, Decimal, int, str, str, str]) -> None:
    verb, amount, index, currency, rate, kind = action
    body: dict[str, Any] = {
        "Contact": {"Name": "Prop"},
        "Date": "2026-06-01",
        "DueDate": "2026-07-01",
        "Status": "AUTHORISED",
        "CurrencyCode": currency,
        "CurrencyRate": rate,
        "LineAmountTypes": kind,
        "LineItems": [
            {"Description": "a", "UnitAmount": str(amount), "AccountCode": "429", "TaxType": "INPUT2"},
            {"Description": "b", "UnitAmount": "0.37", "AccountCode": "463", "TaxType": "RRINPUT"},
        ],
    }
    mine = [record for record in book.invoices if record.contact.name == "Prop"]
    notes = [note for note in book.credit_notes if note.contact.name == "Prop"]
    target = mine[index % len(mine)] if mine else None
    note = notes[index % len(notes)] if notes else None
    if verb in {"bill", "sale"}:
        documents.create_invoice(book, Fields({**body, "Type": "ACCPAY" if verb == "bill" else "ACCREC"}))
    elif verb == "credit":
        documents.create_credit_note(book, Fields({**body, "Type": "ACCPAYCREDIT"}))
    elif verb == "advance":
        bank = {"Type": "SPEND-OVERPAYMENT", "BankAccount": {"Code": "090"}, "LineItems": body["LineItems"][:1]}
        bank_transactions.create_bank_transaction(book, Fields({**body, **bank}))
    elif verb == "pay" and target is not None:
        account = book.accounts.by_number("090")
        assert account is not None
        payments.pay(book, target, account, min(amount, target.amount_due), target.date, rate=Decimal(rate))
    elif verb == "allocate" and target is not None and note is not None:
        most = min(amount, target.amount_due, note.remaining_credit)
        allocations.allocate(book, note, target, most, target.date)
    elif verb == "unpay" and target is not None and target.payments:
        payments.delete_payment(book, target.payments[index % len(target.payments)])
    elif verb == "unallocate" and note is not None and note.allocations:
        allocations.delete_allocation(book, note, note.allocations[index % len(note.allocations)])
    elif verb in _MONEY_VERBS:
        _act_on_money(book, verb, amount, index, body)
    elif verb == "void" and target is not None:
        documents.update_invoice(book, target, Fields({"Status": "VOIDED"}))
    elif verb == "edit" and target is not None:
        documents.update_invoice(book, target, Fields({"LineItems": body["LineItems"][:1], "CurrencyRate": rate}))


_MONEY_VERBS = set(VERBS[VERBS.index("batch") :])


def _act_on_money(book: Book, verb: str, amount: Decimal, index: int, body: dict[str, Any]) -> None:
    bank = {**body, "Type": "SPEND", "BankAccount": {"Code": "090"}}
    if verb == "batch":
        owing = [one for one in book.invoices if one.contact.name == "Prop" and one.type == "ACCPAY" and one.amount_due]
        parts = [
            {"Invoice": {"InvoiceID": one.invoice_id}, "Amount": min(amount, one.amount_due)} for one in owing[-2:]
        ]
        batch_payments.create_batch_payment(book, Fields({**bank, "Account": {"Code": "090"}, "Payments": parts}))
    elif verb == "spend":
        bank_transactions.create_bank_transaction(book, Fields(bank))
    elif verb == "transfer":
        fields = {"FromBankAccount": {"Code": "090"}, "ToBankAccount": {"Code": "091"}, "Amount": amount}
        bank_transfers.create_bank_transfer(book, Fields({**body, **fields}))
    elif verb == "journal":
        tax = line_tax(amount, Decimal(20), body["LineAmountTypes"]) if body["LineAmountTypes"] == "Exclusive" else 0
        lines = [
            {"AccountCode": "429", "LineAmount": amount, "TaxType": "INPUT2"},
            {"AccountCode": "835", "LineAmount": -amount - tax, "TaxType": "NONE"},
        ]
        entry = {**body, "Narration": "Prop", "Status": "POSTED", "JournalLines": lines}
        manual_journals.create_manual_journal(book, Fields(entry))
    else:
        _undo_money(book, verb, index, body)


def _undo_money(book: Book, verb: str, index: int, body: dict[str, Any]) -> None:
    gone = Fields({"Status": "DELETED"})
    if verb == "unbatch":
        batch_payments.update_batch_payment(book, _one(book.batch_payments, index), gone)
    elif verb == "untransfer":
        bank_transfers.update_bank_transfer(book, _one(book.bank_transfers, index), gone)
    elif verb == "unjournal":
        entry = _one(book.manual_journals, index)
        manual_journals.update_manual_journal(book, entry, Fields({"Status": "VOIDED"}))
    else:
        spent = [one for one in book.bank_transactions if one.contact.name == "Prop"]
        change = gone if verb == "unspend" else Fields({"LineItems": body["LineItems"][:1]})
        bank_transactions.update_bank_transaction(book, _one(spent, index), change)


def _one(records: Iterable[Any], index: int) -> Any:
    """The latest record but ``index``; refused like one that is not there."""
    found = list(records)[::-1]
    if not found:
        raise ValidationFailed("there is none yet")
    return found[index % min(len(found), 3)]


def test_every_action_acts() -> None:
    """Else the book below would balance because nothing ever happens to it."""
    book = seed_book(SETTINGS, seed=1, name="Prop book", base_currency="GBP", documents=2)
    for verb in ("bill", *VERBS):
        before = (len(book.journals), shown(book))
        # The first document is void by the time that one is edited.
        _act(book, (verb, Decimal(3), 1 if verb == "edit" else 0, "GBP", "1.171717", "Exclusive"))
        assert (len(book.journals), shown(book)) != before, verb
    assert imbalances(book) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTION, min_size=1, max_size=25))
def test_whatever_happens_the_book_balances(actions: list[tuple[str, Decimal, int, str, str, str]]) -> None:
    book = seed_book(SETTINGS, seed=1, name="Prop book", base_currency="GBP", documents=2)
    for action in actions:
        before = (len(book.journals), len(book.payments), shown(book))
        try:
            with book.attempt():
                _act(book, action)
        except ValidationFailed:
            assert (len(book.journals), len(book.payments), shown(book)) == before, "a refusal leaves no trace"
        assert imbalances(book) == []
        for record in book.invoices:
            assert record.amount_due >= 0
            assert (record.status == "PAID") == (record.amount_due == 0) or record.status in {"VOIDED", "DELETED"}
