"""Writes that were accepted for one organisation, on a connection that leads to another one by now."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from bookbridge.companies import deletion
from bookbridge.companies.connections import Connection
from bookbridge.connectors.kit.session import Written
from bookbridge.push.operations import Status
from bookbridge.push.run import MAY_HAVE_LANDED, NOTHING_WRITTEN, Backoff
from bookbridge.store.pool import Db
from bookbridge.sync import queue
from bookbridge.sync.queue import queue_if_idle
from tests.push.conftest import DEADLINE_S, Desk, supplier
from tests.push.ledger import Ledger
from tests.push.ledger_connector import LedgerSession
from tests.waiting import somebody_waits_for_a_lock


async def lead_to(desk: Desk, organisation_id: str) -> None:
    await desk.pool.execute("update connections set organisation_id = $1", organisation_id)


async def test_a_write_is_never_sent_to_other_books_than_it_was_accepted_for(desk: Desk, ledger: Ledger) -> None:
    await lead_to(desk, "org-1")
    operation = await desk.submit(body=supplier("Papers Ltd"))
    await lead_to(desk, "org-2")
    await desk.work()
    assert ledger.all("suppliers") == []
    failed = await desk.get(operation.id)
    assert failed.status is Status.FAILED
    assert (failed.error_message or "").endswith(NOTHING_WRITTEN)


async def test_a_write_that_may_have_landed_in_the_earlier_books_says_so(desk: Desk, ledger: Ledger) -> None:
    await lead_to(desk, "org-1")
    ledger.faults = ["drop_after"]
    operation = await desk.submit(body=supplier("Papers Ltd"))
    # Long enough for the connection to be linked anew before the look-up, however slow this machine is.
    desk.runner._backoff = Backoff(first_s=DEADLINE_S)
    await desk.runner.handler(str(desk.connection.id))
    await lead_to(desk, "org-2")
    await desk.pool.execute("update push_operations set not_before = now()")
    await desk.work()
    assert ledger.writes == 1
    assert ((await desk.get(operation.id)).error_message or "").endswith(MAY_HAVE_LANDED)


@pytest.fixture
def on_sent(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Awaitable[None]]], None]:
    """Has something happen between the vendor's answer to a write and our recording it."""

    def arrange(happen: Callable[[], Awaitable[None]]) -> None:
        write = LedgerSession.write

        async def then(self: LedgerSession, *arguments: Any, **more: Any) -> Written:
            written = await write(self, *arguments, **more)
            await happen()
            return written

        monkeypatch.setattr(LedgerSession, "write", then)

    return arrange


async def test_what_landed_in_the_earlier_books_is_not_kept_beside_the_records_of_others(
    desk: Desk, on_sent: Callable[..., None]
) -> None:
    await lead_to(desk, "org-1")
    operation = await desk.submit(body=supplier("Papers Ltd"))
    on_sent(lambda: lead_to(desk, "org-2"))
    await desk.work()
    assert (await desk.get(operation.id)).status is Status.SUCCESS
    assert await desk.pool.fetchval("select count(*) from records") == 0
    assert desk.queued == []


async def test_a_read_that_a_write_asks_for_is_not_left_behind_by_the_connections_deletion(
    desk: Desk, pool: asyncpg.Pool
) -> None:
    deleting: list[asyncio.Task[None]] = []

    async def delete() -> None:
        async with pool.acquire() as db, db.transaction():
            await deletion.delete_connection(db, desk.views, desk.connection.company_id, desk.connection.id)

    async def read_after(db: Db, connection: Connection, data_type: str) -> None:
        deleting.append(asyncio.create_task(delete()))
        while not await somebody_waits_for_a_lock(pool):
            assert not deleting[0].done(), "the deletion waits for the write's outcome"
        await queue_if_idle(db, connection, data_type)

    desk.runner._on_written = read_after
    await desk.submit(body=supplier("Papers Ltd"))
    await desk.work()
    await deleting[0]
    assert await pool.fetchval("select count(*) from datasets") == 0


async def test_nothing_is_queued_under_a_connection_that_was_deleted_meanwhile(desk: Desk) -> None:
    async with desk.pool.acquire() as db, db.transaction():
        await deletion.delete_connection(db, desk.views, desk.connection.company_id, desk.connection.id)
    async with desk.pool.acquire() as db:
        with pytest.raises(Exception, match="not found"):
            await queue.queue_if_idle(db, desk.connection, "suppliers")
    assert await desk.pool.fetchval("select count(*) from datasets") == 0
