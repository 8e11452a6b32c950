"""Writes of payments to suppliers and from customers, one call of Xero's for each case (see `payment_cases`).

Pure functions.
"""

from __future__ import annotations

from typing import Any, Final

from bookbridge.accounting.types.bill_payments import BILL_PAYMENTS, BillPayment, BillPaymentLineLinkType
from bookbridge.accounting.types.payments import PAYMENTS, Payment, PaymentLinkType
from bookbridge.connectors.kit.connector import Choice, Facts, Operation, Write
from bookbridge.connectors.kit.errors import FieldProblem
from bookbridge.connectors.xero.payment_cases import AnyPayment, Case, Side, case_of, case_problems, links_of
from bookbridge.connectors.xero.write_parts import (
    REFERENCE_LENGTH_MAX,
    Json,
    deleted,
    vendor_date,
    vendor_rate,
    without_absent,
)

TO_SUPPLIERS: Final = Side(
    document=BillPaymentLineLinkType.BILL,
    credit=BillPaymentLineLinkType.CREDIT_NOTE,
    advance=BillPaymentLineLinkType.BILL_PAYMENT,
    on_account=BillPaymentLineLinkType.PAYMENT_ON_ACCOUNT,
    noun="bill",
    contact="supplier",
    overpayment_type="SPEND-OVERPAYMENT",
    refund_types=("APCREDITPAYMENT", "APOVERPAYMENTPAYMENT", "APPREPAYMENTPAYMENT"),
)
FROM_CUSTOMERS: Final = Side(
    document=PaymentLinkType.INVOICE,
    credit=PaymentLinkType.CREDIT_NOTE,
    advance=PaymentLinkType.PAYMENT,
    on_account=PaymentLinkType.PAYMENT_ON_ACCOUNT,
    noun="invoice",
    contact="customer",
    overpayment_type="RECEIVE-OVERPAYMENT",
    refund_types=("ARCREDITPAYMENT", "AROVERPAYMENTPAYMENT", "ARPREPAYMENTPAYMENT"),
)

ON_ACCOUNT_DESCRIPTION: Final = "Payment on account"
"""What stands on the line of money on account that has no reference: Xero wants words there."""


def bill_payment(record: BillPayment, facts: Facts) -> Json:
    """A payment to a supplier, a refund from one, or credit of theirs that is used."""
    return _payload(record, TO_SUPPLIERS, record.supplier_ref.id if record.supplier_ref else None, facts)


def payment(record: Payment, facts: Facts) -> Json:
    """A payment from a customer, a refund to one, or credit of theirs that is used."""
    return _payload(record, FROM_CUSTOMERS, record.customer_ref.id if record.customer_ref else None, facts)


def side_of(record: BillPayment | Payment) -> Side:
    """The side of the books that a payment is on."""
    return TO_SUPPLIERS if isinstance(record, BillPayment) else FROM_CUSTOMERS


def payment_path(record: BillPayment | Payment) -> str:
    """Where at Xero a payment is made."""
    side = side_of(record)
    match case_of(record, side):
        case Case.BATCH:
            return "BatchPayments"
        case Case.ALLOCATION:
            return f"CreditNotes/{credit_id(record, side)}/Allocations"
        case Case.ON_ACCOUNT:
            return "BankTransactions"
    return "Payments"


def credit_id(record: AnyPayment, side: Side) -> str:
    """The credit note that is used; empty if none is."""
    return next((link.id or "" for link in links_of(record) if link.type is side.credit), "")


def _payload(record: AnyPayment, side: Side, contact_id: str | None, facts: Facts) -> Json:
    linked = record.lines[0].links[0].id
    match case_of(record, side):
        case Case.BATCH:
            return _batch(record)
        case Case.ALLOCATION:
            return _allocations(record, side)
        case Case.ON_ACCOUNT:
            return _on_account(record, side, contact_id or linked, facts)
        case Case.CREDIT_REFUND:
            return {"CreditNote": {"CreditNoteID": linked}, **_money(record, facts)}
        case Case.ADVANCE_REFUND:
            # Or a prepayment: `completing` finds out.
            return {"Overpayment": {"OverpaymentID": linked}, **_money(record, facts)}
    return {"Invoice": {"InvoiceID": linked}, **_money(record, facts)}


def _money(record: AnyPayment, facts: Facts) -> Json:
    return without_absent(
        {
            "Account": {"AccountID": record.account_ref.id} if record.account_ref else None,
            "Date": vendor_date(record.date),
            "Amount": None if record.total_amount is None else record.total_amount.copy_abs(),
            "Reference": record.reference,
            "CurrencyRate": vendor_rate(record.currency, record.currency_rate, facts),
        }
    )


def _batch(record: AnyPayment) -> Json:
    return without_absent(
        {
            "Account": {"AccountID": record.account_ref.id} if record.account_ref else None,
            "Date": vendor_date(record.date),
            "Reference": record.reference or None,
            "Payments": [{"Invoice": {"InvoiceID": line.links[0].id}, "Amount": line.amount} for line in record.lines],
        }
    )


def _allocations(record: AnyPayment, side: Side) -> Json:
    return {
        "Allocations": [
            {
                "Invoice": {"InvoiceID": link.id},
                "Amount": link.amount.copy_abs() if link.amount is not None else None,
                "Date": vendor_date(line.allocated_on_date or record.date),
            }
            for line in record.lines
            for link in line.links
            if link.type is side.document
        ]
    }


def _on_account(record: AnyPayment, side: Side, contact_id: str | None, facts: Facts) -> Json:
    """An overpayment: Xero books it to the debtors or creditors account by itself, without tax."""
    line = {"Description": record.reference or ON_ACCOUNT_DESCRIPTION, "Quantity": 1, "UnitAmount": record.total_amount}
    return without_absent(
        {
            "Type": side.overpayment_type,
            "Contact": {"ContactID": contact_id},
            "BankAccount": {"AccountID": record.account_ref.id} if record.account_ref else None,
            "Date": vendor_date(record.date),
            "Reference": record.reference or None,
            "LineAmountTypes": "NoTax",
            "CurrencyRate": vendor_rate(record.currency, record.currency_rate, facts),
            "LineItems": [line],
        }
    )


def check_bill_payment(record: BillPayment) -> list[FieldProblem]:
    """What Xero has no single call for, and amounts that it would round."""
    return case_problems(record, TO_SUPPLIERS, record.supplier_ref.id if record.supplier_ref else None)


def check_payment(record: Payment) -> list[FieldProblem]:
    """What Xero has no single call for, and amounts that it would round."""
    return case_problems(record, FROM_CUSTOMERS, record.customer_ref.id if record.customer_ref else None)


def batch_currency_problems(record: BillPayment | Payment, base_currency: str | None) -> list[FieldProblem]:
    """Xero pays several at once in the base currency only."""
    is_batch = case_of(record, side_of(record)) is Case.BATCH
    if not is_batch or record.currency is None or base_currency is None or record.currency.upper() == base_currency:
        return []
    message = f"Several can be paid at once in the base currency only, {base_currency}: write one payment for each."
    return [FieldProblem("currency", message)]


_FIELDS: Final = (
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
)
_REQUIRED: Final = ("totalAmount", "date", "lines", "lines.links")
_USUAL: Final = ("accountRef.id", "lines.links.id")
_NOTES: Final = {
    "accountRef.id": "May be left out where no money moves: a credit note is set against a document.",
    "totalAmount": "The sum of the lines; below zero where money comes back, zero where none moves.",
    "lines.links.id": "The document, credit note or earlier payment; may be left out of a payment on account.",
}
_LENGTHS: Final = {"reference": REFERENCE_LENGTH_MAX}
# Bank accounts, and others that payments are enabled for.
_MOVES_ON: Final = Choice(records_of="chartOfAccounts", linked="BillPayment.AccountRef.Id")


def _words(side: Side) -> Choice:
    return Choice(tuple(str(word.value) for word in (side.document, side.credit, side.advance, side.on_account)))


PAYMENT_WRITES: Final[tuple[Write[Any], ...]] = (
    Write(
        BILL_PAYMENTS,
        Operation.CREATE,
        "Payments",
        bill_payment,
        fields=("supplierRef.id", *_FIELDS),
        required=_REQUIRED,
        usual=_USUAL,
        notes=_NOTES,
        choices={
            "supplierRef.id": Choice(records_of="suppliers"),
            "accountRef.id": _MOVES_ON,
            "lines.links.type": _words(TO_SUPPLIERS),
        },
        length_max=_LENGTHS,
        check=check_bill_payment,
    ),
    Write(BILL_PAYMENTS, Operation.DELETE, "Payments", deleted, fields=()),
    Write(
        PAYMENTS,
        Operation.CREATE,
        "Payments",
        payment,
        fields=("customerRef.id", *_FIELDS),
        required=_REQUIRED,
        usual=_USUAL,
        notes=_NOTES,
        choices={
            "customerRef.id": Choice(records_of="customers"),
            "accountRef.id": _MOVES_ON,
            "lines.links.type": _words(FROM_CUSTOMERS),
        },
        length_max=_LENGTHS,
        check=check_payment,
    ),
)
