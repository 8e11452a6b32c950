"""Direct costs and incomes, transfers and journal entries written to Xero over real HTTP, read back to the digit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bookbridge.accounting.allocations import AllocatedPayment, Allocation, PaymentAllocation
from bookbridge.accounting.reconciliation import ReconciliationStatus
from bookbridge.accounting.records import Record
from bookbridge.accounting.references import (
    AccountRef,
    ContactRef,
    RecordRef,
    TaxRateRef,
    TrackedDataType,
    TrackingCategoryRef,
    TrackingRecordRef,
)
from bookbridge.accounting.tracking import RecordTracking
from bookbridge.accounting.types.direct_costs import DirectCost, DirectCostLineItem
from bookbridge.accounting.types.direct_incomes import DirectIncome, DirectIncomeLineItem
from bookbridge.accounting.types.journal_entries import JournalEntry, JournalLine
from bookbridge.accounting.types.transfers import Transfer, TransferAccount
from bookbridge.connectors.kit.connector import Operation
from bookbridge.connectors.kit.errors import RecordNotFound, Rejected, Uncertain
from bookbridge.connectors.kit.session import File
from bookbridge.connectors.xero.auth import OAUTH2
from bookbridge.connectors.xero.session import XeroSession
from tests.connectors.xero_books import DAY, Books, intent, row, stored

D = Decimal


def paid_from(account_id: str) -> tuple[PaymentAllocation, ...]:
    payment = AllocatedPayment(account_ref=AccountRef(id=account_id))
    return (PaymentAllocation(payment=payment, allocation=Allocation()),)


def direct_cost(books: Books, **changes: Any) -> DirectCost:
    lines = (
        DirectCostLineItem(
            description="Toner",
            unit_amount=D("20.1250"),
            quantity=D("4"),
            sub_total=D("80.50"),
            tax_amount=D("16.10"),
            total_amount=D("96.60"),
            account_ref=AccountRef(id=books.expense_id),
            tax_rate_ref=TaxRateRef(id="INPUT2"),
            tracking_category_refs=(TrackingCategoryRef(id=books.options[0][1]),),
        ),
        DirectCostLineItem(
            description="Train",
            unit_amount=D("48.4"),
            quantity=D("1"),
            tax_amount=D("0"),
            account_ref=AccountRef(id=books.expense_id),
        ),
    )
    fields: dict[str, Any] = {
        "reference": "CARD-118",
        "contact_ref": ContactRef(id=books.supplier_id),
        "issue_date": DAY,
        "currency": "GBP",
        "line_items": lines,
        "payment_allocations": paid_from(books.bank_id),
        "sub_total": D("128.90"),
        "tax_amount": D("16.10"),
        "total_amount": D("145.00"),
    }
    return DirectCost(**{**fields, **changes})


def direct_income(books: Books, **changes: Any) -> DirectIncome:
    line = DirectIncomeLineItem(
        description="Postcards",
        unit_amount=D("0.75"),
        quantity=D("12.5"),
        tax_amount=D("1.88"),
        account_ref=AccountRef(id=books.income_id),
        tax_rate_ref=TaxRateRef(id="OUTPUT2"),
    )
    fields: dict[str, Any] = {
        "reference": "TILL-7",
        "contact_ref": ContactRef(id=books.supplier_id),
        "issue_date": DAY,
        "currency": "GBP",
        "line_items": (line,),
        "payment_allocations": paid_from(books.bank_id),
        "sub_total": D("9.38"),
        "tax_amount": D("1.88"),
        "total_amount": D("11.26"),
    }
    return DirectIncome(**{**fields, **changes})


def refund(books: Books) -> DirectCost:
    line = DirectCostLineItem(
        description="Toner sent back",
        unit_amount=D("-20.1250"),
        quantity=D("1"),
        tax_amount=D("-4.03"),
        account_ref=AccountRef(id=books.expense_id),
        tax_rate_ref=TaxRateRef(id="INPUT2"),
    )
    amounts = {"sub_total": D("-20.13"), "tax_amount": D("-4.03"), "total_amount": D("-24.16")}
    return direct_cost(books, line_items=(line,), **amounts)


def transfer(books: Books, **changes: Any) -> Transfer:
    fields: dict[str, Any] = {
        "description": "To savings",
        "date": DAY,
        "from_": TransferAccount(account_ref=RecordRef(id=books.bank_id), amount=D("250.01")),
        "to": TransferAccount(account_ref=RecordRef(id=books.savings_id), amount=D("250.01")),
    }
    return Transfer(**{**fields, **changes})


def journal_entry(books: Books, **changes: Any) -> JournalEntry:
    tracking = RecordTracking(
        record_refs=(TrackingRecordRef(id=books.options[0][1], data_type=TrackedDataType.TRACKING_CATEGORIES),)
    )
    lines = (
        JournalLine(
            description="Vans", net_amount=D("310.25"), account_ref=AccountRef(id=books.expense_id), tracking=tracking
        ),
        JournalLine(description="Vans", net_amount=D("-310.25"), account_ref=AccountRef(id=books.income_id)),
    )
    fields: dict[str, Any] = {"description": "Depreciation", "posted_on": DAY, "journal_lines": lines}
    return JournalEntry(**{**fields, **changes})


async def test_a_direct_cost_is_written_exactly(books: Books) -> None:
    record = direct_cost(books)
    written = await books.create("directCosts", record)
    found = stored(written, "directCosts")
    assert found.id == written.record_id
    assert (found.reference, found.issue_date, found.currency) == (record.reference, DAY, "GBP")
    assert (found.sub_total, found.tax_amount, found.total_amount) == (D("128.90"), D("16.10"), D("145.00"))
    for line, sent in zip(found.line_items, record.line_items, strict=True):
        assert (line.unit_amount, line.quantity, line.tax_amount) == (sent.unit_amount, sent.quantity, sent.tax_amount)
        assert (line.description, line.account_ref) == (sent.description, sent.account_ref)
    assert [line.tax_rate_ref.id for line in found.line_items] == ["INPUT2", "NONE"]
    assert [ref.id for ref in found.line_items[0].tracking_category_refs] == [books.options[0][1]]
    assert found.contact_ref.id == books.supplier_id
    assert found.payment_allocations[0].payment.account_ref.id == books.bank_id
    assert {one.data_type for one in written.rereads} == {"directCosts", "accountTransactions"}


async def test_a_direct_income_is_written_exactly(books: Books) -> None:
    record = direct_income(books)
    found = stored(await books.create("directIncomes", record), "directIncomes")
    assert (found.line_items[0].quantity, found.line_items[0].unit_amount) == (D("12.5"), D("0.75"))
    assert (found.sub_total, found.total_amount) == (record.sub_total, record.total_amount)


async def test_a_direct_cost_below_zero_becomes_money_received(books: Books) -> None:
    written = await books.create("directCosts", refund(books))
    [made] = written.changed
    assert (made.id, made.data_type) == (written.record_id, "directIncomes")
    found = stored(written, "directIncomes")
    assert (found.sub_total, found.tax_amount, found.total_amount) == (D("20.13"), D("4.03"), D("24.16"))
    assert found.line_items[0].unit_amount == D("20.1250")


async def test_the_bank_accounts_currency_wins(books: Books) -> None:
    record = direct_cost(books, currency="EUR", currency_rate=D("0.86"))
    assert stored(await books.create("directCosts", record), "directCosts").currency == "GBP"


async def test_an_update_replaces_the_whole_direct_cost(books: Books) -> None:
    created = await books.create("directCosts", direct_cost(books))
    one_line = direct_cost(books).line_items[1:]
    amounts = {"sub_total": D("48.40"), "tax_amount": D("0"), "total_amount": D("48.40")}
    changed = direct_cost(
        books, reference=None, line_items=one_line, payment_allocations=paid_from(books.savings_id), **amounts
    )
    found = stored(await books.update("directCosts", changed, created.record_id), "directCosts")
    assert (found.id, found.reference, found.total_amount) == (created.record_id, None, D("48.40"))
    assert len(found.line_items) == 1
    assert found.payment_allocations[0].payment.account_ref.id == books.savings_id


async def test_a_direct_cost_is_taken_back(books: Books) -> None:
    created = await books.create("directCosts", direct_cost(books))
    gone = stored(await books.delete("directCosts", created.record_id), "directCosts")
    assert gone.metadata.is_deleted
    again = await books.delete("directCosts", created.record_id)
    assert again.record_id == created.record_id


async def test_a_transfer_is_not_deleted_as_a_direct_cost(books: Books) -> None:
    created = await books.create("transfers", transfer(books))
    with pytest.raises(RecordNotFound):
        await books.delete("directCosts", created.record_id)


async def test_a_transfer_is_written_exactly(books: Books) -> None:
    written = await books.create("transfers", transfer(books, status=ReconciliationStatus.RECONCILED))
    found = stored(written, "transfers")
    assert (found.description, found.date, found.status) == ("To savings", DAY, ReconciliationStatus.RECONCILED)
    assert (found.from_.amount, found.to.amount) == (D("250.01"), D("250.01"))
    assert (found.from_.account_ref.id, found.to.account_ref.id) == (books.bank_id, books.savings_id)


async def test_a_transfer_from_what_is_no_bank_account_is_refused_by_field(books: Books) -> None:
    wrong = TransferAccount(account_ref=RecordRef(id=books.expense_id), amount=D("1"))
    with pytest.raises(Rejected) as refused:
        await books.create("transfers", transfer(books, from_=wrong))
    assert refused.value.fields[0].field == "from.accountRef.id"


async def test_a_journal_entry_is_written_exactly(books: Books) -> None:
    written = await books.create("journalEntries", journal_entry(books))
    found = stored(written, "journalEntries")
    assert (found.id, found.description, found.posted_on) == (written.record_id, "Depreciation", DAY)
    assert [line.net_amount for line in found.journal_lines] == [D("310.25"), D("-310.25")]
    assert [line.account_ref.id for line in found.journal_lines] == [books.expense_id, books.income_id]
    assert [ref.id for ref in found.journal_lines[0].tracking.record_refs] == [books.options[0][1]]


async def test_a_manual_journal_is_not_kept_beside_the_ledgers_own(books: Books) -> None:
    access = await books.sandbox.access(books.tenant, scopes=(*OAUTH2.scopes, "accounting.journals.read"))
    write = row("journalEntries", Operation.CREATE)
    written = await XeroSession(access).write(write, journal_entry(books), intent())
    assert (bool(written.record_id), written.rereads) == (True, ())


async def test_a_journal_entry_is_voided(books: Books) -> None:
    created = await books.create("journalEntries", journal_entry(books))
    assert stored(await books.delete("journalEntries", created.record_id), "journalEntries").metadata.is_deleted


async def test_a_journal_entry_is_in_the_base_currency(books: Books) -> None:
    lines = tuple(
        JournalLine(net_amount=amount, currency="EUR", account_ref=AccountRef(id=books.expense_id))
        for amount in (D(1), D(-1))
    )
    with pytest.raises(Rejected) as refused:
        await books.create("journalEntries", journal_entry(books, journal_lines=lines))
    assert [one.field for one in refused.value.fields] == ["journalLines[0].currency", "journalLines[1].currency"]


async def test_a_journal_line_on_a_bank_account_is_refused_by_field(books: Books) -> None:
    lines = (
        JournalLine(net_amount=D(1), account_ref=AccountRef(id=books.bank_id)),
        JournalLine(net_amount=D(-1), account_ref=AccountRef(id=books.expense_id)),
    )
    with pytest.raises(Rejected) as refused:
        await books.create("journalEntries", journal_entry(books, journal_lines=lines))
    assert refused.value.fields[0].field.endswith("accountRef.id")


@pytest.mark.parametrize("lost", ["before", "after"])
async def test_a_lost_answer_is_looked_up(books: Books, lost: str) -> None:
    """Whatever was lost, the look-up tells whether the record is there; then nothing is sent twice."""
    cases: list[tuple[str, Record, str, str]] = [
        ("directCosts", direct_cost(books), "BankTransactions", "directCosts"),
        ("directCosts", refund(books), "BankTransactions", "directIncomes"),
        ("directIncomes", direct_income(books, reference=None), "BankTransactions", "directIncomes"),
        ("transfers", transfer(books), "BankTransfers", "transfers"),
        ("journalEntries", journal_entry(books), "ManualJournals", "journalEntries"),
        (
            "journalEntries",
            journal_entry(books, posted_on=None, description="Undated"),
            "ManualJournals",
            "journalEntries",
        ),
    ]
    for data_type, record, path, read_back in cases:
        planned = intent()
        await books.sandbox.fault(f"drop_{lost}", match={"method": "PUT", "path": path})
        with pytest.raises(Uncertain):
            await books.create(data_type, record, planned)
        found = await books.session.find(row(data_type, Operation.CREATE), record, planned)
        assert (found is not None) == (lost == "after"), path
        if found is not None:
            assert read_back in {one.data_type for one in found.rereads}
        written = await books.create(data_type, record, planned)
        assert found is None or found.record_id == written.record_id


async def test_another_amount_is_not_ours(books: Books) -> None:
    planned = intent()
    await books.create("transfers", transfer(books))
    other = TransferAccount(account_ref=RecordRef(id=books.bank_id), amount=D("250.02"))
    write = row("transfers", Operation.CREATE)
    assert await books.session.find(write, transfer(books, from_=other), planned) is None
    assert await books.session.find(write, transfer(books), planned) is not None


@pytest.mark.parametrize("data_type", ["directCosts", "directIncomes", "transfers"])
async def test_files_are_attached(books: Books, data_type: str) -> None:
    records = {"directCosts": direct_cost, "directIncomes": direct_income, "transfers": transfer}
    created = await books.create(data_type, records[data_type](books))
    file = File(name="receipt.pdf", content_type="application/pdf", content=b"%PDF-1.4")
    written = await books.session.attach(data_type, created.record_id, file, intent())
    [listed] = await books.session.attachments(data_type, created.record_id)
    assert (listed.id, listed.name, listed.file_size) == (written.attachment_id, file.name, len(file.content))
