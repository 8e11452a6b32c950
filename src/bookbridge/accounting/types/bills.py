"""Bills: what the company owes its suppliers, line by line.

A bill is Open until something is paid, PartiallyPaid in between, Paid when nothing is due. Amounts are in
the bill's own currency.
"""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.allocations import PaymentAllocation
from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.documents import (
    DueStatuses,
    amount_due_problems,
    line_item_problems,
    lines_problems,
    total_problems,
)
from bookbridge.accounting.problems import Problem, currency_problems, date_problems, guarded
from bookbridge.accounting.records import ListedRecord, Part, Word
from bookbridge.accounting.references import (
    AccountRef,
    ItemRef,
    PurchaseOrderRef,
    RecordLineRef,
    SupplierRef,
    TaxRateRef,
    TrackingCategoryRef,
)
from bookbridge.accounting.tax_details import WithholdingTax
from bookbridge.accounting.tracking import Tracking


class BillStatus(Word):
    """Where a bill stands between being written and being paid."""

    UNKNOWN = "Unknown"
    OPEN = "Open"
    PARTIALLY_PAID = "PartiallyPaid"
    PAID = "Paid"
    VOID = "Void"
    DRAFT = "Draft"


class BillLineItem(Part, frozen=True, kw_only=True):
    """One line of a bill."""

    line_number: str | None = None
    """Number of the line in the accounting software."""
    description: str | None = None
    """What was bought, in words."""
    # Every vendor gives price and quantity, and older clients require both; an application that submits an
    # amount-only line may leave them out.
    unit_amount: Decimal | None = None
    """Price of one unit, without tax."""
    quantity: Decimal | None = None
    """How many units were bought."""
    unit_of_measurement: str | None = None
    """What the quantity counts: pieces, hours, kilograms."""
    discount_amount: Decimal | None = None
    """Discount on the line, taken off before tax."""
    sub_total: Decimal | None = None
    """Amount of the line after discount, before tax."""
    tax_amount: Decimal | None = None
    """Tax on the line."""
    total_amount: Decimal | None = None
    """Amount of the line after discount, tax included."""
    discount_percentage: Decimal | None = None
    """Discount on the line in per cent."""
    account_ref: AccountRef | None = None
    """Account that the line is booked to."""
    tax_rate_ref: TaxRateRef | None = None
    """Tax rate that the line is taxed at."""
    item_ref: ItemRef | None = None
    """Product or service that the line is about."""
    purchase_order_line_ref: RecordLineRef | None = None
    """Line of the purchase order that this line fulfils."""
    tracking_category_refs: tuple[TrackingCategoryRef, ...] = ()
    """Tracking categories of the line."""
    tracking: Tracking | None = None
    """Categories, customer and project that the line is tracked against."""
    is_direct_cost: bool | None = None
    """Whether the line was a cost paid on the spot rather than owed."""


class Bill(ListedRecord, frozen=True, kw_only=True):
    """A bill received from a supplier."""

    issue_date: ContractDateTime
    """Date on the bill."""
    status: BillStatus
    """Where the bill stands between being written and being paid."""
    sub_total: Decimal
    """Amount of the whole bill after discounts, before tax."""
    tax_amount: Decimal
    """Tax on the whole bill."""
    total_amount: Decimal
    """Amount of the whole bill, tax included."""
    reference: str | None = None
    """Reference that people know the bill by, usually the supplier's invoice number."""
    supplier_ref: SupplierRef | None = None
    """The supplier that sent the bill."""
    purchase_order_refs: tuple[PurchaseOrderRef, ...] = ()
    """Purchase orders that the bill was raised from."""
    due_date: ContractDateTime | None = None
    """Date by which the bill is to be paid."""
    currency: str | None = None
    """Currency of the bill, ISO 4217."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the bill's currency into the company's base currency."""
    line_items: tuple[BillLineItem, ...] = ()
    """The lines of the bill."""
    withholding_tax: tuple[WithholdingTax, ...] = ()
    """Tax kept back from the supplier."""
    amount_due: Decimal | None = None
    """What is still to be paid: the total less everything allocated."""
    note: str | None = None
    """Free text on the bill."""
    payment_allocations: tuple[PaymentAllocation, ...] = ()
    """Payments and credits that were set against the bill."""


_STATUSES = DueStatuses(BillStatus.OPEN, BillStatus.PARTIALLY_PAID, BillStatus.PAID)


@guarded
def check(bill: Bill) -> list[Problem]:
    """Line amounts, document totals, amount due against allocations and status, dates and currency."""
    lines, currency = bill.line_items, bill.currency
    found = currency_problems(currency, bill.currency_rate)
    found += date_problems(issueDate=bill.issue_date, dueDate=bill.due_date)
    found += line_item_problems(lines, currency)
    found += total_problems(bill.total_amount, bill.sub_total, bill.tax_amount)
    found += lines_problems("subTotal", bill.sub_total, [line.sub_total for line in lines], currency)
    found += lines_problems("taxAmount", bill.tax_amount, [line.tax_amount for line in lines], currency)
    if bill.amount_due is not None:
        found += amount_due_problems(
            "bill",
            bill.status,
            _STATUSES,
            due=bill.amount_due,
            total=bill.total_amount,
            allocations=bill.payment_allocations,
            withheld=bill.withholding_tax,
            currency=currency,
        )
    return found


BILLS = DataType(
    key="bills",
    path="bills",
    record=Bill,
    singular="bill",
    level=Level.COMPANY,
    links=("suppliers", "chartOfAccounts", "taxRates", "items", "trackingCategories", "customers", "purchaseOrders"),
    check=check,
    attachments=True,
)
