"""Fixtures of the jobs room: workers that end with the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from bookbridge import jobs

StartWorker = Callable[..., jobs.Worker]


@pytest.fixture
async def start(dsn: str) -> AsyncIterator[StartWorker]:
    """Start a worker in this process; every worker started is stopped at the end of the test."""
    running: list[tuple[jobs.Worker, asyncio.Task[None]]] = []

    def start_worker(handlers: dict[str, jobs.Handler], **options: object) -> jobs.Worker:
        worker = jobs.Worker(dsn, handlers, **{"grace_s": 1.0, **options})  # type: ignore[arg-type]
        running.append((worker, asyncio.create_task(worker.run())))
        return worker

    yield start_worker
    for worker, _ in running:
        worker.stop()
    await asyncio.gather(*(task for _, task in running))


async def ring(pool: asyncpg.Pool, task: str, key: str, *, after_s: float = 0.0) -> None:
    async with pool.acquire() as db, db.transaction():
        await jobs.ring(db, task, key, after_s=after_s)
