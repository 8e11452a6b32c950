"""Records as they lie in PostgreSQL: saved once, never back in time, listed as the very text that was stored."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from bookbridge.accounting import catalog
from bookbridge.accounting.catalog import AnyDataType
from bookbridge.accounting.data_type import QueryKind
from bookbridge.accounting.types.bills import BILLS, Bill, BillStatus
from bookbridge.accounting.types.company_info import COMPANY_INFO, CompanyInfo
from bookbridge.accounting.types.suppliers import SUPPLIERS, Supplier, SupplierStatus
from bookbridge.store import records
from bookbridge.store.query import OPERATORS, Compiled, compile_query, order_of
from bookbridge.store.records import RecordBatch, Scope
from tests.accounting import books

COMPANY, OTHER_COMPANY = uuid4(), uuid4()
CONNECTION, OTHER_CONNECTION = sorted((uuid4(), uuid4()))  # a company's lists stand in the order of connections
SOURCE = "invoices"
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
EXACT = "12345678901234567.89"
SCOPE = Scope(COMPANY, BILLS.key)
LISTS = [data_type for data_type in catalog.DATA_TYPES if not data_type.single]


def bill(number: int, **more: Any) -> Bill:
    values: dict[str, Any] = {
        "id": f"b-{number:03}",
        "reference": f"Ref {number}",
        "due_date": f"2026-02-{number % 28 + 1:02}T00:00:00",
        "status": BillStatus.OPEN if number % 2 else BillStatus.PAID,
        "total_amount": Decimal(number),
        **more,
    }
    return msgspec.structs.replace(books.bill(), **values)


async def save(
    pool: asyncpg.Pool,
    found: Sequence[Any],
    *,
    company: UUID = COMPANY,
    connection: UUID = CONNECTION,
    data_type: AnyDataType = BILLS,
    at: datetime = START,
    source_modified: datetime | None = START,
    raw: bytes = b"{}",
) -> int:
    batch = RecordBatch(company, connection, data_type.key, SOURCE, at)
    for record in found:
        encoded = data_type.encode(record)
        batch.add(data_type.record_id(record), encoded, raw, source_modified, record.metadata.is_deleted)
    async with pool.acquire() as db, db.transaction():
        return await records.save(db, batch)


async def listed(
    pool: asyncpg.Pool,
    query: str | None = None,
    order: str | None = None,
    *,
    scope: Scope = SCOPE,
    limit: int = 1_000,
    offset: int = 0,
) -> tuple[list[str], int]:
    """Ids of one page, and the total."""
    data_type = catalog.by_key(scope.data_type)
    properties = records.properties(data_type)
    first = len(scope.where()[1]) + 1
    condition = compile_query(query, properties, of=data_type.name, first=first) if query else None
    ordering = order_of(order, properties, of=data_type.name) if order else None
    bodies, total = await records.list_bodies(
        pool, scope, condition=condition, order=ordering, limit=limit, offset=offset
    )
    return [json.loads(body)["id"] for body in bodies], total


async def test_an_unchanged_record_is_not_written(pool: asyncpg.Pool) -> None:
    found = [bill(number) for number in range(50)]
    assert await save(pool, found) == 50
    rows = await pool.fetch("select record_id, xmin, ctid, body from records order by record_id")
    later = START + timedelta(hours=1)
    assert await save(pool, found, at=later) == 0
    assert await pool.fetch("select record_id, xmin, ctid, body from records order by record_id") == rows
    assert await save(pool, [*found[:10], bill(10, reference="Changed"), *found[11:]], at=later) == 1
    body = await records.get_body(pool, SCOPE, "b-010")
    assert body is not None
    assert '"modifiedDate":"2026-01-05T10:00:00.0000000Z"' in body
    assert await save(pool, []) == 0


async def test_an_older_version_saved_later_never_overwrites(pool: asyncpg.Pool) -> None:
    newer = START + timedelta(days=1)
    await save(pool, [bill(1, reference="new")], source_modified=newer)
    assert await save(pool, [bill(1, reference="old")], source_modified=START) == 0
    assert (await listed(pool, "reference=new"))[1] == 1
    # Of the same moment, or of none: the later answer is the better one.
    assert await save(pool, [bill(1, reference="same")], source_modified=newer) == 1
    assert await save(pool, [bill(1, reference="undated")], source_modified=None) == 1
    assert (await listed(pool, "reference=undated"))[1] == 1


async def test_the_last_of_a_record_listed_twice_in_one_page_counts(pool: asyncpg.Pool) -> None:
    assert await save(pool, [bill(1, reference="first"), bill(2), bill(1, reference="last")]) == 2
    assert await listed(pool, "reference=last") == (["b-001"], 1)


async def test_a_record_taken_for_vanished_is_written_when_it_is_listed_again(pool: asyncpg.Pool) -> None:
    await save(pool, [bill(1), bill(2)])
    await pool.execute("update records set is_absent = true where record_id = 'b-001'")
    assert await records.count(pool, SCOPE, SOURCE) == 1
    assert await save(pool, [bill(1), bill(2)]) == 1
    assert await records.count(pool, SCOPE, SOURCE) == 2


async def test_every_digit_survives(pool: asyncpg.Pool) -> None:
    precise = bill(1, total_amount=Decimal(EXACT), amount_due=Decimal("0.1000"))
    await save(pool, [precise, bill(2)], raw=b'{"Total":' + EXACT.encode() + b"}")
    body = await records.get_body(pool, SCOPE, "b-001")
    assert body is not None
    assert f'"totalAmount":{EXACT},' in body
    assert '"amountDue":0.1000' in body
    assert BILLS.decode(body) == precise
    assert await listed(pool, f"totalAmount={EXACT}") == (["b-001"], 1)
    assert await listed(pool, "totalAmount=12345678901234567.88") == ([], 0)
    assert await listed(pool, f"totalAmount>={EXACT}", "-totalAmount") == (["b-001"], 1)
    assert await pool.fetchval("select source_body from records where record_id = 'b-001'") == f'{{"Total":{EXACT}}}'


async def test_what_postgresql_cannot_keep_is_replaced(pool: asyncpg.Pool) -> None:
    names = {"s-1": "before\0after", "s-2": "a backslash \\u0000", "s-3": "\\\0\0", "s\0-4": "plain", "s-5": "😀 «»"}
    found = [Supplier(id=key, supplier_name=name, status=SupplierStatus.ACTIVE) for key, name in names.items()]
    assert await save(pool, found, data_type=SUPPLIERS, raw=b'{"odd":"\xff\\u0000"}') == 5
    assert await save(pool, found, data_type=SUPPLIERS, raw=b"{}") == 0
    scope = Scope(COMPANY, SUPPLIERS.key)

    async def name_of(record_id: str) -> str:
        body = await records.get_body(pool, scope, record_id)
        assert body is not None
        found: str = json.loads(body)["supplierName"]
        return found

    assert await name_of("s-1") == "before�after"
    assert await name_of("s-2") == "a backslash \\u0000"
    assert await name_of("s-3") == "\\��"
    assert await name_of("s�-4") == "plain"
    assert await name_of("s-5") == "😀 «»"
    assert await listed(pool, "supplierName~after", scope=scope) == (["s-1"], 1)
    assert (await listed(pool, None, "supplierName", scope=scope))[1] == 5


async def test_the_date_that_is_put_in_can_be_taken_out(pool: asyncpg.Pool) -> None:
    batch = RecordBatch(COMPANY, CONNECTION, COMPANY_INFO.key, SOURCE, START)
    told = [COMPANY_INFO.encode(info) for info in (CompanyInfo(), CompanyInfo(company_name='A "b", c'))]
    assert told[0] == b"{}"
    for number, encoded in enumerate(told):
        batch.add(f"c-{number}", encoded, b"{}", None, False)
    async with pool.acquire() as db, db.transaction():
        assert await records.save(db, batch) == 2
    for number, encoded in enumerate(told):
        body = await records.get_body(pool, Scope(COMPANY, COMPANY_INFO.key), f"c-{number}")
        assert body is not None
        assert json.loads(body) == {"modifiedDate": "2026-01-05T09:00:00.0000000Z", **json.loads(encoded)}
        assert records.undated(body) == encoded.decode()


async def test_pages_come_in_a_lasting_order_with_the_total(pool: asyncpg.Pool) -> None:
    await save(pool, [bill(number) for number in reversed(range(25))])
    everything = [f"b-{number:03}" for number in range(25)]
    assert await listed(pool) == (everything, 25)
    assert await listed(pool, limit=10) == (everything[:10], 25)
    assert await listed(pool, limit=10, offset=20) == (everything[20:], 25)
    assert await listed(pool, limit=10, offset=30) == ([], 25)
    pages = [(await listed(pool, "status=open", "status", limit=4, offset=start))[0] for start in range(0, 16, 4)]
    assert list(itertools.chain(*pages)) == everything[1::2], (
        "records that compare equal keep their places between pages"
    )


async def test_orders_and_queries(pool: asyncpg.Pool) -> None:
    await save(pool, [bill(number) for number in range(1, 8)])
    await save(pool, [bill(8, due_date=None, reference=None)], at=START + timedelta(days=1))
    assert (await listed(pool, None, "-totalAmount"))[0][:2] == ["b-008", "b-007"]
    assert (await listed(pool, None, "dueDate"))[0] == [f"b-{number:03}" for number in range(1, 9)], "absent comes last"
    assert (await listed(pool, None, "-dueDate"))[0][-1] == "b-008"
    for query, expected in (
        ("totalAmount>6", ["b-007", "b-008"]),
        ("totalAmount>=6&&status=PAID", ["b-006", "b-008"]),
        ("dueDate=2026-02-03", ["b-002"]),
        ("dueDate<2026-02-03T00:00:00Z", ["b-001"]),
        ("modifiedDate>2026-01-05T09:00:00.0000000Z", ["b-008"]),
        ("reference~F 5||id=b-003", ["b-003", "b-005"]),
        ("supplierRef.supplierName=acme&&{totalAmount=1||totalAmount=2}", ["b-001", "b-002"]),
        ("reference!=Ref 1&&totalAmount<=2", ["b-002"]),
        ("reference!=Ref 1&&totalAmount>7", ["b-008"]),
        ("metadata.isDeleted=true", []),
    ):
        assert (await listed(pool, query))[0] == expected, query


async def test_companies_and_connections_are_apart(pool: asyncpg.Pool) -> None:
    await save(pool, [bill(1)])
    await save(pool, [bill(1, reference="theirs"), bill(2)], company=OTHER_COMPANY)
    await save(pool, [bill(1, reference="second books"), bill(3)], connection=OTHER_CONNECTION)
    assert await listed(pool, scope=Scope(OTHER_COMPANY, BILLS.key)) == (["b-001", "b-002"], 2)
    assert await listed(pool) == (["b-001", "b-001", "b-003"], 3)
    second = Scope(COMPANY, BILLS.key, OTHER_CONNECTION)
    assert await listed(pool, "totalAmount>2", scope=second) == (["b-003"], 1)
    body = await records.get_body(pool, second, "b-001")
    assert body is not None
    assert "second books" in body
    assert await records.get_body(pool, SCOPE, "b-002") is None
    for newer, (connection, words) in enumerate([(OTHER_CONNECTION, "later"), (CONNECTION, "later still")], 1):
        changed = bill(1, reference=words)
        await save(pool, [changed], connection=connection, at=START + timedelta(hours=newer))
        assert f'"reference":"{words}"' in (await records.get_body(pool, SCOPE, "b-001") or "")
        assert await records.connection_of(pool, SCOPE, "b-001") == connection
    assert await records.get_body(pool, Scope(COMPANY, SUPPLIERS.key), "b-001") is None
    assert await records.count(pool, second, SOURCE) == 2
    assert await records.count(pool, second, "elsewhere") == 0
    assert await records.existing_ids(pool, second, ["b-001", "b-002", "b-003"]) == {"b-001", "b-003"}


VALUES = {
    QueryKind.STRING: "x",
    QueryKind.ENUM: "Active",
    QueryKind.NUMBER: "12.50",
    QueryKind.DATE: "2026-01-31",
    QueryKind.BOOL: "true",
}


@pytest.mark.parametrize("data_type", LISTS, ids=lambda data_type: data_type.key)
async def test_every_field_may_be_queried_and_ordered_by(pool: asyncpg.Pool, data_type: AnyDataType) -> None:
    """Each path with each operator runs over a record in which each field is filled in."""
    filled: dict[str, Any] = {}
    for path, kind in data_type.query_fields.items():
        *parents, last = path.split(".")
        place = filled
        for parent in parents:
            place = place.setdefault(parent, {})
        value = data_type.enum_values[path][0] if kind is QueryKind.ENUM else VALUES[kind]
        place[last] = {QueryKind.NUMBER: Decimal("12.50"), QueryKind.BOOL: True}.get(kind, value)
    filled["id"], filled["metadata"] = "x", {"isDeleted": True}
    del filled["modifiedDate"]
    batch = RecordBatch(COMPANY, CONNECTION, data_type.key, SOURCE, datetime(2026, 1, 31, tzinfo=UTC))
    batch.add("x", msgspec.json.Encoder(decimal_format="number").encode(filled), b"{}", batch.modified, True)
    async with pool.acquire() as db:
        await records.save(db, batch)
        properties = records.properties(data_type)
        assert properties.keys() == data_type.query_fields.keys()
        for path, kind in data_type.query_fields.items():
            value = data_type.enum_values[path][0] if kind is QueryKind.ENUM else VALUES[kind]
            for operator in OPERATORS[properties[path].kind]:
                condition = compile_query(f"{path}{operator}{value}", properties, of=data_type.name, first=3)
                assert isinstance(condition, Compiled)
                for order in (path, f"-{path}"):
                    bodies, total = await records.list_bodies(
                        db,
                        Scope(COMPANY, data_type.key),
                        condition=condition,
                        order=order_of(order, properties, of=data_type.name),
                        limit=10,
                        offset=0,
                    )
                matches = operator in {"=", "~", ">=", "<="}
                assert (len(bodies), total) == (matches, matches), f"{path}{operator}{value}"
