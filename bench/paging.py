"""Lists at size: the latency of a page of 100 in a company of 10,000 bills and in one of 1,000,000, side by side.

Both lie in one database. Rows are made by SQL; lists are read as the API reads them (`records.list_bodies`). Each
selective query finds about a hundred bills in either company. `python -m bench paging`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from uuid import uuid4

import asyncpg
import uvloop
from rich.console import Console
from rich.table import Table

from bench.registry import Check
from bookbridge.accounting import catalog
from bookbridge.store import records
from bookbridge.store.embedded import EmbeddedPostgres
from bookbridge.store.migrations import migrate
from bookbridge.store.pool import Db, open_pool
from bookbridge.store.query import compile_query, order_of
from bookbridge.store.records import Scope

SMALL, LARGE = 10_000, 1_000_000
PAGE_SIZE = 100
ROUNDS = 30
RATIO_MAX = 1.5
BILLS = catalog.by_key("bills")
FOUND = 100
"""How many bills a selective query finds."""

COUNT = "(the count that proves a read complete)"
"""Not a list, but what every read ends with."""

CASES: Mapping[str, tuple[str | None, str | None, bool]] = {
    "first page": (None, None, False),
    "deep page": (None, None, True),
    "supplierRef.id=…": ("supplierRef.id=supplier-7", None, False),
    "status=Open&&amountDue>…": ("status=Open&&amountDue>{high}", None, False),
    "modifiedDate>…": ("modifiedDate>{recent}", None, False),
    "dueDate range": ("dueDate>={day}&&dueDate<{later}", None, False),
    "dueDate range, -totalAmount": ("dueDate>={day}&&dueDate<{later}", "-totalAmount", False),
    "supplierRef.id=…&&reference~9": ("supplierRef.id=supplier-7&&reference~9", None, False),
    "orderBy=-modifiedDate": (None, "-modifiedDate", False),
    "orderBy=dueDate": (None, "dueDate", False),
    "orderBy=-modifiedDate, deep": (None, "-modifiedDate", True),
    "status=Open (a tenth of all)": ("status=Open", None, False),
    COUNT: (None, None, False),
}
BEYOND = frozenset({"orderBy=-modifiedDate, deep", "status=Open (a tenth of all)", COUNT})
"""Cases that cost more in a larger company, and are shown for that."""

TABLES = ("records", "record_keys")


@dataclass(frozen=True)
class Latency:
    """Medians of a page's latency in either company, and how many the larger one's list holds."""

    small_ms: float
    large_ms: float
    total: int

    @property
    def ratio(self) -> float:
        """What a hundred times as many records cost."""
        return self.large_ms / self.small_ms


# About 1.2 kB a bill. Minutes apart, so a range of minutes finds as many in either company.
_MAKE = """
insert into records (company_id, data_type, connection_id, record_id, source, modified, hash, body, source_body, place)
select $1, 'bills', $2, md5(n::text), 'bills', '2024-01-01'::timestamptz + n * interval '1 minute', '\\x00',
    '{"modifiedDate":"2024-01-01T00:00:00.0000000Z","id":"' || md5(n::text) || '","issueDate":"2026-01-05T00:00:00"'
    || ',"dueDate":"' || to_char('2000-01-01'::timestamp + n * interval '1 minute', 'YYYY-MM-DD"T"HH24:MI:SS')
    || '","status":"' || case when n % 10 = 0 then 'Open' else 'Paid' end
    || '","totalAmount":' || n || '.50,"amountDue":' || case when n % 10 = 0 then n else 0 end
    || ',"reference":"B-' || n || '","supplierRef":{"id":"supplier-' || n % ($3::bigint / 100)
    || '","supplierName":"Acme"},"currency":"GBP","lineItems":['
    || repeat('{"description":"Item","unitAmount":12.5},', 20) || '{}]}', '{}', n
from generate_series(1, $3::bigint) as n"""


async def fill(pool: asyncpg.Pool, count: int) -> Scope:
    """A company with this many bills over one connection, keys written."""
    scope = Scope(uuid4(), BILLS.key, uuid4())
    await pool.execute(_MAKE, scope.company_id, scope.connection_id, count, timeout=None)
    await pool.execute(
        "insert into record_counts values ($1, 'bills', $2, $3)", scope.company_id, scope.connection_id, count
    )
    while await records.write_keys(pool, scope):
        pass
    return Scope(scope.company_id, scope.data_type)


def values(count: int) -> dict[str, object]:
    """What the queries ask for in a company of this many bills."""
    day = "2000-01-03T00:00:00"
    return {
        "high": count - FOUND * 10,
        "recent": _minute(2024, count - FOUND),
        "day": day,
        "later": "2000-01-03T01:40:00",
    }


def _minute(year: int, minutes: int) -> str:
    return (datetime(year, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)).isoformat()


async def _page(db: Db, scope: Scope, count: int, case: str) -> tuple[float, int]:
    """One page's latency in milliseconds, and the list's total."""
    if case == COUNT:
        started = time.perf_counter()
        total = await records.count(db, scope, "bills")
        return (time.perf_counter() - started) * 1000, total
    query, order, is_deep = CASES[case]
    properties = records.properties(BILLS)
    condition = compile_query(query.format(**values(count)), properties, of="Bill", first=3) if query else None
    ordering = order_of(order, properties, of="Bill") if order else None
    offset = count * 9 // 10 if is_deep else 0
    started = time.perf_counter()
    _, total = await records.list_bodies(db, scope, condition=condition, order=ordering, limit=PAGE_SIZE, offset=offset)
    return (time.perf_counter() - started) * 1000, total


async def _compare(db: Db, small: Scope, large: Scope, case: str) -> Latency:
    """Rounds alternate between the companies, so that a slow moment of the machine hits both."""
    small_ms, large_ms, total = [], [], 0
    for _ in range(ROUNDS):
        small_ms.append((await _page(db, small, SMALL, case))[0])
        taken_ms, total = await _page(db, large, LARGE, case)
        large_ms.append(taken_ms)
    return Latency(median(small_ms), median(large_ms), total)


async def measure() -> tuple[dict[str, Latency], dict[str, float]]:
    """All cases in both companies; and how many bytes a record takes in each table, indexes and all."""
    with tempfile.TemporaryDirectory() as directory:
        server = EmbeddedPostgres(Path(directory) / "pg")
        dsn = await server.start()
        try:
            await migrate(dsn)
            pool = await open_pool(dsn, max_size=2)
            small, large = await fill(pool, SMALL), await fill(pool, LARGE)
            await pool.execute("vacuum analyze", timeout=None)
            async with pool.acquire() as db:
                latencies = {case: await _compare(db, small, large, case) for case in CASES}
                sizes = await db.fetch(
                    """select t as table, pg_total_relation_size(t::regclass)::float8 / $1 as bytes
                    from unnest($2::text[]) as t""",
                    SMALL + LARGE,
                    TABLES,
                )
            await pool.close()
            return latencies, {row["table"]: row["bytes"] for row in sizes}
        finally:
            await server.stop()


def run() -> list[Check]:
    """Measure, and print milliseconds and ratios by case."""
    latencies, sizes = uvloop.run(measure())
    table = Table(title=f"A page of {PAGE_SIZE} bills, median of {ROUNDS}; target {RATIO_MAX} times at most")
    for column in ("list", f"of {SMALL:,}, ms", f"of {LARGE:,}, ms", "ratio", "found"):
        table.add_column(column, justify="left" if column == "list" else "right")
    for case, found in latencies.items():
        colour = "dim" if case in BEYOND else "green" if found.ratio <= RATIO_MAX else "red"
        ratio = f"[{colour}]{found.ratio:.2f}[/]"
        table.add_row(case, f"{found.small_ms:.2f}", f"{found.large_ms:.2f}", ratio, f"{found.total:,}")
    console = Console(width=110)
    console.print(table)
    console.print("Bytes a record, with indexes: " + ", ".join(f"{name} {size:,.0f}" for name, size in sizes.items()))
    return [
        Check(f"{case}: of {LARGE:,} against {SMALL:,}", found.ratio, RATIO_MAX, at_most=True)
        for case, found in latencies.items()
        if case not in BEYOND
    ]
