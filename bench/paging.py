"""Lists at size: the latency of a page of 100 in a company of 10,000 bills and in one of 1,000,000, side by side.

Both lie in one database. Rows are made by SQL; lists are read as the API reads them (`records.list_bodies`). Each
selective query finds about a hundred bills in either company. `python -m bench.paging [LARGE]`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from uuid import uuid4

import asyncpg
import structlog
import uvloop
from rich.console import Console
from rich.table import Table

from bench.registry import Check
from bookbridge.accounting import catalog
from bookbridge.store import records
from bookbridge.store.embedded import EmbeddedPostgres
from bookbridge.store.migrations import migrate
from bookbridge.store.pool import open_pool
from bookbridge.store.query import compile_query, order_of
from bookbridge.store.records import Scope

SMALL, LARGE = 10_000, 1_000_000
PAGE_SIZE = 100
ROUNDS = 30
RATIO_MAX = 1.5
BILLS = catalog.by_key("bills")
FOUND = 100
"""How many bills a selective query finds."""

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
}
BEYOND = frozenset({"orderBy=-modifiedDate, deep", "status=Open (a tenth of all)"})
"""Cases that cost more in a larger company, and are shown for that."""

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


async def latency_ms(pool: asyncpg.Pool, scope: Scope, count: int, case: str) -> tuple[float, int]:
    """Median of a page's latency, and the list's total."""
    query, order, is_deep = CASES[case]
    properties = records.properties(BILLS)
    condition = compile_query(query.format(**values(count)), properties, of="Bill", first=3) if query else None
    ordering = order_of(order, properties, of="Bill") if order else None
    offset = count * 9 // 10 if is_deep else 0
    taken, total = [], 0
    async with pool.acquire() as db:
        for _ in range(ROUNDS):
            started = time.perf_counter()
            _, total = await records.list_bodies(
                db, scope, condition=condition, order=ordering, limit=PAGE_SIZE, offset=offset
            )
            taken.append((time.perf_counter() - started) * 1000)
    return median(taken), total


async def measure(large: int) -> dict[str, dict[str, float]]:
    """All cases in both companies, alternating."""
    with tempfile.TemporaryDirectory() as directory:
        server = EmbeddedPostgres(Path(directory) / "pg")
        dsn = await server.start()
        try:
            await migrate(dsn)
            pool = await open_pool(dsn, max_size=2)
            sizes = {count: await fill(pool, count) for count in (SMALL, large)}
            await pool.execute("vacuum analyze", timeout=None)
            results = {}
            for case in CASES:
                (small_ms, _), (large_ms, total) = [
                    await latency_ms(pool, scope, count, case) for count, scope in sizes.items()
                ]
                results[case] = {
                    "small_ms": small_ms,
                    "large_ms": large_ms,
                    "ratio": large_ms / small_ms,
                    "total": total,
                }
            await pool.close()
            return results
        finally:
            await server.stop()


def run(large: int = LARGE) -> list[Check]:
    """Measure, and print milliseconds and ratios by case."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    results = uvloop.run(measure(large))
    table = Table(title=f"A page of {PAGE_SIZE} bills, median of {ROUNDS}; target {RATIO_MAX} times at most")
    for column in ("list", f"of {SMALL:,}, ms", f"of {large:,}, ms", "ratio", "found"):
        table.add_column(column, justify="left" if column == "list" else "right")
    for case, result in results.items():
        colour = "dim" if case in BEYOND else "green" if result["ratio"] <= RATIO_MAX else "red"
        ratio = f"[{colour}]{result['ratio']:.2f}[/]"
        table.add_row(case, f"{result['small_ms']:.2f}", f"{result['large_ms']:.2f}", ratio, f"{result['total']:,.0f}")
    Console(width=110).print(table)
    return [
        Check(f"{case}: of {large:,} against {SMALL:,}", result["ratio"], RATIO_MAX, at_most=True)
        for case, result in results.items()
        if case not in BEYOND
    ]


if __name__ == "__main__":
    run(int(sys.argv[1]) if len(sys.argv) > 1 else LARGE)
