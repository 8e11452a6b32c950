"""What goes wrong at the vendor or around the connection, and what becomes of the reads that were under way."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta

import pytest

from bookbridge.accounting.dates import contract_datetime
from bookbridge.companies import deletion, lifecycle
from bookbridge.companies.connections import Status as ConnectionStatus
from bookbridge.sync import queue, schedule
from bookbridge.sync.datasets import Status
from bookbridge.sync.patience import ATTEMPTS_MAX, BACKOFF_FIRST_S, backoff_s
from tests.sync.conftest import Desk, OpenDesk, left_behind, link

INVOICES = {"path": "Invoices"}
HALF_A_DAY_S = 12 * 3_600


async def test_a_used_up_limit_pauses_the_read_and_says_until_when(desk: Desk) -> None:
    (queued,) = await desk.queue("bills")
    await desk.fault("rate_limit", retry_after_s=2, match=INVOICES)
    before = datetime.now(UTC)
    assert await desk.run() == 2.0
    paused = await desk.dataset(queued)
    assert (paused.status, paused.completed, paused.attempts) == (Status.FETCHING, None, 0)
    until = (paused.status_description or "").removeprefix("Paused until ").split(": ")[0]
    assert contract_datetime(before + timedelta(seconds=2)) <= until
    assert until <= contract_datetime(before + timedelta(seconds=7))
    await desk.work()
    ended = await desk.dataset(queued)
    assert (ended.status, ended.status_description) == (Status.COMPLETE, None)


@pytest.mark.parametrize("kind", ["unavailable", "server_error", "html", "drop_before", "drop_after"])
async def test_a_passing_fault_costs_an_attempt_and_nothing_else(open_desk: OpenDesk, kind: str) -> None:
    desk = await open_desk(documents=100, page_size=10)
    (queued,) = await desk.queue("bills")
    await desk.fault(kind, match=INVOICES, skip=2)
    assert await desk.run() == pytest.approx(BACKOFF_FIRST_S, abs=1.0)
    paused = await desk.dataset(queued)
    assert paused.attempts == 1
    assert paused.records_written > 0, "what was read before is kept"
    assert (paused.status_description or "").startswith("Paused until ")
    await desk.work()
    ended = await desk.dataset(queued)
    assert (ended.status, ended.attempts, ended.records_written) == (Status.COMPLETE, 0, 50)


async def test_an_outage_is_waited_for_ever_longer_and_then_given_up(desk: Desk) -> None:
    bills, items = [*await desk.queue("bills"), *await desk.queue("items")]
    await desk.fault("unavailable", times=None, match=INVOICES)
    waits = [await desk.run() or 0.0 for _ in range(ATTEMPTS_MAX - 1)]
    assert waits == pytest.approx([backoff_s(attempt) for attempt in range(ATTEMPTS_MAX - 1)], abs=1.0)
    assert waits == sorted(waits)
    assert sum(waits) == pytest.approx(HALF_A_DAY_S, rel=0.05)
    assert await desk.run() is None
    ended = await desk.dataset(bills)
    assert (ended.status, ended.is_errored, ended.is_completed) == (Status.FETCH_ERROR, True, False)
    assert "503" in (ended.error_message or "")
    assert (await desk.dataset(items)).status == Status.COMPLETE, "the others go on"
    await desk.sandbox.clear_faults()
    assert (await desk.read("bills")).status == Status.COMPLETE


async def test_the_vendors_own_word_on_when_to_come_back_is_kept(desk: Desk) -> None:
    await desk.queue("bills")
    await desk.fault("unavailable", retry_after_s=33, match=INVOICES)
    assert await desk.run() == pytest.approx(33.0, abs=1.0)


async def test_an_app_that_was_removed_ends_everything(desk: Desk) -> None:
    queued = await desk.queue()
    await desk.sandbox.control("POST", f"organisations/{desk.tenant}/disconnect")
    assert await desk.run() is None
    assert (await desk.current()).status is ConnectionStatus.DEAUTHORIZED
    for one in queued:
        assert (await desk.dataset(one)).status == Status.AUTH_ERROR
    (told,) = await desk.payloads("connection.disconnected")
    assert told["connection"]["status"] == "Deauthorized"
    (ended,) = await desk.payloads("read.completed")
    assert {row["status"] for row in ended["dataTypes"]} == {"AuthError"}
    async with desk.pool.acquire() as db:
        with pytest.raises(queue.ConnectionNotLinked):
            await queue.queue_one(db, await desk.current(), "bills")


async def test_unlinking_during_a_read_ends_it(open_desk: OpenDesk) -> None:
    desk = await open_desk(documents=100, page_size=10)
    queued = await desk.queue()
    for _ in range(12):
        await desk.run(slice_s=0.0)
    stored = await desk.contents()
    async with desk.pool.acquire() as db, db.transaction():
        await lifecycle.unlinked(db, desk.rooms.views, desk.connection)
    assert await desk.run() is None
    statuses = {(await desk.dataset(one)).status for one in queued}
    assert statuses == {Status.COMPLETE, Status.AUTH_ERROR}
    assert await desk.contents() == stored, "what was read stays"


@pytest.mark.parametrize("seed", range(4))
async def test_deleting_a_connection_during_a_read_leaves_nothing(open_desk: OpenDesk, seed: int) -> None:
    desk = await open_desk(documents=100, page_size=5)
    await desk.queue()
    run = asyncio.create_task(desk.run())
    await asyncio.wait({run}, timeout=random.Random(seed).uniform(0.02, 0.3))
    async with desk.pool.acquire() as db, db.transaction():
        await deletion.delete_connection(db, desk.rooms.views, desk.company.id, desk.connection.id)
    assert await run in {None, 0.0}
    assert await desk.run() is None
    assert await left_behind(desk.pool, desk.connection.id) == {}


async def test_another_organisation_linked_during_a_read_gets_its_own_books(open_desk: OpenDesk) -> None:
    desk = await open_desk(documents=60, page_size=5)
    other = await open_desk(documents=20)
    await other.queue()
    await other.work()
    await desk.queue()
    run = asyncio.create_task(desk.run())
    await asyncio.wait({run}, timeout=0.15)
    async with desk.pool.acquire() as db, db.transaction():
        await deletion.forget_records(db, desk.company.id, desk.connection.id)
    relinked = await link(desk.rooms, desk.sandbox, desk.connection, other.tenant)
    async with desk.pool.acquire() as db, db.transaction():
        await schedule.on_linked(db, relinked, True)
    assert await run in {None, 0.0}
    await desk.work()
    assert (await desk.current()).status is ConnectionStatus.LINKED
    for data_type in ("bills", "suppliers", "billPayments"):
        assert (await desk.records(data_type)).keys() == (await other.records(data_type)).keys()
