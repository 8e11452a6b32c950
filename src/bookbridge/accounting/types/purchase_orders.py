"""Purchase orders: what the company has ordered from its suppliers."""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.orders import ShipTo, order_problems
from bookbridge.accounting.problems import Problem, date_problems, guarded
from bookbridge.accounting.records import ListedRecord, Part, Word
from bookbridge.accounting.references import AccountRef, ItemRef, SupplierRef, TaxRateRef, TrackingCategoryRef


class PurchaseOrderStatus(Word):
    """Where a purchase order stands between being written and being closed."""

    UNKNOWN = "Unknown"
    DRAFT = "Draft"
    OPEN = "Open"
    CLOSED = "Closed"
    VOID = "Void"


class PurchaseOrderLineItem(Part, frozen=True, kw_only=True):
    """One line of a purchase order."""

    line_number: str | None = None
    """Number of the line in the accounting software."""
    unit_of_measurement: str | None = None
    """What the quantity counts: pieces, hours, kilograms."""
    unit_amount: Decimal | None = None
    """Price of one unit, without tax."""
    quantity: Decimal | None = None
    """How many units were ordered."""
    description: str | None = None
    """What was ordered, in words."""
    discount_amount: Decimal | None = None
    """Discount on the line, taken off before tax."""
    discount_percentage: Decimal | None = None
    """Discount on the line in per cent."""
    sub_total: Decimal | None = None
    """Amount of the line after discount, before tax."""
    tax_amount: Decimal | None = None
    """Tax on the line."""
    total_amount: Decimal | None = None
    """Amount of the line after discount, tax included."""
    account_ref: AccountRef | None = None
    """Account that the line is booked to."""
    tax_rate_ref: TaxRateRef | None = None
    """Tax rate that the line is taxed at."""
    item_ref: ItemRef | None = None
    """Product or service that the line is about."""
    tracking_category_refs: tuple[TrackingCategoryRef, ...] = ()
    """Tracking categories of the line."""


class PurchaseOrderUser(Part, frozen=True, kw_only=True):
    """A person who works with the accounting software."""

    email: str | None = None
    """Electronic mail address of the person."""
    first_name: str | None = None
    """First name of the person."""
    last_name: str | None = None
    """Last name of the person."""


class PurchaseOrder(ListedRecord, frozen=True, kw_only=True):
    """An order sent to a supplier."""

    purchase_order_number: str | None = None
    """Number that people know the order by."""
    supplier_ref: SupplierRef | None = None
    """The supplier that the order went to."""
    issue_date: ContractDateTime | None = None
    """Date on the order."""
    expected_delivery_date: ContractDateTime | None = None
    """Date on which the goods or services are expected."""
    delivery_date: ContractDateTime | None = None
    """Date on which they were delivered."""
    payment_due_date: ContractDateTime | None = None
    """Date by which the order is to be paid."""
    status: PurchaseOrderStatus | None = None
    """Where the order stands between being written and being closed."""
    ship_to: ShipTo | None = None
    """Where the goods go, and who receives them."""
    currency: str | None = None
    """Currency of the order, ISO 4217."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the order's currency into the company's base currency."""
    line_items: tuple[PurchaseOrderLineItem, ...] = ()
    """The lines of the order."""
    sub_total: Decimal | None = None
    """Amount of the whole order after discounts, before tax."""
    total_discount: Decimal | None = None
    """Discounts on the whole order, already taken off the sub total."""
    total_tax_amount: Decimal | None = None
    """Tax on the whole order."""
    total_amount: Decimal | None = None
    """Amount of the whole order, tax included."""
    created_by: PurchaseOrderUser | None = None
    """The person who wrote the order."""
    note: str | None = None
    """Free text on the order."""


@guarded
def check(order: PurchaseOrder) -> list[Problem]:
    """Line amounts, document totals, dates and currency."""
    found = date_problems(
        issueDate=order.issue_date,
        expectedDeliveryDate=order.expected_delivery_date,
        deliveryDate=order.delivery_date,
        paymentDueDate=order.payment_due_date,
    )
    return found + order_problems(order)


PURCHASE_ORDERS = DataType(
    key="purchaseOrders",
    path="purchaseOrders",
    record=PurchaseOrder,
    singular="purchase order",
    level=Level.COMPANY,
    links=("suppliers", "chartOfAccounts", "taxRates", "items", "trackingCategories"),
    check=check,
)
