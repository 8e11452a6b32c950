"""Syncs: rows, and all SQL on them. Their transactions are `sync_entries`.

    accepted ──▶ pushing ──▶ done          status_code says how it ended

It must not decide how anything ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import msgspec

from bookbridge.products.expenses.codes import SyncCode
from bookbridge.store.pool import Db

LISTED_MAX: Final = 1_000
"""Syncs of a company that are listed, newest first."""

MESSAGE_LENGTH_MAX: Final = 2_000


class Stage(StrEnum):
    """How far a sync is."""

    ACCEPTED = "accepted"
    PUSHING = "pushing"
    DONE = "done"


class Sync(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `expense_syncs`."""

    company_id: UUID
    id: UUID
    connection_id: UUID
    stage: Stage
    status_code: int | None
    error_message: str | None
    data_pushed: bool
    requested: datetime
    completed: datetime | None


_SYNC = ", ".join(Sync.__struct_fields__)


async def insert(db: Db, company_id: UUID, connection_id: UUID) -> Sync:
    """A new sync without transactions."""
    row = await db.fetchrow(
        f"""insert into expense_syncs (company_id, id, connection_id, stage) values ($1, $2, $3, 'accepted')
        returning {_SYNC}""",  # noqa: S608
        company_id,
        uuid4(),
        connection_id,
    )
    return _sync(row)


async def lock(db: Db, company_id: UUID, sync_id: UUID) -> Sync | None:
    """The sync, locked until the caller's transaction ends; None for an unknown one."""
    row = await db.fetchrow(
        f"select {_SYNC} from expense_syncs where company_id = $1 and id = $2 for update",  # noqa: S608
        company_id,
        sync_id,
    )
    return _sync(row) if row else None


async def get(db: Db | asyncpg.Pool, company_id: UUID, sync_id: UUID) -> Sync | None:
    """One sync of a company."""
    row = await db.fetchrow(
        f"select {_SYNC} from expense_syncs where company_id = $1 and id = $2",  # noqa: S608
        company_id,
        sync_id,
    )
    return _sync(row) if row else None


async def newest(db: Db | asyncpg.Pool, company_id: UUID, limit: int, *, successful: bool = False) -> list[Sync]:
    """The company's last syncs, newest first; only those that ended well if `successful`."""
    condition = f"status_code between {SyncCode.WRITTEN:d} and {SyncCode.NOTHING_WRITTEN:d}" if successful else "true"
    rows = await db.fetch(
        f"""select {_SYNC} from expense_syncs where company_id = $1 and {condition}
        order by place desc limit {limit:d}""",  # noqa: S608
        company_id,
    )
    return [_sync(row) for row in rows]


async def page(db: Db, company_id: UUID, *, limit: int, offset: int) -> tuple[list[Sync], int]:
    """One page of the company's syncs, newest first, and the total of all pages."""
    rows = await db.fetch(
        f"""select {_SYNC} from expense_syncs where company_id = $1
        order by place desc limit {limit:d} offset {offset:d}""",  # noqa: S608
        company_id,
    )
    total: int = await db.fetchval("select count(*) from expense_syncs where company_id = $1", company_id)
    return [_sync(row) for row in rows], total


async def begin(db: Db, sync: Sync) -> None:
    """The sync's transactions are handed over."""
    await db.execute(
        "update expense_syncs set stage = 'pushing' where company_id = $1 and id = $2", sync.company_id, sync.id
    )


async def end(db: Db, sync: Sync, code: SyncCode, error_message: str | None, *, data_pushed: bool) -> Sync:
    """The sync is done."""
    row = await db.fetchrow(
        f"""update expense_syncs set stage = 'done', status_code = $3, error_message = $4, data_pushed = $5,
            completed = clock_timestamp()
        where company_id = $1 and id = $2 returning {_SYNC}""",  # noqa: S608
        sync.company_id,
        sync.id,
        code.value,
        storable(error_message) if error_message else None,
        data_pushed,
    )
    return _sync(row)


def storable(message: str) -> str:
    """A message that may hold a vendor's words: no NUL, which PostgreSQL cannot keep, and of bearable length."""
    return message.replace("\0", "")[:MESSAGE_LENGTH_MAX]


def _sync(row: Mapping[str, Any]) -> Sync:
    return Sync(**{**row, "stage": Stage(row["stage"])})
