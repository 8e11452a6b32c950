"""Unit prices as the vendor takes them: two decimals, or four from callers that ask for four.

It must not judge an amount: what is no number stays as it is, for the rules to refuse.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from bookbridge.emulators.xero.shapes import UNITS
from bookbridge.emulators.xero.wire import Fields

_LINES = ("LineItems", "UnitAmount")
_PRICES = ("PurchaseDetails", "SalesDetails")


def rounded(fields: Fields, decimals: int) -> Fields:
    """The same element with the unit prices of its lines, or of an item, rounded to ``decimals``."""
    unit = UNITS[decimals]
    raw = dict(fields.raw)
    name, price = _LINES
    if isinstance(raw.get(name), list):
        raw[name] = [_with(entry, price, unit) for entry in raw[name]]
    elif name in raw:
        raw[name] = _with(raw[name], price, unit)
    for name in _PRICES:
        if name in raw:
            raw[name] = _with(raw[name], "UnitPrice", unit)
    return Fields(raw)


def _with(part: Any, name: str, unit: Decimal) -> Any:
    if not isinstance(part, dict) or isinstance(part.get(name), bool | dict | list) or part.get(name) in (None, ""):
        return part
    try:
        return {**part, name: Decimal(str(part[name])).quantize(unit, ROUND_HALF_UP)}
    except InvalidOperation:
        return part
