"""Payments of invoices and bills, and refunds of credit.

Each moves the document's open amount and status and stamps the document; deleting one moves them back. It must not
create documents. Every function raises ValidationFailed when the vendor would refuse.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.clock import Millis
from bookbridge.emulators.xero.journals import round_money, to_base
from bookbridge.emulators.xero.postings import base_relief, close_gap, control_amount, debits_bank, post_payment
from bookbridge.emulators.xero.records import (
    ONE,
    Account,
    Credit,
    CreditNote,
    Invoice,
    Overpayment,
    Payment,
    Prepayment,
)
from bookbridge.emulators.xero.rules import check_open, check_rate, resolve_account
from bookbridge.emulators.xero.settlement import find_invoice, settle_credit, settle_invoice
from bookbridge.emulators.xero.wire import Fields, ValidationFailed

_PAYMENT_ACCOUNT = "The account is not a bank account and does not have payments enabled"
TOO_MUCH = "Payment amount exceeds the amount outstanding on this document"


def resolve_payment_account(book: Book, fields: Fields) -> Account:
    """The account that a payment comes from or goes to."""
    nested = fields.child("Account")
    account = None if nested is None else resolve_account(book, nested, code_name="Code")
    if account is None:
        raise ValidationFailed("Account must be specified")
    if account.type != "BANK" and not account.enable_payments_to_account:
        raise ValidationFailed(_PAYMENT_ACCOUNT)
    return account


def _find_credit(book: Book, fields: Fields) -> Credit | None:
    if note := fields.child("CreditNote"):
        return book.credit_notes.find(note.guid("CreditNoteID") or note.text("CreditNoteNumber") or "")
    if fields.text("CreditNoteNumber"):
        return book.credit_notes.find(fields.text("CreditNoteNumber") or "")
    if over := fields.child("Overpayment"):
        return book.overpayments.find(over.guid("OverpaymentID") or "")
    if pre := fields.child("Prepayment"):
        return book.prepayments.find(pre.guid("PrepaymentID") or "")
    return None


def create_payment(book: Book, fields: Fields) -> Payment:
    """Pay an invoice or bill, or refund a credit."""
    if (fields.text("Status") or "AUTHORISED").upper() != "AUTHORISED":
        raise ValidationFailed("A payment can only be created as AUTHORISED")
    invoice = find_invoice(book, fields)
    credit = None if invoice is not None else _find_credit(book, fields)
    document = invoice or credit
    if document is None:
        raise ValidationFailed("Payment must reference an Invoice, CreditNote, Prepayment or Overpayment")
    amount = fields.decimal("Amount")
    if amount is None or amount <= 0:
        raise ValidationFailed("Payment amount must be greater than zero")
    day = fields.date("Date") or book.clock.now().date()
    return pay(
        book,
        document,
        resolve_payment_account(book, fields),
        round_money(amount),
        day,
        reference=fields.text("Reference", limit=255) or "",
        rate=fields.decimal("CurrencyRate"),
        reconciled=fields.boolean("IsReconciled") or False,
    )


def pay(
    book: Book,
    document: Invoice | Credit,
    account: Account,
    amount: Decimal,
    day: dt.date,
    *,
    reference: str = "",
    rate: Decimal | None = None,
    reconciled: bool = False,
    stamp: Millis | None = None,
) -> Payment:
    """Apply one payment to a document, in the document's currency."""
    check_open(book, day)
    if document.status != "AUTHORISED":
        raise ValidationFailed("Payments can only be made against Authorised documents")
    open_before = document.amount_due if isinstance(document, Invoice) else document.remaining_credit
    if amount > open_before:
        raise ValidationFailed(TOO_MUCH)
    base = book.organisation.base_currency
    if (account.currency_code or base) not in {base, document.currency_code}:
        raise ValidationFailed("The account's currency must be the base currency or the document's currency")
    used_rate = ONE if document.currency_code == base else (rate or document.currency_rate)
    check_rate(used_rate)
    in_document_currency = (account.currency_code or base) == document.currency_code
    payment = Payment(
        payment_id=book.new_id(),
        payment_type=_payment_type(document),
        account=account,
        date=day,
        amount=amount,
        bank_amount=amount if in_document_currency else to_base(amount, used_rate),
        currency_rate=used_rate,
        reference=reference,
        is_reconciled=reconciled,
        invoice=document if isinstance(document, Invoice) else None,
        credit_note=document if isinstance(document, CreditNote) else None,
        overpayment=document if isinstance(document, Overpayment) else None,
        prepayment=document if isinstance(document, Prepayment) else None,
    )
    book.add(book.payments, payment)
    payments = (*document.payments, payment)
    if isinstance(document, Invoice):
        settle_invoice(book, document, day, payments=payments)
    else:
        settle_credit(book, document, day, payments=payments)
    relief = base_relief(document, open_before, open_before - amount)
    post_payment(book, payment, document, relief, stamp)
    return payment


def _payment_type(document: Invoice | Credit) -> str:
    if isinstance(document, Invoice):
        return "ACCRECPAYMENT" if document.type == "ACCREC" else "ACCPAYPAYMENT"
    receivable = document.type == "ACCRECCREDIT" or document.type.startswith("RECEIVE")
    side = "AR" if receivable else "AP"
    if isinstance(document, CreditNote):
        return f"{side}CREDITPAYMENT"
    return f"{side}{'OVERPAYMENT' if isinstance(document, Overpayment) else 'PREPAYMENT'}PAYMENT"


def update_payment(book: Book, payment: Payment, fields: Fields) -> None:
    """Delete a payment: the only change that the vendor allows."""
    if (fields.text("Status") or "").upper() != "DELETED":
        raise ValidationFailed("A payment can only be changed by setting its Status to DELETED")
    if payment.batch_payment is not None:
        raise ValidationFailed("A payment of a batch cannot be deleted on its own")
    delete_payment(book, payment)


def delete_payment(book: Book, payment: Payment) -> None:
    """Take a payment back: the document owes again what it did."""
    if payment.status == "DELETED":
        raise ValidationFailed("The payment has already been deleted")
    if payment.is_reconciled:
        raise ValidationFailed("This payment cannot be deleted as it has been reconciled")
    check_open(book, payment.date)
    document = payment.invoice or payment.credit_note or payment.overpayment or payment.prepayment
    if document is None:
        raise ValidationFailed("The payment has no document")
    open_before = document.amount_due if isinstance(document, Invoice) else document.remaining_credit
    posted = control_amount(payment)
    book.unpost(payment)
    kept = tuple(other for other in document.payments if other is not payment)
    if isinstance(document, Invoice):
        settle_invoice(book, document, payment.date, payments=kept)
    else:
        settle_credit(book, document, payment.date, payments=kept)
    relief = base_relief(document, open_before + payment.amount, open_before)
    book.change(book.payments, payment, status="DELETED")
    # Settlements undone out of order can leave a cent between the reversed and the open base amount.
    gap = posted + relief if debits_bank(payment) else posted - relief
    close_gap(book, payment, payment.payment_id, document, gap)
