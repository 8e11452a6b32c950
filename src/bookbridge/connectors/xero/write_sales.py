"""Writes of what is sold: invoices and credit notes to customers. Pure functions."""

from __future__ import annotations

from typing import Any, Final

from bookbridge.accounting.line_amounts import PER_CENT
from bookbridge.accounting.money import exact_product, round_half_up
from bookbridge.accounting.types.credit_notes import CREDIT_NOTES, CreditNote, CreditNoteStatus
from bookbridge.accounting.types.invoices import INVOICES, Invoice, InvoiceLineItem, InvoiceStatus
from bookbridge.connectors.kit.connector import Choice, Facts, Operation, Write
from bookbridge.connectors.kit.errors import FieldProblem
from bookbridge.connectors.xero.write_lines import (
    LINE_FIELDS,
    LINE_LENGTHS,
    LINE_NOTES,
    LINE_USUAL,
    SOLD_CHOICES,
    document,
    line_problems,
    total_problems,
    vendor_line,
)
from bookbridge.connectors.xero.write_parts import (
    AMOUNT_PLACES,
    REFERENCE_LENGTH_MAX,
    Json,
    deleted,
    kept_whole,
    line_amount,
    vendor_date,
    without_absent,
)

PER_CENT_PLACES: Final = 2
"""Decimal places of a discount in per cent that Xero is trusted to keep."""


def invoice(record: Invoice, facts: Facts) -> Json:
    """An invoice of type ACCREC. Without a number Xero gives the next one of its own."""
    status = "DRAFT" if record.status is InvoiceStatus.DRAFT else "AUTHORISED"
    customer_id = record.customer_ref.id if record.customer_ref else None
    common = document(customer_id, record.issue_date, status, record.currency, record.currency_rate, facts)
    own = {
        "Type": "ACCREC",
        "InvoiceNumber": record.invoice_number or None,
        "Reference": record.note or None,
        "DueDate": vendor_date(record.due_date),
        "LineItems": [{**vendor_line(line), **_discount(line)} for line in record.line_items],
    }
    return {**common, **without_absent(own)}


def invoice_update(record: Invoice, facts: Facts) -> Json:
    """An invoice as a whole: its lines replace all that were there; only the number stays if the record has none."""
    return {"Reference": "", **invoice(record, facts)}


def _discount(line: InvoiceLineItem) -> Json:
    """The discount in per cent where that comes to the amount stated, else the amount: it is what was agreed."""
    amount, percentage = line.discount_amount, line.discount_percentage
    if percentage:
        share = exact_product(percentage, PER_CENT)
        worked_out = round_half_up(exact_product(line_amount(line.unit_amount, line.quantity), share), AMOUNT_PLACES)
        if amount is None or amount == worked_out:
            return {"DiscountRate": percentage}
    return {"DiscountAmount": amount} if amount else {}


def check_invoice(record: Invoice) -> list[FieldProblem]:
    """An approved invoice needs an account on each line; discounts on lines only; amounts that Xero keeps."""
    needs_account = record.status is InvoiceStatus.SUBMITTED
    found = line_problems(record.line_items, needs_account=needs_account, takes_discounts=True)
    found += total_problems(record, record.discount_percentage)
    for position, line in enumerate(record.line_items):
        prefix = f"lineItems[{position}]"
        found += kept_whole(f"{prefix}.discountAmount", line.discount_amount)
        found += kept_whole(f"{prefix}.discountPercentage", line.discount_percentage, PER_CENT_PLACES)
    return found


def credit_note(record: CreditNote, facts: Facts) -> Json:
    """A credit note of type ACCRECCREDIT, not yet set against anything."""
    status = "DRAFT" if record.status is CreditNoteStatus.DRAFT else "AUTHORISED"
    customer_id = record.customer_ref.id if record.customer_ref else None
    common = document(customer_id, record.issue_date, status, record.currency, record.currency_rate, facts)
    own = {
        "Type": "ACCRECCREDIT",
        "CreditNoteNumber": record.credit_note_number or None,
        "Reference": record.note or None,
        "LineItems": [vendor_line(line) for line in record.line_items],
    }
    return {**common, **without_absent(own)}


def credit_note_update(record: CreditNote, facts: Facts) -> Json:
    """A credit note as a whole: its lines replace all that were there; only the number stays if the record has none."""
    return {"Reference": "", **credit_note(record, facts)}


def check_credit_note(record: CreditNote) -> list[FieldProblem]:
    """An approved credit note needs an account on each line; no discounts; amounts that Xero keeps."""
    found = line_problems(record.line_items, needs_account=record.status is CreditNoteStatus.SUBMITTED)
    return found + total_problems(record, record.discount_percentage)


_COMMON_FIELDS: Final = (
    "customerRef.id",
    "issueDate",
    "currency",
    "currencyRate",
    "status",
    "subTotal",
    "totalTaxAmount",
    "totalAmount",
    "note",
    *LINE_FIELDS,
)
_INVOICE_FIELDS: Final = (
    "invoiceNumber",
    "dueDate",
    *_COMMON_FIELDS,
    "lineItems.discountAmount",
    "lineItems.discountPercentage",
)
_CREDIT_FIELDS: Final = ("creditNoteNumber", *_COMMON_FIELDS)
_INVOICE_REQUIRED: Final = ("customerRef.id", "dueDate", "lineItems", "lineItems.description")
_CREDIT_REQUIRED: Final = ("customerRef.id", "issueDate", "lineItems", "lineItems.description")
_CHOICES: Final = {
    "status": Choice(("Draft", "Submitted")),
    "customerRef.id": Choice(records_of="customers"),
    **SOLD_CHOICES,
}
_LENGTHS: Final = {
    "invoiceNumber": REFERENCE_LENGTH_MAX,
    "note": REFERENCE_LENGTH_MAX,
    **LINE_LENGTHS,
}
_CREDIT_LENGTHS: Final = {
    "creditNoteNumber": REFERENCE_LENGTH_MAX,
    "note": REFERENCE_LENGTH_MAX,
    **LINE_LENGTHS,
}

SALES_WRITES: Final[tuple[Write[Any], ...]] = (
    Write(
        INVOICES,
        Operation.CREATE,
        "Invoices",
        invoice,
        fields=_INVOICE_FIELDS,
        required=_INVOICE_REQUIRED,
        choices=_CHOICES,
        length_max=_LENGTHS,
        usual=LINE_USUAL,
        notes=LINE_NOTES,
        check=check_invoice,
    ),
    Write(
        INVOICES,
        Operation.UPDATE,
        "Invoices",
        invoice_update,
        fields=_INVOICE_FIELDS,
        required=_INVOICE_REQUIRED,
        choices=_CHOICES,
        length_max=_LENGTHS,
        usual=LINE_USUAL,
        notes=LINE_NOTES,
        check=check_invoice,
    ),
    Write(INVOICES, Operation.DELETE, "Invoices", deleted, fields=()),
    Write(
        CREDIT_NOTES,
        Operation.CREATE,
        "CreditNotes",
        credit_note,
        fields=_CREDIT_FIELDS,
        required=_CREDIT_REQUIRED,
        choices=_CHOICES,
        length_max=_CREDIT_LENGTHS,
        usual=LINE_USUAL,
        notes=LINE_NOTES,
        check=check_credit_note,
    ),
    Write(
        CREDIT_NOTES,
        Operation.UPDATE,
        "CreditNotes",
        credit_note_update,
        fields=_CREDIT_FIELDS,
        required=_CREDIT_REQUIRED,
        choices=_CHOICES,
        length_max=_CREDIT_LENGTHS,
        usual=LINE_USUAL,
        notes=LINE_NOTES,
        check=check_credit_note,
    ),
)
