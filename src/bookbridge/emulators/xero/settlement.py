"""What settling has in common, whatever settles: finding the invoice, and its open amount and status afterwards.

It must not post, nor decide whether something may be settled.
"""

from __future__ import annotations

import datetime as dt

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.records import ZERO, Credit, CreditNote, Invoice, Overpayment, Prepayment
from bookbridge.emulators.xero.wire import Fields, ValidationFailed


def find_invoice(book: Book, fields: Fields) -> Invoice | None:
    nested = fields.child("Invoice")
    key = (nested.guid("InvoiceID") or nested.text("InvoiceNumber")) if nested else fields.text("InvoiceNumber")
    if not key:
        return None
    invoice = book.invoices.find(key)
    if invoice is None:
        raise ValidationFailed("Invoice could not be found")
    return invoice


def change_credit(book: Book, credit: Credit, **fields: object) -> None:
    """Change a credit in whichever table it lives."""
    if isinstance(credit, CreditNote):
        book.change(book.credit_notes, credit, **fields)
    elif isinstance(credit, Overpayment):
        book.change(book.overpayments, credit, **fields)
    elif isinstance(credit, Prepayment):
        book.change(book.prepayments, credit, **fields)


def settle_invoice(book: Book, invoice: Invoice, day: dt.date, **fields: object) -> None:
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


def settle_credit(book: Book, credit: Credit, day: dt.date, **fields: object) -> None:
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
