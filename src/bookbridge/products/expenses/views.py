"""Syncs and transactions as callers see them: the contract's JSON. Absent is left out, never null."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from bookbridge.accounting.dates import contract_datetime
from bookbridge.products.expenses.codes import STATUS_WORDS, SyncCode
from bookbridge.products.expenses.sync_entries import Entry
from bookbridge.products.expenses.syncs import Stage, Sync

LONG_AFTER: Final = timedelta(minutes=10)
"""After this a sync in progress is told to be one that takes long."""

INTEGRATION_TYPE: Final = "expenses"


class _View(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Base of the contract's objects."""


class SyncStatus(_View, frozen=True, kw_only=True):
    """Where a sync stands."""

    company_id: UUID
    """The company."""
    sync_id: UUID
    """The sync."""
    sync_status_code: int
    """The same as a number: 1000 and 1010 in progress, 2000 written, 2040 nothing was written, from 4000 on failed."""
    sync_status: str
    """Where it stands, in words."""
    sync_utc: str
    """When it ended; when it was accepted while it has not."""
    data_pushed: bool
    """Whether anything was written."""
    error_message: str | None = None
    """What went wrong."""
    sync_exception_message: str | None = None
    """The same, by an older name."""


class TransactionView(_View, frozen=True, kw_only=True):
    """What became of a transaction."""

    transaction_id: UUID
    """The transaction, by your own identifier."""
    status: str
    """Pending, and in the end Completed, ValidationError or PushError."""
    integration_type: str
    """Always `expenses`."""
    message: str | None = None
    """What went wrong; of a completed transaction, the record that it was written as: `Created directCosts 123`."""


class SyncStarted(_View, frozen=True, kw_only=True):
    """The answer to whatever starts a sync."""

    sync_id: UUID
    """The sync that carries it."""


class DatasetKept(_View, frozen=True, kw_only=True):
    """The answer to transactions that wait for a sync."""

    dataset_id: UUID
    """What a sync names it by."""


def sync_status(row: Sync) -> SyncStatus:
    """The sync as callers see it; `sync_utc` is when it ended, or was accepted while it has not."""
    code, word = _progress(row) if row.stage is not Stage.DONE else _ending(row)
    return SyncStatus(
        company_id=row.company_id,
        sync_id=row.id,
        sync_status_code=code.value,
        sync_status=word,
        sync_utc=contract_datetime(row.completed or row.requested),
        data_pushed=row.data_pushed,
        error_message=row.error_message,
        sync_exception_message=row.error_message,
    )


def _progress(row: Sync) -> tuple[SyncCode, str]:
    takes_long = datetime.now(UTC) - row.requested > LONG_AFTER
    code = SyncCode.LONG_IN_PROGRESS if takes_long else SyncCode.IN_PROGRESS
    return code, "NotStarted" if row.stage is Stage.ACCEPTED else "Pushing"


def _ending(row: Sync) -> tuple[SyncCode, str]:
    code = SyncCode(row.status_code or SyncCode.SERVER)
    return code, STATUS_WORDS[code]


def transaction(row: Entry) -> TransactionView:
    """The transaction as callers see it."""
    return TransactionView(
        transaction_id=row.transaction_id,
        status=row.status.value,
        message=row.message,
        integration_type=INTEGRATION_TYPE,
    )
