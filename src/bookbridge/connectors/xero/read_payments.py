"""Shapes of payments to suppliers and from customers, each from four lists of Xero. Pure functions.

What a payload means is understood in `settlements`; here it gets the names of its side of the books.
"""

from __future__ import annotations

from bookbridge.accounting.types.bill_payments import (
    BillPayment,
    BillPaymentLine,
    BillPaymentLineLink,
    BillPaymentLineLinkType,
)
from bookbridge.accounting.types.payments import Payment, PaymentLine, PaymentLineLink, PaymentLinkType
from bookbridge.connectors.kit.connector import Facts
from bookbridge.connectors.xero import document_payloads, settlements
from bookbridge.connectors.xero.read_documents import supplier_ref
from bookbridge.connectors.xero.read_sales import customer_ref
from bookbridge.connectors.xero.settlements import Settlement, Use

BILL_PAYMENT = "ACCPAYPAYMENT"
INVOICE_PAYMENT = "ACCRECPAYMENT"
PAYABLE_PAYMENT_TYPES = (BILL_PAYMENT, "APCREDITPAYMENT", "APOVERPAYMENTPAYMENT", "APPREPAYMENTPAYMENT")
RECEIVABLE_PAYMENT_TYPES = (INVOICE_PAYMENT, "ARCREDITPAYMENT", "AROVERPAYMENTPAYMENT", "ARPREPAYMENTPAYMENT")
"""First the payment of a document, then what is paid back of credit notes, overpayments and prepayments."""

_SPENT_TYPES = frozenset({"SPEND-OVERPAYMENT", "APOVERPAYMENT", "SPEND-PREPAYMENT", "APPREPAYMENT"})
_RECEIVED_TYPES = frozenset({"RECEIVE-OVERPAYMENT", "AROVERPAYMENT", "RECEIVE-PREPAYMENT", "ARPREPAYMENT"})

_SUPPLIER_USES = {
    Use.DOCUMENT: BillPaymentLineLinkType.BILL,
    Use.CREDIT_NOTE: BillPaymentLineLinkType.CREDIT_NOTE,
    Use.EARLIER_PAYMENT: BillPaymentLineLinkType.BILL_PAYMENT,
    Use.ON_ACCOUNT: BillPaymentLineLinkType.PAYMENT_ON_ACCOUNT,
}
_CUSTOMER_USES = {
    Use.DOCUMENT: PaymentLinkType.INVOICE,
    Use.CREDIT_NOTE: PaymentLinkType.CREDIT_NOTE,
    Use.EARLIER_PAYMENT: PaymentLinkType.PAYMENT,
    Use.ON_ACCOUNT: PaymentLinkType.PAYMENT_ON_ACCOUNT,
}


# To suppliers


def bill_payment(payload: document_payloads.Payment, facts: Facts) -> BillPayment | None:
    """A payment of one bill, or a refund of a credit, an over- or a prepayment; None for customers' payments."""
    if payload.payment_type not in PAYABLE_PAYMENT_TYPES:
        return None
    return _to_supplier(settlements.payment(payload, facts, is_refund=payload.payment_type != BILL_PAYMENT))


def credit_note_use(payload: document_payloads.CreditNote, facts: Facts) -> BillPayment | None:
    """The bills that a supplier's credit note was set against; None for drafts and customers' credit notes."""
    if payload.type != "ACCPAYCREDIT":
        return None
    used = settlements.credit_note_use(payload, facts)
    return _to_supplier(used) if used else None


def overpayment(payload: document_payloads.Overpayment, facts: Facts) -> BillPayment | None:
    """Money paid to a supplier beyond what was owed; None for a customer's overpayment."""
    if payload.type not in _SPENT_TYPES:
        return None
    return _to_supplier(settlements.on_account(payload.overpayment_id, payload, facts))


def prepayment(payload: document_payloads.Prepayment, facts: Facts) -> BillPayment | None:
    """Money paid to a supplier ahead of a bill; None for a customer's prepayment."""
    if payload.type not in _SPENT_TYPES:
        return None
    return _to_supplier(settlements.on_account(payload.prepayment_id, payload, facts))


def _to_supplier(one: Settlement) -> BillPayment:
    return BillPayment(
        id=one.id,
        supplier_ref=supplier_ref(one.contact),
        account_ref=one.account_ref,
        total_amount=one.total,
        currency=one.currency,
        currency_rate=one.currency_rate,
        date=one.date,
        reference=one.reference,
        lines=tuple(
            BillPaymentLine(
                amount=part.amount,
                links=tuple(
                    BillPaymentLineLink(type=_SUPPLIER_USES[link.use], id=link.id, amount=link.amount)
                    for link in part.links
                ),
                allocated_on_date=part.on,
            )
            for part in one.parts
        ),
        source_modified_date=one.modified,
        metadata=one.metadata,
    )


# From customers


def payment(payload: document_payloads.Payment, facts: Facts) -> Payment | None:
    """A payment of one invoice, or a refund of a credit, an over- or a prepayment; None for payments to suppliers."""
    if payload.payment_type not in RECEIVABLE_PAYMENT_TYPES:
        return None
    return _from_customer(settlements.payment(payload, facts, is_refund=payload.payment_type != INVOICE_PAYMENT))


def customer_credit_note_use(payload: document_payloads.CreditNote, facts: Facts) -> Payment | None:
    """The invoices that a customer's credit note was set against; None for drafts and suppliers' credit notes."""
    if payload.type != "ACCRECCREDIT":
        return None
    used = settlements.credit_note_use(payload, facts)
    return _from_customer(used) if used else None


def customer_overpayment(payload: document_payloads.Overpayment, facts: Facts) -> Payment | None:
    """Money that a customer paid beyond what was owed; None for an overpayment to a supplier."""
    if payload.type not in _RECEIVED_TYPES:
        return None
    return _from_customer(settlements.on_account(payload.overpayment_id, payload, facts))


def customer_prepayment(payload: document_payloads.Prepayment, facts: Facts) -> Payment | None:
    """Money that a customer paid ahead of an invoice; None for a prepayment to a supplier."""
    if payload.type not in _RECEIVED_TYPES:
        return None
    return _from_customer(settlements.on_account(payload.prepayment_id, payload, facts))


def _from_customer(one: Settlement) -> Payment:
    return Payment(
        id=one.id,
        customer_ref=customer_ref(one.contact),
        account_ref=one.account_ref,
        total_amount=one.total,
        currency=one.currency,
        currency_rate=one.currency_rate,
        date=one.date,
        reference=one.reference,
        lines=tuple(
            PaymentLine(
                amount=part.amount,
                links=tuple(
                    PaymentLineLink(type=_CUSTOMER_USES[link.use], id=link.id, amount=link.amount)
                    for link in part.links
                ),
                allocated_on_date=part.on,
            )
            for part in one.parts
        ),
        source_modified_date=one.modified,
        metadata=one.metadata,
    )
