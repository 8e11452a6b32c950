"""What settles a document, on either side of the books: payments, refunds, used credit notes, money on account.

Xero tells payments to suppliers and from customers in the same shapes, so they are understood once, here, and
named for their side in `read_payments`. One payload makes one settlement, under the payload's own id: a
synthesised id per allocation would leave a record behind for ever when the allocation is undone. Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from bookbridge.accounting.money import ZERO, exact_sum
from bookbridge.accounting.records import DELETED, LIVE, Metadata
from bookbridge.accounting.references import AccountRef
from bookbridge.connectors.kit.connector import Facts
from bookbridge.connectors.xero import document_payloads, payloads
from bookbridge.connectors.xero.amounts import currency_rate
from bookbridge.connectors.xero.dates import day, moment
from bookbridge.connectors.xero.read_documents import UNDATED


class Use(Enum):
    """What a part of a settlement was used for."""

    DOCUMENT = "a bill or an invoice"
    CREDIT_NOTE = "a credit note"
    EARLIER_PAYMENT = "an overpayment or a prepayment that is paid back"
    ON_ACCOUNT = "kept with the contact"


@dataclass(frozen=True)
class Link:
    """By how much the settlement changes what is owed on something; below zero lowers it."""

    use: Use
    id: str | None
    amount: Decimal


@dataclass(frozen=True)
class Part:
    """A line of a settlement; the amount and its links add up to zero."""

    amount: Decimal
    links: tuple[Link, ...]
    on: str | None


@dataclass(frozen=True)
class Settlement:
    """A payment of either side, before it is named for its side."""

    id: str
    contact: payloads.ContactSummary | None
    account_ref: AccountRef | None
    total: Decimal
    currency: str | None
    currency_rate: Decimal | None
    date: str
    reference: str | None
    parts: tuple[Part, ...]
    modified: str | None
    metadata: Metadata


def payment(payload: document_payloads.Payment, facts: Facts, *, is_refund: bool) -> Settlement:
    """Money that moved for one document, or back for a credit note, an over- or a prepayment."""
    base = facts.get("base_currency")
    paid = payload.invoice or payload.credit_note or payload.overpayment or payload.prepayment
    currency = (paid.currency_code if paid else None) or base
    amount = payload.amount if payload.amount is not None else ZERO
    total = -amount if is_refund else amount
    date = day(payload.date) or UNDATED
    account = payload.account
    return Settlement(
        id=payload.payment_id,
        contact=paid.contact if paid else None,
        account_ref=AccountRef(id=account.account_id, name=account.name) if account and account.account_id else None,
        total=total,
        currency=currency,
        currency_rate=currency_rate(currency, payload.currency_rate, base),
        date=date,
        reference=payload.reference or None,
        parts=(Part(total, (_paid_link(payload, -total),), date),),
        modified=moment(payload.updated_date_utc),
        metadata=DELETED if payload.status == "DELETED" else LIVE,
    )


def _paid_link(payload: document_payloads.Payment, amount: Decimal) -> Link:
    kind = payload.payment_type or ""
    if kind.endswith("CREDITPAYMENT"):
        credit_id = payload.credit_note.credit_note_id if payload.credit_note else None
        if credit_id is None and payload.invoice:
            # Some refunds name the credit note as if it were an invoice.
            credit_id = payload.invoice.invoice_id
        return Link(Use.CREDIT_NOTE, credit_id, amount)
    if kind.endswith("OVERPAYMENTPAYMENT"):
        return Link(Use.EARLIER_PAYMENT, payload.overpayment.overpayment_id if payload.overpayment else None, amount)
    if kind.endswith("PREPAYMENTPAYMENT"):
        return Link(Use.EARLIER_PAYMENT, payload.prepayment.prepayment_id if payload.prepayment else None, amount)
    return Link(Use.DOCUMENT, payload.invoice.invoice_id if payload.invoice else None, amount)


def credit_note_use(payload: document_payloads.CreditNote, facts: Facts) -> Settlement | None:
    """The documents that a credit note was set against, as one payment of zero with a line per document.

    A credit note that is not set against anything (any more) comes as deleted, so that undoing the last
    allocation takes the payment away. None for drafts, which never had one.
    """
    if payload.status in ("DRAFT", "SUBMITTED"):
        return None
    base = facts.get("base_currency")
    currency = payload.currency_code or base
    parts = tuple(
        Part(
            ZERO,
            (_document_link(allocation, -amount), Link(Use.CREDIT_NOTE, payload.credit_note_id, amount)),
            day(allocation.date),
        )
        for allocation, amount in _live_allocations(payload.allocations)
    )
    return Settlement(
        id=payload.credit_note_id,
        contact=payload.contact,
        account_ref=None,
        total=ZERO,
        currency=currency,
        currency_rate=currency_rate(currency, payload.currency_rate, base),
        date=max((part.on for part in parts if part.on), default=None) or day(payload.date) or UNDATED,
        reference=payload.credit_note_number or None,
        parts=parts,
        modified=moment(payload.updated_date_utc),
        metadata=LIVE if parts else DELETED,
    )


def on_account(
    record_id: str, payload: document_payloads.Overpayment | document_payloads.Prepayment, facts: Facts
) -> Settlement:
    """Money that moved beyond what was owed, or before anything was; its unused part stays with the contact."""
    base = facts.get("base_currency")
    currency = payload.currency_code or base
    total = payload.total if payload.total is not None else ZERO
    date = day(payload.date) or UNDATED
    parts = [
        Part(amount, (_document_link(allocation, -amount),), day(allocation.date))
        for allocation, amount in _live_allocations(payload.allocations)
    ]
    unused = exact_sum((total, *(-part.amount for part in parts)))
    if unused:
        contact_id = payload.contact.contact_id if payload.contact else None
        parts.append(Part(unused, (Link(Use.ON_ACCOUNT, contact_id, -unused),), date))
    return Settlement(
        id=record_id,
        contact=payload.contact,
        account_ref=None,
        total=total,
        currency=currency,
        currency_rate=currency_rate(currency, payload.currency_rate, base),
        date=date,
        reference=payload.reference or None,
        parts=tuple(parts),
        modified=moment(payload.updated_date_utc),
        # A payment has no status in our records: a voided one is gone.
        metadata=DELETED if payload.status in ("VOIDED", "DELETED") else LIVE,
    )


def _live_allocations(
    allocations: Iterable[document_payloads.Allocation] | None,
) -> Iterable[tuple[document_payloads.Allocation, Decimal]]:
    for allocation in allocations or ():
        if allocation.amount is not None and not allocation.is_deleted:
            yield allocation, allocation.amount


def _document_link(allocation: document_payloads.Allocation, amount: Decimal) -> Link:
    return Link(Use.DOCUMENT, allocation.invoice.invoice_id if allocation.invoice else None, amount)
