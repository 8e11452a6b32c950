"""What we add to the time of one write: from the application's request to the outcome that everybody can see, less what
the same write takes when it is sent straight to the vendor.

An installation as shipped (the API and one worker, processes of their own) on a PostgreSQL of its own; a vendor that
takes a moment for each answer and says when a call reached it and when it was answered. One write at a time, as a
person sees it, in turns: one straight over a kept connection, one through us. Medians of all of them. The installation
has two cores; the vendor and the application, which are other machines, have the rest where there is one.
`python -m bench write_latency`.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import uvloop
from rich.console import Console
from rich.table import Table
from tests.e2e.installation import Installation
from tests.emulators.xero.world import GENEROUS, World, serve

from bench import cores
from bench.registry import Check
from bookbridge.emulators.xero import XeroEmulatorSettings
from bookbridge.emulators.xero.http import ASGIApp, Receive, Scope, Send
from bookbridge.push.settled import CHANNEL
from bookbridge.store.embedded import EmbeddedPostgres

WRITES = 300
WARM_UP = 20
VENDOR_TAKES_S = 0.05
ADDED_MAX_MS = 10.0
END_DEADLINE_S = 30.0


@dataclass
class Watch:
    """Notes when calls reach the vendor and when their answers have left."""

    app: ASGIApp | None = None
    calls: list[tuple[float, float]] = field(default_factory=list)

    def around(self, app: ASGIApp) -> ASGIApp:
        self.app = app
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        reached = time.perf_counter()
        await self.app(scope, receive, send)
        if scope.get("path", "").startswith("/api.xro"):
            self.calls.append((reached, time.perf_counter()))


@dataclass(frozen=True)
class Timing:
    """One write, in milliseconds."""

    until_the_vendor: float
    at_the_vendor: float
    after_the_vendor: float
    between_calls: float
    in_all: float
    straight: float
    """The same write without us, a moment before."""


class Settled:
    """Hears of settled writes on a connection of its own."""

    def __init__(self, db: asyncpg.Connection) -> None:
        self._db = db
        self._heard: dict[str, float] = {}
        self._any = asyncio.Event()

    async def listen(self) -> None:
        await self._db.add_listener(CHANNEL, self._hear)

    def _hear(self, *notice: Any) -> None:
        self._heard[notice[-1]] = time.perf_counter()
        self._any.set()

    async def moment(self, operation: str) -> float:
        """When the outcome of this write could be seen."""
        async with asyncio.timeout(END_DEADLINE_S):
            while operation not in self._heard:
                self._any.clear()
                await self._any.wait()
        return self._heard.pop(operation)


Post = Callable[[str], Awaitable[dict[str, Any]]]


async def _measure(installation: Installation, dsn: str, watch: Watch, path: str, straight: Post) -> list[Timing]:
    db = await asyncpg.connect(dsn)
    settled = Settled(db)
    await settled.listen()
    found = []
    headers = {"Authorization": installation.authorization}
    post = await _caller(installation.port, "POST", path, headers)
    for number in range(WARM_UP + WRITES):
        # What a write leaves behind for later is done while the next one is sent straight.
        sent = time.perf_counter()
        answer = await straight(json.dumps({"Contacts": [{"Name": f"Straight {number}"}]}))
        without_us = time.perf_counter() - sent
        assert answer["Contacts"], answer
        watch.calls.clear()
        body = json.dumps({"supplierName": f"Supplier {number}", "status": "Active"})
        asked = time.perf_counter()
        operation = await post(body)
        assert operation["status"] == "Pending", operation
        seen = await settled.moment(operation["pushOperationKey"])
        found.append(_timing(asked, seen, watch.calls, without_us))
    ended = await db.fetchval("select count(*) from push_operations where status = 'Success'")
    assert ended == WARM_UP + WRITES, f"{ended} writes ended well"
    await db.close()
    return found[WARM_UP:]


async def _caller(port: int, method: str, path: str, headers: Mapping[str, str]) -> Post:
    """One kept connection; just enough of HTTP not to be what is measured."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\n{told}"

    async def post(body: str) -> dict[str, Any]:
        writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        told = await reader.readuntil(b"\r\n\r\n")
        length = told.lower().split(b"content-length: ")[1].split(b"\r\n")[0]
        answer: dict[str, Any] = json.loads(await reader.readexactly(int(length)))
        return answer

    return post


async def _to_the_vendor(world: World) -> Post:
    """Sends suppliers straight to the first organisation."""
    session = await asyncio.to_thread(world.session)
    port = urlsplit(world.base_url).port
    assert port is not None
    return await _caller(port, "PUT", "/api.xro/2.0/Contacts?unitdp=4", session.headers)


def _timing(asked: float, seen: float, calls: list[tuple[float, float]], straight: float) -> Timing:
    ours = sorted(calls)
    at_the_vendor = sum(answered - reached for reached, answered in ours)
    from_first_to_last = ours[-1][1] - ours[0][0]
    between = from_first_to_last - at_the_vendor
    parts = (ours[0][0] - asked, at_the_vendor, seen - ours[-1][1], between, seen - asked, straight)
    return Timing(*(1_000 * part for part in parts))


def _writer(installation: Installation) -> str:
    """Link a company that is read to its end; the path of its suppliers' writes."""
    organisation = installation.organisation("Written To Ltd")
    company = installation.company()
    connection = installation.linked(company, organisation)
    installation.wait_for_reads(company)
    return f"/companies/{company}/connections/{connection}/push/suppliers?allowSyncOnPushComplete=false"


def run() -> list[Check]:
    """Measure, and print where the time goes."""
    watch = Watch()
    cores.take_others()
    settings = XeroEmulatorSettings(limits=GENEROUS, latency_s=VENDOR_TAKES_S)
    with tempfile.TemporaryDirectory(prefix="bookbridge-bench-") as directory, serve(settings, watch.around) as world:
        folder = Path(directory)
        try:
            timings = uvloop.run(_run(folder, world, watch))
        finally:
            cores.take_ours()
    title = f"One write at a time, {WRITES} of them, at a vendor that takes {VENDOR_TAKES_S * 1_000:.0f} ms"
    table = Table(title=title)
    table.add_column("milliseconds")
    for column in ("median", "95th of 100"):
        table.add_column(column, justify="right")
    names = ("straight", "in_all", "until_the_vendor", "at_the_vendor", "between_calls", "after_the_vendor")
    for name in names:
        figures = [getattr(timing, name) for timing in timings]
        table.add_row(name.replace("_", " "), f"{median(figures):.1f}", f"{quantiles(figures, n=20)[-1]:.1f}")
    Console(width=110).print(table)
    added = median(timing.in_all for timing in timings) - median(timing.straight for timing in timings)
    return [Check("milliseconds added to one write, median", added, ADDED_MAX_MS, at_most=True)]


async def _run(folder: Path, world: World, watch: Watch) -> list[Timing]:
    cores.take_ours()
    server = EmbeddedPostgres(folder / "postgres")
    dsn = await server.start()
    installation = Installation(folder, world, dsn=dsn)
    try:
        await asyncio.to_thread(installation.start)
        cores.take_others()
        path = await asyncio.to_thread(_writer, installation)
        return await _measure(installation, dsn, watch, path, await _to_the_vendor(world))
    finally:
        await asyncio.to_thread(installation.stop)
        await server.stop()
