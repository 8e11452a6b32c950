"""The codes of currencies."""

from __future__ import annotations

from bookbridge.accounting.currencies import CURRENCIES, is_currency


def test_codes_in_use() -> None:
    for code in ("GBP", "eur", "Usd", "JPY", "BHD"):
        assert is_currency(code)
    for code in ("", "XXX", "HRK", "GBPP", "POUND", "£"):
        assert not is_currency(code)
    assert all(len(code) == 3 and code.isalpha() and code.isupper() for code in CURRENCIES)
