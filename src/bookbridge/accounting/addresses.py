"""Postal addresses, telephone numbers and web links of companies, suppliers and customers."""

from __future__ import annotations

from bookbridge.accounting.records import Part, Word


class AddressType(Word):
    """What an address is used for."""

    UNKNOWN = "Unknown"
    BILLING = "Billing"
    DELIVERY = "Delivery"


class Address(Part, frozen=True, kw_only=True):
    """A postal address."""

    type: AddressType
    """What the address is used for."""
    line1: str | None = None
    """First line: house and street."""
    line2: str | None = None
    """Second line."""
    city: str | None = None
    """Town or city."""
    region: str | None = None
    """County, state or province."""
    country: str | None = None
    """Country, as the accounting software writes it: a name or a code."""
    postal_code: str | None = None
    """Postal or ZIP code."""


class PhoneNumberType(Word):
    """What kind of line a telephone number reaches."""

    PRIMARY = "Primary"
    LANDLINE = "Landline"
    MOBILE = "Mobile"
    FAX = "Fax"
    UNKNOWN = "Unknown"


class PhoneNumber(Part, frozen=True, kw_only=True):
    """A telephone number."""

    type: PhoneNumberType
    """What kind of line the number reaches."""
    number: str | None = None
    """The number, as the accounting software writes it."""


class WebLinkType(Word):
    """What a web link leads to."""

    WEBSITE = "Website"
    SOCIAL = "Social"
    UNKNOWN = "Unknown"


class WebLink(Part, frozen=True, kw_only=True):
    """An address on the web."""

    type: WebLinkType | None = None
    """What the link leads to."""
    url: str | None = None
    """The full address of the page."""
