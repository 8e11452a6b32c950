"""A company linked to an organisation of a real emulator, and the runner that reads it; no worker, no waiting."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from bookbridge import app
from bookbridge.app import Rooms
from bookbridge.companies import clients, companies, connections, credentials, lifecycle, vault
from bookbridge.companies.companies import Company
from bookbridge.companies.connections import Connection
from bookbridge.connectors.kit.connector import Source
from bookbridge.connectors.kit.session import Page
from bookbridge.connectors.xero.session import XeroSession
from bookbridge.push.settled import Settlements
from bookbridge.settings import Settings, VendorSettings
from bookbridge.sync import datasets, queue, states
from bookbridge.sync.datasets import Dataset
from bookbridge.sync.runner import Runner
from bookbridge.sync.states import DataTypeState
from tests.connectors.conftest import emulator_url, sandbox, vendor_http  # noqa: F401 - fixtures
from tests.connectors.sandbox import Sandbox

UNLIMITED = "0"
RUNS_MAX = 200


@dataclass
class Desk:
    """One linked connection under test."""

    rooms: Rooms
    sandbox: Sandbox
    tenant: str
    company: Company
    connection: Connection

    @property
    def pool(self) -> asyncpg.Pool:
        return self.rooms.pool

    def runner(self, *, slice_s: float = 60.0) -> Runner:
        return Runner(self.pool, self.rooms.sessions, self.rooms.views, slice_s=slice_s)

    async def queue(self, *data_types: str) -> list[Dataset]:
        """Queue reads; without names, the whole first read."""
        async with self.pool.acquire() as db, db.transaction():
            if not data_types:
                return await queue.queue_all(db, [self.connection], is_initial=True)
            return [await queue.queue_one(db, self.connection, key) for key in data_types]

    async def run(self, *, slice_s: float = 60.0) -> float | None:
        """One run, as the worker would start it once all waits are over; what it returns."""
        await self.pool.execute("update datasets set not_before = null where completed is null")
        return await self.runner(slice_s=slice_s).handle(str(self.connection.id))

    async def work(self, *, slice_s: float = 60.0, between: Callable[[], Awaitable[None]] | None = None) -> int:
        """Run until nothing is left, at once whatever a run says; how many runs it took."""
        for runs in range(1, RUNS_MAX):
            if await self.run(slice_s=slice_s) is None:
                return runs
            if between is not None:
                await between()
        raise AssertionError(f"not done after {RUNS_MAX} runs")

    async def read(self, data_type: str) -> Dataset:
        """Queue one data type, read it, and say what came of it."""
        (queued,) = await self.queue(data_type)
        await self.work()
        return await self.dataset(queued)

    async def dataset(self, queued: Dataset) -> Dataset:
        found = await datasets.get(self.pool, queued.company_id, queued.id)
        assert found is not None
        return found

    async def state(self, data_type: str) -> DataTypeState:
        found = await states.get(self.pool, self.company.id, self.connection.id, data_type)
        assert found is not None
        return found

    async def current(self) -> Connection:
        async with self.pool.acquire() as db:
            return await connections.get(db, self.company.id, self.connection.id)

    async def records(self, data_type: str) -> dict[str, dict[str, Any]]:
        """Stored records by id."""
        rows = await self.pool.fetch(
            "select record_id, body from records where company_id = $1 and data_type = $2", self.company.id, data_type
        )
        return {row["record_id"]: json.loads(row["body"]) for row in rows}

    async def contents(self) -> set[tuple[str, str, bytes]]:
        """What is stored, without when it was."""
        rows = await self.pool.fetch("select data_type, record_id, hash from records")
        return {(row["data_type"], row["record_id"], row["hash"]) for row in rows}

    async def versions(self) -> set[tuple[Any, ...]]:
        """Which versions of which rows there are: any write at all changes this."""
        return {tuple(row) for row in await self.pool.fetch("select data_type, record_id, xmin, ctid from records")}

    async def payloads(self, event_type: str) -> list[dict[str, Any]]:
        """What callers were told, oldest first."""
        rows = await self.pool.fetch(
            "select body from webhook_messages where event_type = $1 order by created, id", event_type
        )
        return [json.loads(row["body"])["payload"] for row in rows]

    async def touch(self, record_id: str, resource: str = "Invoices") -> None:
        """Edit a record at the vendor."""
        body = {"resource": resource, "id": record_id}
        await self.sandbox.control("POST", f"organisations/{self.tenant}/touch", body)

    async def remove(self, record_id: str, resource: str) -> None:
        """Delete a record at the vendor without a trace."""
        body = {"resource": resource, "id": record_id}
        await self.sandbox.control("POST", f"organisations/{self.tenant}/delete", body)

    async def fault(self, kind: str, **details: Any) -> None:
        """A fault that strikes this organisation only."""
        match = {"tenant": self.tenant, **details.pop("match", {})}
        await self.sandbox.fault(kind, match=match, **details)


OpenDesk = Callable[..., Awaitable[Desk]]


@pytest.fixture
async def open_desk(
    dsn: str,
    pool: asyncpg.Pool,
    sandbox: Sandbox,  # noqa: F811
    tmp_path: Path,
) -> AsyncIterator[OpenDesk]:
    """Makes desks: `documents` in the organisation (0: an ordinary book), `page_size` of the connector."""
    opened = vault.open_vault(tmp_path)
    await clients.ensure_client(pool, opened)
    made: list[Rooms] = []

    async def desk(*, documents: int = 0, page_size: int = 1_000) -> Desk:
        vendor = sandbox.app()
        options = {"page_size": str(page_size), "calls_per_60_s": UNLIMITED, "calls_per_86400_s": UNLIMITED}
        registration = VendorSettings(
            client_id=vendor.client_id,
            client_secret=vendor.client_secret,
            endpoints=dict(vendor.endpoints),
            options=options,
        )
        settings = Settings(data_dir=tmp_path, vendors={"gbol": registration}, emulators=False)
        rooms = app.compose(settings, pool, sandbox.http, opened, Settlements(dsn, pool))
        made.append(rooms)
        tenant = await sandbox.add_organisation(documents)
        async with pool.acquire() as db, db.transaction():
            company = await companies.create(db, rooms.views, name="Larkfield", tags={"region": "uk"})
            pending = await lifecycle.created(db, rooms.views, company.id, "gbol")
        linked = await link(rooms, sandbox, pending, tenant)
        return Desk(rooms, sandbox, tenant, company, linked)

    yield desk
    for rooms in made:
        await rooms.tokens.aclose()


async def link(rooms: Rooms, sandbox: Sandbox, connection: Connection, tenant: str) -> Connection:  # noqa: F811
    """Link a connection to an organisation, which was consented to at the emulator."""
    access = await sandbox.access(tenant)
    token = await access.authorizer.credential("access_token")
    assert token is not None
    expires = datetime.now(UTC) + timedelta(hours=1)
    async with rooms.pool.acquire() as db, db.transaction():
        grant = credentials.Grant(access_token=token)
        await credentials.store(db, rooms.vault, connection.company_id, connection.id, grant, expires)
        return await lifecycle.linked(
            db,
            rooms.views,
            connection,
            organisation_id=tenant,
            organisation_name="Larkfield Ltd",
            facts=access.facts,
        )


@pytest.fixture
async def desk(open_desk: OpenDesk) -> Desk:
    """An ordinary book."""
    return await open_desk()


@dataclass
class Veil:
    """Stands between us and the vendor's lists, for what no vendor does when asked."""

    hidden: set[str] = field(default_factory=set)
    """Ids that the vendor neither lists nor counts."""
    uncounted: int = 0
    """How many more the vendor counts than it lists."""
    repeats: bool = False
    """Every row stands twice in its page."""
    alter: Callable[[Any], Any] | None = None
    """Changes each payload."""


@pytest.fixture
def veil(monkeypatch: pytest.MonkeyPatch) -> Veil:
    made = Veil()
    pages, count = XeroSession.pages, XeroSession.count

    async def veiled_pages(
        self: XeroSession, source: Source[Any, Any], *, since: datetime | None, cursor: str | None
    ) -> AsyncGenerator[Page[Any], None]:
        async with aclosing(pages(self, source, since=since, cursor=cursor)) as found:
            async for page in found:
                rows = [row for row in zip(page.payloads, page.raws, strict=True) if id_of(row[0]) not in made.hidden]
                if made.alter is not None:
                    rows = [(made.alter(payload), raw) for payload, raw in rows]
                rows *= 2 if made.repeats else 1
                yield replace(page, payloads=[row[0] for row in rows], raws=[row[1] for row in rows])

    async def veiled_count(self: XeroSession, source: Source[Any, Any]) -> int | None:
        total = await count(self, source)
        return None if total is None else total - len(made.hidden) + made.uncounted

    monkeypatch.setattr(XeroSession, "pages", veiled_pages)
    monkeypatch.setattr(XeroSession, "count", veiled_count)
    return made


def id_of(payload: Any) -> str:
    found: str = getattr(payload, payload.__struct_fields__[0])
    return found


async def left_behind(pool: asyncpg.Pool, connection_id: UUID) -> dict[str, int]:
    """Rows that still speak of a connection, by table; what callers are told of is not counted."""
    columns = await pool.fetch(
        """select table_name, column_name from information_schema.columns
        where table_schema = current_schema() and column_name in ('connection_id', 'dataset_id')"""
    )
    found = {}
    for table, column in columns:
        if column == "connection_id":
            number = await pool.fetchval(f'select count(*) from "{table}" where connection_id = $1', connection_id)
        else:
            number = await pool.fetchval(
                f'select count(*) from "{table}" where not exists (select from datasets where id = dataset_id)'
            )
        if number:
            found[table] = number
    return found
