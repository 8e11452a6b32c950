"""JSON schemas of the types that go over the wire, drawn from the classes themselves.

The library that encodes them also describes them; here its description is put right where the wire differs: amounts
are JSON numbers, absent fields are left out and never null, and each field has the sentence that stands under it in
the class. It must not know any operation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from msgspec import inspect

from bookbridge.accounting.dates import DATETIME_PATTERN
from bookbridge.accounting.field_docs import field_docs
from bookbridge.accounting.options import READ_ONLY_FIELDS
from bookbridge.accounting.records import ListedRecord, Record

REF: Final = "#/components/schemas/"
DATE_TIME: Final = "DateTime"
EXTENSION: Final = "x-extension"
"""Marks what is not of the contract but ours."""
ADDITION: Final = "An addition to the contract"
"""How the sentence of such a field begins."""
PREFIX_ROOM: Final = "products"
"""Of classes with the same name, those of a product are prefixed with the product's."""

Schema = dict[str, Any]

_NULL: Final = {"type": "null"}
_DECIMAL: Final = {"type": "string", "format": "decimal"}
_MODIFIED: Final = "modifiedDate"
_SUPPLEMENT: Final = "supplementalData"

_DATE_TIME_SCHEMA: Final[Schema] = {
    "type": "string",
    "description": "Date and time by ISO 8601. Moments are in UTC and end in Z; days of business have no zone.",
    "pattern": DATETIME_PATTERN,
    "examples": ["2026-01-05T09:00:00.0000000Z", "2026-01-05T00:00:00"],
}


class Schemas:
    """The schemas of a set of types, each class once under a name of its own."""

    def __init__(self, types: Iterable[Any], *, written: Iterable[type[Record]] = ()) -> None:
        """`written` are record classes of which there shall also be what an application may write."""
        wanted = [*dict.fromkeys(types)]
        classes = [*_classes(wanted)]
        names = _names(classes)
        shown, found = msgspec.json.schema_components(wanted, ref_template=REF + "{name}")
        self._renamed = {REF + theirs: REF + names[one] for one, theirs in _their_names(classes).items()}
        self._of_types: dict[Any, Schema] = {
            one: self._put_right(schema) for one, schema in zip(wanted, shown, strict=True)
        }
        self.components: dict[str, Schema] = {DATE_TIME: _DATE_TIME_SCHEMA}
        for one, theirs in _their_names(classes).items():
            self.components[names[one]] = self._component(one, found[theirs])
        self._written = {one: f"{names[one]}ToWrite" for one in written}
        for record, name in self._written.items():
            self.components[name] = _to_write(self.components[names[record]])
        self.components = dict(sorted(self.components.items()))

    def of(self, kind: Any) -> Schema:
        """The schema of one of the types: a reference, for a class."""
        return self._of_types[kind]

    def name_of(self, kind: Any) -> str:
        """What the class of one of the types is called."""
        return str(self._of_types[kind]["$ref"]).removeprefix(REF)

    def to_write(self, record: type[Record]) -> Schema:
        """A reference to what an application may write of a record."""
        return {"$ref": REF + self._written[record]}

    def _component(self, kind: type, schema: Schema) -> Schema:
        found: Schema = self._put_right(schema)
        found.pop("title", None)
        found["description"] = _one_line(kind.__doc__ or "")
        if not issubclass(kind, msgspec.Struct):
            return found
        docs = {field.encode_name: field for field in _fields(kind)}
        sentences = field_docs(kind)
        for name, field in found["properties"].items():
            if sentence := sentences.get(docs[name].name):
                found["properties"][name] = {**field, "description": _one_line(sentence)}
                if sentence.startswith(ADDITION):
                    found["properties"][name][EXTENSION] = True
        if issubclass(kind, ListedRecord):
            _complete(found)
        if required := getattr(kind, "required_fields", ()):
            # Decoded with gaps, so that each can be named, and refused all the same.
            found["required"] = [*required]
        return found

    def _put_right(self, schema: Any) -> Any:
        """The schema with our names and the wire's own forms."""
        if isinstance(schema, list):
            return [self._put_right(one) for one in schema]
        if not isinstance(schema, dict):
            return schema
        if {key: schema.get(key) for key in _DECIMAL} == _DECIMAL:
            return {**{key: value for key, value in schema.items() if key != "format"}, "type": "number"}
        if schema.get("pattern") == DATETIME_PATTERN:
            return {"$ref": REF + DATE_TIME}
        if "$ref" in schema:
            return {**schema, "$ref": self._renamed[schema["$ref"]]}
        found = {key: self._put_right(value) for key, value in schema.items()}
        if found.get("default", ...) is None:
            # What is absent is left out; a null that is sent counts as absent.
            del found["default"]
            found = _without_null(found)
        if found.get("default", ...) in ([], (), {}):
            # An empty list is left out too.
            del found["default"]
        return found


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _without_null(schema: Schema) -> Schema:
    kept = [one for one in schema.get("anyOf", []) if one != _NULL]
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    if not kept:
        return schema
    return {**kept[0], **rest} if len(kept) == 1 else {**rest, "anyOf": kept}


def _complete(schema: Schema) -> None:
    """Add to a listed record what the store writes beside it, and say what callers can rely on."""
    schema["properties"][_MODIFIED] = {
        "$ref": REF + DATE_TIME,
        "description": "When the record last changed here; of what changed since, ask for later ones.",
    }
    schema["properties"][_SUPPLEMENT] = {
        "type": "object",
        "additionalProperties": True,
        "description": "Further fields of the platform's, by groups, where they were configured: they come with the"
        " record, and are written when it is created.",
    }
    schema["required"] = [*dict.fromkeys(["id", "metadata", _MODIFIED, *schema.get("required", [])])]


def _to_write(schema: Schema) -> Schema:
    """What an application may write: the record without what only the accounting software or we decide."""
    found = {
        **schema,
        "properties": {name: field for name, field in schema["properties"].items() if name not in READ_ONLY_FIELDS},
        "required": [name for name in schema.get("required", []) if name not in READ_ONLY_FIELDS],
    }
    if not found["required"]:
        del found["required"]
    return found


def _fields(struct: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    described = inspect.type_info(struct)
    assert isinstance(described, inspect.StructType)
    return described.fields


def _classes(types: Iterable[Any]) -> Iterator[type]:
    """Every class that a schema of its own is drawn for, once."""
    seen: set[type] = set()
    waiting: list[inspect.Type] = list(inspect.multi_type_info(types))
    while waiting:
        kind = waiting.pop()
        match kind:
            case inspect.StructType(cls=cls):
                if cls not in seen:
                    seen.add(cls)
                    waiting += [field.type for field in kind.fields]
                    yield cls
            case inspect.EnumType(cls=cls):
                if cls not in seen:
                    seen.add(cls)
                    yield cls
            case inspect.Metadata(type=inner):
                waiting.append(inner)
            case inspect.UnionType(types=several):
                waiting += several
            case inspect.VarTupleType(item_type=inner) | inspect.ListType(item_type=inner):
                waiting.append(inner)
            case inspect.SetType(item_type=inner) | inspect.FrozenSetType(item_type=inner):
                waiting.append(inner)
            case inspect.TupleType(item_types=several):
                waiting += several
            case inspect.DictType(key_type=key, value_type=value):
                waiting += [key, value]


def _names(classes: Iterable[type]) -> dict[type, str]:
    """Our names of classes: their own, without the word View, and with the product's where two would be equal.
    Raises ValueError for names that stay equal."""
    known = [*classes]
    plain = {one: one.__name__.removesuffix("View") for one in known}
    counted = Counter(plain.values())
    names = {one: _prefixed(one, name) if counted[name] > 1 else name for one, name in plain.items()}
    for name, count in Counter(names.values()).items():
        if count > 1:
            raise ValueError(f"two classes are called {name}: rename one of them")
    return names


def _prefixed(kind: type, name: str) -> str:
    rooms = kind.__module__.split(".")
    if PREFIX_ROOM not in rooms[:-1]:
        return name
    product = rooms[rooms.index(PREFIX_ROOM) + 1]
    return "".join(word.title() for word in product.split("_")) + name


def _their_names(classes: Iterable[type]) -> dict[type, str]:
    """The names that msgspec gives: the class's own, or its whole address where two would be equal."""
    known = [*classes]
    counted = Counter(one.__name__ for one in known)
    return {
        one: one.__name__ if counted[one.__name__] == 1 else f"{one.__module__}.{one.__qualname__}" for one in known
    }
