"""Invoices: what customers owe the company, line by line.

An invoice is Submitted until something is paid, PartiallyPaid in between, Paid when nothing is due. Amounts
are in the invoice's own currency.
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
    CustomerRef,
    ItemRef,
    SalesOrderRef,
    TaxRateRef,
    TrackingCategoryRef,
)
from bookbridge.accounting.tax_details import WithholdingTax
from bookbridge.accounting.tracking import SalesTracking


class InvoiceStatus(Word):
    """Where an invoice stands between being written and being paid."""

    UNKNOWN = "Unknown"
    DRAFT = "Draft"
    SUBMITTED = "Submitted"
    PARTIALLY_PAID = "PartiallyPaid"
    PAID = "Paid"
    VOID = "Void"


class InvoiceLineItem(Part, frozen=True, kw_only=True):
    """One line of an invoice."""

    unit_amount: Decimal
    """Price of one unit, without tax."""
    quantity: Decimal
    """How many units were sold."""
    description: str | None = None
    """What was sold, in words."""
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
    """Whether the line was paid on the spot rather than owed."""


class Invoice(ListedRecord, frozen=True, kw_only=True):
    """An invoice sent to a customer."""

    issue_date: ContractDateTime
    """Date on the invoice."""
    total_tax_amount: Decimal
    """Tax on the whole invoice."""
    total_amount: Decimal
    """Amount of the whole invoice, tax included."""
    amount_due: Decimal
    """What is still to be paid: the total less everything allocated."""
    status: InvoiceStatus
    """Where the invoice stands between being written and being paid."""
    invoice_number: str | None = None
    """Number that people know the invoice by."""
    customer_ref: CustomerRef | None = None
    """The customer that owes the invoice."""
    sales_order_refs: tuple[SalesOrderRef, ...] = ()
    """Sales orders that the invoice was raised from."""
    due_date: ContractDateTime | None = None
    """Date by which the invoice is to be paid."""
    paid_on_date: ContractDateTime | None = None
    """Date on which the last of the invoice was paid."""
    currency: str | None = None
    """Currency of the invoice, ISO 4217."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the invoice's currency into the company's base currency."""
    line_items: tuple[InvoiceLineItem, ...] = ()
    """The lines of the invoice."""
    payment_allocations: tuple[PaymentAllocation, ...] = ()
    """Payments and credits that were set against the invoice."""
    withholding_tax: tuple[WithholdingTax, ...] = ()
    """Tax that the customer keeps back."""
    total_discount: Decimal | None = None
    """Discounts on the whole invoice."""
    sub_total: Decimal | None = None
    """Amount of the whole invoice before tax."""
    additional_tax_amount: Decimal | None = None
    """Tax charged on the whole invoice beside that of its lines."""
    additional_tax_percentage: Decimal | None = None
    """Rate of that additional tax in per cent."""
    discount_percentage: Decimal | None = None
    """Discount on the whole invoice in per cent."""
    note: str | None = None
    """Free text on the invoice."""


_STATUSES = DueStatuses(InvoiceStatus.SUBMITTED, InvoiceStatus.PARTIALLY_PAID, InvoiceStatus.PAID)


@guarded
def check(invoice: Invoice) -> list[Problem]:
    """Line amounts, document totals, amount due against allocations and status, dates and currency."""
    found = currency_problems(invoice.currency, invoice.currency_rate)
    found += date_problems(issueDate=invoice.issue_date, dueDate=invoice.due_date, paidOnDate=invoice.paid_on_date)
    found += line_item_problems(invoice.line_items, invoice.currency)
    found += _total_problems(invoice)
    found += amount_due_problems(
        "invoice",
        invoice.status,
        _STATUSES,
        due=invoice.amount_due,
        total=invoice.total_amount,
        allocations=invoice.payment_allocations,
        withheld=invoice.withholding_tax,
        currency=invoice.currency,
    )
    return found


def _total_problems(invoice: Invoice) -> list[Problem]:
    lines, currency, discount = invoice.line_items, invoice.currency, invoice.total_discount
    found: list[Problem] = []
    if invoice.sub_total is not None:
        found += total_problems(
            invoice.total_amount,
            invoice.sub_total,
            invoice.total_tax_amount,
            discount=discount,
            additional_tax=invoice.additional_tax_amount,
        )
        sub_totals = [line.sub_total for line in lines]
        found += lines_problems("subTotal", invoice.sub_total, sub_totals, currency, discount=discount)
    # A discount or a tax on the whole invoice changes its tax, and no line says by how much.
    if not discount and not invoice.additional_tax_amount:
        taxes = [line.tax_amount for line in lines]
        found += lines_problems("totalTaxAmount", invoice.total_tax_amount, taxes, currency)
    return found


INVOICES = DataType(
    key="invoices",
    path="invoices",
    record=Invoice,
    singular="invoice",
    level=Level.COMPANY,
    links=("customers", "chartOfAccounts", "taxRates", "items", "trackingCategories", "salesOrders"),
    check=check,
    attachments=True,
    pdf=True,
)
