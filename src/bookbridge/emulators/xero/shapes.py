"""What all renderers share: how much to show, and the small nested shapes that appear everywhere.

It must not change a record. Amounts keep two decimals; unit amounts two, or four when asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from bookbridge.emulators.xero import records as r
from bookbridge.emulators.xero.books import Book

UNITS = {2: Decimal("0.01"), 4: Decimal("0.0001")}
_RATE = Decimal("0.000001")
Out = dict[str, Any]


class Shape(msgspec.Struct, frozen=True):
    """How much to show: ``full`` with lines, and the decimals of unit amounts."""

    full: bool = True
    unit_decimals: int = 2


def drop_none(out: Out) -> Out:
    return {name: value for name, value in out.items() if value is not None}


def wire_rate(value: Decimal) -> Decimal:
    return Decimal("1.0") if value == 1 else value.quantize(_RATE, ROUND_HALF_UP)


def wire_parts(parts: tuple[r.Part, ...]) -> list[Out]:
    return [{field.encode_name: getattr(part, field.name) for field in msgspec.structs.fields(part)} for part in parts]


def account_ref(record: r.Account) -> Out:
    return drop_none({"AccountID": record.account_id, "Code": record.code, "Name": record.name})


def contact_ref(record: r.Contact) -> Out:
    return {
        "ContactID": record.contact_id,
        "Name": record.name,
        "Addresses": [],
        "Phones": [],
        "ContactGroups": [],
        "ContactPersons": [],
        "HasValidationErrors": False,
    }


def tracking_pairs(pairs: tuple[tuple[r.TrackingCategory, r.TrackingOption], ...]) -> list[Out]:
    return [
        {
            "Name": category.name,
            "Option": option.name,
            "TrackingCategoryID": category.tracking_category_id,
            "TrackingOptionID": option.tracking_option_id,
        }
        for category, option in pairs
    ]


Renderer = Callable[[Book, Any, Shape], Out]
"""Shows one record of a book."""
