"""Writes that are accepted in a transaction of their own, as those without an Idempotency-Key are."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bookbridge import jobs
from bookbridge.companies.connections import Connection
from bookbridge.companies.errors import ConnectionNotFound
from bookbridge.companies.views import Views
from bookbridge.connectors.kit.connector import Operation
from bookbridge.connectors.kit.session import File
from bookbridge.push import operations
from bookbridge.push.errors import TooManyPending
from bookbridge.push.operations import PushOperation, Status
from bookbridge.push.submit import Submission, submit_alone
from bookbridge.store.embedded import EmbeddedPostgres
from bookbridge.store.migrations import migrate
from bookbridge.store.pool import open_pool
from tests.push.conftest import Desk, link, supplier
from tests.push.ledger import Ledger
from tests.push.ledger_connector import CONNECTOR
from tests.waiting import somebody_waits_for_a_lock, until, until_answered

WRITES = 5


async def alone(
    pool: asyncpg.Pool, views: Views, connection: Connection, body: Any = None, **more: Any
) -> PushOperation:
    submission = Submission(
        more.pop("data_type", "suppliers"),
        more.pop("kind", Operation.CREATE),
        body=None if body is None else json.dumps(body).encode(),
        **more,
    )
    async with pool.acquire() as db:
        return await submit_alone(db, views, CONNECTOR, connection, submission)


async def test_it_is_carried_out(desk: Desk, ledger: Ledger) -> None:
    operation = await alone(desk.pool, desk.views, desk.connection, supplier("Papers Ltd"))
    assert operation.status is Status.PENDING
    assert await desk.rings("push.connection") == 1
    await desk.work()
    assert (await desk.get(operation.id)).status is Status.SUCCESS
    assert ledger.writes == 1


async def test_invalid_content_is_a_failed_operation_with_its_event(desk: Desk) -> None:
    operation = await alone(desk.pool, desk.views, desk.connection, supplier(" "))
    assert (await desk.get(operation.id)).status is Status.FAILED
    assert await desk.rings("push.connection") == 0
    assert [event["payload"]["id"] for event in await desk.events()] == [str(operation.id)]


async def test_the_end_of_its_time_is_rung(desk: Desk) -> None:
    await alone(desk.pool, desk.views, desk.connection, supplier("Papers Ltd"), timeout_in_minutes=5)
    assert await desk.rings("push.timeout") == 1


async def test_a_file_is_kept_with_it(desk: Desk) -> None:
    file = File("scan.pdf", "application/pdf", b"%PDF-1.4 and more")
    wanted = {"data_type": "bills", "kind": Operation.UPLOAD_ATTACHMENT, "record_id": "b1", "file": file}
    operation = await alone(desk.pool, desk.views, desk.connection, **wanted)
    kept = (await operations.content(desk.pool, operation)).file
    assert kept is not None
    assert b"".join([chunk async for chunk in kept.chunks()]) == b"%PDF-1.4 and more"


async def test_the_queue_of_a_connection_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookbridge.push.submit.PENDING_MAX", 1)
    await alone(desk.pool, desk.views, desk.connection, supplier("Papers Ltd"))
    with pytest.raises(TooManyPending):
        await alone(desk.pool, desk.views, desk.connection, supplier("Papers Ltd"))


async def test_nothing_is_accepted_for_a_connection_that_is_deleted_at_that_moment(desk: Desk) -> None:
    async with desk.pool.acquire() as db:
        async with db.transaction():
            await db.execute("delete from connections where id = $1", desk.connection.id)
            late = asyncio.create_task(alone(desk.pool, desk.views, desk.connection, supplier("Papers Ltd")))
            await until(partial(somebody_waits_for_a_lock, desk.pool))
        with pytest.raises(ConnectionNotFound):
            await late
    assert await desk.pool.fetchval("select count(*) from push_operations") == 0
    assert await desk.rings("push.connection") == 0


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres")
    yield server
    await server.stop()


async def test_it_outlives_a_crash_of_the_server(server: EmbeddedPostgres, views: Views) -> None:
    dsn = await server.start()
    await migrate(dsn)
    await jobs.install(dsn)
    pool = await open_pool(dsn)
    # What nobody waits for lies in memory for so long: without our waiting it would be gone.
    await pool.execute("alter system set wal_writer_delay = '10s'")
    await pool.execute("select pg_reload_conf()")
    connection = await link(pool)
    accepted = {(await alone(pool, views, connection, supplier(f"Papers {n}"))).id for n in range(WRITES)}
    killed = server.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    pool.terminate()
    await until(lambda: server.pid not in (None, killed))
    await until_answered(dsn)
    again = await open_pool(dsn)
    found = await again.fetch("select id from push_operations")
    rung = await again.fetchval("select count(*) from pgqueuer where entrypoint = 'push.connection'")
    again.terminate()
    assert {row["id"] for row in found} == accepted
    assert rung == WRITES
