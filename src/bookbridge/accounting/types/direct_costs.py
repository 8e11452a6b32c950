"""Direct costs: what was bought and paid for on the spot, without a bill.

Card spending, bank fees, cash purchases; a refund of such a purchase has amounts below zero.
"""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.allocations import PaymentAllocation
from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.documents import (
    line_item_problems,
    lines_problems,
    paid_at_once_problems,
    total_problems,
)
from bookbridge.accounting.problems import Problem, currency_problems, date_problems, guarded
from bookbridge.accounting.records import ListedRecord, Part
from bookbridge.accounting.references import AccountRef, ContactRef, ItemRef, TaxRateRef, TrackingCategoryRef
from bookbridge.accounting.tracking import CostTracking


class DirectCostLineItem(Part, frozen=True, kw_only=True):
    """One line of a direct cost."""

    unit_amount: Decimal
    """Price of one unit, without tax."""
    quantity: Decimal
    """How many units were bought."""
    description: str | None = None
    """What was bought, in words."""
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
    tracking: CostTracking | None = None
    """Records that the line is tracked against, and who will be charged for it."""


class DirectCost(ListedRecord, frozen=True, kw_only=True):
    """Money spent on the spot."""

    issue_date: ContractDateTime
    """Date on which the money moved."""
    currency: str
    """Currency of the direct cost, ISO 4217."""
    line_items: tuple[DirectCostLineItem, ...]
    """The lines of the direct cost."""
    payment_allocations: tuple[PaymentAllocation, ...]
    """How it was paid: as a rule one payment of the whole amount."""
    sub_total: Decimal
    """Amount of the whole direct cost before tax."""
    tax_amount: Decimal
    """Tax on the whole direct cost."""
    total_amount: Decimal
    """Amount of the whole direct cost, tax included; below zero for a refund."""
    reference: str | None = None
    """Reference that people know the direct cost by."""
    note: str | None = None
    """Free text on the direct cost."""
    contact_ref: ContactRef | None = None
    """The supplier that was paid, or the customer."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the direct cost's currency into the company's base currency."""


@guarded
def check(record: DirectCost) -> list[Problem]:
    """Line amounts, document totals, payment in full, dates and currency."""
    lines, currency = record.line_items, record.currency
    found = currency_problems(currency, record.currency_rate)
    found += date_problems(issueDate=record.issue_date)
    found += line_item_problems(lines, currency)
    found += total_problems(record.total_amount, record.sub_total, record.tax_amount)
    found += lines_problems("subTotal", record.sub_total, [line.sub_total for line in lines], currency)
    found += lines_problems("taxAmount", record.tax_amount, [line.tax_amount for line in lines], currency)
    return found + paid_at_once_problems(record.total_amount, record.payment_allocations, currency)


DIRECT_COSTS = DataType(
    key="directCosts",
    path="directCosts",
    record=DirectCost,
    singular="direct cost",
    level=Level.CONNECTION,
    links=("suppliers", "customers", "chartOfAccounts", "bankAccounts", "taxRates", "items", "trackingCategories"),
    check=check,
    attachments=True,
)
