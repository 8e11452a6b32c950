"""Creating and changing what documents refer to: accounts, contacts, items, tax rates, tracking,
currencies.

It must not touch documents. Every function raises ValidationFailed when the vendor would refuse.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.records import (
    ZERO,
    Account,
    Address,
    Contact,
    ContactPerson,
    Currency,
    Item,
    ItemPrice,
    Phone,
    TaxComponent,
    TaxRate,
    TrackingCategory,
    TrackingOption,
)
from bookbridge.emulators.xero.rules import resolve_tax_rate
from bookbridge.emulators.xero.wire import Fields, ValidationFailed

MAX_CODE_CHARS = 10
_HUNDRED = Decimal(100)
MAX_NAME_CHARS = 255
ACCOUNT_CLASSES = {
    "BANK": "ASSET", "CURRENT": "ASSET", "FIXED": "ASSET", "INVENTORY": "ASSET", "NONCURRENT": "ASSET",
    "PREPAYMENT": "ASSET", "CURRLIAB": "LIABILITY", "LIABILITY": "LIABILITY", "TERMLIAB": "LIABILITY",
    "PAYG": "LIABILITY", "PAYGLIABILITY": "LIABILITY", "SUPERANNUATIONLIABILITY": "LIABILITY",
    "WAGESPAYABLELIABILITY": "LIABILITY", "EQUITY": "EQUITY", "DEPRECIATN": "EXPENSE",
    "DIRECTCOSTS": "EXPENSE", "EXPENSE": "EXPENSE", "OVERHEADS": "EXPENSE",
    "SUPERANNUATIONEXPENSE": "EXPENSE", "WAGESEXPENSE": "EXPENSE", "OTHERINCOME": "REVENUE",
    "REVENUE": "REVENUE", "SALES": "REVENUE",
}  # fmt: skip

# -- accounts -------------------------------------------------------------------------------------


def create_account(book: Book, fields: Fields) -> Account:
    """A new ledger or bank account."""
    name = (fields.text("Name", limit=150) or "").strip()
    if not name:
        raise ValidationFailed("The Name must be specified")
    kind = fields.choice("Type", tuple(ACCOUNT_CLASSES))
    if kind is None:
        raise ValidationFailed("The Type must be specified")
    code = (fields.text("Code", limit=MAX_CODE_CHARS) or "").strip()
    if not code and kind != "BANK":
        raise ValidationFailed("Account code must be specified")
    _check_account_unique(book, name, code, None)
    account = Account(
        account_id=book.new_id(),
        name=name,
        code=code or None,
        type=kind,
        class_=ACCOUNT_CLASSES[kind],
        description=fields.text("Description", limit=4_000) or "",
        tax_type=_account_tax(book, fields, kind),
        enable_payments_to_account=fields.boolean("EnablePaymentsToAccount") or False,
        show_in_expense_claims=fields.boolean("ShowInExpenseClaims") or False,
        **_bank_details(book, fields, kind),
    )
    return book.add(book.accounts, account)


def _account_tax(book: Book, fields: Fields, kind: str) -> str:
    tax_type = fields.text("TaxType")
    return resolve_tax_rate(book, tax_type).tax_type if tax_type else "NONE"


def _bank_details(book: Book, fields: Fields, kind: str) -> dict[str, Any]:
    if kind != "BANK":
        return {}
    number = fields.text("BankAccountNumber", limit=50)
    bank_type = fields.choice("BankAccountType", ("BANK", "CREDITCARD", "PAYPAL")) or "BANK"
    if not number and bank_type == "BANK":
        raise ValidationFailed("Bank account number must be specified")
    currency = (fields.text("CurrencyCode") or book.organisation.base_currency).upper()
    if book.day_rate(currency) is None:
        raise ValidationFailed(f"Organisation is not subscribed to currency {currency}")
    return {"bank_account_number": number, "bank_account_type": bank_type, "currency_code": currency}


def _check_account_unique(book: Book, name: str, code: str, itself: Account | None) -> None:
    for other in book.accounts:
        if other is itself or other.status == "DELETED":
            continue
        if code and (other.code or "").casefold() == code.casefold():
            raise ValidationFailed("Please enter a unique Code.")
        if other.name.casefold() == name.casefold():
            raise ValidationFailed("Please enter a unique Name.")


def update_account(book: Book, account: Account, fields: Fields) -> None:
    """Change or archive an account; an archiving may not change anything else."""
    wanted = fields.choice("Status", ("ACTIVE", "ARCHIVED")) or account.status
    if account.system_account and wanted != "ACTIVE":
        raise ValidationFailed("System accounts cannot be archived")
    if wanted == "ARCHIVED" and account.status == "ACTIVE":
        book.change(book.accounts, account, status="ARCHIVED")
        return
    name = (fields.text("Name", limit=150) or account.name).strip()
    code = fields.text("Code", limit=MAX_CODE_CHARS)
    _check_account_unique(book, name, code or "", account)
    changes: dict[str, Any] = {"name": name, "status": wanted}
    if code:
        changes["code"] = code
    if kind := fields.choice("Type", tuple(ACCOUNT_CLASSES)):
        changes |= {"type": kind, "class_": ACCOUNT_CLASSES[kind]}
    if fields.has("Description"):
        changes["description"] = fields.text("Description", limit=4_000) or ""
    if fields.has("TaxType"):
        changes["tax_type"] = _account_tax(book, fields, account.type)
    if fields.has("EnablePaymentsToAccount"):
        changes["enable_payments_to_account"] = fields.boolean("EnablePaymentsToAccount") or False
    if fields.has("BankAccountNumber"):
        changes["bank_account_number"] = fields.text("BankAccountNumber", limit=50)
    book.change(book.accounts, account, **changes)


def delete_account(book: Book, account: Account) -> None:
    """Delete an account that nothing has been posted to."""
    if account.system_account:
        raise ValidationFailed("System accounts cannot be deleted")
    if any(line.account is account for posting in book.journals for line in posting.lines()):
        raise ValidationFailed("The account has transactions and cannot be deleted")
    book.change(book.accounts, account, status="DELETED")


# -- contacts -------------------------------------------------------------------------------------


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


def create_contact(book: Book, fields: Fields) -> Contact:
    """A new contact; its name must be free among the active ones."""
    name = (fields.text("Name", limit=MAX_NAME_CHARS) or "").strip()
    if not name:
        raise ValidationFailed("The Contact Name must be specified")
    _check_contact_name(book, name, None)
    number = fields.text("ContactNumber")
    if number and book.contacts.by_number(number) is not None:
        raise ValidationFailed("The contact number is already assigned to another contact")
    contact = Contact(contact_id=book.new_id(), name=name, **_contact_fields(book, fields))
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
    book.change(book.contacts, contact, name=name, contact_status=wanted, **changes)
    book.name_contact(contact, previous)


# -- items ----------------------------------------------------------------------------------------


def _price(book: Book, fields: Fields | None) -> ItemPrice | None:
    if fields is None:
        return None
    for name in ("AccountCode", "COGSAccountCode"):
        code = fields.text(name)
        if code and book.accounts.by_number(code) is None:
            raise ValidationFailed(f"Account code '{code}' is not valid for this item")
    tax_type = fields.text("TaxType")
    return ItemPrice(
        unit_price=(fields.decimal("UnitPrice") or ZERO).quantize(Decimal("0.0001")),
        account_code=fields.text("AccountCode"),
        cogs_account_code=fields.text("COGSAccountCode"),
        tax_type=resolve_tax_rate(book, tax_type).tax_type if tax_type else None,
    )


def create_item(book: Book, fields: Fields) -> Item:
    """A new item; its code must be free."""
    code = (fields.text("Code", limit=30) or "").strip()
    if not code:
        raise ValidationFailed("Item Code must be specified")
    if book.items.by_number(code) is not None:
        raise ValidationFailed(f"An item with Code '{code}' already exists")
    sold, purchased = fields.boolean("IsSold"), fields.boolean("IsPurchased")
    item = Item(
        item_id=book.new_id(),
        code=code,
        name=fields.text("Name", limit=50) or "",
        description=fields.text("Description", limit=4_000) or "",
        purchase_description=fields.text("PurchaseDescription", limit=4_000) or "",
        is_sold=True if sold is None else sold,
        is_purchased=True if purchased is None else purchased,
        is_tracked_as_inventory=bool(fields.text("InventoryAssetAccountCode")),
        inventory_asset_account_code=fields.text("InventoryAssetAccountCode"),
        purchase_details=_price(book, fields.child("PurchaseDetails")),
        sales_details=_price(book, fields.child("SalesDetails")),
    )
    return book.add(book.items, item)


def update_item(book: Book, item: Item, fields: Fields) -> None:
    """Change an item."""
    changes: dict[str, Any] = {}
    code = fields.text("Code", limit=30)
    if code and code.casefold() != item.code.casefold():
        if book.items.by_number(code) is not None:
            raise ValidationFailed(f"An item with Code '{code}' already exists")
        changes["code"] = code
    for wire, name, limit in (
        ("Name", "name", 50),
        ("Description", "description", 4_000),
        ("PurchaseDescription", "purchase_description", 4_000),
    ):
        if fields.has(wire):
            changes[name] = fields.text(wire, limit=limit) or ""
    for wire, name in (("IsSold", "is_sold"), ("IsPurchased", "is_purchased")):
        if fields.has(wire):
            changes[name] = fields.boolean(wire)
    for wire, name in (("PurchaseDetails", "purchase_details"), ("SalesDetails", "sales_details")):
        if fields.has(wire):
            changes[name] = _price(book, fields.child(wire))
    book.change(book.items, item, **changes)


def delete_item(book: Book, item: Item) -> None:
    """Delete an item for good; lists simply no longer have it."""
    book.delete(book.items, item)


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
