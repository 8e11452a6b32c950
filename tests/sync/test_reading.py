"""Whole reads of a real organisation: everything arrives, in order, once, whatever moves and wherever a run ends."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

import msgspec
import pytest
from structlog.testing import capture_logs

from bookbridge.accounting import catalog
from bookbridge.sync import queue
from bookbridge.sync.datasets import Status
from bookbridge.sync.states import Completeness
from tests.connectors.test_xero_reading import import_bills
from tests.sync.conftest import Desk, OpenDesk, Veil

PAGE = 100


async def test_the_first_read_takes_everything_and_proves_it(desk: Desk) -> None:
    queued = await desk.queue()
    await desk.work()
    assert {one.data_type for one in queued} == set(queue.readable(desk.connection))
    for one in queued:
        ended = await desk.dataset(one)
        assert (ended.status, ended.error_message) == (Status.COMPLETE, None), one.data_type
        assert (ended.progress, ended.since, ended.is_initial) == (100, None, True)
        assert ended.records_written == len(await desk.records(one.data_type)) > 0, one.data_type
        state = await desk.state(one.data_type)
        assert state.completeness is Completeness.COMPLETE, one.data_type
        assert state.last_full_read == ended.started
        assert 0 < (state.stored or 0) <= len(await desk.records(one.data_type))
        assert state.expected in {None, state.stored}
    proved = {key: (await desk.state(key)).expected for key in ("bills", "suppliers", "customers", "billCreditNotes")}
    listed = await desk.sandbox.control("GET", f"organisations/{desk.tenant}")
    assert proved["suppliers"] == proved["customers"] == listed["records"]["Contacts"]
    assert all(number is not None for number in proved.values())
    assert (await desk.current()).last_sync is not None


async def test_what_others_refer_to_is_read_first(desk: Desk) -> None:
    await desk.queue()
    await desk.work()
    rows = await desk.pool.fetch("select data_type from datasets order by completed")
    order = [row["data_type"] for row in rows]
    for data_type in catalog.DATA_TYPES:
        for link in data_type.links:
            if link in order and data_type.key in order:
                assert order.index(link) < order.index(data_type.key), (link, data_type.key)


async def test_reading_again_writes_nothing(desk: Desk) -> None:
    await desk.queue()
    await desk.work()
    before = await desk.versions()
    again = await desk.queue()
    await desk.work()
    assert [(await desk.dataset(one)).records_written for one in again] == [0] * len(again)
    assert [(await desk.dataset(one)).since for one in again].count(None) < len(again)
    # And a full read of everything touches no row either.
    await desk.pool.execute("update data_type_states set read_through = null")
    full = await desk.queue()
    await desk.work()
    for one in full:
        ended = await desk.dataset(one)
        assert (ended.since, ended.records_written) == (None, 0)
        assert ended.records_read > 0
    assert await desk.versions() == before


async def test_an_edited_record_is_the_only_one_written_again(desk: Desk) -> None:
    await desk.read("bills")
    before = await desk.records("bills")
    edited = next(iter(before))
    await desk.touch(edited)
    again = await desk.read("bills")
    assert (again.since is not None, again.records_written) == (True, 1)
    after = await desk.records("bills")
    assert {key for key in after if after[key] != before[key]} == {edited}
    assert after[edited]["sourceModifiedDate"] > before[edited]["sourceModifiedDate"]
    assert after[edited]["modifiedDate"] > before[edited]["modifiedDate"]


async def test_records_edited_between_pages_all_arrive(open_desk: OpenDesk) -> None:
    desk = await open_desk(documents=2_000, page_size=PAGE)
    (queued,) = await desk.queue("bills")
    first: list[str] = []

    async def edit() -> None:
        """One that was read moves to the end, and all behind it move forward: who counts pages skips one."""
        if not first:
            first.extend(await desk.records("bills"))
        if len(await desk.records("bills")) < 900:
            await desk.touch(first.pop())

    runs = await desk.work(slice_s=0.0, between=edit)
    assert runs > 8
    ended = await desk.dataset(queued)
    assert (ended.status, ended.rounds) == (Status.COMPLETE, 0)
    assert len(await desk.records("bills")) == 1_000
    state = await desk.state("bills")
    assert (state.expected, state.stored, state.completeness) == (1_000, 1_000, Completeness.COMPLETE)


async def test_records_edited_while_pages_are_fetched_all_arrive(open_desk: OpenDesk) -> None:
    desk = await open_desk(documents=1_000, page_size=PAGE)
    (queued,) = await desk.queue("bills")
    stop = asyncio.Event()

    async def keep_editing() -> int:
        edits = 0
        while not stop.is_set():
            for record_id in list(await desk.records("bills"))[:3]:
                await desk.touch(record_id)
                edits += 1
            await asyncio.sleep(0)
        return edits

    editing = asyncio.create_task(keep_editing())
    await desk.work()
    stop.set()
    assert await editing > 0
    ended = await desk.dataset(queued)
    assert ended.status == Status.COMPLETE, ended.error_message
    assert len(await desk.records("bills")) == 500


@pytest.mark.parametrize("slice_s", [60.0, 0.0])
async def test_an_import_within_a_second_edited_between_its_pages_arrives(open_desk: OpenDesk, slice_s: float) -> None:
    """More records of one second than a page holds: the one case in which pages must be counted."""
    desk = await open_desk(documents=100, page_size=20)
    await import_bills(desk.sandbox, desk.tenant, 200)
    for after_page in (1, 2, 4):
        await desk.fault("edit_between_pages", resource="Invoices", after_page=after_page)
    (queued,) = await desk.queue("bills")
    await desk.work(slice_s=slice_s)
    assert (await desk.sandbox.control("GET", "faults"))["faults"] == [], "the edits happened"
    assert (await desk.dataset(queued)).status == Status.COMPLETE
    state = await desk.state("bills")
    assert (state.expected, state.stored, len(await desk.records("bills"))) == (250, 250, 250)


async def test_a_worker_that_was_taken_for_dead_does_no_harm(open_desk: OpenDesk) -> None:
    """Nothing but its lease keeps a worker from waking up beside its successor; what they save must stand that."""
    desk = await open_desk(documents=100, page_size=10)
    queued = await desk.queue()
    await asyncio.gather(*(desk.run() for _ in range(3)))
    await desk.work()
    assert {(await desk.dataset(one)).status for one in queued} == {Status.COMPLETE}
    assert len(await desk.records("bills")) == 50
    assert len(await desk.payloads("read.completed")) == 1


async def test_a_run_that_ends_at_every_page_comes_to_the_same(open_desk: OpenDesk) -> None:
    desk = await open_desk(documents=400, page_size=20)
    await desk.queue()
    await desk.work()
    whole = await desk.contents()
    await desk.pool.execute("truncate records, data_type_states, datasets")
    await desk.queue()
    assert await desk.work(slice_s=0.0) > 20
    assert await desk.contents() == whole
    complete = await desk.pool.fetchval("select count(*) from datasets where status = 'Complete'")
    assert complete == len(queue.readable(desk.connection))


@pytest.mark.parametrize("seed", range(3))
async def test_a_run_that_is_killed_anywhere_comes_to_the_same(open_desk: OpenDesk, seed: int) -> None:
    desk = await open_desk(documents=200, page_size=10)
    await desk.read("bills")
    whole = await desk.contents()
    await desk.pool.execute("truncate records, data_type_states, datasets")
    (queued,) = await desk.queue("bills")
    dice = random.Random(seed)
    for _ in range(12):
        run = asyncio.create_task(desk.run())
        await asyncio.wait({run}, timeout=dice.uniform(0.0, 0.06))
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run
    await desk.work()
    assert (await desk.dataset(queued)).status == Status.COMPLETE
    assert await desk.contents() == whole
    assert (await desk.state("bills")).stored == 100


async def test_a_record_listed_twice_in_one_page_is_stored_once(desk: Desk, veil: Veil) -> None:
    veil.repeats = True
    ended = await desk.read("bills")
    stored = await desk.records("bills")
    assert ended.status == Status.COMPLETE
    assert ended.records_read == 2 * len(stored) == 2 * ended.records_written


async def test_a_row_that_cannot_be_understood_ends_the_read_and_names_its_place(desk: Desk, veil: Veil) -> None:
    veil.alter = lambda payload: msgspec.structs.replace(payload, line_items=(object(),))
    with capture_logs() as logs:
        ended = await desk.read("bills")
    assert "dataset_not_understood" in {line["event"] for line in logs}
    assert (ended.status, ended.is_errored) == (Status.MAP_ERROR, True)
    assert ended.error_message == "Row 1 of a page of invoices could not be understood (AttributeError)."
    veil.alter = None
    assert (await desk.read("bills")).status == Status.COMPLETE


async def test_only_what_can_be_read_is_queued(desk: Desk) -> None:
    async with desk.pool.acquire() as db:
        with pytest.raises(queue.DataTypeNotSupported):
            await queue.queue_one(db, desk.connection, "journals")
        first = await queue.queue_one(db, desk.connection, "bills")
        with pytest.raises(queue.AlreadyInProgress, match=str(first.id)):
            await queue.queue_one(db, desk.connection, "bills")
        await queue.queue_if_idle(db, desk.connection, "bills")
        rest = await queue.queue_all(db, [desk.connection])
        assert {one.data_type for one in rest} == set(queue.readable(desk.connection)) - {"bills"}
    await desk.work()
    await desk.read("bills")
