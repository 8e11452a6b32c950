"""The balance sheet: what the company owns and owes at the end of each month. One record, not a list."""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.problems import Problem, currency_problems, date_problems, guarded
from bookbridge.accounting.records import Part, Record
from bookbridge.accounting.statements import ReportLine, report_line_problems, result_problems, value_of


class BalanceSheetReport(Part, frozen=True, kw_only=True):
    """The balance sheet of one day."""

    net_assets: Decimal
    """What remains of the assets after the liabilities."""
    date: ContractDateTime | None = None
    """The day."""
    assets: ReportLine | None = None
    """What the company owns."""
    liabilities: ReportLine | None = None
    """What the company owes."""
    equity: ReportLine | None = None
    """Where the net assets came from: capital, and profit kept."""


class BalanceSheet(Record, frozen=True, kw_only=True):
    """The balance sheets of several months, oldest or newest first as the accounting software gives them."""

    reports: tuple[BalanceSheetReport, ...]
    """One balance sheet for each month."""
    currency: str | None = None
    """Currency of every amount, ISO 4217."""
    most_recent_available_month: ContractDateTime | None = None
    """The last month that the statement can be had for."""
    earliest_available_month: ContractDateTime | None = None
    """The first month that the statement can be had for."""


@guarded
def check(sheet: BalanceSheet) -> list[Problem]:
    """Each balances: net assets are assets less liabilities, and equity is the same; headings are sums."""
    found = currency_problems(sheet.currency, None)
    found += date_problems(
        mostRecentAvailableMonth=sheet.most_recent_available_month,
        earliestAvailableMonth=sheet.earliest_available_month,
    )
    for position, report in enumerate(sheet.reports):
        found += _report_problems(report, f"reports[{position}].", sheet.currency)
    return found


def _report_problems(report: BalanceSheetReport, prefix: str, currency: str | None) -> list[Problem]:
    found = date_problems(**{f"{prefix}date": report.date})
    for name, section in (("assets", report.assets), ("liabilities", report.liabilities), ("equity", report.equity)):
        found += report_line_problems(section, f"{prefix}{name}", currency)
    owned, owed = value_of(report.assets), value_of(report.liabilities)
    found += result_problems(f"{prefix}netAssets", report.net_assets, (owned,), (owed,), currency)
    if report.equity is not None:
        found += result_problems(f"{prefix}equity.value", report.equity.value, (report.net_assets,), (), currency)
    return found


BALANCE_SHEET = DataType(
    key="balanceSheet",
    path="financials/balanceSheet",
    record=BalanceSheet,
    singular="balance sheet",
    level=Level.COMPANY,
    links=("chartOfAccounts",),
    check=check,
    single=True,
    statement=True,
)
