"""A read that meets trouble of its own waits by itself; the connection's others do not wait for it."""

from __future__ import annotations

import pytest

from bookbridge.sync import queue, schedule
from bookbridge.sync.datasets import Status
from bookbridge.sync.patience import BACKOFF_FIRST_S
from tests.sync.conftest import Desk


async def test_others_are_read_while_one_waits(desk: Desk) -> None:
    bills, items = [*await desk.queue("bills"), *await desk.queue("items")]
    await desk.fault("unavailable", times=None, match={"path": "Invoices"})
    wait_s = await desk.run()
    assert wait_s == pytest.approx(BACKOFF_FIRST_S, abs=1.0)
    assert (await desk.dataset(bills)).attempts == 1
    assert (await desk.dataset(items)).status == Status.COMPLETE

    key = str(desk.connection.id)
    assert await desk.runner().handle(key) == pytest.approx(BACKOFF_FIRST_S, abs=2.0)
    assert (await desk.dataset(bills)).attempts == 1, "not tried before its time"
    (suppliers,) = await desk.queue("suppliers")
    await desk.runner().handle(key)
    assert (await desk.dataset(suppliers)).status == Status.COMPLETE, "what is asked for now is read now"


async def test_linking_anew_ends_the_waiting(desk: Desk) -> None:
    (bills,) = await desk.queue("bills")
    await desk.fault("unavailable", match={"path": "Invoices"})
    await desk.run()
    async with desk.pool.acquire() as db, db.transaction():
        await schedule.on_linked(db, desk.connection, False)
    await desk.runner().handle(str(desk.connection.id))
    assert (await desk.dataset(bills)).status == Status.COMPLETE


async def test_asking_for_everything_ends_the_waiting(desk: Desk) -> None:
    (bills,) = await desk.queue("bills")
    await desk.fault("unavailable", match={"path": "Invoices"})
    key = str(desk.connection.id)
    assert await desk.runner().handle(key) == pytest.approx(BACKOFF_FIRST_S, abs=1.0)
    async with desk.pool.acquire() as db, db.transaction():
        queued = await queue.queue_all(db, [desk.connection])
    assert "bills" not in {one.data_type for one in queued}, "it is being read already"
    await desk.runner().handle(key)
    assert (await desk.dataset(bills)).status == Status.COMPLETE
