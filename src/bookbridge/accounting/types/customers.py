"""Customers: whom the company sells to."""

from __future__ import annotations

from bookbridge.accounting.addresses import Address, PhoneNumber
from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.problems import Problem, currency_problems
from bookbridge.accounting.records import ListedRecord, Part, Word


class CustomerStatus(Word):
    """Whether the company still deals with a customer, or with a person there."""

    UNKNOWN = "Unknown"
    ACTIVE = "Active"
    ARCHIVED = "Archived"


class Contact(Part, frozen=True, kw_only=True):
    """A person at the customer."""

    status: CustomerStatus
    """Whether this person is still the one to talk to."""
    name: str | None = None
    """Name of the person."""
    email: str | None = None
    """Electronic mail address of the person."""
    phone: tuple[PhoneNumber, ...] = ()
    """Telephone numbers of the person."""
    address: Address | None = None
    """Postal address of the person."""
    modified_date: ContractDateTime | None = None
    """When the person's details were last changed."""


class Customer(ListedRecord, frozen=True, kw_only=True):
    """A person or business that buys from the company."""

    status: CustomerStatus
    """Whether the company still deals with the customer."""
    customer_name: str | None = None
    """Name of the customer, usually its trading name."""
    contact_name: str | None = None
    """The person to talk to."""
    email_address: str | None = None
    """Electronic mail address of the customer."""
    default_currency: str | None = None
    """Currency the customer is usually invoiced in, ISO 4217."""
    phone: str | None = None
    """Telephone number of the customer."""
    addresses: tuple[Address, ...] = ()
    """Postal addresses of the customer."""
    contacts: tuple[Contact, ...] = ()
    """People at the customer."""
    registration_number: str | None = None
    """Number in the register of companies."""
    tax_number: str | None = None
    """Number given by the tax office."""


def check(customer: Customer) -> list[Problem]:
    """Form of the default currency."""
    return currency_problems(customer.default_currency, None, "defaultCurrency")


CUSTOMERS = DataType(
    key="customers",
    path="customers",
    record=Customer,
    singular="customer",
    level=Level.COMPANY,
    check=check,
    attachments=True,
)
