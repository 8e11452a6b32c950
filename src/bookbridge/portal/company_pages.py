"""Portal pages of companies: the list, one company, and its deletion."""

from __future__ import annotations

import re
from uuid import UUID

from litestar import Response, get, post

from bookbridge.companies import companies, connections, lifecycle, unlinking
from bookbridge.companies.connections import Status
from bookbridge.companies.errors import CompaniesError, ValidationProblem
from bookbridge.connectors.integrations import INTEGRATIONS, integration
from bookbridge.portal.forms import BODY_SIZE_MAX_BYTES, Asked, browser, identifier, sent_form
from bookbridge.portal.rendering import see_other
from bookbridge.portal.services import Given, PortalServices
from bookbridge.portal.shell import PAGE_SIZE, Paging, asked, page_number, portal_page
from bookbridge.store.query import Compiled, compile_order, compile_query
from bookbridge.sync import queue as sync_queue

SECTION = "companies"
COMPANIES = "/portal/companies"

# What ends a value in the query language cannot be searched for.
_QUERY_SIGNS = re.compile(r"[&|{}]+")
_NEWEST_FIRST = compile_order("-created", companies.COMPANY_PROPERTIES, of="Company")
_SEARCHED = ("name", "id", "dataConnections.id", "dataConnections.integrationKey")


@get(COMPANIES)
async def list_page(request: Asked, services: Given) -> Response[str]:
    """All companies, searched by name, id or platform, and filtered by status."""
    return await _list(request, services, "")


@post(COMPANIES, request_max_body_size=BODY_SIZE_MAX_BYTES)
async def create(request: Asked, services: Given) -> Response[str]:
    """Create a company."""
    fields = await sent_form(request, browser(request, services))
    try:
        async with services.pool.acquire() as db, db.transaction():
            company = await companies.create(db, services.views, name=fields.get("name", ""))
    except ValidationProblem as problem:
        return await _list(request, services, problem.message)
    return see_other(f"{COMPANIES}/{company.id}?done=created")


@get([COMPANIES + "/{company_id:str}", COMPANIES + "/{company_id:str}/summary"])
async def company_page(request: Asked, services: Given, company_id: str) -> Response[str]:
    """One company with its connections."""
    return await _company(request, services, identifier(company_id), "")


@post(COMPANIES + "/{company_id:str}/connections", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def add_connection(request: Asked, services: Given, company_id: str) -> Response[str]:
    """Add a connection, to be linked by its link URL."""
    fields = await sent_form(request, browser(request, services))
    company = identifier(company_id)
    try:
        async with services.pool.acquire() as db, db.transaction():
            connection = await lifecycle.created(db, services.views, company, fields.get("platform", ""))
    except CompaniesError as problem:
        return await _company(request, services, company, problem.message)
    return see_other(f"{COMPANIES}/{company}/connections/{connection.id}?done=created")


@post(COMPANIES + "/{company_id:str}/refresh", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def refresh(request: Asked, services: Given, company_id: str) -> Response[str]:
    """Queue a read of everything."""
    await sent_form(request, browser(request, services))
    company = identifier(company_id)
    async with services.pool.acquire() as db, db.transaction():
        await companies.get(db, company)
        linked = (await connections.of_companies(db, [company])).get(company, [])
        queued = await sync_queue.queue_all(db, linked)
    return see_other(f"{COMPANIES}/{company}?done={'queued' if queued else 'nothing'}")


@get(COMPANIES + "/{company_id:str}/delete")
async def deletion_page(request: Asked, services: Given, company_id: str) -> Response[str]:
    """What deleting the company would remove."""
    company = identifier(company_id)
    async with services.pool.acquire() as db:
        (view,) = await companies.present(db, services.views, [await companies.get(db, company)])
    return await portal_page(
        request,
        services,
        "confirm",
        section=SECTION,
        title=f"Delete {view.name}?",
        text=(
            f"This disconnects and deletes {len(view.data_connections)} connections and"
            f" {len(view.reference_subsidiary_companies)} subsidiaries, with every record that was read and every write"
            " in the history. It cannot be undone. Nothing is deleted in the accounting software."
        ),
        action=f"{COMPANIES}/{company}/delete",
        button="Delete the company",
        back=f"{COMPANIES}/{company}",
    )


@post(COMPANIES + "/{company_id:str}/delete", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def delete(request: Asked, services: Given, company_id: str) -> Response[str]:
    """Delete the company."""
    await sent_form(request, browser(request, services))
    await unlinking.delete_company(services.pool, services.views, services.sessions, identifier(company_id))
    return see_other(f"{COMPANIES}?done=deleted")


async def _list(request: Asked, services: PortalServices, problem: str) -> Response[str]:
    search, status, number = asked(request, "search"), asked(request, "status"), page_number(request)
    async with services.pool.acquire() as db:
        found, total = await companies.list_page(
            db, page=number, page_size=PAGE_SIZE, where=_condition(search, status), order_by=_NEWEST_FIRST
        )
        linked = await connections.of_companies(db, [company.id for company in found])
    rows = [
        (
            company,
            [(integration(each.integration_key), each.status.value) for each in linked.get(company.id, ())],
        )
        for company in found
    ]
    return await portal_page(
        request,
        services,
        "companies",
        section=SECTION,
        status_code=422 if problem else 200,
        rows=rows,
        search=search,
        status=status,
        statuses=[each.value for each in Status],
        paging=Paging(number, total, PAGE_SIZE, COMPANIES, {"search": search, "status": status}),
        problem=problem,
    )


def _condition(search: str, status: str) -> Compiled | None:
    words = _QUERY_SIGNS.sub(" ", search).strip()
    terms = []
    if words:
        terms.append("{" + " || ".join(f"{name} ~ {words}" for name in _SEARCHED) + "}")
    if status in set(Status):
        terms.append(f"dataConnections.status = {status}")
    if not terms:
        return None
    return compile_query(" && ".join(terms), companies.COMPANY_PROPERTIES, of="Company", first=1)


async def _company(request: Asked, services: PortalServices, company_id: UUID, problem: str) -> Response[str]:
    async with services.pool.acquire() as db:
        company = await companies.get(db, company_id)
        (view,) = await companies.present(db, services.views, [company])
    return await portal_page(
        request,
        services,
        "company",
        section=SECTION,
        status_code=422 if problem else 200,
        company=company,
        view=view,
        tab="summary",
        platforms=INTEGRATIONS,
        problem=problem,
    )


HANDLERS = [list_page, create, company_page, add_connection, refresh, deletion_page, delete]
