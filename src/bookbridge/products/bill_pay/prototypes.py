"""What callers send to be written: records of Bill Pay as they arrive. Classes only; `checks` has the rules.

Every field may be missing when it arrives, so that each one that must not be is named in the contract's words. Money is
Decimal, to the last digit.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import msgspec


class Given(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A piece of what is sent. Anything may be missing; unknown fields are ignored."""

    required_fields: ClassVar[tuple[str, ...]] = ()
    """Names of the fields without which it is refused."""


class RefGiven(Given, frozen=True, kw_only=True):
    """A record that is referred to."""

    required_fields: ClassVar = ("id",)

    id: str | None = None
    """Identifier of the record."""


class TrackingRefGiven(Given, frozen=True, kw_only=True):
    """A record that a line is to be counted under."""

    required_fields: ClassVar = ("id", "dataType")

    id: str | None = None
    """Identifier of the record."""
    data_type: str | None = None
    """`trackingCategories` or `customers`."""
    is_billable: bool | None = None
    """Of a customer: whether the line will be charged on to them."""


class BillLinePrototype(Given, frozen=True, kw_only=True):
    """A line of a bill to be written. Amounts are without tax."""

    required_fields: ClassVar = ("unitAmount",)

    description: str | None = None
    """What was bought, in words."""
    unit_amount: Decimal | None = None
    """Price of one unit."""
    quantity: Decimal | None = None
    """How many units were bought; one, unless given."""
    tax_amount: Decimal | None = None
    """Tax on the line; worked out from the tax rate, unless given."""
    account_ref: RefGiven | None = None
    """Account that the line is booked to."""
    tax_rate_ref: RefGiven | None = None
    """Tax rate that the line is taxed at."""
    tracking_refs: list[TrackingRefGiven] | None = None
    """What the line is counted under."""


class BillPrototype(Given, frozen=True, kw_only=True):
    """A bill to be written: a new one, or a whole one in the place of an open one."""

    required_fields: ClassVar = ("supplierRef", "issueDate", "dueDate", "currency", "lineItems", "status")

    reference: str | None = None
    """Reference that people know the bill by, usually the supplier's invoice number."""
    supplier_ref: RefGiven | None = None
    """The supplier that sent the bill."""
    issue_date: str | None = None
    """Date on the bill."""
    due_date: str | None = None
    """Date by which the bill is to be paid."""
    currency: str | None = None
    """Currency of the bill, ISO 4217."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the bill's currency into the company's base currency."""
    line_items: list[BillLinePrototype] | None = None
    """The lines of the bill."""
    status: str | None = None
    """Always `Open`."""


class BillPaymentPrototype(Given, frozen=True, kw_only=True):
    """A payment of a bill, in full or in part."""

    required_fields: ClassVar = ("amount", "date", "accountRef")

    amount: Decimal | None = None
    """What is paid, in the bill's currency."""
    date: str | None = None
    """Date of the payment."""
    reference: str | None = None
    """Reference that people know the payment by."""
    account_ref: RefGiven | None = None
    """Bank or card account that the money comes from."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the bill's currency into the company's base currency."""


class AddressGiven(Given, frozen=True, kw_only=True):
    """A postal address of a supplier."""

    type: str | None = None
    """What the address is used for: `Billing` or `Delivery`."""
    line1: str | None = None
    """First line: house and street."""
    line2: str | None = None
    """Second line."""
    city: str | None = None
    """Town or city."""
    region: str | None = None
    """County, state or province."""
    country: str | None = None
    """Country: a name or a code."""
    postal_code: str | None = None
    """Postal or ZIP code."""


class SupplierPrototype(Given, frozen=True, kw_only=True):
    """A supplier to be written: a new one, or a whole one in the place of another. What is left out is cleared."""

    required_fields: ClassVar = ("status",)

    supplier_name: str | None = None
    """Name of the supplier. Required of a new one; an existing one keeps its name without it."""
    contact_name: str | None = None
    """The person to talk to."""
    email_address: str | None = None
    """Electronic mail address of the supplier."""
    phone: str | None = None
    """Telephone number of the supplier."""
    addresses: list[AddressGiven] | None = None
    """Postal addresses of the supplier."""
    status: str | None = None
    """`Active` or `Archived`."""
    default_currency: str | None = None
    """Currency the supplier usually bills in, ISO 4217."""


class BankAccountPrototype(Given, frozen=True, kw_only=True):
    """A bank or card account to be opened in the books."""

    required_fields: ClassVar = ("name", "accountType", "accountNumber", "currency")

    nominal_code: str | None = None
    """Number or code that bookkeepers will know the account by."""
    name: str | None = None
    """Name of the account in the books."""
    account_type: str | None = None
    """`Debit` for money that is held, `Credit` for money that is borrowed."""
    account_number: str | None = None
    """Number of the account at the bank."""
    sort_code: str | None = None
    """Code of the bank's branch."""
    currency: str | None = None
    """Currency the account is held in, ISO 4217."""
