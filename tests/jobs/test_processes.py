"""Workers in processes of their own: no ring is lost in a storm, one run at a time, the dead are replaced."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from bookbridge import jobs
from tests.waiting import DEADLINE_S, until

from . import worker_process
from .conftest import ring

StartProcess = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def start_process(dsn: str, pool: asyncpg.Pool) -> AsyncIterator[StartProcess]:
    """Start a worker process on this test's database; what is left of them is killed at the end."""
    await pool.execute(worker_process.DIARY)
    await pool.execute(worker_process.WORK)
    processes: list[asyncio.subprocess.Process] = []

    async def start(*, takes_s: float, heartbeat_timeout_s: float = 2.0) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, worker_process.__file__, dsn, str(takes_s), str(heartbeat_timeout_s)
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _is_quiet(pool: asyncpg.Pool) -> bool:
    return not await pool.fetchval("select exists (select from pgqueuer)")


# Runs of one key that were under way at the same moment. A run that never ended was cut off, by a kill or a
# cancellation, before the next one began; the tests that kill look at those by themselves.
OVERLAPS = """
    select count(*) from diary a join diary b
        on a.key = b.key and a.id < b.id and b.started < a.ended and a.started < b.ended"""

# Keys whose newest item was never seen by a run: lost wake-ups.
MISSED = """
    select count(*) from (select key, max(item) as newest from work group by key) as rung
    where not exists (select from diary where diary.key = rung.key and diary.saw >= rung.newest)"""


async def test_no_ring_is_lost_in_a_storm_on_two_processes(pool: asyncpg.Pool, start_process: StartProcess) -> None:
    await start_process(takes_s=0.005)
    await start_process(takes_s=0.005)
    keys = [f"key {number}" for number in range(50)]

    async def caller() -> None:
        for _ in range(60):
            async with pool.acquire() as db, db.transaction():
                key = random.choice(keys)
                await db.execute("insert into work (key) values ($1)", key)
                await jobs.ring(db, "t", key)
                if random.random() < 0.1:
                    # A slow transaction: its item becomes visible long after its ring was made.
                    await asyncio.sleep(random.uniform(0, 0.05))

    await asyncio.gather(*(caller() for _ in range(20)))
    await until(lambda: _is_quiet(pool), deadline_s=60)
    assert await pool.fetchval(MISSED) == 0
    assert await pool.fetchval(OVERLAPS) == 0
    assert await pool.fetchval("select count(*) from diary where ended is null") == 0
    assert await pool.fetchval("select count(distinct pid) from diary") >= 2


async def test_rings_survive_kills(pool: asyncpg.Pool, start_process: StartProcess) -> None:
    keys = [f"key {number}" for number in range(20)]
    stop = asyncio.Event()

    async def caller() -> None:
        while not stop.is_set():
            async with pool.acquire() as db, db.transaction():
                key = random.choice(keys)
                await db.execute("insert into work (key) values ($1)", key)
                await jobs.ring(db, "t", key)
            await asyncio.sleep(0.005)

    callers = [asyncio.create_task(caller()) for _ in range(4)]
    survivor = await start_process(takes_s=0.02)
    for _ in range(3):
        victim = await start_process(takes_s=0.02)
        runs = await pool.fetchval("select count(*) from diary")
        await until(lambda runs=runs: _has_runs(pool, runs + 60))
        victim.kill()
        await victim.wait()
    stop.set()
    await asyncio.gather(*callers)
    await until(lambda: _is_quiet(pool), deadline_s=60)
    assert survivor.returncode is None
    assert await pool.fetchval(MISSED) == 0
    assert await pool.fetchval(OVERLAPS) == 0


async def _has_runs(pool: asyncpg.Pool, count: int) -> bool:
    return await pool.fetchval("select count(*) from diary") >= count


async def test_a_killed_workers_run_is_taken_over(pool: asyncpg.Pool, start_process: StartProcess) -> None:
    first = await start_process(takes_s=3600, heartbeat_timeout_s=6.0)
    await ring(pool, "t", "a")
    await until(lambda: _has_runs(pool, 1))
    await start_process(takes_s=0.0, heartbeat_timeout_s=6.0)
    # A ring that falls due while the handler runs is answered by the same take-over.
    await ring(pool, "t", "a")
    first.send_signal(signal.SIGKILL)
    await first.wait()
    await until(lambda: _has_runs(pool, 2))
    await until(lambda: _is_quiet(pool))


async def test_a_frozen_worker_ends_nothing_when_it_wakes(pool: asyncpg.Pool, start_process: StartProcess) -> None:
    first = await start_process(takes_s=3600)
    await ring(pool, "t", "a")
    await until(lambda: _has_runs(pool, 1))
    os.kill(first.pid, signal.SIGSTOP)
    second = await start_process(takes_s=1.0)
    await until(lambda: _has_runs(pool, 2))
    os.kill(first.pid, signal.SIGCONT)
    await until(lambda: _is_quiet(pool))
    assert await pool.fetchval("select count(*) from diary where ended is not null") == 1
    first.terminate()
    assert await asyncio.wait_for(first.wait(), DEADLINE_S) == 0
    second.terminate()
    assert await asyncio.wait_for(second.wait(), DEADLINE_S) == 0


async def test_sigterm_hands_a_long_run_back(pool: asyncpg.Pool, start_process: StartProcess) -> None:
    first = await start_process(takes_s=3600)
    await ring(pool, "t", "a")
    await until(lambda: _has_runs(pool, 1))
    first.terminate()
    assert await asyncio.wait_for(first.wait(), DEADLINE_S) == 0
    assert await pool.fetchval("select status from pgqueuer") == "queued"
    assert await pool.fetchval("select failures from doorbells") == 0


async def test_a_worker_outlives_the_loss_of_its_connections(pool: asyncpg.Pool, start_process: StartProcess) -> None:
    await start_process(takes_s=0.0)
    await ring(pool, "t", "a")
    await until(lambda: _has_runs(pool, 1))
    await pool.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'bookbridge'"
        " and datname = current_database() and pid <> pg_backend_pid()"
    )
    await until(lambda: _rings_again(pool))
    await until(lambda: _has_runs(pool, 2))


async def _rings_again(pool: asyncpg.Pool) -> bool:
    try:
        await ring(pool, "t", "a")
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return True
