"""Tax details shared by several records: withheld tax, and which fields a rate or account may be used in."""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.records import Part


class WithholdingTax(Part, frozen=True, kw_only=True):
    """Tax that the payer keeps back and hands to the tax office on the payee's behalf."""

    name: str
    """Name of the deduction."""
    amount: Decimal
    """Amount that is kept back."""


class ValidDatatypeLink(Part, frozen=True, kw_only=True):
    """Where a record may be referred to from."""

    property: str | None = None
    """Property of this record that the link is about, for example `id`."""
    links: tuple[str, ...] = ()
    """Dotted names of the fields that may hold it, for example `Bill.LineItems.AccountRef.Id`."""
