"""Asking for reads, and following them: `data/all`, `data/queue`, `dataStatus`, `data/history`, `sync/…/validation`.

Beyond the contract: `data/completeness` tells whether what is held was proved to be all that the vendor has, and lets
a person confirm deletions that were held back.
"""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from bookbridge.accounting import catalog
from bookbridge.api.bodies import AnyRequest, answer, raw_answer
from bookbridge.api.errors import PULL, ApiError, not_found
from bookbridge.api.idempotency import in_transaction
from bookbridge.api.paging import page_of_values, paging_of
from bookbridge.api.parameters import company_id_of, id_of, optional_connection_id, parameters
from bookbridge.api.services import Given
from bookbridge.companies import companies, connections
from bookbridge.companies.connections import Connection, Status
from bookbridge.store.pool import Db
from bookbridge.store.query import QueryError
from bookbridge.sync import datasets, states, validation
from bookbridge.sync import queue as sync_queue
from bookbridge.sync import views as sync_views
from bookbridge.sync.datasets import Dataset
from bookbridge.sync.states import DataTypeState
from bookbridge.sync.validation import Finding
from bookbridge.sync.views import DATASET_PROPERTIES

ALL = "all"
WHAT = "Dataset"
NONE_LINKED = "The company has no linked connection."
SEVERAL = "Several connections of the company supply {}; name one as connectionId."


class ValidationResult(msgspec.Struct, frozen=True):
    """What was found about the records of one read."""

    errors: list[Finding]
    """What is wrong in them."""
    warnings: list[Finding]
    """What is odd about them."""


class CompletenessResult(msgspec.Struct, frozen=True):
    """The states of all data types of a company."""

    results: list[DataTypeState]
    """One entry for each data type of each connection."""


@post("/companies/{company_id:str}/data/all", status_code=200)
async def queue_all(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """Queue every data type of every linked connection."""
    return await _queue_all(request, services, company_id_of(company_id), None)


@post("/companies/{company_id:str}/data/queue/{name:str}", status_code=200)
async def queue_one(request: AnyRequest, company_id: str, name: str, services: Given) -> Response[bytes]:
    """Queue one data type; `all` as in `data/all`. `connectionId` says where, if several connections supply it."""
    wanted = company_id_of(company_id)
    connection_id = optional_connection_id(parameters(request))
    if name.lower() == ALL:
        return await _queue_all(request, services, wanted, connection_id)
    data_type = catalog.canonical_key(name)

    async def work(db: Db) -> Response[bytes]:
        connection = await _supplier(db, wanted, connection_id, data_type)
        dataset = await sync_queue.queue_one(db, connection, data_type)
        return answer(sync_views.pull_operation(dataset))

    return await in_transaction(services, request, work)


@get("/companies/{company_id:str}/dataStatus")
async def get_data_status(company_id: str, services: Given) -> Response[bytes]:
    """Where each data type stands, by its key."""
    wanted = company_id_of(company_id)
    async with services.pool.acquire() as db:
        await companies.get(db, wanted)
        return answer(await sync_views.data_status(db, wanted))


@get("/companies/{company_id:str}/data/history")
async def list_history(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """One page of a company's reads, newest first."""
    wanted = company_id_of(company_id)
    paging = paging_of(request)
    try:
        condition = paging.condition(DATASET_PROPERTIES, of=WHAT, first=2)
        order = paging.order(DATASET_PROPERTIES, of=WHAT)
    except QueryError as error:
        raise ApiError(400, str(error), service=PULL) from error
    async with services.pool.acquire() as db:
        await companies.get(db, wanted)
        shown, total = await sync_views.history(
            db, wanted, page=paging.page, page_size=paging.page_size, where=condition, order_by=order
        )
    return raw_answer(page_of_values(paging, shown, total))


@get("/companies/{company_id:str}/data/history/{dataset_id:str}")
async def get_history(company_id: str, dataset_id: str, services: Given) -> Response[bytes]:
    """One read."""
    async with services.pool.acquire() as db:
        return answer(sync_views.pull_operation(await _dataset(db, company_id_of(company_id), dataset_id)))


@get("/companies/{company_id:str}/sync/{dataset_id:str}/validation")
async def get_validation(company_id: str, dataset_id: str, services: Given) -> Response[bytes]:
    """What was found about the records of one read."""
    async with services.pool.acquire() as db:
        dataset = await _dataset(db, company_id_of(company_id), dataset_id)
        result = ValidationResult(
            errors=await validation.findings(db, dataset.company_id, dataset.id, "Error"),
            warnings=await validation.findings(db, dataset.company_id, dataset.id, "Warning"),
        )
    return answer(result)


@get("/companies/{company_id:str}/data/completeness")
async def get_completeness(company_id: str, services: Given) -> Response[bytes]:
    """What is known of each data type of each connection, deletions that are held back included."""
    wanted = company_id_of(company_id)
    async with services.pool.acquire() as db:
        await companies.get(db, wanted)
        return answer(CompletenessResult(await states.of_company(db, wanted)))


@post("/companies/{company_id:str}/data/completeness/{name:str}/confirmDeletions", status_code=200)
async def confirm_deletions(request: AnyRequest, company_id: str, name: str, services: Given) -> Response[bytes]:
    """Confirm that the held deletions of a data type are real; the next read applies them."""
    wanted = company_id_of(company_id)
    connection_id = optional_connection_id(parameters(request))
    data_type = catalog.canonical_key(name)

    async def work(db: Db) -> Response[bytes]:
        connection = await _supplier(db, wanted, connection_id, data_type)
        if not await states.confirm_deletions(db, wanted, connection.id, data_type):
            raise ApiError(409, f"No deletions of {data_type} are held back.", service=PULL)
        return raw_answer(b"", 204)

    return await in_transaction(services, request, work)


async def _queue_all(
    request: AnyRequest, services: Given, company_id: UUID, connection_id: UUID | None
) -> Response[bytes]:
    async def work(db: Db) -> Response[bytes]:
        linked = [row for row in await _candidates(db, company_id, connection_id) if row.status is Status.LINKED]
        if not linked:
            raise ApiError(400, NONE_LINKED, service=PULL)
        await sync_queue.queue_all(db, linked)
        return raw_answer(b"", 204)

    return await in_transaction(services, request, work)


async def _candidates(db: Db, company_id: UUID, connection_id: UUID | None) -> list[Connection]:
    """All connections of the company, or the one that was named. Raises CompanyNotFound, ConnectionNotFound."""
    await companies.get(db, company_id)
    if connection_id is not None:
        return [await connections.get(db, company_id, connection_id)]
    return (await connections.of_companies(db, [company_id])).get(company_id, [])


async def _supplier(db: Db, company_id: UUID, connection_id: UUID | None, data_type: str) -> Connection:
    """The connection that supplies the type: the one named, else the only one that is linked.

    Raises ApiError 400 when there is none or more than one to choose from.
    """
    found = await _candidates(db, company_id, connection_id)
    if connection_id is not None:
        return found[0]
    supplying = [row for row in found if data_type in sync_queue.readable(row)]
    linked = [row for row in supplying if row.status is Status.LINKED]
    if len(linked) > 1:
        raise ApiError(400, SEVERAL.format(data_type), service=PULL)
    # Without a linked one, the refusal of the queue says best what is wrong with the connection that there is.
    for row in (*linked, *supplying, *found):
        return row
    raise ApiError(400, NONE_LINKED, service=PULL)


async def _dataset(db: Db, company_id: UUID, text: str) -> Dataset:
    await companies.get(db, company_id)
    found = await datasets.get(db, company_id, id_of(text, "dataset"))
    if found is None:
        raise not_found(f"No dataset was found with ID {text}", PULL)
    return found


ROUTES: list[ControllerRouterHandler] = [
    queue_all,
    queue_one,
    get_data_status,
    list_history,
    get_history,
    get_validation,
    get_completeness,
    confirm_deletions,
]
