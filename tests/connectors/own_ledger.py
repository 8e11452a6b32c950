"""Our own ledger on a real port, for as long as a test needs it; with a clock that is moved by hand."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx2
import uvicorn

from bookbridge.connectors.kit.auth import CONNECTION_FACT
from bookbridge.connectors.kit.session import Access, VendorApp
from bookbridge.connectors.sandbox.auth import identify, organisations
from bookbridge.connectors.sandbox.session import SandboxSession
from bookbridge.emulators.sandbox.app import create_app
from bookbridge.emulators.sandbox.service import Ledger
from bookbridge.emulators.sandbox.storage import Storage
from bookbridge.emulators.sandboxes import SANDBOX_SECRET
from tests.connectors.sandbox import Tally

START_DEADLINE_S = 20.0
SEED = "samples"
"""The seed of the connector's samples, so that their ids exist."""


@dataclass
class Form:
    """An authorizer over what somebody filled in."""

    values: Mapping[str, str] = field(default_factory=dict)

    async def headers(self) -> Mapping[str, str]:
        return {}

    async def renew(self, rejected: Mapping[str, str]) -> bool:
        return False

    async def credential(self, name: str) -> str | None:
        return self.values.get(name)


@dataclass
class OwnLedger:
    """A running ledger. `now` is its clock."""

    url: str
    now: datetime = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def app(self, **options: str) -> VendorApp:
        return VendorApp("client", SANDBOX_SECRET, {"api": self.url}, {"seed": SEED, **options})

    async def access(self, http: httpx2.AsyncClient, **values: str) -> Access:
        """Everything a session needs, with the facts that linking would have learnt."""
        facts = {CONNECTION_FACT: str(uuid4())}
        fresh = Access(http=http, app=self.app(), authorizer=Form(values), budget=Tally(), facts=facts)
        (chosen,) = await organisations(fresh)
        reached = Access(http=http, app=self.app(), authorizer=Form(values), budget=Tally(), facts=chosen.facts)
        known = await identify(reached)
        return Access(http=http, app=self.app(), authorizer=Form(values), budget=Tally(), facts=known.facts)

    async def session(self, http: httpx2.AsyncClient, **values: str) -> SandboxSession:
        return SandboxSession(await self.access(http, **values))


@asynccontextmanager
async def serving(directory: Path | None = None) -> AsyncIterator[OwnLedger]:
    """A ledger that keeps its books in the directory, or in memory."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    ledger = OwnLedger(f"http://127.0.0.1:{listener.getsockname()[1]}")
    storage = Storage(directory)
    app = create_app(Ledger(storage, lambda: ledger.now), SANDBOX_SECRET)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    deadline_s = time.monotonic() + START_DEADLINE_S
    while not server.started:
        assert time.monotonic() < deadline_s, "the ledger does not start"
        await asyncio.sleep(0.005)
    try:
        yield ledger
    finally:
        server.should_exit = True
        await task
        storage.close()
