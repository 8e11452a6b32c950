"""Bookbridge's own sync of the same invoices: the real runner, connector, checkpoints, completeness and budgets.

Arguments: URL DSN PAGE_SIZE DATA_DIR, and `changes` to ask only for what changed since the last run. Prints one line
of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
import uvloop
from pydantic import SecretStr

from bench.peak import peak_bytes
from bookbridge import app
from bookbridge.companies import companies, connections, credentials, lifecycle
from bookbridge.companies.connections import Connection
from bookbridge.settings import Settings, VendorSettings
from bookbridge.sync import queue
from bookbridge.sync.runner import Runner

UNLIMITED = "0"
INVOICES = "bills"


def settings_for(url: str, page_size: int, data_dir: Path) -> Settings:
    """Settings that point the connector at the invoice server and lift the limits, of which it has none."""
    paths = {"api": "/api.xro/2.0", "token": "/connect/token", "connections": "/connections"}
    vendor = VendorSettings(
        client_id="bench",
        client_secret=SecretStr("bench"),
        endpoints={name: url + path for name, path in paths.items()},
        options={
            "page_size": str(page_size),
            "calls_per_60_s": UNLIMITED,
            "calls_per_86400_s": UNLIMITED,
            "in_flight_max": UNLIMITED,
        },
    )
    return Settings(data_dir=data_dir, vendors={"gbol": vendor}, emulators=False)


async def linked_connection(rooms: app.Rooms) -> Connection:
    """A connection as it is after the customer has authorised it."""
    async with rooms.pool.acquire() as db, db.transaction():
        company = await companies.create(db, rooms.views, name="Bench")
        pending = await lifecycle.created(db, rooms.views, company.id, "gbol")
        grant = credentials.Grant(access_token="bench")
        expires = datetime.now(UTC) + timedelta(days=1)
        await credentials.store(db, rooms.vault, company.id, pending.id, grant, expires)
        return await lifecycle.linked(
            db,
            rooms.views,
            pending,
            organisation_id="o",
            organisation_name="Bench",
            facts={"tenant_id": "t", "base_currency": "GBP", "short_code": "!b"},
        )


async def read_all(rooms: app.Rooms, connection: Connection) -> tuple[float, int, str]:
    """Queue and read the invoices; seconds, rows written, status."""
    async with rooms.pool.acquire() as db, db.transaction():
        dataset = await queue.queue_one(db, connection, INVOICES)
    runner = Runner(rooms.pool, rooms.sessions, rooms.views)
    started = time.perf_counter()
    while await runner.handle(str(connection.id)) is not None:
        pass
    seconds = time.perf_counter() - started
    row = await rooms.pool.fetchrow(
        "select status, records_written, error_message from datasets where id = $1", dataset.id
    )
    return seconds, row["records_written"], row["error_message"] or row["status"]


async def main(url: str, dsn: str, page_size: int, data_dir: Path, *, changes: bool) -> None:
    """One read: of the whole list each time, or of its changes."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    settings = settings_for(url, page_size, data_dir)
    await app.prepare(settings, dsn)
    async with app.open_rooms(settings, dsn) as rooms:
        async with rooms.pool.acquire() as db:
            known = await db.fetchrow("select company_id, id from connections")
            connection = await connections.get(db, known["company_id"], known["id"]) if known else None
        if connection is None:
            connection = await linked_connection(rooms)
        if not changes:
            await rooms.pool.execute("update data_type_states set read_through = null")
        seconds, written, status = await read_all(rooms, connection)
    print(json.dumps({"seconds": seconds, "written": written, "status": status, "peak_bytes": peak_bytes()}))


if __name__ == "__main__":
    url, dsn, page_size, folder, *rest = sys.argv[1:]
    uvloop.run(main(url, dsn, int(page_size), Path(folder), changes=rest == ["changes"]))
