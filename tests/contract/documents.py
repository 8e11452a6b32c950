"""The contract's two files as JSON Schema, with their known faults mended; see data/."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

DATA = Path(__file__).parent / "data"
METHODS = frozenset({"get", "post", "put", "patch", "delete"})
NAMES = ("platform", "common")
DELETED: Any = object()


@dataclass(frozen=True)
class Fault:
    """A place at which a file says what no answer can meet, or what it says elsewhere otherwise."""

    name: str
    place: tuple[str, ...]
    instead: Any
    """What stands there in our reading; DELETED: nothing."""
    why: str


_SCALAR = {"type": ["string", "number", "boolean", "null"]}
_CUSTOM = ("components", "schemas", "CustomDataTypeRecords", "definitions", "customDataTypeRecord", "properties")
_CUSTOM_TYPE = "/integrations/{platformKey}/dataTypes/custom/{customDataIdentifier}"

_ACCOUNT_OPTION = ("components", "schemas", "AccountMappingInfo")

FAULTS = (
    Fault(
        "platform",
        ("paths", _CUSTOM_TYPE, "get", "responses", "200", "content", "application/json", "schema"),
        {"$ref": "#/components/schemas/CustomDataTypeConfiguration"},
        "It answers with the configuration that was put there, not with records.",
    ),
    Fault(
        "platform",
        (*_CUSTOM, "content", "additionalProperties"),
        _SCALAR,
        "The fields of a custom record are single values, never objects.",
    ),
    Fault(
        "platform",
        (*_CUSTOM, "modifiedDate"),
        {"$ref": "#/components/schemas/DateTime"},
        "A moment, as everywhere; the file wraps the mix-in that holds it once more.",
    ),
    Fault(
        "common",
        ("components", "schemas", "Connection", "properties", "additionalProperties"),
        DELETED,
        "Meant as the keyword, and written as the name of a property.",
    ),
    Fault(
        "common",
        ("components", "schemas", "SourceType", "enum"),
        ["Accounting", "Banking", "BankFeed", "Commerce", "Expense", "Other", "Unknown"],
        "The newer file knows more kinds of sources.",
    ),
    Fault(
        "common",
        ("components", "schemas", "SyncSetting", "properties", "dataType"),
        {"type": "string"},
        "The newer file knows a data type more, itemReceipts.",
    ),
    Fault(
        "lending",
        ("components", "schemas", "PagingInfo", "properties", "pageSize", "maximum"),
        5_000,
        "As many may be asked for, by the file's own parameter.",
    ),
    Fault(
        "sync-expenses",
        ("components", "schemas", "Transactions", "additionalProperties"),
        DELETED,
        "It would forbid the fields that it is put together from.",
    ),
    Fault(
        "expenses",
        ("components", "schemas", "TransactionMetadataList", "additionalProperties"),
        DELETED,
        "It would forbid the fields that it is put together from.",
    ),
    Fault(
        "expenses",
        (*_ACCOUNT_OPTION, "additionalProperties"),
        DELETED,
        "The newer file tells more of an account, at the same address.",
    ),
    Fault(
        "expenses",
        (*_ACCOUNT_OPTION, "properties", "validTransactionTypes", "items", "maxLength"),
        DELETED,
        "Its own word Chargeback is longer.",
    ),
    Fault(
        "expenses",
        ("components", "schemas", "DataConnection", "properties", "sourceType", "enum"),
        ["Accounting", "Banking", "BankFeed", "Commerce", "Expense", "Other", "Unknown"],
        "The newer file knows more kinds of sources.",
    ),
)


@dataclass(frozen=True)
class Operation:
    """One operation of one file."""

    document: Document
    method: str
    path: str
    content: dict[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        return f"{self.document.name}: {self.method.upper()} {self.path}"

    @property
    def success(self) -> int:
        """The status of success."""
        return next(int(status) for status in self.content["responses"] if status.startswith("2"))

    def problems(self, status: int, body: bytes) -> list[str]:
        """What is wrong with an answer."""
        response = self.content["responses"].get(str(status))
        if response is None:
            return [f"status {status} is not in the file"]
        place = ("paths", self.path, self.method, "responses", str(status))
        while "$ref" in response:
            place = self.document.place_of(response["$ref"])
            response = self.document.at(place)
        if "application/json" not in response.get("content", {}) or status == 204:
            # An empty 204 has no body, whatever a file attaches to it.
            return [f"status {status} has no body in the file, and one was sent"] if status == 204 and body else []
        return self.document.problems((*place, "content", "application/json", "schema"), json.loads(body))

    def request_problems(self, body: Any) -> list[str]:
        """What is wrong with a request body of ours."""
        if "requestBody" not in self.content:
            return ["no body is in the file"] if body is not None else []
        if body is None:
            return []
        place = ("paths", self.path, self.method, "requestBody", "content", "application/json", "schema")
        return self.document.problems(place, body)


class Document:
    """One file."""

    def __init__(self, name: str) -> None:
        self.name = name
        content = json.loads((DATA / f"{name}.json").read_text())
        for fault in FAULTS:
            if fault.name == name:
                _mend(content, fault)
        self.content: dict[str, Any] = _json_schema(content)

    def operations(self) -> Iterator[Operation]:
        """Every operation."""
        for path, methods in self.content["paths"].items():
            for method, content in methods.items():
                if method in METHODS:
                    yield Operation(self, method, path, content)

    def at(self, place: tuple[str, ...]) -> Any:
        found: Any = self.content
        for step in place:
            found = found[step]
        return found

    @staticmethod
    def place_of(reference: str) -> tuple[str, ...]:
        return tuple(_unescaped(step) for step in reference.removeprefix("#/").split("/"))

    def problems(self, place: tuple[str, ...], value: Any) -> list[str]:
        """Where the value breaks the schema at this place."""
        pointer = "/".join(step.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
                           for step in place)  # fmt: skip
        validator = Draft202012Validator(
            {**self.content, "$ref": f"#/{pointer}"}, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        return [
            f"{'.'.join(map(str, error.absolute_path)) or 'body'}: {error.message[:200]}"
            for error in validator.iter_errors(value)
        ]


def _unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~").replace("%7B", "{").replace("%7D", "}")


def _mend(content: dict[str, Any], fault: Fault) -> None:
    *way, last = fault.place
    found: Any = content
    for step in way:
        found = found[step]
    assert last in found, f"the fault is no longer in the file: {fault}"
    if fault.instead is DELETED:
        del found[last]
    else:
        found[last] = fault.instead


def _json_schema(content: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema."""
    if isinstance(content, list):
        return [_json_schema(part) for part in content]
    if not isinstance(content, dict):
        return content
    found = {key: _json_schema(value) for key, value in content.items()}
    if found.get("nullable") is not True:
        return found
    del found["nullable"]
    if isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    if isinstance(found.get("enum"), list):
        found["enum"] = [*found["enum"], None]
    return {"anyOf": [found, {"type": "null"}]} if "$ref" in found else found
