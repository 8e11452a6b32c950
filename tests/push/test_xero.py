"""The whole way to a real vendor's emulator: supplier, bill, file, payment, each with its answer lost."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bookbridge.companies.connections import Connection
from bookbridge.companies.credentials import Sealed
from bookbridge.companies.views import Views
from bookbridge.connectors import registry
from bookbridge.connectors.kit.connector import Operation
from bookbridge.connectors.kit.session import Access, File
from bookbridge.connectors.xero.session import XeroSession
from bookbridge.push.operations import PushOperation, Status
from bookbridge.push.run import Runner
from bookbridge.push.submit import Submission, submit
from tests.connectors.conftest import emulator_url, sandbox, vendor_http  # noqa: F401 - fixtures
from tests.connectors.sandbox import Sandbox
from tests.push.conftest import PATIENT, Desk

DAY = "2026-07-01T00:00:00"


class OneSession:
    """Opens sessions on one organisation of the emulator."""

    def __init__(self, access: Access) -> None:
        self._access = access

    @asynccontextmanager
    async def open(self, connection: Connection, just_read: Sealed | None = None) -> AsyncIterator[XeroSession]:
        yield XeroSession(self._access)


class XeroDesk(Desk):
    """A desk whose writes go to the emulator, with the accounts that a bill needs."""

    sandbox: Sandbox
    tenant: str
    expense_id: str
    bank_id: str

    async def submit_in(
        self, db: Any, data_type: str = "suppliers", body: Any = None, kind: Any = None, **more: Any
    ) -> PushOperation:
        connector = registry.connector(self.connection.integration_key)
        assert connector is not None
        encoded = None if body is None else json.dumps(body).encode()
        submission = Submission(data_type, kind or Operation.CREATE, body=encoded, **more)
        return await submit(db, self.views, connector, self.connection.company_id, self.connection.id, submission)

    async def carry_out(
        self, data_type: str, body: Any = None, kind: Operation = Operation.CREATE, **more: Any
    ) -> PushOperation:
        """Submit a write, lose its answer, and see it through."""
        operation = await self.submit(data_type, body, kind, **more)
        assert operation.status is Status.PENDING, operation.validation
        for method in ("PUT", "POST"):
            await self.sandbox.fault("drop_after", match={"method": method, "tenant": self.tenant})
        await self.work()
        await self.sandbox.clear_faults()
        return await self.get(operation.id)

    async def effects(self) -> dict[str, int]:
        counters = await self.sandbox.control("GET", "counters")
        found: dict[str, int] = counters["effects"].get(self.tenant, {})
        return found


@pytest.fixture
async def xero(
    pool: asyncpg.Pool,
    views: Views,
    connection: Connection,
    sandbox: Sandbox,  # noqa: F811
    tmp_path: Path,
) -> XeroDesk:
    tenant = await sandbox.add_organisation()
    access = await sandbox.access(tenant)
    connector = registry.connector(connection.integration_key)
    assert connector is not None
    runner = Runner(pool, OneSession(access), registry.connector, views, backoff=PATIENT)
    desk = XeroDesk(pool, views, connection, runner, [])
    desk.sandbox, desk.tenant = sandbox, tenant
    read = connector.read("chartOfAccounts")
    assert read is not None
    accounts = [
        one
        async for page in XeroSession(access).pages(read.sources[0], since=None, cursor=None)
        for one in page.payloads
    ]
    desk.expense_id = next(one.account_id for one in accounts if one.type == "OVERHEADS" and one.status == "ACTIVE")
    desk.bank_id = next(one.account_id for one in accounts if one.type == "BANK" and one.currency_code == "GBP")
    return desk


def bill(desk: XeroDesk, supplier_id: str) -> dict[str, Any]:
    return {
        "supplierRef": {"id": supplier_id},
        "reference": "INV-77",
        "issueDate": DAY,
        "dueDate": "2026-07-31T00:00:00",
        "status": "Open",
        "subTotal": 12,
        "taxAmount": 2.4,
        "totalAmount": 14.4,
        "lineItems": [
            {
                "description": "Paper",
                "quantity": 3,
                "unitAmount": 4,
                "taxAmount": 2.4,
                "subTotal": 12,
                "accountRef": {"id": desk.expense_id},
                "taxRateRef": {"id": "INPUT2"},
            }
        ],
    }


def payment(desk: XeroDesk, bill_id: str) -> dict[str, Any]:
    return {
        "date": DAY,
        "accountRef": {"id": desk.bank_id},
        "totalAmount": 14.4,
        "reference": "BACS",
        "lines": [{"amount": 14.4, "links": [{"type": "Bill", "id": bill_id, "amount": -14.4}]}],
    }


async def body_of(desk: XeroDesk, data_type: str, record_id: str | None) -> dict[str, Any]:
    text = await desk.pool.fetchval(
        "select body from records where data_type = $1 and record_id = $2", data_type, record_id
    )
    assert text is not None, f"the {data_type} that was written is not kept"
    found: dict[str, Any] = json.loads(text)
    return found


async def test_a_bill_is_paid_with_every_answer_lost(xero: XeroDesk) -> None:
    before = await xero.effects()
    name = 'Quote "Me" & Sons'
    supplier = await xero.carry_out("suppliers", {"supplierName": name, "status": "Active"})
    assert (supplier.status, supplier.runs) == (Status.SUCCESS, 2)
    assert (await body_of(xero, "suppliers", supplier.result_record_id))["supplierName"] == name

    written = await xero.carry_out("bills", bill(xero, str(supplier.result_record_id)))
    assert written.status is Status.SUCCESS, written.error_message
    assert (await body_of(xero, "bills", written.result_record_id))["amountDue"] == 14.4

    scan = File("scan.pdf", "application/pdf", b"%PDF-1.4 scan")
    attached = await xero.carry_out(
        "bills", kind=Operation.UPLOAD_ATTACHMENT, record_id=written.result_record_id, file=scan
    )
    assert (attached.status, attached.attachment_id is not None) == (Status.SUCCESS, True)

    paid = await xero.carry_out("billPayments", payment(xero, str(written.result_record_id)))
    assert paid.status is Status.SUCCESS, paid.error_message
    assert (await body_of(xero, "billPayments", paid.result_record_id))["totalAmount"] == 14.4
    assert (await body_of(xero, "bills", written.result_record_id))["status"] == "Paid"

    after = await xero.effects()
    added = {key: count - before.get(key, 0) for key, count in after.items() if count != before.get(key, 0)}
    assert sorted(added.values()) == [1, 1, 1, 1], added


async def test_the_vendors_refusal_names_the_field_of_the_contract(xero: XeroDesk) -> None:
    body = bill(xero, "00000000-0000-0000-0000-000000000000")
    operation = await xero.submit("bills", body)
    await xero.work()
    failed = await xero.get(operation.id)
    assert failed.status is Status.FAILED
    assert failed.validation is not None
    assert failed.validation.errors, failed.error_message
