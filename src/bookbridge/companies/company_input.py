"""The contract's rules for what callers may say of a company. Pure; knows no table."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from bookbridge.companies.errors import ValidationProblem

NAME_LENGTH_MAX = 250
DESCRIPTION_LENGTH_MAX = 2_000
TAGS_MAX = 10
TAG_KEY_LENGTH_MAX = 27
TAG_VALUE_LENGTH_MAX = 100

PRODUCTS: dict[str, str] = {
    "accounting": "Accounting",
    "banking": "Banking",
    "bank-feeds": "Bank Feeds",
    "commerce": "Commerce",
    "expenses": "Expenses",
    "expenses-v1": "Expenses (version 1)",
    "lending": "Lending",
    "payables": "Bill Pay",
    "spend-insights": "Spend Insights",
}
"""Products that a company can have: identifier → name."""

_FORBIDDEN = re.compile(r"[^A-Za-z0-9 \-'&@.,?!]")


def clean_name(name: str) -> str:
    """The name with forbidden characters removed, as the contract demands.

    Accented letters become their plain letters first, so that `Société` stays readable. Raises
    ValidationProblem when nothing is left or the name is too long.
    """
    plain = unicodedata.normalize("NFKD", name[: NAME_LENGTH_MAX * 4])
    cleaned = " ".join(_FORBIDDEN.sub("", re.sub(r"\s", " ", plain)).split())
    if not cleaned:
        raise ValidationProblem("A company needs a name with at least one letter or digit.", "name")
    if len(cleaned) > NAME_LENGTH_MAX:
        raise ValidationProblem(f"A company name may have at most {NAME_LENGTH_MAX} characters.", "name")
    return cleaned


def checked_description(description: str | None) -> str | None:
    """The description, stored as given. Raises ValidationProblem when it is too long or not storable text."""
    if description is None:
        return None
    if len(description) > DESCRIPTION_LENGTH_MAX:
        raise ValidationProblem(f"A description may have at most {DESCRIPTION_LENGTH_MAX} characters.", "description")
    _refuse_nul(description, "description")
    return description


def checked_tags(tags: Mapping[str, str] | None) -> dict[str, str]:
    """The tags as given; none when None. Raises ValidationProblem."""
    found = dict(tags or {})
    if len(found) > TAGS_MAX:
        raise ValidationProblem(f"A company may have at most {TAGS_MAX} tags.", "tags")
    for key, value in found.items():
        if not 1 <= len(key) <= TAG_KEY_LENGTH_MAX:
            raise ValidationProblem(f"A tag's key has 1 to {TAG_KEY_LENGTH_MAX} characters.", "tags")
        if len(value) > TAG_VALUE_LENGTH_MAX:
            raise ValidationProblem(f"A tag's value has at most {TAG_VALUE_LENGTH_MAX} characters.", "tags")
        _refuse_nul(key + value, "tags")
    return found


def checked_product(product: str) -> str:
    """The product's identifier. Raises ValidationProblem for one that does not exist."""
    if product not in PRODUCTS:
        raise ValidationProblem(f"There is no product '{product[:50]}'.", "products")
    return product


def _refuse_nul(text: str, field: str) -> None:
    # PostgreSQL text cannot hold it; without this check the caller would see a server error.
    if "\x00" in text:
        raise ValidationProblem("Text may not contain the character NUL.", field)
