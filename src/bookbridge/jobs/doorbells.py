"""The doorbell: `ring` in any transaction, and the handler of (task, key) is started after it, surely.

This module owns the start and the end of every run. It must not call handlers (that is `worker`) and must
not know what a key means.

How it works
    A ring inserts one job into the engine's queue, without a deduplication key. So ringing takes no lock
    that two callers could wait for or deadlock on, however long their transactions are: merging is done
    when a run starts. A picked job goes through `begin`, a run ends through `finish`; both are one short
    transaction that first locks the row of `doorbells` for (task, key). What a handler asks for itself
    (seconds after which to run again, or the back-off after a failure) is one more job, the put-back, of
    which there is at most one for each (task, key) because it carries a deduplication key and each finish
    replaces it.
    A worker that hears the ring of a job that is due need not wait until the engine looks: `take` picks the
    job and begins it, for the price of one statement. Whoever locks a job and its row of `doorbells` locks the
    row first; the engine, which locks jobs alone, waits for nobody.

No wake-up is lost
    A committed ring is a job J, and J leaves the queue in these places only:
    1. `begin` of J itself, or of another job of the same (task, key), lets the handler start. It removes
       only jobs that it sees committed and due, and the handler starts after it. So J's transaction was
       committed, and its time had come, before that start: the ring is answered.
    2. `begin` of J finds the handler running. Under the row lock it removes J and sets `rung_again`. The
       run that holds the row must pass the same lock to end, and then finds the mark and queues a new job
       in the transaction that ends it. If instead that run dies, its own job is still in the queue, is
       taken over when its heartbeat runs out, and is started from its beginning: after J, which answers J,
       so `begin` clears the mark.
    3. `finish` of J: J's handler has been started. A put-back that it replaces was not a ring but the
       handler's earlier word on when to run again, and the newest word counts.
    4. `begin` of J finds that J's runs were cut off again and again. It replaces J by a put-back in the same
       transaction, so the start comes later, but it comes.
    The engine cannot end jobs at all (see `engine`). If someone else empties the queue by hand, runs
    that were cut off are rung again by `sweep`.

At most one at a time
    `begin` starts J only if, under the row lock, no other job that is still in the queue holds the row. A
    holder's job leaves the queue only in its `finish`, that is after its handler has ended. So two
    handlers can overlap only as two runs of the same job, when the second worker took it over because
    the first had sent no heartbeat for the time-out. The first worker counts the time-out from the moment
    before it sent its last confirmed heartbeat, and cancels the handler before it is over; and every
    heartbeat is conditional on still holding the job. What remains is a handler that ignores its
    cancellation, or a process frozen past the time-out and woken: its `finish` is refused, but what it
    writes elsewhere must be guarded by the room that it writes to (lock the row, record the intent first).

Earlier rings go first
    Jobs due at different times are different jobs, each picked when it is due, so a ring for now never
    waits for a put-back of later.
"""

from __future__ import annotations

import enum
import math
import random
import re
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
from pgqueuer.domain.models import Job

from bookbridge.jobs.engine import LOG, QUEUE, queries_on
from bookbridge.store.pool import Db

TASK = re.compile(r"[a-z][a-z0-9_.]{0,99}")
KEY_LENGTH_MAX = 500
AFTER_S_MAX = 366 * 86_400.0

BACKOFF_FIRST_S = 1.0
BACKOFF_MAX_S = 300.0
# Spread retries of many keys that failed together, so that they do not come back together.
BACKOFF_JITTER = 0.2

# A run may be cut off this often in a row (worker killed, database away) and is started again at once. After that it
# is suspected of killing its worker, and waits like a failed one.
CUT_OFFS_AT_ONCE_MAX = 2

SWEEP_LOCK = 0x62656C6C
LOG_KEPT = timedelta(days=1)
IDLE_DOORBELL_KEPT = timedelta(days=7)
SWEEP_ROWS_MAX = 10_000


class Ending(enum.Enum):
    """How a run ended."""

    DONE = "done"
    FAILED = "failed"
    HANDED_BACK = "handed_back"  # cut short by its worker, which is stopping: neither done nor failed


# Not through the engine, whose statement costs twice as much: it also writes a log that nobody reads.
_RING = f"insert into {QUEUE} (entrypoint, payload, priority, status, execute_after)"


class _Bell(NamedTuple):
    """What the row of (task, key) said when it was locked."""

    job_id: int | None
    holder: UUID | None
    rung_again: bool
    failures: int


async def ring(db: Db, task: str, key: str, *, after_s: float = 0.0) -> None:
    """Have the handler of `task` started with `key`, inside the caller's transaction.

    After that transaction has committed, the handler will be started at some moment not before `after_s`
    seconds from this call, even if it is running right now. At most one handler of one (task, key) runs at
    a time over all machines. Rings that are due together may merge into one run. Nothing happens if the
    transaction is rolled back. Never waits for another caller.

    Raises ValueError for a malformed task, key or after_s.
    """
    _check(task, key, after_s)
    # A delay counts from this call, not from the start of the transaction.
    moment = "clock_timestamp()" if after_s > 0 else "now()"
    await db.execute(
        f"{_RING} values ($1, $2, 0, 'queued', {moment} + $3::interval)",
        task,
        key.encode(),
        timedelta(seconds=after_s),
    )


def ringing(task: str, key: str) -> str:
    """The statement of `ring` without a delay, to be a part of another: what follows is its `from`. `key` is SQL for
    the key's text, in which the caller sees to the limits of `ring`. Raises ValueError for a malformed task."""
    check_task(task)
    return f"{_RING} select '{task}', convert_to({key}, 'UTF8'), 0, 'queued', now()"


def check_task(task: str) -> None:
    """Raise ValueError unless `task` can name a task: lower case letters, digits, "_" and "."."""
    if not TASK.fullmatch(task):
        raise ValueError(f"not a task name: {task!r}")


def _check(task: str, key: str, after_s: float) -> None:
    check_task(task)
    if len(key) > KEY_LENGTH_MAX or "\0" in key:
        raise ValueError(f"a key has at most {KEY_LENGTH_MAX} characters and no NUL")
    if not 0 <= after_s <= AFTER_S_MAX:  # false for NaN as well
        raise ValueError(f"after_s must lie in 0..{AFTER_S_MAX:.0f}, not {after_s}")


def key_of(job: Job) -> str:
    """The key that the job was rung with."""
    return (job.payload or b"").decode()


async def take(pool: asyncpg.Pool, job_id: int, holder: UUID) -> Job | None:
    """Pick this job, if it is still queued and nobody else picks it, and `begin` it, all at once.

    The job if its handler may start now. None otherwise; nothing is left to do then.
    """
    row = await pool.fetchrow("select (taken).*, started from take_run($1, $2)", job_id, holder)
    if row["id"] is None or row["started"] is False:
        return None
    values = dict(row)
    started: bool | None = values.pop("started")
    job = Job.model_validate(values)
    return job if started or await _begin_unusually(pool, job, holder) else None


async def begin(pool: asyncpg.Pool, job: Job, holder: UUID) -> bool:
    """Whether the handler may start now for this picked job.

    True: `holder` is now the one that runs (task, key), and jobs of the same (task, key) that are due are answered by
    this start and removed. False: another run answers this ring, another worker has taken the job over, or
    the run was cut off so often that it was put off; nothing is left to do.
    """
    started: bool | None = await pool.fetchval(
        "select start_run($1, $2, $3, $4, $5)", job.entrypoint, key_of(job), job.id, holder, job.payload
    )
    return await _begin_unusually(pool, job, holder) if started is None else started


async def _begin_unusually(pool: asyncpg.Pool, job: Job, holder: UUID) -> bool:
    """Where somebody held the row a moment ago: another run of the same (task, key), or this job's earlier one."""
    async with pool.acquire() as db, db.transaction():
        bell = await _lock(db, job)
        if not await _beat_one(db, job, holder):
            return False
        failures = bell.failures
        if bell.job_id is not None and bell.job_id != job.id and await _is_queued(db, bell.job_id):
            await db.execute(
                "update doorbells set rung_again = true where task = $1 and key = $2",
                job.entrypoint,
                key_of(job),
            )
            await _remove(db, [job.id])
            return False
        if bell.job_id == job.id:
            failures += 1
            if failures > CUT_OFFS_AT_ONCE_MAX:
                await _conclude(db, bell, job, failures, backoff_s(failures))
                return False
        return await _record_start(db, job, holder, failures)


async def _record_start(db: Db, job: Job, holder: UUID, failures: int) -> bool:
    """Under the row lock, take the row for this job if it is still the holder's; whether it is. Jobs that are answered
    by the start are removed."""
    row = await db.fetchrow(_START, job.entrypoint, key_of(job), job.id, holder, failures, job.payload)
    # Only if there are any: the engine announces every delete, even of nothing, to all workers.
    if row["started"] and row["answered"]:
        await _remove(db, row["answered"])
    return row["started"] is True


async def finish(
    pool: asyncpg.Pool, job: Job, holder: UUID, ending: Ending, *, again_after_s: float | None = None
) -> bool:
    """End the run of this job, and in the same transaction queue what follows from it.

    DONE queues the next run after `again_after_s` (None: no run until somebody rings). FAILED queues it after
    a back-off that doubles with each failure in a row. HANDED_BACK queues it at once.
    False: the job is no longer this holder's; nothing was changed.
    """
    async with pool.acquire() as db, db.transaction():
        bell = await _lock(db, job)
        if (bell.job_id, bell.holder) != (job.id, holder) or not await _beat_one(db, job, holder):
            return False
        failures = bell.failures
        if ending is Ending.DONE:
            failures = 0
        elif ending is Ending.FAILED:
            failures += 1
            again_after_s = backoff_s(failures)
        else:
            again_after_s = 0.0
        await _conclude(db, bell, job, failures, again_after_s)
        return True


async def _conclude(db: Db, bell: _Bell, job: Job, failures: int, again_after_s: float | None) -> None:
    """Under the row lock: remove the job that ran, free the row, and queue what is owed."""
    queries = queries_on(db)
    await queries.log_jobs([(job, "exception" if failures > bell.failures else "successful", None)])
    put_back_key = f"{job.entrypoint}:{key_of(job)}"
    await db.execute(f"delete from {QUEUE} where dedupe_key = $1", put_back_key)  # noqa: S608
    if bell.rung_again:
        await queries.enqueue(job.entrypoint, job.payload)
    if again_after_s is not None:
        delay = timedelta(seconds=again_after_s)
        await queries.enqueue(job.entrypoint, job.payload, execute_after=delay, dedupe_key=put_back_key)
    await db.execute(
        """update doorbells
           set job_id = null, holder = null, rung_again = false, failures = $3,
               finished_at = clock_timestamp()
           where task = $1 and key = $2""",
        job.entrypoint,
        key_of(job),
        failures,
    )


def backoff_s(failures: int) -> float:
    """Seconds to wait after that many failures in a row."""
    doublings = min(failures - 1, math.ceil(math.log2(BACKOFF_MAX_S / BACKOFF_FIRST_S)))
    delay_s = min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2.0**doublings)
    return delay_s * random.uniform(1 - BACKOFF_JITTER, 1.0)  # noqa: S311


async def beat(pool: asyncpg.Pool, job_ids: list[int], holder: UUID) -> set[int]:
    """Send a heartbeat for these jobs; returns those that `holder` still holds."""
    rows = await pool.fetch(
        f"update {QUEUE} set heartbeat = now()"  # noqa: S608
        " where id = any($1::bigint[]) and queue_manager_id = $2 and status = 'picked' returning id",
        job_ids,
        holder,
    )
    return {row["id"] for row in rows}


async def sweep(pool: asyncpg.Pool) -> int:
    """Ring again what was cut off by hand, throw away what is no longer needed, and return how many were
    rung.

    Any number of workers may call it at any time; one of them does the work.
    """
    async with pool.acquire() as db, db.transaction():
        if not await db.fetchval("select pg_try_advisory_xact_lock($1)", SWEEP_LOCK):
            return 0
        rung = await _ring_cut_off(db)
        await db.execute(
            f"""delete from {LOG} where id in (
                    select id from {LOG} where created < now() - $1::interval limit $2)""",  # noqa: S608
            LOG_KEPT,
            SWEEP_ROWS_MAX,
        )
        await db.execute(
            """delete from doorbells where (task, key) in (
                   select task, key from doorbells
                   where job_id is null and failures = 0 and finished_at < now() - $1::interval
                   limit $2 for update skip locked)""",
            IDLE_DOORBELL_KEPT,
            SWEEP_ROWS_MAX,
        )
        return rung


async def _ring_cut_off(db: Db) -> int:
    candidates = await db.fetch(
        f"""select task, key from doorbells bell
            where job_id is not null and not exists (select from {QUEUE} job where job.id = bell.job_id)
            order by task, key limit $1""",  # noqa: S608
        SWEEP_ROWS_MAX,
    )
    rung = 0
    for task, key in candidates:
        # Look again under the lock, in a new statement: the candidate may have ended and begun since.
        bell = _Bell(*await db.fetchrow(_LOCK, task, key))
        if bell.job_id is None or await _is_queued(db, bell.job_id):
            continue
        await db.execute(
            """update doorbells set job_id = null, holder = null, rung_again = false
               where task = $1 and key = $2""",
            task,
            key,
        )
        await ring(db, task, key)
        rung += 1
    return rung


async def ensure(pool: asyncpg.Pool, task: str, key: str, *, within_s: float) -> None:
    """Ring unless a run is under way or queued. One queued for later than `within_s` is brought forward."""
    _check(task, key, within_s)
    async with pool.acquire() as db, db.transaction():
        await db.execute(_LOCK, task, key)
        await db.execute(
            f"""update {QUEUE} set execute_after = now() + $3::interval
                where entrypoint = $1 and payload = $2 and status = 'queued'
                  and execute_after > now() + $3::interval""",  # noqa: S608
            task,
            key.encode(),
            timedelta(seconds=within_s),
        )
        queued = f"select exists (select from {QUEUE} where entrypoint = $1 and payload = $2)"  # noqa: S608
        if not await db.fetchval(queued, task, key.encode()):
            await ring(db, task, key)


# Creates the row when it is missing, and locks it either way, in one statement that no concurrent delete
# can split.
_LOCK = """insert into doorbells as bell (task, key) values ($1, $2)
           on conflict (task, key) do update set task = excluded.task
           returning job_id, holder, rung_again, failures"""


# One statement, since a handler waits for it; it begins after the lock was got, and sees what was committed till then.
_START = f"""with held as (
        update {QUEUE} set heartbeat = now()
        where id = $3 and queue_manager_id = $4 and status = 'picked' returning id),
    started as (
        update doorbells
        set job_id = $3, holder = $4, rung_again = false, failures = $5, started_at = clock_timestamp()
        where task = $1 and key = $2 and exists (select from held) returning true)
    select exists (select from started) as started,
        array(select id from {QUEUE} where entrypoint = $1 and payload = $6 and id <> $3
              and execute_after <= now()) as answered"""  # noqa: S608


async def _lock(db: Db, job: Job) -> _Bell:
    return _Bell(*await db.fetchrow(_LOCK, job.entrypoint, key_of(job)))


async def _beat_one(db: Db, job: Job, holder: UUID) -> bool:
    held = await db.fetchval(
        f"update {QUEUE} set heartbeat = now()"  # noqa: S608
        " where id = $1 and queue_manager_id = $2 and status = 'picked' returning true",
        job.id,
        holder,
    )
    return held is True


async def _is_queued(db: Db, job_id: int | None) -> bool:
    return await db.fetchval(f"select exists (select from {QUEUE} where id = $1)", job_id) is True  # noqa: S608


async def _remove(db: Db, job_ids: list[int]) -> None:
    await db.execute(f"delete from {QUEUE} where id = any($1::bigint[])", job_ids)  # noqa: S608
