"""Aged debtors and aged creditors, drawn up from what is stored at the moment of asking.

`reportDate` is the day of the report (today), `numberOfPeriods` how many spans it goes back, `periodLengthDays` how
long each of them is. What is not yet due comes first, and what is older than all of them last.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from litestar import Response, get
from litestar.types import ControllerRouterHandler

from bookbridge.accounting.data_type import DataType
from bookbridge.accounting.dates import contract_datetime, parse_contract_datetime
from bookbridge.accounting.reports.ageing import Ageing, Spans
from bookbridge.accounting.types.bill_credit_notes import BILL_CREDIT_NOTES
from bookbridge.accounting.types.bills import BILLS
from bookbridge.accounting.types.credit_notes import CREDIT_NOTES
from bookbridge.accounting.types.invoices import INVOICES
from bookbridge.api.bodies import AnyRequest, answer
from bookbridge.api.errors import ApiError
from bookbridge.api.parameters import company_id_of, integer, parameters
from bookbridge.api.records import refuse_unread
from bookbridge.api.services import Given, Services
from bookbridge.companies import companies
from bookbridge.store import records
from bookbridge.store.query import compile_query
from bookbridge.store.records import Scope
from bookbridge.sync import views as sync_views

PERIODS_DEFAULT: Final = 4
PERIODS_MAX: Final = 60
PERIOD_DAYS_DEFAULT: Final = 30
PERIOD_DAYS_MAX: Final = 366
ROWS_AT_ONCE: Final = 1_000
YEAR_MIN: Final = 1900
YEAR_MAX: Final = 9998
"""Spans reach back from a report's day, and one day beyond it; the calendar ends at the years 1 and 9999."""


@get("/companies/{company_id:str}/reports/agedDebtor")
async def aged_debtor(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """What customers owe, by age."""
    ageing = Ageing(_spans(request))
    wanted = company_id_of(company_id)
    await _count(services, wanted, INVOICES, "amountDue!=0", ageing.add_invoice, is_needed=True)
    await _count(services, wanted, CREDIT_NOTES, "remainingCredit!=0", ageing.add_credit_note)
    return answer(ageing.debtors(contract_datetime(datetime.now(UTC))))


@get("/companies/{company_id:str}/reports/agedCreditor")
async def aged_creditor(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """What is owed to suppliers, by age."""
    ageing = Ageing(_spans(request))
    wanted = company_id_of(company_id)
    await _count(services, wanted, BILLS, "amountDue!=0", ageing.add_bill, is_needed=True)
    await _count(services, wanted, BILL_CREDIT_NOTES, "remainingCredit!=0", ageing.add_bill_credit_note)
    return answer(ageing.creditors(contract_datetime(datetime.now(UTC))))


@get("/companies/{company_id:str}/reports/agedDebtor/available")
async def aged_debtor_available(company_id: str, services: Given) -> Response[bytes]:
    """Whether the report can be drawn up."""
    return await _available(services, company_id_of(company_id), INVOICES)


@get("/companies/{company_id:str}/reports/agedCreditor/available")
async def aged_creditor_available(company_id: str, services: Given) -> Response[bytes]:
    """Whether the report can be drawn up."""
    return await _available(services, company_id_of(company_id), BILLS)


async def _available(services: Services, company_id: UUID, data_type: DataType[Any]) -> Response[bytes]:
    async with services.pool.acquire() as db:
        await companies.get(db, company_id)
        states = await sync_views.read_states(db, company_id, data_type.key)
    return answer(states.succeeded)


async def _count(
    services: Services,
    company_id: UUID,
    data_type: DataType[Any],
    query: str,
    add: Callable[[Any], None],
    *,
    is_needed: bool = False,
) -> None:
    """Give every stored record that meets the query to `add`, all as of one moment. Raises ApiError where the
    records are needed and were never read."""
    scope = Scope(company_id, data_type.key)
    condition = compile_query(
        f"{query}&&metadata.isDeleted=false",
        records.properties(data_type),
        of=data_type.name,
        first=len(scope.where()[1]) + 1,
    )
    offset = total = 0
    async with services.pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
        while True:
            bodies, total = await records.list_bodies(
                db, scope, condition=condition, order=None, limit=ROWS_AT_ONCE, offset=offset
            )
            for body in bodies:
                add(data_type.decode(body))
            offset += ROWS_AT_ONCE
            if offset >= total:
                break
    if is_needed and not total:
        await refuse_unread(services, data_type, scope)


def _spans(request: AnyRequest) -> Spans:
    """Raises ApiError 400."""
    given = parameters(request)
    count = integer(given, "numberOfPeriods", PERIODS_DEFAULT, at_least=1, at_most=PERIODS_MAX)
    days = integer(given, "periodLengthDays", PERIOD_DAYS_DEFAULT, at_least=1, at_most=PERIOD_DAYS_MAX)
    day = _report_date(given.get("reportdate", "")) or datetime.now(UTC).date()
    return Spans(day, count or PERIODS_DEFAULT, days or PERIOD_DAYS_DEFAULT)


def _report_date(text: str) -> date | None:
    if not text:
        return None
    try:
        day = parse_contract_datetime(text).date()
    except ValueError:
        day = None
    if day is None or not YEAR_MIN <= day.year <= YEAR_MAX:
        message = "reportDate is a date, such as 2026-01-31."
        raise ApiError(400, message, fields=[("reportDate", message)])
    return day


ROUTES: list[ControllerRouterHandler] = [
    aged_debtor,
    aged_creditor,
    aged_debtor_available,
    aged_creditor_available,
]
