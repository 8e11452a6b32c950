"""A running Xero emulator, and accesses to organisations in it that were really consented to over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest
import uvicorn

from bookbridge.connectors.kit import http
from bookbridge.emulators.xero.app import create_app
from bookbridge.emulators.xero.settings import RateLimits, XeroEmulatorSettings
from tests.connectors.sandbox import Sandbox
from tests.connectors.xero_books import Books, open_books

START_DEADLINE_S = 30.0
MANY = 1_000_000


@pytest.fixture(scope="session")
def emulator_url() -> Iterator[str]:
    """One emulator per test process, in a thread of its own, without limits on calls."""
    limits = RateLimits(tenant_per_minute=MANY, tenant_per_day=MANY, in_flight=MANY, app_per_minute=MANY)
    app = create_app(XeroEmulatorSettings(limits=limits))
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")  # type: ignore[arg-type]
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_DEADLINE_S
    while not server.started:
        assert time.monotonic() < deadline, "the emulator does not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=START_DEADLINE_S)


@pytest.fixture
async def vendor_http() -> AsyncIterator[httpx2.AsyncClient]:
    async with http.client() as client:
        yield client


@pytest.fixture
async def sandbox(emulator_url: str, vendor_http: httpx2.AsyncClient) -> AsyncIterator[Sandbox]:
    """The emulator's world, without faults before and after."""
    world = Sandbox(emulator_url, vendor_http)
    await world.clear_faults()
    yield world
    await world.clear_faults()


@pytest.fixture
async def books(sandbox: Sandbox) -> Books:
    """A fresh organisation to write to."""
    return await open_books(sandbox)
