"""Reading again in time: which data types of which connections are due, and queueing them a bounded number at a time.

A type is due its schedule's hours after its last read ended. Connections that are set going together get different
places within the interval, and keep them; types of one connection that are due about the same time are read together.

    arrange (linked, settings changed) ──▶ sync_schedule.due ──▶ queue_due ──▶ datasets + doorbell ──▶ after_read

Work that people wait for must not stand behind thousands of scheduled reads, so no more than BACKLOG_MAX connections
are rung at a time: the rest waits in the table, the longest overdue first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from bookbridge import jobs
from bookbridge.companies import connections
from bookbridge.companies.connections import Connection, Status
from bookbridge.jobs import backlog
from bookbridge.store.pool import Db
from bookbridge.sync import datasets, queue, settings
from bookbridge.sync.datasets import Dataset

log = structlog.get_logger(__name__)

REARRANGE_TASK: Final = "sync.rearrange"
QUEUE_DUE_TASK: Final = "sync.schedule"
QUEUE_DUE_EVERY_S: Final = 5.0

BACKLOG_MAX: Final = 500
BATCH_ROWS: Final = 500
"""Due rows looked at in one transaction; at most as many connections are rung in it."""

PUT_OFF_S: Final = 60.0
"""After this, a connection that was being changed when its turn came is looked at again."""

REARRANGE_BATCH: Final = 200
SPREAD_MAX_H: Final = 6.0
"""Over how much time connections that would be due together are spread, unless the interval is shorter."""

_PHASES: Final = 2**32


def queue_due_schedule(pool: asyncpg.Pool) -> jobs.Schedule:
    """The periodic task that queues what is due."""

    async def work() -> None:
        await queue_due(pool)

    return jobs.Schedule(QUEUE_DUE_TASK, QUEUE_DUE_EVERY_S, work)


async def on_linked(db: Db, connection: Connection, first: bool) -> None:
    """The first read after an authorisation and the connection's schedule, in the transaction that links it."""
    del first  # read.completed.initial follows every authorisation, not only the first one
    await queue.queue_all(db, [connection], is_initial=True)
    await arrange(db, connection)


async def arrange(db: Db, connection: Connection, known: settings.Effective | None = None) -> None:
    """Bring a connection's rows in line with its settings. Types whose interval stays keep their place."""
    effective = known or await settings.effective(db, connection.company_id)
    wanted: dict[str, int] = {}
    if connection.status is Status.LINKED:
        hours = {key: effective.of(key).sync_schedule for key in queue.readable(connection)}
        wanted = {key: every_h for key, every_h in hours.items() if every_h > 0}
    await db.execute(
        """delete from sync_schedule
        where company_id = $1 and connection_id = $2 and data_type <> all ($3::text[])""",
        connection.company_id,
        connection.id,
        list(wanted),
    )
    if not wanted:
        return
    last = await datasets.last_reads(db, connection.company_id, connection.id)
    now = datetime.now(UTC)
    phase = connection.id.int % _PHASES / _PHASES
    await db.execute(
        """insert into sync_schedule as s (company_id, connection_id, data_type, every_h, due)
        select $1, $2, w.data_type, w.every_h, w.due
        from unnest($3::text[], $4::integer[], $5::timestamptz[]) as w (data_type, every_h, due)
        on conflict (company_id, connection_id, data_type) do update
            set every_h = excluded.every_h, due = excluded.due where s.every_h <> excluded.every_h""",
        connection.company_id,
        connection.id,
        list(wanted),
        list(wanted.values()),
        [first_due(last.get(key), every_h, phase, now) for key, every_h in wanted.items()],
    )


def first_due(last: datetime | None, every_h: int, phase: float, now: datetime) -> datetime:
    """When a type that was last read at `last` is first due, for a connection whose place is `phase` (0 to 1)."""
    spread = timedelta(hours=min(every_h / 2, SPREAD_MAX_H) * phase)
    if last is not None:
        due = last + timedelta(hours=every_h) - spread
        if due > now:
            return due
    return now + spread


async def after_read(db: Db, dataset: Dataset) -> None:
    """A read has ended, with or without success: the next one is due an interval later. Also sets going the schedule
    of a connection that an application has authorised itself, which is not arranged until it is read."""
    place = (dataset.company_id, dataset.connection_id, dataset.data_type)
    tag = await db.execute(
        """update sync_schedule set due = clock_timestamp() + every_h * interval '1 hour'
        where company_id = $1 and connection_id = $2 and data_type = $3""",
        *place,
    )
    if tag != "UPDATE 0":
        return
    every_h = (await settings.effective(db, dataset.company_id)).of(dataset.data_type).sync_schedule
    if every_h > 0:
        await db.execute(
            """insert into sync_schedule (company_id, connection_id, data_type, every_h, due)
            values ($1, $2, $3, $4, clock_timestamp() + make_interval(hours => $4)) on conflict do nothing""",
            *place,
            every_h,
        )


# A type that is due within a tenth of its interval is read along with one of the same connection that is due now. Rows
# are moved on at once, so that a read that never ends by itself does not end the schedule.
_TAKE = """
with due as (select company_id, connection_id from sync_schedule where due <= now() order by due limit $1),
taken as (
    select s.company_id, s.connection_id, s.data_type from sync_schedule s
    where (s.company_id, s.connection_id) in (select company_id, connection_id from due)
      and s.due <= now() + s.every_h * interval '6 minutes'
    for update skip locked),
moved as (
    update sync_schedule s set due = now() + s.every_h * interval '1 hour' from taken t
    where s.company_id = t.company_id and s.connection_id = t.connection_id and s.data_type = t.data_type
    returning s.company_id, s.connection_id, s.data_type)
select company_id, connection_id, array_agg(data_type) as data_types from moved group by company_id, connection_id
"""


async def queue_due(pool: asyncpg.Pool, *, backlog_max: int = BACKLOG_MAX) -> int:
    """Queue what is due, as far as the backlog allows; returns how many connections were rung."""
    rung = 0
    while True:
        async with pool.acquire() as db, db.transaction():
            room = backlog_max - await backlog.waiting(db, queue.SYNC_TASK)
            if room <= 0:
                return rung
            taken = await db.fetch(_TAKE, min(BATCH_ROWS, room))
            if not taken:
                return rung
            rung += await _queue(db, taken)


async def _queue(db: Db, taken: Sequence[asyncpg.Record]) -> int:
    of_client = await settings.of_client(db)
    found = await connections.of_companies(db, [row["company_id"] for row in taken])
    by_id = {connection.id: connection for several in found.values() for connection in several}
    rung = 0
    for row in taken:
        connection = by_id.get(row["connection_id"])
        if connection is None or connection.status is not Status.LINKED:
            # Linking it again arranges it again.
            await db.execute(
                "delete from sync_schedule where company_id = $1 and connection_id = $2",
                row["company_id"],
                row["connection_id"],
            )
            continue
        # Its deletion locks the connection before these rows, so waiting for it here would be a deadlock.
        if await connections.hold_if_free(db, connection.company_id, connection.id) is None:
            await _put_off(db, connection)
            continue
        effective = settings.Effective(of_client, await settings.of_company(db, connection.company_id))
        data_types = effective.ordered(set(row["data_types"]) & set(queue.readable(connection)))
        rung += bool(await queue.queue_types(db, connection, data_types, is_initial=False))
    return rung


async def _put_off(db: Db, connection: Connection) -> None:
    await db.execute(
        """update sync_schedule set due = clock_timestamp() + make_interval(secs => $3)
        where company_id = $1 and connection_id = $2""",
        connection.company_id,
        connection.id,
        PUT_OFF_S,
    )


async def company_changed(db: Db, company_id: UUID) -> None:
    """The company's settings changed, in this transaction."""
    effective = await settings.effective(db, company_id)
    for connection in (await connections.of_companies(db, [company_id])).get(company_id, []):
        await arrange(db, connection, effective)


async def client_changed(db: Db) -> None:
    """The client's settings changed, in this transaction: every connection is arranged anew, by a worker."""
    await jobs.ring(db, REARRANGE_TASK, "")


class Rearranger:
    """Handler of the task `sync.rearrange`: goes over all linked connections. Harmless when repeated."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def handle(self, key: str) -> float | None:
        """Arrange every linked connection, a page in each transaction."""
        del key
        after: tuple[UUID, UUID] | None = None
        while True:
            async with self._pool.acquire() as db, db.transaction():
                page = await connections.linked_after(db, after, REARRANGE_BATCH)
                for connection in page:
                    await arrange(db, connection)
            if len(page) < REARRANGE_BATCH:
                return None
            after = (page[-1].company_id, page[-1].id)
