"""Connections under a real worker: none of them waits for another, and each keeps its own order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from bookbridge import jobs
from bookbridge.companies.connections import Connection
from bookbridge.companies.credentials import Sealed
from bookbridge.push.operations import Status
from bookbridge.push.run import OpensSessions, Runner
from tests.push.conftest import DEADLINE_S, INTEGRATION, PATIENT, Desk, link, supplier
from tests.push.ledger import Ledger
from tests.push.ledger_connector import CONNECTOR, LedgerSession


@dataclass
class Gate:
    """Sessions of which those on one connection hang until they are let through."""

    sessions: OpensSessions
    held: UUID
    open_: asyncio.Event = field(default_factory=asyncio.Event)
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def open(self, connection: Connection, just_read: Sealed | None = None) -> AsyncIterator[LedgerSession]:
        if connection.id == self.held:
            self.reached.set()
            await self.open_.wait()
        async with self.sessions.open(connection, just_read) as session:
            yield session  # type: ignore[misc]


async def test_one_that_hangs_holds_up_no_other(dsn: str, desk: Desk, ledger: Ledger) -> None:
    hanging, others = desk.connection, [await link(desk.pool) for _ in range(3)]
    gate = Gate(desk.runner._sessions, hanging.id)
    runner = Runner(desk.pool, gate, {INTEGRATION: CONNECTOR}.get, desk.views, backoff=PATIENT)
    worker = jobs.Worker(dsn, {"push.connection": runner.handler}, concurrency=2)
    running = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(DEADLINE_S):
            waiting = [await desk.submit(body=supplier(f"Waits {number}")) for number in range(3)]
            await gate.reached.wait()
            for connection in others:
                desk.connection = connection
                done = await desk.submit(body=supplier("Passes"))
                while (await desk.get(done.id)).status is Status.PENDING:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            desk.connection = hanging
            assert [(await desk.get(one.id)).status for one in waiting] == [Status.PENDING] * 3
            assert [one["name"] for one in ledger.all("suppliers")] == ["Passes"] * 3
            gate.open_.set()
            while (await desk.get(waiting[-1].id)).status is Status.PENDING:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    finally:
        gate.open_.set()
        worker.stop()
        await running
    names = [one["name"] for one in ledger.all("suppliers")][3:]
    assert names == ["Waits 0", "Waits 1", "Waits 2"]
