"""Forgets writes that ended long ago, with their stories, in bounded batches.

What stays, however old it is:
- a write that has not ended, also one that the application was told has timed out;
- what an unfinished write names by its key (`references`), and what ended within the same time before it was asked for:
  looking up whether it landed must not take an earlier write's record for its own (`operations.claimed`);
- a write whose answer an Idempotency-Key still gives again. A key that was never answered lives as long as its write,
  and goes with it.

No record is touched: what was written stays in the books and in what was read of them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg
import structlog

log = structlog.get_logger(__name__)

BATCH_ROWS: Final = 500
BATCHES_MAX: Final = 200
"""Of one run; the next run goes on."""

# Of a write that had timed out, `completed` is the time of that; its story tells when it really ended.
_FORGET = """
with awaited as (
    select unnest(awaits) as id from push_operations where stage <> 'done' and awaits is not null),
old as (
    select company_id, id from push_operations o
    where stage = 'done' and completed < $1
      and not exists (
        select from push_steps s
        where s.company_id = o.company_id and s.operation_id = o.id and s.happened >= $1)
      and coalesce((
        select w.requested - $2::interval > o.completed from push_operations w
        where w.connection_id = o.connection_id and w.stage <> 'done' order by w.place limit 1), true)
      and id not in (select id from awaited where id is not null)
      and not exists (
        select from idempotency_keys k
        where k.company_id = o.company_id and k.operation_id = o.id
          and k.expires > clock_timestamp() and k.expires < 'infinity')
    order by completed limit $3 for update skip locked),
gone as (
    delete from push_operations o using old where o.company_id = old.company_id and o.id = old.id returning 1)
select count(*) from gone
"""


async def prune(pool: asyncpg.Pool, kept: timedelta, *, now: datetime | None = None) -> int:
    """Delete writes that ended more than `kept` ago, each batch in a transaction of its own, at most BATCHES_MAX
    batches of BATCH_ROWS; returns how many."""
    before = (now or datetime.now(UTC)) - kept
    total = 0
    for _ in range(BATCHES_MAX):
        deleted: int = await pool.fetchval(_FORGET, before, kept, BATCH_ROWS)
        total += deleted
        if deleted < BATCH_ROWS:
            break
    if total:
        log.info("push_operations_pruned", operations=total)
    return total
