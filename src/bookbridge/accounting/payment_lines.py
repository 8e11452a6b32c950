"""How the lines of a payment add up: the same rules for money paid out and for money received.

A payment has lines, a line has links. The sum of the lines is the payment's total. A link below zero lowers
an outstanding balance (it pays a bill or an invoice), one above zero raises it (it uses up a credit note); a
line and its links add up to zero. A credit note that pays a document is thus a payment of total zero with two
links. It must not know which side of the books a payment is on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.money import ZERO
from bookbridge.accounting.problems import Problem, date_problems, sum_problem
from bookbridge.accounting.records import Word


class PaymentLink(Protocol):
    """A record that a part of a payment was used for."""

    @property
    def type(self) -> Word: ...
    @property
    def id(self) -> str | None: ...
    @property
    def amount(self) -> Decimal | None: ...
    @property
    def currency_rate(self) -> Decimal | None: ...


class PaymentLine(Protocol):
    """A part of a payment."""

    @property
    def amount(self) -> Decimal: ...
    @property
    def links(self) -> Sequence[PaymentLink]: ...
    @property
    def allocated_on_date(self) -> ContractDateTime | None: ...


@dataclass(frozen=True)
class LinkRules:
    """What one side of the books calls its links, and how their signs are explained to people."""

    paid: Word
    """The document that a payment pays."""
    paid_message: str
    credit: Word
    """The credit note that a payment uses up."""
    credit_message: str
    may_carry_no_amount: frozenset[Word]
    """Links that a vendor which does not say what they are for writes with amount zero."""


def payment_line_problems(total: Decimal | None, lines: Sequence[PaymentLine], rules: LinkRules) -> list[Problem]:
    """Lines against the total, links against their line, signs of links, dates of allocation."""
    found = []
    if lines and total is not None:
        found += sum_problem("totalAmount", total, [line.amount for line in lines], ZERO)
    for position, line in enumerate(lines):
        found += _line_problems(line, f"lines[{position}].", rules)
    return found


def _line_problems(line: PaymentLine, prefix: str, rules: LinkRules) -> list[Problem]:
    found = date_problems(**{f"{prefix}allocatedOnDate": line.allocated_on_date})
    for position, link in enumerate(line.links):
        found += _link_problems(link, f"{prefix}links[{position}].", rules)
    if _adds_up_in_one_currency(line, rules):
        used = [None if link.amount is None else link.amount.copy_negate() for link in line.links]
        found += sum_problem(f"{prefix}amount", line.amount, used, ZERO)
    return found


def _adds_up_in_one_currency(line: PaymentLine, rules: LinkRules) -> bool:
    if not line.links:
        return False
    if any(link.currency_rate not in (None, 1) for link in line.links):
        # Link amounts in another currency add up only after an exchange gain or loss that is not in the
        # record.
        return False
    return not any(link.type in rules.may_carry_no_amount and not link.amount for link in line.links)


def _link_problems(link: PaymentLink, prefix: str, rules: LinkRules) -> list[Problem]:
    found = []
    if link.currency_rate is not None and link.currency_rate <= 0:
        message = f"An exchange rate is greater than zero, not {link.currency_rate}."
        found.append(Problem(f"{prefix}currencyRate", message))
    if link.amount is None:
        return found
    if link.type is rules.paid and link.amount > 0:
        found.append(Problem(f"{prefix}amount", rules.paid_message))
    if link.type is rules.credit and link.amount < 0:
        found.append(Problem(f"{prefix}amount", rules.credit_message))
    return found
