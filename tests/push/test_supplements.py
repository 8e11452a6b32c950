"""Supplemental data on its way to the platform: in the creating request, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from bookbridge.companies import connections, supplemental
from bookbridge.companies.supplemental import Configuration, Part
from bookbridge.connectors.kit.connector import Operation
from bookbridge.connectors.kit.errors import Rejected
from bookbridge.push.operations import PushOperation, Status
from bookbridge.push.supplements import TEXT_LENGTH_MAX, VALUES_MAX, Extra, shape_with
from tests.connectors.conftest import emulator_url, sandbox, vendor_http  # noqa: F401 - fixtures
from tests.push.test_own_ledger import LedgerDesk
from tests.push.test_own_ledger import desk as own  # noqa: F401 - fixture
from tests.push.test_xero import XeroDesk, xero  # noqa: F401 - fixture
from tests.push.xero_ground import Ground

EXTRA = Part(
    data_source="/Contacts",
    push_data={"nickname": "FirstName", "number": "$.AccountNumber", "shown": "Name", "rate": "Discount"},
    pull_data={"nickname": "FirstName"},
)
OTHER = Part(data_source="/Invoices", push_data={"note": "Note"})


async def configured(desk: Any, data_type: str = "suppliers", **groups: Part) -> None:
    given = Configuration(supplemental_data_config=groups or {"Extra": EXTRA, "Other": OTHER})
    async with desk.pool.acquire() as db:
        await supplemental.keep(db, desk.connection.integration_key, data_type, given)


def supplier(content: Any, name: str = "Ada Ltd") -> dict[str, Any]:
    return {"supplierName": name, "status": "Active", "supplementalData": {"content": content}}


async def ended(desk: Any, body: dict[str, Any], *args: Any, **more: Any) -> PushOperation:
    operation = await desk.submit("suppliers", body, *args, **more)
    await desk.work()
    found: PushOperation = await desk.get(operation.id)
    return found


def errors(operation: PushOperation) -> list[tuple[str | None, str]]:
    assert operation.validation is not None
    return [(one.item_id, one.message) for one in operation.validation.errors]


async def contact(desk: XeroDesk, operation: PushOperation) -> dict[str, Any]:
    found: dict[str, Any] = (await Ground(desk).raw("GET", f"Contacts/{operation.result_record_id}"))["Contacts"][0]
    return found


async def test_it_goes_into_the_creating_request(xero: XeroDesk) -> None:  # noqa: F811
    await configured(xero)
    before = await xero.effects()
    made = await ended(xero, supplier({"Extra": {"nickname": "Countess", "number": "A-1"}}))
    assert (made.status, made.validation.warnings if made.validation else ()) == (Status.SUCCESS, ())
    held = await contact(xero, made)
    assert (held["Name"], held["FirstName"], held["AccountNumber"]) == ("Ada Ltd", "Countess", "A-1")
    assert (await xero.effects())["PUT Contacts"] - before.get("PUT Contacts", 0) == 1
    # A name that the contract's fields use too is overwritten.
    made = await ended(xero, supplier({"Extra": {"shown": "Lovelace Ltd"}}, "Byron Ltd"))
    assert (await contact(xero, made))["Name"] == "Lovelace Ltd"


async def test_what_the_platform_does_not_take_fails_the_write(xero: XeroDesk) -> None:  # noqa: F811
    await configured(xero)
    assert (await ended(xero, supplier({"Extra": {"number": "A-1"}}))).status is Status.SUCCESS
    twice = await ended(xero, supplier({"Extra": {"number": "A-1"}}, "Babbage Ltd"))
    assert twice.status is Status.FAILED
    assert "Account Number already exists" in (twice.error_message or "")
    names = [one["Name"] for one in (await Ground(xero).raw("GET", "Contacts"))["Contacts"]]
    assert "Babbage Ltd" not in names


@pytest.mark.parametrize(
    ("content", "field", "message"),
    [
        ({"Nobody": {"a": 1}}, "supplementalData.content.Nobody", "is not configured for this platform"),
        ({"Extra": {"b": 1}}, "supplementalData.content.Extra.b", "is not configured to be written"),
        ({"Extra": {"nickname": ["x"]}}, "supplementalData.content.Extra.nickname", "must be a single value"),
        ({"Extra": {"nickname": "x" * (TEXT_LENGTH_MAX + 1)}}, "supplementalData.content.Extra.nickname", "longer"),
        ({"Extra": "Ada"}, "supplementalData.content.Extra", "must be an object"),
        ({"Other": {"note": "x"}}, "supplementalData.content.Other", "is created in /Contacts"),
        ("Ada", "supplementalData", "must have a content"),
    ],
)
async def test_what_cannot_be_written_is_refused_before_it_leaves(
    xero: XeroDesk,  # noqa: F811
    content: Any,
    field: str,
    message: str,
) -> None:
    await configured(xero)
    refused = await xero.submit("suppliers", supplier(content))
    assert refused.status is Status.FAILED
    [(where, what)] = errors(refused)
    assert where == field
    assert message in what


async def test_there_is_an_end_to_what_one_body_may_bring(xero: XeroDesk) -> None:  # noqa: F811
    groups = {f"G{number}": Part(data_source="/Contacts", push_data={"a": "A", "b": "B"}) for number in range(101)}
    await configured(xero, **groups)
    refused = await xero.submit("suppliers", supplier({name: {"a": 1, "b": 2} for name in groups}))
    assert errors(refused) == [("supplementalData", f"At most {VALUES_MAX} values can be written.")]


async def test_without_a_configuration_it_is_a_field_that_is_not_taken(xero: XeroDesk) -> None:  # noqa: F811
    made = await ended(xero, supplier({"Extra": {"nickname": "Countess"}}))
    assert made.status is Status.SUCCESS
    assert made.validation is not None
    assert ["ignored" in one.message for one in made.validation.warnings] == [True]
    await configured(xero)
    changed = supplier({"Extra": {"nickname": "Countess"}})
    update = await ended(xero, changed, Operation.UPDATE, record_id=made.result_record_id)
    assert update.status is Status.SUCCESS
    assert update.validation is not None
    assert ["ignored" in one.message for one in update.validation.warnings] == [True]
    assert not (await contact(xero, update)).get("FirstName")


async def test_a_configuration_that_has_changed_since_fails_what_no_longer_fits(xero: XeroDesk) -> None:  # noqa: F811
    await configured(xero)
    waiting = await xero.submit("suppliers", supplier({"Extra": {"nickname": "Countess"}}))
    await configured(xero, Extra=Part(data_source="/Contacts", push_data={"other": "LastName"}))
    await xero.work()
    failed = await xero.get(waiting.id)
    assert failed.status is Status.FAILED
    assert errors(failed)[0][0] == "supplementalData.content.Extra.nickname"


async def test_our_own_ledger_takes_it_too(own: LedgerDesk) -> None:  # noqa: F811
    own.connection = await connections.get(own.pool, own.connection.company_id, own.connection.id)
    await configured(own, Extra=Part(data_source="/suppliers", push_data={"call": "phone"}))
    made = await ended(own, supplier({"Extra": {"call": "0113 496 0000"}}))
    assert made.status is Status.SUCCESS, made.error_message
    assert (await own.held("suppliers", made.result_record_id))["phone"] == "0113 496 0000"


def test_a_place_within_something_else_is_refused() -> None:
    shape = shape_with(lambda record, facts: {"Lines": [1], "Name": "x"}, [Extra(("New", "Deep"), 1)])
    assert shape(None, {}) == {"Lines": [1], "Name": "x", "New": {"Deep": 1}}  # type: ignore[arg-type]
    for path in (("Lines", "Deep"), ("Name", "Deep")):
        with pytest.raises(Rejected, match="no object"):
            shape_with(lambda record, facts: {"Lines": [1], "Name": "x"}, [Extra(path, 1)])(None, {})  # type: ignore[arg-type]
