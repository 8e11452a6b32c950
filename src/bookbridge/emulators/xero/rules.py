"""The rules that all documents share: lines, tax, totals, look-ups of what a body refers to, locks.

It must not store anything but contacts created by name, and raises ValidationFailed with the vendor's
kind of message.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.journals import round_money
from bookbridge.emulators.xero.records import (
    ONE,
    ZERO,
    Account,
    Contact,
    Document,
    Item,
    Line,
    TaxRate,
    TrackingCategory,
    TrackingOption,
)
from bookbridge.emulators.xero.wire import MAX_MONEY, Fields, ValidationFailed

LINE_AMOUNT_TYPES = ("Exclusive", "Inclusive", "NoTax")
MAX_DESCRIPTION_CHARS = 4_000
MAX_LINES = 1_000
MIN_RATE, MAX_RATE = Decimal("0.000001"), Decimal(1_000_000)
"""Currency rates accepted: units of a document's currency for one unit of the base currency."""

_HUNDRED = Decimal(100)
_UNIT = Decimal("0.0001")


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
    if account is None or account.status != "ACTIVE":
        raise ValidationFailed(f"Account code '{key}' is not a valid code for this document.")
    return account


def resolve_tax_rate(book: Book, tax_type: str) -> TaxRate:
    """The tax rate with this type; raises ValidationFailed when unknown or not active."""
    rate = book.tax_rates.find(tax_type) or book.tax_rates.find(tax_type.upper())
    if rate is None or rate.status != "ACTIVE":
        raise ValidationFailed(
            f"The TaxType code '{tax_type}' does not exist or cannot be used for this type of transaction."
        )
    return rate


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


# -- lines ----------------------------------------------------------------------------------------


def build_lines(
    book: Book,
    fields: list[Fields],
    line_amount_types: str,
    *,
    approved: bool,
    sells: bool,
    previous: tuple[Line, ...] = (),
) -> tuple[Line, ...]:
    """Lines of a document from a body; those with a known LineItemID keep it.

    ``approved`` documents need an account on every line that has an amount; ``sells`` chooses between an
    item's sales and purchase defaults. Raises ValidationFailed with every line's faults.
    """
    if len(fields) > MAX_LINES:
        raise ValidationFailed(f"A document can have at most {MAX_LINES} line items")
    known = {line.line_item_id: line for line in previous}
    lines: list[Line] = []
    messages: list[str] = []
    for entry in fields:
        try:
            old = known.get((entry.guid("LineItemID") or "").lower())
            lines.append(_line(book, entry, line_amount_types, approved=approved, sells=sells, old=old))
        except ValidationFailed as failure:
            messages.extend(failure.messages)
    if messages:
        raise ValidationFailed(*messages)
    return tuple(lines)


def _line(book: Book, fields: Fields, line_amount_types: str, *, approved: bool, sells: bool, old: Line | None) -> Line:
    item = _item(book, fields)
    price = None if item is None else (item.sales_details if sells else item.purchase_details)
    quantity, unit, amount, discount = _amounts(fields, price.unit_price if price else None)
    account = resolve_account(book, fields)
    if account is None and price is not None and price.account_code:
        account = book.accounts.find(price.account_code)
    if account is None and approved and amount:
        raise ValidationFailed("Account code '' is not a valid code for this document.")
    if account is not None and account.system_account in {"DEBTORS", "CREDITORS"}:
        raise ValidationFailed(f"Account code '{account.code}' is not a valid code for this document.")
    tax_type = fields.text("TaxType") or (price.tax_type if price else None)
    tax_type = tax_type or (account.tax_type if account else "NONE")
    rate = resolve_tax_rate(book, tax_type)
    tax = line_tax(amount, rate.effective_rate, line_amount_types)
    given_tax = fields.decimal("TaxAmount")
    if given_tax is not None and abs(given_tax - tax) > Decimal("0.01"):
        raise ValidationFailed(f"The tax amount {given_tax} does not match the expected tax amount {tax}")
    description = fields.text("Description", limit=MAX_DESCRIPTION_CHARS)
    if description is None:
        description = item.description if item is not None else ""
    return Line(
        line_item_id=old.line_item_id if old is not None else book.new_id(),
        description=description,
        quantity=quantity,
        unit_amount=unit,
        line_amount=amount,
        tax_amount=tax,
        tax_type=rate.tax_type,
        account=account,
        item=item,
        discount_rate=fields.decimal("DiscountRate"),
        discount_amount=discount,
        tracking=resolve_tracking(book, fields.children("Tracking")),
    )


def _item(book: Book, fields: Fields) -> Item | None:
    nested = fields.child("Item")
    key = fields.text("ItemCode") or (nested.guid("ItemID") or nested.text("Code") if nested else None)
    if not key:
        return None
    item = book.items.find(key)
    if item is None:
        raise ValidationFailed(f"Item code '{key}' is not valid")
    return item


def _amounts(fields: Fields, default_unit: Decimal | None) -> tuple[Decimal, Decimal, Decimal, Decimal | None]:
    """Quantity, unit amount, line amount and discount of a line; the client's line amount must agree."""
    quantity, unit, given = fields.decimal("Quantity"), fields.decimal("UnitAmount"), fields.decimal("LineAmount")
    if unit is None:
        unit = default_unit
    if unit is None and given is not None:
        quantity = quantity if quantity else ONE
        unit = given / quantity
        return quantity, unit.quantize(_UNIT), round_money(given), None
    if quantity is None:
        quantity = ONE if unit is not None else Decimal(0)
    unit = (unit or ZERO).quantize(_UNIT)
    gross = quantity * unit
    if abs(gross) >= MAX_MONEY:
        raise ValidationFailed("The line amount is out of range")
    rate, off = fields.decimal("DiscountRate"), fields.decimal("DiscountAmount")
    if rate is not None and not 0 <= rate <= _HUNDRED:
        raise ValidationFailed("The discount rate must be between 0 and 100")
    amount = round_money(gross * (1 - rate / _HUNDRED) if rate else gross - (off or 0))
    if given is not None and round_money(given) != amount:
        raise ValidationFailed(f"The line total {given} does not match the expected line total {amount}")
    return quantity, unit, amount, None if off is None else round_money(off)


def line_tax(amount: Decimal, rate: Decimal, line_amount_types: str) -> Decimal:
    """Tax of a line at ``rate`` per cent, halves rounded away from zero."""
    if line_amount_types == "Exclusive":
        return round_money(amount * rate / _HUNDRED)
    if line_amount_types == "Inclusive":
        return round_money(amount * rate / (_HUNDRED + rate))
    return ZERO


def totals(lines: tuple[Line, ...], line_amount_types: str) -> dict[str, Decimal]:
    """``sub_total``, ``total_tax`` and ``total`` of lines."""
    amount = sum((line.line_amount for line in lines), ZERO)
    tax = sum((line.tax_amount for line in lines), ZERO)
    net = amount - tax if line_amount_types == "Inclusive" else amount
    return {"sub_total": net, "total_tax": tax, "total": net + tax}


def check_totals(fields: Fields, computed: dict[str, Decimal]) -> None:
    """Raise ValidationFailed when the client sent totals that disagree with the computed ones."""
    for name, key in (("SubTotal", "sub_total"), ("TotalTax", "total_tax"), ("Total", "total")):
        given = fields.decimal(name)
        if given is not None and round_money(given) != computed[key]:
            raise ValidationFailed(f"The document {name} {given} does not match the expected {name} {computed[key]}")


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


def document_fields(book: Book, fields: Fields, *, approved: bool, sells: bool) -> dict[str, Any]:
    """What a new document needs from a body: contact, lines, totals, currency, reference, date."""
    contact = resolve_contact(book, fields.child("Contact"))
    day = fields.date("Date") or book.clock.now().date()
    check_open(book, day)
    kind = fields.choice("LineAmountTypes", LINE_AMOUNT_TYPES) or "Exclusive"
    given = fields.children("LineItems") or []
    if approved and not given:
        raise ValidationFailed("One or more line items must be specified")
    lines = build_lines(book, given, kind, approved=approved, sells=sells)
    computed = totals(lines, kind)
    check_totals(fields, computed)
    currency, rate = resolve_currency(book, fields, contact.default_currency)
    return {
        "contact": contact,
        "date": day,
        "line_amount_types": kind,
        "line_items": lines,
        "currency_code": currency,
        "currency_rate": rate,
        "reference": fields.text("Reference", limit=255) or "",
        **computed,
    }


def changed_document_fields(
    book: Book, document: Document, fields: Fields, *, approved: bool, sells: bool
) -> dict[str, Any]:
    """What a body changes of an existing document; what it does not name stays."""
    changes: dict[str, Any] = {}
    if fields.has("Contact"):
        changes["contact"] = resolve_contact(book, fields.child("Contact"))
    if fields.has("Date"):
        changes["date"] = fields.date("Date") or document.date
    check_open(book, document.date)
    check_open(book, changes.get("date", document.date))
    if fields.has("Reference"):
        changes["reference"] = fields.text("Reference", limit=255) or ""
    if fields.has("CurrencyCode") or fields.has("CurrencyRate"):
        code, rate = resolve_currency(book, fields, document.currency_code)
        changes["currency_code"], changes["currency_rate"] = code, rate
    kind = fields.choice("LineAmountTypes", LINE_AMOUNT_TYPES) or document.line_amount_types
    given = fields.children("LineItems")
    lines = document.line_items
    if given is not None:
        lines = build_lines(book, given, kind, approved=approved, sells=sells, previous=lines)
    elif kind != document.line_amount_types:
        lines = tuple(_retaxed(book, line, kind) for line in lines)
    if approved and not lines:
        raise ValidationFailed("One or more line items must be specified")
    if approved and any(line.account is None and line.line_amount for line in lines):
        raise ValidationFailed("Account code '' is not a valid code for this document.")
    computed = totals(lines, kind)
    if given is not None:
        check_totals(fields, computed)
    return {**changes, "line_amount_types": kind, "line_items": lines, **computed}


def _retaxed(book: Book, line: Line, line_amount_types: str) -> Line:
    rate = resolve_tax_rate(book, line.tax_type)
    values = {name: getattr(line, name) for name in line.__struct_fields__}
    values["tax_amount"] = line_tax(line.line_amount, rate.effective_rate, line_amount_types)
    return Line(**values)
