"""The application's patience: a Pending operation becomes TimedOut when its time is over.

Only what the application is told changes. The write itself goes on, since bytes may be on their way already, and its
outcome is recorded beside the status (see `transitions`).
"""

from __future__ import annotations

from uuid import UUID

import asyncpg
import structlog

from bookbridge.companies.views import Views
from bookbridge.push import events, transitions

log = structlog.get_logger(__name__)


class Timeouts:
    """Handler of the task `push.timeout`."""

    def __init__(self, pool: asyncpg.Pool, views: Views) -> None:
        self._pool = pool
        self._views = views

    async def handler(self, key: str) -> float | None:
        """Time out the operation that the key names, if it is still Pending, and tell so."""
        company_id, _, operation_id = key.partition(":")
        async with self._pool.acquire() as db, db.transaction():
            end = await transitions.time_out(db, UUID(company_id), UUID(operation_id))
            if end is not None:
                await events.tell(db, self._views, end.operation, end.company, successful=False)
                log.info("push_timed_out", operation_id=str(end.operation.id))
        return None
