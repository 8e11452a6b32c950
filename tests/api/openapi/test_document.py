"""The document describes every route, is valid, and is the one that is committed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler
from openapi_spec_validator import OpenAPIV31SpecValidator

from bookbridge.accounting import catalog
from bookbridge.accounting.types.bills import Bill
from bookbridge.api import companies
from bookbridge.api.app import SUBJECTS
from bookbridge.api.openapi.document import build, document, document_text, routes_of, undescribed
from bookbridge.api.openapi.examples import example
from bookbridge.api.openapi.operation import Operation
from bookbridge.api.openapi.operations import Subject, all_operations
from bookbridge.api.openapi.rows import expense_bodies as bodies
from bookbridge.api.openapi.schemas import Schemas
from bookbridge.connectors.kit.expenses import SpendType
from bookbridge.products.expenses import older_requests, requests
from bookbridge.products.expenses.errors import InvalidRequest
from bookbridge.products.expenses.transactions import Line, Spending

COMMITTED = Path(__file__).parents[3] / "docs" / "openapi.json"
KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def handlers() -> list[HTTPRouteHandler]:
    found = [handler for subject in SUBJECTS for handler in subject]
    assert all(isinstance(handler, HTTPRouteHandler) for handler in found)
    return found


def operations() -> Iterator[dict[str, Any]]:
    for methods in document()["paths"].values():
        yield from methods.values()


def test_every_route_has_a_row() -> None:
    assert undescribed(handlers()) == [], "add a row in bookbridge/api/openapi/rows"


def test_a_route_without_a_row_is_found() -> None:
    known = {id(row.handler) for _, row in all_operations()}

    @companies.get("/companies/{company_id:str}/forgotten")
    async def forgotten() -> None:
        """Not described."""

    assert id(forgotten) not in known
    found = set(undescribed([*handlers(), forgotten])) - set(undescribed(handlers()))
    assert found == {"forgotten /companies/{company_id:str}/forgotten"}


def test_every_row_has_a_route() -> None:
    served = {id(handler) for handler in handlers()}
    assert [row.id for _, row in all_operations() if id(row.handler) not in served] == []


def test_it_is_valid() -> None:
    OpenAPIV31SpecValidator(document()).validate()


def test_it_is_the_committed_one() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == document_text(), "run `make docs`"


def test_ids_are_in_kebab_case() -> None:
    assert [one["operationId"] for one in operations() if not KEBAB.fullmatch(one["operationId"])] == []


def test_every_operation_says_what_it_is() -> None:
    assert [one["operationId"] for one in operations() if not one["summary"] or one["summary"].endswith(".")] == []


def test_every_reference_leads_somewhere() -> None:
    text = document_text()
    for reference in set(re.findall(r'"#/([^"]+)"', text)):
        found: Any = document()
        for step in reference.split("/"):
            found = found[step]


def test_every_component_is_used() -> None:
    used = set(re.findall(r'"#/components/schemas/([^"]+)"', document_text()))
    assert set(document()["components"]["schemas"]) - used == set()


@pytest.mark.parametrize("data_type", catalog.DATA_TYPES, ids=lambda one: one.key)
def test_every_data_type_has_its_own_address_and_fields(data_type: catalog.AnyDataType) -> None:
    paths = [path for path in document()["paths"] if f"/data/{data_type.path}" in path or data_type.parent]
    assert paths
    schema = document()["components"]["schemas"][data_type.name]
    assert all(field.get("description") for field in schema["properties"].values()), schema


def test_every_schema_and_field_is_explained() -> None:
    lacking = [
        f"{name}.{field}"
        for name, schema in document()["components"]["schemas"].items()
        for field, content in [("", schema), *schema.get("properties", {}).items()]
        if not content.get("description")
    ]
    assert lacking == [], "put a sentence under the field"


@pytest.mark.parametrize("data_type", catalog.DATA_TYPES, ids=lambda one: one.key)
def test_examples_are_taken_as_they_are_shown(data_type: catalog.AnyDataType) -> None:
    """What the pages show as the body of a write is a record."""
    name = f"{data_type.name}ToWrite"
    components = document()["components"]["schemas"]
    if name in components:
        shown = example({"$ref": f"#/components/schemas/{name}"}, components)
        data_type.decode_submission(json.dumps(shown))


def changed_spending(body: bytes) -> Any:
    """A change of a card transaction that was written in pounds."""
    lines = (Line(net_amount=Decimal(1), account_id="a"),)
    earlier = Spending(id=uuid4(), type=SpendType.PAYMENT, issue_date="2026-01-05", currency="GBP", lines=lines)
    return requests.changed_spending(body, earlier)


@pytest.mark.parametrize(
    ("schema", "read"),
    [
        (bodies.ExpenseTransactions, requests.spendings),
        (bodies.ReimbursableExpenses, requests.reimbursables),
        (bodies.AdjustmentTransactions, requests.adjustments),
        (bodies.ExpenseDataset, older_requests.older_spendings),
        (bodies.SyncRequest, older_requests.dataset_ids),
        (bodies.TransferTransaction, partial(requests.transfer, transaction_id=uuid4())),
        (bodies.ExpenseTransactionChange, changed_spending),
        (bodies.ReimbursableExpenseChange, partial(requests.changed_reimbursable, transaction_id=uuid4())),
    ],
)
def test_expenses_are_read_as_they_are_described(schema: Any, read: Callable[[bytes], Any]) -> None:
    """Their bodies are not decoded with the classes that describe them: the two must agree all the same."""
    schemas = Schemas([schema])
    shown = example(schemas.of(schema), schemas.components)
    assert read(json.dumps(shown).encode())
    described, is_list = schemas.of(schema), isinstance(shown, list)
    one = schemas.components[(described["items"] if is_list else described)["$ref"].rpartition("/")[2]]
    assert one["required"]
    for required in one["required"]:
        lacking = {name: value for name, value in (shown[0] if is_list else shown).items() if name != required}
        with pytest.raises(InvalidRequest):
            read(json.dumps([lacking] if is_list else lacking).encode())


def test_amounts_are_numbers_and_dates_have_their_form() -> None:
    bill = document()["components"]["schemas"][Bill.__name__]
    assert bill["properties"]["totalAmount"]["type"] == "number"
    assert bill["properties"]["issueDate"]["$ref"] == "#/components/schemas/DateTime"
    assert {"id", "metadata", "modifiedDate", "totalAmount"} <= set(bill["required"])
    written = document()["components"]["schemas"]["BillToWrite"]
    assert "id" not in written["properties"]
    assert "metadata" not in written["properties"]


def test_ids_and_addresses_stand_once() -> None:
    row = Operation(companies.list_companies, "list-companies")
    with pytest.raises(ValueError, match="two operations are called list-companies"):
        build([Subject("One", "", (row, row))])
    with pytest.raises(ValueError, match="two operations describe get /companies"):
        build([Subject("One", "", (row, Operation(companies.list_companies, "other")))])


def test_a_row_cannot_name_a_path_that_its_handler_lacks() -> None:
    row = Operation(companies.list_companies, "list-companies", paths=("/elsewhere",))
    with pytest.raises(ValueError, match="the handler is not at /elsewhere"):
        list(routes_of(row))


def test_no_answer_can_hold_a_null() -> None:
    """Clients of the contract fail on null, and the document says nowhere that there may be one."""
    leaving_it_out = {row.answers for _, row in all_operations() if isinstance(row.answers, type)}
    structs = [one for one in leaving_it_out if issubclass(one, msgspec.Struct)]
    assert len(structs) > 30
    faulty = [
        f"{struct.__name__}.{field.name}"
        for struct in structs
        if not struct.__struct_config__.omit_defaults
        for field in msgspec.structs.fields(struct)
        if field.default is None
    ]
    assert faulty == []
