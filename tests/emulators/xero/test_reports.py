"""Which days the reports are of: what was asked for, and what the vendor makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulators.xero.world import Api


def columns(api: Api, path: str) -> list[str]:
    report = api.ok("GET", f"Reports/{path}")["Reports"][0]
    return [cell["Value"] for cell in report["Rows"][0]["Cells"]][1:]


def rows(api: Api, path: str) -> dict[str, list[str]]:
    """The values of each account, by its id."""
    found: dict[str, list[str]] = {}

    def collect(row: dict[str, Any]) -> None:
        for inner in row.get("Rows", []):
            collect(inner)
        cells = row.get("Cells", [])
        if row["RowType"] == "Row" and cells[0].get("Attributes"):
            found[cells[0]["Attributes"][0]["Value"]] = [cell["Value"] for cell in cells[1:]]

    for row in api.ok("GET", f"Reports/{path}")["Reports"][0]["Rows"]:
        collect(row)
    return found


@pytest.mark.parametrize(
    ("asked", "titles"),
    [
        ("BalanceSheet?date=2026-04-12", ["30 Apr 2026", "30 Apr 2025"]),
        ("BalanceSheet?date=2026-04-12&periods=2&timeframe=MONTH", ["30 Apr 2026", "31 Mar 2026", "28 Feb 2026"]),
        ("BalanceSheet?date=2026-01-31&periods=1", ["31 Jan 2026", "31 Dec 2025"]),
        ("ProfitAndLoss?fromDate=2026-04-01&toDate=2026-04-12", ["12 Apr 26"]),
        # The vendor's trap: March is cut short, since April has thirty days.
        (
            "ProfitAndLoss?fromDate=2026-04-01&toDate=2026-04-30&periods=2&timeframe=MONTH",
            ["30 Apr 26", "30 Mar 26", "28 Feb 26"],
        ),
        ("ProfitAndLoss?fromDate=2026-03-01&toDate=2026-03-31&periods=1", ["31 Mar 26", "28 Feb 26"]),
    ],
)
def test_which_days_columns_are_of(reader: Api, asked: str, titles: list[str]) -> None:
    assert columns(reader, asked) == titles


def test_any_day_of_a_month_has_the_balance_sheet_of_its_end(reader: Api) -> None:
    for asked in ("2026-05-01", "2026-05-17"):
        assert rows(reader, f"BalanceSheet?date={asked}") == rows(reader, "BalanceSheet?date=2026-05-31")
    assert rows(reader, "TrialBalance?date=2026-05-01") != rows(reader, "TrialBalance?date=2026-05-31")


@pytest.mark.parametrize("asked", ["periods=0", "periods=12", "periods=x", "periods=1&timeframe=YEAR", "date=May"])
def test_what_cannot_be_reported_is_refused(reader: Api, asked: str) -> None:
    assert reader.call("GET", f"Reports/BalanceSheet?{asked}").status_code == 400
