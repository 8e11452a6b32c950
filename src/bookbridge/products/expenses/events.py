"""Telling of a sync: `expenses.sync.successful` and `.unsuccessful` at its end, and the older rules, also at its start.

Called in the transaction that starts or ends the sync, so that an event exists exactly if that happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from bookbridge.companies import companies
from bookbridge.companies.views import CompanyReference, Views
from bookbridge.products.expenses.codes import SyncCode
from bookbridge.products.expenses.sync_entries import Entry, TransactionStatus
from bookbridge.products.expenses.syncs import Sync
from bookbridge.store.pool import Db
from bookbridge.webhooks import outbox, rules
from bookbridge.webhooks.rules import RuleType

SYNC_TYPE: Final = "Expense"
MESSAGE_LENGTH_MAX: Final = 500
"""Of a transaction's message in an event: all of a sync must fit into one."""


class SyncedTransaction(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of one transaction."""

    id: UUID
    status: str
    error_message: str | None


class SyncEvent(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Payload of the events."""

    reference_company: CompanyReference
    sync_id: UUID
    transactions: tuple[SyncedTransaction, ...]


async def tell_of_start(db: Db, sync: Sync) -> None:
    """Alert the rules that ask for it: the sync's transactions are being handed over."""
    company = await companies.get(db, sync.company_id)
    message = f"A sync of expenses of {company.name} has started."
    data = {"syncId": str(sync.id), "syncType": SYNC_TYPE}
    await rules.raise_alert(db, RuleType.EXPENSES_STARTED, message, data, company_id=company.id)


async def tell(db: Db, views: Views, sync: Sync, entries: Sequence[Entry]) -> None:
    """Emit the event for a sync that has just ended, and alert the rules that ask for it."""
    successful = sync.status_code in (SyncCode.WRITTEN, SyncCode.NOTHING_WRITTEN)
    company = await companies.get(db, sync.company_id)
    await outbox.emit(
        db,
        "expenses.sync.successful" if successful else "expenses.sync.unsuccessful",
        SyncEvent(
            reference_company=views.reference(company),
            sync_id=sync.id,
            transactions=tuple(_transaction(entry) for entry in entries),
        ),
        company_id=company.id,
        company_tags=dict(company.tags),
    )
    data = {"syncId": str(sync.id), "syncType": SYNC_TYPE}
    message = f"The sync of expenses of {company.name} has ended."
    await rules.raise_alert(db, RuleType.EXPENSES_COMPLETED, message, data, company_id=company.id)
    if not successful:
        data["FailureStage"] = _failure_stage(sync)
        message = f"The sync of expenses of {company.name} has failed."
        await rules.raise_alert(db, RuleType.EXPENSES_FAILED, message, data, company_id=company.id)


def _transaction(entry: Entry) -> SyncedTransaction:
    failed = entry.status in (TransactionStatus.VALIDATION_ERROR, TransactionStatus.PUSH_ERROR)
    # The event knows no word for what was refused before it was sent to the platform.
    refused = entry.status is TransactionStatus.VALIDATION_ERROR
    return SyncedTransaction(
        id=entry.transaction_id,
        status="Failed" if refused else entry.status.value,
        error_message=(entry.message or "")[:MESSAGE_LENGTH_MAX] if failed else None,
    )


def _failure_stage(sync: Sync) -> str:
    return "Pushing" if sync.status_code == SyncCode.WRITING else "Validating"
