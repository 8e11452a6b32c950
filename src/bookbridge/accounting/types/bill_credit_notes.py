"""Credit notes from suppliers: what a supplier owes back, to be set against bills or refunded.

Amounts are positive: a credit note of 100 lowers what is owed by 100.
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
from bookbridge.accounting.references import (
    AccountRef,
    ItemRef,
    RecordLineRef,
    RecordRef,
    SupplierRef,
    TaxRateRef,
    TrackingCategoryRef,
)
from bookbridge.accounting.tax_details import WithholdingTax
from bookbridge.accounting.tracking import Tracking


class BillCreditNoteStatus(Word):
    """Where a credit note stands between being written and being used up."""

    UNKNOWN = "Unknown"
    DRAFT = "Draft"
    SUBMITTED = "Submitted"
    PAID = "Paid"
    VOID = "Void"
    PARTIALLY_PAID = "PartiallyPaid"


class BillCreditNoteLineItem(Part, frozen=True, kw_only=True):
    """One line of a credit note from a supplier."""

    unit_amount: Decimal
    """Price of one unit, without tax."""
    quantity: Decimal
    """How many units were credited."""
    description: str | None = None
    """What was credited, in words."""
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
    account_ref: AccountRef | None = None
    """Account that the line is booked to."""
    discount_percentage: Decimal | None = None
    """Discount on the line in per cent."""
    tax_rate_ref: TaxRateRef | None = None
    """Tax rate that the line is taxed at."""
    item_ref: ItemRef | None = None
    """Product or service that the line is about."""
    created_from_line_ref: RecordLineRef | None = None
    """Line of the bill or purchase order that is credited."""
    tracking_category_refs: tuple[TrackingCategoryRef, ...] = ()
    """Tracking categories of the line."""
    tracking: Tracking | None = None
    """Categories, customer and project that the line is tracked against."""


class BillCreditNote(ListedRecord, frozen=True, kw_only=True):
    """A credit note received from a supplier."""

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
    status: BillCreditNoteStatus
    """Where the credit note stands between being written and being used up."""
    bill_credit_note_number: str | None = None
    """Number that people know the credit note by."""
    supplier_ref: SupplierRef | None = None
    """The supplier that gave the credit."""
    withholding_tax: tuple[WithholdingTax, ...] = ()
    """Tax kept back from the supplier."""
    remaining_credit: Decimal | None = None
    """What has not been set against bills or refunded yet."""
    issue_date: ContractDateTime | None = None
    """Date on the credit note."""
    allocated_on_date: ContractDateTime | None = None
    """Date on which the last of the credit was used."""
    currency: str | None = None
    """Currency of the credit note, ISO 4217."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the credit note's currency into the company's base currency."""
    line_items: tuple[BillCreditNoteLineItem, ...] = ()
    """The lines of the credit note."""
    payment_allocations: tuple[PaymentAllocation, ...] = ()
    """Refunds and bills that the credit was used for."""
    created_from_refs: tuple[RecordRef, ...] = ()
    """Bills or purchase orders that are credited."""
    note: str | None = None
    """Free text on the credit note."""


@guarded
def check(credit: BillCreditNote) -> list[Problem]:
    """Line amounts, document totals, remaining credit against allocations and status, dates and currency."""
    lines, currency = credit.line_items, credit.currency
    found = currency_problems(currency, credit.currency_rate)
    found += date_problems(issueDate=credit.issue_date, allocatedOnDate=credit.allocated_on_date)
    found += line_item_problems(lines, currency)
    found += total_problems(credit.total_amount, credit.sub_total, credit.total_tax_amount)
    found += lines_problems("totalTaxAmount", credit.total_tax_amount, [line.tax_amount for line in lines], currency)
    if credit.total_amount < 0:
        found.append(Problem("totalAmount", "A credit note's total is zero or more."))
    if credit.remaining_credit is not None:
        found += remaining_credit_problems(
            credit.remaining_credit,
            credit.total_amount,
            is_used_up=credit.status is BillCreditNoteStatus.PAID,
            allocations=credit.payment_allocations,
            currency=currency,
        )
    return found


BILL_CREDIT_NOTES = DataType(
    key="billCreditNotes",
    path="billCreditNotes",
    record=BillCreditNote,
    singular="bill credit note",
    level=Level.COMPANY,
    links=("suppliers", "chartOfAccounts", "taxRates", "items", "trackingCategories", "customers", "bills"),
    check=check,
    attachments=True,
)
