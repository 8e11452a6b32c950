"""What a process owes its connections when it stops, or when the database is away for a moment."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bookbridge import app
from bookbridge.companies import credentials
from bookbridge.companies.connections import Connection
from bookbridge.companies.credentials import Grant
from bookbridge.companies.tokens import Tokens
from bookbridge.companies.vault import Vault
from bookbridge.companies.views import Views
from bookbridge.settings import Settings, VendorSettings
from tests.companies.conftest import CLIENT_ID, CLIENT_SECRET, OAUTH, VENDOR_KEY, Vendor
from tests.companies.test_tokens import linked, stored
from tests.waiting import until


async def test_a_process_that_stops_waits_for_the_refresh_under_way(
    dsn: str,
    pool: asyncpg.Pool,
    vault: Vault,
    views: Views,
    connection: Connection,
    vendor: Vendor,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expired = await linked(pool, vault, views, connection, Grant(*vendor.issue()), left_s=-1)
    monkeypatch.setattr(app.vault, "open_vault", lambda *_: vault)
    registration = VendorSettings(
        client_id=CLIENT_ID, client_secret=CLIENT_SECRET, endpoints={"token": f"{vendor.url}/token"}
    )
    settings = Settings(data_dir=tmp_path, vendors={VENDOR_KEY: registration}, emulators=False)
    vendor.answer_after_s = 0.3
    async with app.open_rooms(settings, dsn) as rooms:
        caller = asyncio.create_task(rooms.tokens.current(expired, OAUTH))
        await until(lambda: vendor.refreshes > 0)
        caller.cancel()
        await asyncio.wait({caller})
    assert (await stored(pool, vault, expired)).current == Grant("access-2", "refresh-2")


@pytest.mark.parametrize(
    "error", [asyncpg.CannotConnectNowError, asyncpg.AdminShutdownError, asyncpg.TooManyConnectionsError]
)
async def test_a_database_that_restarts_does_not_lose_the_vendors_answer(
    pool: asyncpg.Pool,
    vault: Vault,
    views: Views,
    connection: Connection,
    vendor: Vendor,
    tokens: Tokens,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
) -> None:
    expired = await linked(pool, vault, views, connection, Grant(*vendor.issue()), left_s=-1)
    save, failures = credentials.save, [error("the database system is starting up")]

    async def failing(*arguments: Any, **more: Any) -> bool:
        if failures:
            raise failures.pop()
        return await save(*arguments, **more)

    monkeypatch.setattr(credentials, "save", failing)
    assert await tokens.current(expired, OAUTH) == Grant("access-2", "refresh-2")
    assert (await stored(pool, vault, expired)).current == Grant("access-2", "refresh-2")
