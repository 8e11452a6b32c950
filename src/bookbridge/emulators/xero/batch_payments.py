"""Batch payments: several payments that the bank sees as one line.

It must not settle by itself (see payments.py). Every function raises ValidationFailed when the vendor would refuse.
"""

from __future__ import annotations

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.journals import round_money
from bookbridge.emulators.xero.payments import delete_payment, pay, resolve_payment_account
from bookbridge.emulators.xero.records import ZERO, BatchPayment, Payment
from bookbridge.emulators.xero.settlement import find_invoice
from bookbridge.emulators.xero.wire import Fields, ValidationFailed

MAX_NARRATIVE_CHARS = 18
MAX_BATCH_CODE_CHARS = 12
"""What fits on a bank statement: the narrative, and the particulars and the code of a batch."""


def create_batch_payment(book: Book, fields: Fields) -> BatchPayment:
    """Pay several bills, or receive several invoices, in one bank line; base currency only."""
    account = resolve_payment_account(book, fields)
    given = fields.children("Payments") or []
    if not given:
        raise ValidationFailed("At least one payment must be specified")
    day = fields.date("Date") or book.clock.now().date()
    reference = fields.text("Reference", limit=255) or ""
    payments: list[Payment] = []
    for entry in given:
        invoice = find_invoice(book, entry)
        amount = entry.decimal("Amount")
        if invoice is None or amount is None or amount <= 0:
            raise ValidationFailed("Every payment of a batch needs an Invoice and an Amount above zero")
        if invoice.currency_code != book.organisation.base_currency:
            raise ValidationFailed("Batch payments can only be made in the base currency")
        payments.append(
            pay(book, invoice, account, round_money(amount), day, reference=entry.text("Reference") or reference)
        )
    kinds = {payment.payment_type for payment in payments}
    if len(kinds) > 1:
        raise ValidationFailed("A batch may not mix bills and invoices")
    batch = BatchPayment(
        batch_payment_id=book.new_id(),
        type="PAYBATCH" if kinds == {"ACCPAYPAYMENT"} else "RECBATCH",
        account=account,
        date=day,
        total_amount=sum((payment.amount for payment in payments), ZERO),
        reference=reference,
        narrative=fields.text("Narrative", limit=MAX_NARRATIVE_CHARS) or "",
        details=fields.text("Details", limit=255) or "",
        particulars=fields.text("Particulars", limit=MAX_BATCH_CODE_CHARS) or "",
        code=fields.text("Code", limit=MAX_BATCH_CODE_CHARS) or "",
        payments=tuple(payments),
    )
    for payment in payments:
        book.adjust(payment, batch_payment=batch)
    return book.add(book.batch_payments, batch)


def update_batch_payment(book: Book, batch: BatchPayment, fields: Fields) -> None:
    """Delete a batch with all its payments: the only change that the vendor allows."""
    if (fields.text("Status") or "").upper() != "DELETED":
        raise ValidationFailed("A batch payment can only be changed by setting its Status to DELETED")
    if batch.status == "DELETED":
        raise ValidationFailed("The batch payment has already been deleted")
    for payment in batch.payments:
        if payment.status != "DELETED":
            delete_payment(book, payment)
    book.change(book.batch_payments, batch, status="DELETED")
