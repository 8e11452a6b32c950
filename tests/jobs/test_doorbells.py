"""Starts and ends of runs, one step at a time: who may start, who may end, and what is owed afterwards."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from uuid import UUID

import asyncpg
from pgqueuer.domain.models import Job
from pgqueuer.ports.repository import EntrypointExecutionParameter

from bookbridge.jobs import doorbells
from bookbridge.jobs.doorbells import Ending
from bookbridge.jobs.engine import queries_on

from .conftest import ring

ANN = uuid.uuid4()
BEN = uuid.uuid4()


async def pick(pool: asyncpg.Pool, holder: UUID) -> Job:
    """Pick the one job that is due, or whose worker is taken for dead: here everyone who holds one."""
    async with pool.acquire() as db:
        (job,) = await queries_on(db).dequeue(
            batch_size=1,
            entrypoints={"t": EntrypointExecutionParameter(concurrency_limit=0)},
            queue_manager_id=holder,
            global_concurrency_limit=None,
            heartbeat_timeout=timedelta(0),
        )
    return job


async def _queued(pool: asyncpg.Pool) -> list[float]:
    """The seconds from now at which each queued job falls due."""
    rows = await pool.fetch(
        "select extract(epoch from execute_after - now())::float as due from pgqueuer"
        " where status = 'queued' order by execute_after"
    )
    return [row["due"] for row in rows]


async def test_only_the_newest_holder_ends_a_run(pool: asyncpg.Pool) -> None:
    await ring(pool, "t", "a")
    job = await pick(pool, ANN)
    assert await doorbells.begin(pool, job, ANN)
    job = await pick(pool, BEN)
    assert not await doorbells.begin(pool, job, ANN)
    assert await doorbells.begin(pool, job, BEN)
    assert not await doorbells.finish(pool, job, ANN, Ending.DONE)
    assert await doorbells.beat(pool, [job.id], ANN) == set()
    assert await doorbells.beat(pool, [job.id], BEN) == {job.id}
    assert await doorbells.finish(pool, job, BEN, Ending.DONE)
    assert not await doorbells.finish(pool, job, BEN, Ending.DONE)
    assert await _queued(pool) == []


async def test_a_take_over_answers_the_rings_of_the_run_that_was_cut_off(pool: asyncpg.Pool) -> None:
    await ring(pool, "t", "a")
    first = await pick(pool, ANN)
    assert await doorbells.begin(pool, first, ANN)
    await ring(pool, "t", "a")
    second = await _pick_other(pool, first, BEN)
    assert not await doorbells.begin(pool, second, BEN)
    assert await pool.fetchval("select rung_again from doorbells")
    assert await doorbells.begin(pool, await pick(pool, BEN), BEN)
    assert not await pool.fetchval("select rung_again from doorbells")
    assert await doorbells.finish(pool, first, BEN, Ending.DONE)
    assert await pool.fetchval("select count(*) from pgqueuer") == 0


async def _pick_other(pool: asyncpg.Pool, job: Job, holder: UUID) -> Job:
    """Pick the one other job. The engine, told to take every holder for dead, would offer the older one again."""
    row = await pool.fetchrow(
        "update pgqueuer set status = 'picked', queue_manager_id = $2 where id <> $1 returning *", job.id, holder
    )
    return Job.model_validate(dict(row))


async def test_a_run_that_is_cut_off_again_and_again_waits(pool: asyncpg.Pool) -> None:
    await ring(pool, "t", "a")
    for _ in range(1 + doorbells.CUT_OFFS_AT_ONCE_MAX):
        holder = uuid.uuid4()
        assert await doorbells.begin(pool, await pick(pool, holder), holder)
    holder = uuid.uuid4()
    assert not await doorbells.begin(pool, await pick(pool, holder), holder)
    (due,) = await _queued(pool)
    assert 2.0 < due <= 4.0
    # It is put off, not given up, and a ring still starts it at once.
    await ring(pool, "t", "a")
    job = await pick(pool, ANN)
    assert await doorbells.begin(pool, job, ANN)
    assert await doorbells.finish(pool, job, ANN, Ending.DONE)
    assert await _queued(pool) == []
    assert await pool.fetchval("select failures from doorbells") == 0


async def test_what_a_run_asks_for_replaces_what_it_asked_for_before(pool: asyncpg.Pool) -> None:
    for again_after_s in (100.0, 50.0, 200.0):
        await ring(pool, "t", "a")
        job = await pick(pool, ANN)
        assert await doorbells.begin(pool, job, ANN)
        assert await doorbells.finish(pool, job, ANN, Ending.DONE, again_after_s=again_after_s)
        (due,) = await _queued(pool)
        assert again_after_s - 5 < due <= again_after_s


async def test_the_sweep_throws_away_what_is_old(pool: asyncpg.Pool) -> None:
    await ring(pool, "t", "old")
    job = await pick(pool, ANN)
    assert await doorbells.begin(pool, job, ANN)
    assert await doorbells.finish(pool, job, ANN, Ending.DONE)
    assert await doorbells.sweep(pool) == 0
    assert await pool.fetchval("select count(*) from doorbells") == 1
    await pool.execute("update doorbells set finished_at = now() - interval '8 days'")
    await pool.execute("update pgqueuer_log set created = now() - interval '2 days'")
    await doorbells.sweep(pool)
    assert await pool.fetchval("select count(*) from doorbells") == 0
    assert await pool.fetchval("select count(*) from pgqueuer_log") == 0


async def test_many_jobs_of_one_key_taken_at_once_are_one_run(pool: asyncpg.Pool) -> None:
    for _ in range(20):
        for _ in range(8):
            await ring(pool, "t", "a")
        queued = [row["id"] for row in await pool.fetch("select id from pgqueuer")]
        takers = [doorbells.take(pool, job, holder) for job in queued for holder in (ANN, BEN)]
        taken = [job for job in await asyncio.gather(*takers) if job is not None]
        assert len(taken) == 1
        (holder,) = {await pool.fetchval("select holder from doorbells")}
        assert await doorbells.finish(pool, taken[0], holder, Ending.DONE)
        await pool.execute("delete from pgqueuer")


async def test_a_job_that_is_not_due_is_not_taken(pool: asyncpg.Pool) -> None:
    await ring(pool, "t", "a", after_s=60)
    later = await pool.fetchval("select id from pgqueuer")
    assert await doorbells.take(pool, later, ANN) is None
    assert await doorbells.take(pool, later + 1, ANN) is None
    assert await pool.fetchval("select status = 'queued' from pgqueuer")
