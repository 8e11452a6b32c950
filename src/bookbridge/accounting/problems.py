"""What is arithmetically or formally wrong with a record, and the checks that records share.

A problem is a finding, not an error: a vendor's books are what they are, and a sync keeps the record and
reports the finding. Checks are pure; they never raise for odd content and never look beyond the one record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, wraps
from typing import ParamSpec

from bookbridge.accounting.allocations import PaymentAllocation
from bookbridge.accounting.dates import parse_contract_datetime
from bookbridge.accounting.money import exact_difference, exact_product, exact_sum, minor_unit

CURRENCY_CODE_LENGTH = 3
DATES_REMEMBERED_MAX = 8192

Checked = ParamSpec("Checked")


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: the JSON path it is about (`lineItems[0].subTotal`), and a sentence for people."""

    field: str
    message: str


def guarded(check: Callable[Checked, list[Problem]]) -> Callable[Checked, list[Problem]]:
    """The check, with numbers that cannot be calculated with (NaN, `1E+999999`) turned into a finding."""

    @wraps(check)
    def find(*args: Checked.args, **kwargs: Checked.kwargs) -> list[Problem]:
        try:
            return check(*args, **kwargs)
        except ArithmeticError:
            return [Problem("", "There is a number here that cannot be calculated with.")]

    return find


def currency_problems(currency: str | None, rate: Decimal | None, field: str = "currency") -> list[Problem]:
    """A currency is three letters (`XXX` when unknown); its rate is greater than zero."""
    found = []
    if currency is not None and not (
        len(currency) == CURRENCY_CODE_LENGTH and currency.isascii() and currency.isalpha()
    ):
        found.append(Problem(field, "A currency is a three-letter ISO 4217 code."))
    if rate is not None and rate <= 0:
        found.append(Problem(f"{field}Rate", f"An exchange rate is greater than zero, not {rate}."))
    return found


def date_problems(**dates: str | None) -> list[Problem]:
    """Each given date must exist in the calendar. Keywords are the JSON names of the fields."""
    found = []
    for field, text in dates.items():
        if text is None:
            continue
        if not _is_date(text):
            found.append(Problem(field, f"{text!r} is not a date."))
    return found


@lru_cache(maxsize=DATES_REMEMBERED_MAX)
def _is_date(text: str) -> bool:
    """Documents of years share a few thousand dates."""
    try:
        parse_contract_datetime(text)
    except ValueError:
        return False
    return True


def sum_problem(field: str, stated: Decimal, parts: Sequence[Decimal | None], tolerance: Decimal) -> list[Problem]:
    """The stated amount is the sum of its parts, give or take the tolerance. Silent if a part is unknown."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return []
    if sum(known) == stated:
        return []  # to the last digit, which the exact look below need not confirm
    total = exact_sum(known)
    if exact_difference(stated, total).copy_abs() <= tolerance:
        return []
    return [Problem(field, f"Stated as {stated}, but its parts add up to {total}.")]


def allocated_amount(allocations: Iterable[PaymentAllocation], currency: str | None) -> Decimal | None:
    """Sum of what was allocated; None if any amount is missing or not in the record's currency."""
    amounts = []
    for entry in allocations:
        allocation = entry.allocation
        if allocation.total_amount is None or allocation.currency not in (None, currency):
            return None
        amounts.append(allocation.total_amount)
    return exact_sum(amounts)


def rounding_tolerance(currency: str | None, roundings: int) -> Decimal:
    """How far a sum of that many rounded amounts may honestly drift: half a minor unit for each."""
    return exact_product(minor_unit(currency), Decimal(max(roundings, 1)) / 2)
