"""A database that an older version made and filled is brought up to date, and everything in it goes on working.

`older/0014.sql.gz` is the dump of an installation at migration 0014: a company linked to a vendor's emulator, its books
read, one write that succeeded and one that was refused, a webhook consumer, jobs in the queue. It was made with
`pg_dump --inserts`; a later one is added beside it when there is something new to lose.
"""

from __future__ import annotations

import gzip
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from structlog.testing import capture_logs

from bookbridge import app as composition
from bookbridge import jobs
from bookbridge.companies import vault
from bookbridge.store.migrations import migrate, migration_names
from bookbridge.store.pool import open_pool
from tests.api.conftest import Api, basic, serving
from tests.conftest import Server, database_url

OLDER = Path(__file__).parent / "older"
LAST_APPLIED = "0014"
API_KEY = "upgrade-key-0123456789"
SEALED_WITH = "k1:o0n0LlfDndaOg14XwkXSRlWxNxaaeAw41lEoeGx0Ir0="
COMPANY = "d8719e11-cc8d-4a4e-ac83-8f59e8ee569f"
CONNECTION = "dbbf2382-58de-405f-9ad2-07ba05f60007"
WRITTEN = "bd64f915-95a1-49e4-827e-f3ace17fcbd3"
REFUSED = "a138b8b3-c66a-41a1-a1b0-465a094bcc8c"
FILE = b"%PDF-1.4 scanned"

SCHEMA = {
    "columns": "select table_name, column_name, data_type, is_nullable, column_default, is_identity"
    " from information_schema.columns where table_schema = 'public'",
    "indexes": "select indexdef from pg_indexes where schemaname = 'public'",
    "constraints": "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint"
    " where connamespace = 'public'::regnamespace",
    "functions": "select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace",
    "triggers": "select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal",
    "options": "select relname, relkind, relpersistence, reloptions from pg_class"
    " where relnamespace = 'public'::regnamespace and relkind in ('r', 'i', 'p')",
}


async def execute(dsn: str, statements: str) -> None:
    db = await asyncpg.connect(dsn)
    try:
        await db.execute(statements)
    finally:
        await db.close()


@pytest.fixture
async def older(database_server: Server) -> AsyncIterator[str]:
    """The address of a database as the older version left it."""
    name = f"t_{uuid.uuid4().hex}"
    await execute(database_server.dsn, f'CREATE DATABASE "{name}"')
    try:
        dsn = database_url(database_server.dsn, name)
        await execute(dsn, gzip.decompress((OLDER / f"{LAST_APPLIED}.sql.gz").read_bytes()).decode())
        yield dsn
    finally:
        await execute(database_server.dsn, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _schema(dsn: str) -> dict[str, set[tuple[object, ...]]]:
    db = await asyncpg.connect(dsn)
    try:
        return {what: {tuple(map(str, row)) for row in await db.fetch(query)} for what, query in SCHEMA.items()}
    finally:
        await db.close()


async def test_it_becomes_what_a_new_one_is(older: str, dsn: str) -> None:
    expected = [name for name in migration_names() if name[:4] > LAST_APPLIED]
    assert expected
    assert await migrate(older) == expected
    assert await migrate(older) == []
    await jobs.install(older)
    upgraded, fresh = await _schema(older), await _schema(dsn)
    for what, found in fresh.items():
        assert upgraded[what] == found, what


async def test_nothing_is_lost(older: str, tmp_path: Path) -> None:
    db = await asyncpg.connect(older)
    before = {
        table: await db.fetchval(f"select count(*) from {table}")
        for table in ("records", "connections", "credentials", "push_operations", "webhook_messages", "pgqueuer")
    }
    # A file on its way, as it was kept then.
    await db.execute("update push_operations set file_content = $1 where id = $2", FILE, uuid.UUID(REFUSED))
    await db.close()
    async with serving(older, tmp_path, secret_keys=SEALED_WITH) as api:
        api.http.headers["Authorization"] = basic(API_KEY)
        after = {table: await api.rooms.pool.fetchval(f"select count(*) from {table}") for table in before}
        assert after == before
        file = "select string_agg(content, '' order by place) from push_file_chunks where operation_id = $1"
        assert await api.rooms.pool.fetchval(file, uuid.UUID(REFUSED)) == FILE
        await _still_answers(api)


async def _still_answers(api: Api) -> None:
    connection = (await api.http.get(f"/companies/{COMPANY}/connections/{CONNECTION}")).json()
    assert connection["status"] == "Linked"
    bills = (await api.http.get(f"/companies/{COMPANY}/data/bills")).json()
    assert bills["totalResults"] == len(bills["results"]) == 2
    queries = {"query": "supplierName=Kept Supplies", "orderBy": "-sourceModifiedDate"}
    suppliers = (await api.http.get(f"/companies/{COMPANY}/data/suppliers", params=queries)).json()
    assert [row["supplierName"] for row in suppliers["results"]] == ["Kept Supplies"]
    for operation, status in ((WRITTEN, "Success"), (REFUSED, "Failed")):
        assert (await api.http.get(f"/companies/{COMPANY}/push/{operation}")).json()["status"] == status
        assert (await api.http.get(f"/companies/{COMPANY}/push/{operation}/story")).is_success
    assert [row["eventTypes"] for row in (await api.http.get("/webhooks")).json()["results"]] == [
        ["bills.write.successful"]
    ]
    queued = await api.http.post(f"/companies/{COMPANY}/data/queue/bills")
    assert queued.is_success, queued.text
    pushed = await api.http.post(
        f"/companies/{COMPANY}/connections/{CONNECTION}/push/suppliers",
        json={"supplierName": "After the upgrade", "status": "Active"},
    )
    assert pushed.json()["status"] == "Pending", pushed.text


async def test_its_secrets_open(older: str) -> None:
    await migrate(older)
    new = vault.new_key("k2")
    pool = await open_pool(older, max_size=2)
    try:
        ring = vault.from_text(f"{new.id}:{new.key},{SEALED_WITH}")
        # Sealing anew opens each of them: the tokens of the connection, the API key, the consumer's secret.
        assert await vault.rotate(pool, ring, composition.SEALED_COLUMNS) >= 3
    finally:
        await pool.close()


async def test_a_database_of_a_later_version_is_told_of(dsn: str) -> None:
    await execute(dsn, "insert into schema_migrations (name) values ('9999_of_a_later_version.sql')")
    with capture_logs() as logs:
        assert await migrate(dsn) == []
    (line,) = logs
    assert line["event"] == "database_is_newer"
    assert line["migrations"] == ["9999_of_a_later_version.sql"]
