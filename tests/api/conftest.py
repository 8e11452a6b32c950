"""The real API on a real port over a fresh database, and a client that holds its key."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx2
import pytest
import uvicorn

from bookbridge import app as composition
from bookbridge.api.http_protocol import BoundedHttpProtocol
from bookbridge.app import Rooms
from bookbridge.companies import connections, lifecycle
from bookbridge.settings import Settings

KEY = "test-key-0123456789abcdef"
LINKABLE = "gbol"
FACTS = {"tenant_id": "org-1", "connection_id": "c-1", "base_currency": "GBP"}
DEADLINE_S = 20.0


@dataclass
class Api:
    """A running API."""

    url: str
    rooms: Rooms
    http: httpx2.AsyncClient
    """Sends the API key with every request."""

    @property
    def pool(self) -> asyncpg.Pool:
        return self.rooms.pool

    @property
    def authorization(self) -> str:
        """The header's value, as the official libraries take it."""
        return basic(KEY)

    async def company(self, name: str = "Acme") -> str:
        """A new company's id."""
        answer = await self.http.post("/companies", json={"name": name})
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    async def connection(self, company_id: str, platform_key: str = LINKABLE) -> str:
        """A new connection's id, not yet authorised."""
        answer = await self.http.post(f"/companies/{company_id}/connections", json={"platformKey": platform_key})
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    async def linked(self, company_id: str, platform_key: str = LINKABLE) -> str:
        """A new connection's id, linked without a vendor."""
        connection_id = await self.connection(company_id, platform_key)
        async with self.pool.acquire() as db, db.transaction():
            row = await connections.get(db, UUID(company_id), UUID(connection_id))
            await lifecycle.linked(
                db, self.rooms.views, row, organisation_id="org-1", organisation_name="Ledger", facts=FACTS
            )
        return connection_id


def basic(key: str) -> str:
    return "Basic " + base64.b64encode(key.encode()).decode()


def assert_error(answer: httpx2.Response, status: int, *, service: str | None = None) -> dict[str, Any]:
    """The answer is the contract's one error body; returns it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    assert {"statusCode", "service", "error", "correlationId", "canBeRetried", "detailedErrorCode"} <= set(body)
    assert set(body) <= {
        "statusCode",
        "service",
        "error",
        "correlationId",
        "canBeRetried",
        "detailedErrorCode",
        "validation",
    }
    assert body["statusCode"] == status
    assert body["correlationId"] == answer.headers["x-correlation-id"]
    assert len(body["correlationId"]) == 32
    assert "Traceback" not in body["error"]
    assert None not in body.values()
    if service is not None:
        assert body["service"] == service
    return body


@asynccontextmanager
async def serving(dsn: str, data_dir: Path, **given: Any) -> AsyncIterator[Api]:
    """The API of a new installation, as it is composed for real."""
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    settings = Settings(port=port, data_dir=data_dir, api_key=KEY, webhook_private_addresses=True, **given)
    await composition.prepare(settings, dsn)
    async with composition.open_rooms(settings, dsn) as rooms:
        asgi = await composition.api_server(rooms)
        config = uvicorn.Config(asgi, http=BoundedHttpProtocol, lifespan="on", log_level="warning", access_log=False)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[sock]))
        url = f"http://127.0.0.1:{port}"
        async with httpx2.AsyncClient(base_url=url, headers={"Authorization": basic(KEY)}, timeout=DEADLINE_S) as http:
            async with asyncio.timeout(DEADLINE_S):
                while not server.started:  # noqa: ASYNC110 - the server offers nothing to wait for
                    await asyncio.sleep(0.005)
            yield Api(url, rooms, http)
        server.should_exit = True
        await running


@pytest.fixture
async def api(dsn: str, tmp_path: Path) -> AsyncIterator[Api]:
    """The API; the vendors' emulators are configured but do not run."""
    async with serving(dsn, tmp_path) as running:
        yield running
