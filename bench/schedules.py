"""10,000 linked companies on an hourly schedule, the hour pressed into four minutes: does one worker keep up, how late
is the latest read, and how much memory does the worker take?

Every company has its own connection and its own call budget at the vendor; each read is an incremental one, as most
scheduled reads are. The dues lie evenly in the pressed hour, as the schedule itself spreads them. What is watched is
the first part of it: all 10,000 are due in turn, and the work of a second is that of every other. The whole hour:
`BENCH_WATCHED_S=240 python -m bench schedules`. Worker, PostgreSQL and the server of invoices share the cores.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
from rich.console import Console
from rich.table import Table

from bench.bookbridge_sync import INVOICES, settings_for
from bench.contenders import invoice_server
from bench.registry import Check
from bookbridge import app
from bookbridge.companies import credentials
from bookbridge.companies.vault import Vault
from bookbridge.store.embedded import EmbeddedPostgres
from bookbridge.sync import settings as sync_settings
from bookbridge.sync.settings import SyncSetting

COMPANIES = int(os.environ.get("BENCH_COMPANIES", "10000"))
HOUR_LASTS_S = float(os.environ.get("BENCH_HOUR_LASTS_S", "240"))
"""So long is an hour here."""

WATCHED_S = float(os.environ.get("BENCH_WATCHED_S", "75"))
"""So much of the hour is watched."""

LATENESS_P99_MAX_S = 15.0
PATIENCE_S = 60.0
"""How much longer than that the worker gets; what is not read by then is counted as missed."""

HEAD_START_S = 10.0

BATCH = 1_000
BILLS = 20
POLL_S = 1.0

console = Console(width=110)


def run() -> list[Check]:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory(prefix="bookbridge-bench-") as folder, invoice_server(BILLS) as url:
        figures = asyncio.run(_run(Path(folder), url))
    _show(figures)
    return [
        Check("reads ended, of those that were due", figures["done"] / figures["due"], 1.0),
        Check("reads with errors", figures["errors"], 0, at_most=True),
        Check("seconds late, 99th of 100", figures["lateness_p99_s"], LATENESS_P99_MAX_S, at_most=True),
    ]


async def _run(folder: Path, url: str) -> dict[str, Any]:
    server = EmbeddedPostgres(folder / "postgres")
    dsn = await server.start()
    worker: subprocess.Popen[bytes] | None = None
    try:
        settings = settings_for(url, 1_000, folder)
        await app.prepare(settings, dsn)
        async with app.open_rooms(settings, dsn) as rooms:
            await _link_all(rooms.pool, rooms.vault)
            begins = await _set_going(rooms.pool)
            command = [sys.executable, "-m", "bench.scheduled_worker", url, dsn, str(folder)]
            worker = subprocess.Popen(command)  # noqa: ASYNC220 - at once, and nothing waits
            return await _watch(rooms.pool, worker, begins)
    finally:
        if worker is not None:
            worker.kill()
            worker.wait()
        await server.stop()


async def _link_all(pool: asyncpg.Pool, vault: Vault) -> None:
    """Companies with one linked connection each, whose bills were read a moment ago."""
    grant = credentials.Grant(access_token="bench")
    now = datetime.now(UTC)
    facts = msgspec.json.encode({"tenant_id": "t", "base_currency": "GBP", "short_code": "!b"}).decode()
    async with pool.acquire() as db, db.transaction():
        for first in range(0, COMPANIES, BATCH):
            ids = [(uuid4(), uuid4()) for _ in range(first, min(first + BATCH, COMPANIES))]
            await db.executemany("insert into companies (id, name) values ($1, 'Bench')", [(one,) for one, _ in ids])
            await db.executemany(
                """insert into connections (company_id, id, integration_key, status, linked_first, organisation_id,
                facts) values ($1, $2, 'gbol', 'Linked', now(), $2::uuid::text, $3)""",
                [(company, connection, facts) for company, connection in ids],
            )
            for company, connection in ids:
                await credentials.store(db, vault, company, connection, grant, now + timedelta(days=1))
            await db.executemany(
                """insert into data_type_states (company_id, connection_id, data_type, read_through, completeness)
                values ($1, $2, $3, $4, 'Complete')""",
                [(company, connection, INVOICES, now) for company, connection in ids],
            )
        chosen = [SyncSetting(data_type=INVOICES, sync_schedule=1)]
        await sync_settings.replace_client(db, chosen, overrides_defaults=True)


async def _set_going(pool: asyncpg.Pool) -> datetime:
    """Spread the dues over the pressed hour, and remember them; returns when it begins."""
    begins = datetime.now(UTC) + timedelta(seconds=HEAD_START_S)
    await pool.execute(
        """insert into sync_schedule (company_id, connection_id, data_type, every_h, due)
        select company_id, id, $1, 1, $2::timestamptz + make_interval(secs => $3 * random()) from connections""",
        INVOICES,
        begins,
        HOUR_LASTS_S,
    )
    await pool.execute("create table bench_due as select connection_id, due from sync_schedule")
    await pool.execute("analyze")
    return begins


async def _watch(pool: asyncpg.Pool, worker: subprocess.Popen[bytes], begins: datetime) -> dict[str, Any]:
    """Wait until every connection was read that is due in the watched part."""
    ends = begins + timedelta(seconds=WATCHED_S)
    due = await pool.fetchval("select count(*) from bench_due where due < $1", ends)
    deadline = time.monotonic() + HEAD_START_S + WATCHED_S + PATIENCE_S
    done = 0
    memory: list[int] = []
    while done < due and time.monotonic() < deadline:
        if worker.poll() is not None:
            raise RuntimeError("the worker ended")
        await asyncio.sleep(POLL_S)
        done = await pool.fetchval(
            """select count(*) from datasets join bench_due using (connection_id)
            where completed is not null and due < $1""",
            ends,
        )
        memory.append(_memory_bytes(worker.pid, "VmRSS"))
    rows = await pool.fetch(
        """select extract(epoch from d.started - b.due)::float8 as late_s, d.completed, d.status
        from datasets d join bench_due b using (connection_id) where d.completed is not null and b.due < $1""",
        ends,
    )
    if not rows:
        raise RuntimeError("the worker read nothing")
    late_s = sorted(row["late_s"] for row in rows)
    last: datetime = max(row["completed"] for row in rows)
    return {
        "due": due,
        "done": len(rows),
        "errors": sum(row["status"] != "Complete" for row in rows),
        "syncs_per_s": len(rows) / (last - begins).total_seconds(),
        "lateness_median_s": statistics.median(late_s),
        "lateness_p99_s": late_s[int(len(late_s) * 0.99)],
        "lateness_max_s": late_s[-1],
        "worker_memory_early_bytes": memory[min(len(memory) - 1, 20)],
        "worker_memory_peak_bytes": _memory_bytes(worker.pid, "VmHWM"),
    }


def _memory_bytes(pid: int, name: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return 0


def _show(figures: dict[str, Any]) -> None:
    times = 3600 / HOUR_LASTS_S
    table = Table("", "", title=f"{COMPANIES:,} companies hourly, time {times:.0f} times as fast, one worker")
    table.add_row(f"due in {WATCHED_S:.0f} s", f"{figures['due']:,}")
    table.add_row("of these ended", f"{figures['done']:,} ({figures['errors']} with errors)")
    table.add_row("reads/s", f"{figures['syncs_per_s']:.1f}")
    late = (figures[name] for name in ("lateness_median_s", "lateness_p99_s", "lateness_max_s"))
    table.add_row("late by: median, p99, most", ", ".join(f"{each:.1f} s" for each in late))
    table.add_row("worker's memory early, peak", f"{figures['worker_memory_early_bytes'] / 1e6:.0f} MB, "
                  f"{figures['worker_memory_peak_bytes'] / 1e6:.0f} MB")  # fmt: skip
    console.print(table)
