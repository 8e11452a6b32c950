"""The worker in one process: starts, merges, order, failures, stopping."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter

import asyncpg
import pytest
import structlog
from prometheus_client import REGISTRY

from bookbridge import jobs
from bookbridge.jobs import doorbells
from tests.waiting import DEADLINE_S, until

from .conftest import StartWorker, ring


async def _jobs_left(pool: asyncpg.Pool) -> int:
    return await pool.fetchval("select count(*) from pgqueuer")


async def test_a_ring_starts_the_handler_without_waiting_for_the_next_look(
    pool: asyncpg.Pool, start: StartWorker
) -> None:
    started: list[str] = []

    async def handler(key: str) -> None:
        started.append(key)

    start({"t": handler}, poll_s=3600.0)
    for number in range(30):
        await ring(pool, "t", str(number))
        await until(lambda number=number: len(started) == number + 1)
    await until(lambda: _is_empty(pool))


async def _is_empty(pool: asyncpg.Pool) -> bool:
    return await _jobs_left(pool) == 0


async def test_a_rolled_back_ring_starts_nothing(pool: asyncpg.Pool, start: StartWorker) -> None:
    seen: list[str] = []

    async def handler(key: str) -> None:
        seen.append(key)

    start({"t": handler})
    async with pool.acquire() as db:
        transaction = db.transaction()
        await transaction.start()
        await jobs.ring(db, "t", "rolled back")
        await transaction.rollback()
    await ring(pool, "t", "committed")
    await until(lambda: bool(seen))
    assert seen == ["committed"]


async def test_rings_before_a_start_merge_into_one_run(pool: asyncpg.Pool, start: StartWorker) -> None:
    runs = Counter[str]()

    async def handler(key: str) -> None:
        runs[key] += 1

    for _ in range(50):
        await ring(pool, "t", "a")
    start({"t": handler})
    await until(lambda: _is_empty(pool))
    assert runs == {"a": 1}


async def test_a_ring_while_running_starts_one_more_run(pool: asyncpg.Pool, start: StartWorker) -> None:
    go_on = asyncio.Event()
    runs = 0

    async def handler(key: str) -> None:
        nonlocal runs
        runs += 1
        await go_on.wait()

    start({"t": handler})
    await ring(pool, "t", "a")
    await until(lambda: runs == 1)
    for _ in range(5):
        await ring(pool, "t", "a")

    async def marked() -> bool:
        return await pool.fetchval("select rung_again from doorbells") and await _jobs_left(pool) == 1

    await until(marked)
    assert runs == 1
    go_on.set()
    await until(lambda: _is_empty(pool))
    assert runs == 2


async def test_an_earlier_ring_goes_first(pool: asyncpg.Pool, start: StartWorker) -> None:
    started: list[float] = []

    async def handler(key: str) -> float:
        started.append(time.monotonic())
        return 3600.0

    start({"t": handler})
    await ring(pool, "t", "a", after_s=600)
    await ring(pool, "t", "a")
    await until(lambda: len(started) == 1)

    async def put_back() -> bool:
        return await _jobs_left(pool) == 2

    await until(put_back)
    await ring(pool, "t", "a")
    await until(lambda: len(started) == 2)
    # The later ring is kept, and however often the handler runs, it has put itself back once.
    await until(put_back)


async def test_a_delayed_ring_is_never_early(pool: asyncpg.Pool, start: StartWorker) -> None:
    started: list[float] = []

    async def handler(key: str) -> None:
        started.append(time.monotonic())

    start({"t": handler})
    async with pool.acquire() as db, db.transaction():
        await db.execute("select pg_sleep(0.3)")  # the delay counts from the ring, not from the transaction
        rung_at = time.monotonic()
        await jobs.ring(db, "t", "a", after_s=0.5)
    await until(lambda: len(started) == 1)
    assert started[0] - rung_at >= 0.5


async def test_a_handler_that_returns_seconds_is_run_again(pool: asyncpg.Pool, start: StartWorker) -> None:
    runs = 0

    async def handler(key: str) -> float | None:
        nonlocal runs
        runs += 1
        return 0.05 if runs < 3 else None

    start({"t": handler})
    await ring(pool, "t", "a")
    await until(lambda: runs == 3)
    await until(lambda: _is_empty(pool))


@pytest.mark.parametrize("nonsense", [float("nan"), float("inf")])
async def test_nonsense_from_a_handler_counts_as_a_failure(
    pool: asyncpg.Pool, start: StartWorker, nonsense: float
) -> None:
    async def handler(key: str) -> float:
        return nonsense

    start({"t": handler})
    await ring(pool, "t", "a")

    async def failed() -> bool:
        return await pool.fetchval("select max(failures) from doorbells") == 1

    await until(failed)


async def test_a_failing_handler_backs_off(
    pool: asyncpg.Pool, start: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorbells, "BACKOFF_FIRST_S", 0.2)
    started: list[float] = []

    async def handler(key: str) -> None:
        started.append(time.monotonic())
        if len(started) <= 2:
            raise RuntimeError("no")

    start({"t": handler})
    await ring(pool, "t", "a")
    await until(lambda: len(started) == 3)
    assert started[1] - started[0] >= 0.16
    assert started[2] - started[1] >= 0.32
    await until(lambda: _is_empty(pool))
    assert await pool.fetchval("select failures from doorbells") == 0


async def test_a_ring_does_not_wait_for_a_back_off(
    pool: asyncpg.Pool, start: StartWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorbells, "BACKOFF_FIRST_S", 100.0)
    starts = 0

    async def handler(key: str) -> None:
        nonlocal starts
        starts += 1
        if starts == 1:
            raise RuntimeError("no")

    start({"t": handler})
    await ring(pool, "t", "a")

    async def backing_off() -> bool:
        return await pool.fetchval("select max(failures) from doorbells") == 1

    await until(backing_off)
    await ring(pool, "t", "a")
    await until(lambda: starts == 2)
    # The success forgives the failure, and takes its back-off from the queue.
    await until(lambda: _is_empty(pool))


def test_the_back_off_is_capped() -> None:
    waits = [doorbells.backoff_s(failures) for failures in (1, 2, 3, 10, 1_000_000)]
    assert waits[0] <= 1.0
    assert waits[1] <= 2.0
    assert waits[2] <= 4.0
    assert all(240.0 <= wait <= 300.0 for wait in waits[3:])


async def test_no_more_handlers_at_a_time_than_allowed(pool: asyncpg.Pool, start: StartWorker) -> None:
    running = most = done = 0

    async def handler(key: str) -> None:
        nonlocal running, most, done
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        done += 1

    start({"t": handler}, concurrency=4)
    for number in range(40):
        await ring(pool, "t", str(number))
    await until(lambda: done == 40)
    assert most <= 4


async def test_a_stopped_worker_hands_its_handlers_back(pool: asyncpg.Pool, start: StartWorker) -> None:
    starts = 0
    go_on = asyncio.Event()

    async def handler(key: str) -> None:
        nonlocal starts
        starts += 1
        await go_on.wait()

    first = start({"t": handler}, grace_s=0.1)
    await ring(pool, "t", "a")
    await until(lambda: starts == 1)
    first.stop()

    async def handed_back() -> bool:
        return await pool.fetchval("select status from pgqueuer") == "queued"

    await until(handed_back)
    go_on.set()
    start({"t": handler})
    await until(lambda: _is_empty(pool))
    assert starts == 2


async def test_a_handler_that_loses_its_job_is_cancelled(pool: asyncpg.Pool, start: StartWorker) -> None:
    ended: list[str] = []
    starts = 0

    async def handler(key: str) -> None:
        nonlocal starts
        starts += 1
        if starts == 1:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                ended.append("cancelled")
                raise

    start({"t": handler}, heartbeat_timeout_s=2.0, poll_s=0.2)
    await ring(pool, "t", "a")
    await until(lambda: starts == 1)
    await pool.execute("delete from pgqueuer")
    await until(lambda: ended == ["cancelled"])
    # Work that was cut off by hand is found and rung again.
    assert await doorbells.sweep(pool) == 1
    await until(lambda: starts == 2)


async def test_malformed_rings_are_refused(pool: asyncpg.Pool) -> None:
    for task, key, after_s in (
        ("", "k", 0.0),
        ("Bad Name", "k", 0.0),
        ("t", "k" * 501, 0.0),
        ("t", "a\0b", 0.0),
        ("t", "k", -1.0),
        ("t", "k", float("nan")),
    ):
        with pytest.raises(ValueError):
            await ring(pool, task, key, after_s=after_s)


async def test_a_schedule_runs_once_for_every_period_over_all_workers(pool: asyncpg.Pool, start: StartWorker) -> None:
    runs: list[float] = []

    async def work() -> None:
        runs.append(time.monotonic())

    schedule = jobs.Schedule("tick", 0.5, work)
    for _ in range(3):
        start({}, schedules=[schedule])
    await until(lambda: len(runs) == 3)
    assert all(later - earlier >= 0.5 for earlier, later in itertools.pairwise(runs))


async def test_a_shortened_period_takes_effect_at_once(pool: asyncpg.Pool) -> None:
    async def work() -> None:
        return

    await ring(pool, "tick", "", after_s=3600)
    await jobs.Schedule("tick", 60, work).ensure(pool)
    assert await pool.fetchval("select count(*) from pgqueuer where execute_after < now() + interval '61 s'") == 1


async def test_install_from_many_processes_at_once(dsn: str) -> None:
    await asyncio.gather(*(jobs.install(dsn) for _ in range(5)))
    await jobs.install(dsn)


async def test_whatever_a_handler_logs_says_what_it_was_run_for(pool: asyncpg.Pool, start: StartWorker) -> None:
    heard: asyncio.Queue[dict[str, object]] = asyncio.Queue()

    async def handler(key: str) -> None:
        await heard.put(structlog.contextvars.get_contextvars())

    start({"told": handler})
    for key in ("one", "two"):
        await ring(pool, "told", key)
        assert await asyncio.wait_for(heard.get(), DEADLINE_S) == {"task": "told", "key": key}
    assert structlog.contextvars.get_contextvars() == {}


async def test_runs_are_counted(pool: asyncpg.Pool, start: StartWorker) -> None:
    async def handler(key: str) -> None:
        if key == "bad":
            raise RuntimeError("no")

    start({"counted": handler})
    await ring(pool, "counted", "good")
    await ring(pool, "counted", "bad")

    def count(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, {"task": "counted", **labels}) or 0.0

    await until(lambda: count("bookbridge_job_runs_total", ending="done") == 1)
    await until(lambda: count("bookbridge_job_runs_total", ending="failed") >= 1)
    assert count("bookbridge_job_failures_total") >= 1
    assert count("bookbridge_job_duration_seconds_count") >= 2


async def test_a_worker_without_the_engines_tables_says_so(dsn: str, pool: asyncpg.Pool) -> None:
    await pool.execute("drop table pgqueuer cascade")
    with pytest.raises(RuntimeError, match="missing"):
        await jobs.Worker(dsn, {}).run()


def test_impossible_workers_are_refused() -> None:
    async def handler(key: str) -> None:
        return

    with pytest.raises(ValueError):
        jobs.Worker("postgresql://", {"t": handler}, concurrency=1)
    with pytest.raises(ValueError):
        jobs.Worker("postgresql://", {"Bad Name": handler})
    with pytest.raises(ValueError):
        jobs.Worker("postgresql://", {"t": handler}, schedules=[jobs.Schedule("t", 1, lambda: handler(""))])
