from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from bookbridge.companies import companies, connections, lifecycle, unlinking
from bookbridge.companies.companies import Company
from bookbridge.companies.connections import CONNECTION_PROPERTIES, Connection, Status
from bookbridge.companies.errors import CompanyNotFound, Conflict, ConnectionNotFound, ValidationProblem
from bookbridge.companies.sessions import Sessions
from bookbridge.companies.views import Views
from bookbridge.connectors.integrations import PARTNER_EXPENSE_KEY
from bookbridge.store.query import compile_query
from tests.companies.conftest import VENDOR_KEY, Vendor, events, payload


async def linked(pool: asyncpg.Pool, views: Views, connection: Connection) -> Connection:
    async with pool.acquire() as db, db.transaction():
        return await lifecycle.linked(
            db, views, connection, organisation_id="o", organisation_name="Org", facts={"base_currency": "GBP"}
        )


async def test_a_new_connection_is_pending_and_shown_without_nulls(
    pool: asyncpg.Pool, views: Views, connection: Connection
) -> None:
    shown = msgspec.json.decode(msgspec.json.encode(views.connection(connection)))
    assert shown["status"] == "PendingAuth"
    assert shown["integrationKey"] == VENDOR_KEY
    assert shown["sourceType"] == "Accounting"
    assert set(shown) == {
        "id",
        "integrationId",
        "integrationKey",
        "sourceId",
        "sourceType",
        "platformName",
        "linkUrl",
        "status",
        "created",
    }
    told = await payload(pool, "connection.created")
    assert told["connection"]["id"] == str(connection.id)
    assert told["referenceCompany"]["tags"] == {"region": "uk"}


async def test_partner_expense_is_linked_at_once(pool: asyncpg.Pool, views: Views, company: Company) -> None:
    async with pool.acquire() as db, db.transaction():
        made = await lifecycle.created(db, views, company.id, PARTNER_EXPENSE_KEY)
    assert made.status is Status.LINKED
    assert views.connection(made).source_type == "Expense"


async def test_unknown_companies_and_platforms_are_refused(pool: asyncpg.Pool, views: Views, company: Company) -> None:
    async with pool.acquire() as db:
        with pytest.raises(ValidationProblem):
            await lifecycle.created(db, views, company.id, "nope")
        with pytest.raises(CompanyNotFound):
            await lifecycle.created(db, views, uuid4(), VENDOR_KEY)
        with pytest.raises(ConnectionNotFound):
            await connections.get(db, company.id, uuid4())


async def test_a_whole_life_is_told_and_kept_in_the_timeline(
    pool: asyncpg.Pool, views: Views, connection: Connection
) -> None:
    code, text, message = lifecycle.CANCELLED
    async with pool.acquire() as db, db.transaction():
        await lifecycle.failed(db, views, connection, status_code=code, status_text=text, error_message=message)
    [error] = (await payload(pool, "connection.failed"))["connection"]["dataConnectionErrors"]
    assert (error["statusCode"], error["status"], error["errorMessage"]) == ("403", "Active", "User cancelled")
    first = await linked(pool, views, connection)
    assert first.errors[0].status == "Resolved"
    assert first.errors[0].resolved_on_utc is not None
    async with pool.acquire() as db, db.transaction():
        await lifecycle.unlinked(db, views, connection)
    second = await linked(pool, views, connection)
    assert (second.id, second.linked_first) == (connection.id, first.linked_first)
    async with pool.acquire() as db, db.transaction():
        gone = await lifecycle.deauthorized(db, views, second, reason="revoked")
    assert gone.status is Status.DEAUTHORIZED
    assert gone.errors[-1].status_code == "401"
    await linked(pool, views, connection)
    assert (await events(pool))[2:] == [
        "connection.failed",
        "connection.connected",
        "connection.disconnected",
        "connection.reconnected",
        "connection.disconnected",
        "connection.reconnected",
    ]
    async with pool.acquire() as db:
        timeline = await connections.timeline(db, connection.company_id, connection.id)
    assert [each.event for each in timeline] == [
        "Completed",
        "Deauthorized",
        "Completed",
        "Unlinked",
        "Completed",
        "Failed",
        "Created",
    ]


async def test_a_connection_may_be_given_up_before_it_was_authorised_but_only_once(
    pool: asyncpg.Pool, views: Views, sessions: Sessions, vendor: Vendor, connection: Connection
) -> None:
    after = await unlinking.unlink(pool, views, sessions, connection.company_id, connection.id)
    assert after.status is Status.UNLINKED
    assert vendor.disconnects == 0
    assert (await events(pool))[-1] == "connection.disconnected"
    with pytest.raises(Conflict):
        await unlinking.unlink(pool, views, sessions, connection.company_id, connection.id)


async def test_callers_who_find_out_together_deauthorise_once(
    pool: asyncpg.Pool, views: Views, connection: Connection
) -> None:
    open_on = await linked(pool, views, connection)

    async def find_out() -> None:
        async with pool.acquire() as db, db.transaction():
            await lifecycle.deauthorized(db, views, open_on, reason="revoked")

    await asyncio.gather(*(find_out() for _ in range(5)))
    assert (await events(pool)).count("connection.disconnected") == 1


async def test_the_timeline_is_bounded(
    pool: asyncpg.Pool, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "EVENTS_KEPT_MAX", 3)
    async with pool.acquire() as db, db.transaction():
        for _ in range(5):
            await lifecycle.started(db, connection)
        assert [moment.event for moment in await connections.timeline(db, connection.company_id, connection.id)] == [
            "Started"
        ] * 3


async def test_errors_are_bounded(pool: asyncpg.Pool, views: Views, connection: Connection) -> None:
    async with pool.acquire() as db, db.transaction():
        for number in range(25):
            found = await lifecycle.failed(
                db, views, connection, status_code="500", status_text="x" * 5_000, error_message=str(number)
            )
    assert len(found.errors) == lifecycle.ERRORS_KEPT_MAX
    assert found.errors[-1].error_message == "24"
    assert len(found.errors[-1].status_text) == lifecycle.TEXT_LENGTH_MAX


async def test_last_sync_never_goes_back(pool: asyncpg.Pool, views: Views, connection: Connection) -> None:
    now = datetime.now(UTC)
    async with pool.acquire() as db:
        for moment in (now, now - timedelta(hours=1)):
            await connections.synced(db, connection.company_id, connection.id, moment)
        assert (await connections.get(db, connection.company_id, connection.id)).last_sync == now
        assert (await companies.get(db, connection.company_id)).last_sync == now


async def test_connections_are_queried_by_status(pool: asyncpg.Pool, views: Views, connection: Connection) -> None:
    await linked(pool, views, connection)
    async with pool.acquire() as db:
        for query, expected in (("status=linked", 1), ("status=PendingAuth", 0)):
            where = compile_query(query, CONNECTION_PROPERTIES, of="Connection", first=2)
            found, total = await connections.list_page(db, connection.company_id, page=1, page_size=5, where=where)
            assert len(found) == total == expected


async def test_unlinking_gives_the_access_back_and_a_deaf_vendor_cannot_prevent_it(
    pool: asyncpg.Pool,
    views: Views,
    connection: Connection,
    sessions: Sessions,
    vendor: Vendor,
    link_grant: None,
) -> None:
    after = await unlinking.unlink(pool, views, sessions, connection.company_id, connection.id)
    assert after.status is Status.UNLINKED
    assert vendor.disconnects == 1
    assert await pool.fetchval("select count(*) from credentials") == 0


async def test_unlinking_works_when_the_vendor_refuses_everything(
    pool: asyncpg.Pool,
    views: Views,
    connection: Connection,
    sessions: Sessions,
    vendor: Vendor,
    link_grant: None,
) -> None:
    vendor.live_access.clear()
    vendor.fail_status = 500
    after = await unlinking.unlink(pool, views, sessions, connection.company_id, connection.id)
    assert after.status is Status.UNLINKED
    await linked(pool, views, connection)
    await unlinking.delete_company(pool, views, sessions, connection.company_id)
    assert await pool.fetchval("select count(*) from companies") == 0


@pytest.fixture
async def link_grant(pool: asyncpg.Pool, vault: object, views: Views, connection: Connection, vendor: Vendor) -> None:
    """The connection, Linked with a good grant."""
    from bookbridge.companies import credentials

    async with pool.acquire() as db, db.transaction():
        await credentials.store(
            db,
            vault,  # type: ignore[arg-type]
            connection.company_id,
            connection.id,
            credentials.Grant(*vendor.issue()),
            datetime.now(UTC) + timedelta(hours=1),
        )
    await linked(pool, views, connection)
