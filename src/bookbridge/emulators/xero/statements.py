"""The two statements of a book as the vendor's reports: BalanceSheet and ProfitAndLoss, for one month or several.

They are computed from the journals and must not keep anything. Columns stand newest first, as the vendor's do. Months
of a profit and loss compared with a month of 30 days or fewer end on that day too, which is the vendor's own trap; a
balance sheet is of the ends of months, whatever day is asked for.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.records import ZERO, Account

PERIODS_MAX = 11
"""Periods to compare with, so twelve columns in all."""

YEAR_RESULT_ID = "abababab-abab-abab-abab-abababababab"
"""What the vendor writes in place of an account for the profit of the current year."""

_ASSETS = {
    "Bank": {"BANK"},
    "Current Assets": {"CURRENT", "INVENTORY", "PREPAYMENT"},
    "Fixed Assets": {"FIXED"},
    "Non-current Assets": {"NONCURRENT"},
}
_LIABILITIES = {
    "Current Liabilities": {
        "CURRLIAB",
        "LIABILITY",
        "PAYGLIABILITY",
        "SUPERANNUATIONLIABILITY",
        "WAGESPAYABLELIABILITY",
    },
    "Non-Current Liabilities": {"TERMLIAB"},
}
_INCOME = {"Income": {"REVENUE", "SALES"}}
_COST = {"Less Cost of Sales": {"DIRECTCOSTS"}}
_OTHER_INCOME = {"Plus Other Income": {"OTHERINCOME"}}
_RESULT_CLASSES = {"REVENUE", "EXPENSE"}

Row = dict[str, Any]
Amounts = list[Decimal]


def month_ends(day: dt.date, periods: int) -> list[dt.date]:
    """The days that columns end on, newest first: the same day of each earlier month, or its last one."""
    ends = []
    for back in range(periods + 1):
        year, zero_based = divmod(day.year * 12 + day.month - 1 - back, 12)
        last = calendar.monthrange(year, zero_based + 1)[1]
        ends.append(dt.date(year, zero_based + 1, min(day.day, last)))
    return ends


def balance_days(day: dt.date, periods: int) -> list[dt.date]:
    """The days of a balance sheet's columns: the end of the day's month and of the months before it; without any to
    compare with, of the same month a year before."""
    months = [(day.year * 12 + day.month - 1 - back) for back in (range(periods + 1) if periods else (0, 12))]
    return [_month_end(*divmod(month, 12)) for month in months]


def _month_end(year: int, zero_based: int) -> dt.date:
    return dt.date(year, zero_based + 1, calendar.monthrange(year, zero_based + 1)[1])


class Table:
    """A report's rows in the making: sections of accounts with their totals, and rows that sum up."""

    def __init__(self, titles: Iterable[str]) -> None:
        self.rows: list[Row] = [{"RowType": "Header", "Cells": [{"Value": title} for title in ("", *titles)]}]
        self.columns = len(self.rows[0]["Cells"]) - 1

    def heading(self, title: str) -> None:
        """A section that only carries a title."""
        self.rows.append({"RowType": "Section", "Title": title, "Rows": []})

    def section(self, title: str, lines: list[tuple[str, str, Amounts]]) -> Amounts:
        """A section of (name, account id, amounts), left out when it is empty. Returns its total."""
        total = [ZERO] * self.columns
        if not lines:
            return total
        shown = []
        for name, account_id, amounts in lines:
            total = [one + other for one, other in zip(total, amounts, strict=True)]
            shown.append({"RowType": "Row", "Cells": _cells(name, amounts, account_id)})
        shown.append({"RowType": "SummaryRow", "Cells": _cells(f"Total {title.removeprefix('Less ')}", total)})
        self.rows.append({"RowType": "Section", "Title": title, "Rows": shown})
        return total

    def result(self, name: str, amounts: Amounts) -> None:
        """A row of its own, under no title."""
        row = {"RowType": "Row", "Cells": _cells(name, amounts)}
        self.rows.append({"RowType": "Section", "Title": "", "Rows": [row]})


def _cells(name: str, amounts: Amounts, account_id: str | None = None) -> list[Row]:
    tagged: Row = {"Attributes": [{"Value": account_id, "Id": "account"}]} if account_id else {}
    return [{"Value": name, **tagged}, *({"Value": f"{amount:.2f}", **tagged} for amount in amounts)]


Balances = dict[str, Amounts]


def _balances(book: Book, count: int, columns_of: Callable[[dt.date], Iterable[int]]) -> Balances:
    """Debits less credits by account id, in each column that a posting's date counts for."""
    found: Balances = {}
    for posting in book.journals:
        columns = list(columns_of(posting.date))
        if not columns:
            continue
        for line in posting.lines():
            amounts = found.setdefault(line.account.account_id, [ZERO] * count)
            for column in columns:
                amounts[column] += line.net_amount
    return found


def _lines(
    book: Book, balances: Balances, wanted: Callable[[Account], bool], sign: int
) -> list[tuple[str, str, Amounts]]:
    return [
        (account.name, account.account_id, [sign * amount for amount in balances[account.account_id]])
        for account in book.accounts
        if wanted(account) and any(balances.get(account.account_id, ()))
    ]


def balance_sheet(book: Book, ends: list[dt.date], year_start: Callable[[dt.date], dt.date]) -> list[Row]:
    """What the book holds on each of the days."""
    count = len(ends)
    balances = _balances(book, count, lambda day: (i for i, end in enumerate(ends) if day <= end))
    starts = [year_start(end) for end in ends]
    earlier = _balances(book, count, lambda day: (i for i, start in enumerate(starts) if day < start))
    table = Table(f"{end:%d %b %Y}" for end in ends)
    table.heading("Assets")
    assets = _sections(book, table, balances, _ASSETS, 1)
    table.result("Total Assets", assets)
    table.heading("Liabilities")
    liabilities = _sections(book, table, balances, _LIABILITIES, -1)
    table.result("Total Liabilities", liabilities)
    table.result("Net Assets", _less(assets, liabilities))
    profit_ever, profit_before = _profit(book, balances, count), _profit(book, earlier, count)
    retained = book.control_account("RETAINEDEARNINGS")
    held = balances.setdefault(retained.account_id, [ZERO] * count)
    balances[retained.account_id] = _less(held, profit_before)
    lines = _lines(book, balances, lambda account: account.class_ == "EQUITY", -1)
    lines.append(("Current Year Earnings", YEAR_RESULT_ID, _less(profit_ever, profit_before)))
    table.section("Equity", lines)
    return table.rows


def profit_and_loss(book: Book, spans: list[tuple[dt.date, dt.date]]) -> list[Row]:
    """What the book earned and spent within each of the spans of days."""
    count = len(spans)
    balances = _balances(book, count, lambda day: (i for i, (first, last) in enumerate(spans) if first <= day <= last))
    table = Table(f"{last:%d %b %y}" for _, last in spans)
    income = _sections(book, table, balances, _INCOME, -1)
    gross = _less(income, _sections(book, table, balances, _COST, 1))
    table.result("Gross Profit", gross)
    other = _sections(book, table, balances, _OTHER_INCOME, -1)
    expenses = table.section(
        "Less Operating Expenses",
        _lines(book, balances, lambda account: account.class_ == "EXPENSE" and account.type != "DIRECTCOSTS", 1),
    )
    table.result("Net Profit", _less([one + more for one, more in zip(gross, other, strict=True)], expenses))
    return table.rows


def _sections(book: Book, table: Table, balances: Balances, sections: dict[str, set[str]], sign: int) -> Amounts:
    total = [ZERO] * table.columns
    for title, types in sections.items():
        lines = _lines(book, balances, lambda account, types=types: account.type in types, sign)  # type: ignore[misc]
        total = [one + other for one, other in zip(total, table.section(title, lines), strict=True)]
    return total


def _profit(book: Book, balances: Balances, count: int) -> Amounts:
    total = [ZERO] * count
    for account in book.accounts:
        if account.class_ in _RESULT_CLASSES and account.account_id in balances:
            total = _less(total, balances[account.account_id])
    return total


def _less(one: Amounts, other: Amounts) -> Amounts:
    return [left - right for left, right in zip(one, other, strict=True)]
