"""Creating and changing contacts. Whether one is a customer or a supplier follows from its documents.

It must not touch documents. Every function raises ValidationFailed when the vendor would refuse.
"""

from __future__ import annotations

from typing import Any

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.records import Address, Contact, ContactPerson, Phone
from bookbridge.emulators.xero.rules import resolve_tax_rate
from bookbridge.emulators.xero.wire import Fields, ValidationFailed

MAX_NAME_CHARS = 255


def _contact_fields(book: Book, fields: Fields) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for wire, name, limit in (
        ("ContactNumber", "contact_number", 50),
        ("AccountNumber", "account_number", 50),
        ("FirstName", "first_name", 255),
        ("LastName", "last_name", 255),
        ("EmailAddress", "email_address", 255),
        ("CompanyNumber", "company_number", 50),
        ("TaxNumber", "tax_number", 50),
        ("BankAccountDetails", "bank_account_details", 255),
        ("Website", "website", 255),
    ):
        value = fields.text(wire, limit=limit)
        if value is not None:
            found[name] = value
    if currency := fields.text("DefaultCurrency"):
        if book.day_rate(currency.upper()) is None:
            raise ValidationFailed(f"Organisation is not subscribed to currency {currency}")
        found["default_currency"] = currency.upper()
    for wire, name in (
        ("AccountsPayableTaxType", "accounts_payable_tax_type"),
        ("AccountsReceivableTaxType", "accounts_receivable_tax_type"),
    ):
        if tax_type := fields.text(wire):
            found[name] = resolve_tax_rate(book, tax_type).tax_type
    email = found.get("email_address")
    if email and ("@" not in email or " " in email):
        raise ValidationFailed("Email address must be valid.")
    return found | _contact_lists(fields)


def _contact_lists(fields: Fields) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if (addresses := fields.children("Addresses")) is not None:
        found["addresses"] = tuple(_address(entry) for entry in addresses)
    if (phones := fields.children("Phones")) is not None:
        found["phones"] = tuple(_phone(entry) for entry in phones)
    if (persons := fields.children("ContactPersons")) is not None:
        if len(persons) > 5:
            raise ValidationFailed("A contact can have at most 5 contact persons")
        found["contact_persons"] = tuple(
            ContactPerson(
                first_name=entry.text("FirstName") or "",
                last_name=entry.text("LastName") or "",
                email_address=entry.text("EmailAddress") or "",
                include_in_emails=entry.boolean("IncludeInEmails") or False,
            )
            for entry in persons
        )
    return found


def _address(fields: Fields) -> Address:
    return Address(
        address_type=fields.choice("AddressType", ("POBOX", "STREET", "DELIVERY")) or "POBOX",
        address_line1=fields.text("AddressLine1", limit=500) or "",
        address_line2=fields.text("AddressLine2", limit=500) or "",
        address_line3=fields.text("AddressLine3", limit=500) or "",
        address_line4=fields.text("AddressLine4", limit=500) or "",
        city=fields.text("City", limit=255) or "",
        region=fields.text("Region", limit=255) or "",
        postal_code=fields.text("PostalCode", limit=50) or "",
        country=fields.text("Country", limit=50) or "",
        attention_to=fields.text("AttentionTo", limit=255) or "",
    )


def _phone(fields: Fields) -> Phone:
    return Phone(
        phone_type=fields.choice("PhoneType", ("DEFAULT", "DDI", "MOBILE", "FAX", "OFFICE")) or "DEFAULT",
        phone_number=fields.text("PhoneNumber", limit=50) or "",
        phone_area_code=fields.text("PhoneAreaCode", limit=10) or "",
        phone_country_code=fields.text("PhoneCountryCode", limit=20) or "",
    )


def _check_contact_name(book: Book, name: str, itself: Contact | None) -> None:
    other = book.contact_names.get(name.casefold())
    if other is not None and other is not itself:
        raise ValidationFailed(
            f"The contact name {name} is already assigned to another contact. "
            "The contact name must be unique across all active contacts."
        )


def _check_contact_numbers(book: Book, details: dict[str, Any], itself: Contact | None) -> None:
    number = details.get("contact_number")
    other = book.contacts.by_number(number) if number else None
    if other is not None and other is not itself:
        raise ValidationFailed("The contact number is already assigned to another contact")
    account_number = details.get("account_number")
    if not account_number or (itself is not None and itself.account_number == account_number):
        return
    if any(other is not itself and other.account_number == account_number for other in book.contacts):
        raise ValidationFailed("The Account Number already exists. Please enter a different Account Number.")


def create_contact(book: Book, fields: Fields) -> Contact:
    """A new contact; its name must be free among the active ones."""
    name = (fields.text("Name", limit=MAX_NAME_CHARS) or "").strip()
    if not name:
        raise ValidationFailed("The Contact Name must be specified")
    _check_contact_name(book, name, None)
    details = _contact_fields(book, fields)
    _check_contact_numbers(book, details, None)
    contact = Contact(contact_id=book.new_id(), name=name, **details)
    book.add(book.contacts, contact)
    book.name_contact(contact)
    return contact


def update_contact(book: Book, contact: Contact, fields: Fields) -> None:
    """Change, archive or restore a contact; an archived one accepts nothing but its restoring."""
    wanted = fields.choice("ContactStatus", ("ACTIVE", "ARCHIVED")) or contact.contact_status
    if contact.contact_status != "ACTIVE" and wanted != "ACTIVE":
        raise ValidationFailed("The contact is archived and cannot be updated")
    if contact.contact_status != "ACTIVE" and not fields.has("ContactStatus"):
        raise ValidationFailed("The contact is archived and cannot be updated")
    name = contact.name
    if fields.has("Name"):
        name = (fields.text("Name", limit=MAX_NAME_CHARS) or "").strip()
        if not name:
            raise ValidationFailed("The Contact Name must be specified")
    if wanted == "ACTIVE":
        _check_contact_name(book, name, contact)
    previous = contact.name
    changes = _contact_fields(book, fields)
    _check_contact_numbers(book, changes, contact)
    book.change(book.contacts, contact, name=name, contact_status=wanted, **changes)
    book.name_contact(contact, previous)
