"""Credit notes to customers: what the company owes a customer back, to be set against invoices or refunded.

Amounts are positive: a credit note of 100 lowers what the customer owes by 100.
"""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.allocations import PaymentAllocation
from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.documents import (
    line_item_problems,
    lines_problems,
    remaining_credit_problems,
    total_problems,
)
from bookbridge.accounting.problems import Problem, currency_problems, date_problems, guarded
from bookbridge.accounting.records import ListedRecord, Part, Word
from bookbridge.accounting.references import AccountRef, CustomerRef, ItemRef, TaxRateRef, TrackingCategoryRef
from bookbridge.accounting.tax_details import WithholdingTax
from bookbridge.accounting.tracking import SalesTracking


class CreditNoteStatus(Word):
    """Where a credit note stands between being written and being used up."""

    UNKNOWN = "Unknown"
    DRAFT = "Draft"
    SUBMITTED = "Submitted"
    PAID = "Paid"
    VOID = "Void"
    PARTIALLY_PAID = "PartiallyPaid"


class CreditNoteLineItem(Part, frozen=True, kw_only=True):
    """One line of a credit note to a customer."""

    unit_amount: Decimal
    """Price of one unit, without tax."""
    quantity: Decimal
    """How many units were credited."""
    description: str | None = None
    """What was credited, in words."""
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
    tracking: SalesTracking | None = None
    """Categories, customer and project that the line is tracked against."""
    is_direct_income: bool | None = None
    """Whether the line was refunded on the spot rather than credited."""


class CreditNote(ListedRecord, frozen=True, kw_only=True):
    """A credit note given to a customer."""

    total_amount: Decimal
    """Amount of the whole credit note, tax included."""
    total_discount: Decimal
    """Discounts on the whole credit note, already taken off the sub total."""
    sub_total: Decimal
    """Amount of the whole credit note after discounts, before tax."""
    total_tax_amount: Decimal
    """Tax on the whole credit note."""
    discount_percentage: Decimal
    """Discount on the whole credit note in per cent."""
    remaining_credit: Decimal
    """What has not been set against invoices or refunded yet."""
    status: CreditNoteStatus
    """Where the credit note stands between being written and being used up."""
    credit_note_number: str | None = None
    """Number that people know the credit note by."""
    customer_ref: CustomerRef | None = None
    """The customer that was given the credit."""
    withholding_tax: tuple[WithholdingTax, ...] = ()
    """Tax that the customer keeps back."""
    additional_tax_amount: Decimal | None = None
    """Tax credited on the whole credit note beside that of its lines."""
    additional_tax_percentage: Decimal | None = None
    """Rate of that additional tax in per cent."""
    issue_date: ContractDateTime | None = None
    """Date on the credit note."""
    allocated_on_date: ContractDateTime | None = None
    """Date on which the last of the credit was used."""
    currency: str | None = None
    """Currency of the credit note, ISO 4217."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the credit note's currency into the company's base currency."""
    line_items: tuple[CreditNoteLineItem, ...] = ()
    """The lines of the credit note."""
    payment_allocations: tuple[PaymentAllocation, ...] = ()
    """Refunds and invoices that the credit was used for."""
    note: str | None = None
    """Free text on the credit note."""


@guarded
def check(credit: CreditNote) -> list[Problem]:
    """Line amounts, document totals, remaining credit against allocations and status, dates and currency."""
    found = currency_problems(credit.currency, credit.currency_rate)
    found += date_problems(issueDate=credit.issue_date, allocatedOnDate=credit.allocated_on_date)
    found += line_item_problems(credit.line_items, credit.currency)
    found += total_problems(
        credit.total_amount,
        credit.sub_total,
        credit.total_tax_amount,
        additional_tax=credit.additional_tax_amount,
    )
    if not credit.additional_tax_amount:
        taxes = [line.tax_amount for line in credit.line_items]
        found += lines_problems("totalTaxAmount", credit.total_tax_amount, taxes, credit.currency)
    if credit.total_amount < 0:
        found.append(Problem("totalAmount", "A credit note's total is zero or more."))
    found += remaining_credit_problems(
        credit.remaining_credit,
        credit.total_amount,
        is_used_up=credit.status is CreditNoteStatus.PAID,
        allocations=credit.payment_allocations,
        currency=credit.currency,
    )
    return found


CREDIT_NOTES = DataType(
    key="creditNotes",
    path="creditNotes",
    record=CreditNote,
    singular="credit note",
    level=Level.COMPANY,
    links=("customers", "chartOfAccounts", "taxRates", "items", "trackingCategories", "invoices"),
    check=check,
)
