"""Portal pages of a company's data: completeness by data type, records, and the history of reads."""

from __future__ import annotations

import re
from uuid import UUID

import msgspec
from litestar import Response, get, post

from bookbridge.accounting import catalog
from bookbridge.accounting.data_type import QueryKind
from bookbridge.companies import companies, connections
from bookbridge.connectors.integrations import integration
from bookbridge.portal import data_words
from bookbridge.portal.company_pages import COMPANIES, SECTION
from bookbridge.portal.forms import BODY_SIZE_MAX_BYTES, Asked, PageNotFound, browser, identifier, sent_form
from bookbridge.portal.rendering import see_other
from bookbridge.portal.services import Given
from bookbridge.portal.shell import PAGE_SIZE, Paging, asked, page_number, portal_page
from bookbridge.store import records
from bookbridge.store.query import QueryError, compile_query
from bookbridge.sync import queue as sync_queue
from bookbridge.sync import states
from bookbridge.sync import views as sync_views

COMPANY = COMPANIES + "/{company_id:str}"
COLUMNS_MAX = 8
RECORD_ID_LENGTH_MAX = 500

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_TIMELESS = re.compile(r"T00:00:00(\.0+)?Z?$")


@get(COMPANY + "/data")
async def data_page(request: Asked, services: Given, company_id: str) -> Response[str]:
    """Every data type of every connection: how many records the vendor has, how many are stored, and who says so."""
    wanted = identifier(company_id)
    async with services.pool.acquire() as db:
        company = await companies.get(db, wanted)
        found = (await connections.of_companies(db, [wanted])).get(wanted, [])
        known = {(state.connection_id, state.data_type): state for state in await states.of_company(db, wanted)}
        status = await sync_views.data_status(db, wanted)
    groups = [
        (
            connection,
            integration(connection.integration_key),
            [
                (row, data_words.words_of(row.key), known.get((connection.id, row.key)), status[row.key])
                for row in catalog.DATA_TYPES
                if row.key in sync_queue.readable(connection)
            ],
        )
        for connection in found
    ]
    return await portal_page(request, services, "data", section=SECTION, company=company, tab="data", groups=groups)


@post(COMPANY + "/deletions", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def confirm_deletions(request: Asked, services: Given, company_id: str) -> Response[str]:
    """Confirm that the deletions which a read held back are real, and read again."""
    fields = await sent_form(request, browser(request, services))
    company, connection_id = identifier(company_id), identifier(fields.get("connection", ""))
    async with services.pool.acquire() as db, db.transaction():
        connection = await connections.hold(db, company, connection_id)
        confirmed = await states.confirm_deletions(db, company, connection_id, fields.get("data_type", ""))
        if confirmed:
            await sync_queue.queue_all(db, [connection])
    return see_other(f"{COMPANIES}/{company}/data?done={'confirmed' if confirmed else 'nothing'}")


@get(COMPANY + "/data/{path:str}")
async def records_page(request: Asked, services: Given, company_id: str, path: str) -> Response[str]:
    """The stored records of one data type, as tables of what matters most."""
    company_key, data_type = identifier(company_id), _data_type(path)
    query, number = asked(request, "query"), page_number(request)
    scope = records.Scope(company_key, data_type.key)
    problem, bodies, total = "", list[str](), 0
    async with services.pool.acquire() as db:
        company = await companies.get(db, company_key)
        try:
            first = len(scope.where()[1]) + 1
            condition = None
            if query:
                condition = compile_query(query, records.properties(data_type), of=data_type.name, first=first)
            bodies, total = await records.list_bodies(
                db, scope, condition=condition, order=None, limit=PAGE_SIZE, offset=(number - 1) * PAGE_SIZE
            )
        except QueryError as error:
            problem = str(error)
    columns, kinds = columns_of(data_type), data_type.query_fields
    return await portal_page(
        request,
        services,
        "records",
        section=SECTION,
        status_code=422 if problem else 200,
        company=company,
        tab="data",
        data_type=data_type,
        words=data_words.words_of(data_type.key),
        columns=[data_words.column_title(column) for column in columns],
        numbers={data_words.column_title(column) for column in columns if kinds.get(column) is QueryKind.NUMBER},
        rows=[(_field(body, "id") or data_type.key, [_field(body, column) for column in columns]) for body in bodies],
        query=query,
        query_fields=", ".join(sorted(data_type.query_fields)),
        paging=Paging(number, total, PAGE_SIZE, f"{COMPANIES}/{company_key}/data/{data_type.path}", {"query": query}),
        problem=problem,
    )


@get(COMPANY + "/record/{path:str}")
async def record_page(request: Asked, services: Given, company_id: str, path: str) -> Response[str]:
    """One record, with every digit and field as callers get it."""
    company_key, data_type = identifier(company_id), _data_type(path)
    record_id = request.query_params.get("id", "").replace("\x00", "")[:RECORD_ID_LENGTH_MAX]
    async with services.pool.acquire() as db:
        company = await companies.get(db, company_key)
        body = await records.get_body(db, records.Scope(company_key, data_type.key), record_id)
    if body is None:
        raise PageNotFound
    return await portal_page(
        request,
        services,
        "record",
        section=SECTION,
        company=company,
        data_type=data_type,
        words=data_words.words_of(data_type.key),
        record_id=record_id,
        body=msgspec.json.format(body, indent=2),
    )


@get([COMPANY + "/reads", COMPANY + "/pull-history"])
async def reads_page(request: Asked, services: Given, company_id: str) -> Response[str]:
    """The history of reads, newest first."""
    wanted, number = identifier(company_id), page_number(request)
    async with services.pool.acquire() as db:
        company = await companies.get(db, wanted)
        history, total = await sync_views.history(db, wanted, page=number, page_size=PAGE_SIZE)
        names = await platform_names(db, wanted)
    return await portal_page(
        request,
        services,
        "reads",
        section=SECTION,
        company=company,
        tab="reads",
        rows=[(row, data_words.words_of(row.data_type).title, names.get(row.connection_id, "")) for row in history],
        paging=Paging(number, total, PAGE_SIZE, f"{COMPANIES}/{wanted}/reads", {}),
    )


def columns_of(data_type: catalog.AnyDataType) -> tuple[str, ...]:
    """Which fields a list of records shows."""
    preferred = data_words.COLUMNS.get(data_type.key)
    return preferred or tuple(name for name in data_type.query_fields if "." not in name)[:COLUMNS_MAX]


def _data_type(path: str) -> catalog.AnyDataType:
    try:
        return catalog.by_path(path)
    except catalog.UnknownDataTypeError:
        raise PageNotFound from None


def _field(body: str | msgspec.Raw, path: str) -> str:
    """A field of a record by its dotted path, with every digit; empty when absent. Dates lose a time of midnight."""
    name, _, rest = path.partition(".")
    found = _OBJECT.decode(body).get(name)
    if found is None:
        return ""
    text = bytes(found)
    if rest:
        return _field(found, rest) if text.startswith(b"{") else ""
    if text.startswith(b'"'):
        return _TIMELESS.sub("", msgspec.json.decode(text, type=str))
    return "" if text == b"null" or text[:1] in b"[{" else text.decode()


async def platform_names(db: object, company_id: UUID) -> dict[UUID, str]:
    """What people call the platform of each connection of a company."""
    found = (await connections.of_companies(db, [company_id])).get(company_id, [])
    known = {connection.id: integration(connection.integration_key) for connection in found}
    return {key: platform.name for key, platform in known.items() if platform is not None}


HANDLERS = [data_page, confirm_deletions, records_page, record_page, reads_page]
