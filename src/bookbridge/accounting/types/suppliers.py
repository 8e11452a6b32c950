"""Suppliers: whom the company buys from and pays."""

from __future__ import annotations

from bookbridge.accounting.addresses import Address
from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.problems import Problem, currency_problems
from bookbridge.accounting.records import ListedRecord, Word


class SupplierStatus(Word):
    """Whether the company still deals with a supplier."""

    UNKNOWN = "Unknown"
    ACTIVE = "Active"
    ARCHIVED = "Archived"


class Supplier(ListedRecord, frozen=True, kw_only=True):
    """A person or business that sends the company bills."""

    status: SupplierStatus
    """Whether the company still deals with the supplier."""
    supplier_name: str | None = None
    """Name of the supplier, usually its trading name."""
    contact_name: str | None = None
    """The person to talk to."""
    email_address: str | None = None
    """Electronic mail address of the supplier."""
    phone: str | None = None
    """Telephone number of the supplier."""
    addresses: tuple[Address, ...] = ()
    """Postal addresses of the supplier."""
    registration_number: str | None = None
    """Number in the register of companies."""
    tax_number: str | None = None
    """Number given by the tax office."""
    default_currency: str | None = None
    """Currency the supplier usually bills in, ISO 4217."""


def check(supplier: Supplier) -> list[Problem]:
    """Form of the default currency."""
    return currency_problems(supplier.default_currency, None, "defaultCurrency")


SUPPLIERS = DataType(
    key="suppliers",
    path="suppliers",
    record=Supplier,
    singular="supplier",
    level=Level.COMPANY,
    check=check,
    attachments=True,
)
