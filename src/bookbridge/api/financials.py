"""Financial statements: cut from the stored months into the periods that the caller asks for.

`periodLength` is the months in a period, `periodsToCompare` how many periods there are, `startMonth` the newest month
of the newest period (otherwise the newest month that is held). Periods that are not held in full are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from litestar import Response, get
from litestar.types import ControllerRouterHandler

from bookbridge.accounting.data_type import DataType
from bookbridge.accounting.reports.periods import (
    Periods,
    balance_sheets,
    cash_flows,
    month_number,
    profits_and_losses,
)
from bookbridge.accounting.types.balance_sheet import BALANCE_SHEET
from bookbridge.accounting.types.cash_flow_statement import CASH_FLOW_STATEMENT
from bookbridge.accounting.types.profit_and_loss import PROFIT_AND_LOSS
from bookbridge.api.bodies import AnyRequest, raw_answer
from bookbridge.api.errors import ApiError
from bookbridge.api.parameters import company_id_of, integer, parameters
from bookbridge.api.records import text_of_one
from bookbridge.api.services import Given, Services
from bookbridge.companies import companies
from bookbridge.store.records import Scope

PERIOD_MONTHS_MAX: Final = 12
PERIODS_MAX: Final = 240
BASE: Final = "/companies/{company_id:str}/data/financials"


@get(f"{BASE}/balanceSheet")
async def get_balance_sheet(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """The balance sheet at the end of each period."""
    return await _statement(request, services, company_id, BALANCE_SHEET, balance_sheets)


@get(f"{BASE}/profitAndLoss")
async def get_profit_and_loss(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """The profit and loss of each period."""
    return await _statement(request, services, company_id, PROFIT_AND_LOSS, profits_and_losses)


@get(f"{BASE}/cashFlowStatement")
async def get_cash_flow_statement(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """The cash flow of each period."""
    return await _statement(request, services, company_id, CASH_FLOW_STATEMENT, cash_flows)


async def _statement(
    request: AnyRequest,
    services: Services,
    company_id: str,
    data_type: DataType[Any],
    cut: Callable[[Any, Periods], Any],
) -> Response[bytes]:
    scope = Scope(company_id_of(company_id), data_type.key)
    async with services.pool.acquire() as db:
        await companies.get(db, scope.company_id)
    wanted = _periods(request)
    body = await text_of_one(services, data_type, scope, data_type.key)
    return raw_answer(data_type.encode(cut(data_type.decode(body), wanted)))


def _periods(request: AnyRequest) -> Periods:
    """Raises ApiError 400."""
    given = parameters(request)
    return Periods(
        months=_required(integer(given, "periodLength", None, at_least=1, at_most=PERIOD_MONTHS_MAX), "periodLength"),
        count=_required(integer(given, "periodsToCompare", None, at_least=1, at_most=PERIODS_MAX), "periodsToCompare"),
        last=_start_month(given.get("startmonth", "")),
    )


def _required(value: int | None, name: str) -> int:
    if value is None:
        raise ApiError(400, f"{name} is required.", fields=[(name, "required")])
    return value


def _start_month(text: str) -> int | None:
    if not text:
        return None
    try:
        return month_number(text)
    except ValueError:
        message = "startMonth is a date, such as 2026-01-01."
        raise ApiError(400, message, fields=[("startMonth", message)]) from None


ROUTES: list[ControllerRouterHandler] = [get_balance_sheet, get_profit_and_loss, get_cash_flow_statement]
