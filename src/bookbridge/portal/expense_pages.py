"""Portal pages of expenses: a company's syncs, and what became of each transaction of one.

They show; nothing can be sent or repeated from here.
"""

from __future__ import annotations

from typing import Final

from litestar import Response, get

from bookbridge.companies import companies
from bookbridge.portal.company_pages import COMPANIES, SECTION
from bookbridge.portal.data_pages import COMPANY
from bookbridge.portal.forms import Asked, PageNotFound, identifier
from bookbridge.portal.services import Given
from bookbridge.portal.shell import PAGE_SIZE, Paging, page_number, portal_page
from bookbridge.products.expenses import sync_entries, syncs
from bookbridge.products.expenses.sync_entries import Entry
from bookbridge.products.expenses.transactions import (
    Adjustment,
    Reimbursable,
    Spending,
    Transaction,
    Transfer,
    date_of,
    decode,
)
from bookbridge.products.expenses.views import sync_status

DAY_LENGTH: Final = len("2026-01-31")


@get(COMPANY + "/expenses")
async def syncs_page(request: Asked, services: Given, company_id: str) -> Response[str]:
    """The company's syncs, newest first."""
    wanted, number = identifier(company_id), page_number(request)
    async with services.pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
        company = await companies.get(db, wanted)
        rows, total = await syncs.page(db, wanted, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE)
    return await portal_page(
        request,
        services,
        "expenses",
        section=SECTION,
        company=company,
        tab="expenses",
        rows=[(row, sync_status(row)) for row in rows],
        paging=Paging(number, total, PAGE_SIZE, f"{COMPANIES}/{wanted}/expenses", {}),
    )


@get(COMPANY + "/expenses/{sync_id:str}")
async def sync_page(request: Asked, services: Given, company_id: str, sync_id: str) -> Response[str]:
    """One sync, and its transactions, each with the write that carried it."""
    wanted, key, number = identifier(company_id), identifier(sync_id), page_number(request)
    async with services.pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
        company = await companies.get(db, wanted)
        sync = await syncs.get(db, wanted, key)
        if sync is None:
            raise PageNotFound
        entries, total = await sync_entries.page(db, sync, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE)
    address = f"{COMPANIES}/{wanted}"
    return await portal_page(
        request,
        services,
        "expense_sync",
        section=SECTION,
        company=company,
        sync=sync,
        status=sync_status(sync),
        rows=[_shown(entry) for entry in entries],
        paging=Paging(number, total, PAGE_SIZE, f"{address}/expenses/{key}", {}),
        address=address,
    )


def _shown(entry: Entry) -> tuple[Entry, str, str]:
    """A transaction with its kind and its day in words."""
    transaction = decode(entry.content)
    kind = _kind(transaction)
    return entry, f"Change of a {kind.lower()}" if entry.is_update else kind, date_of(transaction)[:DAY_LENGTH]


def _kind(transaction: Transaction) -> str:
    match transaction:
        case Spending():
            return transaction.type.value
        case Transfer():
            return "Transfer"
        case Adjustment():
            return "Adjustment"
        case Reimbursable():
            return "Reimbursement"


HANDLERS = [syncs_page, sync_page]
