"""Aged debtors and aged creditors: how long what is still due has been due, for each customer or supplier.

Only the shapes and what must add up within them; drawing a report up from records is not done here.
"""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.money import ZERO
from bookbridge.accounting.problems import Problem, currency_problems, date_problems, guarded, sum_problem
from bookbridge.accounting.records import Part


class AgedAmountDetail(Part, frozen=True, kw_only=True):
    """The part of an aged amount that one kind of document makes up."""

    name: str | None = None
    """Name of the kind of document, for example `Invoices`."""
    amount: Decimal | None = None
    """Amount due on documents of that kind."""


class AgedAmount(Part, frozen=True, kw_only=True):
    """What is due and fell due within one span of time."""

    from_date: ContractDateTime | None = None
    """First day of the span; absent for everything before the last day."""
    to_date: ContractDateTime | None = None
    """Last day of the span; absent for everything after the first day."""
    amount: Decimal | None = None
    """Amount due."""
    details: tuple[AgedAmountDetail, ...] = ()
    """What the amount is made of."""


class AgedCurrencyOutstanding(Part, frozen=True, kw_only=True):
    """What is due in one currency, by age."""

    currency: str | None = None
    """The currency, ISO 4217."""
    aged_outstanding_amounts: tuple[AgedAmount, ...] = ()
    """The amounts, one for each span of time."""


class AgedDebtor(Part, frozen=True, kw_only=True):
    """What one customer owes."""

    customer_id: str | None = None
    """Identifier of the customer."""
    customer_name: str | None = None
    """Name of the customer, for display."""
    aged_currency_outstanding: tuple[AgedCurrencyOutstanding, ...] = ()
    """What the customer owes, by currency and age."""


class AgedDebtorReport(Part, frozen=True, kw_only=True):
    """What all customers owe on one day."""

    generated: ContractDateTime | None = None
    """When the report was drawn up."""
    report_date: ContractDateTime | None = None
    """The day that the report is of."""
    data: tuple[AgedDebtor, ...] = ()
    """One entry for each customer that owes anything."""


class AgedCreditor(Part, frozen=True, kw_only=True):
    """What is owed to one supplier."""

    supplier_id: str | None = None
    """Identifier of the supplier."""
    supplier_name: str | None = None
    """Name of the supplier, for display."""
    aged_currency_outstanding: tuple[AgedCurrencyOutstanding, ...] = ()
    """What is owed to the supplier, by currency and age."""


class AgedCreditorReport(Part, frozen=True, kw_only=True):
    """What is owed to all suppliers on one day."""

    generated: ContractDateTime | None = None
    """When the report was drawn up."""
    report_date: ContractDateTime | None = None
    """The day that the report is of."""
    data: tuple[AgedCreditor, ...] = ()
    """One entry for each supplier that anything is owed to."""


@guarded
def check(report: AgedDebtorReport | AgedCreditorReport) -> list[Problem]:
    """Each aged amount is the sum of its details; dates and currencies."""
    found = date_problems(generated=report.generated, reportDate=report.report_date)
    contacts: tuple[AgedDebtor | AgedCreditor, ...] = report.data
    for position, contact in enumerate(contacts):
        for place, outstanding in enumerate(contact.aged_currency_outstanding):
            found += _outstanding_problems(outstanding, f"data[{position}].agedCurrencyOutstanding[{place}].")
    return found


def _outstanding_problems(outstanding: AgedCurrencyOutstanding, prefix: str) -> list[Problem]:
    found = currency_problems(outstanding.currency, None, f"{prefix}currency")
    for position, aged in enumerate(outstanding.aged_outstanding_amounts):
        field = f"{prefix}agedOutstandingAmounts[{position}]."
        found += date_problems(**{f"{field}fromDate": aged.from_date, f"{field}toDate": aged.to_date})
        if aged.details and aged.amount is not None:
            found += sum_problem(f"{field}amount", aged.amount, [detail.amount for detail in aged.details], ZERO)
    return found
