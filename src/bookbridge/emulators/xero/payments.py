"""Settling documents: payments, batch payments, allocations of credit, refunds.

Each settlement moves the document's open amount and status and stamps the document; undoing one moves
them back. It must not create documents. Every function raises ValidationFailed when the vendor would refuse.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.clock import Millis
from bookbridge.emulators.xero.journals import round_money, to_base
from bookbridge.emulators.xero.postings import (
    base_relief,
    close_gap,
    control_amount,
    debits_bank,
    post_allocation,
    post_payment,
)
from bookbridge.emulators.xero.records import (
    ONE,
    ZERO,
    Account,
    Allocation,
    BatchPayment,
    Credit,
    CreditNote,
    Invoice,
    Overpayment,
    Payment,
    Prepayment,
)
from bookbridge.emulators.xero.rules import check_open, check_rate, resolve_account
from bookbridge.emulators.xero.wire import Fields, ValidationFailed

_PAYMENT_ACCOUNT = "The account is not a bank account and does not have payments enabled"
MAX_NARRATIVE_CHARS = 18
MAX_BATCH_CODE_CHARS = 12
"""What fits on a bank statement: the narrative, and the particulars and the code of a batch."""

TOO_MUCH = "Payment amount exceeds the amount outstanding on this document"


def change_credit(book: Book, credit: Credit, **fields: object) -> None:
    """Change a credit in whichever table it lives."""
    if isinstance(credit, CreditNote):
        book.change(book.credit_notes, credit, **fields)
    elif isinstance(credit, Overpayment):
        book.change(book.overpayments, credit, **fields)
    elif isinstance(credit, Prepayment):
        book.change(book.prepayments, credit, **fields)


def _settle_invoice(book: Book, invoice: Invoice, day: dt.date, **fields: object) -> None:
    """Store an invoice's new payments or allocations and let the status follow the open amount."""
    book.adjust(invoice, **fields)
    paid = sum((payment.amount for payment in invoice.payments), ZERO)
    credited = sum((allocation.amount for allocation in invoice.allocations), ZERO)
    due = invoice.total - paid - credited
    book.change(
        book.invoices,
        invoice,
        amount_paid=paid,
        amount_credited=credited,
        amount_due=due,
        status="PAID" if due == 0 else "AUTHORISED",
        fully_paid_on_date=day if due == 0 else None,
    )


def _settle_credit(book: Book, credit: Credit, day: dt.date, **fields: object) -> None:
    """Store a credit's new payments or allocations and let the status follow what remains."""
    book.adjust(credit, **fields)
    refunded = sum((payment.amount for payment in credit.payments), ZERO)
    remaining = credit.total - refunded - sum((part.amount for part in credit.allocations), ZERO)
    change_credit(
        book,
        credit,
        remaining_credit=remaining,
        status="PAID" if remaining == 0 else "AUTHORISED",
        fully_paid_on_date=day if remaining == 0 else None,
    )


# -- payments -------------------------------------------------------------------------------------


def resolve_payment_account(book: Book, fields: Fields) -> Account:
    """The account that a payment comes from or goes to."""
    nested = fields.child("Account")
    account = None if nested is None else resolve_account(book, nested, code_name="Code")
    if account is None:
        raise ValidationFailed("Account must be specified")
    if account.type != "BANK" and not account.enable_payments_to_account:
        raise ValidationFailed(_PAYMENT_ACCOUNT)
    return account


def _find_invoice(book: Book, fields: Fields) -> Invoice | None:
    nested = fields.child("Invoice")
    key = (nested.guid("InvoiceID") or nested.text("InvoiceNumber")) if nested else fields.text("InvoiceNumber")
    if not key:
        return None
    invoice = book.invoices.find(key)
    if invoice is None:
        raise ValidationFailed("Invoice could not be found")
    return invoice


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
    invoice = _find_invoice(book, fields)
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
        _settle_invoice(book, document, day, payments=payments)
    else:
        _settle_credit(book, document, day, payments=payments)
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
        _settle_invoice(book, document, payment.date, payments=kept)
    else:
        _settle_credit(book, document, payment.date, payments=kept)
    relief = base_relief(document, open_before + payment.amount, open_before)
    book.change(book.payments, payment, status="DELETED")
    # Settlements undone out of order can leave a cent between the reversed and the open base amount.
    gap = posted + relief if debits_bank(payment) else posted - relief
    close_gap(book, payment, payment.payment_id, document, gap)


# -- batch payments -------------------------------------------------------------------------------


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
        invoice = _find_invoice(book, entry)
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


# -- allocations ----------------------------------------------------------------------------------


def create_allocation(book: Book, credit: Credit, fields: Fields) -> Allocation:
    """Use credit to pay an invoice or bill of the same contact and currency."""
    invoice = _find_invoice(book, fields)
    if invoice is None:
        raise ValidationFailed("An allocation must reference an Invoice")
    amount = fields.decimal("Amount") or fields.decimal("AppliedAmount")
    if amount is None or amount <= 0:
        raise ValidationFailed("The allocation amount must be greater than zero")
    return allocate(book, credit, invoice, round_money(amount), fields.date("Date") or book.clock.now().date())


def allocate(book: Book, credit: Credit, invoice: Invoice, amount: Decimal, day: dt.date) -> Allocation:
    """Apply ``amount`` of ``credit`` to ``invoice``."""
    check_open(book, day)
    receivable = credit.type == "ACCRECCREDIT" or credit.type.startswith("RECEIVE")
    if (invoice.type == "ACCREC") != receivable:
        raise ValidationFailed("The credit and the invoice are not of matching types")
    if credit.status != "AUTHORISED" or invoice.status != "AUTHORISED":
        raise ValidationFailed("Allocations can only be made between Authorised documents")
    if invoice.contact is not credit.contact:
        raise ValidationFailed("The credit and the invoice must be of the same contact")
    if invoice.currency_code != credit.currency_code:
        raise ValidationFailed("The credit and the invoice must be in the same currency")
    if amount > invoice.amount_due or amount > credit.remaining_credit:
        raise ValidationFailed("The amount exceeds what is outstanding or the remaining credit")
    invoice_relief = base_relief(invoice, invoice.amount_due, invoice.amount_due - amount)
    credit_relief = base_relief(credit, credit.remaining_credit, credit.remaining_credit - amount)
    allocation = Allocation(allocation_id=book.new_id(), credit=credit, invoice=invoice, amount=amount, date=day)
    _settle_invoice(book, invoice, day, allocations=(*invoice.allocations, allocation))
    _settle_credit(book, credit, day, allocations=(*credit.allocations, allocation))
    post_allocation(book, allocation, invoice_relief, credit_relief)
    return allocation


def delete_allocation(book: Book, credit: Credit, allocation: Allocation) -> None:
    """Take an allocation back."""
    check_open(book, allocation.date)
    invoice = allocation.invoice
    due, remaining, amount = invoice.amount_due, credit.remaining_credit, allocation.amount
    posted = control_amount(allocation)
    sign = 1 if invoice.type == "ACCREC" else -1
    difference = base_relief(credit, remaining + amount, remaining) - base_relief(invoice, due + amount, due)
    book.unpost(allocation)
    _settle_invoice(
        book, invoice, allocation.date, allocations=tuple(a for a in invoice.allocations if a is not allocation)
    )
    _settle_credit(
        book, credit, allocation.date, allocations=tuple(a for a in credit.allocations if a is not allocation)
    )
    gap = posted - sign * difference
    close_gap(book, allocation, allocation.allocation_id, invoice, gap)
