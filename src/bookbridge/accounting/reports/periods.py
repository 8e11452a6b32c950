"""Cutting a monthly financial statement into the periods that an application asks for.

A period is a number of months that end with a given one; several follow each other back in time. Of a balance sheet
a period shows its last day, of the other statements the sum of its months. A period with a month that the statement
does not hold is left out: half a quarter is not a quarter. Pure functions; the statement's own months stay as told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from bookbridge.accounting.dates import parse_contract_datetime
from bookbridge.accounting.money import exact_sum
from bookbridge.accounting.statements import ReportLine
from bookbridge.accounting.types.balance_sheet import BalanceSheet
from bookbridge.accounting.types.cash_flow_statement import CashFlowReport, CashFlowStatement
from bookbridge.accounting.types.profit_and_loss import ProfitAndLoss, ProfitAndLossReport

R = TypeVar("R")


@dataclass(frozen=True)
class Periods:
    """Which periods are wanted."""

    months: int
    """Months in each period, 1 or more."""
    count: int
    """How many periods at most."""
    last: int | None = None
    """The newest month of the newest period, as `month_number` counts; None: the newest that the statement holds."""


def month_number(date: str) -> int:
    """Months since the year 0 of a date in the contract's form. Raises ValueError for anything else."""
    day = parse_contract_datetime(date)
    return day.year * 12 + day.month - 1


def balance_sheets(sheet: BalanceSheet, wanted: Periods) -> BalanceSheet:
    """The balance sheet at the end of each period, newest first. Raises ValueError for dates out of form."""
    chosen = _periods([(report.date, report) for report in sheet.reports], wanted)
    return msgspec.structs.replace(sheet, reports=tuple(months[0] for months in chosen))


def profits_and_losses(statement: ProfitAndLoss, wanted: Periods) -> ProfitAndLoss:
    """The profit and loss of each period, newest first. Raises ValueError for dates out of form."""
    chosen = _periods([(report.to_date, report) for report in statement.reports], wanted)
    return msgspec.structs.replace(statement, reports=tuple(_one_profit(months) for months in chosen))


def cash_flows(statement: CashFlowStatement, wanted: Periods) -> CashFlowStatement:
    """The cash flow of each period, newest first. Raises ValueError for dates out of form."""
    chosen = _periods([(report.to_date, report) for report in statement.reports], wanted)
    return msgspec.structs.replace(statement, reports=tuple(_one_cash_flow(months) for months in chosen))


def _periods(dated: Sequence[tuple[str | None, R]], wanted: Periods) -> list[list[R]]:
    """The reports of each whole period, newest first in both."""
    by_month = {month_number(date): report for date, report in dated if date is not None}
    if not by_month:
        return []
    newest = max(by_month) if wanted.last is None else wanted.last
    found = []
    for place in range(wanted.count):
        end = newest - place * wanted.months
        months = range(end, end - wanted.months, -1)
        if all(month in by_month for month in months):
            found.append([by_month[month] for month in months])
    return found


def _one_profit(months: list[ProfitAndLossReport]) -> ProfitAndLossReport:
    def line(of: Callable[[ProfitAndLossReport], ReportLine | None]) -> ReportLine | None:
        return added([of(month) for month in months])

    return ProfitAndLossReport(
        from_date=months[-1].from_date,
        to_date=months[0].to_date,
        income=line(lambda month: month.income),
        cost_of_sales=line(lambda month: month.cost_of_sales),
        gross_profit=exact_sum(month.gross_profit for month in months),
        expenses=line(lambda month: month.expenses),
        net_operating_profit=exact_sum(month.net_operating_profit for month in months),
        other_expenses=line(lambda month: month.other_expenses),
        other_income=line(lambda month: month.other_income),
        net_other_income=exact_sum(month.net_other_income for month in months),
        net_profit=exact_sum(month.net_profit for month in months),
    )


def _one_cash_flow(months: list[CashFlowReport]) -> CashFlowReport:
    return CashFlowReport(
        from_date=months[-1].from_date,
        to_date=months[0].to_date,
        cash_receipts=added([month.cash_receipts for month in months]),
        cash_payments=added([month.cash_payments for month in months]),
    )


def added(lines: Sequence[ReportLine | None]) -> ReportLine | None:
    """The same line of several months as one: values added, lines within it matched by account, else by name."""
    given = [line for line in lines if line is not None]
    if not given:
        return None
    parts: dict[tuple[str | None, str | None], list[ReportLine | None]] = {}
    for line in given:
        for item in line.items:
            # An account keeps its id when it is renamed.
            parts.setdefault((item.account_id, None if item.account_id else item.name), []).append(item)
    items = tuple(one for one in map(added, parts.values()) if one is not None)
    return ReportLine(
        name=given[0].name,
        account_id=given[0].account_id,
        value=exact_sum(line.value for line in given),
        items=items,
    )
