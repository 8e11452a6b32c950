"""Amounts stay exact; rounding is half away from zero; hostile numbers are refused."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookbridge.accounting import money

amounts = st.decimals(
    min_value=Decimal("-1e20"), max_value=Decimal("1e20"), places=9, allow_nan=False, allow_infinity=False
)


@pytest.mark.parametrize(
    ("value", "places", "rounded"),
    [
        ("0.125", 2, "0.13"),
        ("-0.125", 2, "-0.13"),
        ("0.124999", 2, "0.12"),
        ("2.5", 0, "3"),
        ("-2.5", 0, "-3"),
        ("1.0005", 3, "1.001"),
        ("12345678901234567890123456789012.345", 2, "12345678901234567890123456789012.35"),
    ],
)
def test_rounds_half_away_from_zero(value: str, places: int, rounded: str) -> None:
    assert str(money.round_half_up(Decimal(value), places)) == rounded


@given(st.lists(amounts, max_size=30))
def test_a_sum_keeps_every_digit(values: list[Decimal]) -> None:
    assert Fraction(money.exact_sum(values)) == sum(map(Fraction, values))


@given(amounts, amounts)
def test_a_product_and_a_difference_keep_every_digit(first: Decimal, second: Decimal) -> None:
    assert Fraction(money.exact_product(first, second)) == Fraction(first) * Fraction(second)
    assert Fraction(money.exact_difference(first, second)) == Fraction(first) - Fraction(second)


def test_currencies_have_their_own_minor_units() -> None:
    assert [money.currency_places(code) for code in ("GBP", "JPY", "BHD", "jpy", "XXX", None)] == [
        2,
        0,
        3,
        0,
        2,
        2,
    ]
    assert money.minor_unit("JPY") == 1
    assert money.minor_unit("USD") == Decimal("0.01")


@pytest.mark.parametrize(
    ("rate", "inverse"),
    [("3", "0.333333333"), ("0.5", "2"), ("0.01", "100"), ("1", "1"), ("1.25", "0.8"), ("0.000001", "1000000")],
)
def test_inverts_a_rate_to_nine_places(rate: str, inverse: str) -> None:
    assert str(money.invert_rate(Decimal(rate))) == inverse


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity", "1e12"])
def test_refuses_to_invert_what_has_no_inverse(rate: str) -> None:
    with pytest.raises(ValueError):
        money.invert_rate(Decimal(rate))


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "1e999999", "1e-999999", "0E+500", "9" * 39, "ten", ""])
def test_refuses_numbers_outside_the_limits(text: str) -> None:
    with pytest.raises(ValueError):
        money.amount(text)


@pytest.mark.parametrize("value", [1.5, True, None])
def test_refuses_binary_floats_and_other_types(value: object) -> None:
    with pytest.raises(TypeError):
        money.amount(value)  # type: ignore[arg-type]


def test_takes_text_and_integers_exactly() -> None:
    assert str(money.amount("12345678901234567.89")) == "12345678901234567.89"
    assert money.amount(7) == Decimal(7)
