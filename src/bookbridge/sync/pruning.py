"""Forgets reads that ended long ago, with their findings: schedules would fill the tables for ever.

Of each data type of each connection the newest read and the newest one that ended well stay. No record is touched.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

READS_KEPT: Final = timedelta(days=60)
BATCH_ROWS: Final = 1_000

_FORGET = """
with old as (
    select company_id, id from datasets d
    where completed < $1
      and exists (
        select from datasets newer
        where newer.company_id = d.company_id and newer.connection_id = d.connection_id
          and newer.data_type = d.data_type and newer.requested > d.requested)
      and (d.status <> 'Complete' or exists (
        select from datasets newer
        where newer.company_id = d.company_id and newer.connection_id = d.connection_id
          and newer.data_type = d.data_type and newer.status = 'Complete' and newer.requested > d.requested))
    order by completed limit $2 for update skip locked),
findings as (
    delete from validation_findings f using old where f.company_id = old.company_id and f.dataset_id = old.id),
gone as (
    delete from datasets d using old where d.company_id = old.company_id and d.id = old.id returning 1)
select count(*) from gone
"""


async def prune(pool: asyncpg.Pool, *, now: datetime | None = None) -> int:
    """Delete reads that ended more than READS_KEPT ago, in batches of BATCH_ROWS; returns how many."""
    before = (now or datetime.now(UTC)) - READS_KEPT
    total = 0
    while True:
        deleted: int = await pool.fetchval(_FORGET, before, BATCH_ROWS)
        total += deleted
        if deleted < BATCH_ROWS:
            return total
