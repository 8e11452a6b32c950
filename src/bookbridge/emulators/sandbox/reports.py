"""Balance sheet, profit and loss, cash flow: worked out from the postings, month by month. Nothing here is stored.

The newest report of each ends today, the others end with their month; they go back to the month of the day that is
asked for. Equity is share capital, retained earnings and the profit that was made so far.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from bookbridge.accounting.money import exact_sum
from bookbridge.emulators.sandbox import chart
from bookbridge.emulators.sandbox.book import BASE_CURRENCY, Json, decode, major
from bookbridge.emulators.sandbox.storage import Organisation, Storage

BEGINNING: Final = "0000-00-00"
ACCOUNTS_MAX: Final = 100_000
_BASIS: Final = {"reportBasis": "Accrual"}

Accounts = list[Json]


def months(opened: date, today: date) -> list[tuple[date, date]]:
    """First and last day of each month of the book, oldest first; the last one ends today."""
    found = []
    first = opened.replace(day=1)
    while first <= today:
        following = (first + timedelta(days=32)).replace(day=1)
        found.append((first, min(following - timedelta(days=1), today)))
        first = following
    return found


def balance_sheet(storage: Storage, organisation: Organisation, since: date) -> Json:
    """What is owned and owed at the end of each month."""
    accounts = _accounts(storage, organisation)
    reports = []
    for _, last in reversed(_months(organisation, since)):
        balances = storage.balances(organisation.id, BEGINNING, last.isoformat())
        assets = _section("Assets", _of(accounts, "Asset"), balances, 1)
        liabilities = _section("Liabilities", _of(accounts, "Liability"), balances, -1)
        equity = _section("Equity", _of(accounts, "Equity"), balances, -1)
        profit = _sum(_of(accounts, "Income"), balances, -1) - _sum(_of(accounts, "Expense"), balances, 1)
        equity["items"].append({"name": "Profit to date", "value": profit})
        equity["value"] += profit
        net = assets["value"] - liabilities["value"]
        sections = {"assets": assets, "liabilities": liabilities, "equity": equity}
        reports.append({"date": _day(last), "netAssets": net, **sections})
    return {**_frame(organisation, since), "reports": reports}


def profit_and_loss(storage: Storage, organisation: Organisation, since: date) -> Json:
    """What was earned and spent in each month."""
    accounts = _accounts(storage, organisation)
    reports = []
    for first, last in reversed(_months(organisation, since)):
        balances = storage.balances(organisation.id, first.isoformat(), last.isoformat())
        parts = {
            name: _section(title, [one for one in accounts if wanted(one)], balances, sign)
            for name, (title, wanted, sign) in _PROFIT_AND_LOSS.items()
        }
        gross = parts["income"]["value"] - parts["costOfSales"]["value"]
        operating = gross - parts["expenses"]["value"]
        other = parts["otherIncome"]["value"] - parts["otherExpenses"]["value"]
        results = {"grossProfit": gross, "netOperatingProfit": operating, "netOtherIncome": other}
        results["netProfit"] = operating + other
        reports.append({"fromDate": _day(first), "toDate": _day(last), **parts, **results})
    return {**_frame(organisation, since), **_BASIS, "reports": reports}


def _is_other(account: Json) -> bool:
    return account["nominalCode"] in {chart.INTEREST_RECEIVED, chart.INTEREST_PAID, chart.EXCHANGE}


def _is_cost_of_sales(account: Json) -> bool:
    return account["nominalCode"] in {chart.MATERIALS, chart.SUBCONTRACTORS}


def _is_income(account: Json) -> bool:
    return account["type"] == "Income" and not _is_other(account)


def _is_other_income(account: Json) -> bool:
    return account["type"] == "Income" and _is_other(account)


def _is_expense(account: Json) -> bool:
    return account["type"] == "Expense" and not _is_other(account) and not _is_cost_of_sales(account)


def _is_other_expense(account: Json) -> bool:
    return account["type"] == "Expense" and _is_other(account)


_PROFIT_AND_LOSS: Final[dict[str, tuple[str, Callable[[Json], bool], int]]] = {
    "income": ("Income", _is_income, -1),
    "costOfSales": ("Cost of sales", _is_cost_of_sales, 1),
    "expenses": ("Expenses", _is_expense, 1),
    "otherIncome": ("Other income", _is_other_income, -1),
    "otherExpenses": ("Other expenses", _is_other_expense, 1),
}


def cash_flow_statement(storage: Storage, organisation: Organisation, since: date) -> Json:
    """What came into and left the bank accounts in each month; transfers between them are neither."""
    banks = [one for one in _accounts(storage, organisation) if one["isBankAccount"]]
    ids = [one["id"] for one in banks]
    reports = []
    for first, last in reversed(_months(organisation, since)):
        movements = storage.movements(organisation.id, first.isoformat(), last.isoformat(), ids)
        net = [sum(amounts) for amounts in movements.values()]
        receipts, payments = sum(one for one in net if one > 0), -sum(one for one in net if one < 0)
        flows = {
            "cashReceipts": {"name": "Money in", "value": major(receipts), "items": []},
            "cashPayments": {"name": "Money out", "value": major(payments), "items": []},
        }
        reports.append({"fromDate": _day(first), "toDate": _day(last), **flows})
    return {**_frame(organisation, since), "reportBasis": "Cash", "reportInput": "Direct", "reports": reports}


REPORTS: Final[dict[str, Callable[[Storage, Organisation, date], Json]]] = {
    "balanceSheet": balance_sheet,
    "profitAndLoss": profit_and_loss,
    "cashFlowStatement": cash_flow_statement,
}


def _months(organisation: Organisation, since: date) -> list[tuple[date, date]]:
    """The months that end on a day or after it; the newest one in any case."""
    found = months(date.fromisoformat(organisation.opened), date.fromisoformat(organisation.grown_to))
    return [month for month in found if month[1] >= since] or found[-1:]


def _accounts(storage: Storage, organisation: Organisation) -> Accounts:
    rows = storage.rows(organisation.id, "chartOfAccounts", (0, ""), ACCOUNTS_MAX)
    return sorted((decode(row.body) for row in rows if not row.deleted), key=lambda one: str(one["nominalCode"]))


def _of(accounts: Accounts, part: str) -> Accounts:
    return [one for one in accounts if one["type"] == part]


def _section(title: str, accounts: Accounts, balances: dict[str, int], sign: int) -> Json:
    items = [
        {"accountId": one["id"], "name": one["name"], "value": major(sign * balances[one["id"]])}
        for one in accounts
        if balances.get(one["id"])
    ]
    return {"name": title, "value": exact_sum(item["value"] for item in items), "items": items}


def _sum(accounts: Iterable[Json], balances: dict[str, int], sign: int) -> Decimal:
    return major(sign * sum(balances.get(one["id"], 0) for one in accounts))


def _frame(organisation: Organisation, since: date) -> Json:
    reported = _months(organisation, since)
    span = {"earliestAvailableMonth": _day(reported[0][0]), "mostRecentAvailableMonth": _day(reported[-1][0])}
    return {"currency": BASE_CURRENCY, **span}


def _day(day: date) -> str:
    return f"{day.isoformat()}T00:00:00"
