"""The names of this room's tasks, and how they are rung.

One doorbell per connection: a connection that waits for its vendor keeps only its own writes waiting. It must not
change operations.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from bookbridge import jobs
from bookbridge.store.pool import Db

WRITE_TASK: Final = "push.connection"
"""Key: the connection's id. Handler: `run.Runner`."""

TIME_OUT_TASK: Final = "push.timeout"
"""Key: company id and operation id, joined by a colon. Handler: `timeouts.Timeouts`."""


WAKING: Final = f"{jobs.ringing(WRITE_TASK, 'connection_id::text')} from changed"
"""A part of a `with` clause after `changed`, the operations that are to be carried out once the transaction commits."""


async def time_out_after(db: Db, company_id: UUID, operation_id: UUID, minutes: int) -> None:
    """Have the operation looked at again when the application's patience is over."""
    seconds = timedelta(minutes=minutes).total_seconds()
    await jobs.ring(db, TIME_OUT_TASK, f"{company_id}:{operation_id}", after_s=seconds)
