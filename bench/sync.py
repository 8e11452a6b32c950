"""Reading 20,000 invoices into PostgreSQL: Bookbridge beside dlt and beside a floor without any mapping, in one run.

Every contender is a fresh process on the same two cores, with a database of its own on the same server; the server of
invoices and PostgreSQL share those cores. Imports are not counted. Rounds are interleaved, so that a slow moment of the
machine hits all alike; medians are reported.
"""

from __future__ import annotations

import asyncio
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from rich.console import Console
from rich.table import Table

from bench.registry import Check
from bookbridge.store.embedded import EmbeddedPostgres

INVOICES = 20_000
ROUNDS = 3
PAGE_SIZES = (100, 1_000)
SPEED_MIN = 2.0
CONTENDERS = {"floor": "floor_invoices", "bookbridge": "records", "dlt": "invoices"}
"""Name → the table whose rows are counted."""

console = Console(width=110)


@dataclass
class Figures:
    """What a contender came to at one page size."""

    first_s: list[float] = field(default_factory=list)
    again_s: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    rewritten: int = 0


def run() -> list[Check]:
    """Measure, and print a table for each page size."""
    with tempfile.TemporaryDirectory(prefix="bookbridge-bench-") as folder:
        results = asyncio.run(_run(Path(folder)))
    checks = []
    for page_size, found in results.items():
        ours, theirs = found["bookbridge"], found["dlt"]
        speed = ours["records_per_s"] / theirs["records_per_s"]
        checks.append(Check(f"records/s, of dlt's, page size {page_size}", speed, SPEED_MIN))
        checks.append(Check(f"rows written on an unchanged read, page size {page_size}", ours["rewritten"], 0, True))
    return checks


async def _run(folder: Path) -> dict[str, Any]:
    server = EmbeddedPostgres(folder / "postgres")
    dsn = await server.start()
    port = _free_port()
    command = [sys.executable, "-m", "bench.invoice_server", str(INVOICES), str(port)]
    invoices = subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: ASYNC220 - at once, and nothing waits
    try:
        assert invoices.stdout is not None
        invoices.stdout.readline()
        results = {}
        for page_size in PAGE_SIZES:
            results[str(page_size)] = await _page_size(folder, dsn, f"http://127.0.0.1:{port}", page_size)
        return results
    finally:
        invoices.kill()
        await server.stop()


async def _page_size(folder: Path, dsn: str, url: str, page_size: int) -> dict[str, Any]:
    figures = {name: Figures() for name in CONTENDERS}
    for round_number in range(ROUNDS):
        for name in CONTENDERS:
            await _contend(folder, dsn, url, page_size, round_number, name, figures[name])
    _show(page_size, figures)
    return {
        name: {
            "records_per_s": INVOICES / statistics.median(found.first_s),
            "unchanged_records_per_s": INVOICES / statistics.median(found.again_s),
            "peak_bytes": found.peak_bytes,
            "rewritten": found.rewritten,
        }
        for name, found in figures.items()
    }


async def _contend(
    folder: Path, dsn: str, url: str, page_size: int, round_number: int, name: str, found: Figures
) -> None:
    database = f"bench_{name}_{page_size}_{round_number}"
    admin = await asyncpg.connect(dsn)
    await admin.execute(f"create database {database}")
    await admin.close()
    own_dsn = urlunsplit(urlsplit(dsn)._replace(path=f"/{database}"))
    state = folder / database
    state.mkdir()
    found.first_s.append((await _one(name, url, own_dsn, page_size, state, found))["seconds"])
    before = await _rows_written(own_dsn, CONTENDERS[name])
    found.again_s.append((await _one(name, url, own_dsn, page_size, state, found))["seconds"])
    found.rewritten = await _rows_written(own_dsn, CONTENDERS[name]) - before


async def _one(name: str, url: str, dsn: str, page_size: int, state: Path, found: Figures) -> dict[str, Any]:
    arguments = [sys.executable, "-m", f"bench.{name}_sync", url, dsn, str(page_size), str(state)]
    done = await asyncio.to_thread(subprocess.run, arguments, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{name} failed:\n{done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    if answer.get("status", "Complete") != "Complete":
        raise RuntimeError(f"{name}: {answer['status']}")
    found.peak_bytes = max(found.peak_bytes, answer["peak_bytes"])
    return answer


async def _rows_written(dsn: str, table: str) -> int:
    """Inserts, updates and deletes on the tables of this name so far. Counters arrive up to a second late."""
    await asyncio.sleep(1.2)
    db = await asyncpg.connect(dsn)
    try:
        written: int = await db.fetchval(
            "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint"
            " from pg_stat_user_tables where relname = $1",
            table,
        )
        return written
    finally:
        await db.close()


def _show(page_size: int, figures: dict[str, Figures]) -> None:
    rate = {name: INVOICES / statistics.median(found.first_s) for name, found in figures.items()}
    table = Table("", "records/s", "of dlt", "of floor", "unchanged again, records/s", "rows rewritten", "peak MB")
    table.title = f"{INVOICES} invoices, page size {page_size}, median of {ROUNDS}"
    for name, found in figures.items():
        table.add_row(
            name,
            f"{rate[name]:,.0f}",
            f"{rate[name] / rate['dlt']:.2f}x",
            f"{rate[name] / rate['floor']:.2f}x",
            f"{INVOICES / statistics.median(found.again_s):,.0f}",
            f"{found.rewritten:,}",
            f"{found.peak_bytes / 1e6:.0f}",
        )
    console.print(table)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


if __name__ == "__main__":
    started = time.monotonic()
    run()
    console.print(f"{time.monotonic() - started:.0f} s")
