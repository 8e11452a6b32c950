"""Who and what the story is about: a joinery in the north of England, its suppliers, customers and goods. Tables only.

All names are made up.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bookbridge.emulators.sandbox import chart
from bookbridge.emulators.sandbox.book import Book, Json

FIRST_NAMES: Final = ("Harrow", "Birch", "Larch", "Rowan", "Aspen", "Hazel", "Elder", "Maple", "Willow", "Alder")
LAST_NAMES: Final = ("Joinery", "Interiors", "Cabinets", "Woodworks", "Furniture")


@dataclass(frozen=True)
class Supplier:
    """A supplier, what it usually sells us, and the net price range of a line in whole units."""

    name: str
    account: str
    tax: str
    low: int
    high: int
    goods: tuple[str, ...]
    currency: str = "GBP"
    days_to_pay: int = 30
    monthly: bool = False


SUPPLIERS: Final = (
    Supplier("Pennine Timber", chart.MATERIALS, chart.STANDARD_TAX, 40, 380, ("Oak boards", "Birch plywood", "Pine")),
    Supplier("Calder Fittings", chart.MATERIALS, chart.STANDARD_TAX, 15, 140, ("Hinges", "Drawer runners", "Handles")),
    Supplier("Fjord Lacquers", chart.MATERIALS, chart.ZERO_TAX, 60, 420, ("Lacquer", "Oil finish"), "EUR", 14),
    Supplier("Great Lakes Tools", chart.OFFICE, chart.ZERO_TAX, 30, 260, ("Saw blades", "Router bits"), "USD", 21),
    Supplier(
        "Ash & Daughters", chart.SUBCONTRACTORS, chart.STANDARD_TAX, 250, 900, ("Fitting on site",), days_to_pay=14
    ),
    Supplier("Moorside Estates", chart.RENT, chart.NO_TAX, 1400, 1401, ("Workshop rent",), monthly=True),
    Supplier("Aire Valley Energy", chart.UTILITIES, chart.REDUCED_TAX, 160, 320, ("Electricity",), monthly=True),
    Supplier("Cloudhollow", chart.SOFTWARE, chart.STANDARD_TAX, 45, 95, ("Drawing software",), monthly=True),
    Supplier("Bright Lane Media", chart.MARKETING, chart.STANDARD_TAX, 80, 450, ("Adverts", "Leaflets")),
    Supplier("Thackray & Holt", chart.ADVICE, chart.STANDARD_TAX, 150, 480, ("Bookkeeping advice",)),
)
CUSTOMERS: Final = (
    ("Beckside Hotel", "GBP"),
    ("Hollin Architects", "GBP"),
    ("Kirkgate Dental", "GBP"),
    ("Lime Street Bakery", "GBP"),
    ("Milton School Trust", "GBP"),
    ("Northgate Homes", "GBP"),
    ("Ouseburn Brewery", "GBP"),
    ("Riverhead Books", "GBP"),
    ("Atelier Meunier", "EUR"),
    ("Hudson Loft Company", "USD"),
)
ITEMS: Final = (
    ("SHELF", "Bookshelf, oak", chart.PRODUCT_SALES, Decimal("320.00"), "NonInventory"),
    ("DESK", "Desk, birch", chart.PRODUCT_SALES, Decimal("640.00"), "NonInventory"),
    ("TABLE", "Dining table", chart.PRODUCT_SALES, Decimal("1150.00"), "NonInventory"),
    ("STOOL", "Stool", chart.PRODUCT_SALES, Decimal("74.50"), "NonInventory"),
    ("DESIGN", "Design, per hour", chart.SERVICE_SALES, Decimal("58.00"), "Service"),
    ("FITTING", "Fitting, per hour", chart.SERVICE_SALES, Decimal("46.00"), "Service"),
)
CARD_COSTS: Final = (
    ("Train tickets", chart.TRAVEL, chart.ZERO_TAX, 18, 140),
    ("Fuel", chart.TRAVEL, chart.STANDARD_TAX, 25, 70),
    ("Stationery", chart.OFFICE, chart.STANDARD_TAX, 8, 60),
    ("Trade fair entry", chart.MARKETING, chart.STANDARD_TAX, 40, 120),
)


def introduce(book: Book) -> None:
    """Put suppliers, customers and items into a new book."""
    for position, one in enumerate(SUPPLIERS):
        contact: Json = {"id": book.derived_id("supplier", one.name), "supplierName": one.name, "status": "Active"}
        contact |= {"defaultCurrency": one.currency, **_reach(one.name, position)}
        book.put("suppliers", {**contact, "taxNumber": f"GB{320_451_700 + position * 13}"})
    for position, (name, currency) in enumerate(CUSTOMERS):
        contact = {"id": book.derived_id("customer", name), "customerName": name, "status": "Active"}
        contact |= {"defaultCurrency": currency, **_reach(name, position + 40)}
        book.put("customers", contact)
    dormant = {"id": book.derived_id("supplier", "dormant"), "supplierName": "Old Mill Sawyers", "status": "Archived"}
    book.put("suppliers", {**dormant, "defaultCurrency": "GBP"})
    rate = book.need("taxRates", book.derived_id("tax", chart.STANDARD_TAX), "taxRateRef.id")
    named = {"id": rate["id"], "name": rate["name"], "effectiveTaxRate": rate["effectiveTaxRate"]}
    for code, name, account, price, kind in ITEMS:
        sold = {"description": name, "unitPrice": price, "taxRateRef": named}
        sold["accountRef"] = {"id": book.account_id(account), "name": _account_name(account)}
        item = {"id": book.derived_id("item", code), "code": code, "name": name, "type": kind, "itemStatus": "Active"}
        book.put("items", {**item, "isBillItem": False, "isInvoiceItem": True, "invoiceItem": sold})


def _account_name(code: str) -> str:
    return next(row[1] for row in chart.ACCOUNTS if row[0] == code)


def _reach(name: str, position: int) -> Json:
    host = "".join(letter for letter in name.lower() if letter.isalpha())
    address = {"type": "Billing", "line1": f"{3 + position} Mill Lane", "city": "Leeds", "postalCode": "LS1 4AP"}
    return {
        "contactName": f"{FIRST_NAMES[position % len(FIRST_NAMES)]} Ellis",
        "emailAddress": f"accounts@{host}.example",
        "phone": f"0113 496 0{position:03}",
        "addresses": [{**address, "country": "United Kingdom"}],
    }
