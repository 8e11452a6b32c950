"""Forgets messages after their time, in bounded batches, with their deliveries and attempts.

It must never delete consumers.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg
import structlog

from bookbridge.jobs import Schedule
from bookbridge.webhooks.doorbell import PRUNE_TASK

log = structlog.get_logger(__name__)

MESSAGES_KEPT_S: Final = 14 * 86_400.0
BATCH_ROWS: Final = 500
BATCHES_MAX: Final = 200
PRUNE_EVERY_S: Final = 600.0


def schedule(pool: asyncpg.Pool) -> Schedule:
    """The periodic task, for the worker."""

    async def work() -> None:
        await prune(pool)

    return Schedule(PRUNE_TASK, PRUNE_EVERY_S, work)


async def prune(pool: asyncpg.Pool, *, now: datetime | None = None) -> int:
    """Delete messages older than MESSAGES_KEPT_S, each batch in a transaction of its own, at most
    BATCHES_MAX batches of BATCH_ROWS; returns how many."""
    before = (now or datetime.now(UTC)) - timedelta(seconds=MESSAGES_KEPT_S)
    total = 0
    for _ in range(BATCHES_MAX):
        deleted = await pool.fetchval(
            """with old as (select id from webhook_messages where created < $1
                            order by created limit $2 for update skip locked),
                    gone as (delete from webhook_messages where id in (select id from old) returning id)
               select count(*) from gone""",
            before,
            BATCH_ROWS,
        )
        total += deleted
        if deleted < BATCH_ROWS:
            break
    if total:
        log.info("webhook_messages_pruned", messages=total)
    return total
