"""What the financial statements are made of: lines within lines, and the basis they were drawn up on.

The lines follow the layout that the business has chosen in its accounting software: their names and depth are
not ours to know.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from bookbridge.accounting.money import exact_sum, minor_unit
from bookbridge.accounting.problems import Problem, rounding_tolerance, sum_problem
from bookbridge.accounting.records import Part, Word

LINE_DEPTH_MAX: Final = 50
"""Lines within lines that a check enters; published layouts have fewer than ten."""


class ReportBasis(Word):
    """Whether income and costs count when they are invoiced or when they are paid."""

    UNKNOWN = "Unknown"
    ACCRUAL = "Accrual"
    CASH = "Cash"


class ReportLine(Part, frozen=True, kw_only=True):
    """A line of a statement, with the lines that it is made of."""

    value: Decimal
    """Amount of the line, in the statement's currency."""
    account_id: str | None = None
    """Identifier of the account, for a line that stands for one."""
    name: str | None = None
    """Name of the line, as the business calls it."""
    items: tuple[ReportLine, ...] = ()
    """The lines that this one is made of."""


def report_line_problems(line: ReportLine | None, field: str, currency: str | None, depth: int = 0) -> list[Problem]:
    """A heading is the sum of its lines.

    A line that is itself an account may hold more than its lines do: bookings are made to it as well. Lines
    deeper than LINE_DEPTH_MAX are taken as they are.
    """
    if line is None or not line.items or depth == LINE_DEPTH_MAX:
        return []
    found: list[Problem] = []
    if line.account_id is None:
        tolerance = rounding_tolerance(currency, len(line.items))
        found += sum_problem(f"{field}.value", line.value, [item.value for item in line.items], tolerance)
    for position, item in enumerate(line.items):
        found += report_line_problems(item, f"{field}.items[{position}]", currency, depth + 1)
    return found


def result_problems(
    field: str, stated: Decimal, added: tuple[Decimal, ...], taken_off: tuple[Decimal, ...], currency: str | None
) -> list[Problem]:
    """A result is what was added less what was taken off, give or take a minor unit of rounding."""
    parts = (*added, *(part.copy_negate() for part in taken_off))
    return sum_problem(field, stated, parts, minor_unit(currency))


def value_of(line: ReportLine | None) -> Decimal:
    """Amount of the line; zero for one that the statement leaves out."""
    return Decimal(0) if line is None else line.value


def account_lines(line: ReportLine | None, depth: int = 0) -> Iterator[ReportLine]:
    """Every line that stands for an account, at whatever depth down to LINE_DEPTH_MAX."""
    if line is None or depth > LINE_DEPTH_MAX:
        return
    if line.account_id is not None:
        yield line
    for item in line.items:
        yield from account_lines(item, depth + 1)


def value_of_accounts(line: ReportLine | None, account_ids: frozenset[str]) -> Decimal:
    """Sum of the lines that stand for one of these accounts."""
    return exact_sum(found.value for found in account_lines(line) if found.account_id in account_ids)
