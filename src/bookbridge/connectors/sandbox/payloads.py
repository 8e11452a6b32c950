"""What the ledger sends, as classes: only what we read. Its records are the contract's own."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from bookbridge.accounting.records import Record

R = TypeVar("R", bound=Record)


class Row(msgspec.Struct, Generic[R], frozen=True):
    """A record as the ledger lists it: deleted ones too, with their last content."""

    id: str
    updated: str
    deleted: bool
    record: R


class Listing(msgspec.Struct, frozen=True):
    """One page of a list. `next` continues after it."""

    rows: list[msgspec.Raw]
    total: int
    next: str | None


class Touched(msgspec.Struct, frozen=True):
    """A record that a write changed, its own or another: paying a bill changes the bill and its accounts."""

    kind: str
    row: msgspec.Raw


class Effect(msgspec.Struct, frozen=True):
    """The answer to a write. `made` are the records of a write that makes several at once, the first being `id`."""

    kind: str
    id: str
    touched: list[Touched]
    made: list[str] = []


class Organisation(msgspec.Struct, frozen=True):
    """A book's title page."""

    id: str
    name: str
    currency: str


class Refusal(msgspec.Struct, frozen=True):
    """Why a write was refused."""

    problems: list[Problem]


class Problem(msgspec.Struct, frozen=True):
    """One field that was refused, in the contract's spelling."""

    field: str
    message: str


class File(msgspec.Struct, frozen=True, rename="camel"):
    """A file beside a record."""

    id: str
    name: str
    content_type: str
    date_created: str
    file_size: int
