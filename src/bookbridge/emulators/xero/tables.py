"""Tables of records, findable by id or number and ordered by their last change.

They must not check any accounting rule, and must not be changed but through ``Tables``' owner (Book),
which can undo what an attempt did.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Generic, TypeVar

from bookbridge.emulators.xero.clock import Millis
from bookbridge.emulators.xero.records import Record

R = TypeVar("R", bound=Record)

_COMPACT_AT = 10_000
"""Superseded entries of the change order are swept out once there are this many."""


class Table(Generic[R]):
    """Records of one kind.

    The change order is append-only: an edit appends the record again under its new stamp and the older
    entry is skipped, so that an edit of a list of 100,000 costs no more than one of ten.
    """

    def __init__(self, kind: type[R], key: str, number: str | None = None) -> None:
        self.kind = kind
        self.key = key
        self.number = number
        self.version = 0
        self._records: dict[str, R] = {}
        self._numbers: dict[str, R] = {}
        self._order: list[tuple[Millis, R]] = []
        self._superseded = 0

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[R]:
        return iter(self._records.values())

    def id_of(self, record: R) -> str:
        """The record's id."""
        value: str = getattr(record, self.key)
        return value

    def get(self, key: str) -> R | None:
        """The record with this id, whatever the letter case or dashes of a GUID."""
        found = self._records.get(key)
        if found is None:
            found = self._records.get(normal_id(key))
        return found

    def find(self, key_or_number: str) -> R | None:
        """The record with this id, or else the latest with this number or code."""
        return self.get(key_or_number) or self.by_number(key_or_number)

    def by_number(self, number: str) -> R | None:
        """The latest record that has this number or code now; one that gave it up is not found by it."""
        if self.number is None:
            return None
        key = number.casefold()
        found = self._numbers.get(key)
        current = getattr(found, self.number) if found is not None else None
        return found if current is not None and current.casefold() == key else None

    def invalidate(self) -> None:
        """Say that a record changed without a new stamp, so that remembered selections are made again."""
        self.version += 1

    def put(self, record: R) -> None:
        """Store a new record or note that a stored one has a new ``updated_date_utc``."""
        key = self.id_of(record)
        if key in self._records:
            self._superseded += 1
        self._records[key] = record
        self.index_number(record)
        self._order.append((record.updated_date_utc, record))
        self.version += 1

    def index_number(self, record: R) -> None:
        """Make the record findable by the number that it has now."""
        number = getattr(record, self.number) if self.number else None
        if number:
            self._numbers[number.casefold()] = record

    def remove(self, record: R) -> None:
        """Forget a record entirely."""
        self._records.pop(self.id_of(record), None)
        number = getattr(record, self.number) if self.number else None
        if number and self._numbers.get(number.casefold()) is record:
            self._give_number_back(number)
        self._superseded += 1
        self.version += 1

    def _give_number_back(self, number: str) -> None:
        """Let a number mean the latest other record that has it, if any: bills may share one."""
        key = number.casefold()
        del self._numbers[key]
        assert self.number is not None
        for other in self._records.values():
            current = getattr(other, self.number)
            if current is not None and current.casefold() == key:
                self._numbers[key] = other

    def restore(self, record: R) -> None:
        """Put a removed record back where it was; its place in the change order was never given up."""
        self._records[self.id_of(record)] = record
        self.index_number(record)
        self.version += 1

    def reset_order(self) -> None:
        """Rebuild the change order: after records were put with stamps out of order, or restored."""
        self._order = sorted(((record.updated_date_utc, record) for record in self._records.values()), key=_stamp_of)
        self._superseded = 0
        self.version += 1

    def load(self, records: list[R]) -> None:
        """Hold exactly these records, given in the order of their creation."""
        self._records = {self.id_of(record): record for record in records}
        self.reset_order()
        self._numbers = {}
        for _, record in self._order:
            self.index_number(record)

    def changed_after(self, moment: Millis | None) -> Iterator[R]:
        """Live records changed after ``moment`` (all when None), oldest change first."""
        if self._superseded > _COMPACT_AT:
            self.reset_order()
        start = 0 if moment is None else bisect_right(self._order, moment, key=_stamp_of)
        records, key = self._records, self.key
        for stamp, record in self._order[start:]:
            if record.updated_date_utc == stamp and getattr(record, key) in records:
                yield record


def _stamp_of(entry: tuple[Millis, Record]) -> Millis:
    return entry[0]


def normal_id(text: str) -> str:
    """A GUID in lower case with dashes; other text unchanged but for its letter case."""
    plain = text.strip().strip("{}").replace("-", "").lower()
    if len(plain) == 32:
        return f"{plain[:8]}-{plain[8:12]}-{plain[12:16]}-{plain[16:20]}-{plain[20:]}"
    return text.strip().lower()
