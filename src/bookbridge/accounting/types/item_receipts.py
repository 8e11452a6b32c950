"""Item receipts: what was delivered against purchase orders, before the bill arrives."""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.documents import lines_problems
from bookbridge.accounting.problems import Problem, currency_problems, date_problems, guarded
from bookbridge.accounting.records import ListedRecord, Part, Word
from bookbridge.accounting.references import AccountRef, ItemRef, PurchaseOrderRef, RecordLineRef, SupplierRef
from bookbridge.accounting.tracking import RecordTracking


class ItemReceiptStatus(Word):
    """Where a receipt stands between being written and being accepted."""

    UNKNOWN = "Unknown"
    DRAFT = "Draft"
    RECEIVED = "Received"
    REJECTED = "Rejected"
    VOID = "Void"


class ItemReceiptLineItem(Part, frozen=True, kw_only=True):
    """One line of an item receipt."""

    line_number: str | None = None
    """Number of the line in the accounting software."""
    description: str | None = None
    """What was received, in words."""
    unit_amount: Decimal | None = None
    """Price of one unit, without tax."""
    quantity: Decimal | None = None
    """How many units were received."""
    unit_of_measurement: str | None = None
    """What the quantity counts: pieces, hours, kilograms."""
    sub_total: Decimal | None = None
    """Amount of the line after discount, before tax."""
    total_amount: Decimal | None = None
    """Amount of the line after discount, tax included."""
    account_ref: AccountRef | None = None
    """Account that the line is booked to."""
    item_ref: ItemRef | None = None
    """Product or service that the line is about."""
    purchase_order_line_ref: RecordLineRef | None = None
    """Line of the purchase order that this line fulfils."""
    tracking: RecordTracking | None = None
    """Records that the line is tracked against."""


class ItemReceipt(ListedRecord, frozen=True, kw_only=True):
    """A delivery from a supplier."""

    reference: str | None = None
    """Reference that people know the receipt by."""
    supplier_ref: SupplierRef | None = None
    """The supplier that delivered."""
    purchase_order_refs: tuple[PurchaseOrderRef, ...] = ()
    """Purchase orders that were delivered on."""
    received_date: ContractDateTime | None = None
    """Date of the delivery."""
    status: ItemReceiptStatus | None = None
    """Where the receipt stands between being written and being accepted."""
    currency: str | None = None
    """Currency of the receipt, ISO 4217."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the receipt's currency into the company's base currency."""
    line_items: tuple[ItemReceiptLineItem, ...] = ()
    """The lines of the receipt."""
    sub_total: Decimal | None = None
    """Amount of the whole receipt before tax."""
    total_amount: Decimal | None = None
    """Amount of the whole receipt, tax included."""
    note: str | None = None
    """Free text on the receipt."""


@guarded
def check(receipt: ItemReceipt) -> list[Problem]:
    """Totals against lines, dates and currency."""
    lines, currency = receipt.line_items, receipt.currency
    found = currency_problems(currency, receipt.currency_rate)
    found += date_problems(receivedDate=receipt.received_date)
    if receipt.sub_total is not None:
        found += lines_problems("subTotal", receipt.sub_total, [line.sub_total for line in lines], currency)
    if receipt.total_amount is not None:
        found += lines_problems("totalAmount", receipt.total_amount, [line.total_amount for line in lines], currency)
    return found


ITEM_RECEIPTS = DataType(
    key="itemReceipts",
    path="itemReceipts",
    record=ItemReceipt,
    singular="item receipt",
    level=Level.COMPANY,
    links=("suppliers", "customers", "chartOfAccounts", "items", "trackingCategories", "purchaseOrders"),
    check=check,
)
