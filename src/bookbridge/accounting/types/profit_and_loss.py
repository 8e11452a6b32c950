"""The profit and loss account: what the company earned and spent in each month. One record, not a list.

Costs and expenses are above zero, and are taken off.
"""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.problems import Problem, currency_problems, date_problems, guarded
from bookbridge.accounting.records import Part, Record
from bookbridge.accounting.statements import (
    ReportBasis,
    ReportLine,
    report_line_problems,
    result_problems,
    value_of,
)


class ProfitAndLossReport(Part, frozen=True, kw_only=True):
    """The profit and loss account of one period."""

    gross_profit: Decimal
    """Income less the cost of sales."""
    net_operating_profit: Decimal
    """Gross profit less expenses."""
    net_other_income: Decimal
    """Other income less other expenses."""
    net_profit: Decimal
    """Net operating profit and net other income together."""
    from_date: ContractDateTime | None = None
    """First day of the period."""
    to_date: ContractDateTime | None = None
    """Last day of the period."""
    income: ReportLine | None = None
    """What was earned by selling."""
    cost_of_sales: ReportLine | None = None
    """What the things sold had cost."""
    expenses: ReportLine | None = None
    """What running the business cost."""
    other_expenses: ReportLine | None = None
    """What was spent beside the business itself."""
    other_income: ReportLine | None = None
    """What was earned beside the business itself."""


class ProfitAndLoss(Record, frozen=True, kw_only=True):
    """The profit and loss accounts of several months, in the order in which the accounting software gives them."""

    reports: tuple[ProfitAndLossReport, ...]
    """One account for each month."""
    report_basis: ReportBasis
    """Whether income and costs count when they are invoiced or when they are paid."""
    currency: str | None = None
    """Currency of every amount, ISO 4217."""
    most_recent_available_month: ContractDateTime | None = None
    """The last month that the statement can be had for."""
    earliest_available_month: ContractDateTime | None = None
    """The first month that the statement can be had for."""


@guarded
def check(statement: ProfitAndLoss) -> list[Problem]:
    """Each profit follows from the sections above it; headings are sums; dates and currency."""
    found = currency_problems(statement.currency, None)
    found += date_problems(
        mostRecentAvailableMonth=statement.most_recent_available_month,
        earliestAvailableMonth=statement.earliest_available_month,
    )
    for position, report in enumerate(statement.reports):
        found += _report_problems(report, f"reports[{position}].", statement.currency)
    return found


def _report_problems(report: ProfitAndLossReport, prefix: str, currency: str | None) -> list[Problem]:
    found = date_problems(**{f"{prefix}fromDate": report.from_date, f"{prefix}toDate": report.to_date})
    sections = {
        "income": report.income,
        "costOfSales": report.cost_of_sales,
        "expenses": report.expenses,
        "otherExpenses": report.other_expenses,
        "otherIncome": report.other_income,
    }
    for name, section in sections.items():
        found += report_line_problems(section, f"{prefix}{name}", currency)
    value = {name: value_of(section) for name, section in sections.items()}
    gross, operating, other = report.gross_profit, report.net_operating_profit, report.net_other_income
    results = (
        ("grossProfit", gross, (value["income"],), (value["costOfSales"],)),
        ("netOperatingProfit", operating, (gross,), (value["expenses"],)),
        ("netOtherIncome", other, (value["otherIncome"],), (value["otherExpenses"],)),
        ("netProfit", report.net_profit, (operating, other), ()),
    )
    for name, stated, added, taken_off in results:
        found += result_problems(f"{prefix}{name}", stated, added, taken_off, currency)
    return found


PROFIT_AND_LOSS = DataType(
    key="profitAndLoss",
    path="financials/profitAndLoss",
    record=ProfitAndLoss,
    singular="profit and loss account",
    level=Level.COMPANY,
    links=("chartOfAccounts",),
    check=check,
    single=True,
    statement=True,
)
