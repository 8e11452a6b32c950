"""`/companies/{id}/sync/expenses`: the application as a source of expenses, a company's defaults, and what may be
chosen from."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from bookbridge.api.bodies import AnyRequest, answer, body_of
from bookbridge.api.idempotency import in_transaction
from bookbridge.api.parameters import company_id_of
from bookbridge.api.services import Given
from bookbridge.companies import partner_expense
from bookbridge.products.expenses import configuration
from bookbridge.products.expenses.ledger import ledger_of
from bookbridge.products.expenses.mapping_options import mapping_options
from bookbridge.store.pool import Db

BASE = "/companies/{company_id:str}/sync/expenses"


@post(BASE + "/connections/partnerExpense", status_code=200)
async def create_partner_expense_connection(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """A connection that is Linked at once; a company has one, so asking again gives the same."""
    wanted = company_id_of(company_id)

    async def work(db: Db) -> Response[bytes]:
        return answer(services.views.connection(await partner_expense.ensure(db, services.views, wanted)))

    return await in_transaction(services, request, work)


@get(BASE + "/config")
async def get_company_configuration(company_id: str, services: Given) -> Response[bytes]:
    """The company's defaults; empty ones when none were set."""
    wanted = company_id_of(company_id)
    async with services.pool.acquire() as db:
        connection = (await ledger_of(db, wanted)).connection
        return answer((await configuration.get(db, wanted, connection.id)).view())


@post(BASE + "/config", status_code=200)
async def set_company_configuration(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """Replace the company's defaults."""
    wanted = company_id_of(company_id)
    body = await body_of(request)

    async def work(db: Db) -> Response[bytes]:
        connection = (await ledger_of(db, wanted)).connection
        return answer((await configuration.replace(db, connection, body)).view())

    return await in_transaction(services, request, work)


@get(BASE + "/mappingOptions")
async def get_mapping_options(company_id: str, services: Given) -> Response[bytes]:
    """Accounts, tax rates and tracking categories, each with what it may be used for."""
    wanted = company_id_of(company_id)
    async with services.pool.acquire() as db:
        return answer(await mapping_options(db, await ledger_of(db, wanted)))


ROUTES: list[ControllerRouterHandler] = [
    create_partner_expense_connection,
    get_company_configuration,
    set_company_configuration,
    get_mapping_options,
]
