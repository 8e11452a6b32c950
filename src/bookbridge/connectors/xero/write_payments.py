"""Writes of payments to suppliers. Pure functions."""

from __future__ import annotations

from typing import Any, Final

from bookbridge.accounting.types.bill_payments import (
    BILL_PAYMENTS,
    BillPayment,
    BillPaymentLineLinkType,
)
from bookbridge.connectors.kit.connector import Choice, Facts, Operation, Write
from bookbridge.connectors.kit.errors import FieldProblem
from bookbridge.connectors.xero.write_parts import (
    REFERENCE_LENGTH_MAX,
    Json,
    deleted,
    kept_whole,
    vendor_date,
    vendor_rate,
    without_absent,
)


def bill_payment(record: BillPayment, facts: Facts) -> Json:
    """A payment of one bill, from a bank account or another account that takes payments."""
    return without_absent(
        {
            "Invoice": {"InvoiceID": record.lines[0].links[0].id},
            "Account": {"AccountID": record.account_ref.id} if record.account_ref else None,
            "Date": vendor_date(record.date),
            "Amount": record.total_amount,
            "Reference": record.reference,
            "CurrencyRate": vendor_rate(record.currency, record.currency_rate, facts),
        }
    )


def check_bill_payment(record: BillPayment) -> list[FieldProblem]:
    """One line, linked to one bill, for the whole amount."""
    if len(record.lines) != 1 or len(record.lines[0].links) != 1:
        return [FieldProblem("lines", "A payment in Xero pays one bill: one line with one link.")]
    line = record.lines[0]
    link = line.links[0]
    found = kept_whole("totalAmount", record.total_amount)
    if link.type is not BillPaymentLineLinkType.BILL:
        found.append(FieldProblem("lines[0].links[0].type", "The link must be of type Bill."))
    if not link.id:
        found.append(FieldProblem("lines[0].links[0].id", "The link must name the bill."))
    if record.total_amount is None or record.total_amount <= 0:
        found.append(FieldProblem("totalAmount", "The amount must be greater than zero."))
    elif line.amount != record.total_amount:
        found.append(FieldProblem("lines[0].amount", "The line's amount must be the payment's total."))
    return found


PAYMENT_WRITES: Final[tuple[Write[Any], ...]] = (
    Write(
        BILL_PAYMENTS,
        Operation.CREATE,
        "Payments",
        bill_payment,
        fields=(
            "supplierRef.id",
            "accountRef.id",
            "totalAmount",
            "currency",
            "currencyRate",
            "date",
            "reference",
            "lines.amount",
            "lines.allocatedOnDate",
            "lines.links.type",
            "lines.links.id",
            "lines.links.amount",
        ),
        required=("accountRef.id", "totalAmount", "date", "lines", "lines.links"),
        choices={
            "accountRef.id": Choice(records_of="chartOfAccounts"),
            "lines.links.type": Choice(("Bill",)),
            "lines.links.id": Choice(records_of="bills"),
        },
        length_max={"reference": REFERENCE_LENGTH_MAX},
        check=check_bill_payment,
    ),
    Write(BILL_PAYMENTS, Operation.DELETE, "Payments", deleted, fields=()),
)
