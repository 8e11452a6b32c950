"""Double entry: what each document, payment and transfer posts, numbered as the vendor's journals are.

A posting keeps a reference to its source and computes its lines when they are read, so that 100,000
documents cost little; before a source changes, the lines are fixed. Posted lines are in the base
currency and every posting sums to zero. This module must not decide whether something may be posted.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from bookbridge.emulators.xero.clock import Millis
from bookbridge.emulators.xero.records import ZERO, Account, TrackingCategory, TrackingOption

_CENT = Decimal("0.01")


class JournalLine(msgspec.Struct, frozen=True):
    """``net_amount`` in the base currency, debit positive."""

    account: Account
    net_amount: Decimal
    tax_amount: Decimal = ZERO
    tax_type: str = ""
    description: str = ""
    tracking: tuple[tuple[TrackingCategory, TrackingOption], ...] = ()


Lines = tuple[JournalLine, ...]


class Posting(msgspec.Struct, kw_only=True, eq=False):
    """One journal. ``reverses`` marks the second half of a reversal pair."""

    number: int
    source_id: str
    source_type: str
    date: dt.date
    created_ms: Millis
    reference: str
    compute: Callable[[], Lines] | None = None
    fixed: Lines = ()
    reverses: Posting | None = None
    reversed: bool = False

    @property
    def journal_id(self) -> str:
        """A GUID that follows from the posting's source and number."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.source_id}/{self.number}"))

    def lines(self) -> Lines:
        """The posting's lines, computed from its source while that is unchanged."""
        return self.fixed if self.compute is None else self.compute()

    def fix(self) -> None:
        """Keep the lines as they are now, whatever happens to the source."""
        if self.compute is not None:
            self.fixed = self.compute()
            self.compute = None


def round_money(amount: Decimal) -> Decimal:
    """Two decimals, halves away from zero."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def to_base(amount: Decimal, rate: Decimal) -> Decimal:
    """``amount`` in the base currency, where ``rate`` is foreign units for one base unit."""
    return amount if rate == 1 else round_money(amount / rate)


def reversed_lines(lines: Lines) -> Lines:
    """The same lines with the signs turned."""
    return tuple(
        msgspec.structs.replace(line, net_amount=-line.net_amount, tax_amount=-line.tax_amount) for line in lines
    )
