"""The runs of handlers in this process: started, kept, ended, counted.

A run comes from the engine, which has picked its job, or from a ring that was heard (`Runs.take`): then its job is
picked and started in one statement. What a start and an end mean in the database is decided in `doorbells`, how long
a worker lives in `worker`. It must not know what a task does.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog
from pgqueuer.domain.models import Job
from prometheus_client import Counter, Gauge, Histogram

from bookbridge.jobs import doorbells
from bookbridge.jobs.doorbells import AFTER_S_MAX, Ending

log = structlog.get_logger(__name__)

Handler = Callable[[str], Awaitable[float | None]]
"""Given the key. Returns None when nothing is left, or the seconds after which to be run again.

It may be cancelled at any point, and started again from its beginning on another machine.
"""

HEARTBEATS_PER_TIMEOUT = 6
# A lease ends this part of the time-out before another worker may take the job: time to cancel in.
LEASE_MARGIN = 1 / 6
# A cancelled handler, and after it the engine, get this long to end.
CANCEL_S = 5.0

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


class Runs:
    """The runs of one worker, at most `concurrency` at a time."""

    def __init__(self, handlers: Mapping[str, Handler], *, concurrency: int, heartbeat_timeout_s: float) -> None:
        self._handlers = dict(handlers)
        self._concurrency = concurrency
        self._heartbeat_timeout_s = heartbeat_timeout_s
        self._lease_s = heartbeat_timeout_s * (1 - LEASE_MARGIN)
        self._runs: dict[int, _Run] = {}
        self._taken: set[asyncio.Task[None]] = set()
        self._starting: set[int] = set()
        # The engine counts places in the database, and cannot see what is being taken beside it at that moment: then,
        # rarely, a job that it has picked waits for its place here.
        self._places = asyncio.Semaphore(concurrency)
        self._is_closed = False
        self._hands_back = False

    @property
    def under_way(self) -> set[asyncio.Task[None]]:
        """The runs of jobs that were taken without the engine."""
        return set(self._taken)

    @property
    def jobs(self) -> list[Job]:
        """The jobs whose handlers run now."""
        return [run.job for run in self._runs.values()]

    def is_busy(self) -> bool:
        """Whether the engine may have had no room when it last looked for jobs."""
        return 2 * (len(self._starting) + len(self._runs)) >= self._concurrency

    def open(self) -> None:
        """From now on jobs are taken and started."""
        self._is_closed = self._hands_back = False

    def close(self) -> None:
        """Take no more jobs without the engine."""
        self._is_closed = True

    def hand_back(self) -> None:
        """Cancel all runs, and those that are just being started: another worker shall go on."""
        self._hands_back = True
        for run in list(self._runs.values()):
            run.hand_back()

    def take(self, pool: asyncpg.Pool, holder: UUID, job_id: int, otherwise: Callable[[], None]) -> None:
        """Pick and run this job without waiting for the engine. When there is much to do already, or the database
        fails, `otherwise` is called."""
        if self._is_closed or self.is_busy() or self._places.locked():
            otherwise()
            return
        self._starting.add(job_id)
        taken = asyncio.create_task(self._take(pool, holder, job_id, otherwise))
        self._taken.add(taken)
        taken.add_done_callback(self._taken.discard)

    async def _take(self, pool: asyncpg.Pool, holder: UUID, job_id: int, otherwise: Callable[[], None]) -> None:
        job: Job | None = None
        try:
            async with self._places:
                confirmed_at_s = time.monotonic()
                try:
                    job = await doorbells.take(pool, job_id, holder)
                finally:
                    self._starting.discard(job_id)
                if job is not None:
                    await self._run(pool, holder, job, confirmed_at_s)
        except DATABASE_ERRORS as error:
            log.warning("jobs.start_or_end_not_recorded", job=job_id, reason=repr(error))
            if job is None:
                otherwise()

    async def execute(self, pool: asyncpg.Pool, holder: UUID, job: Job) -> None:
        """Run a job that the engine has picked for `holder`, up to its recorded end."""
        if job.id in self._runs:
            return  # a heartbeat was late, and our own engine has taken our own run for dead
        try:
            async with self._places:
                confirmed_at_s = time.monotonic()
                if await doorbells.begin(pool, job, holder):
                    await self._run(pool, holder, job, confirmed_at_s)
        except DATABASE_ERRORS as error:
            # The job stays picked, and starts again when its heartbeat has run out.
            log.warning("jobs.start_or_end_not_recorded", task=job.entrypoint, job=job.id, reason=repr(error))

    async def _run(self, pool: asyncpg.Pool, holder: UUID, job: Job, confirmed_at_s: float) -> None:
        """Run the handler of a job that has begun."""
        if self._hands_back:
            await doorbells.finish(pool, job, holder, Ending.HANDED_BACK)
            return
        if time.monotonic() - confirmed_at_s > self._lease_s:
            return  # the database took so long that another worker may have the job by now
        handler = asyncio.create_task(_call(job, self._handlers[job.entrypoint]))
        run = _Run(job, holder, handler, confirmed_at_s)
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

    async def keep_leases(self, pool: asyncpg.Pool) -> None:
        """Send heartbeats for ever; a run that cannot be confirmed in time is cancelled."""
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


async def _call(job: Job, handler: Handler) -> float | None:
    """Run the handler, in a task of its own: every line that it logs says what it was run for."""
    key = doorbells.key_of(job)
    structlog.contextvars.bind_contextvars(task=job.entrypoint, key=key)
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
