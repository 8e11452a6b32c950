"""Shapes of contacts: every contact is both a supplier and a customer. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable

from bookbridge.accounting.addresses import Address, AddressType, PhoneNumber, PhoneNumberType
from bookbridge.accounting.types.customers import Contact, Customer, CustomerStatus
from bookbridge.accounting.types.suppliers import Supplier, SupplierStatus
from bookbridge.connectors.kit.connector import Facts
from bookbridge.connectors.xero import payloads
from bookbridge.connectors.xero.dates import moment

_ADDRESS_TYPES = {
    "POBOX": AddressType.BILLING,
    "STREET": AddressType.DELIVERY,
    "DELIVERY": AddressType.DELIVERY,
}

_CONTACT_PHONE_TYPES = {
    "DEFAULT": PhoneNumberType.PRIMARY,
    "DDI": PhoneNumberType.LANDLINE,
    "MOBILE": PhoneNumberType.MOBILE,
    "FAX": PhoneNumberType.FAX,
}
"""In the order in which a single number is chosen."""


def supplier(payload: payloads.Contact, facts: Facts) -> Supplier:
    """The contact as somebody we buy from."""
    del facts
    active = payload.contact_status in ("ACTIVE", None)
    return Supplier(
        id=payload.contact_id,
        supplier_name=payload.name,
        contact_name=_person(payload.first_name, payload.last_name),
        email_address=payload.email_address or None,
        phone=_main_phone(payload.phones or ()),
        addresses=addresses(payload.addresses),
        registration_number=payload.company_number or None,
        tax_number=payload.tax_number or None,
        default_currency=payload.default_currency or None,
        status=SupplierStatus.ACTIVE if active else SupplierStatus.ARCHIVED,
        source_modified_date=moment(payload.updated_date_utc),
    )


def customer(payload: payloads.Contact, facts: Facts) -> Customer:
    """The contact as somebody we sell to."""
    del facts
    active = payload.contact_status in ("ACTIVE", None)
    status = CustomerStatus.ACTIVE if active else CustomerStatus.ARCHIVED
    return Customer(
        id=payload.contact_id,
        customer_name=payload.name,
        contact_name=_person(payload.first_name, payload.last_name),
        email_address=payload.email_address or None,
        phone=_main_phone(payload.phones or ()),
        addresses=addresses(payload.addresses),
        contacts=tuple(_people(payload, status)),
        registration_number=payload.company_number or None,
        tax_number=payload.tax_number or None,
        default_currency=payload.default_currency or None,
        status=status,
        source_modified_date=moment(payload.updated_date_utc),
    )


def _people(payload: payloads.Contact, status: CustomerStatus) -> Iterable[Contact]:
    name = _person(payload.first_name, payload.last_name)
    phones = tuple(
        PhoneNumber(type=kind, number=number)
        for word, kind in _CONTACT_PHONE_TYPES.items()
        for phone in payload.phones or ()
        if phone.phone_type == word and (number := phone_number(phone))
    )
    if name or phones:
        yield Contact(status=status, name=name, email=payload.email_address or None, phone=phones)
    for person in payload.contact_persons or ():
        yield Contact(
            status=status,
            name=_person(person.first_name, person.last_name),
            email=person.email_address or None,
        )


def _person(first_name: str | None, last_name: str | None) -> str | None:
    return " ".join(part for part in (first_name, last_name) if part) or None


def phone_number(phone: payloads.Phone) -> str | None:
    """Country code, area code and number, those that are there, with spaces between."""
    parts = (phone.phone_country_code, phone.phone_area_code, phone.phone_number)
    return " ".join(part for part in parts if part) or None


def _main_phone(phones: tuple[payloads.Phone, ...]) -> str | None:
    for word in _CONTACT_PHONE_TYPES:
        for phone in phones:
            if phone.phone_type == word and (number := phone_number(phone)):
                return number
    return None


def addresses(given: Iterable[payloads.Address] | None) -> tuple[Address, ...]:
    """The addresses that say anything. Xero lists both kinds for every contact, empty ones too."""
    return tuple(address for one in given or () if (address := _address(one)) is not None)


def _address(given: payloads.Address) -> Address | None:
    rest = (given.address_line2, given.address_line3, given.address_line4)
    line2 = ", ".join(line for line in rest if line) or None
    if not any((given.address_line1, line2, given.city, given.region, given.postal_code, given.country)):
        return None
    return Address(
        type=_ADDRESS_TYPES.get(given.address_type or "", AddressType.UNKNOWN),
        line1=given.address_line1 or None,
        line2=line2,
        city=given.city or None,
        region=given.region or None,
        country=given.country or None,
        postal_code=given.postal_code or None,
    )
