"""The vendor's own SDK, unchanged, makes every kind of write and reads the refusals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from xero_python.accounting import AccountingApi
from xero_python.accounting import models as m
from xero_python.exceptions import AccountingBadRequestException

from bookbridge.emulators.xero import XeroEmulatorSettings
from bookbridge.emulators.xero.postings import imbalances
from tests.emulators.xero.test_xero_python import client
from tests.emulators.xero.world import GENEROUS, Api, serve

DAY, LATER = dt.date(2026, 6, 10), dt.date(2026, 6, 20)


class Books:
    """The SDK in one organisation; calls leave out the tenant."""

    def __init__(self, api: Api, sdk: AccountingApi) -> None:
        self.api, self.sdk = api, sdk

    def __call__(self, method: str, *arguments: Any, **options: Any) -> Any:
        return getattr(self.sdk, method)(self.api.tenant, *arguments, **options)

    def refused(self, method: str, *arguments: Any, **options: Any) -> str:
        with pytest.raises(AccountingBadRequestException) as caught:
            self(method, *arguments, **options)
        return str(caught.value)

    def document(self, kind: str, amount: float = 100.0, **more: Any) -> dict[str, Any]:
        sells = kind in {"ACCREC", "ACCRECCREDIT"} or kind.startswith("RECEIVE")
        return {
            "type": kind,
            "contact": m.Contact(name="Avocet Stores" if sells else "Heron Supplies"),
            "date": DAY,
            "line_items": [line(amount, "200" if sells else "429")],
            **more,
        }

    def invoice(self, kind: str, **more: Any) -> m.Invoice:
        made = m.Invoice(**self.document(kind, due_date=LATER, status="AUTHORISED", **more))
        return self("create_invoices", m.Invoices(invoices=[made])).invoices[0]

    def credit_note(self, kind: str) -> m.CreditNote:
        made = m.CreditNote(**self.document(kind, status="AUTHORISED"))
        return self("create_credit_notes", m.CreditNotes(credit_notes=[made])).credit_notes[0]

    def bank_transaction(self, kind: str) -> m.BankTransaction:
        made = m.BankTransaction(**self.document(kind), bank_account=m.Account(code="090"))
        found = self("create_bank_transactions", m.BankTransactions(bank_transactions=[made]))
        return found.bank_transactions[0]


def line(amount: float, account: str) -> m.LineItem:
    return m.LineItem(description="Thing", quantity=1, unit_amount=amount, account_code=account, tax_type="NONE")


def allocation(invoice: m.Invoice, amount: float) -> m.Allocations:
    part = m.Allocation(invoice=m.Invoice(invoice_id=invoice.invoice_id), amount=amount, date=LATER)
    return m.Allocations(allocations=[part])


def batch(*invoices: m.Invoice) -> m.BatchPayments:
    parts = [m.Payment(invoice=m.Invoice(invoice_id=one.invoice_id), amount=10.0) for one in invoices]
    made = m.BatchPayment(account=m.Account(code="090"), date=LATER, narrative="Run", payments=parts)
    return m.BatchPayments(batch_payments=[made])


def transfer(amount: float, target: str = "091") -> m.BankTransfers:
    made = m.BankTransfer(
        from_bank_account=m.Account(code="090"), to_bank_account=m.Account(code=target), amount=amount, date=DAY
    )
    return m.BankTransfers(bank_transfers=[made])


def journal(credit: float = -80.0, **more: Any) -> m.ManualJournals:
    made = m.ManualJournal(
        narration="Accrual",
        date=DAY,
        status="POSTED",
        journal_lines=[
            m.ManualJournalLine(line_amount=80.0, account_code="469", description="Rent"),
            m.ManualJournalLine(line_amount=credit, account_code="835", description="Rent"),
        ],
        **more,
    )
    return m.ManualJournals(manual_journals=[made])


@pytest.fixture(scope="module")
def shared() -> Iterator[Books]:
    with serve(XeroEmulatorSettings(limits=GENEROUS)) as world:
        api = world.session()
        yield Books(api, client(world, api.token)[1])


@pytest.fixture
def books(shared: Books) -> Iterator[Books]:
    """The module's organisation, whose book balances after each test."""
    yield shared
    assert imbalances(shared.api.book) == []


def test_accounts(books: Books) -> None:
    made = books("create_account", m.Account(code="4291", name="Snacks", type=m.AccountType.OVERHEADS)).accounts[0]
    assert (made._class, made.status) == ("EXPENSE", "ACTIVE")
    bank = books(
        "create_account",
        m.Account(
            code="095",
            name="Euros",
            type=m.AccountType.BANK,
            bank_account_number="20445512340000",
            currency_code=m.CurrencyCode.EUR,
        ),
    ).accounts[0]
    assert bank.currency_code == m.CurrencyCode.EUR
    change = m.Accounts(accounts=[m.Account(name="Fruit")])
    assert books("update_account", made.account_id, change).accounts[0].name == "Fruit"
    file = books("create_account_attachment_by_file_name", made.account_id, "chart.pdf", body=b"%PDF").attachments[0]
    assert file.mime_type == "application/pdf"
    assert books("delete_account", made.account_id).accounts[0].status == "DELETED"
    assert "unique Code" in books.refused(
        "create_account", m.Account(code="429", name="Again", type=m.AccountType.OVERHEADS)
    )


def test_items(books: Books) -> None:
    sold = m.Purchase(unit_price=5.0, account_code="200", tax_type="OUTPUT2")
    made = books("create_items", m.Items(items=[m.Item(code="OAT", name="Oats", sales_details=sold)])).items[0]
    change = m.Items(items=[m.Item(code="OAT", description="Rolled")])
    assert books("update_item", made.item_id, change).items[0].description == "Rolled"
    assert "already exists" in books.refused("create_items", m.Items(items=[m.Item(code="OAT")]))
    books("delete_item", made.item_id)
    assert "OAT" not in {item.code for item in books("get_items").items}


@pytest.mark.parametrize("kind", ["ACCPAY", "ACCREC"])
def test_invoices(books: Books, kind: str) -> None:
    made = books.invoice(kind)
    assert (made.status, made.amount_due) == ("AUTHORISED", Decimal("100.00"))
    change = m.Invoices(invoices=[m.Invoice(reference="PO 7")])
    assert books("update_invoice", made.invoice_id, change).invoices[0].reference == "PO 7"
    void = m.Invoices(invoices=[m.Invoice(status="VOIDED")])
    assert books("update_invoice", made.invoice_id, void).invoices[0].status == "VOIDED"
    undated = m.Invoices(invoices=[m.Invoice(**books.document(kind, status="AUTHORISED"))])
    assert "DueDate field must be specified" in books.refused("create_invoices", undated)
    mixed = m.Invoices(invoices=[*undated.invoices, m.Invoice(**books.document(kind))])
    found = books("create_invoices", mixed, summarize_errors=False).invoices
    assert [one.status_attribute_string for one in found] == ["ERROR", "OK"]
    assert "DueDate" in found[0].validation_errors[0].message


@pytest.mark.parametrize(("kind", "target"), [("ACCPAYCREDIT", "ACCPAY"), ("ACCRECCREDIT", "ACCREC")])
def test_credit_notes(books: Books, kind: str, target: str) -> None:
    note, invoice = books.credit_note(kind), books.invoice(target)
    used = books("create_credit_note_allocation", note.credit_note_id, allocation(invoice, 60.0)).allocations[0]
    assert books("get_credit_note", note.credit_note_id).credit_notes[0].remaining_credit == Decimal("40.00")
    too_much = allocation(invoice, 41.0)
    assert "exceeds" in books.refused("create_credit_note_allocation", note.credit_note_id, too_much)
    gone = books("delete_credit_note_allocations", note.credit_note_id, used.allocation_id)
    assert gone.is_deleted
    refund = m.Payment(
        credit_note=m.CreditNote(credit_note_id=note.credit_note_id),
        account=m.Account(code="090"),
        date=LATER,
        amount=100.0,
    )
    paid = books("create_payments", m.Payments(payments=[refund])).payments[0]
    assert paid.payment_type == f"A{'R' if target == 'ACCREC' else 'P'}CREDITPAYMENT"
    assert books("get_credit_note", note.credit_note_id).credit_notes[0].status == "PAID"


def test_purchase_orders(books: Books) -> None:
    body = books.document("ACCPAY", status="AUTHORISED", purchase_order_number="PO-SDK", delivery_date=LATER)
    del body["type"]
    orders = m.PurchaseOrders(purchase_orders=[m.PurchaseOrder(**body)])
    made = books("create_purchase_orders", orders).purchase_orders[0]
    assert (made.total, made.delivery_date) == (Decimal("100.00"), LATER)
    assert "must be unique" in books.refused("create_purchase_orders", orders)
    billed = m.PurchaseOrders(purchase_orders=[m.PurchaseOrder(status="BILLED")])
    assert books("update_purchase_order", made.purchase_order_id, billed).purchase_orders[0].status == "BILLED"
    assert "not of valid status" in books.refused("update_purchase_order", made.purchase_order_id, billed)


def test_payments(books: Books) -> None:
    invoice, bill = books.invoice("ACCREC"), books.invoice("ACCPAY")
    paid = [
        m.Payment(invoice=m.Invoice(invoice_id=one.invoice_id), account=m.Account(code="090"), date=LATER, amount=30.0)
        for one in (invoice, bill)
    ]
    kinds = [one.payment_type for one in books("create_payments", m.Payments(payments=paid)).payments]
    assert kinds == ["ACCRECPAYMENT", "ACCPAYPAYMENT"]
    paid[0].amount = 71.0
    assert "exceeds" in books.refused("create_payment", paid[0])


@pytest.mark.parametrize(("kind", "batch_type"), [("ACCPAY", "PAYBATCH"), ("ACCREC", "RECBATCH")])
def test_batch_payments(books: Books, kind: str, batch_type: str) -> None:
    invoices = [books.invoice(kind), books.invoice(kind)]
    made = books("create_batch_payment", batch(*invoices)).batch_payments[0]
    assert (made.type, made.total_amount) == (batch_type, Decimal("20.00"))
    delete = m.BatchPaymentDelete(batch_payment_id=made.batch_payment_id, status="DELETED")
    assert books("delete_batch_payment", delete).batch_payments[0].status == "DELETED"
    again = books("create_batch_payment", batch(*invoices)).batch_payments[0]
    by_url = m.BatchPaymentDeleteByUrlParam(status="DELETED")
    gone = books("delete_batch_payment_by_url_param", again.batch_payment_id, by_url)
    assert gone.batch_payments[0].status == "DELETED"
    mixed = batch(books.invoice("ACCPAY"), books.invoice("ACCREC"))
    assert "mix" in books.refused("create_batch_payment", mixed)


@pytest.mark.parametrize("kind", ["SPEND", "RECEIVE"])
def test_bank_transactions(books: Books, kind: str) -> None:
    made = books.bank_transaction(kind)
    assert (made.type, made.total, made.is_reconciled) == (kind, Decimal("100.00"), False)
    change = m.BankTransactions(
        bank_transactions=[
            m.BankTransaction(
                type=kind,
                bank_account=m.Account(code="090"),
                line_items=[line(7.0, "200" if kind == "RECEIVE" else "429")],
            )
        ]
    )
    edited = books("update_bank_transaction", made.bank_transaction_id, change).bank_transactions[0]
    assert edited.total == Decimal("7.00")
    file = books(
        "create_bank_transaction_attachment_by_file_name", made.bank_transaction_id, "slip.png", body=b"\x89PNG"
    ).attachments[0]
    assert file.mime_type == "image/png"
    change.bank_transactions[0].status = "DELETED"
    gone = books("update_bank_transaction", made.bank_transaction_id, change).bank_transactions[0]
    assert gone.status == "DELETED"
    wrong = m.BankTransaction(**books.document(kind), bank_account=m.Account(code="200"))
    message = books.refused("create_bank_transactions", m.BankTransactions(bank_transactions=[wrong]))
    assert "BANK account" in message


@pytest.mark.parametrize(("side", "target"), [("SPEND", "ACCPAY"), ("RECEIVE", "ACCREC")])
@pytest.mark.parametrize("credit", ["overpayment", "prepayment"])
def test_money_on_account(books: Books, side: str, target: str, credit: str) -> None:
    made = books.bank_transaction(f"{side}-{credit.upper()}")
    credit_id = getattr(made, f"{credit}_id")
    invoice = books.invoice(target)
    used = books(f"create_{credit}_allocations", credit_id, allocation(invoice, 60.0)).allocations[0]
    [held] = getattr(books(f"get_{credit}", credit_id), f"{credit}s")
    assert (held.remaining_credit, len(held.allocations)) == (Decimal("40.00"), 1)
    assert books(f"delete_{credit}_allocations", credit_id, used.allocation_id).is_deleted
    refund = m.Payment(account=m.Account(code="090"), date=LATER, amount=100.0)
    kind = {"overpayment": m.Overpayment, "prepayment": m.Prepayment}[credit]
    setattr(refund, credit, kind(**{f"{credit}_id": credit_id}))
    paid = books("create_payments", m.Payments(payments=[refund])).payments[0]
    assert paid.payment_type == f"A{'R' if side == 'RECEIVE' else 'P'}{credit.upper()}PAYMENT"
    message = books.refused(f"create_{credit}_allocations", credit_id, allocation(invoice, 1.0))
    assert "Authorised" in message, "nothing is left of it"


def test_bank_transfers(books: Books) -> None:
    made = books("create_bank_transfer", transfer(25.0)).bank_transfers[0]
    assert (made.amount, made.from_bank_account.code) == (Decimal("25.00"), "090")
    legs = [books("get_bank_transaction", one) for one in (made.from_bank_transaction_id, made.to_bank_transaction_id)]
    assert [leg.bank_transactions[0].type for leg in legs] == ["SPEND-TRANSFER", "RECEIVE-TRANSFER"]
    file = books(
        "create_bank_transfer_attachment_by_file_name", made.bank_transfer_id, "slip.pdf", body=b"%PDF"
    ).attachments[0]
    assert file.content_length == 4
    by_url = m.BankTransferDeleteByUrlParam(status="DELETED")
    gone = books("delete_bank_transfer", made.bank_transfer_id, by_url).bank_transfers[0]
    assert gone.status == "DELETED"
    other = books("create_bank_transfer", transfer(5.0)).bank_transfers[0]
    deletes = [m.BankTransferDelete(bank_transfer_id=other.bank_transfer_id, status="DELETED")]
    found = books("delete_bank_transfers", m.BankTransfersDelete(bank_transfers=deletes)).bank_transfers
    assert [one.status for one in found] == ["DELETED"]
    assert "same currency" in books.refused("create_bank_transfer", transfer(5.0, "092"))


def test_manual_journals(books: Books) -> None:
    made = books("create_manual_journals", journal()).manual_journals[0]
    assert (made.status, [one.line_amount for one in made.journal_lines]) == ("POSTED", [Decimal(80), Decimal(-80)])
    change = m.ManualJournals(manual_journals=[m.ManualJournal(narration="June", journal_lines=made.journal_lines)])
    assert books("update_manual_journal", made.manual_journal_id, change).manual_journals[0].narration == "June"
    change.manual_journals[0].status = "VOIDED"
    assert books("update_manual_journal", made.manual_journal_id, change).manual_journals[0].status == "VOIDED"
    assert "must equal total credits" in books.refused("create_manual_journals", journal(-79.0))


def test_contacts_tax_rates_and_currencies(books: Books) -> None:
    made = books("create_contacts", m.Contacts(contacts=[m.Contact(name="Dunlin Ltd")])).contacts[0]
    change = m.Contacts(contacts=[m.Contact(contact_id=made.contact_id, name="Dunlin & Sons")])
    assert books("update_or_create_contacts", change).contacts[0].name == "Dunlin & Sons"
    assert "already assigned" in books.refused(
        "create_contacts", m.Contacts(contacts=[m.Contact(name="dunlin & sons")])
    )
    rate = m.TaxRate(name="Odd", tax_components=[m.TaxComponent(name="Odd", rate=7.5)])
    assert books("create_tax_rates", m.TaxRates(tax_rates=[rate])).tax_rates[0].effective_rate == Decimal("7.5")
    assert books("create_currency", m.Currency(code=m.CurrencyCode.JPY)).currencies[0].code == m.CurrencyCode.JPY


def test_the_key_of_a_request(books: Books) -> None:
    first = books("create_bank_transfer", transfer(3.0), idempotency_key="one-transfer").bank_transfers[0]
    again = books("create_bank_transfer", transfer(3.0), idempotency_key="one-transfer").bank_transfers[0]
    assert first.bank_transfer_id == again.bank_transfer_id
    assert "another request" in books.refused("create_bank_transfer", transfer(4.0), idempotency_key="one-transfer")
