"""The cash flow statement: what money came in and went out in each month. One record, not a list."""

from __future__ import annotations

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.problems import Problem, currency_problems, date_problems, guarded
from bookbridge.accounting.records import Part, Record, Word
from bookbridge.accounting.statements import ReportBasis, ReportLine, report_line_problems


class ReportInput(Word):
    """How a cash flow statement was drawn up: from the movements of money, or back from the profit."""

    UNKNOWN = "Unknown"
    INDIRECT = "Indirect"
    DIRECT = "Direct"


class CashFlowReport(Part, frozen=True, kw_only=True):
    """The cash flow of one period."""

    from_date: ContractDateTime | None = None
    """First day of the period."""
    to_date: ContractDateTime | None = None
    """Last day of the period."""
    cash_receipts: ReportLine | None = None
    """Money that came in."""
    cash_payments: ReportLine | None = None
    """Money that went out."""


class CashFlowStatement(Record, frozen=True, kw_only=True):
    """The cash flows of several months, in the order in which the accounting software gives them."""

    reports: tuple[CashFlowReport, ...]
    """One cash flow for each month."""
    report_basis: ReportBasis
    """Whether income and costs count when they are invoiced or when they are paid."""
    report_input: ReportInput
    """How the statement was drawn up."""
    currency: str | None = None
    """Currency of every amount, ISO 4217."""
    most_recent_available_month: ContractDateTime | None = None
    """The last month that the statement can be had for."""
    earliest_available_month: ContractDateTime | None = None
    """The first month that the statement can be had for."""


@guarded
def check(statement: CashFlowStatement) -> list[Problem]:
    """Headings are sums of their lines; dates and currency."""
    found = currency_problems(statement.currency, None)
    found += date_problems(
        mostRecentAvailableMonth=statement.most_recent_available_month,
        earliestAvailableMonth=statement.earliest_available_month,
    )
    for position, report in enumerate(statement.reports):
        prefix = f"reports[{position}]."
        found += date_problems(**{f"{prefix}fromDate": report.from_date, f"{prefix}toDate": report.to_date})
        found += report_line_problems(report.cash_receipts, f"{prefix}cashReceipts", statement.currency)
        found += report_line_problems(report.cash_payments, f"{prefix}cashPayments", statement.currency)
    return found


CASH_FLOW_STATEMENT = DataType(
    key="cashFlowStatement",
    path="financials/cashFlowStatement",
    record=CashFlowStatement,
    singular="cash flow statement",
    level=Level.COMPANY,
    links=("chartOfAccounts",),
    check=check,
    single=True,
    statement=True,
)
