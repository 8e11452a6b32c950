"""Waiting for what happens elsewhere: by looking until it has, never by sleeping for luck."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

DEADLINE_S = 30.0
"""For what takes well under a second on an idle machine."""

POLL_S = 0.01


async def until(condition: Callable[[], object | Awaitable[object]], deadline_s: float = DEADLINE_S) -> None:
    """Wait until the condition holds; fails when it does not within the deadline."""
    async with asyncio.timeout(deadline_s):
        while True:
            held = condition()
            if isinstance(held, Awaitable):
                held = await held
            if held:
                return
            await asyncio.sleep(POLL_S)


async def until_answered(dsn: str) -> None:
    """Wait until the database at `dsn` answers."""

    async def is_answered() -> bool:
        try:
            db = await asyncpg.connect(dsn, timeout=5)
        except (OSError, asyncpg.PostgresError):
            return False
        await db.close()
        return True

    await until(is_answered)


async def somebody_waits_for_a_lock(pool: asyncpg.Pool) -> bool:
    """Whether a transaction of this database waits for what another one holds."""
    waits: bool = await pool.fetchval(
        "select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')"
    )
    return waits
