"""What Xero's amounts mean in our terms: exchange rates the other way round, line amounts without tax.

Pure arithmetic on Decimal, shared by bills, credit notes and payments.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from bookbridge.accounting.money import ZERO, currency_places, invert_rate, round_half_up
from bookbridge.connectors.xero.document_payloads import LineItem

RATES_CACHED_MAX = 4096
NET_PRICE_PLACES = 6
"""Decimal places of a unit price from which tax was taken out: at a quantity of thousands the line still
comes out right to the penny."""

ONE = Decimal(1)


@lru_cache(maxsize=RATES_CACHED_MAX)
def _inverted(rate: Decimal) -> Decimal | None:
    try:
        return invert_rate(rate)
    except ValueError:
        return None


def currency_rate(currency: str | None, rate: Decimal | None, base_currency: str | None) -> Decimal | None:
    """The rate that multiplies the document's currency into the base currency.

    Xero quotes units of the document's currency per unit of the base currency, hence the inverse. 1 in the
    base currency; None when Xero told no usable rate.
    """
    if currency is not None and currency == base_currency:
        return ONE
    if not rate:
        return None
    return ONE if rate == ONE else _inverted(rate)


class LineAmounts(NamedTuple):
    """The amounts of one line, all without tax except `total` and `tax`."""

    unit: Decimal
    quantity: Decimal
    sub_total: Decimal
    tax: Decimal
    total: Decimal
    discount: Decimal | None
    discount_percentage: Decimal | None


def line_amounts(line: LineItem, amount_types: str | None, currency: str | None) -> LineAmounts:
    """The line's amounts, whether the document was entered with tax, without it, or free of tax.

    A line without a quantity or price (a description only) counts as zero.
    """
    unit = line.unit_amount if line.unit_amount is not None else ZERO
    quantity = line.quantity if line.quantity is not None else ZERO
    stated = line.line_amount if line.line_amount is not None else ZERO
    tax = line.tax_amount if line.tax_amount is not None else ZERO
    if amount_types == "Inclusive":
        sub_total, total = stated - tax, stated
        if tax and stated:
            unit = round_half_up(unit * sub_total / stated, NET_PRICE_PLACES)
    else:
        if amount_types == "NoTax":
            tax = ZERO
        sub_total, total = stated, stated + tax
    if not line.discount_rate and not line.discount_amount:
        return LineAmounts(unit, quantity, sub_total, tax, total, None, None)
    # Derived, so that price times quantity less discount is the sub total also when tax was taken out.
    discount = round_half_up(unit * quantity, currency_places(currency)) - sub_total
    return LineAmounts(unit, quantity, sub_total, tax, total, discount, line.discount_rate or None)
