"""Writes of what is bought: bills, credit notes from suppliers and purchase orders. Pure functions."""

from __future__ import annotations

from typing import Any, Final

from bookbridge.accounting.types.bills import BILLS, Bill, BillStatus
from bookbridge.connectors.kit.connector import Choice, Facts, Operation, Write
from bookbridge.connectors.kit.errors import FieldProblem
from bookbridge.connectors.xero.write_lines import (
    LINE_CHOICES,
    LINE_FIELDS,
    LINE_LENGTHS,
    line_problems,
    vendor_line,
)
from bookbridge.connectors.xero.write_parts import (
    REFERENCE_LENGTH_MAX,
    Json,
    amounts_kept_whole,
    deleted,
    vendor_date,
    vendor_rate,
    without_absent,
)


def bill(record: Bill, facts: Facts) -> Json:
    """An invoice of type ACCPAY. Without a rate Xero takes its own rate of the day."""
    return without_absent(
        {
            "Type": "ACCPAY",
            "Contact": {"ContactID": record.supplier_ref.id} if record.supplier_ref else None,
            "InvoiceNumber": record.reference or None,
            "Date": vendor_date(record.issue_date),
            "DueDate": vendor_date(record.due_date),
            "LineAmountTypes": "Exclusive",
            "CurrencyCode": record.currency,
            "CurrencyRate": vendor_rate(record.currency, record.currency_rate, facts),
            "Status": "DRAFT" if record.status is BillStatus.DRAFT else "AUTHORISED",
            "LineItems": [vendor_line(line) for line in record.line_items],
        }
    )


def bill_update(record: Bill, facts: Facts) -> Json:
    """A bill as a whole: its lines replace all that were there."""
    return {"InvoiceNumber": "", **bill(record, facts)}


def check_bill(record: Bill) -> list[FieldProblem]:
    """An approved bill needs an account on each line; amounts that Xero keeps."""
    found = line_problems(record.line_items, needs_account=record.status is BillStatus.OPEN)
    stated = (("subTotal", record.sub_total), ("taxAmount", record.tax_amount), ("totalAmount", record.total_amount))
    return found + amounts_kept_whole(stated)


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
    **LINE_CHOICES,
}
_BILL_LENGTHS: Final = {"reference": REFERENCE_LENGTH_MAX, **LINE_LENGTHS}

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
        check=check_bill,
    ),
    Write(BILLS, Operation.DELETE, "Invoices", deleted, fields=()),
)
