"""Creating and changing what lines refer to: tax rates, currencies, tracking.

It must not touch documents. Every function raises ValidationFailed when the vendor would refuse.
"""

from __future__ import annotations

from decimal import Decimal

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.records import (
    ZERO,
    Currency,
    TaxComponent,
    TaxRate,
    TrackingCategory,
    TrackingOption,
)
from bookbridge.emulators.xero.wire import Fields, ValidationFailed

_HUNDRED = Decimal(100)

# -- tax rates, currencies ------------------------------------------------------------------------


def create_tax_rate(book: Book, fields: Fields) -> TaxRate:
    """A new tax rate; its TaxType is the next free TAXnnn."""
    name = (fields.text("Name", limit=50) or "").strip()
    components = fields.children("TaxComponents") or []
    if not name or not components:
        raise ValidationFailed("A tax rate needs a Name and at least one TaxComponent")
    parts = tuple(
        TaxComponent(
            name=entry.text("Name", limit=50) or "",
            rate=entry.decimal("Rate") or ZERO,
            is_compound=entry.boolean("IsCompound") or False,
            is_non_recoverable=entry.boolean("IsNonRecoverable") or False,
        )
        for entry in components
    )
    if any(not 0 <= part.rate <= _HUNDRED for part in parts):
        raise ValidationFailed("A tax rate must be between 0 and 100")
    number = 1
    while book.tax_rates.find(f"tax{number:03d}") is not None or book.tax_rates.find(f"TAX{number:03d}"):
        number += 1
    rate = TaxRate(
        tax_type=f"TAX{number:03d}",
        name=name,
        effective_rate=sum((part.rate for part in parts), Decimal(0)),
        components=parts,
        report_tax_type=fields.text("ReportTaxType") or "OUTPUT",
    )
    return book.add(book.tax_rates, rate)


def update_tax_rate(book: Book, rate: TaxRate, fields: Fields) -> None:
    """Rename or retire a tax rate."""
    status = fields.choice("Status", ("ACTIVE", "ARCHIVED", "DELETED")) or rate.status
    book.change(book.tax_rates, rate, name=fields.text("Name", limit=50) or rate.name, status=status)


def create_currency(book: Book, fields: Fields) -> Currency:
    """Subscribe to a currency; its day rate starts at one."""
    code = (fields.text("Code") or "").upper()
    if len(code) != 3 or not code.isalpha():
        raise ValidationFailed("Currency code must have three letters")
    existing = book.currencies.find(code)
    if existing is not None:
        return existing
    book.rates.setdefault(code, Decimal(1))
    return book.add(book.currencies, Currency(code=code, description=fields.text("Description") or code))


# -- tracking -------------------------------------------------------------------------------------


def create_tracking_category(book: Book, fields: Fields) -> TrackingCategory:
    """A new tracking category; two may be active at once."""
    name = (fields.text("Name", limit=100) or "").strip()
    if not name:
        raise ValidationFailed("The tracking category name must be specified")
    active = [category for category in book.tracking_categories if category.status == "ACTIVE"]
    if len(active) >= 2:
        raise ValidationFailed("Maximum of 2 active tracking categories has been reached")
    if any(category.name.casefold() == name.casefold() for category in active):
        raise ValidationFailed("A tracking category with this name already exists")
    category = TrackingCategory(tracking_category_id=book.new_id(), name=name)
    book.add(book.tracking_categories, category)
    for entry in fields.children("Options") or []:
        create_tracking_option(book, category, entry)
    return category


def update_tracking_category(book: Book, category: TrackingCategory, fields: Fields) -> None:
    """Rename or archive a tracking category."""
    book.change(
        book.tracking_categories,
        category,
        name=fields.text("Name", limit=100) or category.name,
        status=fields.choice("Status", ("ACTIVE", "ARCHIVED")) or category.status,
    )


def delete_tracking_category(book: Book, category: TrackingCategory) -> None:
    """Delete a tracking category for good."""
    book.delete(book.tracking_categories, category)


def create_tracking_option(book: Book, category: TrackingCategory, fields: Fields) -> TrackingOption:
    """Add an option to a category."""
    name = (fields.text("Name", limit=100) or "").strip()
    if not name:
        raise ValidationFailed("The tracking option name must be specified")
    if any(option.name.casefold() == name.casefold() for option in category.options):
        raise ValidationFailed("A tracking option with this name already exists")
    option = TrackingOption(tracking_option_id=book.new_id(), name=name)
    book.change(book.tracking_categories, category, options=(*category.options, option))
    return option


def update_tracking_option(book: Book, category: TrackingCategory, option: TrackingOption, fields: Fields) -> None:
    """Rename or archive an option."""
    book.adjust(
        option,
        name=fields.text("Name", limit=100) or option.name,
        status=fields.choice("Status", ("ACTIVE", "ARCHIVED")) or option.status,
    )
    book.change(book.tracking_categories, category)


def delete_tracking_option(book: Book, category: TrackingCategory, option: TrackingOption) -> None:
    """Delete an option for good."""
    kept = tuple(other for other in category.options if other is not option)
    book.change(book.tracking_categories, category, options=kept)
