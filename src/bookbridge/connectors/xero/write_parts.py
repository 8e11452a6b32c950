"""What the payloads of all writes are put together from: dates, rates, amounts that Xero keeps to the last digit.

Pure functions. Which record becomes which payload is told in `write_contacts`, `write_purchases` and their like.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from bookbridge.accounting.money import ZERO, exact_product, round_half_up
from bookbridge.connectors.kit.connector import Facts
from bookbridge.connectors.kit.errors import FieldProblem
from bookbridge.connectors.xero.amounts import ONE, currency_rate

Json = dict[str, Any]
"""A payload about to be encoded: text, Decimal, lists and objects of the same."""

NAME_LENGTH_MAX: Final = 255
REFERENCE_LENGTH_MAX: Final = 255
DESCRIPTION_LENGTH_MAX: Final = 4_000
DATE_LENGTH: Final = len("2026-01-31")

AMOUNT_PLACES: Final = 2
"""Decimal places that Xero keeps of an amount, in currencies with three places too."""
PRICE_PLACES: Final = 4
"""Decimal places that Xero keeps of a unit price when it is asked to (`unitdp=4`)."""
QUANTITY_PLACES: Final = 4

NO_TAX: Final = "NONE"
"""Xero's tax type of what is not taxed."""


def vendor_date(text: str | None) -> str | None:
    """The day of a contract date. Xero reads a date with a time and a zone as a moment and may store the day before."""
    return text[:DATE_LENGTH] if text else None


def vendor_rate(currency: str | None, rate: Decimal | None, facts: Facts) -> Decimal | None:
    """Xero's rate is the inverse of ours; None where Xero should take its own rate of the day, or where there is none
    to send because it is the base currency."""
    base = facts.get("base_currency")
    stated = currency.upper() if currency else None
    if rate is None or (stated is not None and stated == base) or (stated is None and rate == ONE):
        return None
    return currency_rate(stated, rate, base)


def without_absent(payload: Json) -> Json:
    """The payload without what the record does not tell: Xero leaves that alone, or takes its default."""
    return {name: value for name, value in payload.items() if value is not None}


def deleted(record: None, facts: Facts) -> Json:
    """What takes a record back. Some are voided instead, which only their state can tell (see `sending`)."""
    del record, facts
    return {"Status": "DELETED"}


def kept_whole(field: str, value: Decimal | None, places: int = AMOUNT_PLACES) -> list[FieldProblem]:
    """A problem if Xero would round the value, and digits would be lost that nobody asked to lose."""
    if value is None or value == round_half_up(value, places):
        return []
    return [FieldProblem(field, f"Xero keeps {places} decimal places here, so {value} would be rounded.")]


def amounts_kept_whole(amounts: Iterable[tuple[str, Decimal | None]]) -> list[FieldProblem]:
    """As `kept_whole`, of several amounts with the names of their fields."""
    return [problem for field, value in amounts for problem in kept_whole(field, value)]


def line_amount(unit_amount: Decimal | None, quantity: Decimal | None) -> Decimal:
    """Price times quantity, every digit kept; zero where one is missing."""
    if unit_amount is None or quantity is None:
        return ZERO
    return exact_product(unit_amount, quantity)
