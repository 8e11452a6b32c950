"""The reports: TrialBalance and BankSummary, and by way of `statements` BalanceSheet and ProfitAndLoss.

They are computed from the journals and must not keep anything. Other reports are not emulated.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.http import Request
from bookbridge.emulators.xero.records import ZERO, Account
from bookbridge.emulators.xero.statements import PERIODS_MAX, balance_days, balance_sheet, month_ends, profit_and_loss
from bookbridge.emulators.xero.wire import bad_query, not_found, parse_date, wire_moment

_SECTIONS = (
    ("Revenue", "REVENUE"),
    ("Expenses", "EXPENSE"),
    ("Assets", "ASSET"),
    ("Liabilities", "LIABILITY"),
    ("Equity", "EQUITY"),
)
_RESULT_CLASSES = {"REVENUE", "EXPENSE"}
Row = dict[str, Any]


def report(book: Book, name: str, request: Request) -> Row:
    """The report called ``name``. Raises ApiFailure: 404 for an unknown one, 400 for an unreadable date."""
    if name.casefold() == "trialbalance":
        return _trial_balance(book, _date(request, "date") or book.clock.now().date())
    if name.casefold() == "banksummary":
        today = book.clock.now().date()
        last = _date(request, "toDate") or today
        return _bank_summary(book, _date(request, "fromDate") or last.replace(day=1), last)
    if name.casefold() == "balancesheet":
        ends = balance_days(_date(request, "date") or book.clock.now().date(), _periods(request))
        rows = balance_sheet(book, ends, lambda day: _year_start(book, day))
        return _report(book, "BalanceSheet", "Balance Sheet", ends[0], rows)
    if name.casefold() == "profitandloss":
        return _profit_and_loss(book, request)
    raise not_found()


def _profit_and_loss(book: Book, request: Request) -> Row:
    last = _date(request, "toDate") or book.clock.now().date()
    first = _date(request, "fromDate") or last.replace(day=1)
    if first > last:
        raise bad_query("fromDate must not be after toDate")
    spans = [(first, last)]
    if periods := _periods(request):
        # The vendor compares whole months only, and each begins where the first one did.
        starts = month_ends(first, periods)
        spans = list(zip(starts, month_ends(last, periods), strict=True))
    return _report(book, "ProfitAndLoss", "Profit and Loss", last, profit_and_loss(book, spans))


def _periods(request: Request) -> int:
    """How many earlier months to compare with. Quarters and years are not emulated."""
    text = request.param("periods")
    if text is None:
        return 0
    if (request.param("timeframe") or "MONTH").upper() != "MONTH":
        raise bad_query("Only the timeframe MONTH is emulated")
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= PERIODS_MAX):
        raise bad_query(f"periods must be between 1 and {PERIODS_MAX}")
    return int(text)


def _date(request: Request, name: str) -> dt.date | None:
    text = request.param(name)
    if text is None:
        return None
    day = parse_date(text)
    if day is None:
        raise bad_query(f"{name} is not a valid date")
    return day


def _report(book: Book, name: str, title: str, day: dt.date, rows: list[Row]) -> Row:
    return {
        "ReportID": name,
        "ReportName": title,
        "ReportType": name,
        "ReportTitles": [title, book.organisation.name, f"As at {day:%d %B %Y}"],
        "ReportDate": f"{book.clock.now():%d %B %Y}",
        "UpdatedDateUTC": wire_moment(book.clock.stamp()),
        "Fields": [],
        "Rows": rows,
    }


def _header(*titles: str) -> Row:
    return {"RowType": "Header", "Cells": [{"Value": title} for title in titles]}


def _cells(label: str, values: list[str], account: Account | None = None, key: str = "account") -> list[Row]:
    attributes = [] if account is None else [{"Value": account.account_id, "Id": key}]
    tagged: Row = {"Attributes": attributes} if attributes else {}
    return [{"Value": label, **tagged}, *({"Value": value, **tagged} for value in values)]


# -- trial balance --------------------------------------------------------------------------------


def _year_start(book: Book, day: dt.date) -> dt.date:
    organisation = book.organisation
    end = dt.date(day.year, organisation.financial_year_end_month, organisation.financial_year_end_day)
    if end >= day:
        end = end.replace(year=end.year - 1)
    return end + dt.timedelta(days=1)


def _trial_balance(book: Book, day: dt.date) -> Row:
    """Movements of the month and of the year to date; earlier years' results are in retained earnings."""
    year, month = _year_start(book, day), day.replace(day=1)
    retained = book.control_account("RETAINEDEARNINGS").account_id
    to_date: dict[str, Decimal] = {}
    in_month: dict[str, Decimal] = {}
    for posting in book.journals:
        if posting.date > day:
            continue
        for line in posting.lines():
            key = line.account.account_id
            if posting.date < year and line.account.class_ in _RESULT_CLASSES:
                key = retained
            to_date[key] = to_date.get(key, ZERO) + line.net_amount
            if posting.date >= month:
                in_month[key] = in_month.get(key, ZERO) + line.net_amount
    rows = [_header("Account", "Debit", "Credit", "YTD Debit", "YTD Credit")]
    columns = [ZERO, ZERO, ZERO, ZERO]
    for title, kind in _SECTIONS:
        shown: list[Row] = []
        for account in book.accounts:
            if account.class_ != kind or not to_date.get(account.account_id):
                continue
            amounts = _sides(in_month.get(account.account_id, ZERO)) + _sides(to_date[account.account_id])
            columns = [total + amount for total, amount in zip(columns, amounts, strict=True)]
            label = f"{account.name} ({account.code})" if account.code else account.name
            texts = [str(amount) if amount else "" for amount in amounts]
            shown.append({"RowType": "Row", "Cells": _cells(label, texts, account)})
        rows.append({"RowType": "Section", "Title": title, "Rows": shown})
    total = {"RowType": "SummaryRow", "Cells": _cells("Total", [str(amount) for amount in columns])}
    rows.append({"RowType": "Section", "Title": "", "Rows": [total]})
    return _report(book, "TrialBalance", "Trial Balance", day, rows)


def _sides(amount: Decimal) -> list[Decimal]:
    """The debit and the credit column of a balance."""
    return [max(amount, ZERO), max(-amount, ZERO)]


# -- bank summary ---------------------------------------------------------------------------------


def _bank_summary(book: Book, first: dt.date, last: dt.date) -> Row:
    """Opening balance, money in, money out and closing balance of every bank account, in base currency."""
    moves: dict[str, list[Decimal]] = {
        account.account_id: [ZERO, ZERO, ZERO] for account in book.accounts if account.type == "BANK"
    }
    for posting in book.journals:
        if posting.date > last:
            continue
        for line in posting.lines():
            found = moves.get(line.account.account_id)
            if found is None:
                continue
            column = 0 if posting.date < first else (1 if line.net_amount > 0 else 2)
            found[column] += line.net_amount
    rows = [_header("Bank Accounts", "Opening Balance", "Cash Received", "Cash Spent", "Closing Balance")]
    shown: list[Row] = []
    sums = [ZERO] * 4
    for account in book.accounts:
        if account.account_id not in moves:
            continue
        opening, received, spent = moves[account.account_id]
        amounts = [opening, received, -spent, opening + received + spent]
        sums = [total + amount for total, amount in zip(sums, amounts, strict=True)]
        cells = _cells(account.name, [str(amount) for amount in amounts], account, "accountID")
        shown.append({"RowType": "Row", "Cells": cells})
    shown.append({"RowType": "SummaryRow", "Cells": _cells("Total", [str(amount) for amount in sums])})
    rows.append({"RowType": "Section", "Title": "", "Rows": shown})
    return _report(book, "BankSummary", "Bank Summary", last, rows)
