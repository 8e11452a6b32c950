"""What happened to a write can be read afterwards: each step with its time and reason, bounded, gone with the write."""

from __future__ import annotations

from typing import Any

import msgspec

from bookbridge.connectors.kit.errors import RateLimited
from bookbridge.push import story, transitions
from bookbridge.push.operations import PushOperation, Stage, Status
from bookbridge.push.story import STEPS_MAX, Step
from bookbridge.push.timeouts import Timeouts
from bookbridge.push.views import push_operation, story_of
from tests.push.conftest import Desk, supplier
from tests.push.ledger import Ledger


async def steps(desk: Desk, operation: PushOperation) -> list[str]:
    return [one.step for one in await story.of(desk.pool, operation.company_id, operation.id)]


async def test_a_plain_write_is_accepted_started_and_succeeds(desk: Desk) -> None:
    operation = await desk.submit(body=supplier("Papers Ltd"))
    await desk.work()
    found = await story.of(desk.pool, operation.company_id, operation.id)
    assert [(one.step, one.run) for one in found] == [("Accepted", 0), ("Started", 1), ("Succeeded", 1)]
    assert [one.happened for one in found] == sorted(one.happened for one in found)


async def test_a_refused_one_says_so(desk: Desk) -> None:
    operation = await desk.submit(body={"phone": "1"})
    (only,) = await story.of(desk.pool, operation.company_id, operation.id)
    assert only.step == "Refused"
    assert only.reason == operation.error_message


async def test_a_lost_answer_is_told_with_its_look_up(desk: Desk, ledger: Ledger) -> None:
    ledger.faults = ["drop_after"]
    operation = await desk.submit(body=supplier("Papers Ltd"))
    await desk.work()
    found = await story.of(desk.pool, operation.company_id, operation.id)
    assert [(one.step, one.run) for one in found] == [
        ("Accepted", 0),
        ("Started", 1),
        ("Waits", 1),
        ("Started", 2),
        ("LookedUp", 2),
        ("Succeeded", 2),
    ]
    waits, looked = found[2], found[4]
    assert waits.reason is not None
    assert "connection broke" in waits.reason
    assert waits.until is not None
    assert waits.until >= waits.happened
    assert looked.reason == "The platform holds it: an earlier run has written it."
    view = _plain(story_of(await desk.get(operation.id), found))
    assert view["pushOperationKey"] == str(operation.id)
    assert view["story"][0] == {"step": "Accepted", "run": 0, "time": view["story"][0]["time"]}


async def test_uncertain_is_shown_while_it_is_looked_up_and_not_after(desk: Desk, ledger: Ledger) -> None:
    ledger.faults = ["drop_after"]
    ledger.read_faults = ["503"]
    operation = await desk.submit(body=supplier("Papers Ltd"))
    assert push_operation(operation).outcome is None
    seen: list[str | None] = []

    async def look() -> None:
        seen.append(push_operation(await desk.get(operation.id)).outcome)

    while await desk.runner_has_work():
        await desk.runner.handler(str(desk.connection.id))
        await look()
    assert seen[0] == "uncertain"
    assert seen[-1] is None
    assert "outcome" not in _plain(push_operation(await desk.get(operation.id)))


async def test_a_time_out_and_a_late_failure_are_told_both(desk: Desk, ledger: Ledger) -> None:
    ledger.faults = ["400"]
    operation = await desk.submit(body=supplier("Papers Ltd"), timeout_in_minutes=1)
    await Timeouts(desk.pool, desk.views).handler(f"{operation.company_id}:{operation.id}")
    await desk.work()
    found = await story.of(desk.pool, operation.company_id, operation.id)
    assert [one.step for one in found] == ["Accepted", "TimedOut", "Started", "Failed"]
    assert found[-1].reason == "The platform refused it: The reference is taken."
    assert (await desk.get(operation.id)).status is Status.TIMED_OUT


async def test_a_story_has_a_limit_and_an_end(desk: Desk) -> None:
    operation = await desk.submit(body=supplier("Papers Ltd"))
    for number in range(STEPS_MAX):
        await story.append(desk.pool, operation, Step.LOOKED_UP, f"look {number}")
    begun = await transitions.begin(desk.pool, desk.connection.id)
    assert begun is not None
    error = RateLimited(1.0)
    await transitions.wait(desk.pool, begun.operation, Stage.ACCEPTED, 0.0, failed=False, reason=error.message)
    assert len(await steps(desk, operation)) == STEPS_MAX
    await desk.work()
    assert (await steps(desk, operation))[-1] == "Succeeded"
    assert len(await steps(desk, operation)) == STEPS_MAX + 1


async def test_a_worker_that_lost_the_operation_tells_nothing(desk: Desk) -> None:
    operation = await desk.submit(body=supplier("Papers Ltd"))
    begun = await transitions.begin(desk.pool, desk.connection.id)
    assert begun is not None
    first = begun.operation
    assert await transitions.begin(desk.pool, desk.connection.id) is not None
    before = await steps(desk, operation)
    async with desk.pool.acquire() as db:
        assert await transitions.fail(db, first, "late") is None
    await transitions.wait(desk.pool, first, Stage.UNCERTAIN, 0.0, failed=True, reason="late")
    assert await steps(desk, operation) == before


async def test_it_goes_with_its_operation(desk: Desk) -> None:
    operation = await desk.submit(body=supplier("Papers Ltd"))
    await desk.pool.execute("delete from push_operations where id = $1", operation.id)
    assert await steps(desk, operation) == []
    await story.append(desk.pool, operation, Step.LOOKED_UP, "too late")
    assert await steps(desk, operation) == []


async def test_nothing_secret_or_unstorable_gets_in(desk: Desk) -> None:
    operation = await desk.submit(body=supplier("Papers Ltd"))
    await story.append(desk.pool, operation, Step.LOOKED_UP, "a\0b" + "x" * 10_000)
    last = (await story.of(desk.pool, operation.company_id, operation.id))[-1]
    assert last.reason is not None
    assert last.reason.startswith("ab")
    assert len(last.reason) == story.REASON_LENGTH_MAX


def _plain(view: object) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(view))
    return found
