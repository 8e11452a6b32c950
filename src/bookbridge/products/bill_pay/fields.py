"""What fields of accounting records are called in Bill Pay, so that a refusal names what the caller sent. Pure."""

from __future__ import annotations

import re
from typing import Final

_CALLED: Final = {
    "bills": (
        (re.compile(r"(lineItems(?:\[\d+\])?)\.(?:trackingCategoryRefs|tracking)\b.*"), r"\1.trackingRefs"),
        (re.compile(r"(lineItems(?:\[\d+\])?)\.(?:subTotal|totalAmount)"), r"\1"),
        (re.compile(r"subTotal|taxAmount|totalAmount"), "lineItems"),
    ),
    "billPayments": (
        (re.compile(r"totalAmount|lines(?:\[\d+\])?\.(?:links(?:\[\d+\])?\.)?amount"), "amount"),
        # Which bill is paid stands in the address.
        (re.compile(r"lines\b.*|supplierRef\b.*|currency"), ""),
    ),
    "bankAccounts": ((re.compile(r"accountName"), "name"),),
}
"""For each data type: fields that Bill Pay works out or knows by another name. Of those that it works out, what they
follow from is named. All others are called the same."""


def field_sent(data_type: str, field: str) -> str:
    """The field of Bill Pay's record from which an accounting record's field came; empty for the whole."""
    for pattern, called in _CALLED.get(data_type, ()):
        if pattern.fullmatch(field):
            return pattern.sub(called, field)
    return field
