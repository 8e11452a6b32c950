"""Shapes of invoices and of credit notes to customers. Pure functions."""

from __future__ import annotations

from bookbridge.accounting.money import ZERO
from bookbridge.accounting.records import DELETED, LIVE
from bookbridge.accounting.references import AccountRef, CustomerRef, TaxRateRef, TrackingCategoryRef
from bookbridge.accounting.tracking import SaleBilledTo, SalesTracking
from bookbridge.accounting.types.credit_notes import CreditNote, CreditNoteLineItem, CreditNoteStatus
from bookbridge.accounting.types.invoices import Invoice, InvoiceLineItem, InvoiceStatus
from bookbridge.connectors.kit.connector import Facts
from bookbridge.connectors.xero import document_payloads, payloads
from bookbridge.connectors.xero.amounts import currency_rate, line_amounts
from bookbridge.connectors.xero.dates import day, moment
from bookbridge.connectors.xero.read_documents import (
    UNDATED,
    credit_allocations,
    document_allocations,
    item_ref,
    tracking_refs,
    used_up_on,
)

_INVOICE_STATUSES = {
    "DRAFT": InvoiceStatus.DRAFT,
    # Waiting for approval inside Xero: nobody owes it yet, so it is not what we call Submitted.
    "SUBMITTED": InvoiceStatus.DRAFT,
    "PAID": InvoiceStatus.PAID,
    "VOIDED": InvoiceStatus.VOID,
    "DELETED": InvoiceStatus.VOID,
}

_CREDIT_STATUSES = {
    "DRAFT": CreditNoteStatus.DRAFT,
    "SUBMITTED": CreditNoteStatus.DRAFT,
    "PAID": CreditNoteStatus.PAID,
    "VOIDED": CreditNoteStatus.VOID,
    "DELETED": CreditNoteStatus.VOID,
}


def invoice(payload: document_payloads.Invoice, facts: Facts) -> Invoice | None:
    """An invoice of type ACCREC; None for a bill."""
    if payload.type != "ACCREC":
        return None
    base = facts.get("base_currency")
    currency = payload.currency_code or base
    rate = currency_rate(currency, payload.currency_rate, base)
    total = payload.total if payload.total is not None else ZERO
    return Invoice(
        id=payload.invoice_id,
        invoice_number=payload.invoice_number or "",
        customer_ref=customer_ref(payload.contact),
        issue_date=day(payload.date) or day(payload.updated_date_utc) or UNDATED,
        due_date=day(payload.due_date),
        paid_on_date=day(payload.fully_paid_on_date),
        currency=currency,
        currency_rate=rate,
        line_items=tuple([_line(line, payload.line_amount_types, currency) for line in payload.line_items or ()]),
        payment_allocations=document_allocations(payload, currency, rate, base),
        # Xero knows discounts on lines only.
        total_discount=ZERO,
        discount_percentage=ZERO,
        sub_total=payload.sub_total if payload.sub_total is not None else ZERO,
        total_tax_amount=payload.total_tax if payload.total_tax is not None else ZERO,
        total_amount=total,
        amount_due=payload.amount_due if payload.amount_due is not None else total,
        status=_invoice_status(payload),
        note=payload.reference or None,
        source_modified_date=moment(payload.updated_date_utc),
        metadata=DELETED if payload.status == "DELETED" else LIVE,
    )


def _invoice_status(payload: document_payloads.Invoice) -> InvoiceStatus:
    if payload.status == "AUTHORISED":
        used = (payload.amount_paid or ZERO) + (payload.amount_credited or ZERO)
        return InvoiceStatus.PARTIALLY_PAID if used > 0 else InvoiceStatus.SUBMITTED
    return _INVOICE_STATUSES.get(payload.status or "", InvoiceStatus.UNKNOWN)


def _line(line: document_payloads.LineItem, amount_types: str | None, currency: str | None) -> InvoiceLineItem:
    amounts = line_amounts(line, amount_types, currency)
    categories = tracking_refs(line)
    return InvoiceLineItem(
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
        is_direct_income=False,
    )


# Records are immutable, so the lines without categories (most of them) can share one value.
_NOT_TRACKED = SalesTracking(
    category_refs=(), is_billed_to=SaleBilledTo.NOT_APPLICABLE, is_rebilled_to=SaleBilledTo.NOT_APPLICABLE
)


def _tracking(categories: tuple[TrackingCategoryRef, ...]) -> SalesTracking:
    if not categories:
        return _NOT_TRACKED
    return SalesTracking(
        category_refs=categories,
        is_billed_to=SaleBilledTo.NOT_APPLICABLE,
        is_rebilled_to=SaleBilledTo.NOT_APPLICABLE,
    )


def customer_ref(contact: payloads.ContactSummary | None) -> CustomerRef | None:
    """The customer, when the vendor said which."""
    if contact is None or not contact.contact_id:
        return None
    return CustomerRef(id=contact.contact_id, company_name=contact.name)


def credit_note(payload: document_payloads.CreditNote, facts: Facts) -> CreditNote | None:
    """A credit note of type ACCRECCREDIT; None for one that a supplier gave us."""
    if payload.type != "ACCRECCREDIT":
        return None
    base = facts.get("base_currency")
    currency = payload.currency_code or base
    rate = currency_rate(currency, payload.currency_rate, base)
    total = payload.total if payload.total is not None else ZERO
    return CreditNote(
        id=payload.credit_note_id,
        credit_note_number=payload.credit_note_number or None,
        customer_ref=customer_ref(payload.contact),
        issue_date=day(payload.date),
        allocated_on_date=used_up_on(payload),
        currency=currency,
        currency_rate=rate,
        line_items=tuple(_credit_line(line, payload.line_amount_types, currency) for line in payload.line_items or ()),
        status=_credit_status(payload),
        sub_total=payload.sub_total if payload.sub_total is not None else ZERO,
        total_tax_amount=payload.total_tax if payload.total_tax is not None else ZERO,
        total_amount=total,
        total_discount=ZERO,
        discount_percentage=ZERO,
        remaining_credit=payload.remaining_credit if payload.remaining_credit is not None else total,
        payment_allocations=credit_allocations(payload, currency, rate, base),
        note=payload.reference or None,
        source_modified_date=moment(payload.updated_date_utc),
        metadata=DELETED if payload.status == "DELETED" else LIVE,
    )


def _credit_status(payload: document_payloads.CreditNote) -> CreditNoteStatus:
    if payload.status == "AUTHORISED":
        untouched = payload.remaining_credit is None or payload.remaining_credit == payload.total
        return CreditNoteStatus.SUBMITTED if untouched else CreditNoteStatus.PARTIALLY_PAID
    return _CREDIT_STATUSES.get(payload.status or "", CreditNoteStatus.UNKNOWN)


def _credit_line(
    line: document_payloads.LineItem, amount_types: str | None, currency: str | None
) -> CreditNoteLineItem:
    amounts = line_amounts(line, amount_types, currency)
    categories = tracking_refs(line)
    return CreditNoteLineItem(
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
        is_direct_income=False,
    )
