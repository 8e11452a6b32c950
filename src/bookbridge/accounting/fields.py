"""The fields of a record class, described: JSON name, kind, whether required, what is inside.

Query fields and push options are both derived from this description, so that neither reads type annotations
itself. It must not know any particular data type.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect


class Kind(enum.Enum):
    """What a field holds, or, of a list, what each entry is."""

    STRING = "string"
    NUMBER = "number"
    DATE = "date"
    BOOL = "bool"
    ENUM = "enum"
    OBJECT = "object"
    """A structure with fields of its own."""
    MAP = "map"
    """Names and values that no class fixes."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record class."""

    name: str
    """Python name: `issue_date`."""
    json_name: str
    """Name on the wire: `issueDate`."""
    kind: Kind
    required: bool
    is_list: bool
    struct: type[msgspec.Struct] | None
    """Class of the object, for kind OBJECT."""
    words: tuple[str, ...]
    """The closed list of values, for kind ENUM."""


def fields_of(struct: type[msgspec.Struct]) -> tuple[Field, ...]:
    """The fields in the order of their encoding. Raises TypeError for an annotation without a kind."""
    return _described(struct)


def scalars(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[tuple[str, Field]]:
    """Each scalar field with its dotted JSON path, also those of objects within; never through a list."""
    for field in fields_of(struct):
        path = f"{prefix}{field.json_name}"
        if field.is_list or field.kind is Kind.MAP:
            continue
        if field.struct is not None:
            yield from scalars(field.struct, f"{path}.")
        else:
            yield path, field


@cache
def _described(struct: type[msgspec.Struct]) -> tuple[Field, ...]:
    described = inspect.type_info(struct)
    if not isinstance(described, inspect.StructType):
        raise TypeError(f"{struct!r} is not a record class")
    return tuple(_field(struct, field) for field in described.fields)


def _field(struct: type[msgspec.Struct], field: inspect.Field) -> Field:
    kind, extra = _present(field.type)
    is_list = isinstance(kind, inspect.VarTupleType | inspect.ListType)
    if isinstance(kind, inspect.VarTupleType | inspect.ListType):
        kind, extra = _present(kind.item_type)
    return Field(
        name=field.name,
        json_name=field.encode_name,
        kind=_kind(kind, extra, f"{struct.__name__}.{field.name}"),
        required=field.required,
        is_list=is_list,
        struct=kind.cls if isinstance(kind, inspect.StructType) else None,
        words=tuple(word.value for word in kind.cls) if isinstance(kind, inspect.EnumType) else (),
    )


def _present(kind: inspect.Type) -> tuple[inspect.Type, dict[str, Any]]:
    """The type behind `| None` and annotations, with what the annotations add."""
    extra: dict[str, Any] = {}
    while True:
        if isinstance(kind, inspect.Metadata):
            extra |= kind.extra or {}
            kind = kind.type
        elif isinstance(kind, inspect.UnionType):
            present = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
            if len(present) != 1:
                return kind, extra
            kind = present[0]
        else:
            return kind, extra


_KINDS: dict[type[inspect.Type], Kind] = {
    inspect.StrType: Kind.STRING,
    inspect.DecimalType: Kind.NUMBER,
    inspect.IntType: Kind.NUMBER,
    inspect.BoolType: Kind.BOOL,
    inspect.EnumType: Kind.ENUM,
    inspect.StructType: Kind.OBJECT,
    inspect.DictType: Kind.MAP,
}


def _kind(kind: inspect.Type, extra: dict[str, Any], where: str) -> Kind:
    if extra.get("kind") == "date":
        return Kind.DATE
    try:
        return _KINDS[type(kind)]
    except KeyError:
        raise TypeError(f"{where}: no kind for {kind!r}") from None
