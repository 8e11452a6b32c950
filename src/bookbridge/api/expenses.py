"""`/companies/{id}/sync/expenses/connections/partnerExpense`: the application itself as the source of expenses."""

from __future__ import annotations

from litestar import Response, post
from litestar.types import ControllerRouterHandler

from bookbridge.api.bodies import AnyRequest, answer
from bookbridge.api.idempotency import in_transaction
from bookbridge.api.parameters import company_id_of
from bookbridge.api.services import Given
from bookbridge.companies import partner_expense
from bookbridge.store.pool import Db


@post("/companies/{company_id:str}/sync/expenses/connections/partnerExpense", status_code=200)
async def create_partner_expense_connection(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """A connection that is Linked at once; a company has one, so asking again gives the same."""
    wanted = company_id_of(company_id)

    async def work(db: Db) -> Response[bytes]:
        return answer(services.views.connection(await partner_expense.ensure(db, services.views, wanted)))

    return await in_transaction(services, request, work)


ROUTES: list[ControllerRouterHandler] = [create_partner_expense_connection]
