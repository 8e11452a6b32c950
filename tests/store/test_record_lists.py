"""Lists at any size: places without gaps, exact totals, and the same answer whether keys are written or not."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg

from bookbridge.accounting import catalog
from bookbridge.store import records
from bookbridge.store.query import compile_query, order_of
from bookbridge.store.records import RecordBatch, Scope

COMPANY = uuid4()
FIRST, SECOND = sorted((uuid4(), uuid4()))
BILLS = catalog.by_key("bills")
START = datetime(2026, 1, 5, tzinfo=UTC)
SUPPLIERS = ("Sup-A", "sup-b", "C")
STATUSES = ("Open", "PartiallyPaid", "Paid")


def body(number: int, **more: object) -> dict[str, object]:
    """A bill as JSON; some lack what others have."""
    content: dict[str, object] = {
        "id": f"b-{number:03}",
        "status": STATUSES[number % 3],
        "amountDue": number % 7,
        "totalAmount": number,
        "issueDate": f"2026-01-{number % 28 + 1:02}T00:00:00",
        "reference": f"Ref {number % 5}",
        "supplierRef": {"id": SUPPLIERS[number % 3], "supplierName": f"Supplier {number % 3}"},
    }
    if number % 4:
        content["dueDate"] = f"2026-02-{number % 11 + 1:02}T00:00:00"
    return content | more


async def save(
    pool: asyncpg.Pool, bodies: Sequence[dict[str, object]], connection: UUID = FIRST, hours: int = 0
) -> int:
    batch = RecordBatch(COMPANY, connection, BILLS.key, "bills", START + timedelta(hours=hours))
    for content in bodies:
        batch.add(str(content["id"]), json.dumps(content).encode(), b"{}", None, False)
    async with pool.acquire() as db, db.transaction():
        return await records.save(db, batch)


async def write_keys(pool: asyncpg.Pool) -> None:
    for connection in (FIRST, SECOND):
        for scope in await records.lists_without_keys(pool, connection):
            while await records.write_keys(pool, scope):
                pass


async def listed(
    pool: asyncpg.Pool,
    query: str | None = None,
    order: str | None = None,
    *,
    connection: UUID | None = None,
    limit: int = 1_000,
    offset: int = 0,
) -> tuple[list[str], int]:
    scope = Scope(COMPANY, BILLS.key, connection)
    properties = records.properties(BILLS)
    first = len(scope.where()[1]) + 1
    condition = compile_query(query, properties, of="Bill", first=first) if query else None
    ordering = order_of(order, properties, of="Bill") if order else None
    bodies, total = await records.list_bodies(
        pool, scope, condition=condition, order=ordering, limit=limit, offset=offset
    )
    return [json.loads(body)["id"] for body in bodies], total


async def places(pool: asyncpg.Pool, connection: UUID = FIRST) -> list[int]:
    rows = await pool.fetch("select place from records where connection_id = $1 order by place", connection)
    return [row["place"] for row in rows]


async def test_places_have_no_gaps_whoever_saves_at_once(pool: asyncpg.Pool) -> None:
    """Overlapping pages, saved by several at a time: each record gets one place, and none is lost."""
    pages = [[body(number) for number in range(start, start + 40)] for start in range(0, 200, 20)]
    await asyncio.gather(*(save(pool, page, hours=place) for place, page in enumerate(pages * 2)))
    assert await places(pool) == list(range(1, 221))
    found = [await listed(pool, limit=50, offset=start) for start in range(0, 250, 50)]
    assert {total for _, total in found} == {220}
    assert sorted(itertools.chain(*(ids for ids, _ in found))) == [f"b-{number:03}" for number in range(220)]


async def test_a_save_that_is_rolled_back_takes_no_place(pool: asyncpg.Pool) -> None:
    await save(pool, [body(1)])
    async with pool.acquire() as db:
        rolled_back = db.transaction()
        await rolled_back.start()
        batch = RecordBatch(COMPANY, FIRST, BILLS.key, "bills", START)
        batch.add("b-002", json.dumps(body(2)).encode(), b"{}", None, False)
        assert await records.save(db, batch) == 1
        await rolled_back.rollback()
    await save(pool, [body(3)])
    assert await places(pool) == [1, 2]
    assert await listed(pool) == (["b-001", "b-003"], 2)


async def test_a_changed_record_keeps_its_place_and_a_new_one_comes_last(pool: asyncpg.Pool) -> None:
    await save(pool, [body(5), body(6)])
    await save(pool, [body(1), body(5, reference="changed"), body(6)], hours=1)
    assert await listed(pool) == (["b-005", "b-006", "b-001"], 3)


QUERIES = (
    "supplierRef.id=SUP-a",
    "supplierRef.id!=sup-b",
    "supplierRef.id~sup",
    "status=open&&amountDue>3",
    "status in (open, partiallypaid) && amountDue in (1, 2)",
    "dueDate>2026-02-03&&dueDate<=2026-02-08",
    "dueDate=2026-02-05",
    "dueDate!=2026-02-05",
    "dueDate=null",
    "dueDate!=null && totalAmount < 20",
    "modifiedDate>=2026-01-05T01:00:00Z",
    "issueDate<2026-01-04||reference=ref 3",
    "supplierRef.id=c&&reference~f 1",
    'reference="Ref 2"',
    "metadata.isDeleted!=true",
    "id in (b-001, b-002, nothing)",
)
ORDERS = ("dueDate", "-dueDate", "-modifiedDate", "modifiedDate", "issueDate", "-totalAmount", "reference", "-status")


async def test_keys_change_nothing_but_the_speed(pool: asyncpg.Pool) -> None:
    """The same lists before keys are written, with some of them written, after changes, and with all of them."""

    async def everything() -> list[tuple[list[str], int]]:
        found = [await listed(pool, query) for query in QUERIES]
        found += [await listed(pool, None, order) for order in ORDERS]
        found += [await listed(pool, QUERIES[1], order, limit=7, offset=9) for order in ORDERS]
        found += [await listed(pool, QUERIES[3], connection=connection) for connection in (FIRST, SECOND)]
        return found

    await save(pool, [body(number) for number in range(60)])
    await save(pool, [body(number) for number in range(60, 80)], SECOND, hours=1)
    before = await everything()
    await write_keys(pool)
    assert await everything() == before
    assert all(ids for ids, _ in before)

    changed = [
        body(number, status="Paid", dueDate="2026-02-05T00:00:00", supplierRef={"id": "C"}) for number in (3, 90)
    ]
    await save(pool, changed, hours=3)
    await save(pool, [body(number) for number in range(100, 110)], hours=3)
    after = await everything()
    assert after != before
    await write_keys(pool)
    assert await everything() == after
    count = await pool.fetchval("select count(*) from record_keys where company_id = $1", COMPANY)
    assert count == await pool.fetchval("select count(*) from records where company_id = $1", COMPANY)


async def test_pages_of_an_order_join_to_the_whole(pool: asyncpg.Pool) -> None:
    """Each record once, also where many are equal or lack the property, with the last ones past the end."""
    await save(pool, [body(number) for number in range(50)])
    await save(pool, [body(number) for number in range(30, 60)], SECOND)
    await write_keys(pool)
    for order in (None, *ORDERS):
        whole, total = await listed(pool, None, order)
        pages = [await listed(pool, None, order, limit=9, offset=start) for start in range(0, 99, 9)]
        assert list(itertools.chain(*(ids for ids, _ in pages))) == whole, order
        assert {count for _, count in pages} == {total} == {80}, order
    due, _ = await listed(pool, None, "-dueDate", connection=FIRST)
    assert {int(each[2:]) % 4 for each in due[-13:]} == {0}, "those that lack it come last either way"


async def test_what_is_malformed_is_kept_and_not_found_by(pool: asyncpg.Pool) -> None:
    odd = body(2, dueDate="2026-02-30T00:00:00", amountDue="much", status=None)
    await save(pool, [body(1), odd, body(3)])
    for _ in range(2):
        assert (await listed(pool))[1] == 3
        assert await listed(pool, "dueDate=null") == (["b-002"], 1)
        assert await listed(pool, "amountDue!=null&&status!=null") == (["b-001", "b-003"], 2)
        await write_keys(pool)


async def test_a_list_that_was_deleted_starts_anew(pool: asyncpg.Pool) -> None:
    """As `forget_records` does, against a saver and a key writer that come in between."""
    await save(pool, [body(number) for number in range(30)])

    async def forget() -> None:
        async with pool.acquire() as db, db.transaction():
            for table in ("record_counts", "record_keyed", "record_keys", "records"):
                await db.execute(f"delete from {table} where company_id = $1 and connection_id = $2", COMPANY, FIRST)

    await asyncio.gather(write_keys(pool), forget(), save(pool, [body(50)], hours=1), write_keys(pool))
    await save(pool, [body(51)], hours=2)
    await write_keys(pool)
    total = (await listed(pool))[1]
    assert total in {1, 2}
    assert await places(pool) == list(range(1, total + 1))
    assert await pool.fetchval("select count(*) from record_keys") == total
