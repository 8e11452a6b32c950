"""Telling callers when a product has been read: `{product}.read.completed`, once all reads of a refresh have ended.

A refresh reads over several connections, a batch over each; workers end those at the same time. It must not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID, uuid4

import asyncpg

from bookbridge.companies import companies
from bookbridge.companies.views import Views
from bookbridge.store.pool import Db
from bookbridge.sync import datasets, events
from bookbridge.sync.datasets import Dataset
from bookbridge.webhooks import outbox
from bookbridge.webhooks.events import READ_PRODUCTS, product_read_event

LEFT_OVER_MAX: Final = 500
"""Refreshes that are looked after at a time."""


async def expect(db: Db, product: str, queued: Iterable[Dataset]) -> None:
    """Remember the reads of one refresh; call it in the transaction that queues them."""
    refresh_id = uuid4()
    batches = {(row.company_id, row.batch_id, row.connection_id) for row in queued}
    await db.executemany(
        """insert into product_reads (company_id, refresh_id, batch_id, connection_id, product)
        values ($1, $2, $3, $4, $5)""",
        [(company, refresh_id, batch, connection, product) for company, batch, connection in batches],
    )


async def batch_ended(views: Views, db: Db, ended: Sequence[Dataset]) -> None:
    """Hook for the end of a batch, called in the transaction that ends it: raise the event of each refresh whose last
    batch it was. Does nothing for reads that no product asked for."""
    company_id, batch_id = ended[0].company_id, ended[0].batch_id
    waiting = await db.fetch(
        "select refresh_id, product from product_reads where company_id = $1 and batch_id = $2", company_id, batch_id
    )
    for row in waiting:
        await _ended(views, db, company_id, row["refresh_id"], row["product"])


async def tell_left_over(pool: asyncpg.Pool, views: Views) -> int:
    """Raise the event of refreshes of which nothing is under way any more, though no batch of theirs will end: the last
    one went with its connection. Returns how many, at most LEFT_OVER_MAX."""
    rows = await pool.fetch(
        """select distinct company_id, refresh_id, product from product_reads waiting
        where not exists (
            select from product_reads part join datasets using (company_id, batch_id)
            where part.company_id = waiting.company_id and part.refresh_id = waiting.refresh_id
              and datasets.completed is null)
        limit $1""",
        LEFT_OVER_MAX,
    )
    for row in rows:
        async with pool.acquire() as db, db.transaction():
            await _ended(views, db, row["company_id"], row["refresh_id"], row["product"])
    return len(rows)


async def _ended(views: Views, db: Db, company_id: UUID, refresh_id: UUID, product: str) -> None:
    # Two workers may end two batches at once, and neither sees the other's end before it is committed. The rows make
    # the second one wait for the first, and see it then.
    batches = await db.fetch(
        """select batch_id from product_reads where company_id = $1 and refresh_id = $2
        order by batch_id for update""",
        company_id,
        refresh_id,
    )
    reads = [read for row in batches for read in await datasets.batch(db, company_id, row["batch_id"])]
    if any(read.completed is None for read in reads):
        return
    await db.execute("delete from product_reads where company_id = $1 and refresh_id = $2", company_id, refresh_id)
    # None are left when somebody else was first, or all were forgotten.
    if reads and product in READ_PRODUCTS:
        company = await companies.get(db, company_id)
        payload = events.summary(views, company, reads)
        await outbox.emit(
            db, product_read_event(product), payload, company_id=company.id, company_tags=dict(company.tags)
        )
