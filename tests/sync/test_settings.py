"""Sync settings: whose count, what they refuse, and what they do to reads."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest

from bookbridge.companies.errors import ValidationProblem
from bookbridge.sync import queue, settings
from bookbridge.sync.settings import Effective, SyncSetting, SyncSettings, months_before
from bookbridge.sync.states import Completeness
from tests.sync.conftest import Desk


def setting(data_type: str, **values: object) -> SyncSetting:
    return SyncSetting(data_type=data_type, **values)  # type: ignore[arg-type]


def given(*chosen: SyncSetting, overrides: bool = True) -> SyncSettings:
    return SyncSettings(overrides, {one.data_type: one for one in chosen})


def test_the_company_stands_before_the_client_and_a_lock_above_both() -> None:
    client = given(setting("bills", sync_schedule=24), setting("items", sync_schedule=168, is_locked=True))
    company = given(setting("bills", sync_schedule=1), setting("items", sync_schedule=1))
    both = Effective(client, company)
    assert (both.of("bills").sync_schedule, both.of("items").sync_schedule) == (1, 168)
    not_followed = Effective(client, SyncSettings(False, company.by_type))
    assert not_followed.of("bills").sync_schedule == 24
    assert Effective(SyncSettings(False, client.by_type)).of("bills").sync_schedule == 0
    assert both.of("suppliers").fetch_on_first_link


def test_order_is_the_settings_and_then_that_of_references() -> None:
    found = Effective(given(setting("bills", sync_order=0), setting("suppliers", sync_order=5)))
    assert found.ordered(["bills", "suppliers", "taxRates"]) == ["taxRates", "bills", "suppliers"]
    found = Effective(given(setting("taxRates", fetch_on_first_link=False)))
    assert found.first_read(["bills", "taxRates"]) == ["bills"]


@pytest.mark.parametrize(
    ("day", "months", "earlier"),
    [("2026-03-31", 1, "2026-02-28"), ("2026-01-15", 12, "2025-01-15"), ("2024-02-29", 24, "2022-02-28")],
)
def test_months(day: str, months: int, earlier: str) -> None:
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    assert months_before(moment, months).date().isoformat() == earlier


def test_windows_do_not_apply_to_reports() -> None:
    now = datetime(2026, 6, 1, tzinfo=UTC)
    assert setting("bills", sync_from_window=6).window_start(now) == datetime(2025, 12, 1, tzinfo=UTC)
    report = setting("balanceSheet", sync_from_window=6)
    assert report.window_start(now) == datetime(2024, 7, 1, tzinfo=UTC), "this month and 23 before it"
    longer = setting("profitAndLoss", months_to_sync=36)
    assert longer.window_start(now.replace(day=30)) == datetime(2023, 7, 1, tzinfo=UTC)
    assert longer.window_words == "36 months"
    assert setting("bills", sync_from_window=0).window_start(now) is None
    both = setting("bills", sync_from_window=6, sync_from_utc="2020-01-01")
    assert both.window_start(now) == datetime(2020, 1, 1, tzinfo=UTC)


async def test_locked_settings_can_only_be_unlocked(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as db:
        locked = setting("bills", sync_schedule=24, is_locked=True)
        await settings.replace_client(db, [locked], overrides_defaults=True)
        with pytest.raises(ValidationProblem, match="locked"):
            await settings.replace_client(db, [setting("bills", sync_schedule=1)], overrides_defaults=True)
        await settings.replace_client(db, [setting("items")], overrides_defaults=True)
        assert (await settings.of_client(db)).by_type["bills"].is_locked, "not named, so kept"
        company_id = UUID(int=1)
        await db.execute("insert into companies (id, name) values ($1, 'A')", company_id)
        with pytest.raises(ValidationProblem, match="locked"):
            await settings.replace_company(db, company_id, [setting("bills")], overrides_defaults=True)
        await settings.replace_client(db, [setting("bills", sync_schedule=24)], overrides_defaults=True)
        await settings.replace_client(db, [setting("bills", sync_schedule=1)], overrides_defaults=True)
        await settings.replace_company(db, company_id, [setting("bills")], overrides_defaults=True)


@pytest.mark.parametrize(
    "wrong",
    [
        [setting("nonsense")],
        [setting("bills"), setting("BILLS")],
        [setting("bills", sync_from_utc="yesterday")],
        [setting("bills")] * 101,
    ],
)
def test_refused(wrong: list[SyncSetting]) -> None:
    with pytest.raises(ValidationProblem):
        settings.checked(wrong)


async def test_everything_means_what_the_settings_say(desk: Desk) -> None:
    async with desk.pool.acquire() as db, db.transaction():
        wanted = [setting(key, fetch_on_first_link=False) for key in queue.readable(desk.connection)[3:]]
        wanted.append(setting("taxRates", fetch_on_first_link=True, sync_order=0))
        wanted = list({one.data_type: one for one in wanted}.values())
        await settings.replace_company(db, desk.company.id, wanted, overrides_defaults=True)
    queued = await desk.queue()
    keys = [dataset.data_type for dataset in queued]
    assert set(keys) == {*queue.readable(desk.connection)[:3], "taxRates"}


async def test_a_window_limits_what_is_kept_and_lifting_it_brings_all_back(desk: Desk) -> None:
    await desk.read("bills")
    everything = await desk.records("bills")
    moments = sorted(body["sourceModifiedDate"] for body in everything.values())
    middle = moments[len(moments) // 2]
    expected = {key for key, body in everything.items() if body["sourceModifiedDate"] >= middle}
    assert 0 < len(expected) < len(everything)

    async def narrow(since: str | None) -> None:
        async with desk.pool.acquire() as db, db.transaction():
            chosen = [] if since is None else [setting("bills", sync_from_utc=since)]
            await settings.replace_company(db, desk.company.id, chosen, overrides_defaults=True)

    await narrow(middle)
    first = await desk.read("bills")
    assert first.status == "Complete"
    assert set(await desk.records("bills")) == expected
    state = await desk.state("bills")
    assert state.completeness is Completeness.COMPLETE
    assert state.extent == f"changed since {middle}"
    second = await desk.read("bills")
    assert second.since is not None, "the same extent: only what changed"
    assert set(await desk.records("bills")) == expected
    await narrow(None)
    third = await desk.read("bills")
    assert third.since is None
    assert set(await desk.records("bills")) == set(everything)
