"""Shapes of bills and of credit notes from suppliers. Pure functions; the hot path of a sync."""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.allocations import AllocatedPayment, Allocation, PaymentAllocation
from bookbridge.accounting.money import ZERO
from bookbridge.accounting.records import DELETED, LIVE
from bookbridge.accounting.references import (
    AccountRef,
    ItemRef,
    SupplierRef,
    TaxRateRef,
    TrackingCategoryRef,
)
from bookbridge.accounting.tracking import BilledTo, Tracking
from bookbridge.accounting.types.bill_credit_notes import (
    BillCreditNote,
    BillCreditNoteLineItem,
    BillCreditNoteStatus,
)
from bookbridge.accounting.types.bills import Bill, BillLineItem, BillStatus
from bookbridge.connectors.kit.connector import Facts
from bookbridge.connectors.xero import document_payloads, payloads
from bookbridge.connectors.xero.amounts import currency_rate, line_amounts
from bookbridge.connectors.xero.dates import day, moment

UNDATED = "0001-01-01T00:00:00"
"""The required date of a document that Xero gave none (never seen): no day that anyone could mean."""

_BILL_STATUSES = {
    "DRAFT": BillStatus.DRAFT,
    # Waiting for approval inside Xero: not yet a debt, so nearer to Draft than to Open.
    "SUBMITTED": BillStatus.DRAFT,
    "PAID": BillStatus.PAID,
    "VOIDED": BillStatus.VOID,
    "DELETED": BillStatus.VOID,
}

_CREDIT_STATUSES = {
    "DRAFT": BillCreditNoteStatus.DRAFT,
    "SUBMITTED": BillCreditNoteStatus.DRAFT,
    "PAID": BillCreditNoteStatus.PAID,
    "VOIDED": BillCreditNoteStatus.VOID,
    "DELETED": BillCreditNoteStatus.VOID,
}


def bill(payload: document_payloads.Invoice, facts: Facts) -> Bill | None:
    """An invoice of type ACCPAY; None for a sales invoice."""
    if payload.type != "ACCPAY":
        return None
    base = facts.get("base_currency")
    currency = payload.currency_code or base
    rate = currency_rate(currency, payload.currency_rate, base)
    return Bill(
        id=payload.invoice_id,
        reference=payload.invoice_number or "",
        supplier_ref=supplier_ref(payload.contact),
        issue_date=day(payload.date) or day(payload.updated_date_utc) or UNDATED,
        due_date=day(payload.due_date),
        currency=currency,
        currency_rate=rate,
        line_items=tuple([_bill_line(line, payload.line_amount_types, currency) for line in payload.line_items or ()]),
        status=_bill_status(payload),
        sub_total=payload.sub_total if payload.sub_total is not None else ZERO,
        tax_amount=payload.total_tax if payload.total_tax is not None else ZERO,
        total_amount=payload.total if payload.total is not None else ZERO,
        amount_due=payload.amount_due,
        payment_allocations=document_allocations(payload, currency, rate, base),
        source_modified_date=moment(payload.updated_date_utc),
        metadata=DELETED if payload.status == "DELETED" else LIVE,
    )


def _bill_status(payload: document_payloads.Invoice) -> BillStatus:
    if payload.status == "AUTHORISED":
        used = (payload.amount_paid or ZERO) + (payload.amount_credited or ZERO)
        return BillStatus.PARTIALLY_PAID if used > 0 else BillStatus.OPEN
    return _BILL_STATUSES.get(payload.status or "", BillStatus.UNKNOWN)


def _bill_line(line: document_payloads.LineItem, amount_types: str | None, currency: str | None) -> BillLineItem:
    # Each kind of line names its class and fields itself, here and in `read_sales`, `read_bank`, `read_orders`: handed
    # on in a dict they take twice the time, and lines are most of a sync.
    amounts = line_amounts(line, amount_types, currency)
    categories = tracking_refs(line)
    return BillLineItem(
        description=line.description,
        unit_amount=amounts.unit,
        quantity=amounts.quantity,
        discount_amount=amounts.discount,
        discount_percentage=amounts.discount_percentage,
        sub_total=amounts.sub_total,
        tax_amount=amounts.tax,
        total_amount=amounts.total,
        account_ref=AccountRef(id=line.account_id) if line.account_id else None,
        tax_rate_ref=TaxRateRef(id=line.tax_type) if line.tax_type else None,
        item_ref=item_ref(line),
        tracking_category_refs=categories,
        tracking=_tracking(categories),
        is_direct_cost=False,
    )


def item_ref(line: document_payloads.LineItem) -> ItemRef | None:
    """The product or service of the line, when it was picked from the list of items."""
    item = line.item
    return ItemRef(id=item.item_id, name=item.name) if item and item.item_id else None


def tracking_refs(line: document_payloads.LineItem) -> tuple[TrackingCategoryRef, ...]:
    """The options that the line is tracked under, named as people see them in Xero."""
    if not line.tracking:
        return ()
    return tuple(
        [
            TrackingCategoryRef(id=entry.tracking_option_id, name=entry.option)
            for entry in line.tracking
            if entry.tracking_option_id
        ]
    )


# Records are immutable, so the lines without categories (most of them) can share one value.
_NOT_TRACKED = Tracking(category_refs=(), is_billed_to=BilledTo.NOT_APPLICABLE, is_rebilled_to=BilledTo.NOT_APPLICABLE)


def _tracking(categories: tuple[TrackingCategoryRef, ...]) -> Tracking:
    if not categories:
        return _NOT_TRACKED
    return Tracking(
        category_refs=categories,
        is_billed_to=BilledTo.NOT_APPLICABLE,
        is_rebilled_to=BilledTo.NOT_APPLICABLE,
    )


def supplier_ref(contact: payloads.ContactSummary | None) -> SupplierRef | None:
    """The supplier, when the vendor said which."""
    if contact is None or not contact.contact_id:
        return None
    return SupplierRef(id=contact.contact_id, supplier_name=contact.name)


def document_allocations(
    payload: document_payloads.Invoice, currency: str | None, rate: Decimal | None, base: str | None
) -> tuple[PaymentAllocation, ...]:
    """The payments, credit notes, over- and prepayments that were set against a bill or an invoice."""
    if not (payload.payments or payload.credit_notes or payload.prepayments or payload.overpayments):
        return ()
    found: list[PaymentAllocation] = []
    for payment in payload.payments or ():
        if payment.amount is None or payment.status == "DELETED":
            continue
        paid_rate = currency_rate(currency, payment.currency_rate, base)
        # The sign tells what the allocation does to the debt: a payment lowers it.
        found.append(_payment_allocation(payment, payment.amount, -payment.amount, currency, paid_rate))
    applied: list[tuple[str | None, str | None, Decimal | None]] = [
        *((note.credit_note_id, note.date, note.applied_amount) for note in payload.credit_notes or ()),
        *((paid.prepayment_id, paid.date, paid.applied_amount) for paid in payload.prepayments or ()),
        *((paid.overpayment_id, paid.date, paid.applied_amount) for paid in payload.overpayments or ()),
    ]
    for credit_id, date, amount in applied:
        if amount is not None:
            found.append(_credit_allocation(credit_id, date, amount, -amount, currency, rate))
    return tuple(found)


def _payment_allocation(
    payment: document_payloads.PaymentSummary,
    paid: Decimal,
    allocated: Decimal,
    currency: str | None,
    rate: Decimal | None,
) -> PaymentAllocation:
    account = payment.account
    date = day(payment.date)
    return PaymentAllocation(
        payment=AllocatedPayment(
            id=payment.payment_id,
            reference=payment.reference or None,
            account_ref=AccountRef(id=account.account_id, name=account.name)
            if account and account.account_id
            else None,
            currency=currency,
            currency_rate=rate,
            paid_on_date=date,
            total_amount=paid,
        ),
        allocation=Allocation(currency=currency, currency_rate=rate, allocated_on_date=date, total_amount=allocated),
    )


def _credit_allocation(
    credit_id: str | None,
    date: str | None,
    amount: Decimal,
    allocated: Decimal,
    currency: str | None,
    rate: Decimal | None,
) -> PaymentAllocation:
    on = day(date)
    return PaymentAllocation(
        payment=AllocatedPayment(
            id=credit_id, currency=currency, currency_rate=rate, paid_on_date=on, total_amount=amount
        ),
        allocation=Allocation(currency=currency, currency_rate=rate, allocated_on_date=on, total_amount=allocated),
    )


def bill_credit_note(payload: document_payloads.CreditNote, facts: Facts) -> BillCreditNote | None:
    """A credit note of type ACCPAYCREDIT; None for one that we gave a customer."""
    if payload.type != "ACCPAYCREDIT":
        return None
    base = facts.get("base_currency")
    currency = payload.currency_code or base
    rate = currency_rate(currency, payload.currency_rate, base)
    return BillCreditNote(
        id=payload.credit_note_id,
        bill_credit_note_number=payload.credit_note_number or None,
        supplier_ref=supplier_ref(payload.contact),
        issue_date=day(payload.date),
        allocated_on_date=used_up_on(payload),
        currency=currency,
        currency_rate=rate,
        line_items=tuple(_credit_line(line, payload.line_amount_types, currency) for line in payload.line_items or ()),
        status=_credit_status(payload),
        sub_total=payload.sub_total if payload.sub_total is not None else ZERO,
        total_tax_amount=payload.total_tax if payload.total_tax is not None else ZERO,
        total_amount=payload.total if payload.total is not None else ZERO,
        # Xero knows discounts on lines only.
        total_discount=ZERO,
        discount_percentage=ZERO,
        remaining_credit=payload.remaining_credit,
        payment_allocations=credit_allocations(payload, currency, rate, base),
        note=payload.reference or None,
        source_modified_date=moment(payload.updated_date_utc),
        metadata=DELETED if payload.status == "DELETED" else LIVE,
    )


def _credit_status(payload: document_payloads.CreditNote) -> BillCreditNoteStatus:
    if payload.status == "AUTHORISED":
        untouched = payload.remaining_credit is None or payload.remaining_credit == payload.total
        return BillCreditNoteStatus.SUBMITTED if untouched else BillCreditNoteStatus.PARTIALLY_PAID
    return _CREDIT_STATUSES.get(payload.status or "", BillCreditNoteStatus.UNKNOWN)


def used_up_on(payload: document_payloads.CreditNote) -> str | None:
    """The day on which the last of a credit note was used; None while some of it remains."""
    if payload.status != "PAID":
        return None
    if payload.fully_paid_on_date:
        return day(payload.fully_paid_on_date)
    dates = [day(allocation.date) for allocation in payload.allocations or ()]
    dates += [day(refund.date) for refund in payload.payments or ()]
    return max((date for date in dates if date), default=None)


def _credit_line(
    line: document_payloads.LineItem, amount_types: str | None, currency: str | None
) -> BillCreditNoteLineItem:
    amounts = line_amounts(line, amount_types, currency)
    categories = tracking_refs(line)
    return BillCreditNoteLineItem(
        description=line.description,
        unit_amount=amounts.unit,
        quantity=amounts.quantity,
        discount_amount=amounts.discount,
        discount_percentage=amounts.discount_percentage,
        sub_total=amounts.sub_total,
        tax_amount=amounts.tax,
        total_amount=amounts.total,
        account_ref=AccountRef(id=line.account_id) if line.account_id else None,
        tax_rate_ref=TaxRateRef(id=line.tax_type) if line.tax_type else None,
        item_ref=item_ref(line),
        tracking_category_refs=categories,
        tracking=_tracking(categories),
    )


def credit_allocations(
    payload: document_payloads.CreditNote, currency: str | None, rate: Decimal | None, base: str | None
) -> tuple[PaymentAllocation, ...]:
    """What a credit note was set against, and how much of it was paid out."""
    # No money moves when credit is set against a bill: the payment's own total is zero.
    used = [
        _credit_allocation(payload.credit_note_id, entry.date, ZERO, entry.amount, currency, rate)
        for entry in payload.allocations or ()
        if entry.amount is not None and not entry.is_deleted
    ]
    refunds = [
        _payment_allocation(
            refund, refund.amount, refund.amount, currency, currency_rate(currency, refund.currency_rate, base)
        )
        for refund in payload.payments or ()
        if refund.amount is not None and refund.status != "DELETED"
    ]
    return (*used, *refunds)
