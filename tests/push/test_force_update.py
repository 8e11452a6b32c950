"""An update does not overwrite in silence what somebody changed on the platform since it was last read."""

from __future__ import annotations

from typing import Any

import pytest

from bookbridge.connectors.kit.connector import Operation
from bookbridge.push import story
from bookbridge.push.operations import ChangeType, PushOperation, Status
from tests.push.conftest import Desk, supplier
from tests.push.ledger import Ledger

UPDATE = Operation.UPDATE


@pytest.fixture
async def written(desk: Desk, ledger: Ledger) -> dict[str, Any]:
    """A supplier that we wrote, and therefore know as the ledger holds it."""
    await desk.submit(body=supplier("Papers Ltd"))
    await desk.work()
    (held,) = ledger.all("suppliers")
    return held


def changed_by_somebody(held: dict[str, Any]) -> None:
    held["phone"] = "+44 20 1"
    held["updated"] = "2026-11-20T10:00:00.123456+00:00"


async def update(desk: Desk, held: dict[str, Any], name: str, **more: Any) -> PushOperation:
    operation = await desk.submit(body=supplier(name), kind=UPDATE, record_id=held["id"], **more)
    await desk.work()
    return await desk.get(operation.id)


async def test_an_unchanged_record_is_updated(desk: Desk, ledger: Ledger, written: dict[str, Any]) -> None:
    done = await update(desk, written, "Papers & Co")
    assert done.status is Status.SUCCESS
    assert [one.type for one in done.changes] == [ChangeType.MODIFIED]
    # Our own write is not somebody else's change.
    assert (await update(desk, written, "Papers & Sons")).status is Status.SUCCESS
    assert [one["name"] for one in ledger.all("suppliers")] == ["Papers & Sons"]


async def test_a_changed_record_is_not_overwritten(desk: Desk, ledger: Ledger, written: dict[str, Any]) -> None:
    changed_by_somebody(written)
    writes = ledger.writes
    done = await update(desk, written, "Papers & Co")
    assert done.status is Status.FAILED
    assert done.error_message is not None
    assert "forceUpdate=true" in done.error_message
    assert "2026-11-20T10:00:00" in done.error_message
    assert ledger.writes == writes
    (event,) = [one for one in await desk.events() if one["payload"]["id"] == str(done.id)]
    assert event["eventType"] == "suppliers.write.unsuccessful"


async def test_forced_it_is_overwritten(desk: Desk, ledger: Ledger, written: dict[str, Any]) -> None:
    changed_by_somebody(written)
    assert (await update(desk, written, "Papers & Co", force_update=True)).status is Status.SUCCESS
    assert [one["name"] for one in ledger.all("suppliers")] == ["Papers & Co"]


async def test_a_record_that_was_never_read_is_updated(desk: Desk, ledger: Ledger, written: dict[str, Any]) -> None:
    await desk.pool.execute("delete from records where record_id = $1", written["id"])
    changed_by_somebody(written)
    done = await update(desk, written, "Papers & Co")
    assert done.status is Status.SUCCESS
    told = await story.of(desk.pool, done.company_id, done.id)
    assert [one.reason for one in told if one.step == "Compared"] == ["Nothing was read of this record before."]


async def test_a_record_that_is_gone_is_not_written_again(desk: Desk, ledger: Ledger, written: dict[str, Any]) -> None:
    ledger.records["suppliers"].clear()
    done = await update(desk, written, "Papers & Co")
    assert (done.status, done.error_message) == (Status.FAILED, "The platform has no such record any more.")


@pytest.mark.parametrize("fault", ["503", "429"])
async def test_the_comparison_is_tried_again_like_the_write(
    desk: Desk, ledger: Ledger, written: dict[str, Any], fault: str
) -> None:
    ledger.read_faults = [fault]
    assert (await update(desk, written, "Papers & Co")).status is Status.SUCCESS


async def test_an_update_whose_answer_was_lost_is_not_taken_for_somebody_elses_change(
    desk: Desk, ledger: Ledger, written: dict[str, Any]
) -> None:
    ledger.faults = ["drop_after"]
    done = await update(desk, written, "Papers & Co")
    assert done.status is Status.SUCCESS
    assert [one["name"] for one in ledger.all("suppliers")] == ["Papers & Co"]
