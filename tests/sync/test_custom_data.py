"""Custom data types and supplemental data, drawn from what the vendor sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from bookbridge.companies.errors import ValidationProblem
from bookbridge.companies.supplemental import Configuration, Part
from bookbridge.sync import custom_data, queue, raw_values, supplements
from bookbridge.sync.custom_data import CustomDataType
from tests.sync.conftest import Desk

CONTACTS = CustomDataType(
    data_source="/Contacts",
    required_data={"name": "$.Name", "kind": "$.IsSupplier", "addresses": "$.Addresses", "none": "$.Nothing.Here"},
    key_by=["$.ContactID"],
    source_modified_date=["$.UpdatedDateUTC"],
)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.a", Decimal("12345678901234567.89")),
        ("b.c", "x"),
        ("$.d[1].e", True),
        ("d[7].e", None),
        ("b", None),
        ("b.c.d", None),
        ("$.nothing", None),
    ],
)
def test_paths(path: str, value: Any) -> None:
    content = raw_values.decode(b'{"a":12345678901234567.89,"b":{"c":"x"},"d":[1,{"e":true}]}')
    assert raw_values.value_at(content, raw_values.path_of(path, "x")) == value


@pytest.mark.parametrize("path", ["", "$", "a..b", ".", "a[x]", "a[", "a.[0]", "x" * 301, ".".join("a" * 21), "a\0"])
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(ValidationProblem):
        raw_values.path_of(path, "x")


@pytest.mark.parametrize(
    "source",
    ["", "https://evil.example/x", "//evil.example", "../Invoices", "Contacts/../x", "a b", "Contacts\0", "@x", "a:1",
     "Contacts%2f..", "x" * 1_001],
)  # fmt: skip
async def test_sources_that_are_no_lists(desk: Desk, source: str) -> None:
    async with desk.pool.acquire() as db:
        with pytest.raises(ValidationProblem):
            await custom_data.configure(db, "gbol", "mine", msgspec.structs.replace(CONTACTS, data_source=source))


async def configure(desk: Desk, given: CustomDataType, custom_id: str = "contacts") -> None:
    async with desk.pool.acquire() as db, db.transaction():
        await custom_data.configure(db, "gbol", custom_id, given)


async def read(desk: Desk, custom_id: str = "contacts") -> str:
    async with desk.pool.acquire() as db, db.transaction():
        queued = await custom_data.queue_read(db, desk.connection, custom_id)
    await desk.work()
    return (await desk.dataset(queued)).status


async def test_a_custom_type_of_a_paged_list(desk: Desk) -> None:
    await configure(desk, CONTACTS)
    assert await read(desk) == "Complete"
    found = await desk.records("custom/contacts")
    assert len(found) > 2
    for key, body in found.items():
        assert body["id"] == key
        assert set(body["content"]) == {"name", "kind", "addresses", "none"}
        assert body["content"]["name"]
        assert isinstance(body["content"]["kind"], bool)
        assert body["content"]["addresses"] is None, "a list is no value"
        assert body["modifiedDate"]
        assert body["sourceModifiedDate"].endswith("Z")
    assert "custom/contacts" not in {dataset.data_type for dataset in await desk.queue()}
    await desk.work()
    before = await desk.versions()
    assert await read(desk) == "Complete"
    assert await desk.versions() == before, "unchanged rows are not written"


async def test_a_custom_type_of_any_other_list(desk: Desk) -> None:
    currencies = CustomDataType(
        data_source="Currencies", required_data={"text": "Description"}, key_by=["Code", "Description"]
    )
    await configure(desk, currencies, "currencies")
    assert await read(desk, "currencies") == "Complete"
    found = await desk.records("custom/currencies")
    assert all("|" in key for key in found)
    assert found


async def test_wishes_that_no_row_meets(desk: Desk) -> None:
    await configure(desk, msgspec.structs.replace(CONTACTS, key_by=["Nothing"]))
    assert await read(desk) == "MapError"
    await configure(desk, msgspec.structs.replace(CONTACTS, data_source="NoSuchList"))
    assert await read(desk) in {"FetchError", "NotSupported"}
    async with desk.pool.acquire() as db:
        with pytest.raises(LookupError):
            await custom_data.queue_read(db, desk.connection, "unknown")


async def test_supplemental_data_is_put_into_records(desk: Desk) -> None:
    await desk.read("suppliers")
    plain = await desk.records("suppliers")
    wanted = Configuration(
        supplemental_data_config={
            "Extra": Part(data_source="/Contacts", pull_data={"called": "Name", "none": "No.Such"}),
            "Elsewhere": Part(data_source="/Invoices", pull_data={"total": "Total"}, push_data={"a": "b"}),
        }
    )
    async with desk.pool.acquire() as db, db.transaction():
        await supplements.configure(db, "gbol", "suppliers", wanted)
    again = await desk.read("suppliers")
    assert (again.status, again.since) == ("Complete", None), "another wish: everything is read anew"
    for key, body in (await desk.records("suppliers")).items():
        if body["metadata"]["isDeleted"]:
            continue
        content = body["supplementalData"]["content"]
        assert content == {"Extra": {"called": plain[key]["supplierName"], "none": None}, "Elsewhere": {"total": None}}
    assert (await desk.read("suppliers")).since is not None
    async with desk.pool.acquire() as db, db.transaction():
        await supplements.configure(db, "gbol", "suppliers", Configuration())
    await desk.read("suppliers")
    assert all("supplementalData" not in body for body in (await desk.records("suppliers")).values())


async def test_a_platform_without_such_lists(desk: Desk) -> None:
    async with desk.pool.acquire() as db, db.transaction():
        await custom_data.configure(db, "akxx", "mine", CONTACTS)
        elsewhere = msgspec.structs.replace(desk.connection, integration_key="akxx")
        with pytest.raises(queue.DataTypeNotSupported):
            await custom_data.queue_read(db, elsewhere, "mine")
