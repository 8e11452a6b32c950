"""A connection that is linked anew while a run still acts on what it was before."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from bookbridge.companies import connections, credentials, lifecycle
from bookbridge.companies.connections import Connection
from bookbridge.companies.connections import Status as ConnectionStatus
from bookbridge.store.pool import Db
from bookbridge.sync import schedule
from tests.sync.conftest import Desk


async def test_reads_queued_by_linking_anew_are_not_ended_by_a_run_that_saw_it_unlinked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk.pool.acquire() as db, db.transaction():
        await lifecycle.unlinked(db, desk.rooms.views, desk.connection)
    await desk.pool.execute("update connections set status = 'Linked'")
    await desk.queue("bills")
    await desk.pool.execute("update connections set status = 'Unlinked'")
    located = asyncio.Event()
    linked = asyncio.Event()
    locate = connections.locate

    async def slow(db: Db, connection_id: UUID) -> Connection:
        found = await locate(db, connection_id)
        located.set()
        await linked.wait()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(connections, "locate", slow)
        run = asyncio.create_task(desk.run())
        await located.wait()
        await _link(desk)
        linked.set()
        assert await run == 0.0, "to be run again, on what it is now"
    assert (await desk.current()).status is ConnectionStatus.LINKED
    statuses = await desk.pool.fetch("select distinct status from datasets")
    assert [row["status"] for row in statuses] == ["Queued"]


async def _link(desk: Desk) -> None:
    async with desk.pool.acquire() as db, db.transaction():
        grant = credentials.Grant(access_token="fresh")
        expires = datetime.now(UTC) + timedelta(hours=1)
        await credentials.store(db, desk.rooms.vault, desk.company.id, desk.connection.id, grant, expires)
        fresh = await lifecycle.linked(
            db,
            desk.rooms.views,
            desk.connection,
            organisation_id=desk.tenant,
            organisation_name="Larkfield Ltd",
            facts=desk.connection.facts,
        )
        await schedule.on_linked(db, fresh, False)
