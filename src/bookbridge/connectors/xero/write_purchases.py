"""Writes of what is bought: bills and credit notes from suppliers. Pure functions."""

from __future__ import annotations

from typing import Any, Final

from bookbridge.accounting.types.bill_credit_notes import BILL_CREDIT_NOTES, BillCreditNote, BillCreditNoteStatus
from bookbridge.accounting.types.bills import BILLS, Bill, BillStatus
from bookbridge.connectors.kit.connector import Choice, Facts, Operation, Write
from bookbridge.connectors.kit.errors import FieldProblem
from bookbridge.connectors.xero.write_lines import (
    BOUGHT_CHOICES,
    LINE_FIELDS,
    LINE_LENGTHS,
    LINE_NOTES,
    LINE_USUAL,
    document,
    line_problems,
    total_problems,
    vendor_line,
)
from bookbridge.connectors.xero.write_parts import (
    REFERENCE_LENGTH_MAX,
    Json,
    amounts_kept_whole,
    deleted,
    vendor_date,
    without_absent,
)


def bill(record: Bill, facts: Facts) -> Json:
    """An invoice of type ACCPAY."""
    status = "DRAFT" if record.status is BillStatus.DRAFT else "AUTHORISED"
    supplier_id = record.supplier_ref.id if record.supplier_ref else None
    common = document(supplier_id, record.issue_date, status, record.currency, record.currency_rate, facts)
    own = {
        "Type": "ACCPAY",
        "InvoiceNumber": record.reference or None,
        "DueDate": vendor_date(record.due_date),
        "LineItems": [vendor_line(line) for line in record.line_items],
    }
    return {**common, **without_absent(own)}


def bill_update(record: Bill, facts: Facts) -> Json:
    """A bill as a whole: its lines replace all that were there."""
    return {"InvoiceNumber": "", **bill(record, facts)}


def check_bill(record: Bill) -> list[FieldProblem]:
    """An approved bill needs an account on each line; amounts that Xero keeps."""
    found = line_problems(record.line_items, needs_account=record.status is BillStatus.OPEN)
    stated = (("subTotal", record.sub_total), ("taxAmount", record.tax_amount), ("totalAmount", record.total_amount))
    return found + amounts_kept_whole(stated)


def bill_credit_note(record: BillCreditNote, facts: Facts) -> Json:
    """A credit note of type ACCPAYCREDIT, not yet set against anything."""
    status = "DRAFT" if record.status is BillCreditNoteStatus.DRAFT else "AUTHORISED"
    supplier_id = record.supplier_ref.id if record.supplier_ref else None
    common = document(supplier_id, record.issue_date, status, record.currency, record.currency_rate, facts)
    own = {
        "Type": "ACCPAYCREDIT",
        "CreditNoteNumber": record.bill_credit_note_number or None,
        "LineItems": [vendor_line(line) for line in record.line_items],
    }
    return {**common, **without_absent(own)}


def check_bill_credit_note(record: BillCreditNote) -> list[FieldProblem]:
    """An approved credit note needs an account on each line; no discounts; amounts that Xero keeps."""
    found = line_problems(record.line_items, needs_account=record.status is BillCreditNoteStatus.SUBMITTED)
    return found + total_problems(record, record.discount_percentage)


_BILL_FIELDS: Final = (
    "supplierRef.id",
    "reference",
    "issueDate",
    "dueDate",
    "currency",
    "currencyRate",
    "status",
    "subTotal",
    "taxAmount",
    "totalAmount",
    *LINE_FIELDS,
)
_BILL_REQUIRED: Final = (
    "supplierRef.id",
    "issueDate",
    "dueDate",
    "status",
    "lineItems",
    "lineItems.description",
    "lineItems.quantity",
    "lineItems.unitAmount",
    "lineItems.taxAmount",
)
_BILL_CHOICES: Final = {
    "status": Choice(("Draft", "Open")),
    "supplierRef.id": Choice(records_of="suppliers"),
    **BOUGHT_CHOICES,
}
_BILL_LENGTHS: Final = {"reference": REFERENCE_LENGTH_MAX, **LINE_LENGTHS}

_CREDIT_FIELDS: Final = (
    "supplierRef.id",
    "billCreditNoteNumber",
    "issueDate",
    "currency",
    "currencyRate",
    "status",
    "subTotal",
    "totalTaxAmount",
    "totalAmount",
    *LINE_FIELDS,
)
_CREDIT_REQUIRED: Final = ("supplierRef.id", "issueDate", "lineItems", "lineItems.description")
_CREDIT_CHOICES: Final = {
    "status": Choice(("Draft", "Submitted")),
    "supplierRef.id": Choice(records_of="suppliers"),
    **BOUGHT_CHOICES,
}
_CREDIT_LENGTHS: Final = {"billCreditNoteNumber": REFERENCE_LENGTH_MAX, **LINE_LENGTHS}

PURCHASE_WRITES: Final[tuple[Write[Any], ...]] = (
    Write(
        BILLS,
        Operation.CREATE,
        "Invoices",
        bill,
        fields=_BILL_FIELDS,
        required=_BILL_REQUIRED,
        choices=_BILL_CHOICES,
        length_max=_BILL_LENGTHS,
        usual=LINE_USUAL,
        notes=LINE_NOTES,
        check=check_bill,
    ),
    Write(
        BILLS,
        Operation.UPDATE,
        "Invoices",
        bill_update,
        fields=_BILL_FIELDS,
        required=_BILL_REQUIRED,
        choices=_BILL_CHOICES,
        length_max=_BILL_LENGTHS,
        usual=LINE_USUAL,
        notes=LINE_NOTES,
        check=check_bill,
    ),
    Write(BILLS, Operation.DELETE, "Invoices", deleted, fields=()),
    Write(
        BILL_CREDIT_NOTES,
        Operation.CREATE,
        "CreditNotes",
        bill_credit_note,
        fields=_CREDIT_FIELDS,
        required=_CREDIT_REQUIRED,
        choices=_CREDIT_CHOICES,
        length_max=_CREDIT_LENGTHS,
        usual=LINE_USUAL,
        notes=LINE_NOTES,
        check=check_bill_credit_note,
    ),
    Write(
        BILL_CREDIT_NOTES,
        Operation.UPDATE,
        "CreditNotes",
        bill_credit_note,
        fields=_CREDIT_FIELDS,
        required=_CREDIT_REQUIRED,
        choices=_CREDIT_CHOICES,
        length_max=_CREDIT_LENGTHS,
        usual=LINE_USUAL,
        notes=LINE_NOTES,
        check=check_bill_credit_note,
    ),
)
