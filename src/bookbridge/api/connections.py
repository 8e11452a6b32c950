"""`/companies/{id}/connections`: list, create, get, unlink, delete, and authorisation by the application itself."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.types import ControllerRouterHandler

from bookbridge.api.bodies import AnyRequest, answer, body_of, decode, decoded, empty_answer, raw_answer
from bookbridge.api.cross_origin import TOKEN_ROUTE
from bookbridge.api.errors import CLIENTS, ApiError
from bookbridge.api.idempotency import in_transaction, with_own_transactions
from bookbridge.api.paging import page_of_values, paging_of
from bookbridge.api.parameters import company_id_of, connection_id_of
from bookbridge.api.services import Given
from bookbridge.companies import companies, connections, lifecycle, unlinking
from bookbridge.companies.connections import CONNECTION_PROPERTIES, Status
from bookbridge.companies.errors import Conflict
from bookbridge.store.pool import Db

WHAT = "Connection"
NOT_AN_OBJECT = "Push object DataConnectionArgs must be provided"
AUTHORISATION_FIELDS_MAX = 50


class ConnectionBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a connection is created with."""

    platform_key: str
    """The platform, by its four letters."""


class StatusBody(msgspec.Struct, frozen=True, kw_only=True):
    """The change of a connection. Unlinked is the only status that can be asked for."""

    status: str
    """`Unlinked`."""


@get("/companies/{company_id:str}/connections", opt={TOKEN_ROUTE: True})
async def list_connections(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """One page of a company's connections, oldest first."""
    wanted = company_id_of(company_id)
    paging = paging_of(request)
    condition = paging.condition(CONNECTION_PROPERTIES, of=WHAT, first=2)
    order = paging.order(CONNECTION_PROPERTIES, of=WHAT)
    async with services.pool.acquire() as db:
        await companies.get(db, wanted)
        rows, total = await connections.list_page(
            db, wanted, page=paging.page, page_size=paging.page_size, where=condition, order_by=order
        )
    return raw_answer(page_of_values(paging, [services.views.connection(row) for row in rows], total))


@post("/companies/{company_id:str}/connections", status_code=200, opt={TOKEN_ROUTE: True})
async def create_connection(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """Create a connection, to be authorised at its link URL."""
    wanted = company_id_of(company_id)
    content = decode(await body_of(request), Any)
    if not isinstance(content, dict):
        raise ApiError(400, NOT_AN_OBJECT, service=CLIENTS)
    body = await decoded(request, ConnectionBody)

    async def work(db: Db) -> Response[bytes]:
        key = body.platform_key.strip().lower()
        return answer(services.views.connection(await lifecycle.created(db, services.views, wanted, key)))

    return await in_transaction(services, request, work)


@get("/companies/{company_id:str}/connections/{connection_id:str}", opt={TOKEN_ROUTE: True})
async def get_connection(company_id: str, connection_id: str, services: Given) -> Response[bytes]:
    """One connection."""
    of_company, wanted = company_id_of(company_id), connection_id_of(connection_id)
    async with services.pool.acquire() as db:
        await companies.get(db, of_company)
        row = await connections.get(db, of_company, wanted)
    return answer(services.views.connection(row))


@patch("/companies/{company_id:str}/connections/{connection_id:str}", opt={TOKEN_ROUTE: True})
async def change_connection(
    request: AnyRequest, company_id: str, connection_id: str, services: Given
) -> Response[bytes]:
    """Unlink the connection: its access is given up, what was read stays."""
    of_company, wanted = company_id_of(company_id), connection_id_of(connection_id)
    body = await decoded(request, StatusBody)
    if body.status.lower() != Status.UNLINKED.value.lower():
        message = "The status of a connection can only be set to Unlinked."
        raise ApiError(400, message, service=CLIENTS, fields=[("status", message)])

    async def work() -> Response[bytes]:
        try:
            row = await unlinking.unlink(services.pool, services.views, services.sessions, of_company, wanted)
        except Conflict as error:
            raise ApiError(400, error.message, service=CLIENTS) from error
        return answer(services.views.connection(row))

    return await with_own_transactions(services, request, work)


@delete("/companies/{company_id:str}/connections/{connection_id:str}", status_code=200)
async def delete_connection(company_id: str, connection_id: str, services: Given) -> Response[bytes]:
    """Give up the access, and delete the connection with all that was read over it."""
    await unlinking.delete_connection(
        services.pool, services.views, services.sessions, company_id_of(company_id), connection_id_of(connection_id)
    )
    return empty_answer()


@put("/companies/{company_id:str}/connections/{connection_id:str}/authorization")
async def authorise_connection(
    request: AnyRequest, company_id: str, connection_id: str, services: Given
) -> Response[bytes]:
    """Link the connection with credentials that the application already holds. Starts no read."""
    of_company, wanted = company_id_of(company_id), connection_id_of(connection_id)
    values = await decoded(request, dict[str, str])
    if len(values) > AUTHORISATION_FIELDS_MAX:
        raise ApiError(400, f"At most {AUTHORISATION_FIELDS_MAX} credentials.", service=CLIENTS)

    async def work() -> Response[bytes]:
        return answer(services.views.connection(await services.link.supplied.authorise(of_company, wanted, values)))

    return await with_own_transactions(services, request, work)


ROUTES: list[ControllerRouterHandler] = [
    list_connections,
    create_connection,
    get_connection,
    change_connection,
    delete_connection,
    authorise_connection,
]
