"""A linked connection to the test ledger, and what writes over it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from bookbridge.companies import connections
from bookbridge.companies.connections import Connection
from bookbridge.companies.link_codes import LinkCodes
from bookbridge.companies.vault import open_vault
from bookbridge.companies.views import Views
from bookbridge.connectors.kit import http
from bookbridge.connectors.kit.connector import Operation
from bookbridge.push import operations
from bookbridge.push.operations import PushOperation
from bookbridge.push.run import Backoff, Runner
from bookbridge.push.submit import Submission, submit
from bookbridge.store import records
from bookbridge.store.pool import Db
from bookbridge.store.records import RecordBatch
from tests.push.ledger import Ledger
from tests.push.ledger_connector import CONNECTOR, LedgerSessions

INTEGRATION = "gbol"
DEADLINE_S = 30.0
PATIENT = Backoff(first_s=0.01, max_s=0.05, tries_max=5)


@pytest.fixture
def views(tmp_path: Path) -> Views:
    return Views("https://books.example", LinkCodes(open_vault(tmp_path)))


@pytest.fixture
async def ledger() -> AsyncIterator[Ledger]:
    ledger = Ledger()
    server = await ledger.start()
    yield ledger
    server.close()


async def link(db: Any) -> Connection:
    """A company with a Linked connection."""
    company_id, connection_id = uuid4(), uuid4()
    await db.execute("insert into companies (id, name, tags) values ($1, 'Acme', '{\"region\": \"uk\"}')", company_id)
    await db.execute(
        "insert into connections (company_id, id, integration_key, status) values ($1, $2, $3, 'Linked')",
        company_id,
        connection_id,
        INTEGRATION,
    )
    return await connections.get(db, company_id, connection_id)


@pytest.fixture
async def connection(pool: asyncpg.Pool) -> Connection:
    return await link(pool)


@dataclass
class Desk:
    """Submits writes, carries them out, and looks at what came of them."""

    pool: asyncpg.Pool
    views: Views
    connection: Connection
    runner: Runner
    queued: list[str]

    async def submit(
        self,
        data_type: str = "suppliers",
        body: Any = None,
        kind: Operation = Operation.CREATE,
        **more: Any,
    ) -> PushOperation:
        async with self.pool.acquire() as db, db.transaction():
            return await self.submit_in(db, data_type, body, kind, **more)

    async def submit_in(
        self,
        db: Db,
        data_type: str = "suppliers",
        body: Any = None,
        kind: Operation = Operation.CREATE,
        **more: Any,
    ) -> PushOperation:
        encoded = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        submission = Submission(data_type, kind, body=encoded, **more)
        company_id = self.connection.company_id
        return await submit(db, self.views, CONNECTOR, company_id, self.connection.id, submission)

    async def work(self) -> None:
        """Run the handler until nothing is left to do."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                wait_s = await self.runner.handler(str(self.connection.id))
                if wait_s is None:
                    return
                await asyncio.sleep(wait_s)

    async def get(self, operation_id: UUID) -> PushOperation:
        found = await operations.get(self.pool, self.connection.company_id, operation_id)
        assert found is not None
        return found

    async def runner_has_work(self) -> bool:
        return await operations.next_open(self.pool, self.connection.id) is not None

    async def events(self) -> list[dict[str, Any]]:
        rows = await self.pool.fetch("select body from webhook_messages order by created")
        return [json.loads(row["body"]) for row in rows]

    async def rings(self, task: str) -> int:
        return await self.pool.fetchval("select count(*) from pgqueuer where entrypoint = $1", task)


@pytest.fixture
async def desk(pool: asyncpg.Pool, views: Views, connection: Connection, ledger: Ledger) -> AsyncIterator[Desk]:
    queued: list[str] = []

    async def on_written(db: Db, written: Connection, data_type: str) -> None:
        queued.append(data_type)

    async with http.client() as client:
        runner = Runner(
            pool,
            LedgerSessions(client, ledger.url),
            {INTEGRATION: CONNECTOR}.get,
            views,
            on_written=on_written,
            backoff=PATIENT,
        )
        yield Desk(pool, views, connection, runner, queued)


async def keep(
    pool: asyncpg.Pool,
    connection: Connection,
    data_type: str,
    content: dict[str, Any],
    *,
    deleted: bool = False,
) -> None:
    """Store a record as a sync would have."""
    batch = RecordBatch(connection.company_id, connection.id, data_type, data_type, datetime.now(UTC))
    encoded = json.dumps({**content, "metadata": {"isDeleted": deleted}}).encode()
    batch.add(content["id"], encoded, b"{}", None, deleted)
    async with pool.acquire() as db:
        await records.save(db, batch)


def supplier(name: str) -> dict[str, Any]:
    return {"supplierName": name, "status": "Active"}
