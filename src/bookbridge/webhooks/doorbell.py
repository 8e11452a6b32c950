"""The names of this room's tasks, and how a consumer's delivery is woken.

One doorbell per consumer: a dead receiver keeps only its own handler busy. It must not read or write
deliveries.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from bookbridge import jobs
from bookbridge.store.pool import Db

DELIVER_TASK: Final = "webhooks.deliver"
"""Key: the consumer's id. Handler: `delivery.Deliverer`."""

PRUNE_TASK: Final = "webhooks.prune"
"""A schedule. Work: `pruning.prune`."""


async def wake(db: Db, consumer_id: UUID) -> None:
    """Have the consumer's due messages sent once the caller's transaction has committed."""
    await jobs.ring(db, DELIVER_TASK, str(consumer_id))
