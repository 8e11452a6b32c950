"""Which writes are forgotten, and which never are, however old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from bookbridge.push import idempotency, pruning, transitions
from bookbridge.push.idempotency import Claim
from bookbridge.push.operations import PushOperation, Stage, Status
from bookbridge.push.pruning import prune
from bookbridge.push.timeouts import Timeouts
from bookbridge.settings import Settings
from tests.push.conftest import Desk, supplier
from tests.push.ledger import Ledger

KEPT = timedelta(days=30)
LONG_AGO = timedelta(days=31)


async def ended(desk: Desk, name: str) -> PushOperation:
    operation = await desk.submit(body=supplier(name))
    await desk.work()
    return await desk.get(operation.id)


async def age(pool: asyncpg.Pool, by: timedelta = LONG_AGO, *ids: UUID) -> None:
    """Let everything, or these writes, have happened that much earlier."""
    await pool.execute(
        """update push_operations set requested = requested - $1::interval, completed = completed - $1::interval
        where cardinality($2::uuid[]) = 0 or id = any($2)""",
        by,
        ids,
    )
    await pool.execute(
        """update push_steps set happened = happened - $1::interval
        where cardinality($2::uuid[]) = 0 or operation_id = any($2)""",
        by,
        ids,
    )


async def left(pool: asyncpg.Pool) -> set[UUID]:
    return {row["id"] for row in await pool.fetch("select id from push_operations")}


async def test_old_writes_go_with_their_stories_and_the_newer_ones_stay(desk: Desk, ledger: Ledger) -> None:
    old = await ended(desk, "Old Ltd")
    refused = await desk.submit(body={"phone": "1"})
    await age(desk.pool)
    new = await ended(desk, "New Ltd")
    assert await prune(desk.pool, KEPT) == 2
    assert await left(desk.pool) == {new.id}
    assert await desk.pool.fetchval("select count(*) from push_steps where operation_id = $1", old.id) == 0
    assert refused.status is Status.FAILED
    # What was written is still there, at the platform and here.
    held = await desk.pool.fetch("select record_id from records where data_type = 'suppliers'")
    assert {row["record_id"] for row in held} == {old.result_record_id, new.result_record_id}
    assert await prune(desk.pool, KEPT) == 0


async def test_what_has_not_ended_stays_with_its_file(desk: Desk) -> None:
    waiting = await desk.submit(body=supplier("Waits Ltd"), timeout_in_minutes=1)
    assert await transitions.begin(desk.pool, desk.connection.id) is not None
    await Timeouts(desk.pool, desk.views).handler(f"{waiting.company_id}:{waiting.id}")
    await age(desk.pool)
    assert (await desk.get(waiting.id)).status is Status.TIMED_OUT
    assert await prune(desk.pool, KEPT) == 0
    await desk.work()
    # It ended just now, though the application was told long ago that its time was over.
    found = await desk.get(waiting.id)
    assert found.stage is Stage.DONE
    assert found.completed is not None
    assert found.completed < datetime.now(UTC) - KEPT
    assert await prune(desk.pool, KEPT) == 0
    await age(desk.pool)
    assert await prune(desk.pool, KEPT) == 1


async def test_what_an_unfinished_write_needs_stays(desk: Desk) -> None:
    named, near = await ended(desk, "Named Ltd"), await ended(desk, "Near Ltd")
    await age(desk.pool)
    body = {**supplier("Waits Ltd")}
    waiting = await desk.submit(body=body)
    await desk.pool.execute("update push_operations set awaits = $2 where id = $1", waiting.id, [named.id])
    assert await prune(desk.pool, KEPT) == 1
    assert await left(desk.pool) == {named.id, waiting.id}
    # What ended not long before it was asked for stays too, for as long as it waits.
    await desk.work()
    assert await prune(desk.pool, KEPT) == 1
    near = await ended(desk, "Near Ltd")
    still = await desk.submit(body=supplier("Still Ltd"))
    await age(desk.pool)
    assert await prune(desk.pool, KEPT) == 0
    assert near.id in await left(desk.pool)
    await desk.work()
    await age(desk.pool, LONG_AGO, still.id)
    assert await prune(desk.pool, KEPT) == 3


async def bound(desk: Desk, key: UUID, operation: PushOperation) -> Claim:
    """A key under which the operation was submitted."""
    client_id, request = uuid4(), idempotency.request_hash("POST", "/bills", b"{}")
    async with desk.pool.acquire() as db, db.transaction():
        claim = await idempotency.claim(db, client_id, key, request)
        assert isinstance(claim, Claim)
        await idempotency.bind(db, claim, operation.company_id, operation.id)
    return claim


async def test_a_write_stays_while_its_key_gives_its_answer_again(desk: Desk) -> None:
    operation = await ended(desk, "Papers Ltd")
    await age(desk.pool)
    claim = await bound(desk, uuid4(), operation)
    async with desk.pool.acquire() as db:
        await idempotency.complete(db, claim, 200, b"{}")
    assert await prune(desk.pool, KEPT) == 0
    await desk.pool.execute("update idempotency_keys set expires = now()")
    assert await prune(desk.pool, KEPT) == 1
    assert await desk.pool.fetchval("select count(*) from idempotency_keys") == 0


async def test_a_key_without_an_answer_lives_as_long_as_its_write(desk: Desk) -> None:
    operation = await desk.submit(body=supplier("Slow Ltd"))
    key = uuid4()
    claim = await bound(desk, key, operation)
    async with desk.pool.acquire() as db:
        await idempotency.pause(db, claim)
        # Long after the time for which answers are kept.
        await desk.pool.execute("update idempotency_keys set claimed_until = claimed_until - interval '1 year'")
        assert await idempotency.prune(db) == 0
        request = idempotency.request_hash("POST", "/bills", b"{}")
        again = await idempotency.claim(db, claim.client_id, key, request)
        assert isinstance(again, Claim)
        assert again.operation_id == operation.id
        await idempotency.pause(db, again)
    await desk.work()
    await age(desk.pool)
    assert await prune(desk.pool, KEPT) == 1
    assert await desk.pool.fetchval("select count(*) from idempotency_keys") == 0


async def test_keys_go_with_a_connection_that_is_deleted(desk: Desk) -> None:
    await bound(desk, uuid4(), await desk.submit(body=supplier("Papers Ltd")))
    await desk.pool.execute("delete from connections where id = $1", desk.connection.id)
    assert await desk.pool.fetchval("select count(*) from idempotency_keys") == 0


async def test_batches_are_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        await desk.submit(body={"phone": "1"})
    await age(desk.pool)
    monkeypatch.setattr(pruning, "BATCH_ROWS", 2)
    monkeypatch.setattr(pruning, "BATCHES_MAX", 2)
    assert await prune(desk.pool, KEPT) == 4
    assert await prune(desk.pool, KEPT) == 1


def test_the_setting_has_bounds() -> None:
    assert Settings().writes_kept_days >= 365
    # Answers of keys are given again for 90 minutes: no setting may forget a write earlier.
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        Settings(writes_kept_days=0)
