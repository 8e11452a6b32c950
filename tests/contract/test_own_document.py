"""Whoever generates a client from our own document finds every operation of the contract in it."""

from __future__ import annotations

import pytest

from tests.contract import own
from tests.contract.documents import NAMES, Document, Operation


@pytest.mark.parametrize(
    "operation", [one for name in NAMES for one in Document(name).operations()], ids=lambda one: one.name
)
def test_every_operation_of_the_contract_is_in_our_document(operation: Operation) -> None:
    ours = own.operations().get(own.address(operation.method, operation.path))
    assert ours is not None
    assert str(operation.success) in ours["responses"]
    assert not ours.get("x-extension")
    theirs = {
        one["name"] for one in operation.content.get("parameters", []) if one.get("in") == "query" and "name" in one
    }
    names = {one.get("name") or one["$ref"].rpartition("/")[2] for one in ours.get("parameters", [])}
    assert theirs <= names
    assert ("requestBody" in operation.content) == ("requestBody" in ours)
