"""Writing the keys by which queries find records, a little after the records: reading a vendor does not wait for it.

Lists are exact before and after; it is only about their speed. It must not know what a key is.
"""

from __future__ import annotations

import time
from uuid import UUID

import asyncpg

from bookbridge import jobs
from bookbridge.store import records
from bookbridge.store.pool import Db

KEYS_TASK = "records.keys"
"""The doorbell of the key writer; its key is the connection's id."""

SLICE_S = 20.0
"""Then others have their turn."""


async def ring(db: Db, connection_id: UUID) -> None:
    """Have the keys written of what was saved over the connection."""
    await jobs.ring(db, KEYS_TASK, str(connection_id))


class KeyWriter:
    """Handler of the task `records.keys`."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def handle(self, key: str) -> float | None:
        """Write what is missing for the connection `key`. Returns 0 to be run again, or None when done."""
        deadline = time.monotonic() + SLICE_S
        for scope in await records.lists_without_keys(self.pool, UUID(key)):
            while await records.write_keys(self.pool, scope):
                if time.monotonic() > deadline:
                    return 0.0
        return None
