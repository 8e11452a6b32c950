"""Accounts, bank accounts and items written to Xero over real HTTP, read back to the digit."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest

from bookbridge.accounting.records import Record
from bookbridge.accounting.references import AccountRef, TaxRateRef
from bookbridge.accounting.types.accounts import Account, AccountType
from bookbridge.accounting.types.bank_accounts import BankAccount, BankAccountType
from bookbridge.accounting.types.items import BillItem, InvoiceItem, Item, ItemStatus, ItemType
from bookbridge.connectors.kit.connector import Operation
from bookbridge.connectors.kit.errors import Rejected, Uncertain
from tests.connectors.xero_books import Books, all_payloads, intent, row, stored

D = Decimal


def unused(letters: str) -> str:
    return f"{letters}{uuid.uuid4().hex[:6]}"


def account(**changes: Any) -> Account:
    fields: dict[str, Any] = {
        "nominal_code": unused("C"),
        "name": unused("Courier "),
        "description": "Parcels",
        "fully_qualified_category": "Expense.Overhead",
        "type": AccountType.EXPENSE,
    }
    return Account(**{**fields, **changes})


def bank_account(**changes: Any) -> BankAccount:
    fields: dict[str, Any] = {
        "account_name": unused("Wages "),
        "account_type": BankAccountType.DEBIT,
        "nominal_code": unused("B"),
        "sort_code": "20-44-55",
        "account_number": "12340000",
        "currency": "GBP",
    }
    return BankAccount(**{**fields, **changes})


def item(books: Books, **changes: Any) -> Item:
    fields: dict[str, Any] = {
        "code": unused("PAPER-"),
        "name": "Copier paper",
        "item_status": ItemStatus.ACTIVE,
        "type": ItemType.UNKNOWN,
        "is_bill_item": True,
        "is_invoice_item": True,
        "bill_item": BillItem(
            description="Copier paper, 80 g",
            unit_price=D("4.1250"),
            account_ref=AccountRef(id=books.expense_id),
            tax_rate_ref=TaxRateRef(id="INPUT2"),
        ),
        "invoice_item": InvoiceItem(
            description="Paper",
            unit_price=D("6.5"),
            account_ref=AccountRef(id=books.income_id),
            tax_rate_ref=TaxRateRef(id="OUTPUT2"),
        ),
    }
    return Item(**{**fields, **changes})


async def test_an_account_is_written_and_read_back(books: Books) -> None:
    record = account()
    written = await books.create("chartOfAccounts", record)
    found = stored(written, "chartOfAccounts")
    assert (found.id, found.nominal_code, found.name) == (written.record_id, record.nominal_code, record.name)
    assert (found.fully_qualified_category, found.type) == ("Expense.Overhead", AccountType.EXPENSE)
    assert "Payment.AccountRef.Id" not in found.valid_datatype_links[0].links


async def test_an_account_may_take_payments(books: Books) -> None:
    record = account(fully_qualified_category="Liability.Current.PaymentsEnabled", type=None)
    found = stored(await books.create("chartOfAccounts", record), "chartOfAccounts")
    assert found.fully_qualified_category == "Liability.Current"
    assert "Payment.AccountRef.Id" in found.valid_datatype_links[0].links


async def test_a_code_or_a_name_used_twice_is_refused_by_field(books: Books) -> None:
    record = account()
    await books.create("chartOfAccounts", record)
    for again, field in (
        (account(nominal_code=record.nominal_code), "nominalCode"),
        (account(name=record.name), "name"),
    ):
        with pytest.raises(Rejected) as refused:
            await books.create("chartOfAccounts", again)
        assert [one.field for one in refused.value.fields] == [field]


async def test_a_bank_account_is_written_and_read_back(books: Books) -> None:
    record = bank_account()
    written = await books.create("bankAccounts", record)
    found = stored(written, "bankAccounts")
    assert (found.account_name, found.sort_code, found.account_number) == (record.account_name, "204455", "12340000")
    assert (found.currency, found.account_type) == ("GBP", BankAccountType.DEBIT)
    assert stored(written, "chartOfAccounts").is_bank_account


async def test_a_bank_account_is_renamed(books: Books) -> None:
    created = await books.create("bankAccounts", bank_account())
    changed = bank_account(account_number="87654321")
    found = stored(await books.update("bankAccounts", changed, created.record_id), "bankAccounts")
    assert (found.account_name, found.nominal_code) == (changed.account_name, changed.nominal_code)
    assert (found.sort_code, found.account_number, found.currency) == ("204455", "87654321", "GBP")


async def test_another_account_is_not_changed_as_a_bank_account(books: Books) -> None:
    with pytest.raises(Rejected):
        await books.update("bankAccounts", bank_account(), books.expense_id)


async def test_a_currency_that_xero_does_not_keep_is_refused_by_field(books: Books) -> None:
    with pytest.raises(Rejected) as refused:
        await books.create("bankAccounts", bank_account(sort_code=None, currency="KWD"))
    assert refused.value.fields[0].field == "currency"


async def test_an_item_is_written_exactly(books: Books) -> None:
    record = item(books)
    found = stored(await books.create("items", record), "items")
    assert (found.code, found.name, found.type) == (record.code, record.name, ItemType.UNKNOWN)
    assert (found.bill_item, found.invoice_item) == (record.bill_item, record.invoice_item)


async def test_stock_is_kept_in_the_inventory_account(books: Books) -> None:
    costs = [one for one in await all_payloads(books.session, "chartOfAccounts") if one.type == "DIRECTCOSTS"]
    bought = BillItem(unit_price=D("1.25"), account_ref=AccountRef(id=costs[0].account_id))
    record = item(books, type=ItemType.INVENTORY, bill_item=bought)
    found = stored(await books.create("items", record), "items")
    assert found.type is ItemType.INVENTORY
    assert found.bill_item.account_ref == bought.account_ref


async def test_an_item_of_an_account_without_a_code_is_refused_by_field(books: Books) -> None:
    bought = BillItem(unit_price=D(1), account_ref=AccountRef(id=str(uuid.uuid4())))
    with pytest.raises(Rejected) as refused:
        await books.create("items", item(books, bill_item=bought))
    assert refused.value.fields[0].field == "billItem.accountRef.id"


@pytest.mark.parametrize("lost", ["before", "after"])
async def test_a_lost_answer_is_looked_up(books: Books, lost: str) -> None:
    """Whatever was lost, the look-up tells whether the record is there; then nothing is sent twice."""
    cases: list[tuple[str, Record, str]] = [
        ("chartOfAccounts", account(), "Accounts"),
        ("bankAccounts", bank_account(), "Accounts"),
        ("items", item(books), "Items"),
    ]
    for data_type, record, path in cases:
        planned = intent()
        await books.sandbox.fault(f"drop_{lost}", match={"method": "PUT", "path": path})
        with pytest.raises(Uncertain):
            await books.create(data_type, record, planned)
        found = await books.session.find(row(data_type, Operation.CREATE), record, planned)
        assert (found is not None) == (lost == "after"), data_type
        if found is not None:
            assert data_type in {one.data_type for one in found.rereads}
        written = await books.create(data_type, record, planned)
        assert found is None or found.record_id == written.record_id
