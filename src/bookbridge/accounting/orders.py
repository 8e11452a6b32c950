"""What sales orders and purchase orders share: where goods go, and how an order adds up.

It must not know which side of the books an order is on.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Protocol

from bookbridge.accounting.addresses import Address
from bookbridge.accounting.documents import line_item_problems, lines_problems, total_problems
from bookbridge.accounting.line_amounts import PricedLine
from bookbridge.accounting.problems import Problem, currency_problems
from bookbridge.accounting.records import Part


class ShipToContact(Part, frozen=True, kw_only=True):
    """The person who receives a delivery."""

    name: str | None = None
    """Name of the person."""
    email: str | None = None
    """Electronic mail address of the person."""
    phone: str | None = None
    """Telephone number of the person."""


class ShipTo(Part, frozen=True, kw_only=True):
    """Where a delivery goes."""

    address: Address | None = None
    """Postal address of the delivery."""
    contact: ShipToContact | None = None
    """The person who receives it."""


class Order(Protocol):
    """A sales order or a purchase order."""

    @property
    def currency(self) -> str | None: ...
    @property
    def currency_rate(self) -> Decimal | None: ...
    @property
    def line_items(self) -> Sequence[PricedLine]: ...
    @property
    def sub_total(self) -> Decimal | None: ...
    @property
    def total_discount(self) -> Decimal | None: ...
    @property
    def total_tax_amount(self) -> Decimal | None: ...
    @property
    def total_amount(self) -> Decimal | None: ...


def order_problems(order: Order) -> list[Problem]:
    """Line amounts, document totals, form of the currency."""
    lines, currency, discount = order.line_items, order.currency, order.total_discount
    found = currency_problems(currency, order.currency_rate)
    found += line_item_problems(lines, currency)
    if order.sub_total is not None:
        sub_totals = [line.sub_total for line in lines]
        found += lines_problems("subTotal", order.sub_total, sub_totals, currency, discount=discount)
        if order.total_amount is not None and order.total_tax_amount is not None:
            found += total_problems(order.total_amount, order.sub_total, order.total_tax_amount, discount=discount)
    if order.total_tax_amount is not None and not discount:
        found += lines_problems("totalTaxAmount", order.total_tax_amount, [line.tax_amount for line in lines], currency)
    return found
