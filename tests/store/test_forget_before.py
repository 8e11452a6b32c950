"""Records that a window has left behind go, and their list stays exact: no page short, no total wrong."""

from __future__ import annotations

import json
from datetime import timedelta

import asyncpg
import pytest

from bookbridge.store import records
from bookbridge.store.records import RecordBatch, Scope
from tests.store.test_record_lists import BILLS, COMPANY, FIRST, SECOND, START, body, listed, places, write_keys

MOMENT = START + timedelta(days=10)


async def fill(pool: asyncpg.Pool, early: set[int], total: int) -> None:
    for connection in (FIRST, SECOND):
        batch = RecordBatch(COMPANY, connection, BILLS.key, "bills", START)
        for number in range(total):
            content = body(number, id=f"{'a' if connection == FIRST else 'z'}-{number:03}")
            changed = START if number in early else START + timedelta(days=20)
            batch.add(str(content["id"]), json.dumps(content).encode(), b"{}", changed, False)
        async with pool.acquire() as db, db.transaction():
            await records.save(db, batch)


@pytest.mark.parametrize("keyed", [0, 7, 30])
@pytest.mark.parametrize(
    "early", [{0}, {29}, {3, 4, 5, 27, 28}, set(range(20)), set(range(10, 30)), set(range(30)), set()]
)
async def test_what_is_forgotten_leaves_no_gap(pool: asyncpg.Pool, early: set[int], keyed: int) -> None:
    await fill(pool, early, 30)
    if keyed:
        await pool.execute("select key_records($1, $2, $3, $4)", COMPANY, BILLS.key, FIRST, keyed)
    scope = Scope(COMPANY, BILLS.key, FIRST)
    async with pool.acquire() as db, db.transaction():
        assert await records.forget_before(db, scope, MOMENT) == len(early)
    left = [f"a-{number:03}" for number in range(30) if number not in early]
    for _ in range(2):
        ids, total = await listed(pool, connection=FIRST)
        assert (sorted(ids), total) == (left, len(left))
        assert (await listed(pool))[1] == len(left) + 30, "the other connection keeps its own"
        found, count = await listed(pool, "status=Paid", "-totalAmount", connection=FIRST)
        paid = [f"a-{number:03}" for number in range(30) if number not in early and number % 3 == 2]
        assert (found, count) == (paid[::-1], len(paid))
        assert await places(pool) == list(range(1, len(left) + 1))
        await write_keys(pool)
    assert await pool.fetchval("select count(*) from record_keys where connection_id = $1", FIRST) == len(left)
    await fill(pool, set(), 31)
    assert (await listed(pool, connection=FIRST))[1] == 31, "what comes again gets its place at the end"
    assert await places(pool) == list(range(1, 32))
