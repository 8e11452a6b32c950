"""How late the workers are. Reads the queue, changes nothing."""

from __future__ import annotations

from bookbridge.jobs.engine import QUEUE
from bookbridge.store.pool import Db

LATE_AFTER_S = 60.0
"""A job that has been due for so long says that no worker runs, or that there are too few."""


async def longest_wait_s(db: Db) -> float:
    """How long, in seconds, the job that is due longest has been waiting to be started; 0.0 when none waits."""
    waited: float = await db.fetchval(
        f"""select coalesce(extract(epoch from now() - min(execute_after)), 0)::float8 from {QUEUE}
            where status = 'queued' and execute_after <= now()"""  # noqa: S608
    )
    return max(0.0, waited)


async def waiting(db: Db, task: str) -> int:
    """How many jobs of the task are due and not started."""
    count: int = await db.fetchval(
        f"select count(*) from {QUEUE} where entrypoint = $1 and status = 'queued' and execute_after <= now()",  # noqa: S608
        task,
    )
    return count
