"""What Xero sends of invoices, credit notes and what pays them.

As in `payloads`: only what we read, everything but ids may be absent, amounts are Decimal, and the first field
of a listed payload is its id. This module must not know our records.
"""

from __future__ import annotations

from decimal import Decimal

from bookbridge.connectors.xero.payloads import ContactSummary, Payload


class LineTracking(Payload):
    tracking_option_id: str | None = None
    name: str | None = None
    option: str | None = None


class LineItemItem(Payload):
    item_id: str | None = None
    name: str | None = None


class LineItem(Payload):
    line_item_id: str | None = None
    description: str | None = None
    quantity: Decimal | None = None
    unit_amount: Decimal | None = None
    line_amount: Decimal | None = None
    tax_amount: Decimal | None = None
    tax_type: str | None = None
    discount_rate: Decimal | None = None
    discount_amount: Decimal | None = None
    account_id: str | None = None
    account_code: str | None = None
    item: LineItemItem | None = None
    tracking: tuple[LineTracking, ...] | None = None


class AccountSummary(Payload):
    account_id: str | None = None
    code: str | None = None
    name: str | None = None


class PaymentSummary(Payload):
    """A payment as it is listed inside the document that it pays."""

    payment_id: str | None = None
    date: str | None = None
    amount: Decimal | None = None
    reference: str | None = None
    currency_rate: Decimal | None = None
    account: AccountSummary | None = None
    status: str | None = None


class CreditNoteSummary(Payload):
    credit_note_id: str | None = None
    credit_note_number: str | None = None
    date: str | None = None
    applied_amount: Decimal | None = None
    total: Decimal | None = None
    contact: ContactSummary | None = None
    currency_code: str | None = None


class PrepaymentSummary(Payload):
    prepayment_id: str | None = None
    date: str | None = None
    applied_amount: Decimal | None = None
    total: Decimal | None = None
    contact: ContactSummary | None = None
    currency_code: str | None = None


class OverpaymentSummary(Payload):
    overpayment_id: str | None = None
    date: str | None = None
    applied_amount: Decimal | None = None
    total: Decimal | None = None
    contact: ContactSummary | None = None
    currency_code: str | None = None


class Invoice(Payload):
    invoice_id: str
    type: str | None = None
    invoice_number: str | None = None
    reference: str | None = None
    status: str | None = None
    contact: ContactSummary | None = None
    date: str | None = None
    due_date: str | None = None
    fully_paid_on_date: str | None = None
    currency_code: str | None = None
    currency_rate: Decimal | None = None
    line_amount_types: str | None = None
    line_items: tuple[LineItem, ...] | None = None
    sub_total: Decimal | None = None
    total_tax: Decimal | None = None
    total: Decimal | None = None
    amount_due: Decimal | None = None
    amount_paid: Decimal | None = None
    amount_credited: Decimal | None = None
    payments: tuple[PaymentSummary, ...] | None = None
    credit_notes: tuple[CreditNoteSummary, ...] | None = None
    prepayments: tuple[PrepaymentSummary, ...] | None = None
    overpayments: tuple[OverpaymentSummary, ...] | None = None
    updated_date_utc: str | None = None


class InvoiceSummary(Payload):
    """The document that a payment or an allocation is for."""

    invoice_id: str | None = None
    type: str | None = None
    invoice_number: str | None = None
    contact: ContactSummary | None = None
    currency_code: str | None = None


class Allocation(Payload):
    allocation_id: str | None = None
    amount: Decimal | None = None
    date: str | None = None
    invoice: InvoiceSummary | None = None
    is_deleted: bool | None = None


class CreditNote(Payload):
    credit_note_id: str
    type: str | None = None
    credit_note_number: str | None = None
    reference: str | None = None
    status: str | None = None
    contact: ContactSummary | None = None
    date: str | None = None
    fully_paid_on_date: str | None = None
    currency_code: str | None = None
    currency_rate: Decimal | None = None
    line_amount_types: str | None = None
    line_items: tuple[LineItem, ...] | None = None
    sub_total: Decimal | None = None
    total_tax: Decimal | None = None
    total: Decimal | None = None
    remaining_credit: Decimal | None = None
    allocations: tuple[Allocation, ...] | None = None
    payments: tuple[PaymentSummary, ...] | None = None
    updated_date_utc: str | None = None


class Overpayment(Payload):
    overpayment_id: str
    type: str | None = None
    reference: str | None = None
    status: str | None = None
    contact: ContactSummary | None = None
    date: str | None = None
    currency_code: str | None = None
    currency_rate: Decimal | None = None
    total: Decimal | None = None
    remaining_credit: Decimal | None = None
    allocations: tuple[Allocation, ...] | None = None
    updated_date_utc: str | None = None


class Prepayment(Payload):
    prepayment_id: str
    type: str | None = None
    reference: str | None = None
    status: str | None = None
    contact: ContactSummary | None = None
    date: str | None = None
    currency_code: str | None = None
    currency_rate: Decimal | None = None
    total: Decimal | None = None
    remaining_credit: Decimal | None = None
    allocations: tuple[Allocation, ...] | None = None
    updated_date_utc: str | None = None


class Payment(Payload):
    payment_id: str
    payment_type: str | None = None
    status: str | None = None
    date: str | None = None
    amount: Decimal | None = None
    reference: str | None = None
    currency_rate: Decimal | None = None
    account: AccountSummary | None = None
    invoice: InvoiceSummary | None = None
    credit_note: CreditNoteSummary | None = None
    prepayment: PrepaymentSummary | None = None
    overpayment: OverpaymentSummary | None = None
    batch_payment_id: str | None = None
    updated_date_utc: str | None = None
