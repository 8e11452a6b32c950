"""The worker: picks rung doorbells from the queue and runs their handlers, a bounded number at a time.

It owns the engine and its life in this process: starting, outages, stopping. The runs of handlers are in `runs`, and
what their starts and ends mean in the database is decided in `doorbells`. It must not know what a task does.

Times, with the defaults: a killed worker's run is started again after at most 8 s (6 s without a heartbeat,
then the next look at the queue, every 2 s). A worker that lives but cannot confirm that it holds a job
cancels the handler 5 s after the last confirmed heartbeat. A worker that stops gives its handlers 20 s,
then cancels and hands them back.
"""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import asyncpg
import structlog
from pgqueuer.domain.errors import FailingListenerError
from pgqueuer.domain.types import Channel
from pgqueuer.qm import QueueManager

from bookbridge.jobs import doorbells, engine
from bookbridge.jobs.runs import CANCEL_S, DATABASE_ERRORS, Handler, Runs
from bookbridge.jobs.schedules import Schedule
from bookbridge.store.pool import open_pool

log = structlog.get_logger(__name__)

CONCURRENCY = 20
HEARTBEAT_TIMEOUT_S = 6.0
# How often to look at the queue when no notification came: bounds take-over and the cost of a lost
# notification.
POLL_S = 2.0
GRACE_S = 20.0
SWEEP_S = 60.0
RESTART_S = 1.0
BATCH_MAX = 10
POOL_SIZE = 10


@dataclass
class _Room:
    """The worker's place for jobs beside its engine; see `engine.Room`. Both hold jobs by one name, which the engine
    chooses."""

    runs: Runs
    pool: asyncpg.Pool
    holder: UUID

    def is_busy(self) -> bool:
        return self.runs.is_busy()

    def take(self, job_id: int, otherwise: Callable[[], None]) -> None:
        self.runs.take(self.pool, self.holder, job_id, otherwise)


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
        self._poll_s = poll_s
        self._grace_s = grace_s
        self._stopping = asyncio.Event()
        self._runs = Runs(self._handlers, concurrency=concurrency, heartbeat_timeout_s=heartbeat_timeout_s)

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
                asyncio.create_task(self._runs.keep_leases(pool)),
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
        broken = asyncio.Event()
        room = _Room(self._runs, pool, uuid4())
        queries = engine.picking_queries(pool, broken, self._handlers, room)
        manager = QueueManager(queries, channel=Channel(engine.SETTINGS.channel))
        room.holder = manager.queue_manager_id
        execute = partial(self._runs.execute, pool, manager.queue_manager_id)
        for task in self._handlers:
            manager.entrypoint(task)(execute)
        self._runs.open()
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

    async def _wind_down(self, running: asyncio.Task[None], grace_s: float) -> None:
        self._runs.close()
        ending = {running, *self._runs.under_way}
        await asyncio.wait(ending, timeout=grace_s)
        self._runs.hand_back()
        await asyncio.wait(ending, timeout=CANCEL_S)
        left = {task for task in ending if not task.done()}
        if left:
            # A handler does not end, or the database does not answer. Whatever is left stays picked and is
            # taken over.
            log.error("jobs.abandoned", jobs=[f"{job.entrypoint} {job.id}" for job in self._runs.jobs])
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=CANCEL_S)

    async def _keep_sweeping(self, pool: asyncpg.Pool) -> None:
        while True:
            try:
                rung = await doorbells.sweep(pool)
                if rung:
                    log.warning("jobs.cut_off_runs_rung_again", count=rung)
            except DATABASE_ERRORS as error:
                log.warning("jobs.sweep_failed", reason=repr(error))
            await asyncio.sleep(SWEEP_S * random.uniform(0.8, 1.2))  # noqa: S311


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
