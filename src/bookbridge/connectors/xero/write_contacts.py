"""Writes of contacts: suppliers and customers, which are the same to Xero. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from bookbridge.accounting.addresses import Address, AddressType
from bookbridge.accounting.types.customers import CUSTOMERS, Contact, Customer, CustomerStatus
from bookbridge.accounting.types.suppliers import SUPPLIERS, Supplier, SupplierStatus
from bookbridge.connectors.kit.connector import Choice, Facts, Operation, Write
from bookbridge.connectors.kit.errors import FieldProblem
from bookbridge.connectors.xero.write_parts import NAME_LENGTH_MAX, Json, without_absent

COMPANY_NUMBER_LENGTH_MAX: Final = 50
PEOPLE_MAX: Final = 5
"""People that Xero keeps beside the main person of a contact."""


def supplier(record: Supplier, facts: Facts) -> Json:
    """A contact. What the record lacks is left alone."""
    del facts
    return _contact(record, record.supplier_name)


def customer(record: Customer, facts: Facts) -> Json:
    """A contact with the people in it. What the record lacks is left alone."""
    del facts
    people = [_person(one) for one in _people(record)]
    return {**_contact(record, record.customer_name), **({"ContactPersons": people} if people else {})}


def _contact(record: Supplier | Customer, name: str | None) -> Json:
    first_name, last_name = _names(record.contact_name)
    return without_absent(
        {
            "Name": name,
            "FirstName": first_name,
            "LastName": last_name,
            "EmailAddress": record.email_address,
            "CompanyNumber": record.registration_number,
            "TaxNumber": record.tax_number,
            "DefaultCurrency": record.default_currency,
            "Phones": [_phone(record.phone)] if record.phone else None,
            "Addresses": [_address(address) for address in record.addresses] or None,
        }
    )


def _names(name: str | None) -> tuple[str | None, str | None]:
    first_name, _, last_name = (name or "").partition(" ")
    return first_name or None, last_name or None


def supplier_update(record: Supplier, facts: Facts) -> Json:
    """A contact as a whole: what the record lacks is emptied, except the name."""
    return _whole(record, supplier(record, facts), is_archived=record.status is SupplierStatus.ARCHIVED)


def customer_update(record: Customer, facts: Facts) -> Json:
    """A contact as a whole, with the people in it: what the record lacks is emptied, except the name."""
    whole = _whole(record, customer(record, facts), is_archived=record.status is CustomerStatus.ARCHIVED)
    return {"ContactPersons": [], **whole}


def _whole(record: Supplier | Customer, content: Json, *, is_archived: bool) -> Json:
    given = {address["AddressType"]: address for address in map(_address, record.addresses)}
    emptied: Json = {
        "FirstName": "",
        "LastName": "",
        "EmailAddress": "",
        "CompanyNumber": "",
        "TaxNumber": "",
        "Phones": [_phone("")],
        "ContactStatus": "ARCHIVED" if is_archived else "ACTIVE",
    }
    # Xero keeps an address until another of its kind is sent.
    addresses = [{**_EMPTY_ADDRESS, "AddressType": kind, **given.get(kind, {})} for kind in ("POBOX", "STREET")]
    return {**emptied, **content, "Addresses": addresses}


_EMPTY_ADDRESS = dict.fromkeys(
    (
        "AddressLine1",
        "AddressLine2",
        "AddressLine3",
        "AddressLine4",
        "City",
        "Region",
        "PostalCode",
        "Country",
    ),
    "",
)


def _phone(number: str) -> Json:
    # Our number is whole; codes that Xero holds beside it would be put in front of it.
    return {"PhoneType": "DEFAULT", "PhoneNumber": number, "PhoneAreaCode": "", "PhoneCountryCode": ""}


def _address(address: Address) -> Json:
    return without_absent(
        {
            "AddressType": "STREET" if address.type is AddressType.DELIVERY else "POBOX",
            "AddressLine1": address.line1,
            "AddressLine2": address.line2,
            "City": address.city,
            "Region": address.region,
            "PostalCode": address.postal_code,
            "Country": address.country,
        }
    )


def _people(record: Customer) -> list[Contact]:
    """The contacts beside the main person, who is listed among them when the customer is read."""
    return [
        one
        for one in record.contacts
        if (one.name, one.email or None) != (record.contact_name, record.email_address or None)
    ]


def _person(one: Contact) -> Json:
    first_name, last_name = _names(one.name)
    return without_absent({"FirstName": first_name, "LastName": last_name, "EmailAddress": one.email})


def check_supplier(record: Supplier) -> list[FieldProblem]:
    """Xero keeps one address of each kind."""
    return _address_problems(record.addresses)


def check_customer(record: Customer) -> list[FieldProblem]:
    """One address of each kind, and a handful of people."""
    found = _address_problems(record.addresses)
    if len(_people(record)) > PEOPLE_MAX:
        found.append(FieldProblem("contacts", f"Xero keeps {PEOPLE_MAX} people beside the main one."))
    return found


def _address_problems(addresses: Sequence[Address]) -> list[FieldProblem]:
    kinds = Counter("delivery" if one.type is AddressType.DELIVERY else "billing" for one in addresses)
    return [
        FieldProblem("addresses", f"Xero keeps one {kind} address, not {count}.")
        for kind, count in kinds.items()
        if count > 1
    ]


_CONTACT_FIELDS: Final = (
    "contactName",
    "emailAddress",
    "phone",
    "addresses.type",
    "addresses.line1",
    "addresses.line2",
    "addresses.city",
    "addresses.region",
    "addresses.postalCode",
    "addresses.country",
    "registrationNumber",
    "taxNumber",
    "defaultCurrency",
    "status",
)
_SUPPLIER_FIELDS: Final = ("supplierName", *_CONTACT_FIELDS)
_CUSTOMER_FIELDS: Final = ("customerName", *_CONTACT_FIELDS, "contacts.name", "contacts.email")
_LENGTHS: Final = {
    "contactName": NAME_LENGTH_MAX,
    "emailAddress": 255,
    "phone": 50,
    "registrationNumber": COMPANY_NUMBER_LENGTH_MAX,
    "taxNumber": 50,
    "addresses.line1": 500,
    "addresses.line2": 500,
    "addresses.city": 255,
    "addresses.region": 255,
    "addresses.postalCode": 50,
    "addresses.country": 50,
}
_SUPPLIER_LENGTHS: Final = {"supplierName": NAME_LENGTH_MAX, **_LENGTHS}
_CUSTOMER_LENGTHS: Final = {
    "customerName": NAME_LENGTH_MAX,
    **_LENGTHS,
    "contacts.name": NAME_LENGTH_MAX,
    "contacts.email": 255,
}
_CHOICES: Final = {"addresses.type": Choice(("Billing", "Delivery"))}
_WHEN_NEW: Final = {**_CHOICES, "status": Choice(("Active",))}
_WHEN_CHANGED: Final = {**_CHOICES, "status": Choice(("Active", "Archived"))}

CONTACT_WRITES: Final[tuple[Write[Any], ...]] = (
    Write(
        SUPPLIERS,
        Operation.CREATE,
        "Contacts",
        supplier,
        fields=_SUPPLIER_FIELDS,
        required=("supplierName",),
        choices=_WHEN_NEW,
        length_max=_SUPPLIER_LENGTHS,
        check=check_supplier,
    ),
    Write(
        SUPPLIERS,
        Operation.UPDATE,
        "Contacts",
        supplier_update,
        fields=_SUPPLIER_FIELDS,
        required=("supplierName",),
        choices=_WHEN_CHANGED,
        length_max=_SUPPLIER_LENGTHS,
        check=check_supplier,
    ),
    Write(
        CUSTOMERS,
        Operation.CREATE,
        "Contacts",
        customer,
        fields=_CUSTOMER_FIELDS,
        required=("customerName",),
        choices=_WHEN_NEW,
        length_max=_CUSTOMER_LENGTHS,
        check=check_customer,
    ),
    Write(
        CUSTOMERS,
        Operation.UPDATE,
        "Contacts",
        customer_update,
        fields=_CUSTOMER_FIELDS,
        required=("customerName",),
        choices=_WHEN_CHANGED,
        length_max=_CUSTOMER_LENGTHS,
        check=check_customer,
    ),
)
