"""Documents that transactions become: direct costs, direct incomes and bills, with their lines, tax and totals. Pure.

A line has the quantity one, its net amount as price, and the tax that was sent; a line that says a rate but no tax gets
the tax of the rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from bookbridge.accounting.allocations import AllocatedPayment, Allocation, PaymentAllocation
from bookbridge.accounting.money import ZERO, currency_places, exact_product, exact_sum, round_half_up
from bookbridge.accounting.references import (
    AccountRef,
    ContactDataType,
    ContactRef,
    SupplierRef,
    TaxRateRef,
    TrackingCategoryRef,
)
from bookbridge.accounting.types.bills import BILLS as BILLS
from bookbridge.accounting.types.bills import Bill, BillLineItem, BillStatus
from bookbridge.accounting.types.direct_costs import DirectCost, DirectCostLineItem
from bookbridge.accounting.types.direct_incomes import DirectIncome, DirectIncomeLineItem
from bookbridge.products.expenses.books import Books
from bookbridge.products.expenses.currencies import Denomination
from bookbridge.products.expenses.transactions import Line, Reimbursable, Spending

ONE: Final = Decimal(1)
PER_CENT: Final = Decimal("0.01")


@dataclass(frozen=True)
class Contact:
    """The other side of a transaction. `data_type` is `suppliers` or `customers`."""

    id: str
    data_type: str


@dataclass(frozen=True)
class TaxedLine:
    """A line with its tax worked out."""

    source: Line
    net: Decimal
    tax: Decimal
    tax_rate_id: str | None


@dataclass(frozen=True)
class Drawn:
    """A card transaction with all that it is written with."""

    spending: Spending
    bank: str
    given: Denomination
    contact: Contact | None
    books: Books
    no_tax_rate: str | None

    @cached_property
    def lines(self) -> tuple[TaxedLine, ...]:
        """The lines with their tax."""
        return taxed(self.spending.lines, self.given.currency, self.books, self.no_tax_rate)

    @property
    def text(self) -> str:
        """What people read on the record: where the money went, and what for."""
        spending = self.spending
        return " - ".join(part for part in (spending.merchant_name, spending.notes) if part) or spending.type.value


def taxed(lines: tuple[Line, ...], currency: str, books: Books, no_tax_rate: str | None) -> tuple[TaxedLine, ...]:
    """The lines with their tax."""
    found = []
    for line in lines:
        tax = line.tax_amount
        rate = books.tax_rates.get(line.tax_rate_id) if line.tax_rate_id else None
        if tax is None and rate is not None:
            percent = rate.effective_tax_rate or ZERO
            exact = exact_product(exact_product(line.net_amount, percent), PER_CENT)
            tax = round_half_up(exact, currency_places(currency))
        found.append(TaxedLine(line, line.net_amount, tax or ZERO, line.tax_rate_id or no_tax_rate))
    return tuple(found)


def direct_cost(drawn: Drawn, *, sign: int = 1) -> DirectCost:
    """Money spent; with the sign -1, money that came back."""
    lines = tuple(DirectCostLineItem(**_line(drawn, line, sign)) for line in drawn.lines)
    return DirectCost(line_items=lines, **_whole(drawn, sign))


def direct_income(drawn: Drawn) -> DirectIncome:
    """Money received."""
    lines = tuple(DirectIncomeLineItem(**_line(drawn, line, 1)) for line in drawn.lines)
    return DirectIncome(line_items=lines, **_whole(drawn, 1))


def _line(drawn: Drawn, line: TaxedLine, sign: int) -> dict[str, Any]:
    net, tax = sign * line.net, sign * line.tax
    return {
        "description": line.source.description or drawn.text,
        "quantity": ONE,
        "unit_amount": net,
        "sub_total": net,
        "tax_amount": tax,
        "total_amount": exact_sum((net, tax)),
        "account_ref": AccountRef(id=line.source.account_id),
        "tax_rate_ref": TaxRateRef(id=line.tax_rate_id) if line.tax_rate_id else None,
        "tracking_category_refs": _categories(line.source),
    }


def _categories(line: Line) -> tuple[TrackingCategoryRef, ...]:
    return tuple(TrackingCategoryRef(id=one.id) for one in line.tracking if one.data_type == "trackingCategories")


def _whole(drawn: Drawn, sign: int) -> dict[str, Any]:
    """What costs and incomes have in common beside their lines."""
    spending, given = drawn.spending, drawn.given
    net = sign * exact_sum(line.net for line in drawn.lines)
    tax = sign * exact_sum(line.tax for line in drawn.lines)
    total = exact_sum((net, tax))
    money: dict[str, Any] = {"currency": given.currency, "currency_rate": given.rate, "total_amount": total}
    paid = AllocatedPayment(account_ref=AccountRef(id=drawn.bank), paid_on_date=spending.issue_date, **money)
    whole = Allocation(allocated_on_date=spending.issue_date, **money)
    contact = drawn.contact
    return {
        "issue_date": spending.issue_date,
        "reference": spending.reference,
        "note": drawn.text,
        "contact_ref": ContactRef(id=contact.id, data_type=ContactDataType(contact.data_type)) if contact else None,
        "sub_total": net,
        "tax_amount": tax,
        "payment_allocations": (PaymentAllocation(payment=paid, allocation=whole),),
        **money,
    }


def bill(reimbursable: Reimbursable, given: Denomination, books: Books, no_tax_rate: str | None) -> Bill:
    """What the company owes an employee."""
    lines = taxed(reimbursable.lines, given.currency, books, no_tax_rate)
    net, tax = exact_sum(line.net for line in lines), exact_sum(line.tax for line in lines)
    text = reimbursable.notes or reimbursable.reference or "Reimbursement"
    return Bill(
        issue_date=reimbursable.issue_date,
        due_date=reimbursable.due_date,
        status=BillStatus.OPEN,
        reference=reimbursable.reference,
        note=reimbursable.notes,
        supplier_ref=SupplierRef(id=reimbursable.contact_id),
        currency=given.currency,
        currency_rate=given.rate,
        sub_total=net,
        tax_amount=tax,
        total_amount=exact_sum((net, tax)),
        line_items=tuple(
            BillLineItem(
                description=line.source.description or text,
                quantity=ONE,
                unit_amount=line.net,
                sub_total=line.net,
                tax_amount=line.tax,
                total_amount=exact_sum((line.net, line.tax)),
                account_ref=AccountRef(id=line.source.account_id),
                tax_rate_ref=TaxRateRef(id=line.tax_rate_id) if line.tax_rate_id else None,
                tracking_category_refs=_categories(line.source),
            )
            for line in lines
        ),
    )
