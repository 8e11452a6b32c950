"""The query language: grammar, kinds, messages with positions, and that no input can leave its place as a value."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookbridge.store.query import Compiled, Kind, Property, QueryError, compile_order, compile_query

PROPERTIES = {
    "id": Property(Kind.STRING, "record_id"),
    "status": Property(Kind.STRING, "status"),
    "supplierRef.id": Property(Kind.STRING, "supplier"),
    "amountDue": Property(Kind.NUMBER, "due"),
    "totalAmount": Property(Kind.NUMBER, "total"),
    "dueDate": Property(Kind.DATE, "due_date"),
    "metadata.isDeleted": Property(Kind.BOOL, "is_deleted"),
}


def compiled(text: str) -> Compiled:
    return compile_query(text, PROPERTIES, of="Bill", first=3)


def test_values_are_bound_and_counted_from_first() -> None:
    result = compiled("amountDue>0&&totalAmount<1000.50")
    assert result.sql == "(due > $3::numeric and total < $4::numeric)"
    assert result.arguments == (Decimal("0"), Decimal("1000.50"))


def test_and_binds_tighter_than_or_and_braces_group() -> None:
    assert compiled("id=a||id=b&&status=c").sql == (
        "(lower(record_id) = lower($3::text) or "
        "(lower(record_id) = lower($4::text) and lower(status) = lower($5::text)))"
    )
    assert compiled("{id=a || id=b} && status = c").sql == (
        "((lower(record_id) = lower($3::text) or lower(record_id) = lower($4::text)) "
        "and lower(status) = lower($5::text))"
    )


def test_not_equal_also_finds_what_is_missing() -> None:
    assert compiled("metadata.isDeleted!=true").sql == "is_deleted is distinct from $3::boolean"


def test_a_bare_date_equals_the_whole_day() -> None:
    assert compiled("dueDate=2026-01-31") == Compiled(
        "(due_date >= $3::timestamptz and due_date < $4::timestamptz)",
        (datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)),
    )
    assert compiled("dueDate>2026-01-31T10:00:00+02:00").arguments == (datetime(2026, 1, 31, 8, tzinfo=UTC),)


def test_names_are_found_whatever_their_case_and_values_keep_theirs() -> None:
    assert compiled("SUPPLIERREF.ID= Acme & Sons ").arguments == ("Acme & Sons",)


@pytest.mark.parametrize(
    ("text", "sql", "arguments"),
    [
        ("dueDate=null", "due_date is null", ()),
        ("dueDate != NULL", "due_date is not null", ()),
        ("metadata.isDeleted!=null", "is_deleted is not null", ()),
        ('status="null"', "lower(status) = lower($3::text)", ("null",)),
        ('status="a && b || {c}"', "lower(status) = lower($3::text)", ("a && b || {c}",)),
        ('status = "say ""hi""" ', "lower(status) = lower($3::text)", ('say "hi"',)),
        ('status~""', "position(lower($3::text) in lower(status)) > 0", ("",)),
        ('status="Acme" Ltd', "lower(status) = lower($3::text)", ('"Acme" Ltd',)),
        (
            "status in (Open, PartiallyPaid)",
            "(lower(status) = lower($3::text) or lower(status) = lower($4::text))",
            ("Open", "PartiallyPaid"),
        ),
        ('status IN("a, (b)",null)', "(lower(status) = lower($3::text) or status is null)", ("a, (b)",)),
        ("amountDue in (1)", "due = $3::numeric", (Decimal(1),)),
    ],
)
def test_more_than_the_contract_asks(text: str, sql: str, arguments: tuple[object, ...]) -> None:
    assert compiled(text) == Compiled(sql, arguments)


@pytest.mark.parametrize(
    "text",
    [
        "amountDue > 0",
        "supplierRef.id=61",
        "amountDue>0&&totalAmount<1000",
        "dueDate>2021-01-28",
        "metadata.isDeleted!=true",
        "{totalAmount > 100 || totalAmount < 50} && status != paid",
        "metadata.isDeleted=false&&status=liability",
        "dueDate>2023-06-01&&dueDate<2023-06-30",
        "dueDate>=2023-06-01T10:00:00.0000000Z",
        "status=in (transit)",
    ],
)
def test_the_contracts_own_words_are_understood(text: str) -> None:
    assert compiled(text).sql


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a property name is expected at character 1"),
        ("status", "an operator is expected at character 7"),
        ("status=", "a value is expected at character 8"),
        ("status=a&&", "a property name is expected at character 11"),
        ("{status=a", "a '}' is missing at character 10"),
        ("status=a}", "unexpected '}' at character 9"),
        ("status=a||{}", "a property name is expected at character 12"),
        ("lineItems.unitAmount>1", "Could not resolve property lineItems.unitAmount on Bill"),
        ("status in (a, b", "a ')' is missing at character 16"),
        ("status in ()", "a value is expected at character 12"),
        ("status in (a,,b)", "a value is expected at character 14"),
        ("status in (" + ",".join(["a"] * 100) + ")", "more than 64 conditions"),
        ('status="a && b', "an operator is expected at character 15"),
        ("amountDue>null", "amountDue is compared with a number, not 'null', at character 11."),
        ("id=1 && amountDue = x", "amountDue is compared with a number, not 'x', at character 21."),
        ("amountDue in (1, x)", "amountDue is compared with a number, not 'x', at character 18."),
        ("status>a", "Operator > does not apply to status, which is a string, at character 7."),
        ("amountDue~1", "Operator ~ does not apply to amountDue"),
        ("amountDue=abc", "amountDue is compared with a number, not 'abc'"),
        ("amountDue=1e999999", "amountDue is compared with a number"),
        ("amountDue=NaN", "amountDue is compared with a number"),
        ("dueDate=31/01/2026", "dueDate is compared with a date such as 2026-01-31"),
        ("metadata.isDeleted=maybe", "compared with true or false"),
        ("{" * 40 + "status=a" + "}" * 40, "more than 16 nested braces"),
        ("&&".join(["status=a"] * 100), "more than 64 conditions"),
        ("status=" + "a" * 3000, "at most 2047 characters"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        compiled(text)
    assert message in str(caught.value)


def test_order_is_by_known_properties_only() -> None:
    assert compile_order("-dueDate", PROPERTIES, of="Bill") == "due_date desc nulls last"
    with pytest.raises(QueryError, match="Could not resolve property dueDate; drop"):
        compile_order("dueDate; drop table records", PROPERTIES, of="Bill")


@given(st.text(max_size=200))
def test_no_text_reaches_sql_except_as_a_bound_value(value: str) -> None:
    """Whatever is typed, the SQL is made of our own words and placeholders only."""
    for text in (value, f"status={value}", f"{value}=x", f"amountDue>{value}"):
        try:
            result = compiled(text)
        except QueryError:
            continue
        words = result.sql
        for part in ("lower(", "::text", "::numeric", "::boolean", "::timestamptz", "::date", "position("):
            words = words.replace(part, "")
        allowed = set("record_id status supplier due total due_date is_deleted and or is distinct from in")
        assert set(words) <= allowed | set("abcdefghijklmnopqrstuvwxyz()=<>$0123456789 ")
        assert "'" not in result.sql
        assert ";" not in result.sql


async def test_hostile_values_run_as_values(pool: asyncpg.Pool) -> None:
    await pool.execute("create table hostile (status text)")
    await pool.execute("insert into hostile values ($1)", "x'); drop table hostile; --")
    result = compile_query(
        "status=x'); drop table hostile; --", {"status": Property(Kind.STRING, "status")}, of="X", first=1
    )
    found = await pool.fetchval(f"select count(*) from hostile where {result.sql}", *result.arguments)
    assert found == 1
