"""Creating, changing and deleting items.

It must not touch documents. Every function raises ValidationFailed when the vendor would refuse.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.lines import check_tax_fits, check_usable
from bookbridge.emulators.xero.records import ZERO, Account, Item, ItemPrice
from bookbridge.emulators.xero.rules import resolve_tax_rate
from bookbridge.emulators.xero.wire import Fields, ValidationFailed

_UNIT = Decimal("0.0001")


def _price(book: Book, fields: Fields | None) -> ItemPrice | None:
    if fields is None:
        return None
    account = _account(book, fields, "AccountCode")
    if account is not None:
        check_usable(account)
    cost = _account(book, fields, "COGSAccountCode")
    if cost is not None and cost.type != "DIRECTCOSTS":
        raise ValidationFailed(f"Account code '{cost.code}' is not an account for the cost of goods sold")
    tax_type = fields.text("TaxType")
    rate = resolve_tax_rate(book, tax_type) if tax_type else None
    if rate is not None and account is not None:
        check_tax_fits(account, rate)
    return ItemPrice(
        unit_price=(fields.decimal("UnitPrice") or ZERO).quantize(_UNIT, ROUND_HALF_UP),
        account_code=account.code if account is not None else None,
        cogs_account_code=cost.code if cost is not None else None,
        tax_type=rate.tax_type if rate is not None else None,
    )


def _account(book: Book, fields: Fields, name: str) -> Account | None:
    code = fields.text(name)
    if not code:
        return None
    account = book.accounts.by_number(code)
    if account is None or account.status != "ACTIVE":
        raise ValidationFailed(f"Account code '{code}' is not valid for this item")
    return account


def _stock_account(book: Book, fields: Fields, purchase: ItemPrice | None) -> str | None:
    """The account that holds an item's stock; items without one are not tracked."""
    account = _account(book, fields, "InventoryAssetAccountCode")
    if account is None:
        return None
    if account.type != "INVENTORY":
        raise ValidationFailed("InventoryAssetAccountCode must be an account of the type INVENTORY")
    if purchase is None or not purchase.cogs_account_code:
        raise ValidationFailed("A tracked item needs the COGSAccountCode of its PurchaseDetails")
    if purchase.account_code:
        raise ValidationFailed("A tracked item has no AccountCode in its PurchaseDetails")
    return account.code


def create_item(book: Book, fields: Fields) -> Item:
    """A new item; its code must be free."""
    code = (fields.text("Code", limit=30) or "").strip()
    if not code:
        raise ValidationFailed("Item Code must be specified")
    if book.items.by_number(code) is not None:
        raise ValidationFailed(f"An item with Code '{code}' already exists")
    purchase = _price(book, fields.child("PurchaseDetails"))
    stock = _stock_account(book, fields, purchase)
    sold, purchased = fields.boolean("IsSold"), fields.boolean("IsPurchased")
    item = Item(
        item_id=book.new_id(),
        code=code,
        name=fields.text("Name", limit=50) or "",
        description=fields.text("Description", limit=4_000) or "",
        purchase_description=fields.text("PurchaseDescription", limit=4_000) or "",
        is_sold=True if sold is None else sold,
        is_purchased=True if purchased is None else purchased,
        is_tracked_as_inventory=stock is not None,
        inventory_asset_account_code=stock,
        purchase_details=purchase,
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
    if fields.text("InventoryAssetAccountCode"):
        stock = _stock_account(book, fields, changes.get("purchase_details", item.purchase_details))
        changes |= {"inventory_asset_account_code": stock, "is_tracked_as_inventory": True}
    book.change(book.items, item, **changes)


def delete_item(book: Book, item: Item) -> None:
    """Delete an item for good; lists simply no longer have it."""
    book.delete(book.items, item)
