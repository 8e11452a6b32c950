"""A person confirms the deletions that were shown, and no others."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg

from bookbridge.companies import connections
from bookbridge.sync import datasets, states
from bookbridge.sync.states import Completeness
from tests.sync.conftest import Desk, OpenDesk, Veil
from tests.waiting import somebody_waits_for_a_lock

BILLS = 200


async def test_confirming_some_deletions_does_not_confirm_a_later_emptiness(open_desk: OpenDesk, veil: Veil) -> None:
    desk = await open_desk(documents=BILLS)
    await desk.read("bills")
    bills = sorted(await desk.records("bills"))
    veil.hidden = set(bills[: len(bills) // 2 + 5])
    await desk.read("bills")
    held = (await desk.state("bills")).deletions_held
    assert held == len(veil.hidden)
    assert await states.confirm_deletions(desk.pool, desk.company.id, desk.connection.id, "bills")
    veil.hidden = set(bills)
    await desk.read("bills")
    state = await desk.state("bills")
    assert (state.deletions_held, state.completeness) == (len(bills), Completeness.SHORT)
    assert not state.deletions_confirmed, "these were never shown to anybody"
    await desk.read("bills")
    assert (await desk.state("bills")).deletions_held == len(bills)
    assert await desk.pool.fetchval("select count(*) from records where is_absent") == 0


async def test_fewer_than_were_confirmed_are_deleted(open_desk: OpenDesk, veil: Veil) -> None:
    desk = await open_desk(documents=BILLS)
    await desk.read("bills")
    bills = sorted(await desk.records("bills"))
    veil.hidden = set(bills[: len(bills) // 2 + 5])
    await desk.read("bills")
    assert await states.confirm_deletions(desk.pool, desk.company.id, desk.connection.id, "bills")
    veil.hidden.remove(bills[0])
    await desk.read("bills")
    state = await desk.state("bills")
    assert (state.deletions_held, state.completeness) == (0, Completeness.COMPLETE)
    assert await desk.pool.fetchval("select count(*) from records where is_absent") == len(veil.hidden)


async def test_another_round_forgets_what_the_one_before_listed(desk: Desk) -> None:
    (queued,) = await desk.queue("items")
    async with desk.pool.acquire() as db, db.transaction():
        await db.execute("insert into listed_records values ($1, $2, 'item')", queued.company_id, queued.id)
        assert await datasets.read_again(db, queued, since=None, lists_ids=True) is not None
        assert await db.fetchval("select count(*) from listed_records") == 0


async def test_the_end_of_a_read_locks_in_the_order_of_a_companys_deletion(desk: Desk, pool: asyncpg.Pool) -> None:
    """The company before its connections: in the other order, the two could wait for each other."""

    async def end_a_read() -> None:
        async with pool.acquire() as db, db.transaction():
            await connections.synced(db, desk.company.id, desk.connection.id, datetime.now(UTC) + timedelta(days=1))

    async with pool.acquire() as deleting, deleting.transaction():
        await deleting.execute("select from companies for update")
        reading = asyncio.create_task(end_a_read())
        while not await somebody_waits_for_a_lock(pool):
            assert not reading.done()
        await deleting.execute("select from connections for update nowait")
    await reading
