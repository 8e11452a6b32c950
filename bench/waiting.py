"""What 200 requests that wait for a slow vendor take from the others: pages of a list per second with and without them.

An installation as shipped (the API and one worker, processes of their own) on a PostgreSQL of its own. Rounds are
interleaved: lists alone; then the same while 200 requests of Bill Pay wait for their writes, all of which the vendor
answers in the end. `python -m bench waiting`.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median, quantiles
from typing import Final
from uuid import uuid4

import httpx2
import uvloop
from rich.console import Console
from rich.table import Table
from tests.e2e.installation import Installation
from tests.emulators.xero.world import GENEROUS, World, serve

from bench.registry import Check
from bookbridge.emulators.xero import XeroEmulatorSettings

WAITING: Final = 200
AT_A_TIME: Final = 4
ROUND_S: Final = 3.0
ROUNDS: Final = 3
VENDOR_TAKES_S: Final = 8.0
"""Longer than a round, so that nearly all of those who wait still do at its end."""

PATIENCE_S: Final = 45.0
DEADLINE_S: Final = 60.0
KEPT_MIN: Final = 0.9


class Patient(Installation):
    """An installation whose requests wait for their platforms for as long as may be."""

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), "BOOKBRIDGE_PLATFORM_WAIT_S": str(PATIENCE_S)}


async def _reader(installation: Installation, path: str) -> Callable[[], Awaitable[None]]:
    """Asks for a page over a connection of its own: just enough of HTTP not to be what is measured."""
    reader, writer = await asyncio.open_connection("127.0.0.1", installation.port)
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: {installation.authorization}\r\n\r\n".encode()

    async def ask() -> None:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))

    return ask


async def _round(installation: Installation, path: str) -> tuple[float, list[float]]:
    """Pages per second of all readers together, and how long each page took in milliseconds."""
    # Servers close connections that were idle since the round before.
    asks = [await _reader(installation, path) for _ in range(AT_A_TIME)]
    until = time.perf_counter() + ROUND_S
    took_ms: list[float] = []

    async def loop(ask: Callable[[], Awaitable[None]]) -> None:
        while (started := time.perf_counter()) < until:
            await ask()
            took_ms.append((time.perf_counter() - started) * 1000)

    started = time.perf_counter()
    await asyncio.gather(*map(loop, asks))
    return len(took_ms) / (time.perf_counter() - started), took_ms


async def _writes(client: httpx2.AsyncClient, path: str) -> list[asyncio.Task[httpx2.Response]]:
    return [
        asyncio.create_task(
            client.post(
                path,
                json={"supplierName": f"Waits {uuid4().hex}", "status": "Active"},
                headers={"Idempotency-Key": str(uuid4())},
            )
        )
        for _ in range(WAITING)
    ]


async def _until_pending(client: httpx2.AsyncClient, company: str) -> None:
    """Until all of them wait."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            answer = await client.get(f"/companies/{company}/push", params={"query": "status=Pending", "pageSize": 1})
            if int(answer.json()["totalResults"]) >= WAITING:
                return
            await asyncio.sleep(0.05)


Measured = tuple[float, list[float]]


async def _measure(
    installation: Installation, world: World, company: str, connection: str
) -> list[tuple[Measured, Measured]]:
    lists = f"/companies/{company}/data/suppliers?pageSize=100"
    await _round(installation, lists)
    found = []
    for _ in range(ROUNDS):
        alone = await _round(installation, lists)
        fault = {"method": "PUT", "path": "Contacts"}
        world.fault(kind="slow", delay_s=VENDOR_TAKES_S, times=None, match=fault)
        # Connections that were idle since the round before would be closed by the server at any moment.
        async with httpx2.AsyncClient(
            base_url=installation.url,
            headers={"Authorization": installation.authorization},
            timeout=DEADLINE_S,
            limits=httpx2.Limits(max_connections=WAITING + 10),
        ) as client:
            writes = await _writes(client, f"/companies/{company}/connections/{connection}/payables/suppliers")
            await _until_pending(client, company)
            beside = await _round(installation, lists)
            still = sum(not write.done() for write in writes)
            if still < WAITING - 1:
                raise RuntimeError(f"only {still} requests waited: the vendor was not slow enough")
            world.control("DELETE", "faults")
            answers = await asyncio.gather(*writes)
        if any(answer.status_code != 201 for answer in answers):
            raise RuntimeError(f"not every write ended well: {sorted({one.status_code for one in answers})}")
        found.append((alone, beside))
    return found


def run() -> list[Check]:
    """Print the table; what those who wait leave to the others."""
    with tempfile.TemporaryDirectory() as directory, serve(XeroEmulatorSettings(limits=GENEROUS)) as world:
        installation = Patient(Path(directory), world)
        installation.start()
        try:
            organisation = installation.organisation("Slow Ltd", 200)
            company = installation.company()
            connection = installation.linked(company, organisation)
            installation.wait_for_reads(company)
            rounds = uvloop.run(_measure(installation, world, company, connection))
        finally:
            installation.stop()
    table = Table("lists", title=f"Pages of 100 suppliers, {AT_A_TIME} readers, median of {ROUNDS} rounds")
    for column in ("pages/s", "p50 ms", "p99 ms"):
        table.add_column(column, justify="right")
    for place, name in enumerate(("alone", f"beside {WAITING} requests that wait")):
        rate = median(one[place][0] for one in rounds)
        took = quantiles([ms for one in rounds for ms in one[place][1]], n=100)
        table.add_row(name, f"{rate:,.0f}", f"{took[49]:.2f}", f"{took[98]:.2f}")
    Console(width=110).print(table)
    kept = median(beside[0] / alone[0] for alone, beside in rounds)
    return [Check(f"speed of lists beside {WAITING} waiting requests", kept, KEPT_MIN)]
