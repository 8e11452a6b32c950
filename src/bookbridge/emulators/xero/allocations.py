"""Allocations: credit notes, overpayments and prepayments used to pay invoices and bills.

It must not create credit. Every function raises ValidationFailed when the vendor would refuse.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.journals import round_money
from bookbridge.emulators.xero.postings import base_relief, close_gap, control_amount, post_allocation
from bookbridge.emulators.xero.records import Allocation, Credit, Invoice
from bookbridge.emulators.xero.rules import check_open
from bookbridge.emulators.xero.settlement import find_invoice, settle_credit, settle_invoice
from bookbridge.emulators.xero.wire import Fields, ValidationFailed


def create_allocation(book: Book, credit: Credit, fields: Fields) -> Allocation:
    """Use credit to pay an invoice or bill of the same contact and currency."""
    invoice = find_invoice(book, fields)
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
    settle_invoice(book, invoice, day, allocations=(*invoice.allocations, allocation))
    settle_credit(book, credit, day, allocations=(*credit.allocations, allocation))
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
    settle_invoice(
        book, invoice, allocation.date, allocations=tuple(a for a in invoice.allocations if a is not allocation)
    )
    settle_credit(
        book, credit, allocation.date, allocations=tuple(a for a in credit.allocations if a is not allocation)
    )
    gap = posted - sign * difference
    close_gap(book, allocation, allocation.allocation_id, invoice, gap)
