"""Which fields of a record concern a write: those that it takes, and those that every record must have.

Derived from the Write row and the record class; options show exactly these, and validation warns of all others.
Paths are dotted and without list positions (`lineItems.quantity`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from bookbridge.accounting.fields import fields_of
from bookbridge.accounting.options import READ_ONLY_FIELDS
from bookbridge.connectors.kit.connector import Write


@dataclass(frozen=True)
class WriteFields:
    """The fields of one Write row."""

    shown: frozenset[str]
    """What an application is asked for: each path that is taken in whole or in part, or that the record class
    demands within something shown."""

    def concern(self, path: str) -> bool:
        """Whether something sent at this path matters to the write. Beside the `id` of a reference everything else
        is for display: nothing is lost when it is not written."""
        if path in self.shown:
            return True
        parent, _, _ = path.rpartition(".")
        return bool(parent) and f"{parent}.id" in self.shown


def write_fields(write: Write[Any]) -> WriteFields:
    """The fields that concern a write."""
    partly = {parent for path in write.fields for parent in _parents(path)}
    return WriteFields(frozenset(_shown(write, partly, write.data_type.record, "", whole=False)))


def read_only(write: Write[Any]) -> frozenset[str]:
    """The record's own fields that only the platform or we decide; a platform that asks for one takes it."""
    return READ_ONLY_FIELDS - set(write.fields)


def _shown(
    write: Write[Any], partly: set[str], struct: type[msgspec.Struct], prefix: str, *, whole: bool
) -> Iterator[str]:
    for field in fields_of(struct):
        path = f"{prefix}{field.json_name}"
        if not prefix and path in read_only(write):
            continue
        in_whole = whole or path in write.fields
        if in_whole or path in partly or field.required:
            yield path
            if field.struct is not None:
                yield from _shown(write, partly, field.struct, f"{path}.", whole=in_whole)


def _parents(path: str) -> Iterator[str]:
    while "." in path:
        path, _, _ = path.rpartition(".")
        yield path
