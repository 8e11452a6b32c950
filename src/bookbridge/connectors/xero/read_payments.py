"""Shapes of what was paid to suppliers: payments, used credit notes, overpayments and prepayments.

One payload makes one record, under the payload's own id: a synthesised id per allocation would leave a
record behind for ever when the allocation is undone. Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from bookbridge.accounting.money import ZERO, exact_sum
from bookbridge.accounting.records import DELETED, LIVE, Metadata
from bookbridge.accounting.references import AccountRef
from bookbridge.accounting.types.bill_payments import (
    BillPayment,
    BillPaymentLine,
    BillPaymentLineLink,
    BillPaymentLineLinkType,
)
from bookbridge.connectors.kit.connector import Facts
from bookbridge.connectors.xero import payloads
from bookbridge.connectors.xero.amounts import currency_rate
from bookbridge.connectors.xero.dates import day, moment
from bookbridge.connectors.xero.read_documents import UNDATED, supplier_ref

BILL_PAYMENT = "ACCPAYPAYMENT"
CREDIT_NOTE_REFUND = "APCREDITPAYMENT"
OVERPAYMENT_REFUND = "APOVERPAYMENTPAYMENT"
PREPAYMENT_REFUND = "APPREPAYMENTPAYMENT"
PAYABLE_PAYMENT_TYPES = (BILL_PAYMENT, CREDIT_NOTE_REFUND, OVERPAYMENT_REFUND, PREPAYMENT_REFUND)

SPENT_TYPES = frozenset(
    {"SPEND-OVERPAYMENT", "APOVERPAYMENT", "SPEND-PREPAYMENT", "APPREPAYMENT"},
)


def bill_payment(payload: payloads.Payment, facts: Facts) -> BillPayment | None:
    """A payment of one bill, or a refund of a credit, an over- or a prepayment; None for customers' payments."""
    if payload.payment_type not in PAYABLE_PAYMENT_TYPES:
        return None
    base = facts.get("base_currency")
    paid = payload.invoice or payload.credit_note or payload.overpayment or payload.prepayment
    currency = (paid.currency_code if paid else None) or base
    amount = payload.amount if payload.amount is not None else ZERO
    total = amount if payload.payment_type == BILL_PAYMENT else -amount
    date = day(payload.date) or UNDATED
    account = payload.account
    return BillPayment(
        id=payload.payment_id,
        supplier_ref=supplier_ref(paid.contact if paid else None),
        account_ref=AccountRef(id=account.account_id, name=account.name) if account and account.account_id else None,
        total_amount=total,
        currency=currency,
        currency_rate=currency_rate(currency, payload.currency_rate, base),
        date=date,
        reference=payload.reference or None,
        lines=(BillPaymentLine(amount=total, links=(_paid_link(payload, -total),), allocated_on_date=date),),
        source_modified_date=moment(payload.updated_date_utc),
        metadata=DELETED if payload.status == "DELETED" else LIVE,
    )


def _paid_link(payload: payloads.Payment, amount: Decimal) -> BillPaymentLineLink:
    if payload.payment_type == CREDIT_NOTE_REFUND:
        credit_id = payload.credit_note.credit_note_id if payload.credit_note else None
        if credit_id is None and payload.invoice:
            # Some refunds name the credit note as if it were an invoice.
            credit_id = payload.invoice.invoice_id
        return BillPaymentLineLink(type=BillPaymentLineLinkType.CREDIT_NOTE, id=credit_id, amount=amount)
    if payload.payment_type == OVERPAYMENT_REFUND:
        original = payload.overpayment.overpayment_id if payload.overpayment else None
        return BillPaymentLineLink(type=BillPaymentLineLinkType.BILL_PAYMENT, id=original, amount=amount)
    if payload.payment_type == PREPAYMENT_REFUND:
        original = payload.prepayment.prepayment_id if payload.prepayment else None
        return BillPaymentLineLink(type=BillPaymentLineLinkType.BILL_PAYMENT, id=original, amount=amount)
    bill_id = payload.invoice.invoice_id if payload.invoice else None
    return BillPaymentLineLink(type=BillPaymentLineLinkType.BILL, id=bill_id, amount=amount)


def credit_note_use(payload: payloads.CreditNote, facts: Facts) -> BillPayment | None:
    """The bills that a credit note was set against, as one payment of zero with a line per bill.

    A credit note that is not set against anything (any more) comes as deleted, so that undoing the last
    allocation takes the payment away. None for drafts, which never had one, and for customers' credit notes.
    """
    if payload.type != "ACCPAYCREDIT" or payload.status in ("DRAFT", "SUBMITTED"):
        return None
    base = facts.get("base_currency")
    currency = payload.currency_code or base
    lines = tuple(
        BillPaymentLine(
            amount=ZERO,
            links=(
                _bill_link(allocation, -amount),
                BillPaymentLineLink(type=BillPaymentLineLinkType.CREDIT_NOTE, id=payload.credit_note_id, amount=amount),
            ),
            allocated_on_date=day(allocation.date),
        )
        for allocation, amount in _live_allocations(payload.allocations)
    )
    return BillPayment(
        id=payload.credit_note_id,
        supplier_ref=supplier_ref(payload.contact),
        total_amount=ZERO,
        currency=currency,
        currency_rate=currency_rate(currency, payload.currency_rate, base),
        date=_last_date(lines) or day(payload.date) or UNDATED,
        reference=payload.credit_note_number or None,
        lines=lines,
        source_modified_date=moment(payload.updated_date_utc),
        metadata=LIVE if lines else DELETED,
    )


def overpayment(payload: payloads.Overpayment, facts: Facts) -> BillPayment | None:
    """Money paid to a supplier beyond what was owed; None for a customer's overpayment."""
    if payload.type not in SPENT_TYPES:
        return None
    return _paid_on_account(payload.overpayment_id, payload, facts)


def prepayment(payload: payloads.Prepayment, facts: Facts) -> BillPayment | None:
    """Money paid to a supplier ahead of a bill; None for a customer's prepayment."""
    if payload.type not in SPENT_TYPES:
        return None
    return _paid_on_account(payload.prepayment_id, payload, facts)


def _paid_on_account(record_id: str, payload: payloads.Overpayment | payloads.Prepayment, facts: Facts) -> BillPayment:
    base = facts.get("base_currency")
    currency = payload.currency_code or base
    total = payload.total if payload.total is not None else ZERO
    date = day(payload.date) or UNDATED
    lines = [
        BillPaymentLine(amount=amount, links=(_bill_link(allocation, -amount),), allocated_on_date=day(allocation.date))
        for allocation, amount in _live_allocations(payload.allocations)
    ]
    unused = exact_sum((total, *(-line.amount for line in lines)))
    if unused:
        supplier = payload.contact.contact_id if payload.contact else None
        link = BillPaymentLineLink(type=BillPaymentLineLinkType.PAYMENT_ON_ACCOUNT, id=supplier, amount=-unused)
        lines.append(BillPaymentLine(amount=unused, links=(link,), allocated_on_date=date))
    return BillPayment(
        id=record_id,
        supplier_ref=supplier_ref(payload.contact),
        total_amount=total,
        currency=currency,
        currency_rate=currency_rate(currency, payload.currency_rate, base),
        date=date,
        reference=payload.reference or None,
        lines=tuple(lines),
        source_modified_date=moment(payload.updated_date_utc),
        metadata=_alive(payload.status),
    )


def _alive(status: str | None) -> Metadata:
    # A payment has no status in our records: a voided one is gone.
    return DELETED if status in ("VOIDED", "DELETED") else LIVE


def _live_allocations(
    allocations: Iterable[payloads.Allocation] | None,
) -> Iterable[tuple[payloads.Allocation, Decimal]]:
    for allocation in allocations or ():
        if allocation.amount is not None and not allocation.is_deleted:
            yield allocation, allocation.amount


def _bill_link(allocation: payloads.Allocation, amount: Decimal) -> BillPaymentLineLink:
    bill_id = allocation.invoice.invoice_id if allocation.invoice else None
    return BillPaymentLineLink(type=BillPaymentLineLinkType.BILL, id=bill_id, amount=amount)


def _last_date(lines: Iterable[BillPaymentLine]) -> str | None:
    return max((line.allocated_on_date for line in lines if line.allocated_on_date), default=None)
