"""Any query at all finds what it says: expressions are drawn, written down in the grammar, and run over real records
beside a reading of them in a few lines of Python."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookbridge.store.query import Kind, Property, compile_query

EXAMPLES = 600
WORDS = ("Open", "open", "PartiallyPaid", "Acme & Sons", "a}b", "null", 'say "hi"', "50%_", "", "x || y")
AMOUNTS = tuple(Decimal(text) for text in ("-1", "0", "0.10", "0.1", "99.99", "12345678901234567.89"))
MOMENTS = tuple(
    datetime(2026, 1, 30, tzinfo=UTC) + timedelta(hours=hours) for hours in (0, 12, 24, 36, 47, 48, 30 * 24)
)
PROPERTIES = {
    "status": Property(Kind.STRING, "status"),
    "supplierRef.supplierName": Property(Kind.STRING, "name"),
    "totalAmount": Property(Kind.NUMBER, "total"),
    "dueDate": Property(Kind.DATE, "due"),
    "metadata.isDeleted": Property(Kind.BOOL, "deleted"),
}
KINDS = {name: one.kind for name, one in PROPERTIES.items()}
COLUMNS = {name: one.sql for name, one in PROPERTIES.items()}
ROWS: list[dict[str, Any]] = [
    {
        "status": None if number % 5 == 0 else WORDS[number % len(WORDS)],
        "name": None if number % 7 == 0 else WORDS[number * 3 % len(WORDS)],
        "total": None if number % 6 == 0 else AMOUNTS[number % len(AMOUNTS)],
        "due": None if number % 4 == 0 else MOMENTS[number % len(MOMENTS)],
        "deleted": None if number % 9 == 0 else number % 2 == 0,
    }
    for number in range(60)
]
ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


@dataclass(frozen=True)
class Query:
    """A query, as it is written, and which rows it means."""

    text: str
    meant: Callable[[dict[str, Any]], bool]
    binds: int = 3
    """How tightly it holds together: 3 a condition or braces, 2 `&&`, 1 `||`."""


def equals(held: Any, value: Any) -> bool:
    """Whether a held value is the one that was asked for; missing is a value of its own."""
    if held is None or value is None:
        return held is value
    if isinstance(held, str):
        return held.lower() == value.lower()
    if isinstance(value, date) and not isinstance(value, datetime):
        return bool(held.date() == value)
    return bool(held == value)


def compared(symbol: str, held: Any, value: Any) -> bool:
    if symbol in ("=", "!="):
        return equals(held, value) is (symbol == "=")
    if held is None:
        return False
    if symbol == "~":
        return value.lower() in held.lower()
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    return ORDERS[symbol](held, value)


def written(value: Any, *, listed: bool) -> str:
    """A value as the grammar takes it."""
    if value is None:
        return "null"
    if isinstance(value, str):
        special = not value or value.lower() == "null" or value.startswith('"') or value != value.strip()
        ends = (",", ")") if listed else ("&&", "||", "}")
        if special or any(end in value for end in ends):
            return '"' + value.replace('"', '""') + '"'
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


DAYS = tuple(sorted({one.date() for one in MOMENTS}))
VALUES: dict[Kind, tuple[Any, ...]] = {
    Kind.STRING: WORDS,
    Kind.NUMBER: AMOUNTS,
    Kind.BOOL: (True, False),
    Kind.DATE: (*MOMENTS, *DAYS, *DAYS),
}


spaces = st.sampled_from(["", " ", "  "])


@st.composite
def conditions(draw: st.DrawFn) -> Query:
    name = draw(st.sampled_from(list(KINDS)))
    kind, column = KINDS[name], COLUMNS[name]
    shown = draw(st.sampled_from([name, name.upper()]))
    space = draw(spaces)
    orders = {Kind.STRING: ["~"], Kind.BOOL: []}.get(kind, list(ORDERS))
    symbol = draw(st.sampled_from(["=", "!=", "in", *orders]))
    if symbol == "in":
        wanted = draw(st.lists(st.sampled_from([*VALUES[kind], None]), min_size=1, max_size=3))
        listed = ",".join(f"{space}{written(one, listed=True)}{space}" for one in wanted)
        return Query(f"{shown} in{space}({listed})", lambda row: any(equals(row[column], one) for one in wanted))
    asked = [*VALUES[kind], None] if symbol in ("=", "!=") else VALUES[kind]
    value = draw(st.sampled_from(asked))
    text = f"{space}{shown}{space}{symbol}{space}{written(value, listed=False)}{space}"
    return Query(text, lambda row: compared(symbol, row[column], value))


def joined(parts: list[Query], symbol: str, binds: int) -> Query:
    # Braces stand where the grammar needs them, and only there.
    texts = [part.text if part.binds > binds else f"{{ {part.text} }}" for part in parts]
    every = all if symbol == "&&" else any
    return Query(symbol.join(texts), lambda row: every([part.meant(row) for part in parts]), binds)


def larger(smaller: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    several = st.lists(smaller, min_size=2, max_size=3)
    return several.map(lambda parts: joined(parts, "&&", 2)) | several.map(lambda parts: joined(parts, "||", 1))


queries = st.recursive(conditions(), larger, max_leaves=6)


@pytest.fixture
async def table(pool: asyncpg.Pool) -> asyncpg.Pool:
    await pool.execute(
        "create table drawn (place int, status text, name text, total numeric, due timestamptz, deleted boolean)"
    )
    rows = [(place, *row.values()) for place, row in enumerate(ROWS)]
    await pool.executemany("insert into drawn values ($1, $2, $3, $4, $5, $6)", rows)
    return pool


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(query=queries)
async def test_a_query_finds_what_it_says(table: asyncpg.Pool, query: Query) -> None:
    condition = compile_query(query.text, PROPERTIES, of="Bill", first=1)
    found = await table.fetch(f"select place from drawn where {condition.sql} order by place", *condition.arguments)
    meant = [place for place, row in enumerate(ROWS) if query.meant(row)]
    assert [row["place"] for row in found] == meant, query.text
