"""Who reads the list of invoices into PostgreSQL, how one read of theirs is run, and what it is run against.

Every contender is a fresh process with a database of its own; imports are not counted. Must not compare or judge.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from tests.ports import free_ports

ROOT: Final = Path(__file__).parent.parent
PEERS_PYTHON: Final = ROOT / ".venv-bench-peers" / "bin" / "python"
READ_LIMIT_S: Final = 300.0


@dataclass(frozen=True)
class Contender:
    """A program that reads the list, and the table in which its records end."""

    name: str
    module: str
    schema: str
    table: str
    python: Path = Path(sys.executable)
    destination: bool = True
    """Whether it brings the part that writes to PostgreSQL; else a minimal loader of ours does that for it."""
    cursor: bool = True
    """Whether it can ask for changes only."""


OURS: Final = Contender("bookbridge", "bench.bookbridge_sync", "public", "records")
FLOOR: Final = Contender("floor, without mapping", "bench.floor_sync", "public", "floor_invoices", cursor=False)
PEERS: Final = (
    Contender("dlt", "bench.peers.dlt_sync", "dlt_bench", "invoices", PEERS_PYTHON),
    Contender("singer-sdk | target-postgres", "bench.peers.singer_sync", "melty", "invoices", PEERS_PYTHON),
    Contender(
        "airbyte-cdk + loader",
        "bench.peers.airbyte_sync",
        "public",
        "airbyte_invoices",
        PEERS_PYTHON,
        destination=False,
    ),
)
ALL: Final = (FLOOR, OURS, *PEERS)


@dataclass(frozen=True)
class Read:
    """What one read of a contender took."""

    seconds: float
    peak_bytes: int


@contextlib.contextmanager
def invoice_server(count: int, *arguments: str) -> Iterator[str]:
    """A server of this many invoices while the context lasts; its URL."""
    port = free_ports()
    command = [sys.executable, "-m", "bench.invoice_server", str(count), str(port), *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        if process.stdout.readline() != b"ready\n":
            raise RuntimeError("the server of invoices did not start")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def make_folder(folder: Path) -> None:
    """The folder in which a contender keeps its state."""
    folder.mkdir()


async def new_database(dsn: str, name: str) -> str:
    """Make a database on the server; its DSN."""
    admin = await asyncpg.connect(dsn)
    await admin.execute(f"create database {name}")
    await admin.close()
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


async def read_once(
    contender: Contender, url: str, dsn: str, page_size: int, folder: Path, *, changes: bool = False
) -> Read:
    """Run a contender to its end. Raises RuntimeError with what it wrote last if it fails."""
    if not contender.python.exists():
        raise RuntimeError(f"{contender.name} needs {contender.python.parent.parent.name}, which `make bench` builds.")
    command = [str(contender.python), "-m", contender.module, url, dsn, str(page_size), str(folder)]
    if changes:
        command.append("changes")
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=READ_LIMIT_S
    )
    if done.returncode != 0:
        raise RuntimeError(f"{contender.name} failed:\n{done.stderr[-2000:]}")
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    if answer.get("status", "Complete") != "Complete":
        raise RuntimeError(f"{contender.name}: {answer['status']}")
    return Read(answer["seconds"], answer["peak_bytes"])


async def records_kept(contender: Contender, dsn: str) -> int:
    """How many invoices are in its table."""
    db = await asyncpg.connect(dsn)
    try:
        kept: int = await db.fetchval(f"select count(*) from {contender.schema}.{contender.table}")
        return kept
    finally:
        await db.close()


async def rows_written(contender: Contender, dsn: str) -> int:
    """Inserts, updates and deletes on its table so far. Counters arrive up to a second late."""
    await asyncio.sleep(1.2)
    db = await asyncpg.connect(dsn)
    try:
        written: int = await db.fetchval(
            "select coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0)::bigint"
            " from pg_stat_user_tables where schemaname = $1 and relname = $2",
            contender.schema,
            contender.table,
        )
        return written
    finally:
        await db.close()
