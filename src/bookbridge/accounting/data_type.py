"""One data type, declared once: the row from which routes, storage, queries, options and docs follow.

A `DataType` ties the contract's key and path to the record class. It must not know where records come from
(connectors) or where they are kept (store).
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final, Generic, TypeVar

import msgspec

from bookbridge.accounting.fields import Kind, scalars
from bookbridge.accounting.money import is_plain
from bookbridge.accounting.problems import Problem
from bookbridge.accounting.records import ListedRecord, Record

R = TypeVar("R", bound=Record)

SUBMISSION_DEPTH_MAX: Final = 32
"""Nesting of a submitted body; the deepest record needs nine levels."""

MODIFIED_DATE: Final = "modifiedDate"
"""Written by the store beside each record: a query field of every list, though no record class has it."""


class Level(enum.Enum):
    """Where the contract hangs a data type's reading path."""

    COMPANY = "company"
    CONNECTION = "connection"


class QueryKind(enum.Enum):
    """How a field compares in a query."""

    STRING = "string"
    NUMBER = "number"
    DATE = "date"
    BOOL = "bool"
    ENUM = "enum"


def no_problems(record: Record) -> list[Problem]:
    """The check of a data type whose records have nothing to be inconsistent about."""
    del record
    return []


# The encoder and decoders are shared and stateless; msgspec's are safe to use from several threads.
_ENCODER = msgspec.json.Encoder(decimal_format="number")
_EXACT_DECODER = msgspec.json.Decoder(float_hook=Decimal)

_PATTERN_IN_MESSAGE = re.compile(r"matching regex '.*'")


# eq=False: rows are compared and hashed by identity. There is one of each, and a generated hash would have
# to walk them on every look-up of a cached property.
@dataclass(frozen=True, eq=False)
class DataType(Generic[R]):
    """A kind of record. Rows are constants in `accounting/types/`; `catalog` lists them."""

    key: str
    """Name in settings, sync requests, options and status: `chartOfAccounts`."""
    path: str
    """Segment in reading and pushing addresses: `accounts`. A financial statement has its folder before it."""
    record: type[R]
    """Class of its records."""
    singular: str
    """What one of them is called in a sentence: `bill`."""
    level: Level
    """Whether it is read under the company or under a connection."""
    links: tuple[str, ...] = ()
    """Keys of the data types that its records refer to; those are synced first."""
    check: Callable[[R], list[Problem]] = no_problems
    """Finds what is inconsistent within one record. Pure, and never raises for odd content."""
    single: bool = False
    """True when there is one record, not a list of them; such a record has no id and no metadata."""
    attachments: bool = False
    """True when files can hang on its records."""
    pdf: bool = False
    """True when each of its records can be fetched as it was printed."""
    statement: bool = False
    """True for a financial statement: a single record of many months, read for a number of months instead of
    since a date, and cut on reading to the months that an application asks for."""
    parent: str | None = None
    """Key of the data type under whose records it is listed: `bankAccounts`. None: listed by itself."""
    parent_field: str | None = None
    """JSON name of the field that holds the parent's id: `accountId`. Given exactly where there is a parent."""

    @property
    def name(self) -> str:
        """Name of the record class, as errors and options show it: `Bill`."""
        return self.record.__name__

    @cached_property
    def query_fields(self) -> dict[str, QueryKind]:
        """Every field that a query may name, by dotted JSON path.

        Scalars of the record and of the objects within it; never through a list. Empty for a single record.
        """
        if self.single:
            return {}
        found = {path: QueryKind(field.kind.value) for path, field in scalars(self.record)}
        found[MODIFIED_DATE] = QueryKind.DATE
        return found

    @cached_property
    def enum_values(self) -> dict[str, tuple[str, ...]]:
        """The allowed words of each query field of kind ENUM, by the same dotted path."""
        if self.single:
            return {}
        return {path: field.words for path, field in scalars(self.record) if field.kind is Kind.ENUM}

    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[R]:
        return msgspec.json.Decoder(self.record)

    def encode(self, record: R) -> bytes:
        """The record as JSON: absent fields left out, numbers with every digit."""
        return _ENCODER.encode(record)

    def decode(self, body: bytes | str) -> R:
        """The record of JSON that `encode` wrote; a body that somebody sent goes through `decode_submission`.

        Raises msgspec.ValidationError or msgspec.DecodeError for anything else.
        """
        return self._decoder.decode(body)

    def decode_submission(self, body: bytes | str) -> R:
        """The record that an application sent.

        More is forgiven than in `decode`: a null counts as absent and unknown fields are ignored. More is
        refused: numbers in quotes, and numbers beyond the limits of `money`. Raises
        msgspec.ValidationError, whose message names the place, or msgspec.DecodeError for what is not JSON.
        """
        try:
            content = _EXACT_DECODER.decode(body)
        except RecursionError:
            raise msgspec.DecodeError("JSON is nested too deeply") from None
        return self.convert_submission(content)

    def convert_submission(self, content: object) -> R:
        """As `decode_submission`, of a body already parsed with its numbers as int and Decimal."""
        admissible = _admissible(content, "$", SUBMISSION_DEPTH_MAX)
        # builtin_types: a Decimal must already be one. Reading it from text is what would let "NaN" in.
        try:
            return msgspec.convert(admissible, self.record, builtin_types=(Decimal,))
        except msgspec.ValidationError as error:
            # The only pattern in a record is that of dates; nobody learns from reading it.
            message = _PATTERN_IN_MESSAGE.sub("such as 2026-01-05T00:00:00", str(error))
            raise msgspec.ValidationError(message) from error

    def record_id(self, record: R) -> str:
        """The id under which the record is kept; the data type's key where there is only one record.

        Raises ValueError for a listed record without an id: a connector must not return one.
        """
        if self.single:
            return self.key
        if isinstance(record, ListedRecord) and record.id:
            return record.id
        raise ValueError(f"a {self.singular} without an id cannot be kept")

    def __repr__(self) -> str:
        return f"DataType({self.key})"


def _admissible(content: object, where: str, depth_left: int) -> object:
    """The content without nulls, every number a Decimal.

    Raises msgspec.ValidationError for inadmissible numbers and text, and for excessive nesting.
    """
    if depth_left == 0:
        raise msgspec.ValidationError(f"Nested more than {SUBMISSION_DEPTH_MAX} levels deep")
    if isinstance(content, dict):
        return {
            name: _admissible(value, f"{where}.{name}", depth_left - 1)
            for name, value in content.items()
            if value is not None
        }
    if isinstance(content, list):
        return [_admissible(value, f"{where}[{position}]", depth_left - 1) for position, value in enumerate(content)]
    if isinstance(content, int) and not isinstance(content, bool):
        content = Decimal(content)
    if isinstance(content, str) and "\x00" in content:
        # PostgreSQL keeps no such text.
        raise msgspec.ValidationError(f"Text with a NUL character - at `{where}`")
    if isinstance(content, Decimal) and not is_plain(content):
        raise msgspec.ValidationError(f"Number outside the limits - at `{where}`")
    return content
