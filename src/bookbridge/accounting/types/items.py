"""Items: the products and services that lines are about."""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.problems import Problem
from bookbridge.accounting.records import ListedRecord, Part, Word
from bookbridge.accounting.references import AccountRef, TaxRateRef


class ItemStatus(Word):
    """Whether an item can be used on new lines."""

    UNKNOWN = "Unknown"
    ACTIVE = "Active"
    ARCHIVED = "Archived"


class ItemType(Word):
    """Whether an item is kept in stock."""

    UNKNOWN = "Unknown"
    INVENTORY = "Inventory"
    NON_INVENTORY = "NonInventory"
    SERVICE = "Service"


class BillItem(Part, frozen=True, kw_only=True):
    """How an item is bought."""

    description: str | None = None
    """Text that a bill's line starts with."""
    unit_price: Decimal | None = None
    """Price of one unit, without tax."""
    account_ref: AccountRef | None = None
    """Account that purchases are booked to."""
    tax_rate_ref: TaxRateRef | None = None
    """Tax rate that purchases are taxed at."""


class InvoiceItem(Part, frozen=True, kw_only=True):
    """How an item is sold."""

    description: str | None = None
    """Text that an invoice's line starts with."""
    unit_price: Decimal | None = None
    """Price of one unit, without tax."""
    account_ref: AccountRef | None = None
    """Account that sales are booked to."""
    tax_rate_ref: TaxRateRef | None = None
    """Tax rate that sales are taxed at."""


class Item(ListedRecord, frozen=True, kw_only=True):
    """A product or service that the company buys, sells, or both."""

    item_status: ItemStatus
    """Whether the item can be used on new lines."""
    type: ItemType
    """Whether the item is kept in stock."""
    is_bill_item: bool
    """Whether the item can be bought."""
    is_invoice_item: bool
    """Whether the item can be sold."""
    name: str | None = None
    """Name of the item."""
    code: str | None = None
    """Code people know the item by, often its stock-keeping unit."""
    bill_item: BillItem | None = None
    """How the item is bought."""
    invoice_item: InvoiceItem | None = None
    """How the item is sold."""


def check(item: Item) -> list[Problem]:
    """Details of buying or selling belong only to an item that is bought or sold."""
    found = []
    if item.bill_item is not None and not item.is_bill_item:
        found.append(Problem("billItem", "The item is not bought, yet says how it is bought."))
    if item.invoice_item is not None and not item.is_invoice_item:
        found.append(Problem("invoiceItem", "The item is not sold, yet says how it is sold."))
    return found


ITEMS = DataType(
    key="items",
    path="items",
    record=Item,
    singular="item",
    level=Level.COMPANY,
    links=("chartOfAccounts", "taxRates"),
    check=check,
)
