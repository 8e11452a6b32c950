"""Sales orders: what customers have ordered and not all been invoiced for yet."""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.orders import ShipTo, order_problems
from bookbridge.accounting.problems import Problem, date_problems, guarded
from bookbridge.accounting.records import ListedRecord, Part, Word
from bookbridge.accounting.references import AccountRef, CustomerRef, ItemRef, TaxRateRef
from bookbridge.accounting.tracking import RecordTracking


class SalesOrderStatus(Word):
    """Where a sales order stands between being written and being closed."""

    UNKNOWN = "Unknown"
    DRAFT = "Draft"
    OPEN = "Open"
    CLOSED = "Closed"
    VOID = "Void"


class SalesOrderInvoiceStatus(Word):
    """How much of a sales order has been invoiced."""

    UNKNOWN = "Unknown"
    PARTIALLY_INVOICED = "PartiallyInvoiced"
    INVOICED = "Invoiced"
    NOT_INVOICED = "NotInvoiced"


class SalesOrderLineItem(Part, frozen=True, kw_only=True):
    """One line of a sales order."""

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
    tracking: RecordTracking | None = None
    """Records that the line is tracked against."""


class SalesOrder(ListedRecord, frozen=True, kw_only=True):
    """An order received from a customer."""

    sales_order_number: str | None = None
    """Number that people know the order by."""
    customer_purchase_order_number: str | None = None
    """Number that the customer knows the order by."""
    customer_ref: CustomerRef | None = None
    """The customer that ordered."""
    issue_date: ContractDateTime | None = None
    """Date on the order."""
    expected_delivery_date: ContractDateTime | None = None
    """Date on which the goods or services are expected to be delivered."""
    status: SalesOrderStatus | None = None
    """Where the order stands between being written and being closed."""
    invoicing_status: SalesOrderInvoiceStatus | None = None
    """How much of the order has been invoiced."""
    ship_to: ShipTo | None = None
    """Where the goods go, and who receives them."""
    currency: str | None = None
    """Currency of the order, ISO 4217."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the order's currency into the company's base currency."""
    line_items: tuple[SalesOrderLineItem, ...] = ()
    """The lines of the order."""
    sub_total: Decimal | None = None
    """Amount of the whole order after discounts, before tax."""
    total_discount: Decimal | None = None
    """Discounts on the whole order, already taken off the sub total."""
    total_tax_amount: Decimal | None = None
    """Tax on the whole order."""
    total_amount: Decimal | None = None
    """Amount of the whole order, tax included."""
    note: str | None = None
    """Free text on the order."""


@guarded
def check(order: SalesOrder) -> list[Problem]:
    """Line amounts, document totals, dates and currency."""
    found = date_problems(issueDate=order.issue_date, expectedDeliveryDate=order.expected_delivery_date)
    return found + order_problems(order)


SALES_ORDERS = DataType(
    key="salesOrders",
    path="salesOrders",
    record=SalesOrder,
    singular="sales order",
    level=Level.COMPANY,
    links=("customers", "suppliers", "chartOfAccounts", "taxRates", "items", "trackingCategories"),
    check=check,
)
