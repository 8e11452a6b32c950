"""Fetching a financial statement month by month, out of reports that hold at most twelve months each.

Asked to compare months of a profit and loss, Xero ends each of them on the day of the month that was asked for: a
comparison that starts from 30 June would end May on the 30th. So each answer of several months starts from a month of
31 days. (Balance sheets are of the ends of months in any case; they are asked for alike.)
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec

from bookbridge.connectors.kit.connector import Source
from bookbridge.connectors.kit.errors import VendorUnavailable
from bookbridge.connectors.kit.session import Page
from bookbridge.connectors.xero.chart import Chart
from bookbridge.connectors.xero.client import Client
from bookbridge.connectors.xero.ledger_payloads import MonthlyReport, Report, Statement

MONTHS_DEFAULT: Final = 24
MONTHS_MAX: Final = 240
"""Twenty years: some forty calls."""
MONTHS_PER_REPORT: Final = 12
DAYS_LONG_MONTH: Final = 31

Month = tuple[int, int]
"""Year, and month from 1."""


async def page(client: Client, chart: Chart, source: Source[Any, Any], since: datetime | None) -> Page[Any]:
    """The whole statement as one payload: from the month of `since` (else MONTHS_DEFAULT months) to this month.

    Raises NotSupported where the connection may not read reports.
    """
    now = datetime.now(UTC)
    last = (now.year, now.month)
    first = max(
        (since.year, since.month) if since else earlier(last, MONTHS_DEFAULT - 1), earlier(last, MONTHS_MAX - 1)
    )
    accounts = await chart.accounts()
    found: list[MonthlyReport] = []
    raws: list[bytes] = []
    for end, months in spans(first, last):
        rows = await client.rows(source.path, Report, params={**source.query, **_period(source.path, end, months)})
        if not rows.payloads:
            raise VendorUnavailable("Xero answered a report without one.")
        name = f"{end[0]:04d}-{end[1]:02d}"
        found.append(MonthlyReport(name, months, rows.payloads[0]))
        raws.append(b'{"LastMonth":"%b","Months":%d,"Report":%b}' % (name.encode(), months, rows.raws[0]))
    listed = msgspec.json.encode(
        [{"AccountID": one.account_id, "Class": one.class_, "Type": one.type} for one in accounts]
    )
    raw = b'{"MonthlyReports":[%b],"Accounts":%b}' % (b",".join(raws), listed)
    return Page([Statement(tuple(found), tuple(accounts))], [raw], cursor=None)


def spans(first: Month, last: Month) -> Iterator[tuple[Month, int]]:
    """What to ask for, newest first: the last month of each answer, and how many months it holds."""
    end = last
    while end >= first:
        left = (end[0] - first[0]) * 12 + end[1] - first[1] + 1
        months = min(MONTHS_PER_REPORT, left) if days_of(end) == DAYS_LONG_MONTH else 1
        yield end, months
        end = earlier(end, months)


def earlier(month: Month, months: int) -> Month:
    """The month so many months before."""
    year, zero_based = divmod(month[0] * 12 + month[1] - 1 - months, 12)
    return year, zero_based + 1


def days_of(month: Month) -> int:
    """How many days the month has."""
    return calendar.monthrange(*month)[1]


def _period(path: str, end: Month, months: int) -> dict[str, str]:
    last_day = date(*end, days_of(end)).isoformat()
    asked = {"date": last_day}
    if path.endswith("ProfitAndLoss"):
        asked = {"fromDate": date(*end, 1).isoformat(), "toDate": last_day}
    if months > 1:
        asked |= {"periods": str(months - 1), "timeframe": "MONTH"}
    return asked
