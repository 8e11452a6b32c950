"""Schedules: when a type is due, how due types are queued, and that work which people wait for comes through."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg

from bookbridge.companies import companies, connections, lifecycle
from bookbridge.companies.connections import Connection
from bookbridge.sync import queue, schedule, settings
from bookbridge.sync.schedule import Rearranger, first_due, queue_due
from tests.sync.conftest import Desk
from tests.sync.test_settings import setting

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_first_due() -> None:
    hour = timedelta(hours=1)
    assert first_due(NOW, 24, 0.0, NOW) == NOW + 24 * hour
    assert first_due(NOW, 24, 1.0, NOW) == NOW + 18 * hour, "spread over six hours"
    assert first_due(NOW, 1, 0.5, NOW) == NOW + 0.75 * hour
    assert first_due(None, 24, 0.5, NOW) == NOW + 3 * hour, "never read: soon, but not all at once"
    assert first_due(NOW - 100 * hour, 1, 0.0, NOW) == NOW


async def schedule_for_all(pool: asyncpg.Pool, every_h: int, *data_types: str) -> None:
    async with pool.acquire() as db, db.transaction():
        chosen = [setting(key, sync_schedule=every_h) for key in data_types]
        await settings.replace_client(db, chosen, overrides_defaults=True)
        await schedule.client_changed(db)
    await Rearranger(pool).handle("")


async def due(pool: asyncpg.Pool) -> dict[str, datetime]:
    return {row["data_type"]: row["due"] for row in await pool.fetch("select data_type, due from sync_schedule")}


async def test_linking_arranges_and_a_read_moves_on(desk: Desk) -> None:
    await schedule_for_all(desk.pool, 24, "bills", "suppliers", "commerce-orders")
    assert set(await due(desk.pool)) == {"bills", "suppliers"}, "only what the platform supplies"
    await desk.pool.execute("update sync_schedule set due = now() - interval '1 hour'")
    assert await queue_due(desk.pool) == 1
    assert await queue_due(desk.pool) == 0, "moved on at once"
    rows = await desk.pool.fetch("select data_type, batch_id from datasets order by sync_order")
    assert [row["data_type"] for row in rows] == ["suppliers", "bills"]
    assert len({row["batch_id"] for row in rows}) == 1
    await desk.work()
    ended = datetime.now(UTC)
    for moment in (await due(desk.pool)).values():
        assert timedelta(hours=23) < moment - ended < timedelta(hours=24)


async def test_a_read_sets_going_what_was_never_arranged(desk: Desk) -> None:
    await schedule_for_all(desk.pool, 24, "bills")
    await desk.pool.execute("delete from sync_schedule")
    await desk.read("suppliers")
    assert await due(desk.pool) == {}
    await desk.read("bills")
    assert set(await due(desk.pool)) == {"bills"}


async def test_types_that_are_nearly_due_come_along(desk: Desk) -> None:
    await schedule_for_all(desk.pool, 24, "bills", "suppliers", "items")
    await desk.pool.execute(
        """update sync_schedule set due = now() + case data_type when 'bills' then interval '-1 minute'
        when 'suppliers' then interval '1 hour' else interval '12 hours' end"""
    )
    await queue_due(desk.pool)
    rows = await desk.pool.fetch("select data_type from datasets")
    assert {row["data_type"] for row in rows} == {"bills", "suppliers"}


async def test_changed_intervals_move_and_ended_ones_go(desk: Desk) -> None:
    await schedule_for_all(desk.pool, 24, "bills", "items")
    before = await due(desk.pool)
    async with desk.pool.acquire() as db, db.transaction():
        chosen = [setting("bills", sync_schedule=1), setting("items", sync_schedule=24)]
        await settings.replace_company(db, desk.company.id, chosen, overrides_defaults=True)
        await schedule.company_changed(db, desk.company.id)
    after = await due(desk.pool)
    assert after["items"] == before["items"]
    assert after["bills"] <= datetime.now(UTC) + timedelta(hours=1)
    await schedule_for_all(desk.pool, 0)
    assert set(await due(desk.pool)) == {"bills", "items"}, "the company's own settings stay"


async def many(desk: Desk, count: int) -> list[Connection]:
    """Linked connections of as many companies; nobody reads them."""
    made = []
    async with desk.pool.acquire() as db, db.transaction():
        for number in range(count):
            company = await companies.create(db, desk.rooms.views, name=f"Company {number}")
            pending = await lifecycle.created(db, desk.rooms.views, company.id, "gbol")
            made.append(
                await lifecycle.linked(
                    db, desk.rooms.views, pending, organisation_id="o", organisation_name="O", facts={}
                )
            )
    return made


async def test_the_backlog_is_bounded_and_the_longest_overdue_come_first(desk: Desk) -> None:
    made = await many(desk, 12)
    await schedule_for_all(desk.pool, 1, "bills")
    await desk.pool.execute("update sync_schedule set due = now() - interval '1 minute'")
    late = made[7]
    await desk.pool.execute(
        "update sync_schedule set due = now() - interval '1 hour' where connection_id = $1", late.id
    )
    assert await queue_due(desk.pool, backlog_max=5) == 5
    assert await queue_due(desk.pool, backlog_max=5) == 0
    rung = {row["connection_id"] for row in await desk.pool.fetch("select connection_id from datasets")}
    assert late.id in rung


async def test_what_is_no_longer_linked_leaves_the_schedule(desk: Desk) -> None:
    await schedule_for_all(desk.pool, 1, "bills")
    await desk.pool.execute("update sync_schedule set due = now() - interval '1 minute'")
    async with desk.pool.acquire() as db, db.transaction():
        await lifecycle.unlinked(db, desk.rooms.views, desk.connection)
    assert await queue_due(desk.pool) == 0
    assert await due(desk.pool) == {}
    async with desk.pool.acquire() as db, db.transaction():
        again = await lifecycle.linked(
            db, desk.rooms.views, desk.connection, organisation_id="o", organisation_name="O", facts={}
        )
        await schedule.on_linked(db, again, False)
        assert (await connections.get(db, again.company_id, again.id)).status == "Linked"
    assert set(await due(desk.pool)) == {"bills"}
    queued = await desk.pool.fetchval("select count(*) from datasets where completed is null")
    assert queued == len(queue.readable(again))
