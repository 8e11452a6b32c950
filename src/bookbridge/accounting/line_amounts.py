"""The arithmetic of one line of a document: quantity, price, discount, tax, totals.

Line amounts exclude tax: quantity times price, less discount, is the sub total; with tax it is the total.
It must not know which document the line is on.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from bookbridge.accounting.money import ZERO, exact_difference, exact_product, minor_unit
from bookbridge.accounting.problems import Problem, sum_problem

PER_CENT = Decimal("0.01")


class PricedLine(Protocol):
    """A line of a bill, an invoice, an order or a credit note."""

    @property
    def unit_amount(self) -> Decimal | None: ...
    @property
    def quantity(self) -> Decimal | None: ...
    @property
    def discount_amount(self) -> Decimal | None: ...
    @property
    def discount_percentage(self) -> Decimal | None: ...
    @property
    def sub_total(self) -> Decimal | None: ...
    @property
    def tax_amount(self) -> Decimal | None: ...
    @property
    def total_amount(self) -> Decimal | None: ...


def net_amount(line: PricedLine) -> Decimal | None:
    """Quantity times price less discount, unrounded; None where price or quantity is missing.

    A discount given as an amount wins over one given in per cent: the amount is what was booked.
    """
    if line.unit_amount is None or line.quantity is None:
        return None
    gross = exact_product(line.unit_amount, line.quantity)
    if line.discount_amount is not None:
        return exact_difference(gross, line.discount_amount)
    if line.discount_percentage is not None:
        remaining = exact_difference(Decimal(100), line.discount_percentage)
        return exact_product(exact_product(gross, remaining), PER_CENT)
    return gross


def line_problems(line: PricedLine, prefix: str, currency: str | None) -> list[Problem]:
    """What does not add up within the line; fields are named with the prefix, for example `lineItems[0].`."""
    if adds_up(line):
        return []
    found: list[Problem] = []
    net = net_amount(line)
    if line.sub_total is not None and net is not None:
        found += sum_problem(f"{prefix}subTotal", line.sub_total, (net,), minor_unit(currency))
    if line.total_amount is not None and line.sub_total is not None:
        parts = (line.sub_total, line.tax_amount if line.tax_amount is not None else ZERO)
        found += sum_problem(f"{prefix}totalAmount", line.total_amount, parts, ZERO)
    if line.discount_percentage is not None and not 0 <= line.discount_percentage <= 100:
        message = f"A discount is between 0 and 100 per cent, not {line.discount_percentage}."
        found.append(Problem(f"{prefix}discountPercentage", message))
    return found


def adds_up(line: PricedLine) -> bool:
    """Whether a plain line comes out to the last digit, as most do: decided without the exact context, since a sync
    checks every line that it reads."""
    price, quantity, sub_total = line.unit_amount, line.quantity, line.sub_total
    if price is None or quantity is None or sub_total is None or line.total_amount is None:
        return False
    if line.discount_amount is not None or line.discount_percentage is not None:
        return False
    tax = line.tax_amount
    return price * quantity == sub_total and (sub_total if tax is None else sub_total + tax) == line.total_amount
