"""Reading lists: pages of 100 bills per second through the real API server, beside the same SQL in a bare asyncpg loop.

One API process (uvicorn) and one process with the loop, each with as many requests at a time; rounds are interleaved,
and medians reported. The client shares the machine with the server, as PostgreSQL does. `python -m bench reads`.
"""

from __future__ import annotations

import asyncio
import base64
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import structlog
import uvicorn
import uvloop
from rich.console import Console
from rich.table import Table
from tests.ports import free_ports

from bench.paging import fill
from bench.registry import Check
from bookbridge import app
from bookbridge.api.http_protocol import server_config
from bookbridge.settings import Settings
from bookbridge.store import records
from bookbridge.store.embedded import EmbeddedPostgres
from bookbridge.store.pool import open_pool
from bookbridge.store.records import Scope

KEY = "bench-key-0123456789abcdef"
BILLS = 1_000
PAGE_SIZE = 100
AT_A_TIME = 4
ROUND_S = 3.0
ROUNDS = 5
TARGET = 0.6
RECEIVED_AT_ONCE_BYTES = 256 * 1024


async def serve(dsn: str, data_dir: Path, port: int) -> None:
    """The API as it is composed for real; says `ready` and serves until killed."""
    settings = Settings(port=port, data_dir=data_dir, api_key=KEY, emulators=False)
    async with app.open_rooms(settings, dsn) as rooms:
        asgi = await app.api_server(rooms)
        config = server_config(asgi, host="127.0.0.1", port=port)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - the server offers nothing to wait for
            await asyncio.sleep(0.01)
        print("ready", flush=True)
        await running


async def bare(dsn: str, company: UUID) -> None:
    """The loop: for each line on standard input one round; answers pages per second."""
    pool = await open_pool(dsn, max_size=AT_A_TIME)
    scope = Scope(company, "bills")

    async def one() -> None:
        async with pool.acquire() as db:
            await records.list_bodies(db, scope, condition=None, order=None, limit=PAGE_SIZE, offset=0)

    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(await _rate([one] * AT_A_TIME), flush=True)


async def _rate(callers: list[Callable[[], Awaitable[None]]]) -> float:
    """Calls per second of all callers together, each in a loop of its own."""
    until = time.perf_counter() + ROUND_S

    async def loop(call: Callable[[], Awaitable[None]]) -> int:
        calls = 0
        while time.perf_counter() < until:
            await call()
            calls += 1
        return calls

    started = time.perf_counter()
    calls = await asyncio.gather(*(loop(call) for call in callers))
    return sum(calls) / (time.perf_counter() - started)


class _Caller(asyncio.BufferedProtocol):
    """One kept connection that asks for the page: just enough of HTTP not to be what is measured. An answer's head is
    read, its body is counted and overwritten by the next piece."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._buffer = bytearray(RECEIVED_AT_ONCE_BYTES)
        self._head = b""
        self._left = 0
        self._answered: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc or ConnectionError("the API closed the connection"))

    async def call(self) -> None:
        """Ask, and wait for the end of the answer. Raises RuntimeError if it is not the page."""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(self._request)
        await self._answered

    def get_buffer(self, sizehint: int) -> bytearray:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._left:
            self._left -= nbytes
        else:
            self._head += self._buffer[:nbytes]
            head, end, body = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            self._head = b""
            if not head.startswith(b"HTTP/1.1 200"):
                self._answered.set_exception(RuntimeError(head.decode()))
                return
            self._left = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]) - len(body)
        if not self._left:
            self._answered.set_result(None)


async def _caller(port: int, path: str) -> Callable[[], Awaitable[None]]:
    token = base64.b64encode(KEY.encode()).decode()
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic {token}\r\n\r\n".encode()
    _, caller = await asyncio.get_running_loop().create_connection(lambda: _Caller(request), "127.0.0.1", port)
    return caller.call


def _child(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.reads", *map(str, arguments)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    if child.stdout is None or child.stdout.readline() != "ready\n":
        raise RuntimeError(f"bench.reads {arguments[0]} did not start")
    return child


async def _measure(folder: Path, port: int) -> dict[str, Any]:
    server = EmbeddedPostgres(folder / "pg")
    dsn = await server.start()
    children: list[subprocess.Popen[str]] = []
    try:
        await app.prepare(Settings(port=port, data_dir=folder, api_key=KEY, emulators=False), dsn)
        pool = await open_pool(dsn, max_size=1)
        scope = await fill(pool, BILLS)
        await pool.execute("vacuum analyze")
        await pool.close()
        children.append(_child("serve", dsn, folder, port))
        children.append(_child("bare", dsn, scope.company_id))
        path = f"/companies/{scope.company_id}/data/bills?page=1&pageSize={PAGE_SIZE}"
        callers = [await _caller(port, path) for _ in range(AT_A_TIME)]
        api, loop = [], []
        for _ in range(ROUNDS):
            api.append(await _rate(callers))
            loop.append(await asyncio.to_thread(_round, children[1]))
        ratios = [one / other for one, other in zip(api, loop, strict=True)]
        return {"api_pages_s": median(api), "sql_pages_s": median(loop), "ratio": median(ratios)}
    finally:
        for child in children:
            child.kill()
            child.wait()
        await server.stop()


def _round(child: subprocess.Popen[str]) -> float:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write("\n")
    child.stdin.flush()
    return float(child.stdout.readline())


def run() -> list[Check]:
    """Measure, and print pages per second and their ratio."""
    with tempfile.TemporaryDirectory() as directory:
        result = uvloop.run(_measure(Path(directory), free_ports()))
    table = Table(title=f"Pages of {PAGE_SIZE} bills, {AT_A_TIME} at a time, median of {ROUNDS} rounds")
    for column in ("through", "pages/s", "of the SQL alone"):
        table.add_column(column, justify="left" if column == "through" else "right")
    colour = "green" if result["ratio"] >= TARGET else "red"
    table.add_row("API", f"{result['api_pages_s']:,.0f}", f"[{colour}]{result['ratio']:.2f}[/] (target {TARGET})")
    table.add_row("bare asyncpg loop", f"{result['sql_pages_s']:,.0f}", "1.00")
    Console(width=110).print(table)
    return [Check("pages/s of the API, of the same SQL in a bare loop", result["ratio"], TARGET)]


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    match sys.argv[1:]:
        case ["serve", dsn, folder, port]:
            uvloop.run(serve(dsn, Path(folder), int(port)))
        case ["bare", dsn, company]:
            uvloop.run(bare(dsn, UUID(company)))
