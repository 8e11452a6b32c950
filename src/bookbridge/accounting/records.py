"""The base classes of everything an accounting record is made of.

It says once how a record behaves: immutable, absent means left out of JSON (never null), camelCase names on
the wire. It must not know any particular data type, nor how records are stored or fetched.
"""

from __future__ import annotations

import enum
from typing import Self

import msgspec

from bookbridge.accounting.dates import ContractDateTime


class Part(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    forbid_unknown_fields=False,
):
    """A piece of a record (a line, a reference, an address): a value without a life of its own."""


class Record(Part, frozen=True, kw_only=True):
    """A whole record of one data type, as an application reads it."""


class Metadata(Part, frozen=True, kw_only=True):
    """What is known about a record beyond what the accounting software says in it."""

    is_deleted: bool
    """True once the record has vanished from the accounting software; its last known content is kept."""


LIVE = Metadata(is_deleted=False)
DELETED = Metadata(is_deleted=True)


def _live() -> Metadata:
    return LIVE


class ListedRecord(Record, frozen=True, kw_only=True):
    """A record that lives in a list of its kind and is found again by its id."""

    id: str | None = None
    """Identifier given by the accounting software; absent only while a new record is being submitted."""

    source_modified_date: ContractDateTime | None = None
    """When the accounting software last changed the record; absent when it does not say."""

    # A factory, not a plain default: a plain default would be left out of JSON, and every reader
    # is entitled to find `metadata.isDeleted` on every record.
    metadata: Metadata = msgspec.field(default_factory=_live)
    """Whether the record still exists in the accounting software."""


class Word(enum.Enum):
    """A closed list of the contract's words. Reading ignores case, because published examples vary in it."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        folded = value.casefold()
        return next((word for word in cls if str(word.value).casefold() == folded), None)
