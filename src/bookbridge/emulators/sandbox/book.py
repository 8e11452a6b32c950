"""One organisation's book during one piece of work: records by kind and id, ids, balances, and what was changed.

Changes are gathered here and kept by `flush`, which stamps them. Which records agree with which is the business of
`documents`, `settlement` and `entries`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec

from bookbridge.accounting.money import exact_product, round_half_up
from bookbridge.emulators.sandbox.storage import Organisation, Row, Storage

Json = dict[str, Any]
"""A record in the contract's spelling: text, bool, int, Decimal, lists and objects of the same."""

BASE_CURRENCY: Final = "GBP"
HUNDRED: Final = Decimal(100)
AMOUNT_MAX: Final = Decimal(10) ** 12
_NAMESPACE: Final = UUID("5d6b0a3c-98d1-5f0e-8c55-0b5f2a1c77e4")

_encode = msgspec.json.Encoder(decimal_format="number").encode
_decoder = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with what was asked: a dotted path in the contract's spelling, and a sentence."""

    field: str
    message: str


class Refused(Exception):
    """What was asked cannot be booked."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


class Missing(Exception):
    """There is no such record."""


def refuse(field: str, message: str) -> Refused:
    """A refusal with one problem."""
    return Refused(Problem(field, message))


def number(value: object) -> Decimal:
    """A JSON number as Decimal; zero for an absent one."""
    return Decimal(str(value)) if isinstance(value, int | Decimal) and not isinstance(value, bool) else Decimal(0)


def minor(amount: Decimal, rate: Decimal) -> int:
    """An amount in the base currency's minor unit. Raises Refused for one that no small business has."""
    if abs(amount) > AMOUNT_MAX:
        raise refuse("", f"Amounts are at most {AMOUNT_MAX}.")
    return int(round_half_up(exact_product(amount, rate)) * HUNDRED)


def major(minor_units: int) -> Decimal:
    """Minor units as an amount with two places."""
    return (Decimal(minor_units) / HUNDRED).quantize(Decimal("0.01"))


def decode(body: bytes) -> Json:
    """JSON as a record, fractions as Decimal. Raises msgspec.DecodeError."""
    return _decoder.decode(body)


def encode(value: Any) -> bytes:
    """A record as JSON, every digit kept."""
    return _encode(value)


class Book:
    """One organisation's records, postings and balances. Lives for one piece of work, or for growing many days."""

    def __init__(self, storage: Storage, organisation: Organisation) -> None:
        self.organisation = organisation
        self.storage = storage
        self._held: dict[tuple[str, str], Json | None] = {}
        self._changed: dict[tuple[str, str], bool] = {}
        self._posted: list[tuple[str, str, str, int]] = []

    # -- ids ----------------------------------------------------------------------------------------------

    def derived_id(self, *names: str) -> str:
        """An id that follows from the book's seed and these names: the same in every book of that seed."""
        return str(uuid5(_NAMESPACE, ":".join((self.organisation.seed, *names))))

    def account_id(self, code: str) -> str:
        """The id of one of the accounts that every book starts with."""
        return self.derived_id("account", code)

    # -- records ------------------------------------------------------------------------------------------

    def get(self, kind: str, record_id: object) -> Json | None:
        """A record that exists, to be changed only through `put`; None for a deleted or unknown one."""
        if not isinstance(record_id, str):
            return None
        place = (kind, record_id)
        if place not in self._held:
            row = self.storage.row(self.organisation.id, kind, record_id)
            self._held[place] = None if row is None or row.deleted else decode(row.body)
        return self._held[place]

    def need(self, kind: str, record_id: object, field: str) -> Json:
        """A record that `field` refers to. Raises Refused."""
        found = self.get(kind, record_id)
        if found is None:
            raise refuse(field, f"There is no record among {kind} with the id {str(record_id)[:100]!r}.")
        return found

    def put(self, kind: str, record: Json) -> None:
        """Keep a new or changed record under its id."""
        place = (kind, record["id"])
        self._held[place] = record
        # Moved to the end: rows are stamped in the order of their last change.
        self._changed.pop(place, None)
        self._changed[place] = False

    def remove(self, kind: str, record_id: str) -> None:
        """Mark a record deleted; its last content stays readable as such."""
        record = self.get(kind, record_id)
        if record is None:
            return
        place = (kind, record_id)
        self._changed.pop(place, None)
        self._changed[place] = True

    # -- money --------------------------------------------------------------------------------------------

    def post(self, entry: str, day: str, legs: Sequence[tuple[str, int]]) -> None:
        """Post legs (account, minor units, debits above zero), which add up to zero, and move the balances."""
        for account, amount in legs:
            self._posted.append((entry, day, account, amount))
            self._move(account, amount)

    def unpost(self, entry: str, legs: Sequence[tuple[str, int]]) -> None:
        """Take an entry's postings back."""
        self._write_postings()
        self.storage.unpost(self.organisation.id, entry)
        for account, amount in legs:
            self._move(account, -amount)

    def _move(self, account_id: str, amount: int) -> None:
        account = self.need("chartOfAccounts", account_id, "accountRef.id")
        side = 1 if account["type"] in {"Asset", "Expense"} else -1
        balance = number(account["currentBalance"]) + major(amount) * side
        self.put("chartOfAccounts", {**account, "currentBalance": balance})
        bank = self.get("bankAccounts", account_id)
        if bank is not None:
            self.put("bankAccounts", {**bank, "balance": number(bank["balance"]) + major(amount)})

    # -- keeping ------------------------------------------------------------------------------------------

    def flush(self, moment_us: int) -> list[tuple[str, Row]]:
        """Keep what was changed, stamped not before the moment and later than anything before; returns it."""
        self._write_postings()
        stamp = max(moment_us, self.organisation.changed_us + 1)
        rows: list[tuple[str, Row]] = []
        for (kind, record_id), deleted in self._changed.items():
            record = self._held[kind, record_id]
            rows.append((kind, Row(record_id, stamp, deleted, encode(record))))
            if deleted:
                self._held[kind, record_id] = None
            stamp += 1
        self._changed.clear()
        self.storage.save_rows(self.organisation.id, rows)
        if rows:
            self.organisation = replace(self.organisation, changed_us=stamp - 1)
        return rows

    def _write_postings(self) -> None:
        self.storage.post(self.organisation.id, self._posted)
        self._posted.clear()
