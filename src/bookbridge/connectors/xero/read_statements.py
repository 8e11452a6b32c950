"""Shapes of the balance sheet and of the profit and loss account. Pure functions.

Xero's report is a table that businesses lay out as they like, with titles in their own words. Where a row belongs
is therefore told by the class and type of its account, and only for rows without a known account by its
neighbours and the section's title. Totals are added up here: those of the report stand in rows that nothing marks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from bookbridge.accounting.dates import contract_date
from bookbridge.accounting.money import ZERO, exact_difference, exact_sum
from bookbridge.accounting.statements import ReportBasis, ReportLine
from bookbridge.accounting.types.balance_sheet import BalanceSheet, BalanceSheetReport
from bookbridge.accounting.types.profit_and_loss import ProfitAndLoss, ProfitAndLossReport
from bookbridge.connectors.kit.connector import Facts
from bookbridge.connectors.xero.ledger_payloads import MonthlyReport, Report, ReportRow, Statement
from bookbridge.connectors.xero.payloads import Account
from bookbridge.connectors.xero.statements import Month, days_of, earlier

_HEADING_FORMATS = ("%d %b %Y", "%d %b %y", "%d %B %Y")


class Part(Enum):
    """Where a row belongs, by the name that its heading gets."""

    ASSETS = "Assets"
    LIABILITIES = "Liabilities"
    EQUITY = "Equity"
    INCOME = "Income"
    COST_OF_SALES = "Cost of Sales"
    EXPENSES = "Expenses"
    OTHER_INCOME = "Other Income"


_BALANCE_PARTS = {"ASSET": Part.ASSETS, "LIABILITY": Part.LIABILITIES, "EQUITY": Part.EQUITY}
_PROFIT_PARTS = {"REVENUE": Part.INCOME, "EXPENSE": Part.EXPENSES}
_PROFIT_PARTS_BY_TYPE = {"OTHERINCOME": Part.OTHER_INCOME, "DIRECTCOSTS": Part.COST_OF_SALES}

# For rows without a known account in a section without one; the particular before the general.
_TITLE_WORDS = (
    ("equity", Part.EQUITY),
    ("capital", Part.EQUITY),
    ("liabilit", Part.LIABILITIES),
    ("asset", Part.ASSETS),
    ("bank", Part.ASSETS),
    ("cost of sales", Part.COST_OF_SALES),
    ("direct cost", Part.COST_OF_SALES),
    ("other income", Part.OTHER_INCOME),
    ("income", Part.INCOME),
    ("turnover", Part.INCOME),
    ("revenue", Part.INCOME),
    ("sales", Part.INCOME),
    ("expense", Part.EXPENSES),
    ("cost", Part.EXPENSES),
    ("overhead", Part.EXPENSES),
)


def balance_sheet(payload: Statement, facts: Facts) -> BalanceSheet:
    """The balance sheets of the months, newest first, each of the month's last day.

    Raises ValueError for a report that cannot be read without guessing.
    """
    months = list(_months(payload, lambda account: _BALANCE_PARTS.get(account.class_ or "")))
    return BalanceSheet(
        currency=facts.get("base_currency"),
        reports=tuple(_balance_report(month, lines) for month, lines in months),
        most_recent_available_month=_first_day(months[0][0]) if months else None,
        earliest_available_month=_first_day(months[-1][0]) if months else None,
    )


def _balance_report(month: Month, lines: list[_Line]) -> BalanceSheetReport:
    assets, liabilities = _heading(Part.ASSETS, lines), _heading(Part.LIABILITIES, lines)
    return BalanceSheetReport(
        date=_last_day(month),
        net_assets=exact_difference(assets.value, liabilities.value),
        assets=assets,
        liabilities=liabilities,
        equity=_heading(Part.EQUITY, lines),
    )


def profit_and_loss(payload: Statement, facts: Facts) -> ProfitAndLoss:
    """The profit and loss accounts of the months, newest first.

    Raises ValueError for a report that cannot be read without guessing.
    """
    months = list(_months(payload, _profit_part))
    return ProfitAndLoss(
        currency=facts.get("base_currency"),
        report_basis=ReportBasis.ACCRUAL,
        reports=tuple(_profit_report(month, lines) for month, lines in months),
        most_recent_available_month=_first_day(months[0][0]) if months else None,
        earliest_available_month=_first_day(months[-1][0]) if months else None,
    )


def _profit_part(account: Account) -> Part | None:
    return _PROFIT_PARTS_BY_TYPE.get(account.type or "") or _PROFIT_PARTS.get(account.class_ or "")


def _profit_report(month: Month, lines: list[_Line]) -> ProfitAndLossReport:
    income, cost = _heading(Part.INCOME, lines), _heading(Part.COST_OF_SALES, lines)
    expenses, other_income = _heading(Part.EXPENSES, lines), _heading(Part.OTHER_INCOME, lines)
    gross = exact_difference(income.value, cost.value)
    operating = exact_difference(gross, expenses.value)
    return ProfitAndLossReport(
        from_date=_first_day(month),
        to_date=_last_day(month),
        income=income,
        cost_of_sales=cost,
        gross_profit=gross,
        expenses=expenses,
        net_operating_profit=operating,
        other_income=other_income,
        # Xero has one class of expenses.
        other_expenses=ReportLine(name="Other Expenses", value=ZERO),
        net_other_income=other_income.value,
        net_profit=exact_sum((operating, other_income.value)),
    )


def _heading(part: Part, lines: list[_Line]) -> ReportLine:
    """The lines of a part under their sections' titles, added up."""
    sections: dict[str, list[ReportLine]] = {}
    for line in lines:
        if line.part is part:
            sections.setdefault(line.section, []).append(line.shown)
    items = tuple(
        ReportLine(name=title, value=exact_sum(one.value for one in shown), items=tuple(shown))
        for title, shown in sections.items()
    )
    return ReportLine(name=part.value, value=exact_sum(item.value for item in items), items=items)


def _first_day(month: Month) -> str:
    return contract_date(date(*month, 1))


def _last_day(month: Month) -> str:
    return contract_date(date(*month, days_of(month)))


# The table


@dataclass(frozen=True)
class _Line:
    """One row of the table in one month."""

    section: str
    part: Part
    shown: ReportLine


@dataclass(frozen=True)
class AccountRow:
    """A row of a report that stands for an account: its section, name, id, and a value for each column."""

    section: str
    name: str | None
    account_id: str | None
    values: tuple[Decimal, ...]


PartOf = Callable[[Account], Part | None]


def _months(payload: Statement, part_of: PartOf) -> Iterator[tuple[Month, list[_Line]]]:
    accounts = {account.account_id.lower(): account for account in payload.accounts}
    for answer in payload.monthly_reports:
        rows = list(account_rows(answer.report))
        parts = _parts(rows, accounts, part_of)
        for column, month in enumerate(_columns(answer)):
            yield (
                month,
                [_Line(row.section, parts[row.section, row.account_id], _shown(row, column, accounts)) for row in rows],
            )


def _columns(answer: MonthlyReport) -> list[Month]:
    """The months of the columns, newest first. Raises ValueError where the heading says otherwise."""
    year, month = (int(number) for number in answer.last_month.split("-"))
    months = [earlier((year, month), back) for back in range(answer.months)]
    header = next((row for row in answer.report.rows or () if row.row_type == "Header"), None)
    titles = [cell.value or "" for cell in (header.cells or () if header else ())][1:]
    if len(titles) < len(months):
        raise ValueError(f"a report of {len(titles)} months instead of {len(months)}")
    for title, expected in zip(titles, months, strict=False):
        told = _month_of(title)
        if told is not None and told != expected:
            raise ValueError("a report whose columns are other months than were asked for")
    return months


def _month_of(title: str) -> Month | None:
    for form in _HEADING_FORMATS:
        try:
            found = datetime.strptime(title.strip(), form)  # noqa: DTZ007 - a day, not a moment
        except ValueError:
            continue
        return found.year, found.month
    return None


def account_rows(report: Report) -> Iterator[AccountRow]:
    """The rows that stand for accounts: those of titled sections, without their totals."""
    for section in report.rows or ():
        if section.row_type == "Section" and section.title:
            yield from _rows_within(section, section.title)


def _rows_within(section: ReportRow, title: str) -> Iterator[AccountRow]:
    for row in section.rows or ():
        if row.row_type == "Section":
            yield from _rows_within(row, row.title or title)
        elif row.row_type == "Row" and row.cells:
            account_id = next(
                (one.value for cell in row.cells for one in cell.attributes or () if one.id == "account"), None
            )
            yield AccountRow(
                title, row.cells[0].value, account_id, tuple(_amount(cell.value) for cell in row.cells[1:])
            )


def _amount(text: str | None) -> Decimal:
    return Decimal(text.replace(",", "")) if text and text.strip() else ZERO


def _parts(rows: list[AccountRow], accounts: dict[str, Account], part_of: PartOf) -> dict[tuple[str, str | None], Part]:
    """Where each row belongs, by section and account. Raises ValueError where nothing tells."""
    found: dict[tuple[str, str | None], Part] = {}
    of_section: dict[str, Part] = {}
    for row in rows:
        account = accounts.get((row.account_id or "").lower())
        part = part_of(account) if account else None
        if part is not None:
            found[row.section, row.account_id] = part
            of_section.setdefault(row.section, part)
    for row in rows:
        if (row.section, row.account_id) not in found:
            found[row.section, row.account_id] = of_section.get(row.section) or _told_by_title(row.section)
    return found


def _told_by_title(title: str) -> Part:
    lowered = title.lower()
    for words, part in _TITLE_WORDS:
        if words in lowered:
            return part
    raise ValueError("a report with a section that belongs nowhere")


def _shown(row: AccountRow, column: int, accounts: dict[str, Account]) -> ReportLine:
    known = (row.account_id or "").lower() in accounts
    value = row.values[column] if column < len(row.values) else ZERO
    # Profit of the year has an id of its own in reports, which is no account's.
    return ReportLine(name=row.name, value=value, account_id=row.account_id if known else None)
