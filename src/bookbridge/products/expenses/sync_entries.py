"""Transactions of syncs: rows, and all SQL on them.

    Pending ──▶ Completed | ValidationError | PushError

A transaction that is Pending or Completed holds its id within the company (a unique index): the same id is not written
twice, whoever sends it again. One that failed lets it go. It must not decide how anything ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from bookbridge.products.expenses.codes import SyncCode
from bookbridge.products.expenses.syncs import Sync, storable
from bookbridge.products.expenses.transactions import Transaction, encode
from bookbridge.store.pool import Db


class TransactionStatus(StrEnum):
    """What became of a transaction, in the contract's words."""

    PENDING = "Pending"
    VALIDATION_ERROR = "ValidationError"
    COMPLETED = "Completed"
    PUSH_ERROR = "PushError"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `expense_transactions`."""

    company_id: UUID
    sync_id: UUID
    transaction_id: UUID
    connection_id: UUID
    position: int
    is_update: bool
    content: str
    status: TransactionStatus
    status_code: int | None
    message: str | None
    data_type: str | None
    push_operation_id: UUID | None
    record_id: str | None


_ENTRY = ", ".join(Entry.__struct_fields__)


async def add(db: Db, sync: Sync, transactions: Sequence[Transaction], *, is_update: bool = False) -> list[UUID]:
    """Add transactions, Pending. Returns the ids of those that were not added because they are written already, or on
    their way: such a transaction is for the caller to `refuse`."""
    # In the order of their ids, so that two callers who send the same ones wait for each other instead of locking up.
    held: list[UUID] = []
    placed = sorted(enumerate(transactions), key=lambda pair: pair[1].id)
    for position, transaction in placed:
        added = await db.fetchval(
            """insert into expense_transactions (company_id, sync_id, transaction_id, connection_id, position,
                is_update, content, status) values ($1, $2, $3, $4, $5, $6, $7, 'Pending')
            on conflict (company_id, transaction_id) where not is_update and status in ('Pending', 'Completed')
            do nothing returning true""",
            sync.company_id,
            sync.id,
            transaction.id,
            sync.connection_id,
            position,
            is_update,
            encode(transaction),
        )
        if not added:
            held.append(transaction.id)
    return held


async def refuse(db: Db, sync: Sync, position: int, transaction: Transaction, code: SyncCode, message: str) -> None:
    """Keep a transaction that never was Pending."""
    await db.execute(
        """insert into expense_transactions (company_id, sync_id, transaction_id, connection_id, position, is_update,
            content, status, status_code, message) values ($1, $2, $3, $4, $5, false, $6, 'ValidationError', $7, $8)""",
        sync.company_id,
        sync.id,
        transaction.id,
        sync.connection_id,
        position,
        encode(transaction),
        code.value,
        storable(message),
    )


async def is_behind(db: Db, sync: Sync) -> bool:
    """Whether the sync changes a transaction that an earlier sync, not handed over yet, changes too: the last change
    that was sent must be the last that is written."""
    found: bool = await db.fetchval(
        """select exists (
            select from expense_transactions mine
            join expense_transactions other using (company_id, transaction_id)
            join expense_syncs earlier on earlier.company_id = other.company_id and earlier.id = other.sync_id
            where mine.company_id = $1 and mine.sync_id = $2 and mine.is_update and other.is_update
                and earlier.stage = 'accepted'
                and earlier.place < (select place from expense_syncs where company_id = $1 and id = $2))""",
        sync.company_id,
        sync.id,
    )
    return found


async def is_pending(db: Db, sync: Sync) -> bool:
    """Whether a transaction of the sync is still on its way."""
    found: bool = await db.fetchval(
        """select exists (select from expense_transactions
            where company_id = $1 and sync_id = $2 and status = 'Pending')""",
        sync.company_id,
        sync.id,
    )
    return found


async def of_sync(db: Db | asyncpg.Pool, sync: Sync) -> list[Entry]:
    """All transactions of a sync, in their order."""
    rows = await db.fetch(
        f"""select {_ENTRY} from expense_transactions where company_id = $1 and sync_id = $2
        order by position""",  # noqa: S608
        sync.company_id,
        sync.id,
    )
    return [_entry(row) for row in rows]


async def page(db: Db | asyncpg.Pool, sync: Sync, *, limit: int, offset: int) -> tuple[list[Entry], int]:
    """One page of a sync's transactions, and the total of all pages."""
    rows = await db.fetch(
        f"""select {_ENTRY} from expense_transactions where company_id = $1 and sync_id = $2
        order by position limit {limit:d} offset {offset:d}""",  # noqa: S608
        sync.company_id,
        sync.id,
    )
    total: int = await db.fetchval(
        "select count(*) from expense_transactions where company_id = $1 and sync_id = $2", sync.company_id, sync.id
    )
    return [_entry(row) for row in rows], total


async def get(db: Db | asyncpg.Pool, sync: Sync, transaction_id: UUID) -> Entry | None:
    """One transaction of a sync."""
    row = await db.fetchrow(
        f"""select {_ENTRY} from expense_transactions
        where company_id = $1 and sync_id = $2 and transaction_id = $3""",  # noqa: S608
        sync.company_id,
        sync.id,
        transaction_id,
    )
    return _entry(row) if row else None


async def holder(db: Db, company_id: UUID, transaction_id: UUID) -> Entry | None:
    """The transaction that is written, or on its way, under this id."""
    row = await db.fetchrow(
        f"""select {_ENTRY} from expense_transactions where company_id = $1 and transaction_id = $2
        and not is_update and status in ('Pending', 'Completed')""",  # noqa: S608
        company_id,
        transaction_id,
    )
    return _entry(row) if row else None


async def is_known(db: Db, company_id: UUID, transaction_id: UUID) -> bool:
    """Whether a transaction was ever sent under this id."""
    found: bool = await db.fetchval(
        "select exists (select from expense_transactions where company_id = $1 and transaction_id = $2)",
        company_id,
        transaction_id,
    )
    return found


async def of_operation(db: Db, company_id: UUID, operation_id: UUID) -> Entry | None:
    """The transaction that a push operation writes."""
    row = await db.fetchrow(
        f"""select {_ENTRY} from expense_transactions
        where company_id = $1 and push_operation_id = $2""",  # noqa: S608
        company_id,
        operation_id,
    )
    return _entry(row) if row else None


async def hand_over(db: Db, entry: Entry, data_type: str, operation_id: UUID) -> None:
    """The transaction is written by this push operation."""
    await db.execute(
        """update expense_transactions set data_type = $4, push_operation_id = $5
        where company_id = $1 and sync_id = $2 and transaction_id = $3""",
        *_place(entry),
        data_type,
        operation_id,
    )


async def complete(db: Db, entry: Entry, record_id: str | None, message: str) -> None:
    """The transaction is written."""
    await db.execute(
        """update expense_transactions set status = 'Completed', status_code = $4, record_id = $5, message = $6
        where company_id = $1 and sync_id = $2 and transaction_id = $3""",
        *_place(entry),
        SyncCode.WRITTEN.value,
        record_id,
        storable(message),
    )


async def fail(db: Db, entry: Entry, status: TransactionStatus, code: SyncCode, message: str) -> None:
    """The transaction is not written."""
    await db.execute(
        """update expense_transactions set status = $4, status_code = $5, message = $6
        where company_id = $1 and sync_id = $2 and transaction_id = $3""",
        *_place(entry),
        status.value,
        code.value,
        storable(message),
    )


def _place(entry: Entry) -> tuple[UUID, UUID, UUID]:
    return entry.company_id, entry.sync_id, entry.transaction_id


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(**{**row, "status": TransactionStatus(row["status"])})
