"""Exact arithmetic on amounts, quantities and rates.

Everything here is `decimal.Decimal`; binary floating point is refused, not converted. Sums never round:
rounding happens only where a function's name says so. Python's own `+`, `*` and unary minus round to 28
digits; code that handles amounts uses the functions here. It must not know any record.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation
from functools import reduce
from typing import Final

ZERO: Final = Decimal(0)

AMOUNT_DIGITS_MAX: Final = 38
"""Significant digits of any number in a record: far more than any ledger keeps."""

AMOUNT_EXPONENT_MAX: Final = 38
"""Largest power of ten, either way. `1e999999` is eight bytes to send and a megabyte to print."""

RATE_PLACES: Final = 9
"""Decimal places of an exchange rate."""

DEFAULT_CURRENCY_PLACES: Final = 2

# ISO 4217 currencies whose minor unit is not a hundredth.
_CURRENCY_PLACES: Final = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}

# Room for sums of products of numbers within the limits. Inexact is trapped: a digit is never lost in
# silence.
_WORKING_DIGITS: Final = 512
_EXACT = Context(prec=_WORKING_DIGITS, traps=[InvalidOperation, Inexact])
_ROUNDING = Context(prec=_WORKING_DIGITS, rounding=ROUND_HALF_UP, traps=[InvalidOperation])


def is_plain(number: Decimal) -> bool:
    """True for a finite number within our limits of digits and exponent."""
    if not number.is_finite():
        return False
    return len(number.as_tuple().digits) <= AMOUNT_DIGITS_MAX and abs(number.adjusted()) <= AMOUNT_EXPONENT_MAX


def amount(value: Decimal | int | str) -> Decimal:
    """The value as an exact Decimal.

    Raises TypeError for a float or a bool, ValueError for text that is no number, for NaN, infinity, and
    for numbers beyond our limits.
    """
    if isinstance(value, bool) or not isinstance(value, Decimal | int | str):
        raise TypeError(f"an amount is Decimal, int or text, not {type(value).__name__}")
    try:
        number = Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"not a number: {str(value)[:40]!r}") from error
    if not is_plain(number):
        raise ValueError(f"number outside the limits: {str(value)[:40]!r}")
    return number


def round_half_up(value: Decimal, places: int = DEFAULT_CURRENCY_PLACES) -> Decimal:
    """The value at that many decimal places, halves away from zero: 0.125 to 0.13, -0.125 to -0.13."""
    return value.quantize(Decimal(1).scaleb(-places), context=_ROUNDING)


def currency_places(currency: str | None) -> int:
    """How many decimal places the currency's minor unit has; 2 for an unknown or absent currency."""
    return _CURRENCY_PLACES.get((currency or "").upper(), DEFAULT_CURRENCY_PLACES)


def minor_unit(currency: str | None) -> Decimal:
    """The smallest amount in the currency: 0.01 for GBP, 1 for JPY."""
    return Decimal(1).scaleb(-currency_places(currency))


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """The sum, every digit kept; zero of nothing. Raises ArithmeticError for numbers far beyond the limits."""
    return reduce(_EXACT.add, amounts, ZERO)


def exact_difference(first: Decimal, second: Decimal) -> Decimal:
    """The first less the second, every digit kept. Raises ArithmeticError as `exact_sum` does."""
    return _EXACT.subtract(first, second)


def exact_product(first: Decimal, second: Decimal) -> Decimal:
    """The product, every digit kept. Raises ArithmeticError as `exact_sum` does."""
    return _EXACT.multiply(first, second)


def invert_rate(rate: Decimal) -> Decimal:
    """One divided by the rate, to at most nine decimal places, without trailing zeros.

    Vendors disagree on which currency a rate is quoted in; ours multiplies the record's currency into the
    base currency. Raises ValueError for a rate that is zero or negative, or so large that its inverse would
    be zero.
    """
    if not rate.is_finite() or rate <= 0:
        raise ValueError(f"an exchange rate is greater than zero, not {rate}")
    inverse = round_half_up(_ROUNDING.divide(Decimal(1), rate), RATE_PLACES)
    if inverse == 0:
        raise ValueError(f"exchange rate {rate} is too large to invert within {RATE_PLACES} places")
    plain = inverse.normalize(_ROUNDING)
    # normalize() turns 100 into 1E+2: the same number, but not what a reader expects to see.
    exponent = plain.as_tuple().exponent
    return plain.quantize(Decimal(1)) if isinstance(exponent, int) and exponent > 0 else plain
