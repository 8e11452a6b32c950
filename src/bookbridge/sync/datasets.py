"""Datasets: one read of one data type over one connection (the contract's "pull operation"), and all SQL on them.

A dataset is open while `completed` is null. At most one is open per connection and data type. Every change of an
open dataset is fenced by `completed is null`, so a worker that lost its dataset cannot revive it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

import asyncpg
import msgspec

from bookbridge.store import records
from bookbridge.store.pool import Db
from bookbridge.store.records import RecordBatch


class Status(StrEnum):
    """The contract's words for where a dataset is."""

    QUEUED = "Queued"
    FETCHING = "Fetching"
    PROCESSING = "Processing"
    COMPLETE = "Complete"
    FETCH_ERROR = "FetchError"
    MAP_ERROR = "MapError"
    INTERNAL_ERROR = "InternalError"
    AUTH_ERROR = "AuthError"
    NOT_SUPPORTED = "NotSupported"
    CANCELLED = "Cancelled"


ERRORS = frozenset({Status.FETCH_ERROR, Status.MAP_ERROR, Status.INTERNAL_ERROR, Status.AUTH_ERROR})
WITHOUT_CHECKPOINT = frozenset({Status.QUEUED, Status.NOT_SUPPORTED})


class Dataset(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `datasets`."""

    company_id: UUID
    id: UUID
    connection_id: UUID
    data_type: str
    batch_id: UUID
    is_initial: bool
    status: str
    status_description: str | None
    error_message: str | None
    requested: datetime
    started: datetime | None
    completed: datetime | None
    progress: int
    attempts: int
    since: datetime | None
    source: str | None
    cursor: str | None
    sources_done: list[str]
    lists_ids: bool
    rounds: int
    records_read: int
    records_written: int
    issues: str
    extent: str
    read_from: datetime | None

    @property
    def is_completed(self) -> bool:
        """True only for a read that ended well, as the contract defines it."""
        return self.status == Status.COMPLETE.value

    @property
    def is_errored(self) -> bool:
        """Whether it ended in an error; NotSupported is not one."""
        return any(self.status == error.value for error in ERRORS)


_COLUMNS = ", ".join(Dataset.__struct_fields__)


def _dataset(row: asyncpg.Record) -> Dataset:
    return Dataset(**dict(row))


async def insert(
    db: Db,
    *,
    company_id: UUID,
    connection_id: UUID,
    data_types: Sequence[str],
    is_initial: bool,
) -> list[Dataset]:
    """Queue reads in the given order as one batch; a data type that is already being read is left out."""
    rows = await db.fetch(
        f"""
        insert into datasets (company_id, id, connection_id, data_type, batch_id, is_initial, sync_order, status)
        select $1, wanted.id, $2, wanted.data_type, $3, $4, wanted.place - 1, 'Queued'
        from unnest($5::uuid[], $6::text[]) with ordinality as wanted (id, data_type, place) order by wanted.place
        on conflict (company_id, connection_id, data_type) where completed is null do nothing
        returning {_COLUMNS}""",  # noqa: S608
        company_id,
        connection_id,
        uuid4(),
        is_initial,
        [uuid4() for _ in data_types],
        list(data_types),
    )
    return [_dataset(row) for row in rows]


async def get(db: Db | asyncpg.Pool, company_id: UUID, dataset_id: UUID) -> Dataset | None:
    """One dataset of a company."""
    row = await db.fetchrow(
        f"select {_COLUMNS} from datasets where company_id = $1 and id = $2",  # noqa: S608
        company_id,
        dataset_id,
    )
    return _dataset(row) if row else None


async def open_dataset(db: Db | asyncpg.Pool, company_id: UUID, connection_id: UUID, data_type: str) -> Dataset | None:
    """The dataset of this type that is being read now, if any."""
    row = await db.fetchrow(
        f"""select {_COLUMNS} from datasets
        where company_id = $1 and connection_id = $2 and data_type = $3 and completed is null""",  # noqa: S608
        company_id,
        connection_id,
        data_type,
    )
    return _dataset(row) if row else None


async def next_open(db: Db | asyncpg.Pool, connection_id: UUID, *, even_waiting: bool = False) -> Dataset | None:
    """The dataset that this connection has to read next, of those that do not wait unless `even_waiting`."""
    row = await db.fetchrow(
        f"""select {_COLUMNS} from datasets where connection_id = $1 and completed is null
          and ($2 or not_before is null or not_before <= clock_timestamp())
        order by requested, sync_order limit 1""",  # noqa: S608
        connection_id,
        even_waiting,
    )
    return _dataset(row) if row else None


async def waiting_s(db: Db | asyncpg.Pool, connection_id: UUID) -> float | None:
    """Seconds until one of the connection's open datasets can be read; None when none is open."""
    left_s: float | None = await db.fetchval(
        """select extract(epoch from min(coalesce(not_before, clock_timestamp())) - clock_timestamp())::float8
        from datasets where connection_id = $1 and completed is null""",
        connection_id,
    )
    return None if left_s is None else max(0.0, left_s)


async def wake(db: Db, company_id: UUID, connection_id: UUID) -> bool:
    """Let no open dataset of the connection wait any longer; whether any did."""
    tag = await db.execute(
        """update datasets set not_before = null
        where company_id = $1 and connection_id = $2 and completed is null and not_before is not null""",
        company_id,
        connection_id,
    )
    return bool(tag != "UPDATE 0")


async def last_reads(db: Db, company_id: UUID, connection_id: UUID) -> dict[str, datetime]:
    """When the last read of each data type of a connection ended; now for one that is under way."""
    rows = await db.fetch(
        """select data_type, max(coalesce(completed, clock_timestamp())) as ended from datasets
        where company_id = $1 and connection_id = $2 group by data_type""",
        company_id,
        connection_id,
    )
    return {row["data_type"]: row["ended"] for row in rows}


async def start(
    db: Db | asyncpg.Pool,
    dataset: Dataset,
    *,
    since: datetime | None,
    lists_ids: bool,
    extent: str,
    read_from: datetime | None,
) -> Dataset | None:
    """Mark a dataset as being fetched. The first start fixes what is asked for; a resumed one keeps it.
    None: somebody ended it meanwhile."""
    row = await db.fetchrow(
        f"""
        update datasets set status = 'Fetching', status_description = null,
            since = case when started is null then $3 else since end,
            lists_ids = case when started is null then $4 else lists_ids end,
            extent = case when started is null then $5 else extent end,
            read_from = case when started is null then $6 else read_from end,
            started = coalesce(started, now())
        where company_id = $1 and id = $2 and completed is null returning {_COLUMNS}""",  # noqa: S608
        dataset.company_id,
        dataset.id,
        since,
        lists_ids,
        extent,
        read_from,
    )
    return _dataset(row) if row else None


# One statement, so one round trip and one transaction. The dataset's row is locked first: what has been ended, or
# deleted with its connection, gets no more records.
_SAVE_PAGE = f"""
with alive as materialized (
    select 1 from datasets where company_id = $1 and id = $12 and completed is null for update),
saved as materialized (select {records.SAVE} as written from alive),
marked as (
    update datasets set source = $4, cursor = $13, records_read = records_read + $14,
        records_written = records_written + (select written from saved), progress = greatest(progress, $15),
        attempts = 0,
        sources_done = case when $13::text is null then array_append(sources_done, $4::text) else sources_done end
    where company_id = $1 and id = $12 and exists (select from alive) returning 1)
select count(*) from marked"""  # noqa: S608


async def save_page(
    db: Db, dataset: Dataset, batch: RecordBatch, *, cursor: str | None, read: int, progress: int
) -> bool:
    """Save a page's records and how far the list is read, together. `cursor` None: the list is read to its end.
    False: the dataset was ended, and nothing was saved."""
    marked = await db.fetchval(_SAVE_PAGE, *records.save_arguments(batch), dataset.id, cursor, read, progress)
    return bool(marked)


async def read_again(db: Db, dataset: Dataset, *, since: datetime | None, lists_ids: bool) -> Dataset | None:
    """Begin another round over all lists, because what was read did not add up."""
    row = await db.fetchrow(
        f"""
        update datasets set since = $3, lists_ids = $4, rounds = rounds + 1, source = null, cursor = null,
            sources_done = '{{}}'
        where company_id = $1 and id = $2 and completed is null returning {_COLUMNS}""",  # noqa: S608
        dataset.company_id,
        dataset.id,
        since,
        lists_ids,
    )
    if row is not None:
        # What this round does not list is gone, whatever the one before listed.
        await _forget_listed(db, dataset)
    return _dataset(row) if row else None


async def pause(
    db: Db | asyncpg.Pool, dataset: Dataset, description: str, *, failed_wait_s: float | None = None
) -> None:
    """Keep the dataset open and say why it waits. With `failed_wait_s` an attempt is counted, and the dataset is not
    read before so many seconds."""
    await db.execute(
        """update datasets set status_description = $3, attempts = attempts + $4,
            not_before = clock_timestamp() + make_interval(secs => $5)
        where company_id = $1 and id = $2 and completed is null""",
        dataset.company_id,
        dataset.id,
        description,
        0 if failed_wait_s is None else 1,
        failed_wait_s,
    )


async def end(
    db: Db, dataset: Dataset, status: Status, *, error_message: str | None = None, issues: str = "[]"
) -> Dataset | None:
    """End a dataset. None: it had been ended before."""
    row = await db.fetchrow(
        f"""
        update datasets set status = $3, error_message = $4, issues = $5, status_description = null,
            completed = now(), cursor = null, progress = case when $3 = 'Complete' then 100 else progress end
        where company_id = $1 and id = $2 and completed is null returning {_COLUMNS}""",  # noqa: S608
        dataset.company_id,
        dataset.id,
        status.value,
        error_message,
        issues,
    )
    if row is not None:
        await _forget_listed(db, dataset)
    return _dataset(row) if row else None


async def _forget_listed(db: Db, dataset: Dataset) -> None:
    await db.execute(
        "delete from listed_records where company_id = $1 and dataset_id = $2", dataset.company_id, dataset.id
    )


async def batch(db: Db, company_id: UUID, batch_id: UUID) -> list[Dataset]:
    """All datasets that were queued together."""
    rows = await db.fetch(
        f"select {_COLUMNS} from datasets where company_id = $1 and batch_id = $2 order by sync_order",  # noqa: S608
        company_id,
        batch_id,
    )
    return [_dataset(row) for row in rows]
