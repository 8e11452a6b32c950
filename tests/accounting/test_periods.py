"""Statements cut into periods: whole periods only, sums for movements, the last day for balances."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookbridge.accounting.reports.periods import Periods, added, balance_sheets, month_number, profits_and_losses
from bookbridge.accounting.statements import ReportBasis, ReportLine
from bookbridge.accounting.types import profit_and_loss
from bookbridge.accounting.types.balance_sheet import BalanceSheet, BalanceSheetReport
from bookbridge.accounting.types.profit_and_loss import ProfitAndLoss, ProfitAndLossReport


def month(number: int) -> str:
    return f"2026-{number:02}-01T00:00:00"


def statement(months: int) -> ProfitAndLoss:
    """January earns 1, February 2, and so on."""
    return ProfitAndLoss(
        report_basis=ReportBasis.ACCRUAL,
        currency="GBP",
        reports=tuple(
            ProfitAndLossReport(
                from_date=month(number),
                to_date=month(number),
                gross_profit=Decimal(number),
                net_operating_profit=Decimal(number),
                net_other_income=Decimal(0),
                net_profit=Decimal(number),
                income=ReportLine(
                    name="Income",
                    value=Decimal(number),
                    items=(ReportLine(name=f"Sales {number}", account_id="a-1", value=Decimal(number)),),
                ),
            )
            for number in range(months, 0, -1)
        ),
    )


def test_a_period_is_the_sum_of_its_months() -> None:
    cut = profits_and_losses(statement(7), Periods(months=3, count=5))
    assert [report.net_profit for report in cut.reports] == [5 + 6 + 7, 2 + 3 + 4]
    assert (cut.reports[0].from_date, cut.reports[0].to_date) == (month(5), month(7))
    assert profit_and_loss.check(cut) == []


def test_an_account_stays_one_line_whatever_it_was_called() -> None:
    [whole] = profits_and_losses(statement(3), Periods(months=3, count=1)).reports
    assert whole.income is not None
    assert [(item.account_id, item.value) for item in whole.income.items] == [("a-1", Decimal(6))]


def test_the_newest_month_may_be_named() -> None:
    last = month_number("2026-04-30")
    cut = profits_and_losses(statement(7), Periods(months=2, count=9, last=last))
    assert [report.net_profit for report in cut.reports] == [3 + 4, 1 + 2]
    assert profits_and_losses(statement(7), Periods(months=1, count=1, last=last + 99)).reports == ()


def test_a_balance_sheet_shows_the_last_day_of_each_period() -> None:
    sheet = BalanceSheet(
        reports=tuple(BalanceSheetReport(date=month(n), net_assets=Decimal(n)) for n in range(1, 8)),
    )
    cut = balance_sheets(sheet, Periods(months=3, count=4))
    assert [report.net_assets for report in cut.reports] == [7, 4]


@given(
    months=st.integers(1, 12),
    length=st.integers(1, 12),
    count=st.integers(1, 20),
)
def test_periods_never_overlap_and_are_always_whole(months: int, length: int, count: int) -> None:
    cut = profits_and_losses(statement(months), Periods(months=length, count=count))
    expected = min(count, months // length)
    assert len(cut.reports) == expected
    covered = range(months - expected * length + 1, months + 1)
    assert sum(report.net_profit for report in cut.reports) == sum(covered)


def test_nothing_added_is_nothing() -> None:
    assert added([None, None]) is None


def test_a_month_is_a_date() -> None:
    with pytest.raises(ValueError, match="not a date"):
        month_number("May")
