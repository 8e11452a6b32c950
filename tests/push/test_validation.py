"""What is found wrong with a body, field by field."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookbridge.accounting.types.bills import BILLS, Bill
from bookbridge.companies.connections import Connection
from bookbridge.connectors.kit.connector import Operation
from bookbridge.push import bodies
from bookbridge.push.bodies import BODY_SIZE_MAX_BYTES
from bookbridge.push.errors import MalformedBody
from bookbridge.push.findings import FINDINGS_MAX, Findings, Validation
from bookbridge.push.validation import check_record, validate
from tests.push.conftest import keep
from tests.push.ledger_connector import CONNECTOR

CREATE_BILL = CONNECTOR.write("bills", Operation.CREATE)
UPDATE_SUPPLIER = CONNECTOR.write("suppliers", Operation.UPDATE)
assert CREATE_BILL is not None
assert UPDATE_SUPPLIER is not None


def line(**changes: Any) -> dict[str, Any]:
    return {
        "description": "Paper",
        "quantity": 2,
        "unitAmount": 5,
        "subTotal": 10,
        "taxAmount": 2,
        "accountRef": {"id": "a1"},
        **changes,
    }


def bill(**changes: Any) -> dict[str, Any]:
    return {
        "reference": "INV-1",
        "issueDate": "2026-03-01T00:00:00",
        "status": "Open",
        "supplierRef": {"id": "s1", "supplierName": "Papers Ltd"},
        "subTotal": 10,
        "taxAmount": 2,
        "totalAmount": 12,
        "lineItems": [line()],
        **changes,
    }


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in bill().items() if key != name}


@pytest.fixture
async def books(pool: asyncpg.Pool, connection: Connection) -> Connection:
    """A supplier and an account are known; one supplier was deleted."""
    await keep(pool, connection, "suppliers", {"id": "s1", "supplierName": "Papers Ltd", "status": "Active"})
    await keep(pool, connection, "suppliers", {"id": "s2", "supplierName": "Gone"}, deleted=True)
    await keep(pool, connection, "chartOfAccounts", {"id": "a1", "name": "Stationery", "status": "Active"})
    return connection


async def findings(pool: asyncpg.Pool, connection: Connection, content: Any, write: Any = CREATE_BILL) -> Validation:
    return await validate(
        pool,
        write,
        content if isinstance(content, bytes) else json.dumps(content).encode(),
        company_id=connection.company_id,
        connection_id=connection.id,
        record_id="s1" if write is UPDATE_SUPPLIER else None,
    )


def said(items: tuple[Any, ...]) -> list[tuple[str | None, str]]:
    return [(item.item_id, item.message) for item in items]


async def test_a_good_bill_has_no_findings(pool: asyncpg.Pool, books: Connection) -> None:
    assert await findings(pool, books, bill()) == Validation()
    assert await findings(pool, books, bill(lineItems=[line(description=None)], note=None)) != Validation()


@pytest.mark.parametrize(
    ("content", "path", "words"),
    [
        (without("issueDate"), "issueDate", "is required."),
        (without("totalAmount"), "totalAmount", "is required."),
        (bill(totalAmount="12"), "totalAmount", "must be a number (not in quotes)."),
        (bill(totalAmount=True), "totalAmount", "must be a number (not in quotes)."),
        (bill(totalAmount=10**60), "totalAmount", "is a number outside the limits."),
        (bill(issueDate="yesterday"), "issueDate", "must be a date such as 2026-01-31 or 2026-01-31T00:00:00Z."),
        (bill(reference=7), "reference", "must be text."),
        (bill(status="Lost"), "status", "must be one of Unknown, Open, PartiallyPaid, Paid, Void, Draft."),
        (bill(lineItems={}), "lineItems", "must be a list."),
        (bill(lineItems=[line(), 3]), "lineItems[1]", "must be an object."),
        (bill(lineItems=[line(), line(quantity="two")]), "lineItems[1].quantity", "must be a number (not in quotes)."),
        (bill(supplierRef="s1"), "supplierRef", "must be an object."),
        (bill(supplierRef={"supplierName": "x"}), "supplierRef.id", "is required."),
    ],
)
async def test_every_fault_of_shape_is_named(
    pool: asyncpg.Pool, books: Connection, content: Any, path: str, words: str
) -> None:
    assert said((await findings(pool, books, content)).errors) == [(path, f"{path} {words}")]


async def test_all_faults_of_shape_are_found_at_once(pool: asyncpg.Pool, books: Connection) -> None:
    content = bill(totalAmount="12", reference=7, lineItems=[line(quantity="two"), line(subTotal=[])])
    del content["issueDate"]
    found = await findings(pool, books, content)
    assert {item.item_id for item in found.errors} == {
        "issueDate",
        "totalAmount",
        "reference",
        "lineItems[0].quantity",
        "lineItems[1].subTotal",
    }
    assert {item.validator_name for item in found.errors} == {"Bill"}


@pytest.mark.parametrize(
    ("content", "path", "words"),
    [
        (without("reference"), "reference", "reference is required on this platform."),
        (bill(reference="  "), "reference", "reference is required on this platform."),
        (without("supplierRef"), "supplierRef.id", "supplierRef.id is required on this platform."),
        (
            bill(lineItems=[line(description=None)]),
            "lineItems[0].description",
            "lineItems[0].description is required on this platform.",
        ),
        (bill(reference="x" * 21), "reference", "reference must not be longer than 20 characters."),
        (bill(status="Paid"), "status", "status must be one of Open, Draft on this platform."),
        (
            bill(supplierRef={"id": "s9"}),
            "supplierRef.id",
            "supplierRef.id: there is no supplier with the id 's9'.",
        ),
        (
            bill(supplierRef={"id": "s2"}),
            "supplierRef.id",
            "supplierRef.id: there is no supplier with the id 's2'.",
        ),
        (
            bill(lineItems=[line(accountRef={"id": "a\0"})]),
            "lineItems[0].accountRef.id",
            "Text with a NUL character.",
        ),
        (bill(currency="pounds"), "currency", "A currency is a three-letter ISO 4217 code."),
        (bill(totalAmount=13), "totalAmount", "Stated as 13, but its parts add up to 12."),
        (bill(issueDate="2026-02-30"), "issueDate", "'2026-02-30' is not a date."),
        (
            bill(lineItems=[line(), *[line(subTotal=0, taxAmount=0, quantity=0)] * 2]),
            "lineItems",
            "At most two lines.",
        ),
    ],
)
async def test_every_rule_of_the_platform_and_of_the_books_is_an_error(
    pool: asyncpg.Pool, books: Connection, content: Any, path: str, words: str
) -> None:
    found = await findings(pool, books, content)
    assert said(found.errors) == [(path, words)]
    assert found.warnings == ()


async def test_a_bill_without_lines_breaks_no_rule_about_lines(pool: asyncpg.Pool, books: Connection) -> None:
    assert (await findings(pool, books, bill(lineItems=[]))).errors == ()


async def test_a_word_is_taken_in_any_case(pool: asyncpg.Pool, books: Connection) -> None:
    assert await findings(pool, books, bill(status="open")) == Validation()


async def test_what_will_not_be_written_is_warned_of_once(pool: asyncpg.Pool, books: Connection) -> None:
    content = bill(
        id="mine",
        modifiedDate="2026-01-01T00:00:00Z",
        metadata={"isDeleted": True},
        note="hello",
        colour="red",
        lineItems=[line(itemRef={"id": "i1"}), line(itemRef={"id": "i1"}, subTotal=0, taxAmount=0, quantity=0)],
    )
    found = await findings(pool, books, content)
    assert found.errors == ()
    assert sorted(said(found.warnings)) == [
        ("colour", "colour is not a field of a bill and was ignored."),
        ("id", "id is read-only and was ignored."),
        ("lineItems[0].itemRef.id", "lineItems.itemRef.id is not written on this platform and was ignored."),
        ("metadata", "metadata is read-only and was ignored."),
        ("modifiedDate", "modifiedDate is read-only and was ignored."),
        ("note", "note is not written on this platform and was ignored."),
    ]


async def test_a_read_only_field_never_reaches_the_connector(books: Connection) -> None:
    assert CREATE_BILL is not None
    record = bodies.record_of(CREATE_BILL, json.dumps(bill(id="mine", metadata={"isDeleted": True})))
    assert isinstance(record, Bill)
    assert record.id is None
    assert not record.metadata.is_deleted


async def test_a_type_that_was_never_read_is_only_warned_of(pool: asyncpg.Pool, connection: Connection) -> None:
    found = await findings(pool, connection, bill())
    assert found.errors == ()
    assert said(found.warnings) == [
        ("supplierRef.id", "supplierRef.id was not checked: suppliers were never read."),
        (
            "lineItems[0].accountRef.id",
            "lineItems[0].accountRef.id was not checked: chartOfAccounts were never read.",
        ),
    ]


async def test_records_of_another_connection_do_not_count(pool: asyncpg.Pool, books: Connection) -> None:
    assert CREATE_BILL is not None
    found = await validate(
        pool,
        CREATE_BILL,
        json.dumps(bill()).encode(),
        company_id=books.company_id,
        connection_id=UUID(int=7),
    )
    assert len(found.warnings) == 2


@pytest.mark.parametrize(("sent", "errors"), [("s1", 0), ("s2", 1), (None, 0)])
async def test_an_update_may_repeat_its_id_but_not_differ(
    pool: asyncpg.Pool, books: Connection, sent: str | None, errors: int
) -> None:
    body = {"id": sent, "supplierName": "Papers", "status": "Active"}
    found = await findings(pool, books, body, UPDATE_SUPPLIER)
    assert (len(found.errors), len(found.warnings)) == (errors, 0)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"nonsense",
        b'{"a": NaN}',
        b"\xff{}",
        b'"text"',
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 33 + b"1" + b"}" * 33,
        b'{"a": "' + b"x" * BODY_SIZE_MAX_BYTES + b'"}',
    ],
    ids=["empty", "list", "text", "nan", "not utf-8", "string", "deep", "deeper than any record", "large"],
)
async def test_what_is_not_a_json_object_is_refused_outright(
    pool: asyncpg.Pool, books: Connection, body: bytes
) -> None:
    with pytest.raises(MalformedBody):
        await findings(pool, books, body)


async def test_a_long_hostile_body_makes_a_short_answer(pool: asyncpg.Pool, books: Connection) -> None:
    found = await findings(pool, books, bill(lineItems=[3] * 5_000, **{f"x{n}": 1 for n in range(5_000)}))
    assert (len(found.errors), len(found.warnings)) == (FINDINGS_MAX, FINDINGS_MAX)


def test_amounts_keep_every_digit() -> None:
    assert CREATE_BILL is not None
    body = json.dumps(bill()).replace('"totalAmount": 12', '"totalAmount": 12345678901234567.89')
    record = bodies.record_of(CREATE_BILL, body)
    assert isinstance(record, Bill)
    assert record.total_amount == Decimal("12345678901234567.89")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(changes=st.dictionaries(st.sampled_from(sorted([*bill(), "id", "metadata", "note"])), JSON, max_size=4))
def test_no_body_breaks_the_checks(changes: dict[str, Any]) -> None:
    assert CREATE_BILL is not None
    content = bodies.parse(json.dumps(bill(**changes)).encode())
    found = Findings("Bill")
    bodies.warn_of_ignored(CREATE_BILL, content, found)
    record = bodies.checked_record(CREATE_BILL, content, found)
    assert (record is None) == bool(found.errors)
    if record is not None:
        check_record(CREATE_BILL, record, found)
        assert BILLS.decode(BILLS.encode(record)) == record
