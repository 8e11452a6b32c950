"""Writes of every kind that the platform takes: how each is asked for, and how the ledger shows that it landed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from bookbridge.emulators.xero.books import Book

DAY: Final = "2026-06-01T00:00:00"
LATER: Final = "2026-07-01T00:00:00"


@dataclass
class Round:
    """One write of every kind, each knowing what came before it by the key of that write."""

    mark: str
    number: int
    expense: str
    income: str
    bank: str
    savings: str
    keys: dict[str, str] = field(default_factory=dict)

    def named(self, kind: str) -> str:
        """What this round's write of that kind is told from all others by."""
        return f"{self.mark}-{kind}"


def _line(at: Round, account: str, tax: str) -> dict[str, Any]:
    return {
        "description": at.mark,
        "quantity": 3,
        "unitAmount": 4,
        "subTotal": 12,
        "taxAmount": 2.4,
        "totalAmount": 14.4,
        "accountRef": {"id": account},
        "taxRateRef": {"id": tax},
    }


def _bought(at: Round, **more: Any) -> dict[str, Any]:
    lines = [_line(at, at.expense, "INPUT2")]
    return {"supplierRef": {"id": at.keys["supplier"]}, "issueDate": DAY, "lineItems": lines, **more}


def _sold(at: Round, **more: Any) -> dict[str, Any]:
    lines = [_line(at, at.income, "OUTPUT2")]
    return {"customerRef": {"id": at.keys["customer"]}, "issueDate": DAY, "lineItems": lines, **more}


_BILLED: Final = {"dueDate": LATER, "subTotal": 12, "taxAmount": 2.4, "totalAmount": 14.4}
_NOTED: Final = {
    "status": "Submitted",
    "subTotal": 12,
    "totalTaxAmount": 2.4,
    "totalAmount": 14.4,
    "totalDiscount": 0,
    "discountPercentage": 0,
    "remainingCredit": 14.4,
}


def _invoice(at: Round) -> dict[str, Any]:
    due = {"dueDate": LATER, "totalTaxAmount": 2.4, "totalAmount": 14.4, "amountDue": 14.4, "status": "Submitted"}
    return _sold(at, invoiceNumber=at.named("invoice"), subTotal=12, **due)


def _settling(at: Round, kind: str, link: str, document: str) -> dict[str, Any]:
    links = [{"type": link, "id": at.keys[document], "amount": -5}]
    lines = [{"amount": 5, "links": links}]
    return {
        "date": LATER,
        "accountRef": {"id": at.bank},
        "totalAmount": 5,
        "currency": "GBP",
        "reference": at.named(kind),
        "lines": lines,
    }


def _paid_at_once(at: Round, kind: str, contact: str, line: dict[str, Any]) -> dict[str, Any]:
    return {
        "reference": at.named(kind),
        "contactRef": {"id": at.keys[contact], "dataType": f"{contact}s"},
        "issueDate": DAY,
        "currency": "GBP",
        "lineItems": [line],
        "paymentAllocations": [{"payment": {"accountRef": {"id": at.bank}}, "allocation": {}}],
        "subTotal": 12,
        "taxAmount": 2.4,
        "totalAmount": 14.4,
    }


def _transfer(at: Round) -> dict[str, Any]:
    return {
        "description": at.named("transfer"),
        "date": DAY,
        "from": {"accountRef": {"id": at.bank}, "amount": 7},
        "to": {"accountRef": {"id": at.savings}, "amount": 7},
    }


def _journal(at: Round) -> dict[str, Any]:
    lines = [
        {"description": at.mark, "netAmount": amount, "accountRef": {"id": account}}
        for amount, account in ((9, at.expense), (-9, at.income))
    ]
    return {"description": at.named("journal"), "postedOn": DAY, "journalLines": lines}


def _bank_account(at: Round) -> dict[str, Any]:
    return {
        "accountName": at.named("bank"),
        "nominalCode": f"B{at.number:05}",
        "accountNumber": f"{20_000_000 + at.number}",
        "currency": "GBP",
        "status": "Active",
    }


def _account(at: Round) -> dict[str, Any]:
    category = "Expense.Overhead"
    name = at.named("account")
    return {"nominalCode": f"A{at.number:05}", "name": name, "fullyQualifiedCategory": category, "status": "Active"}


@dataclass(frozen=True)
class Kind:
    """A kind of write: how it is asked for, and what the ledger shows of those that landed."""

    name: str
    segment: str
    effect: str
    """What the ledger counts when it carries one out."""
    body: Callable[[Round], Any]
    shown: Callable[[Book], Iterable[str]]
    """The marks of those that it holds, once for each time."""
    method: str = "POST"
    of: str = ""
    """The kind whose record it changes, names in its address."""
    is_refused: bool = False
    """The ledger says no to it, every time."""


KINDS: Final = (
    Kind(
        "supplier",
        "suppliers",
        "PUT Contacts",
        lambda at: {"supplierName": at.named("supplier"), "status": "Active"},
        lambda book: [one.name for one in book.contacts],
    ),
    Kind(
        "customer",
        "customers",
        "PUT Contacts",
        lambda at: {"customerName": at.named("customer"), "status": "Active"},
        lambda book: [one.name for one in book.contacts],
    ),
    Kind(
        "changed",
        "suppliers",
        "POST Contacts",
        lambda at: {"supplierName": at.named("supplier"), "contactName": at.named("changed"), "status": "Active"},
        lambda book: [f"{one.first_name} {one.last_name}".strip() for one in book.contacts],
        "PUT",
        "supplier",
    ),
    Kind(
        "account",
        "chartOfAccounts",
        "PUT Accounts",
        _account,
        lambda book: [one.name for one in book.accounts],
    ),
    Kind("bank", "bankAccounts", "PUT Accounts", _bank_account, lambda book: [one.name for one in book.accounts]),
    Kind(
        "item",
        "items",
        "PUT Items",
        lambda at: {
            "code": at.named("item"),
            "name": at.mark,
            "itemStatus": "Active",
            "type": "Unknown",
            "isBillItem": True,
            "isInvoiceItem": False,
            "billItem": {"unitPrice": 4, "accountRef": {"id": at.expense}},
        },
        lambda book: [one.code for one in book.items],
    ),
    Kind(
        "order",
        "purchaseOrders",
        "PUT PurchaseOrders",
        lambda at: _bought(
            at, purchaseOrderNumber=at.named("order"), status="Open", subTotal=12, totalTaxAmount=2.4, totalAmount=14.4
        ),
        lambda book: [one.purchase_order_number for one in book.purchase_orders],
    ),
    Kind(
        "bill",
        "bills",
        "PUT Invoices",
        lambda at: _bought(at, reference=at.named("bill"), status="Open", **_BILLED),
        lambda book: [one.invoice_number for one in book.invoices if one.type == "ACCPAY"],
    ),
    Kind(
        "scan",
        "bills",
        "PUT Attachments",
        lambda at: f"{at.named('scan')}.txt",
        lambda book: [one.file_name.removesuffix(".txt") for attached in book.attachments.values() for one in attached],
        of="bill",
    ),
    Kind(
        "paid",
        "billPayments",
        "PUT Payments",
        lambda at: _settling(at, "paid", "Bill", "bill"),
        lambda book: [one.reference for one in book.payments],
    ),
    Kind(
        "debit",
        "billCreditNotes",
        "PUT CreditNotes",
        lambda at: _bought(at, billCreditNoteNumber=at.named("debit"), **_NOTED),
        lambda book: [one.credit_note_number for one in book.credit_notes],
    ),
    Kind(
        "invoice",
        "invoices",
        "PUT Invoices",
        _invoice,
        lambda book: [one.invoice_number for one in book.invoices if one.type == "ACCREC"],
    ),
    Kind("twice", "invoices", "PUT Invoices", _invoice, lambda book: (), is_refused=True),
    Kind(
        "received",
        "payments",
        "PUT Payments",
        lambda at: _settling(at, "received", "Invoice", "invoice"),
        lambda book: [one.reference for one in book.payments],
    ),
    Kind(
        "credit",
        "creditNotes",
        "PUT CreditNotes",
        lambda at: _sold(at, creditNoteNumber=at.named("credit"), **_NOTED),
        lambda book: [one.credit_note_number for one in book.credit_notes],
    ),
    Kind(
        "spent",
        "directCosts",
        "PUT BankTransactions",
        lambda at: _paid_at_once(at, "spent", "supplier", _line(at, at.expense, "INPUT2")),
        lambda book: [one.reference for one in book.bank_transactions],
    ),
    Kind(
        "deleted",
        "directCosts",
        "POST BankTransactions",
        lambda at: None,
        lambda book: [
            one.reference.replace("-spent", "-deleted") for one in book.bank_transactions if one.status == "DELETED"
        ],
        "DELETE",
        "spent",
    ),
    Kind(
        "earned",
        "directIncomes",
        "PUT BankTransactions",
        lambda at: _paid_at_once(at, "earned", "customer", _line(at, at.income, "OUTPUT2")),
        lambda book: [one.reference for one in book.bank_transactions],
    ),
    Kind(
        "transfer",
        "transfers",
        "PUT BankTransfers",
        _transfer,
        lambda book: [one.reference for one in book.bank_transfers],
    ),
    Kind(
        "journal",
        "journalEntries",
        "PUT ManualJournals",
        _journal,
        lambda book: [one.narration for one in book.manual_journals],
    ),
)
