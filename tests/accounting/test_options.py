"""Push options follow from the record classes."""

from __future__ import annotations

import json

import msgspec
import pytest

from bookbridge.accounting.catalog import DATA_TYPES, AnyDataType
from bookbridge.accounting.options import PushOption, PushOptionType, display_name_of, model_options
from bookbridge.accounting.types.bills import Bill


def test_the_tree_of_a_bill() -> None:
    tree = model_options(Bill)
    assert tree.display_name == "Bill"
    assert tree.type is PushOptionType.OBJECT
    assert tree.properties is not None
    issue_date = tree.properties["issueDate"]
    assert (issue_date.type, issue_date.required) == (PushOptionType.DATE_TIME, True)
    assert issue_date.description == "Date on the bill."
    assert not tree.properties["dueDate"].required
    supplier = tree.properties["supplierRef"]
    assert supplier.type is PushOptionType.OBJECT
    assert supplier.properties is not None
    assert supplier.properties["id"].required
    lines = tree.properties["lineItems"]
    assert lines.type is PushOptionType.ARRAY
    assert lines.properties is not None
    assert lines.properties["quantity"].type is PushOptionType.NUMBER
    tracking = lines.properties["tracking"]
    assert tracking.properties is not None
    assert tracking.properties["categoryRefs"].type is PushOptionType.ARRAY


def test_words_become_choices_without_unknown() -> None:
    tree = model_options(Bill)
    assert tree.properties is not None
    choices = [choice.value for choice in tree.properties["status"].options]
    assert choices == ["Open", "PartiallyPaid", "Paid", "Void", "Draft"]


@pytest.mark.parametrize("data_type", DATA_TYPES, ids=lambda one: one.key)
def test_nothing_read_only_is_asked_for(data_type: AnyDataType) -> None:
    tree = model_options(data_type.record)
    assert tree.properties is not None
    assert not {"id", "metadata", "modifiedDate", "sourceModifiedDate"} & set(tree.properties)


@pytest.mark.parametrize("data_type", DATA_TYPES, ids=lambda one: one.key)
def test_the_tree_is_what_clients_parse(data_type: AnyDataType) -> None:
    text = msgspec.json.encode(model_options(data_type.record))
    assert msgspec.json.decode(text, type=PushOption) == model_options(data_type.record)

    def walk(node: dict[str, object]) -> None:
        assert {"type", "displayName", "description", "required"} <= set(node)
        assert None not in node.values()
        for child in node.get("properties", {}).values():  # type: ignore[attr-defined]
            walk(child)

    walk(json.loads(text))


def test_display_names() -> None:
    assert [display_name_of(name) for name in ("issueDate", "line1", "id", "NonInventory")] == [
        "Issue Date",
        "Line1",
        "Id",
        "Non Inventory",
    ]
