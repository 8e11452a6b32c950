"""A receiver over real HTTP that can be slow, refuse and verify, and a clock that tests move by hand."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import uvicorn

from bookbridge import jobs
from bookbridge.webhooks import consumers, outbox
from bookbridge.webhooks.consumers import Consumer, ConsumerDraft
from bookbridge.webhooks.delivery import Deliverer, DeliverySettings
from tests.ports import free_ports
from tests.waiting import until


def seal(plain: bytes, context: str) -> bytes:
    """A stand-in for the vault that still notices a wrong context."""
    return context.encode() + b"|" + plain[::-1]


def open_(sealed: bytes, context: str) -> bytes:
    bound, _, text = sealed.partition(b"|")
    assert bound == context.encode()
    return text[::-1]


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """An ASGI app. `statuses` are used up one by one, then `status` counts."""

    url: str = ""
    status: int = 200
    statuses: list[int] = field(default_factory=list)
    delay_s: float = 0.0
    body: bytes = b"seen"
    response_headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            event = await receive()
            body += event.get("body", b"")
            more = event.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.requests.append(Request(scope["method"], scope["path"], headers, body))
        await asyncio.sleep(self.delay_s)
        status = self.statuses.pop(0) if self.statuses else self.status
        await send({"type": "http.response.start", "status": status, "headers": self.response_headers})
        await send({"type": "http.response.body", "body": self.body})

    @property
    def ids(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.requests]


@dataclass
class Clock:
    """Starts at the present, moves only when told."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


ServeReceiver = Callable[..., Awaitable[Receiver]]


@pytest.fixture
async def serve() -> AsyncIterator[ServeReceiver]:
    """Start receivers on ports of their own; `port` brings one up where another was."""
    running: list[tuple[uvicorn.Server, asyncio.Task[None]]] = []

    async def start(port: int = 0, **options: Any) -> Receiver:
        receiver = Receiver()
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        scheme = "https" if "ssl_certfile" in options else "http"
        receiver.url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/hook"
        config = uvicorn.Config(receiver, lifespan="off", log_level="warning", timeout_graceful_shutdown=1, **options)
        server = uvicorn.Server(config)
        running.append((server, asyncio.create_task(server._serve([listener]))))
        await until(lambda: server.started)
        return receiver

    yield start
    for server, task in running:
        server.should_exit = True
        await task


@pytest.fixture
async def receiver(serve: ServeReceiver) -> Receiver:
    return await serve()


@pytest.fixture
def free_port() -> int:
    """A port where nobody listens."""
    return free_ports()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def deliverer(pool: asyncpg.Pool, clock: Clock) -> Deliverer:
    return deliverer_on(pool, clock)


def deliverer_on(pool: asyncpg.Pool, clock: Callable[[], datetime] | None = None, **options: Any) -> Deliverer:
    settings = DeliverySettings(private_addresses_allowed=True, **options)
    return Deliverer(pool, open_=open_, settings=settings, clock=clock)


async def subscribe(
    pool: asyncpg.Pool, url: str, *event_types: str, tags: list[str] | None = None
) -> tuple[Consumer, str]:
    draft = ConsumerDraft(url=url, event_types=list(event_types or ["company.created"]), company_tags=tags)
    async with pool.acquire() as db, db.transaction():
        return await consumers.create(db, draft, seal=seal, private_addresses_allowed=True)


async def emit(pool: asyncpg.Pool, event_type: str = "company.created", **tags: str) -> UUID:
    async with pool.acquire() as db, db.transaction():
        return await outbox.emit(db, event_type, {"name": "Müller & Co"}, company_id=None, company_tags=tags)


async def status(pool: asyncpg.Pool, message_id: UUID) -> str | None:
    text = await pool.fetchval("select status from webhook_deliveries where message_id = $1", message_id)
    return None if text is None else str(text)


@pytest.fixture
async def start_worker(dsn: str) -> AsyncIterator[Callable[[Deliverer], jobs.Worker]]:
    """Start a worker that answers this room's doorbells; stopped at the end of the test."""
    running: list[tuple[jobs.Worker, asyncio.Task[None]]] = []

    def start(deliverer: Deliverer) -> jobs.Worker:
        worker = jobs.Worker(dsn, {"webhooks.deliver": deliverer}, grace_s=1.0)
        running.append((worker, asyncio.create_task(worker.run())))
        return worker

    yield start
    for worker, _ in running:
        worker.stop()
    await asyncio.gather(*(task for _, task in running))
