"""What became of syncs of expenses, and of each of their transactions."""

from __future__ import annotations

from typing import Final

from litestar import Response, get
from litestar.types import ControllerRouterHandler

from bookbridge.api.bodies import AnyRequest, answer, raw_answer
from bookbridge.api.errors import EXPENSES, not_found
from bookbridge.api.expenses import BASE
from bookbridge.api.paging import page_of_values, paging_of
from bookbridge.api.parameters import company_id_of, id_of
from bookbridge.api.services import Given, Services
from bookbridge.companies import companies
from bookbridge.products.expenses import sync_entries, syncs
from bookbridge.products.expenses.accept import sync_of
from bookbridge.products.expenses.syncs import LISTED_MAX, Sync
from bookbridge.products.expenses.views import sync_status, transaction
from bookbridge.store.pool import Db

SYNC: Final = BASE + "/syncs/{sync_id:str}"
NO_SYNC: Final = "No sync was found for company {}"


@get(BASE + "/syncs/lastSuccessful/status")
async def get_last_successful_sync(company_id: str, services: Given) -> Response[bytes]:
    """The last sync that succeeded."""
    return await _newest(services, company_id, successful=True)


@get(BASE + "/syncs/latest/status")
async def get_latest_sync(company_id: str, services: Given) -> Response[bytes]:
    """The last sync."""
    return await _newest(services, company_id, successful=False)


@get(BASE + "/syncs/list/status")
async def list_syncs(company_id: str, services: Given) -> Response[bytes]:
    """The company's syncs, newest first."""
    wanted = company_id_of(company_id)
    async with services.pool.acquire() as db:
        await companies.get(db, wanted)
        return answer([sync_status(row) for row in await syncs.newest(db, wanted, LISTED_MAX)])


@get(SYNC + "/status")
async def get_sync(company_id: str, sync_id: str, services: Given) -> Response[bytes]:
    """One sync."""
    async with services.pool.acquire() as db:
        return answer(sync_status(await _sync(db, company_id, sync_id)))


@get(SYNC + "/transactions")
async def list_sync_transactions(
    request: AnyRequest, company_id: str, sync_id: str, services: Given
) -> Response[bytes]:
    """The transactions of a sync."""
    paging = paging_of(request)
    async with services.pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
        sync = await _sync(db, company_id, sync_id)
        rows, total = await sync_entries.page(db, sync, limit=paging.page_size, offset=paging.offset)
    return raw_answer(page_of_values(paging, [transaction(row) for row in rows], total))


@get(SYNC + "/transactions/{transaction_id:str}")
async def get_sync_transaction(company_id: str, sync_id: str, transaction_id: str, services: Given) -> Response[bytes]:
    """One transaction of a sync, as a list of one."""
    wanted = id_of(transaction_id, "transaction")
    async with services.pool.acquire() as db:
        row = await sync_entries.get(db, await _sync(db, company_id, sync_id), wanted)
    if row is None:
        raise not_found(f"No transaction was found with ID {wanted}", EXPENSES)
    return answer([transaction(row)])


async def _sync(db: Db, company_id: str, sync_id: str) -> Sync:
    return await sync_of(db, company_id_of(company_id), id_of(sync_id, "sync"))


async def _newest(services: Services, company_id: str, *, successful: bool) -> Response[bytes]:
    wanted = company_id_of(company_id)
    async with services.pool.acquire() as db:
        await companies.get(db, wanted)
        found = await syncs.newest(db, wanted, 1, successful=successful)
    if not found:
        raise not_found(NO_SYNC.format(wanted), EXPENSES)
    return answer(sync_status(found[0]))


ROUTES: list[ControllerRouterHandler] = [
    get_last_successful_sync,
    get_latest_sync,
    list_syncs,
    get_sync,
    list_sync_transactions,
    get_sync_transaction,
]
