"""What we add to the time of one write: from the application's request to the outcome that everybody can see, less the
time that the vendor took.

An installation as shipped (the API and one worker, processes of their own) on a PostgreSQL of its own; a vendor that
takes a moment for each answer and says when a call reached it and when it was answered. One write at a time, as a
person sees it. What else the machine has to do can only add to it, so the promise is held against the best of several
rounds; all of them are shown. `python -m bench write_latency`.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import asyncpg
import uvloop
from rich.console import Console
from rich.table import Table
from tests.e2e.installation import Installation
from tests.emulators.xero.world import GENEROUS, World, serve

from bench.registry import Check
from bookbridge.emulators.xero import XeroEmulatorSettings
from bookbridge.emulators.xero.http import ASGIApp, Receive, Scope, Send
from bookbridge.push.settled import CHANNEL
from bookbridge.store.embedded import EmbeddedPostgres

ROUNDS = 10
WRITES_PER_ROUND = 30
WRITES = ROUNDS * WRITES_PER_ROUND
WARM_UP = 20
PAUSE_S = 0.05
"""What a write leaves behind for later is done by then."""

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

    @property
    def added(self) -> float:
        return self.until_the_vendor + self.between_calls + self.after_the_vendor


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


async def _measure(installation: Installation, dsn: str, watch: Watch, path: str) -> list[Timing]:
    db = await asyncpg.connect(dsn)
    settled = Settled(db)
    await settled.listen()
    found = []
    post = await _caller(installation, path)
    for number in range(WARM_UP + WRITES):
        await asyncio.sleep(PAUSE_S)
        watch.calls.clear()
        body = json.dumps({"supplierName": f"Supplier {number}", "status": "Active"})
        asked = time.perf_counter()
        operation = await post(body)
        assert operation["status"] == "Pending", operation
        seen = await settled.moment(operation["pushOperationKey"])
        found.append(_timing(asked, seen, watch.calls))
    ended = await db.fetchval("select count(*) from push_operations where status = 'Success'")
    assert ended == WARM_UP + WRITES, f"{ended} writes ended well"
    await db.close()
    return found[WARM_UP:]


async def _caller(installation: Installation, path: str) -> Callable[[str], Awaitable[dict[str, Any]]]:
    """One kept connection; just enough of HTTP not to be what is measured."""
    reader, writer = await asyncio.open_connection("127.0.0.1", installation.port)
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: {installation.authorization}\r\n"

    async def post(body: str) -> dict[str, Any]:
        writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        told = await reader.readuntil(b"\r\n\r\n")
        length = told.lower().split(b"content-length: ")[1].split(b"\r\n")[0]
        answer: dict[str, Any] = json.loads(await reader.readexactly(int(length)))
        return answer

    return post


def _timing(asked: float, seen: float, calls: list[tuple[float, float]]) -> Timing:
    ours = sorted(calls)
    at_the_vendor = sum(answered - reached for reached, answered in ours)
    from_first_to_last = ours[-1][1] - ours[0][0]
    parts = (ours[0][0] - asked, at_the_vendor, seen - ours[-1][1], from_first_to_last - at_the_vendor)
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
    settings = XeroEmulatorSettings(limits=GENEROUS, latency_s=VENDOR_TAKES_S)
    with tempfile.TemporaryDirectory(prefix="bookbridge-bench-") as directory, serve(settings, watch.around) as world:
        folder = Path(directory)
        timings = uvloop.run(_run(folder, world, watch))
    title = f"One write at a time, {WRITES} of them, at a vendor that takes {VENDOR_TAKES_S * 1_000:.0f} ms"
    table = Table(title=title)
    table.add_column("milliseconds")
    for column in ("median", "95th of 100"):
        table.add_column(column, justify="right")
    for name in ("until_the_vendor", "at_the_vendor", "between_calls", "after_the_vendor", "added"):
        figures = [getattr(timing, name) for timing in timings]
        table.add_row(name.replace("_", " "), f"{median(figures):.1f}", f"{quantiles(figures, n=20)[-1]:.1f}")
    rounds = [timings[first : first + WRITES_PER_ROUND] for first in range(0, WRITES, WRITES_PER_ROUND)]
    medians = sorted(median(timing.added for timing in one) for one in rounds)
    console = Console(width=110)
    console.print(table)
    console.print("added, medians of the rounds:", ", ".join(f"{one:.1f}" for one in medians))
    return [Check("milliseconds added to one write, median of the best round", medians[0], ADDED_MAX_MS, at_most=True)]


async def _run(folder: Path, world: World, watch: Watch) -> list[Timing]:
    server = EmbeddedPostgres(folder / "postgres")
    dsn = await server.start()
    installation = Installation(folder, world, dsn=dsn)
    try:
        await asyncio.to_thread(installation.start)
        path = await asyncio.to_thread(_writer, installation)
        return await _measure(installation, dsn, watch, path)
    finally:
        await asyncio.to_thread(installation.stop)
        await server.stop()
