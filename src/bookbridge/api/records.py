"""Reading records: one file serves every data type, of a company or of one of its connections.

A data type of the company's level is read at both; one of a connection's level only there, and one that hangs under
another (the transactions of a bank account) only under it. Bodies are stored as the JSON text that callers get, and
pages are joined from them without decoding anything. The path's segment names the data type, in any case (`accounts`).
"""

from __future__ import annotations

from uuid import UUID

from litestar import Response, get
from litestar.types import ControllerRouterHandler

from bookbridge.accounting import catalog
from bookbridge.accounting.catalog import AnyDataType
from bookbridge.accounting.data_type import Level
from bookbridge.accounting.types.bank_transactions import BANK_TRANSACTIONS
from bookbridge.api.bodies import AnyRequest, raw_answer
from bookbridge.api.errors import PULL, ApiError, not_found
from bookbridge.api.paging import Paging, page_of_texts, paging_of
from bookbridge.api.parameters import ID_LENGTH_SHOWN, company_id_of, connection_id_of, record_id_of
from bookbridge.api.services import Given, Services
from bookbridge.companies import companies, connections
from bookbridge.store import records
from bookbridge.store.query import Compiled, Property
from bookbridge.store.records import Scope
from bookbridge.sync import queue as sync_queue
from bookbridge.sync import views as sync_views

NOT_REQUESTED = "The data set has not been requested."


@get("/companies/{company_id:str}/data/{segment:str}")
async def list_of_company(request: AnyRequest, company_id: str, segment: str, services: Given) -> Response[bytes]:
    """One page of a company's records of a type, over all its connections; or the one record of a single type."""
    data_type = data_type_at(segment, at=Level.COMPANY)
    return await _list(request, services, data_type, Scope(company_id_of(company_id), data_type.key))


@get("/companies/{company_id:str}/connections/{connection_id:str}/data/{segment:str}")
async def list_of_connection(
    request: AnyRequest, company_id: str, connection_id: str, segment: str, services: Given
) -> Response[bytes]:
    """The same, of one connection."""
    data_type = data_type_at(segment, at=Level.CONNECTION)
    scope = Scope(company_id_of(company_id), data_type.key, connection_id_of(connection_id))
    return await _list(request, services, data_type, scope)


@get("/companies/{company_id:str}/data/{segment:str}/{record_id:str}")
async def get_of_company(company_id: str, segment: str, record_id: str, services: Given) -> Response[bytes]:
    """One record of a company."""
    data_type = data_type_at(segment, at=Level.COMPANY)
    return await _one(services, data_type, Scope(company_id_of(company_id), data_type.key), record_id)


@get("/companies/{company_id:str}/connections/{connection_id:str}/data/{segment:str}/{record_id:str}")
async def get_of_connection(
    company_id: str, connection_id: str, segment: str, record_id: str, services: Given
) -> Response[bytes]:
    """The same, of one connection."""
    data_type = data_type_at(segment, at=Level.CONNECTION)
    scope = Scope(company_id_of(company_id), data_type.key, connection_id_of(connection_id))
    return await _one(services, data_type, scope, record_id)


# The router enters a literal segment for good, so `bankAccounts` cannot stand here: its own list would be lost.
@get("/companies/{company_id:str}/connections/{connection_id:str}/data/{segment:str}/{record_id:str}/bankTransactions")
async def list_of_bank_account(
    request: AnyRequest, company_id: str, connection_id: str, segment: str, record_id: str, services: Given
) -> Response[bytes]:
    """One page of the transactions of a bank account."""
    parent = data_type_at(segment, at=Level.CONNECTION)
    if parent.key != BANK_TRANSACTIONS.parent:
        raise not_found(f"Records of '{segment[:ID_LENGTH_SHOWN]}' have no bank transactions.", PULL)
    company, connection, account = company_id_of(company_id), connection_id_of(connection_id), record_id_of(record_id)
    await text_of_one(services, parent, Scope(company, parent.key, connection), account)
    scope = Scope(company, BANK_TRANSACTIONS.key, connection)
    return await _list(request, services, BANK_TRANSACTIONS, scope, within=account)


async def _list(
    request: AnyRequest, services: Services, data_type: AnyDataType, scope: Scope, *, within: str | None = None
) -> Response[bytes]:
    if data_type.single:
        return await _one(services, data_type, scope, data_type.key)
    return raw_answer(await text_of_page(services, data_type, scope, paging_of(request), within=within))


async def text_of_page(
    services: Services, data_type: AnyDataType, scope: Scope, paging: Paging, *, within: str | None = None
) -> bytes:
    """The JSON text of one page. `within` is the id of the record under which a data type with a parent is listed.
    Raises ApiError: why there is nothing to list; QueryError."""
    condition = order = None
    if paging.query or paging.order_by or within is not None:
        properties = records.properties(data_type)
        first = len(scope.where()[1]) + 1
        condition = paging.condition(properties, of=data_type.name, first=first)
        if within is not None:
            condition = _narrowed(condition, properties[data_type.parent_field or ""], within, first)
        order = paging.ordering(properties, of=data_type.name)
    async with services.pool.acquire() as db:
        bodies, total = await records.list_bodies(
            db, scope, condition=condition, order=order, limit=paging.page_size, offset=paging.offset
        )
    if not total:
        # Only an empty answer needs a reason, so a full one costs no further look-up.
        await refuse_unread(services, data_type, scope)
    return page_of_texts(paging, bodies, total)


def _narrowed(condition: Compiled | None, parent: Property, parent_id: str, first: int) -> Compiled:
    """The condition, for the children of one parent only."""
    given = condition or Compiled("true", ())
    place = first + len(given.arguments)
    return Compiled(f"({given.sql}) and {parent.sql} = ${place}", (*given.arguments, parent_id))


async def _one(services: Services, data_type: AnyDataType, scope: Scope, record_id: str) -> Response[bytes]:
    return raw_answer((await text_of_one(services, data_type, scope, record_id)).encode())


async def text_of_one(services: Services, data_type: AnyDataType, scope: Scope, record_id: str) -> str:
    """The JSON text of one record. Raises ApiError: why there is none of its type, or 404 for an unknown id."""
    body = await records.get_body(services.pool, scope, record_id_of(record_id))
    if body is None:
        await refuse_unread(services, data_type, scope)
        raise not_found(f"No {data_type.singular} was found with ID {record_id[:ID_LENGTH_SHOWN]}", PULL)
    # The contract dates what stands in lists, and not what there is one of.
    return records.undated(body) if data_type.single else body


def data_type_at(segment: str, *, at: Level) -> AnyDataType:
    """The data type that is read under a segment. Raises ApiError 404, also for one that is read elsewhere."""
    try:
        found = catalog.by_path(segment)
    except catalog.UnknownDataTypeError:
        found = None
    if found is not None:
        if found.parent is not None:
            raise not_found(f"{found.key} are read under one of the {found.parent}.", PULL)
        if found.level is Level.CONNECTION and at is Level.COMPANY:
            raise not_found(f"{found.key} are read under a connection of the company.", PULL)
        return found
    try:
        key = catalog.canonical_key(segment)
    except catalog.UnknownDataTypeError:
        raise not_found(f"There is no data type '{segment[:ID_LENGTH_SHOWN]}'", PULL) from None
    raise not_found(f"Datatype {key} is not supported.", PULL)


async def refuse_unread(services: Services, data_type: AnyDataType, scope: Scope) -> None:
    """Raise what keeps the type from having records: an unknown company or connection (404), a type that its
    platforms do not supply (404), that was never asked for (409), or whose first read has not ended (404)."""
    async with services.pool.acquire() as db:
        await companies.get(db, scope.company_id)
        if scope.connection_id is None:
            found = (await connections.of_companies(db, [scope.company_id])).get(scope.company_id, [])
        else:
            found = [await connections.get(db, scope.company_id, scope.connection_id)]
        states = await sync_views.read_states(db, scope.company_id, data_type.key, scope.connection_id)
    if states.succeeded:
        return
    if found and not any(data_type.key in sync_queue.readable(connection) for connection in found):
        platforms = ", ".join(sorted({connection.integration_key for connection in found}))
        raise not_found(f"Datatype {data_type.key} not supported by platform(s) {platforms}", PULL)
    if not states.requested:
        raise ApiError(409, NOT_REQUESTED, service=PULL)
    raise not_found(_no_data(data_type, scope.company_id), PULL)


def _no_data(data_type: AnyDataType, company_id: UUID) -> str:
    return f"No data available for {data_type.key} for ID {company_id}"


ROUTES: list[ControllerRouterHandler] = [
    list_of_company,
    list_of_connection,
    list_of_bank_account,
    get_of_company,
    get_of_connection,
]
