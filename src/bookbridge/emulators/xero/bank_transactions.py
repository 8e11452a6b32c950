"""Money spent and received: creating, changing and deleting bank transactions, and the over- and
prepayments that they bring into being.

It must not settle documents (see payments.py). Every function raises ValidationFailed when the vendor would
refuse.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.document_fields import changed_document_fields, document_fields
from bookbridge.emulators.xero.documents import HAS_PAYMENTS
from bookbridge.emulators.xero.lines import build_lines, totals
from bookbridge.emulators.xero.postings import (
    post_bank_transaction,
)
from bookbridge.emulators.xero.records import (
    TRANSFER_TYPES,
    ZERO,
    Account,
    BankTransaction,
    Overpayment,
    Prepayment,
)
from bookbridge.emulators.xero.rules import (
    check_open,
    check_rate,
    resolve_account,
    resolve_contact,
    resolve_currency,
)
from bookbridge.emulators.xero.wire import Fields, ValidationFailed

_BANK_TYPES = (
    "SPEND", "RECEIVE", "SPEND-OVERPAYMENT", "RECEIVE-OVERPAYMENT", "SPEND-PREPAYMENT", "RECEIVE-PREPAYMENT",
)  # fmt: skip


def resolve_bank_account(book: Book, fields: Fields | None) -> Account:
    """The bank account that a body names; raises ValidationFailed unless it is one."""
    account = None if fields is None else resolve_account(book, fields, code_name="Code")
    if account is None:
        raise ValidationFailed("A bank account must be specified")
    if account.type != "BANK":
        raise ValidationFailed("The account type is invalid: a BANK account is needed")
    return account


def create_bank_transaction(book: Book, fields: Fields) -> BankTransaction:
    """Money spent or received; the over- and prepayment types also create the credit."""
    kind = fields.choice("Type", _BANK_TYPES)
    if kind is None:
        raise ValidationFailed("The Type of the bank transaction must be specified")
    account = resolve_bank_account(book, fields.child("BankAccount"))
    common = _bank_fields(book, fields, account, kind)
    transaction = BankTransaction(
        bank_transaction_id=book.new_id(),
        type=kind,
        status="AUTHORISED",
        bank_account=account,
        is_reconciled=fields.boolean("IsReconciled") or False,
        url=fields.text("Url"),
        **common,
    )
    book.add(book.bank_transactions, transaction)
    post_bank_transaction(book, transaction)
    if "-" in kind:
        create_advance(book, transaction)
    return transaction


def _bank_fields(book: Book, fields: Fields, account: Account, kind: str) -> dict[str, Any]:
    sells = kind.startswith("RECEIVE")
    if kind.endswith("OVERPAYMENT"):
        return _overpayment_fields(book, fields, account)
    common = document_fields(book, fields, approved=True, sells=sells)
    currency = account.currency_code or book.organisation.base_currency
    rate = fields.decimal("CurrencyRate") or book.day_rate(currency) or Decimal(1)
    check_rate(rate)
    common["currency_code"] = currency
    common["currency_rate"] = Decimal(1) if currency == book.organisation.base_currency else rate
    if common["total"] < 0:
        raise ValidationFailed("The document total cannot be less than 0")
    return common


def _overpayment_fields(book: Book, fields: Fields, account: Account) -> dict[str, Any]:
    """An overpayment has a single line on debtors or creditors, without tax."""
    given = fields.children("LineItems") or []
    if len(given) != 1:
        raise ValidationFailed("An overpayment must have exactly one line item")
    plain = Fields({k: v for k, v in given[0].raw.items() if k not in {"AccountCode", "AccountID", "TaxType"}})
    lines = build_lines(book, [plain], "NoTax", approved=False, sells=True)
    day = fields.date("Date") or book.clock.now().date()
    check_open(book, day)
    currency = account.currency_code or book.organisation.base_currency
    code, rate = resolve_currency(
        book, Fields({"CurrencyCode": currency, "CurrencyRate": fields.raw.get("CurrencyRate")})
    )
    return {
        "contact": resolve_contact(book, fields.child("Contact")),
        "date": day,
        "line_amount_types": "NoTax",
        "line_items": lines,
        "currency_code": code,
        "currency_rate": rate,
        "reference": fields.text("Reference", limit=255) or "",
        **totals(lines, "NoTax"),
    }


def create_advance(book: Book, transaction: BankTransaction) -> Overpayment | Prepayment:
    """The overpayment or prepayment that a bank transaction brings into being."""
    common: dict[str, Any] = {
        name: getattr(transaction, name)
        for name in (
            "type", "contact", "date", "status", "line_amount_types", "line_items", "sub_total", "total_tax",
            "total", "currency_code", "currency_rate", "reference",
        )
    }  # fmt: skip
    common |= {"remaining_credit": transaction.total, "bank_transaction": transaction}
    if transaction.type.endswith("OVERPAYMENT"):
        over = book.add(book.overpayments, Overpayment(overpayment_id=book.new_id(), **common))
        book.adjust(transaction, overpayment_id=over.overpayment_id)
        return over
    pre = book.add(book.prepayments, Prepayment(prepayment_id=book.new_id(), **common))
    book.adjust(transaction, prepayment_id=pre.prepayment_id)
    return pre


def update_bank_transaction(book: Book, transaction: BankTransaction, fields: Fields) -> None:
    """Change or delete a bank transaction; reconciled ones refuse, but may be un-reconciled."""
    wanted = fields.choice("Status", ("AUTHORISED", "DELETED", "VOIDED")) or transaction.status
    if transaction.type in TRANSFER_TYPES:
        raise ValidationFailed("A transfer cannot be edited through its bank transactions")
    if transaction.status != "AUTHORISED":
        raise ValidationFailed("This Bank Transaction cannot be edited as it is not of valid status")
    reconciled = fields.boolean("IsReconciled")
    if transaction.is_reconciled and reconciled is not False:
        raise ValidationFailed(
            "This Bank Transaction cannot be edited as it has been reconciled with a Bank Statement."
        )
    check_open(book, transaction.date)
    if wanted != "AUTHORISED":
        _delete_bank_transaction(book, transaction)
        return
    if "-" in transaction.type:
        raise ValidationFailed("Overpayments and prepayments cannot be edited through the bank transaction")
    kind = fields.choice("Type", ("SPEND", "RECEIVE")) or transaction.type
    account = transaction.bank_account
    if fields.has("BankAccount"):
        account = resolve_bank_account(book, fields.child("BankAccount"))
    sells = kind == "RECEIVE"
    changes = changed_document_fields(book, transaction, fields, approved=True, sells=sells)
    if changes["total"] < 0:
        raise ValidationFailed("The document total cannot be less than 0")
    currency = account.currency_code or book.organisation.base_currency
    if currency != transaction.currency_code:
        changes |= {"currency_code": currency, "currency_rate": book.day_rate(currency) or Decimal(1)}
    else:
        changes["currency_code"] = currency
    book.unpost(transaction)
    book.change(
        book.bank_transactions,
        transaction,
        **{
            **changes,
            "type": kind,
            "bank_account": account,
            "is_reconciled": transaction.is_reconciled if reconciled is None else reconciled,
        },
    )
    post_bank_transaction(book, transaction)


def _delete_bank_transaction(book: Book, transaction: BankTransaction) -> None:
    over = book.overpayments.get(transaction.overpayment_id or "")
    pre = book.prepayments.get(transaction.prepayment_id or "")
    if any(credit is not None and (credit.allocations or credit.payments) for credit in (over, pre)):
        raise ValidationFailed(HAS_PAYMENTS)
    if over is not None:
        book.change(book.overpayments, over, status="VOIDED", remaining_credit=ZERO)
    if pre is not None:
        book.change(book.prepayments, pre, status="VOIDED", remaining_credit=ZERO)
    book.unpost(transaction)
    book.change(book.bank_transactions, transaction, status="DELETED")
