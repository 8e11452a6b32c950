"""What is forgotten of old reads, and what never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bookbridge.sync import datasets, pruning
from bookbridge.sync.datasets import Status
from tests.sync.conftest import Desk

LATER = datetime.now(UTC) + pruning.READS_KEPT + timedelta(hours=1)


async def test_old_reads_are_forgotten_but_the_newest_and_the_newest_good_one(desk: Desk) -> None:
    ended = []
    for status in (Status.COMPLETE, Status.COMPLETE, Status.FETCH_ERROR, Status.FETCH_ERROR):
        (queued,) = await desk.queue("bills")
        await desk.pool.execute(
            "insert into validation_findings values ($1, $2, 'bill', 'rule', 'Warning', 'odd')",
            queued.company_id,
            queued.id,
        )
        async with desk.pool.acquire() as db, db.transaction():
            assert await datasets.end(db, queued, status) is not None
        ended.append(queued.id)
    (under_way,) = await desk.queue("items")
    assert await pruning.prune(desk.pool) == 0
    assert await pruning.prune(desk.pool, now=LATER) == 2
    kept = {row["id"] for row in await desk.pool.fetch("select id from datasets")}
    assert kept == {ended[1], ended[3], under_way.id}
    assert await desk.pool.fetchval("select count(*) from validation_findings") == 2
