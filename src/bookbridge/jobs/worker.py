"""The worker: picks rung doorbells from the queue and runs their handlers, a bounded number at a time.

It owns the life of a run in this process: heartbeat, lease, cancellation, metrics, stopping. What a start
and an end mean in the database is decided in `doorbells`. It must not know what a task does.

Times, with the defaults: a killed worker's run is started again after at most 8 s (6 s without a heartbeat,
then the next look at the queue, every 2 s). A worker that lives but cannot confirm that it holds a job
cancels the handler 5 s after the last confirmed heartbeat. A worker that stops gives its handlers 20 s,
then cancels and hands them back.
"""

from __future__ import annotations

import asyncio
import math
import random
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg
import structlog
from pgqueuer.domain.errors import FailingListenerError
from pgqueuer.domain.models import Job
from pgqueuer.domain.types import Channel
from pgqueuer.qm import QueueManager
from prometheus_client import Counter, Gauge, Histogram

from bookbridge.jobs import doorbells, engine
from bookbridge.jobs.doorbells import AFTER_S_MAX, Ending
from bookbridge.jobs.schedules import Schedule
from bookbridge.store.pool import open_pool

log = structlog.get_logger(__name__)

Handler = Callable[[str], Awaitable[float | None]]
"""Given the key. Returns None when nothing is left, or the seconds after which to be run again.

It may be cancelled at any point, and started again from its beginning on another machine.
"""

CONCURRENCY = 20
HEARTBEAT_TIMEOUT_S = 6.0
HEARTBEATS_PER_TIMEOUT = 6
# A lease ends this part of the time-out before another worker may take the job: time to cancel in.
LEASE_MARGIN = 1 / 6
# How often to look at the queue when no notification came: bounds take-over and the cost of a lost
# notification.
POLL_S = 2.0
GRACE_S = 20.0
# A cancelled handler, and after it the engine, get this long to end.
CANCEL_S = 5.0
SWEEP_S = 60.0
RESTART_S = 1.0
BATCH_MAX = 10
POOL_SIZE = 10

DATABASE_ERRORS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)

RUNS = Counter("bookbridge_job_runs", "Runs of handlers that ended, by how they ended.", ("task", "ending"))
FAILURES = Counter("bookbridge_job_failures", "Runs of handlers that raised.", ("task",))
LEASES_LOST = Counter("bookbridge_job_leases_lost", "Runs cancelled because their lease was lost.", ("task",))
DURATION = Histogram("bookbridge_job_duration_seconds", "How long one run of a handler took.", ("task",))
RUNNING = Gauge("bookbridge_job_running", "Handlers that run now in this process.", ("task",))


@dataclass
class _Run:
    """One handler at work in this process."""

    job: Job
    holder: UUID
    task: asyncio.Task[float | None]
    confirmed_at_s: float  # monotonic; just before the newest confirmed heartbeat was sent
    lost: bool = False
    handed_back: bool = False

    def lose(self) -> None:
        """Cancel: another worker may own the job from now on."""
        if not self.task.done():
            self.lost = True
            self.task.cancel()

    def hand_back(self) -> None:
        """Cancel: this worker stops, another one shall go on."""
        if not self.task.done():
            self.handed_back = True
            self.task.cancel()


class Worker:
    """Runs handlers for rung doorbells until it is stopped. Any number of workers may share one database.

    `handlers` maps task names to handlers; each schedule adds one more. At most `concurrency` (at least 2)
    handlers run at a time in this worker. All workers of one database must use the same
    `heartbeat_timeout_s`. Raises ValueError for a malformed or repeated task name or an impossible
    concurrency.
    """

    def __init__(
        self,
        dsn: str,
        handlers: Mapping[str, Handler],
        *,
        schedules: Sequence[Schedule] = (),
        concurrency: int = CONCURRENCY,
        heartbeat_timeout_s: float = HEARTBEAT_TIMEOUT_S,
        poll_s: float = POLL_S,
        grace_s: float = GRACE_S,
    ) -> None:
        if concurrency < 2:
            raise ValueError("a worker runs at least 2 handlers at a time")
        self._dsn = dsn
        self._handlers: dict[str, Handler] = dict(handlers)
        self._schedules = tuple(schedules)
        for schedule in self._schedules:
            if schedule.task in self._handlers:
                raise ValueError(f"two handlers for the task {schedule.task}")
            self._handlers[schedule.task] = schedule
        for task in self._handlers:
            doorbells.check_task(task)
        self._concurrency = concurrency
        self._heartbeat_timeout_s = heartbeat_timeout_s
        self._lease_s = heartbeat_timeout_s * (1 - LEASE_MARGIN)
        self._poll_s = poll_s
        self._grace_s = grace_s
        self._stopping = asyncio.Event()
        self._runs: dict[int, _Run] = {}
        self._closing = False

    def stop(self) -> None:
        """Ask the worker to stop; `run` returns when the handlers have ended or were handed back."""
        self._stopping.set()

    async def run(self, *, stop_on_signals: bool = False) -> None:
        """Work until `stop`, or with `stop_on_signals` until SIGTERM or SIGINT. To be called once.

        Returns at most about `grace_s` + 3 * CANCEL_S seconds after it was asked to stop. An outage of the
        database is waited out. Raises OSError or asyncpg.PostgresError when the database cannot be reached
        at the start.
        """
        if stop_on_signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, self.stop)
        # What is committed here is who runs what. If a crash of the database forgets the last of it, jobs are started
        # once more than needed; and what a handler commits waits for the disk, with all that came before it.
        pool = await open_pool(self._dsn, max_size=POOL_SIZE, waits_for_disk=False)
        background: list[asyncio.Task[None]] = []
        try:
            for schedule in self._schedules:
                await schedule.ensure(pool)
            background = [
                asyncio.create_task(self._keep_leases(pool)),
                asyncio.create_task(self._keep_sweeping(pool)),
            ]
            while not self._stopping.is_set():
                await self._run_engine(pool)
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            await _close(pool)

    async def _run_engine(self, pool: asyncpg.Pool) -> None:
        """Pick and run jobs until stopped, or until the connection to the database fails."""
        self._closing = False
        broken = asyncio.Event()
        queries = engine.picking_queries(pool, broken, self._handlers, self._is_busy)
        manager = QueueManager(queries, channel=Channel(engine.SETTINGS.channel))
        for task, handler in self._handlers.items():
            manager.entrypoint(task)(self._executor(pool, manager.queue_manager_id, handler))
        running = asyncio.create_task(
            manager.run(
                dequeue_timeout=timedelta(seconds=self._poll_s),
                batch_size=min(BATCH_MAX, self._concurrency // 2),
                max_concurrent_tasks=self._concurrency,
                shutdown_on_listener_failure=True,
                heartbeat_timeout=timedelta(seconds=self._heartbeat_timeout_s),
                log_aggregation_interval=timedelta(0),
            )
        )
        watches = [asyncio.create_task(event.wait()) for event in (self._stopping, broken, manager.shutdown)]
        try:
            await asyncio.wait({running, *watches}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for watch in watches:
                watch.cancel()
            manager.shutdown.set()
            # After an outage the runs are started again from their checkpoints rather than waited for:
            # until the engine has ended, nothing new is picked.
            await self._wind_down(running, self._grace_s if self._stopping.is_set() else 0.0)
        if not self._stopping.is_set():
            log.warning("jobs.engine_restarts", reason=repr(_outage(running)))
            with suppress(TimeoutError):
                async with asyncio.timeout(RESTART_S):
                    await self._stopping.wait()

    def _is_busy(self) -> bool:
        """Whether it may have been at its limit when it last looked for jobs."""
        return 2 * len(self._runs) >= self._concurrency

    async def _wind_down(self, running: asyncio.Task[None], grace_s: float) -> None:
        await asyncio.wait({running}, timeout=grace_s)
        self._closing = True
        for run in list(self._runs.values()):
            run.hand_back()
        await asyncio.wait({running}, timeout=CANCEL_S)
        if not running.done():
            # A handler does not end, or the database does not answer. Whatever is left stays picked and is
            # taken over.
            log.error("jobs.abandoned", jobs=[f"{run.job.entrypoint} {run.job.id}" for run in self._runs.values()])
            running.cancel()
            await asyncio.wait({running}, timeout=CANCEL_S)

    def _executor(self, pool: asyncpg.Pool, holder: UUID, handler: Handler) -> Callable[[Job], Awaitable[None]]:
        async def execute(job: Job) -> None:
            try:
                await self._execute(pool, holder, handler, job)
            except DATABASE_ERRORS as error:
                # The job stays picked, and starts again when its heartbeat has run out.
                log.warning("jobs.start_or_end_not_recorded", task=job.entrypoint, job=job.id, reason=repr(error))

        return execute

    async def _execute(self, pool: asyncpg.Pool, holder: UUID, handler: Handler, job: Job) -> None:
        confirmed_at_s = time.monotonic()
        if not await doorbells.begin(pool, job, holder):
            return
        if self._closing:
            await doorbells.finish(pool, job, holder, Ending.HANDED_BACK)
            return
        if time.monotonic() - confirmed_at_s > self._lease_s:
            return  # the database took so long that another worker may have the job by now
        key = doorbells.key_of(job)
        run = _Run(job, holder, asyncio.create_task(_call(handler, key)), confirmed_at_s)
        self._runs[job.id] = run
        try:
            with RUNNING.labels(job.entrypoint).track_inprogress(), DURATION.labels(job.entrypoint).time():
                await asyncio.wait({run.task})
            await self._end(pool, run)
        except asyncio.CancelledError:
            run.lose()
            await asyncio.wait({run.task}, timeout=CANCEL_S)
            raise
        finally:
            del self._runs[job.id]

    async def _end(self, pool: asyncpg.Pool, run: _Run) -> None:
        job = run.job
        if run.lost:
            LEASES_LOST.labels(job.entrypoint).inc()
            log.warning("jobs.lease_lost", task=job.entrypoint, key=doorbells.key_of(job), job=job.id)
            return
        ending, again_after_s = _ending(run)
        if not await doorbells.finish(pool, job, run.holder, ending, again_after_s=again_after_s):
            log.warning("jobs.taken_over", task=job.entrypoint, key=doorbells.key_of(job), job=job.id)
            return
        RUNS.labels(job.entrypoint, ending.value).inc()
        if ending is Ending.FAILED:
            FAILURES.labels(job.entrypoint).inc()

    async def _keep_leases(self, pool: asyncpg.Pool) -> None:
        interval_s = self._heartbeat_timeout_s / HEARTBEATS_PER_TIMEOUT
        while True:
            await asyncio.sleep(interval_s)
            by_holder: dict[UUID, list[_Run]] = {}
            for run in self._runs.values():
                by_holder.setdefault(run.holder, []).append(run)
            for holder, runs in by_holder.items():
                await self._beat(pool, holder, runs, interval_s)

    async def _beat(self, pool: asyncpg.Pool, holder: UUID, runs: list[_Run], timeout_s: float) -> None:
        sent_at_s = time.monotonic()
        try:
            async with asyncio.timeout(timeout_s):
                held = await doorbells.beat(pool, [run.job.id for run in runs], holder)
        except DATABASE_ERRORS as error:
            log.warning("jobs.heartbeat_failed", runs=len(runs), reason=repr(error))
            for run in runs:
                # The next answer comes after one interval and one time limit.
                if time.monotonic() + 2 * timeout_s - run.confirmed_at_s > self._lease_s:
                    run.lose()
            return
        for run in runs:
            if run.job.id in held:
                run.confirmed_at_s = sent_at_s
            else:
                run.lose()

    async def _keep_sweeping(self, pool: asyncpg.Pool) -> None:
        while True:
            try:
                rung = await doorbells.sweep(pool)
                if rung:
                    log.warning("jobs.cut_off_runs_rung_again", count=rung)
            except DATABASE_ERRORS as error:
                log.warning("jobs.sweep_failed", reason=repr(error))
            await asyncio.sleep(SWEEP_S * random.uniform(0.8, 1.2))  # noqa: S311


async def _call(handler: Handler, key: str) -> float | None:
    return await handler(key)


def _ending(run: _Run) -> tuple[Ending, float | None]:
    """How the handler ended, and the seconds it asked for."""
    names = {"task": run.job.entrypoint, "key": doorbells.key_of(run.job), "job": run.job.id}
    if run.task.cancelled():
        if run.handed_back:
            return Ending.HANDED_BACK, None
        log.error("jobs.handler_cancelled_itself", **names)
        return Ending.FAILED, None
    error = run.task.exception()
    if error is not None:
        log.error("jobs.handler_failed", **names, exc_info=error)
        return Ending.FAILED, None
    again_after_s = run.task.result()
    if again_after_s is None:
        return Ending.DONE, None
    if not math.isfinite(again_after_s):
        log.error("jobs.handler_returned_nonsense", **names, again_after_s=again_after_s)
        return Ending.FAILED, None
    return Ending.DONE, min(max(again_after_s, 0.0), AFTER_S_MAX)


def _outage(running: asyncio.Task[None]) -> BaseException | None:
    """Why the engine ended, if that can be waited out; raises what cannot (tables missing, a fault of ours)."""
    if not running.done() or running.cancelled():
        return None
    error = running.exception()
    if error is not None and not isinstance(error, (*DATABASE_ERRORS, FailingListenerError)):
        raise error
    return error


async def _close(pool: asyncpg.Pool) -> None:
    try:
        async with asyncio.timeout(CANCEL_S):
            await pool.close()
    except DATABASE_ERRORS:
        pool.terminate()
