"""What a body may refer to: contacts, accounts, tax rates, tracking, currencies; and periods that are closed.

It must not store anything but contacts created by name, and raises ValidationFailed with the vendor's
kind of message.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.records import (
    ONE,
    Account,
    Contact,
    TaxRate,
    TrackingCategory,
    TrackingOption,
)
from bookbridge.emulators.xero.wire import Fields, ValidationFailed

MIN_RATE, MAX_RATE = Decimal("0.000001"), Decimal(1_000_000)
"""Currency rates accepted: units of a document's currency for one unit of the base currency."""


def check_open(book: Book, day: dt.date) -> None:
    """Raise ValidationFailed when ``day`` lies in a locked period."""
    lock = book.lock_date()
    if lock is not None and day <= lock:
        raise ValidationFailed(
            f"The document date cannot be before the period lock date, currently set at: {lock:%d %B %Y}"
        )


def resolve_contact(book: Book, fields: Fields | None) -> Contact:
    """The contact that a body names by id, number or name; an unknown name creates a contact."""
    if fields is None:
        raise ValidationFailed("A Contact must be specified for this type of transaction")
    key = fields.guid("ContactID") or fields.text("ContactNumber")
    if key:
        contact = book.contacts.find(key)
        if contact is None:
            raise ValidationFailed("The contact could not be found")
    else:
        name = (fields.text("Name", limit=255) or "").strip()
        if not name:
            raise ValidationFailed("A Contact must be specified for this type of transaction")
        contact = book.contact_names.get(name.casefold())
        if contact is None:
            contact = book.add(
                book.contacts,
                Contact(contact_id=book.new_id(), name=name, email_address=fields.text("EmailAddress") or ""),
            )
            book.name_contact(contact)
    if contact.contact_status != "ACTIVE":
        raise ValidationFailed("The contact is archived and cannot be used")
    return contact


def resolve_account(book: Book, fields: Fields, *, code_name: str = "AccountCode") -> Account | None:
    """The account that a line names by code or id; None when it names none."""
    code = fields.text(code_name)
    key = fields.guid("AccountID") or code
    if not key:
        return None
    account = book.accounts.find(key)
    if account is None:
        raise ValidationFailed(f"Account code '{key}' is not a valid code for this document.")
    if account.status != "ACTIVE":
        raise ValidationFailed(f"Account code '{key}' has been archived, or has been deleted.")
    return account


def resolve_tax_rate(book: Book, tax_type: str) -> TaxRate:
    """The tax rate with this type; raises ValidationFailed when unknown or not active."""
    rate = book.tax_rates.find(tax_type) or book.tax_rates.find(tax_type.upper())
    if rate is None or rate.status != "ACTIVE":
        raise ValidationFailed(
            f"The TaxType code {tax_type} does not exist or cannot be used for this type of transaction."
        )
    return rate


def applies_to(rate: TaxRate, account_class: str) -> bool:
    """Whether a tax rate may be used on accounts of this class."""
    return {
        "ASSET": rate.can_apply_to_assets,
        "EQUITY": rate.can_apply_to_equity,
        "EXPENSE": rate.can_apply_to_expenses,
        "LIABILITY": rate.can_apply_to_liabilities,
        "REVENUE": rate.can_apply_to_revenue,
    }[account_class]


def resolve_tracking(book: Book, fields: list[Fields] | None) -> tuple[tuple[TrackingCategory, TrackingOption], ...]:
    """The options that a line is tracked by: at most two, each of another category."""
    found: list[tuple[TrackingCategory, TrackingOption]] = []
    for entry in fields or []:
        entry = entry.child("TrackingCategory") or entry
        category = _find_category(book, entry)
        option_id, option_name = entry.guid("TrackingOptionID"), entry.text("Option")
        if not option_id and not option_name:
            continue
        option = next(
            (
                option
                for option in category.options
                if option.status == "ACTIVE"
                and (
                    option.tracking_option_id == (option_id or "").lower()
                    or (option_name is not None and option.name.casefold() == option_name.casefold())
                )
            ),
            None,
        )
        if option is None:
            raise ValidationFailed(f"The tracking option '{option_name or option_id}' is not valid")
        if any(category is other for other, _ in found):
            raise ValidationFailed("A line item can use each tracking category once")
        found.append((category, option))
    if len(found) > 2:
        raise ValidationFailed("A maximum of 2 tracking categories can be used on a line item")
    return tuple(found)


def _find_category(book: Book, entry: Fields) -> TrackingCategory:
    category_id, name = entry.guid("TrackingCategoryID"), entry.text("Name")
    option_id = (entry.guid("TrackingOptionID") or "").lower()
    for category in book.tracking_categories:
        if category.status != "ACTIVE":
            continue
        if category_id:
            if category.tracking_category_id == category_id.lower():
                return category
        elif name:
            if category.name.casefold() == name.casefold():
                return category
        elif any(option.tracking_option_id == option_id for option in category.options):
            return category
    raise ValidationFailed(f"The tracking category '{name or category_id or option_id}' is not valid")


def resolve_currency(book: Book, fields: Fields, default: str | None = None) -> tuple[str, Decimal]:
    """A document's currency and its rate (foreign units for one base unit)."""
    code = (fields.text("CurrencyCode") or default or book.organisation.base_currency).upper()
    day_rate = book.day_rate(code)
    if day_rate is None:
        raise ValidationFailed(f"Organisation is not subscribed to currency {code}")
    rate = fields.decimal("CurrencyRate")
    if code == book.organisation.base_currency:
        return code, ONE
    if rate is not None:
        check_rate(rate)
    return code, rate or day_rate


def check_rate(rate: Decimal) -> None:
    """Raise ValidationFailed for a currency rate that no two currencies have."""
    if not MIN_RATE <= rate <= MAX_RATE:
        raise ValidationFailed(f"The currency rate must be between {MIN_RATE} and {MAX_RATE}")
