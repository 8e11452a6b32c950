"""Bill Pay, writing: bills, suppliers, bank accounts, payments and files, answered when the ledger has them.

A body that breaks the contract's rules is refused before its Idempotency-Key is used up. The rest is one way for all:
check against the ledger, submit, wait (`awaited`), and answer with the record as the ledger gave it back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from litestar import Response, post, put
from litestar.types import ControllerRouterHandler

from bookbridge.accounting.attachments import Attachment
from bookbridge.accounting.catalog import by_key
from bookbridge.api.awaited import AwaitedWrite, carried_out
from bookbridge.api.bodies import AnyRequest, answer, decoded
from bookbridge.api.errors import PUSH, ApiError
from bookbridge.api.parameters import company_id_of, connection_id_of, record_id_of
from bookbridge.api.payables import ATTACHMENTS, BASE, asked
from bookbridge.api.services import Given, Services
from bookbridge.api.uploads import UPLOAD_SIZE_MAX_BYTES, upload_of
from bookbridge.companies import companies, connections
from bookbridge.companies.sessions import connector_of
from bookbridge.connectors.integrations import integration
from bookbridge.connectors.kit.connector import Connector
from bookbridge.connectors.kit.errors import VendorError
from bookbridge.products.bill_pay import checks, shapes, writing
from bookbridge.products.bill_pay.checks import Invalid
from bookbridge.products.bill_pay.fields import field_sent
from bookbridge.products.bill_pay.ledger import Ledger
from bookbridge.products.bill_pay.prototypes import (
    BankAccountPrototype,
    BillPaymentPrototype,
    BillPrototype,
    SupplierPrototype,
)
from bookbridge.push.errors import NotSupported
from bookbridge.push.operations import PushOperation
from bookbridge.push.submit import Submission
from bookbridge.store import records
from bookbridge.store.records import Scope

CREATED: Final = 201
UPDATED: Final = 200


@post(BASE + "/bills", status_code=CREATED)
async def create_bill(request: AnyRequest, company_id: str, connection_id: str, services: Given) -> Response[bytes]:
    """Create a bill in the ledger."""
    given = await _given(request, BillPrototype, checks.check_bill)
    write = _Write(services, company_id, connection_id, "bills", shapes.bill, CREATED)
    return await write.carried_out(request, lambda ledger: writing.new_bill(ledger, given))


@put(BASE + "/bills/{bill_id:str}")
async def update_bill(
    request: AnyRequest, company_id: str, connection_id: str, bill_id: str, services: Given
) -> Response[bytes]:
    """Replace a bill of which nothing has been paid, with all of its lines."""
    given = await _given(request, BillPrototype, checks.check_bill)
    write = _Write(services, company_id, connection_id, "bills", shapes.bill, UPDATED)
    wanted = record_id_of(bill_id)
    return await write.carried_out(request, lambda ledger: writing.changed_bill(ledger, wanted, given))


@post(BASE + "/bills/{bill_id:str}/payment", status_code=CREATED)
async def pay_bill(
    request: AnyRequest, company_id: str, connection_id: str, bill_id: str, services: Given
) -> Response[bytes]:
    """Pay a bill, in full or in part."""
    given = await _given(request, BillPaymentPrototype, checks.check_payment)
    write = _Write(services, company_id, connection_id, "billPayments", shapes.bill_payment, CREATED)
    wanted = record_id_of(bill_id)
    return await write.carried_out(request, lambda ledger: writing.payment(ledger, wanted, given))


@post(BASE + "/suppliers", status_code=CREATED)
async def create_supplier(request: AnyRequest, company_id: str, connection_id: str, services: Given) -> Response[bytes]:
    """Create a supplier in the ledger."""
    given = await _given(request, SupplierPrototype, lambda one: checks.check_supplier(one, is_new=True))
    write = _Write(services, company_id, connection_id, "suppliers", shapes.supplier, CREATED)
    return await write.carried_out(request, lambda ledger: writing.new_supplier(ledger, given))


@put(BASE + "/suppliers/{supplier_id:str}")
async def update_supplier(
    request: AnyRequest, company_id: str, connection_id: str, supplier_id: str, services: Given
) -> Response[bytes]:
    """Replace a supplier: what is left out is cleared."""
    given = await _given(request, SupplierPrototype, lambda one: checks.check_supplier(one, is_new=False))
    write = _Write(services, company_id, connection_id, "suppliers", shapes.supplier, UPDATED)
    wanted = record_id_of(supplier_id)
    return await write.carried_out(request, lambda ledger: writing.changed_supplier(ledger, wanted, given))


@post(BASE + "/bankAccounts", status_code=CREATED)
async def create_bank_account(
    request: AnyRequest, company_id: str, connection_id: str, services: Given
) -> Response[bytes]:
    """Open a bank or card account in the ledger."""
    given = await _given(request, BankAccountPrototype, checks.check_bank_account)
    write = _Write(services, company_id, connection_id, "bankAccounts", shapes.bank_account, CREATED)
    return await write.carried_out(request, lambda ledger: writing.new_bank_account(ledger, given))


@post(ATTACHMENTS, status_code=CREATED, request_max_body_size=UPLOAD_SIZE_MAX_BYTES)
async def upload_payable_attachment(
    request: AnyRequest, company_id: str, connection_id: str, bill_id: str, services: Given
) -> Response[bytes]:
    """Attach a file to a bill: the first part of the form that is a file, whatever its name."""
    of_company, of_connection, wanted = (
        company_id_of(company_id),
        connection_id_of(connection_id),
        record_id_of(bill_id),
    )
    async with services.pool.acquire() as db:
        await companies.get(db, of_company)
        connector = connector_of(await connections.get(db, of_company, of_connection))
    rule = connector.attachment_rule("bills")
    if rule is None:
        raise NotSupported("bills", connector.key)
    sent = await upload_of(request, rule)
    file = sent.file

    async def prepared() -> tuple[Connector, Submission]:
        async with ledger_of(services, company_id, connection_id) as ledger:
            return connector, await writing.attachment(ledger, wanted, file)

    async def answered(ended: PushOperation) -> Response[bytes]:
        with suppress(VendorError, ApiError):
            async with asked(services, company_id, connection_id) as session:
                for attachment in await session.attachments("bills", wanted):
                    if attachment.id == ended.attachment_id:
                        return answer(attachment, CREATED)
        # The ledger does not list it now, or lists it late, or somebody took it away: it is there all the same, or was.
        return answer(Attachment(id=ended.attachment_id, name=file.name, content_type=file.content_type), CREATED)

    write = AwaitedWrite(of_company, of_connection, prepared, answered)
    return await carried_out(services, request, write, fingerprint=sent.fingerprint)


async def _given(request: AnyRequest, kind: type[Any], check: Callable[[Any], None]) -> Any:
    """The body, by the contract's rules. Raises ApiError 400."""
    given = await decoded(request, kind)
    try:
        check(given)
    except Invalid as error:
        raise refused(error) from error
    return given


@asynccontextmanager
async def ledger_of(services: Services, company_id: str, connection_id: str) -> AsyncIterator[Ledger]:
    """The connection's ledger, for as long as a request may wait. Raises ApiError, ConnectionNotFound, VendorError."""
    async with asked(services, company_id, connection_id) as session:
        async with services.pool.acquire() as db:
            connection = await connections.get(db, company_id_of(company_id), connection_id_of(connection_id))
        platform = integration(connection.integration_key)
        name = platform.name if platform is not None else connection.integration_key
        yield Ledger(services.pool, connection, connector_of(connection), name, session)


def refused(error: Invalid) -> ApiError:
    """The contract's error for content that is wrong."""
    return ApiError(400, error.message, service=PUSH, fields=[(fault.field, fault.message) for fault in error.faults])


@dataclass(frozen=True)
class _Write:
    """What is the same for all writes of records."""

    services: Services
    company: str
    connection: str
    data_type: str
    shape: Callable[[Any], Any]
    status: int

    async def carried_out(
        self, request: AnyRequest, prepare: Callable[[Ledger], Awaitable[Submission]]
    ) -> Response[bytes]:
        """Check, submit, wait, answer."""

        async def prepared() -> tuple[Connector, Submission]:
            async with ledger_of(self.services, self.company, self.connection) as ledger:
                try:
                    return ledger.connector, await prepare(ledger)
                except Invalid as error:
                    raise refused(error) from error

        of_company, of_connection = company_id_of(self.company), connection_id_of(self.connection)
        called = partial(field_sent, self.data_type)
        return await carried_out(
            self.services, request, AwaitedWrite(of_company, of_connection, prepared, self._answer, called)
        )

    async def _answer(self, ended: PushOperation) -> Response[bytes]:
        """The record as the ledger gave it back, which was stored with the outcome."""
        data_type = by_key(self.data_type)
        record_id = ended.result_record_id or ""
        scope = Scope(ended.company_id, data_type.key, ended.connection_id)
        body = await records.get_body(self.services.pool, scope, record_id)
        if body is not None:
            return answer(self.shape(data_type.decode(body)), self.status)
        async with ledger_of(self.services, self.company, self.connection) as ledger:
            return answer(self.shape(await ledger.record(data_type.key, record_id, data_type.record)), self.status)


ROUTES: list[ControllerRouterHandler] = [
    create_bill,
    update_bill,
    pay_bill,
    create_supplier,
    update_supplier,
    create_bank_account,
    upload_payable_attachment,
]
