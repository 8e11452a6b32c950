"""What the pages show, taken from the document and put into words. Pure; knows neither templates nor HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bookbridge.api.openapi.document import KEY_SECURITY, QUERY_FIELDS, TOKEN_SECURITY
from bookbridge.api.openapi.examples import example
from bookbridge.api.openapi.schemas import EXTENSION, REF, Schema

SECURITY_WORDS: Final = {KEY_SECURITY: "API key", TOKEN_SECURITY: "access token of the company"}
_LIMITS: Final = {
    "minimum": "from {}",
    "maximum": "to {}",
    "maxLength": "at most {} characters",
    "default": "default {}",
}


@dataclass(frozen=True)
class Kind:
    """The type of a value in words, and the schema that tells more."""

    words: str
    schema: str | None = None


@dataclass(frozen=True)
class Row:
    """A parameter or a field."""

    name: str
    kind: Kind
    is_required: bool
    sentence: str
    place: str = ""
    is_extension: bool = False


@dataclass(frozen=True)
class Body:
    """A body that is sent or answered."""

    media_type: str
    kind: Kind
    example: str


@dataclass(frozen=True)
class Answer:
    """One status, and what comes with it."""

    status: str
    sentence: str
    body: Body | None


@dataclass(frozen=True)
class Entry:
    """One operation in a list."""

    id: str
    method: str
    path: str
    summary: str
    is_extension: bool
    is_deprecated: bool


@dataclass(frozen=True)
class OperationPage:
    """One operation, told in full."""

    entry: Entry
    subject: str
    description: str
    access: str
    parameters: list[Row]
    body: Body | None
    answers: list[Answer]
    query_fields: list[str]


@dataclass(frozen=True)
class SchemaPage:
    """One schema, told in full."""

    name: str
    description: str
    fields: list[Row]
    words: list[str]
    kind: Kind
    example: str
    used_by: list[Entry]


class Views:
    """Looks things up in one document."""

    def __init__(self, document: Schema) -> None:
        self._document = document
        self._components: Mapping[str, Schema] = document["components"]["schemas"]
        self._entries = {content["operationId"]: (entry, content) for entry, content in _entries(document)}

    @property
    def description(self) -> list[str]:
        """What the API is, in paragraphs."""
        return str(self._document["info"]["description"]).split("\n\n")

    @property
    def version(self) -> str:
        """The installation's version."""
        return str(self._document["info"]["version"])

    def subjects(self) -> list[tuple[str, str, list[Entry]]]:
        """Name, sentence and operations of each subject."""
        return [
            (
                tag["name"],
                tag["description"],
                [entry for entry, content in self._entries.values() if content["tags"] == [tag["name"]]],
            )
            for tag in self._document["tags"]
        ]

    def schema_names(self) -> list[str]:
        """Every schema, in the order of the alphabet."""
        return sorted(self._components, key=str.casefold)

    def operation(self, name: str) -> OperationPage | None:
        """The operation with this id."""
        if name not in self._entries:
            return None
        entry, content = self._entries[name]
        body: Schema | None = content.get("requestBody")
        return OperationPage(
            entry=entry,
            subject=content["tags"][0],
            description=content.get("description", ""),
            access=self._access(content),
            parameters=[self._parameter(self._found(one)) for one in content.get("parameters", [])],
            body=self._body(body) if body else None,
            answers=[self._answer(status, self._found(one)) for status, one in content["responses"].items()],
            query_fields=content.get(QUERY_FIELDS, []),
        )

    def schema(self, name: str) -> SchemaPage | None:
        """The schema with this name."""
        found = self._components.get(name)
        if found is None:
            return None
        required: list[str] = found.get("required", [])
        return SchemaPage(
            name=name,
            description=found.get("description", ""),
            fields=[
                Row(
                    name=field,
                    kind=kind_of(content),
                    is_required=field in required,
                    sentence=content.get("description", ""),
                    is_extension=bool(content.get(EXTENSION)),
                )
                for field, content in found.get("properties", {}).items()
            ],
            words=found.get("enum", []),
            kind=kind_of(found),
            example=_shown(example({"$ref": REF + name}, self._components)),
            used_by=[entry for entry, content in self._entries.values() if _names(content, name)],
        )

    def _access(self, content: Schema) -> str:
        ways = content["security"] if "security" in content else self._document["security"]
        return " or ".join(SECURITY_WORDS[name] for way in ways for name in way) or "nothing: it is open to everybody"

    def _found(self, content: Schema) -> Schema:
        """What a reference leads to."""
        if "$ref" not in content:
            return content
        found: Any = self._document
        for step in content["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return dict(found)

    def _parameter(self, content: Schema) -> Row:
        return Row(
            name=content["name"],
            kind=kind_of(content["schema"]),
            is_required=content.get("required", False),
            sentence=content["description"],
            place=content["in"],
            is_extension=bool(content.get(EXTENSION)),
        )

    def _body(self, content: Schema) -> Body:
        [(media_type, inner)] = content["content"].items()
        schema = inner["schema"]
        is_json = media_type.endswith("json")
        return Body(media_type, kind_of(schema), _shown(example(schema, self._components)) if is_json else "")

    def _answer(self, status: str, content: Schema) -> Answer:
        is_good = status.startswith("2")
        return Answer(
            status=status,
            sentence=content["description"],
            body=self._body(content) if is_good and "content" in content else None,
        )


def kind_of(schema: Schema) -> Kind:
    """The type in words: `text`, `list of Bill`, `number from 1`."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REF)
        return Kind(name, name)
    if "anyOf" in schema:
        kinds = [kind_of(one) for one in schema["anyOf"]]
        return Kind(" or ".join(one.words for one in kinds), next((one.schema for one in kinds if one.schema), None))
    match schema.get("type"):
        case "array":
            inner = kind_of(schema["items"])
            return Kind(f"list of {inner.words}", inner.schema)
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            inner = kind_of(schema["additionalProperties"])
            return Kind(f"names with {inner.words}", inner.schema)
        case "null":
            return Kind("null")
        case str() as plain:
            return Kind(", ".join([_plain(plain, schema), *_limits(schema)]))
    return Kind("anything")


def _plain(plain: str, schema: Schema) -> str:
    if "enum" in schema and len(schema["enum"]) <= 12:
        return "one of " + ", ".join(schema["enum"])
    form = {"uuid": "UUID", "binary": "file", "date-time": "date and time"}.get(schema.get("format", ""))
    return form or {"string": "text", "integer": "whole number", "boolean": "true or false"}.get(plain, plain)


def _limits(schema: Schema) -> Iterator[str]:
    for name, words in _LIMITS.items():
        if name in schema:
            yield words.format(json.dumps(schema[name]).strip('"'))


def _entries(document: Schema) -> Iterator[tuple[Entry, Schema]]:
    for path, methods in document["paths"].items():
        for method, content in methods.items():
            yield (
                Entry(
                    id=content["operationId"],
                    method=method.upper(),
                    path=path,
                    summary=content["summary"],
                    is_extension=bool(content.get(EXTENSION)),
                    is_deprecated=content.get("deprecated", False),
                ),
                content,
            )


def _names(content: Schema, name: str) -> bool:
    return f'"{REF}{name}"' in json.dumps(content)


def _shown(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
