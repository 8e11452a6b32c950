"""Writing records: what may be written, the writes themselves, and their history.

One set of routes serves every data type and every kind of write that some connector takes. A write is accepted here
and carried out later; its answer is always 200 with the operation, whatever became of it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from litestar import Response, delete, get, post, put
from litestar.types import ControllerRouterHandler

from bookbridge.accounting import catalog
from bookbridge.accounting.types.bank_transactions import BANK_TRANSACTIONS
from bookbridge.api.attachments import session_of
from bookbridge.api.bodies import AnyRequest, answer, body_of, encode, raw_answer
from bookbridge.api.errors import PUSH, ApiError, not_found
from bookbridge.api.idempotency import has_key, in_transaction
from bookbridge.api.paging import page_of_values, paging_of
from bookbridge.api.parameters import (
    ID_LENGTH_SHOWN,
    boolean,
    company_id_of,
    connection_id_of,
    id_of,
    integer,
    parameters,
    record_id_of,
)
from bookbridge.api.services import Given, Services
from bookbridge.api.uploads import UPLOAD_SIZE_MAX_BYTES, upload_of
from bookbridge.companies import companies, connections
from bookbridge.companies.connections import Connection
from bookbridge.companies.errors import ConnectionNotFound
from bookbridge.connectors import registry
from bookbridge.connectors.kit.connector import Connector
from bookbridge.connectors.kit.connector import Operation as Kind
from bookbridge.connectors.kit.session import File
from bookbridge.push import operations, references, story
from bookbridge.push.bodies import parse
from bookbridge.push.errors import NotSupported
from bookbridge.push.operations import PushOperation
from bookbridge.push.options import only, options
from bookbridge.push.rehearsal import refused, rehearse
from bookbridge.push.submit import TIMEOUT_MAX_MINUTES, Submission, prepare, submit, submit_alone
from bookbridge.push.views import push_operation, rehearsed, story_of
from bookbridge.store import records
from bookbridge.store.pool import Db
from bookbridge.store.records import Scope

WHAT = "PushOperation"
BASE: Final = "/companies/{company_id:str}/connections/{connection_id:str}"
RECORD: Final = BASE + "/push/{segment:str}/{record_id:str}"


@get(BASE + "/options/{data_type:str}")
async def get_options(company_id: str, connection_id: str, data_type: str, services: Given) -> Response[bytes]:
    """What may be written of a data type, with the choices that exist in this company's books."""
    of_company, of_connection = company_id_of(company_id), connection_id_of(connection_id)
    async with services.pool.acquire() as db:
        connector = await _connector(db, of_company, of_connection, data_type)
        return answer(await options(db, connector, of_company, of_connection, data_type))


@get(BASE + "/options/{segment:str}/{account_id:str}/bankTransactions")
async def get_bank_transaction_options(
    company_id: str, connection_id: str, segment: str, account_id: str, services: Given
) -> Response[bytes]:
    """What may be written as transactions of a bank account."""
    of_company, of_connection = company_id_of(company_id), connection_id_of(connection_id)
    account = await _account(services, of_company, of_connection, segment, account_id)
    async with services.pool.acquire() as db:
        connector = await _connector(db, of_company, of_connection, BANK_TRANSACTIONS.key)
        found = await options(db, connector, of_company, of_connection, BANK_TRANSACTIONS.key)
    return answer(only(found, BANK_TRANSACTIONS.parent_field or "", account))


@post(BASE + "/push/{segment:str}/{account_id:str}/bankTransactions", status_code=200)
async def create_bank_transactions(
    request: AnyRequest, company_id: str, connection_id: str, segment: str, account_id: str, services: Given
) -> Response[bytes]:
    """Create transactions of a bank account: as many as the body lists, all of them or none."""
    of_company, of_connection = company_id_of(company_id), connection_id_of(connection_id)
    account = await _account(services, of_company, of_connection, segment, account_id)
    body = _within(await body_of(request), BANK_TRANSACTIONS.parent_field or "", account)
    submission = _submission(request, BANK_TRANSACTIONS.key, Kind.CREATE, None, body=body)
    return await _submit(request, services, of_company, of_connection, submission, None)


@post(BASE + "/push/{segment:str}", status_code=200)
async def create_record(
    request: AnyRequest, company_id: str, connection_id: str, segment: str, services: Given
) -> Response[bytes]:
    """Create a record."""
    return await _write(request, services, company_id, connection_id, segment, Kind.CREATE, None)


@put(RECORD)
async def update_record(
    request: AnyRequest, company_id: str, connection_id: str, segment: str, record_id: str, services: Given
) -> Response[bytes]:
    """Update a record."""
    return await _write(request, services, company_id, connection_id, segment, Kind.UPDATE, record_id)


@delete(RECORD, status_code=200)
async def delete_record(
    request: AnyRequest, company_id: str, connection_id: str, segment: str, record_id: str, services: Given
) -> Response[bytes]:
    """Delete a record."""
    return await _write(request, services, company_id, connection_id, segment, Kind.DELETE, record_id)


@post(RECORD + "/attachments", status_code=200, request_max_body_size=UPLOAD_SIZE_MAX_BYTES)
async def upload_attachment(
    request: AnyRequest, company_id: str, connection_id: str, segment: str, record_id: str, services: Given
) -> Response[bytes]:
    """Attach a file to a record: the first part of the form that is a file, whatever its name."""
    of_company, of_connection = company_id_of(company_id), connection_id_of(connection_id)
    data_type = _key(segment)
    async with services.pool.acquire() as db:
        connector = await _connector(db, of_company, of_connection, data_type)
    rule = connector.attachment_rule(data_type)
    if rule is None:
        raise NotSupported(data_type, connector.key)
    sent = await upload_of(request, rule)
    submission = _submission(request, data_type, Kind.UPLOAD_ATTACHMENT, record_id, file=sent.file)
    return await _submit(request, services, of_company, of_connection, submission, sent.fingerprint)


@post(RECORD + "/attachment", status_code=200, request_max_body_size=UPLOAD_SIZE_MAX_BYTES, include_in_schema=False)
async def upload_attachment_as_before(
    request: AnyRequest, company_id: str, connection_id: str, segment: str, record_id: str, services: Given
) -> Response[bytes]:
    """The same where clients of the accounting library look for it, for all types but bills."""
    found: Response[bytes] = await upload_attachment.fn(
        request, company_id, connection_id, segment, record_id, services
    )
    return found


@get("/companies/{company_id:str}/push")
async def list_operations(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """One page of a company's writes, newest first."""
    wanted = company_id_of(company_id)
    paging = paging_of(request)
    condition = paging.condition(operations.properties(), of=WHAT, first=2)
    order = paging.order(operations.properties(), of=WHAT)
    async with services.pool.acquire() as db:
        await companies.get(db, wanted)
        rows, total = await operations.list_page(
            db, wanted, condition=condition, order=order, limit=paging.page_size, offset=paging.offset
        )
    return raw_answer(page_of_values(paging, [push_operation(row) for row in rows], total))


@get("/companies/{company_id:str}/push/{operation_id:str}")
async def get_operation(company_id: str, operation_id: str, services: Given) -> Response[bytes]:
    """One write."""
    async with services.pool.acquire() as db:
        return answer(push_operation(await _operation(db, company_id, operation_id)))


@get("/companies/{company_id:str}/push/{operation_id:str}/story")
async def get_story(company_id: str, operation_id: str, services: Given) -> Response[bytes]:
    """What happened to one write, step by step: an addition to the contract."""
    async with services.pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
        row = await _operation(db, company_id, operation_id)
        return answer(story_of(row, await story.of(db, row.company_id, row.id)))


async def _operation(db: Db, company_id: str, operation_id: str) -> PushOperation:
    """The operation of the address. Raises CompanyNotFound, ApiError 404."""
    of_company, wanted = company_id_of(company_id), id_of(operation_id, "push operation")
    await companies.get(db, of_company)
    row = await operations.get(db, of_company, wanted)
    if row is None:
        raise not_found(f"No push operation was found with ID {wanted}", PUSH)
    return row


async def _write(
    request: AnyRequest,
    services: Services,
    company_id: str,
    connection_id: str,
    segment: str,
    kind: Kind,
    record_id: str | None,
) -> Response[bytes]:
    of_company, of_connection = company_id_of(company_id), connection_id_of(connection_id)
    data_type = _key(segment)
    body = None if kind is Kind.DELETE else await body_of(request)
    submission = _submission(request, data_type, kind, record_id, body=body)
    return await _submit(request, services, of_company, of_connection, submission, None)


async def _submit(
    request: AnyRequest,
    services: Services,
    company_id: UUID,
    connection_id: UUID,
    submission: Submission,
    fingerprint: bytes | None,
) -> Response[bytes]:
    is_rehearsal = boolean(parameters(request), "dryRun", False)
    async with services.pool.acquire() as db:
        # An address that leads nowhere uses up no key.
        connection = await _found(db, connections.get, company_id, connection_id)
        connector = _connector_of(connection, submission.data_type)
        if not is_rehearsal and not has_key(request):
            row = await submit_alone(db, services.views, connector, connection, submission)
            return answer(push_operation(row))
    if is_rehearsal:
        return await _rehearsed(services, connector, connection, submission)

    async def work(db: Db) -> Response[bytes]:
        row = await submit(db, services.views, connector, company_id, connection_id, submission)
        return answer(push_operation(row))

    return await in_transaction(services, request, work, fingerprint=fingerprint)


async def _rehearsed(
    services: Services, connector: Connector, connection: Connection, submission: Submission
) -> Response[bytes]:
    """What a write would come to, were it sent now: an addition to the contract (`dryRun=true`). Nothing is stored, no
    Idempotency-Key is used up."""
    async with services.pool.acquire() as db:
        prepared = await prepare(db, connector, connection, submission)
    if prepared.refusal is not None:
        return answer(rehearsed(connection, refused(prepared, datetime.now(UTC))))
    async with session_of(services, connection.company_id, connection.id, dry_run=True) as session:
        found = await rehearse(services.pool, session, connector, connection, submission, prepared)
    return answer(rehearsed(connection, found))


def _key(segment: str) -> str:
    """The data type's key, of its segment in addresses; what is unknown here is refused by the push room."""
    try:
        return catalog.by_path(segment).key
    except catalog.UnknownDataTypeError:
        return segment


async def _account(services: Services, company_id: UUID, connection_id: UUID, segment: str, account_id: str) -> str:
    """The bank account of the address: one that was read, or the key of a write that makes one. Raises CompanyNotFound,
    ApiError 404."""
    # The router enters a literal segment for good, so `bankAccounts` cannot stand in the address.
    if segment.casefold() != (BANK_TRANSACTIONS.parent or "").casefold():
        raise not_found(f"There is no data type '{segment[:ID_LENGTH_SHOWN]}' of bank transactions.", PUSH)
    wanted = record_id_of(account_id)
    async with services.pool.acquire() as db:
        await companies.get(db, company_id)
        await connections.get(db, company_id, connection_id)
        scope = Scope(company_id, BANK_TRANSACTIONS.parent or "", connection_id)
        named = await references.named_writes(db, company_id, connection_id, [wanted])
        if not named and await records.get_body(db, scope, wanted) is None:
            raise not_found(f"No bank account was found with ID {wanted[:ID_LENGTH_SHOWN]}", PUSH)
    return wanted


def _within(body: bytes, field: str, parent: str) -> bytes:
    """The body with the parent that the address names. Raises ApiError 400 when the body names another,
    MalformedBody."""
    content = parse(body)
    if content.setdefault(field, parent) != parent:
        raise ApiError(400, f"{field} differs from the one that the address names.", service=PUSH)
    return encode(content)


def _submission(
    request: AnyRequest,
    data_type: str,
    kind: Kind,
    record_id: str | None,
    *,
    body: bytes | None = None,
    file: File | None = None,
) -> Submission:
    """The write with what the query string says of it. Raises ApiError 400."""
    given = parameters(request)
    return Submission(
        data_type,
        kind,
        record_id=record_id,
        body=body,
        file=file,
        timeout_in_minutes=integer(given, "timeoutInMinutes", None, at_least=1, at_most=TIMEOUT_MAX_MINUTES),
        sync_on_complete=boolean(given, "allowSyncOnPushComplete", True),
        force_update=boolean(given, "forceUpdate", False),
    )


async def _connector(db: Db, company_id: UUID, connection_id: UUID, data_type: str) -> Connector:
    """The connector of the connection. Raises CompanyNotFound, ConnectionNotFound, NotSupported."""
    return _connector_of(await _found(db, connections.get, company_id, connection_id), data_type)


async def _found(
    db: Db, find: Callable[[Db, UUID, UUID], Awaitable[Connection]], company_id: UUID, connection_id: UUID
) -> Connection:
    """The connection, as one of the functions of `connections` finds it. Raises CompanyNotFound, ConnectionNotFound."""
    try:
        return await find(db, company_id, connection_id)
    except ConnectionNotFound:
        await companies.get(db, company_id)
        raise


def _connector_of(connection: Connection, data_type: str) -> Connector:
    found = registry.connector(connection.integration_key)
    if found is None:
        raise NotSupported(data_type[:100], connection.integration_key)
    return found


ROUTES: list[ControllerRouterHandler] = [
    get_options,
    get_bank_transaction_options,
    create_bank_transactions,
    create_record,
    update_record,
    delete_record,
    upload_attachment,
    upload_attachment_as_before,
    list_operations,
    get_operation,
    get_story,
]
