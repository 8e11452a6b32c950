"""What documents with lines have in common: their totals, what is still due on them, what credit remains.

Bills, invoices, credit notes and orders differ in names and words; these rules are the same for all of them.
Pure functions that report findings. It must not know any one data type.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from bookbridge.accounting.allocations import PaymentAllocation
from bookbridge.accounting.line_amounts import PricedLine, adds_up, line_problems
from bookbridge.accounting.money import ZERO, exact_difference, exact_sum
from bookbridge.accounting.problems import Problem, allocated_amount, rounding_tolerance, sum_problem
from bookbridge.accounting.records import Word
from bookbridge.accounting.tax_details import WithholdingTax


class DueStatuses(NamedTuple):
    """A document's own words for how much of it has been paid."""

    unpaid: Word
    partly_paid: Word
    paid: Word


def line_item_problems(lines: Sequence[PricedLine], currency: str | None) -> list[Problem]:
    """What does not add up within each of the document's lines."""
    found = []
    for position, line in enumerate(lines):
        if not adds_up(line):
            found += line_problems(line, f"lineItems[{position}].", currency)
    return found


def total_problems(
    total: Decimal,
    sub_total: Decimal,
    tax: Decimal,
    *,
    discount: Decimal | None = None,
    additional_tax: Decimal | None = None,
) -> list[Problem]:
    """The total is the sub total plus tax.

    Platforms differ in whether a discount on the whole document is already taken off the sub total, and in
    whether additional tax is already in the tax: each combination that adds up is right.
    """
    if sub_total + tax == total:
        return []
    found = sum_problem("totalAmount", total, (sub_total, tax), ZERO)
    if not found or not (discount or additional_tax):
        return found
    taken_off = (discount or ZERO).copy_negate()
    for extra in ((taken_off,), (additional_tax or ZERO,), (taken_off, additional_tax or ZERO)):
        if not sum_problem("totalAmount", total, (sub_total, tax, *extra), ZERO):
            return []
    return found


def lines_problems(
    field: str,
    stated: Decimal,
    amounts: Sequence[Decimal | None],
    currency: str | None,
    *,
    discount: Decimal | None = None,
) -> list[Problem]:
    """The document's amount is the sum of its lines' amounts, before or after a discount on the whole document.

    Vendors round either on each line or once on the document; both are right. Silent without lines.
    """
    if not amounts:
        return []
    known = [amount for amount in amounts if amount is not None]
    if len(known) == len(amounts) and sum(known) == stated:
        return []
    tolerance = rounding_tolerance(currency, len(amounts))
    found = sum_problem(field, stated, amounts, tolerance)
    if found and discount and not sum_problem(field, exact_sum((stated, discount)), amounts, tolerance):
        return []
    return found


def amount_due_problems(
    noun: str,
    status: Word,
    statuses: DueStatuses,
    *,
    due: Decimal,
    total: Decimal,
    allocations: Sequence[PaymentAllocation],
    withheld: Sequence[WithholdingTax],
    currency: str | None,
) -> list[Problem]:
    """What is due agrees with the status, and is the total less what was allocated."""
    found = _status_problems(noun, status, statuses, due, total)
    allocated = allocated_amount(allocations, currency)
    # Without a list of allocations there is nothing to compare: not every vendor gives one. Withheld tax
    # lowers what is due on some platforms only, so neither answer is a finding.
    if allocations and allocated is not None:
        expected = exact_difference(total, allocated)
        # An allocation is a minus on platforms that tell what it does to the debt; its size is the same.
        as_minus = exact_sum((total, allocated))
        if due not in (expected, as_minus, exact_difference(expected, exact_sum(tax.amount for tax in withheld))):
            found.append(Problem("amountDue", f"Stated as {due}, but total less allocations is {expected}."))
    return found


def _status_problems(noun: str, status: Word, statuses: DueStatuses, due: Decimal, total: Decimal) -> list[Problem]:
    # Credits come as documents with negative totals on some platforms: compare with the sign taken off.
    if total < 0:
        due, total = due.copy_negate(), total.copy_negate()
    is_wrong = (
        (status is statuses.paid and due != 0)
        or (status is statuses.partly_paid and not 0 < due < total)
        or (status is statuses.unpaid and not 0 <= due <= total)
    )
    if not is_wrong:
        return []
    return [Problem("amountDue", f"The {noun} is {status.value}, yet {due} of {total} is due.")]


def remaining_credit_problems(
    remaining: Decimal,
    total: Decimal,
    *,
    is_used_up: bool,
    allocations: Sequence[PaymentAllocation],
    currency: str | None,
) -> list[Problem]:
    """What remains of a credit note lies between zero and its total, and is the total less what was allocated."""
    if not 0 <= remaining <= max(total, ZERO):
        return [Problem("remainingCredit", f"{remaining} is not between zero and the total.")]
    if is_used_up and remaining != 0:
        return [Problem("remainingCredit", f"The credit note is Paid, yet {remaining} remains.")]
    allocated = allocated_amount(allocations, currency)
    if not allocations or allocated is None:
        return []
    # Whether an allocation of credit is written with a minus differs between platforms; its size does not.
    expected = exact_difference(total, allocated.copy_abs())
    if remaining == expected:
        return []
    return [Problem("remainingCredit", f"Stated as {remaining}, but total less allocations is {expected}.")]


def paid_at_once_problems(
    total: Decimal, allocations: Sequence[PaymentAllocation], currency: str | None
) -> list[Problem]:
    """What was paid on the spot is paid in full: the allocations come to the total, whatever their sign."""
    allocated = allocated_amount(allocations, currency)
    if not allocations or allocated is None or allocated.copy_abs() == total.copy_abs():
        return []
    return [Problem("paymentAllocations", f"The total is {total}, but {allocated} was allocated.")]
