"""Options: the golden tree of a bill on the test ledger, and the choices from synced records.

After a wanted change, BOOKBRIDGE_WRITE_GOLDEN=1 writes the golden file anew: read its diff.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import asyncpg
import msgspec
import pytest

from bookbridge.accounting import catalog
from bookbridge.accounting.options import PushOption
from bookbridge.companies.connections import Connection
from bookbridge.connectors.kit.connector import Choice, Connector, Operation, Write
from bookbridge.connectors.registry import CONNECTORS
from bookbridge.push import options as options_module
from bookbridge.push.errors import NotSupported, UnknownDataType
from bookbridge.push.fields import write_fields
from bookbridge.push.options import options
from bookbridge.store import records
from bookbridge.store.query import compile_query
from tests.push.conftest import keep
from tests.push.ledger_connector import CONNECTOR

GOLDEN = Path(__file__).parent / "golden" / "bill_options.json"


async def options_of(pool: asyncpg.Pool, connection: Connection, data_type: str) -> PushOption:
    return await options(pool, CONNECTOR, connection.company_id, connection.id, data_type)


def at(option: PushOption, path: str) -> PushOption:
    for name in path.split("."):
        assert option.properties is not None
        option = option.properties[name]
    return option


async def test_the_tree_of_a_bill_is_as_it_was(pool: asyncpg.Pool, connection: Connection) -> None:
    await keep(pool, connection, "suppliers", {"id": "s1", "supplierName": "Papers Ltd", "status": "Active"})
    await keep(pool, connection, "chartOfAccounts", {"id": "a1", "name": "Stationery", "status": "Active"})
    tree = await options_of(pool, connection, "bills")
    text = msgspec.json.format(msgspec.json.encode(tree)).decode() + "\n"
    if os.environ.get("BOOKBRIDGE_WRITE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


async def test_choices_are_the_records_that_something_new_may_refer_to(
    pool: asyncpg.Pool, connection: Connection
) -> None:
    for record_id, status in (("s1", "Active"), ("s2", "Archived"), ("s3", "Active")):
        content = {"id": record_id, "supplierName": f"Name of {record_id}", "status": status}
        await keep(pool, connection, "suppliers", content, deleted=record_id == "s3")
    await keep(pool, connection, "suppliers", {"id": "s4", "status": "Active"})
    supplier_id = at(await options_of(pool, connection, "bills"), "supplierRef.id")
    assert [(choice.value, choice.display_name) for choice in supplier_id.options] == [
        ("s1", "Name of s1"),
        ("s4", "s4"),
    ]
    assert supplier_id.validation is None


async def test_too_many_choices_are_not_listed_in_part(
    pool: asyncpg.Pool, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options_module, "CHOICES_MAX", 2)
    for number in range(3):
        await keep(pool, connection, "suppliers", {"id": f"s{number}", "status": "Active"})
    supplier_id = at(await options_of(pool, connection, "bills"), "supplierRef.id")
    assert supplier_id.options == ()
    assert supplier_id.validation is not None
    assert "too many suppliers" in supplier_id.validation.information[0].details


async def test_a_key_is_taken_in_any_case(pool: asyncpg.Pool, connection: Connection) -> None:
    assert (await options_of(pool, connection, "Bills")).display_name == "Bill"


async def test_what_cannot_be_written_has_no_options(pool: asyncpg.Pool, connection: Connection) -> None:
    with pytest.raises(UnknownDataType):
        await options_of(pool, connection, "giraffes")
    for known in ("taxRates", "invoices"):
        with pytest.raises(NotSupported):
            await options_of(pool, connection, known)


WRITES = [
    (connector, write)
    for connector in (*CONNECTORS, CONNECTOR)
    for write in connector.writes
    if write.operation is not Operation.DELETE
]


@pytest.mark.parametrize(
    ("connector", "write"), WRITES, ids=lambda row: getattr(row, "path", None) or getattr(row, "key", "")
)
async def test_every_path_in_every_manifest_is_a_field_that_the_options_show(
    pool: asyncpg.Pool, connection: Connection, connector: object, write: object
) -> None:
    """A misspelt path in a Write row would be a rule that never holds."""

    assert isinstance(connector, Connector)
    assert isinstance(write, Write)
    tree = await options(pool, connector, connection.company_id, connection.id, write.data_type.key)
    for path in (*write.fields, *write.required, *write.usual, *write.notes, *write.choices, *write.length_max):
        assert path in write_fields(write).shown, path
        at(tree, path)
    for path in (*write.required, *write.usual):
        assert at(tree, path).required, path
    for path, note in write.notes.items():
        validation = at(tree, path).validation
        assert validation is not None
        told = validation.information if path in write.usual else validation.warnings
        assert note in [one.details for one in told], path


NARROWED = [
    (f"{connector.key}-{write.data_type.key}-{path}", allowed)
    for connector in CONNECTORS
    for write in connector.writes
    for path, allowed in write.choices.items()
    if allowed.where
]


@pytest.mark.parametrize("allowed", [one for _, one in NARROWED], ids=[name for name, _ in NARROWED])
def test_what_narrows_choices_is_a_query_over_their_type(allowed: Choice) -> None:
    data_type = catalog.by_key(allowed.records_of or "")
    assert compile_query(allowed.where, records.properties(data_type), of=data_type.name, first=1).arguments


ACCOUNTS = [
    ("a1", {"isBankAccount": False, "validDatatypeLinks": [{"property": "Id", "links": ["Bill.LineItems"]}]}),
    ("a2", {"isBankAccount": False, "validDatatypeLinks": [{"property": "Id", "links": ["Payment.AccountRef"]}]}),
    ("a3", {"isBankAccount": False, "validDatatypeLinks": [{"property": "Id", "links": []}]}),
    ("a4", {"isBankAccount": False}),
    ("a5", {"isBankAccount": True}),
]


@pytest.mark.parametrize(
    ("allowed", "offered"),
    [
        (Choice(records_of="chartOfAccounts"), ["a1", "a2", "a4", "a5"]),
        (Choice(records_of="chartOfAccounts", where="isBankAccount=false"), ["a1", "a2", "a4"]),
        (Choice(records_of="chartOfAccounts", linked="Bill.LineItems"), ["a1"]),
    ],
)
async def test_choices_are_those_that_the_platform_takes_there(
    pool: asyncpg.Pool, connection: Connection, allowed: Choice, offered: list[str]
) -> None:
    for record_id, content in ACCOUNTS:
        await keep(pool, connection, "chartOfAccounts", {"id": record_id, "name": record_id, **content})
    write = CONNECTOR.write("bills", Operation.CREATE)
    assert write is not None
    narrowed = replace(
        CONNECTOR,
        writes=(replace(write, choices={"lineItems.accountRef.id": allowed}, usual=("dueDate",), notes={}),),
    )
    tree = await options(pool, narrowed, connection.company_id, connection.id, "bills")
    assert [one.value for one in at(tree, "lineItems.accountRef.id").options] == offered
    assert at(tree, "dueDate").required
