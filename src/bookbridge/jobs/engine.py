"""The binding to pgqueuer, the queue that lies in our own PostgreSQL: its names, its schema, its statements.

The only module that knows how the engine is built. It must not decide what runs: that is `doorbells`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.domain.models import Job, TableChangedEvent, TracebackRecord
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import JOB_STATUS, Channel
from pgqueuer.ports.driver import Driver, NotifyCallback
from pgqueuer.queries import Queries

from bookbridge.jobs import schema
from bookbridge.store.migrations import MIGRATION_LOCK
from bookbridge.store.pool import Db

# The jobs survive a crash of the server; the engine's log of past jobs need not, and costs half as much
# that way.
SETTINGS = DBSettings(durability=Durability.balanced)

QUEUE = SETTINGS.qualified.queue_table
LOG = SETTINGS.qualified.queue_table_log

INSTALL_TIMEOUT_S = 60

Q = TypeVar("Q", bound=Queries)

_ADDED, _ENDED = '"insert"', '"delete"'
"""In the payloads of the engine's notices that jobs have come or have left the queue."""


def _queries(driver: Driver, kind: type[Q]) -> Q:
    return kind(
        driver,
        qbe=QueryBuilderEnvironment(SETTINGS),
        qbq=QueryQueueBuilder(SETTINGS),
        qbs=QuerySchedulerBuilder(SETTINGS),
    )


def queries_on(db: Db) -> Queries:
    """The engine's statements inside the transaction of `db`."""
    return _queries(AsyncpgDriver(db), Queries)


class _PickingQueries(Queries):
    """The engine's statements for a running queue manager, which may pick jobs but never end them.

    The engine would delete a job when its coroutine returns, raises or is cancelled, without asking whether
    the job is still this worker's. Here a job ends only in `doorbells.finish`, in one transaction with what
    follows from it. Whatever else happens to the coroutine, the job stays picked and is taken over when its
    heartbeat has run out.
    """

    _has_picked_all = False
    news: _News

    async def log_jobs(self, job_status: list[tuple[Job, JOB_STATUS, TracebackRecord | None]]) -> None:
        return

    async def dequeue(self, batch_size: int, *arguments: Any, **named: Any) -> list[Job]:
        """Pick jobs. The engine asks until it gets none; a batch that was not full has said that already. What came
        since is told, and looked for before the engine sleeps."""
        self.news.is_told = False
        if self._has_picked_all:
            self._has_picked_all = False
            return []
        picked = await super().dequeue(batch_size, *arguments, **named)
        self._has_picked_all = 0 < len(picked) < batch_size
        return picked


@dataclass
class _News:
    """Whether the engine was told that jobs have come, and has not looked for them yet: it remembers every notice, and
    would look once for each."""

    is_told: bool = False


class Room(Protocol):
    """The place for jobs that a worker has beside its engine."""

    def is_busy(self) -> bool:
        """Whether it may have had no room for a job."""
        ...

    def take(self, job_id: int, otherwise: Callable[[], None]) -> None:
        """Take on a job that has just been rung without asking the queue for it, or call `otherwise`, at once or
        later."""
        ...


class _WatchedDriver(AsyncpgPoolDriver):
    """Says when the connection to the database fails, which the engine by itself finds out late or never, and when
    there are jobs for it, which it finds out too often."""

    def __init__(
        self, pool: asyncpg.Pool, broken: asyncio.Event, tasks: Collection[str], room: Room, news: _News
    ) -> None:
        super().__init__(pool)
        self._broken = broken
        self._tasks = frozenset(tasks)
        self._room = room
        self._news = news
        self._listening = asyncio.Event()

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        # After a failed look at the queue the engine would only wait for its running jobs, however long.
        try:
            return await super().fetch(query, *args)
        except Exception:
            self._broken.set()
            raise

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        def heed(payload: str | bytes | bytearray) -> None:
            # A job that has ended is news only to a worker that had no room for the next one, and of those that come
            # our own notice says more: everybody else would look for nothing, several statements each time.
            if _ADDED in str(payload) or (_ENDED in str(payload) and not self._room.is_busy()):
                return
            callback(payload)

        def look() -> None:
            if not self._news.is_told:
                self._news.is_told = True
                callback(_notice(channel))

        def heed_ring(payload: str | bytes | bytearray) -> None:
            task, _, job_id = str(payload).partition(" ")
            if task not in self._tasks:
                return
            if job_id:
                self._room.take(int(job_id), look)
            else:
                look()

        await super().add_listener(channel, heed)
        await super().add_listener(schema.RUNG_CHANNEL, heed_ring)
        self._listening.set()

    async def notify(self, channel: str, payload: str) -> None:
        # The engine tests its listener while it is still starting to listen; such a test would fail.
        await self._listening.wait()
        await super().notify(channel, payload)


def _notice(channel: str) -> str:
    """The engine's own notice that jobs have come."""
    event = TableChangedEvent(
        channel=Channel(channel),
        operation="insert",
        sent_at=datetime.now(UTC),
        table=SETTINGS.queue_table,
        type="table_changed_event",
    )
    return event.model_dump_json()


def picking_queries(pool: asyncpg.Pool, broken: asyncio.Event, tasks: Collection[str], room: Room) -> Queries:
    """The engine's statements over a pool, for a queue manager that carries out these tasks. Sets `broken` when one of
    its reads fails. Jobs that are rung one by one go to the `room` first."""
    news = _News()
    queries = _queries(_WatchedDriver(pool, broken, tasks, room, news), _PickingQueries)
    queries.news = news
    return queries


async def install(dsn: str) -> None:
    """Create or upgrade the engine's tables in the database at `dsn`.

    Safe to call from any number of processes at once and at every start; changes nothing when up to date.
    Raises OSError or asyncpg.PostgresError when the database cannot be reached or changed.
    """
    db = await asyncpg.connect(dsn, timeout=INSTALL_TIMEOUT_S, command_timeout=INSTALL_TIMEOUT_S)
    try:
        # The migrations' lock: everything that changes the schema takes turns. A session lock, since the
        # engine's upgrade cannot run in one transaction. Closing the connection gives it back whatever
        # happens.
        await db.execute("select pg_advisory_lock($1)", MIGRATION_LOCK)
        queries = queries_on(db)
        plan = await queries.apply_upgrade()
        if plan.statements:
            await queries.optimize_autovacuum()
        await schema.extend(db, table=SETTINGS.queue_table, queue=QUEUE)
    finally:
        await db.close()
