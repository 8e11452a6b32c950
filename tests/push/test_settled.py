"""The end of a write is told where it is decided: hooks in the same transaction, a notification after it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import pytest

from bookbridge.companies.views import Views
from bookbridge.push.operations import PushOperation, Status
from bookbridge.push.run import Runner
from bookbridge.push.settled import CHANNEL
from bookbridge.push.timeouts import Timeouts
from bookbridge.store.pool import Db
from tests.push.conftest import DEADLINE_S, INTEGRATION, PATIENT, Desk, supplier
from tests.push.ledger import Ledger
from tests.push.ledger_connector import CONNECTOR


@pytest.fixture
async def heard(desk: Desk) -> AsyncIterator[asyncio.Queue[UUID]]:
    """The ids of settled operations, as any process hears them."""
    told: asyncio.Queue[UUID] = asyncio.Queue()

    def listener(_: object, __: int, ___: str, payload: str) -> None:
        told.put_nowait(UUID(payload))

    async with desk.pool.acquire() as db:
        await db.add_listener(CHANNEL, listener)
        yield told
        await db.remove_listener(CHANNEL, listener)


async def next_heard(heard: asyncio.Queue[UUID]) -> UUID:
    async with asyncio.timeout(DEADLINE_S):
        return await heard.get()


def with_hook(desk: Desk, hook: object) -> Runner:
    sessions = desk.runner._sessions
    return Runner(desk.pool, sessions, {INTEGRATION: CONNECTOR}.get, desk.views, on_settled=[hook], backoff=PATIENT)  # type: ignore[list-item]


@pytest.mark.parametrize(("fault", "status"), [("", Status.SUCCESS), ("400", Status.FAILED), ("401", Status.FAILED)])
async def test_every_outcome_is_told_in_its_own_transaction(
    desk: Desk, ledger: Ledger, heard: asyncio.Queue[UUID], fault: str, status: Status
) -> None:
    seen: list[tuple[UUID, Status]] = []

    async def hook(db: Db, operation: PushOperation) -> None:
        assert db.is_in_transaction()
        # Not yet visible to anybody else: it is the same transaction.
        assert (await desk.get(operation.id)).status is Status.PENDING
        seen.append((operation.id, operation.status))

    ledger.faults = [fault] if fault else []
    desk.runner = with_hook(desk, hook)
    operation = await desk.submit(body=supplier("Papers Ltd"))
    await desk.work()
    assert await next_heard(heard) == operation.id
    assert seen == [(operation.id, status)]
    assert (await desk.get(operation.id)).status is status


async def test_a_hook_that_breaks_undoes_the_outcome_and_the_write_is_looked_up(
    desk: Desk, ledger: Ledger, heard: asyncio.Queue[UUID]
) -> None:
    calls = 0

    async def hook(db: Db, operation: PushOperation) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise asyncpg.InterfaceError("the database went away")

    desk.runner = with_hook(desk, hook)
    operation = await desk.submit(body=supplier("Papers Ltd"))
    with pytest.raises(asyncpg.InterfaceError):
        await desk.work()
    assert (await desk.get(operation.id)).status is Status.PENDING
    await desk.work()
    assert (await desk.get(operation.id)).status is Status.SUCCESS
    assert await next_heard(heard) == operation.id
    assert (ledger.writes, len(ledger.all("suppliers")), calls) == (1, 1, 2)


async def test_a_time_out_settles_nothing_and_the_late_outcome_does(
    desk: Desk, views: Views, heard: asyncio.Queue[UUID]
) -> None:
    seen: list[Status] = []

    async def hook(db: Db, operation: PushOperation) -> None:
        seen.append(operation.status)

    desk.runner = with_hook(desk, hook)
    operation = await desk.submit(body=supplier("Papers Ltd"), timeout_in_minutes=1)
    await Timeouts(desk.pool, views).handler(f"{operation.company_id}:{operation.id}")
    assert (await desk.get(operation.id)).status is Status.TIMED_OUT
    assert heard.empty()
    await desk.work()
    assert await next_heard(heard) == operation.id
    assert seen == [Status.TIMED_OUT]


async def test_what_fails_on_acceptance_is_notified_too(desk: Desk, heard: asyncio.Queue[UUID]) -> None:
    operation = await desk.submit(body={"phone": "1"})
    assert operation.status is Status.FAILED
    assert await next_heard(heard) == operation.id
