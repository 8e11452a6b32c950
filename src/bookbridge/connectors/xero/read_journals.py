"""Shapes of journal entries: from the ledger's journals, or from manual journals where those are closed to us.

Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterable

from bookbridge.accounting.money import ZERO
from bookbridge.accounting.records import DELETED, LIVE
from bookbridge.accounting.references import (
    AccountRef,
    PostedDataType,
    PostedRecordRef,
    TrackedDataType,
    TrackingRecordRef,
)
from bookbridge.accounting.tracking import RecordTracking
from bookbridge.accounting.types.journal_entries import JournalEntry, JournalLine
from bookbridge.connectors.kit.connector import Facts
from bookbridge.connectors.xero.dates import day, moment
from bookbridge.connectors.xero.document_payloads import LineTracking
from bookbridge.connectors.xero.ledger_payloads import Journal, ManualJournal

_SOURCES = {
    "ACCPAY": PostedDataType.BILLS,
    "ACCPAYCREDIT": PostedDataType.BILL_CREDIT_NOTES,
    "ACCPAYPAYMENT": PostedDataType.BILL_PAYMENTS,
    "APCREDITPAYMENT": PostedDataType.BILL_PAYMENTS,
    "APOVERPAYMENTPAYMENT": PostedDataType.BILL_PAYMENTS,
    "APPREPAYMENTPAYMENT": PostedDataType.BILL_PAYMENTS,
    "ACCREC": PostedDataType.INVOICES,
    "ACCRECCREDIT": PostedDataType.CREDIT_NOTES,
    "ACCRECPAYMENT": PostedDataType.PAYMENTS,
    "ARCREDITPAYMENT": PostedDataType.PAYMENTS,
    "AROVERPAYMENTPAYMENT": PostedDataType.PAYMENTS,
    "ARPREPAYMENTPAYMENT": PostedDataType.PAYMENTS,
    "CASHPAID": PostedDataType.DIRECT_COSTS,
    "CASHREC": PostedDataType.DIRECT_INCOMES,
    "TRANSFER": PostedDataType.TRANSFERS,
}
"""What is not here has no record of ours, or (over- and prepayments) not under the id that Xero names."""

_NEVER_POSTED = "DRAFT"
_UNDONE = ("DELETED", "VOIDED")


def journal_entry(payload: Journal, facts: Facts) -> JournalEntry:
    """A journal of the ledger. It never changes: what is undone gets a second journal that takes it back."""
    currency = facts.get("base_currency")
    source = _SOURCES.get(payload.source_type or "")
    created = moment(payload.created_date_utc)
    return JournalEntry(
        id=payload.journal_id,
        description=payload.reference or None,
        posted_on=day(payload.journal_date),
        created_on=created,
        updated_on=created,
        journal_lines=tuple(
            JournalLine(
                description=line.description or None,
                net_amount=line.net_amount if line.net_amount is not None else ZERO,
                currency=currency,
                account_ref=AccountRef(id=line.account_id, name=line.account_name) if line.account_id else None,
                tracking=_tracking(line.tracking_categories),
            )
            for line in payload.journal_lines or ()
        ),
        record_ref=PostedRecordRef(id=payload.source_id, data_type=source) if source and payload.source_id else None,
        source_modified_date=created,
    )


def manual_journal(payload: ManualJournal, facts: Facts) -> JournalEntry | None:
    """A journal that somebody wrote by hand; None for a draft, which is in no ledger."""
    if payload.status == _NEVER_POSTED:
        return None
    currency = facts.get("base_currency")
    changed = moment(payload.updated_date_utc)
    return JournalEntry(
        id=payload.manual_journal_id,
        description=payload.narration or None,
        posted_on=day(payload.date),
        updated_on=changed,
        journal_lines=tuple(
            JournalLine(
                description=line.description or None,
                net_amount=line.line_amount if line.line_amount is not None else ZERO,
                currency=currency,
                account_ref=AccountRef(id=line.account_id) if line.account_id else None,
                tracking=_tracking(line.tracking),
            )
            for line in payload.journal_lines or ()
        ),
        source_modified_date=changed,
        metadata=DELETED if payload.status in _UNDONE else LIVE,
    )


def _tracking(entries: Iterable[LineTracking] | None) -> RecordTracking | None:
    refs = tuple(
        TrackingRecordRef(id=entry.tracking_option_id, data_type=TrackedDataType.TRACKING_CATEGORIES)
        for entry in entries or ()
        if entry.tracking_option_id
    )
    return RecordTracking(record_refs=refs) if refs else None
