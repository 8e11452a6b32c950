"""Custom data types and supplemental data: configured for a platform, read over connections.

Where a platform is named that no connector serves yet, the configuration is kept and waits for it.
"""

from __future__ import annotations

from litestar import Response, get, post, put
from litestar.types import ControllerRouterHandler

from bookbridge.accounting import catalog
from bookbridge.api.bodies import AnyRequest, answer, decoded, raw_answer
from bookbridge.api.errors import CLIENTS, ApiError, not_found
from bookbridge.api.idempotency import in_transaction
from bookbridge.api.paging import page_of_texts, paging_of
from bookbridge.api.parameters import ID_LENGTH_SHOWN, company_id_of, connection_id_of, record_id_of
from bookbridge.api.services import Given
from bookbridge.companies import companies, connections, supplemental
from bookbridge.companies.supplemental import Configuration
from bookbridge.connectors.integrations import integration
from bookbridge.store import records
from bookbridge.store.pool import Db
from bookbridge.store.records import Scope
from bookbridge.sync import custom_data, supplements
from bookbridge.sync import views as sync_views
from bookbridge.sync.custom_data import CustomDataType

CUSTOM = "StdznCustomData"
NOT_REQUESTED = "The data set has not been requested."


@put("/integrations/{platform_key:str}/dataTypes/custom/{custom_id:str}")
async def configure_custom_type(
    request: AnyRequest, platform_key: str, custom_id: str, services: Given
) -> Response[bytes]:
    """Configure a custom data type of a platform."""
    key, body = _platform(platform_key), await decoded(request, CustomDataType)

    async def work(db: Db) -> Response[bytes]:
        await custom_data.configure(db, key, custom_id, body)
        return answer(body)

    return await in_transaction(services, request, work)


@get("/integrations/{platform_key:str}/dataTypes/custom/{custom_id:str}")
async def get_custom_type(platform_key: str, custom_id: str, services: Given) -> Response[bytes]:
    """The configuration of a custom data type."""
    found = await custom_data.configured(services.pool, _platform(platform_key), record_id_of(custom_id))
    if found is None:
        raise _unknown(custom_id)
    return answer(found)


@put("/integrations/{platform_key:str}/dataTypes/{name:str}/supplementalDataConfig")
async def configure_supplement(request: AnyRequest, platform_key: str, name: str, services: Given) -> Response[bytes]:
    """Configure the supplemental data of a data type of a platform; `{}` ends it."""
    key, data_type = _platform(platform_key), catalog.canonical_key(name)
    body = await decoded(request, Configuration)

    async def work(db: Db) -> Response[bytes]:
        await supplements.configure(db, key, data_type, body)
        return raw_answer(b"")

    return await in_transaction(services, request, work)


@get("/integrations/{platform_key:str}/dataTypes/{name:str}/supplementalDataConfig")
async def get_supplement(platform_key: str, name: str, services: Given) -> Response[bytes]:
    """The configuration of supplemental data; empty when there is none."""
    found = await supplemental.configured(services.pool, _platform(platform_key), catalog.canonical_key(name))
    return answer(found)


@post("/companies/{company_id:str}/connections/{connection_id:str}/data/queue/custom/{custom_id:str}", status_code=200)
async def queue_custom_type(
    request: AnyRequest, company_id: str, connection_id: str, custom_id: str, services: Given
) -> Response[bytes]:
    """Queue a read of a custom data type over one connection."""
    of_company, wanted = company_id_of(company_id), connection_id_of(connection_id)
    name = record_id_of(custom_id)

    async def work(db: Db) -> Response[bytes]:
        await companies.get(db, of_company)
        connection = await connections.get(db, of_company, wanted)
        try:
            dataset = await custom_data.queue_read(db, connection, name)
        except LookupError as error:
            raise _unknown(custom_id) from error
        return answer(sync_views.pull_operation(dataset))

    return await in_transaction(services, request, work)


@get("/companies/{company_id:str}/connections/{connection_id:str}/data/custom/{custom_id:str}")
async def list_custom_records(
    request: AnyRequest, company_id: str, connection_id: str, custom_id: str, services: Given
) -> Response[bytes]:
    """One page of the records of a custom data type."""
    of_company, wanted = company_id_of(company_id), connection_id_of(connection_id)
    data_type = custom_data.PREFIX + record_id_of(custom_id)
    paging = paging_of(request)
    async with services.pool.acquire() as db:
        await companies.get(db, of_company)
        connection = await connections.get(db, of_company, wanted)
        bodies, total = await records.list_bodies(
            db,
            Scope(of_company, data_type, wanted),
            condition=None,
            order=None,
            limit=paging.page_size,
            offset=paging.offset,
        )
        if not total:
            if await custom_data.configured(db, connection.integration_key, custom_id) is None:
                raise _unknown(custom_id)
            states = await sync_views.read_states(db, of_company, data_type, wanted)
            if not states.requested:
                raise ApiError(409, NOT_REQUESTED, service=CUSTOM)
    return raw_answer(page_of_texts(paging, bodies, total))


def _platform(key: str) -> str:
    """Raises ApiError 404."""
    found = integration(key.lower())
    if found is None:
        raise not_found(f"No integration was found with key {key[:50]}", CLIENTS)
    return found.key


def _unknown(custom_id: str) -> ApiError:
    return not_found(f"No custom data type was found with ID {custom_id[:ID_LENGTH_SHOWN]}", CUSTOM)


ROUTES: list[ControllerRouterHandler] = [
    configure_custom_type,
    get_custom_type,
    configure_supplement,
    get_supplement,
    queue_custom_type,
    list_custom_records,
]
