"""Creating, changing and deleting items.

It must not touch documents. Every function raises ValidationFailed when the vendor would refuse.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.records import ZERO, Item, ItemPrice
from bookbridge.emulators.xero.rules import resolve_tax_rate
from bookbridge.emulators.xero.wire import Fields, ValidationFailed


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
