"""The whole way to our own ledger: everything that it takes, and the payments that settle, in one go by their keys."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx2
import msgspec
import pytest

from bookbridge.companies.connections import Connection
from bookbridge.companies.credentials import Sealed
from bookbridge.companies.views import Views
from bookbridge.connectors.kit import http
from bookbridge.connectors.kit.connector import Operation
from bookbridge.connectors.kit.session import Access
from bookbridge.connectors.sandbox.manifest import CONNECTOR
from bookbridge.connectors.sandbox.session import SandboxSession
from bookbridge.push.operations import ChangeType, PushOperation, Status
from bookbridge.push.run import Runner
from bookbridge.push.submit import Submission, submit
from tests.connectors.golden import WriteSample
from tests.connectors.own_ledger import serving
from tests.push.conftest import PATIENT, Desk

DAY = "2026-11-18T00:00:00"
LATER = "2026-12-18T00:00:00"
WRITTEN = sorted({row.data_type.key for row in CONNECTOR.writes})
SETTLING = {"billPayments", "payments"}
"""Their samples settle documents that are paid by now: they have tests of their own."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


class OneBook:
    """Opens sessions on one book of the ledger."""

    def __init__(self, access: Access) -> None:
        self._access = access

    @asynccontextmanager
    async def open(self, connection: Connection, just_read: Sealed | None = None) -> AsyncIterator[SandboxSession]:
        yield SandboxSession(self._access)


class LedgerDesk(Desk):
    """A desk whose writes go to our own ledger."""

    accounts: dict[str, str]
    """Ids of accounts by their codes."""
    bank: str
    rate: str

    async def submit_in(
        self, db: Any, data_type: str = "suppliers", body: Any = None, kind: Any = None, **more: Any
    ) -> PushOperation:
        encoded = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        submission = Submission(data_type, kind or Operation.CREATE, body=encoded, **more)
        return await submit(db, self.views, CONNECTOR, self.connection.company_id, self.connection.id, submission)

    async def done(self, operation: PushOperation) -> PushOperation:
        """The operation after everything that was submitted has been carried out; it must have ended well."""
        assert operation.status is Status.PENDING, operation.validation
        await self.work()
        ended = await self.get(operation.id)
        assert ended.status is Status.SUCCESS, (ended.error_message, ended.validation)
        return ended

    async def held(self, data_type: str, record_id: str | None) -> dict[str, Any]:
        text = await self.pool.fetchval(
            "select body from records where data_type = $1 and record_id = $2", data_type, record_id
        )
        found: dict[str, Any] = json.loads(text)
        return found

    def bill(self, supplier: str, total: int = 120) -> dict[str, Any]:
        net, tax = total * 5 // 6, total // 6
        line = {"description": "Paper", "quantity": 1, "unitAmount": net, "accountRef": {"id": self.accounts["5000"]}}
        line |= {"taxRateRef": {"id": self.rate}, "taxAmount": tax}
        sums = {"subTotal": net, "taxAmount": tax, "totalAmount": total}
        dates = {"issueDate": DAY, "dueDate": LATER}
        return {"supplierRef": {"id": supplier}, "status": "Open", "lineItems": [line], **sums, **dates}

    def credit(self, supplier: str, total: int = 120) -> dict[str, Any]:
        body = self.bill(supplier, total)
        rest = {"totalTaxAmount": body.pop("taxAmount"), "totalDiscount": 0, "discountPercentage": 0}
        del body["dueDate"]
        return {**body, **rest, "status": "Submitted"}

    def payment(self, *lines: dict[str, Any]) -> dict[str, Any]:
        total = sum(line["amount"] for line in lines)
        return {"date": DAY, "accountRef": {"id": self.bank}, "totalAmount": total, "lines": list(lines)}


def paying(amount: int, *links: tuple[str, str, int]) -> dict[str, Any]:
    return {"amount": amount, "links": [{"type": word, "id": of, "amount": by} for word, of, by in links]}


@pytest.fixture
async def desk(pool: asyncpg.Pool, views: Views, connection: Connection) -> AsyncIterator[LedgerDesk]:
    async with serving() as ledger, http.client() as client:
        await pool.execute("update connections set integration_key = $1", CONNECTOR.key)
        access = await ledger.access(client)
        runner = Runner(pool, OneBook(access), {CONNECTOR.key: CONNECTOR}.get, views, backoff=PATIENT)
        found = LedgerDesk(pool, views, connection, runner, [])
        found.accounts = {one["nominalCode"]: one["id"] for one in await listed(client, access, "chartOfAccounts")}
        found.bank = (await listed(client, access, "bankAccounts"))[0]["id"]
        rates = await listed(client, access, "taxRates")
        found.rate = next(one["id"] for one in rates if one["effectiveTaxRate"] == 20)
        yield found


async def listed(client: httpx2.AsyncClient, access: Access, kind: str) -> list[dict[str, Any]]:
    read = CONNECTOR.read(kind)
    assert read is not None
    session = SandboxSession(access)
    return [
        {**json.loads(raw)["record"], "id": json.loads(raw)["id"]}
        async for page in session.pages(read.sources[0], since=None, cursor=None)
        for raw in page.raws
    ]


@pytest.mark.parametrize("key", [key for key in WRITTEN if key not in SETTLING])
async def test_every_type_is_created_changed_and_deleted(desk: LedgerDesk, key: str) -> None:
    create = CONNECTOR.write(key, Operation.CREATE)
    assert create is not None
    body = _encode(WriteSample(CONNECTOR, create).records()[0])
    made = await desk.done(await desk.submit(key, body))
    assert made.changes[0].type is ChangeType.CREATED
    assert made.changes[0].record_ref.data_type == key
    assert await desk.held(key, made.result_record_id)
    update = CONNECTOR.write(key, Operation.UPDATE)
    if update is not None:
        changed = _encode(WriteSample(CONNECTOR, update).records()[0])
        ended = await desk.done(await desk.submit(key, changed, Operation.UPDATE, record_id=made.result_record_id))
        assert ended.changes[0].type is ChangeType.MODIFIED
        # Unchanged since: what we wrote is what we have read.
        await desk.done(await desk.submit(key, changed, Operation.UPDATE, record_id=made.result_record_id))
    if CONNECTOR.write(key, Operation.DELETE) is not None:
        ended = await desk.done(await desk.submit(key, None, Operation.DELETE, record_id=made.result_record_id))
        assert ended.changes[0].type is ChangeType.DELETED
        assert (await desk.held(key, made.result_record_id))["metadata"]["isDeleted"] is True


async def test_supplier_bill_and_payment_in_one_go_by_their_keys(desk: LedgerDesk) -> None:
    who = await desk.submit("suppliers", {"supplierName": "Papers Ltd", "status": "Active"})
    what = await desk.submit("bills", desk.bill(str(who.id)))
    paid = await desk.submit("billPayments", desk.payment(paying(120, ("Bill", str(what.id), -120))))
    ended = await desk.done(paid)
    bill = await desk.held("bills", (await desk.get(what.id)).result_record_id)
    assert (bill["status"], bill["amountDue"]) == ("Paid", 0)
    assert bill["supplierRef"]["id"] == (await desk.get(who.id)).result_record_id
    # The payment, and what moved on the bank account with it.
    assert [one.record_ref.data_type for one in ended.changes] == ["billPayments", "accountTransactions"]
    gone = await desk.done(await desk.submit("billPayments", None, Operation.DELETE, record_id=str(paid.id)))
    assert [one.type for one in gone.changes] == [ChangeType.DELETED, ChangeType.DELETED]
    assert (await desk.held("bills", bill["id"]))["status"] == "Open"


async def test_each_case_of_a_payment(desk: LedgerDesk) -> None:
    supplier = (await desk.done(await desk.submit("suppliers", {"supplierName": "P", "status": "Active"}))).id
    bills = [str((await desk.submit("bills", desk.bill(str(supplier)))).id) for _ in range(4)]
    note = str((await desk.submit("billCreditNotes", desk.credit(str(supplier), 60))).id)

    async def pay(*lines: dict[str, Any]) -> PushOperation:
        return await desk.done(await desk.submit("billPayments", desk.payment(*lines)))

    async def due(bill: str) -> float:
        found = (await desk.held("bills", await desk.pool.fetchval(MADE, bill)))["amountDue"]
        assert isinstance(found, int | float)
        return found

    await pay(paying(20, ("Bill", bills[0], -20)))  # a part
    assert await due(bills[0]) == 100
    await pay(paying(100, ("Bill", bills[0], -100)), paying(120, ("Bill", bills[1], -120)))  # several, split known
    await pay(paying(70, ("Bill", bills[2], -60), ("Bill", bills[3], -10)))  # several, in one line
    assert [await due(bill) for bill in bills] == [0, 0, 60, 110]
    await pay(paying(0, ("Bill", bills[2], -20), ("CreditNote", note, 20)))  # by a credit note
    await pay(paying(30, ("Bill", bills[2], -40), ("CreditNote", note, 10)))  # by both
    assert await due(bills[2]) == 0
    await pay(paying(-30, ("CreditNote", note, 30)))  # the rest of it comes back
    ahead = await pay(paying(110, ("Bill", bills[3], -110)), paying(50, ("PaymentOnAccount", str(supplier), -50)))
    back = await pay(paying(-50, ("BillPayment", str(ahead.id), 50)))
    assert (await desk.held("billPayments", back.result_record_id))["totalAmount"] == -50
    lines = (await desk.held("billPayments", ahead.result_record_id))["lines"]
    assert [one["links"][0]["type"] for one in lines] == ["Bill", "Refund"]
    refused = await desk.submit("billPayments", desk.payment(paying(1, ("Bill", bills[3], -1))))
    await desk.work()
    ended = await desk.get(refused.id)
    assert ended.status is Status.FAILED
    assert ended.validation is not None
    assert [(one.item_id, one.message) for one in ended.validation.errors] == [
        ("lines.links.amount", "Only 0.00 is due.")
    ]


MADE = "select result_record_id from push_operations where id = $1::text::uuid"


async def test_lines_of_a_statement_are_written_at_once_and_named_each(desk: LedgerDesk) -> None:
    lines = [{"amount": 12.5, "date": DAY, "description": "Interest"}, {"id": "feed-7", "amount": -1, "date": DAY}]
    made = await desk.done(await desk.submit("bankTransactions", {"accountId": desk.bank, "transactions": lines}))
    assert [one.record_ref.data_type for one in made.changes] == ["bankTransactions"] * 2
    assert made.changes[1].record_ref.id == "feed-7"
    assert (await desk.held("bankTransactions", made.changes[0].record_ref.id))["amount"] == 12.5
    twice = await desk.submit("bankTransactions", {"accountId": desk.bank, "transactions": [lines[1], lines[1]]})
    assert twice.validation is not None
    assert [one.item_id for one in twice.validation.errors] == ["transactions[1].id"]
    again = await desk.submit("bankTransactions", {"accountId": desk.bank, "transactions": [lines[1]]})
    await desk.work()
    ended = await desk.get(again.id)
    assert ended.status is Status.FAILED
    assert ended.validation is not None
    assert [one.item_id for one in ended.validation.errors] == ["transactions[0].id"]
