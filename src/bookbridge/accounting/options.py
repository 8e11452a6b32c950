"""Push options: what may be written, as a tree that an application can draw a form from.

`model_options` derives the widest tree from a record class; whoever knows the vendor narrows it. It must
not know vendors, companies, or which values exist in somebody's books.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from bookbridge.accounting.field_docs import field_docs, summary
from bookbridge.accounting.fields import Field, Kind, fields_of
from bookbridge.accounting.records import Part, Word

READ_ONLY_FIELDS: Final = frozenset({"id", "modifiedDate", "sourceModifiedDate", "metadata"})
"""JSON names that the accounting software or we decide; never asked of an application."""

UNKNOWN: Final = "Unknown"

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class PushOptionType(Word):
    """What kind of value goes into a field."""

    ARRAY = "Array"
    OBJECT = "Object"
    STRING = "String"
    NUMBER = "Number"
    BOOLEAN = "Boolean"
    DATE_TIME = "DateTime"
    FILE = "File"
    MULTI_PART = "MultiPart"


class PushOptionChoice(Part, frozen=True, kw_only=True):
    """One of the values that a field may take."""

    value: str
    """The value to send."""
    type: PushOptionType
    """What kind of value it is."""
    display_name: str
    """Name of the value, for people."""
    description: str | None = None
    """What the value means, where its name does not say it."""
    required: bool
    """Whether this value must be sent."""


class PushFieldNote(Part, frozen=True, kw_only=True):
    """A rule of the accounting software about one field, in words."""

    details: str
    """The rule."""
    field: str | None = None
    """Name of the field that the rule is about."""
    ref: str | None = None
    """Address of a page that explains the rule."""


class PushValidation(Part, frozen=True, kw_only=True):
    """Rules that the shape of a field cannot express."""

    warnings: tuple[PushFieldNote, ...] = ()
    """Rules whose breach makes the write fail."""
    information: tuple[PushFieldNote, ...] = ()
    """Behaviour worth knowing."""


class PushOption(Part, frozen=True, kw_only=True):
    """A field, a list or an object that may be written."""

    type: PushOptionType
    """What kind of value goes here."""
    display_name: str
    """Name of the field, for people."""
    description: str
    """What the field means."""
    required: bool
    """Whether a write without it is refused."""
    properties: dict[str, PushOption] | None = None
    """Fields of the object, or of each entry of the list, by JSON name."""
    options: tuple[PushOptionChoice, ...] = ()
    """The values allowed; any value where there are none."""
    validation: PushValidation | None = None
    """Rules that the shape cannot express."""


_TYPES: Final = {
    Kind.STRING: PushOptionType.STRING,
    Kind.NUMBER: PushOptionType.NUMBER,
    Kind.DATE: PushOptionType.DATE_TIME,
    Kind.BOOL: PushOptionType.BOOLEAN,
    Kind.ENUM: PushOptionType.STRING,
    Kind.OBJECT: PushOptionType.OBJECT,
    Kind.MAP: PushOptionType.OBJECT,
}


def model_options(
    struct: type[msgspec.Struct],
    *,
    display_name: str | None = None,
    required: bool = True,
    omit: frozenset[str] = READ_ONLY_FIELDS,
) -> PushOption:
    """The option tree of a record class: every field that can be written, at its widest.

    A field is required where the record class has no default for it. `omit` leaves out fields by JSON name
    at the top level only: an `id` inside a reference is exactly what an application has to send. A new tree
    on every call.
    """
    return PushOption(
        type=PushOptionType.OBJECT,
        display_name=display_name or display_name_of(struct.__name__),
        description=summary(struct),
        required=required,
        properties=_properties(struct, omit, (struct,)),
    )


def display_name_of(json_name: str) -> str:
    """The name in words, each with a capital: `issueDate` becomes `Issue Date`."""
    words = _WORD_START.sub(" ", json_name)
    return words[:1].upper() + words[1:]


def choice(word: str, description: str | None = None) -> PushOptionChoice:
    """One allowed text value."""
    return PushOptionChoice(
        value=word,
        type=PushOptionType.STRING,
        display_name=display_name_of(word),
        description=description,
        required=False,
    )


def _properties(
    struct: type[msgspec.Struct], omit: frozenset[str], within: tuple[type[msgspec.Struct], ...]
) -> dict[str, PushOption]:
    docs = field_docs(struct)
    return {
        field.json_name: _option(field, docs.get(field.name, ""), within)
        for field in fields_of(struct)
        if field.json_name not in omit
    }


def _option(field: Field, description: str, within: tuple[type[msgspec.Struct], ...]) -> PushOption:
    # A report line holds report lines: a tree of options ends where a structure comes back within itself.
    inner = None if field.struct is None or field.struct in within else field.struct
    return PushOption(
        type=PushOptionType.ARRAY if field.is_list else _TYPES[field.kind],
        display_name=display_name_of(field.json_name),
        description=description or display_name_of(field.json_name),
        required=field.required,
        properties=_properties(inner, frozenset(), (*within, inner)) if inner else None,
        # "Unknown" is what we say of a vendor's word that has no equal; nobody can ask a vendor to write it.
        options=tuple(choice(word) for word in field.words if word != UNKNOWN),
    )
