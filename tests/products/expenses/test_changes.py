"""Changing what was written: what stays, what may be changed, and which of several changes is the last."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any
from uuid import uuid4

from bookbridge import app as composition
from bookbridge.products.expenses.accept import SYNC_TASK
from tests.api.conftest import Api
from tests.connectors.sandbox import Sandbox
from tests.products.bill_pay.conftest import SANDBOX, XERO
from tests.products.expenses.conftest import DAY, Expenses, linked, working
from tests.products.expenses.syncing_process import work_off


def change(expenses: Expenses, **more: Any) -> dict[str, Any]:
    """A change as the contract forms it: it names neither an id nor a reference."""
    content = expenses.spending(**more)
    del content["id"], content["reference"]
    return content


async def test_the_reference_stays(expenses: Expenses) -> None:
    sent = expenses.spending()
    [before] = await expenses.written(sent)
    path = f"/expense-transactions/{sent['id']}"
    started = await expenses.done("PUT", path, change(expenses, lines=[expenses.line(net=7, tax=None)]), status=202)
    status, rows = await expenses.synced(started["syncId"])
    assert status["syncStatusCode"] == 2000, rows
    after = await expenses.record(rows[sent["id"]]["message"])
    assert (after["id"], after["totalAmount"]) == (before["id"], 7)
    assert after["reference"] == before["reference"] == sent["reference"]


async def test_everything_that_may_be_changed_is(expenses: Expenses) -> None:
    """Amounts, tax, the bank account, what lines are counted under, and the words."""
    sent = expenses.spending()
    await expenses.written(sent)
    leaf = next(one["id"] for one in expenses.options["trackingCategories"] if not one["hasChildren"])
    line = {**expenses.line(net=10, tax=None), "trackingRefs": [{"id": leaf}]}
    content = change(expenses, lines=[line], notes="corrected", bankAccountRef={"id": expenses.bank(1)})
    started = await expenses.done("PUT", f"/expense-transactions/{sent['id']}", content, status=202)
    status, rows = await expenses.synced(started["syncId"])
    assert status["syncStatusCode"] == 2000, rows
    after = await expenses.record(rows[sent["id"]]["message"])
    assert (after["subTotal"], after["taxAmount"], after["totalAmount"]) == (10, 0, 10)
    assert after["paymentAllocations"][0]["payment"]["accountRef"]["id"] == expenses.bank(1)
    [kept] = after["lineItems"]
    assert [ref["id"] for ref in kept["trackingCategoryRefs"]] == [leaf]
    assert kept["description"] == "Corner Cafe - corrected"


async def test_not_before_it_is_written(api: Api, sandbox: Sandbox, dsn: str) -> None:
    async with working(api, dsn):
        own = await linked(api, sandbox, SANDBOX)
        await own.configure()
    sent = own.spending()
    started = await own.done("POST", "/expense-transactions", [sent])
    path = f"/expense-transactions/{sent['id']}"
    told = await own.refused("PUT", path, change(own), 422)
    assert "still on its way" in told[""]
    await work_off(api.rooms, own.connection)
    await own.synced(started["syncId"])
    started = await own.done("PUT", path, change(own, lines=[own.line(net=3, tax=None)]), status=202)
    await work_off(api.rooms, own.connection)
    _, rows = await own.synced(started["syncId"])
    assert (await own.record(rows[sent["id"]]["message"]))["totalAmount"] == 3


async def test_the_last_change_that_was_sent_is_the_last_that_is_written(api: Api, sandbox: Sandbox, dsn: str) -> None:
    """Jobs come in any order; here the later change's comes first."""
    async with working(api, dsn):
        own = await linked(api, sandbox, SANDBOX)
        await own.configure()
        sent, other = own.spending(), own.spending()
        await own.written(sent, other)
    path = f"/expense-transactions/{sent['id']}"
    first, second = [
        (await own.done("PUT", path, change(own, lines=[own.line(net=net, tax=None)]), status=202))["syncId"]
        for net in (1, 2)
    ]
    books, _ = composition.handlers(api.rooms)
    assert await books[SYNC_TASK](f"{own.company}:{second}") is not None, "it waits for the first"
    assert (await own.done("GET", f"/syncs/{second}/status"))["syncStatus"] == "NotStarted"
    elsewhere = await own.done("PUT", f"/expense-transactions/{other['id']}", change(own), status=202)
    assert await books[SYNC_TASK](f"{own.company}:{elsewhere['syncId']}") is None, "nothing else does"
    await work_off(api.rooms, own.connection)
    for sync in (first, second):
        status, rows = await own.synced(sync)
        assert status["syncStatusCode"] == 2000
    assert (await own.record(rows[sent["id"]]["message"]))["totalAmount"] == 2


async def test_changes_sent_at_once_all_end(expenses: Expenses) -> None:
    """Nobody can say which of them is the last, but what is written is one of them, whole."""
    sent = expenses.spending()
    [before] = await expenses.written(sent)
    path = f"/expense-transactions/{sent['id']}"
    bodies = [change(expenses, lines=[expenses.line(net=net, tax=None)] * net) for net in (1, 2, 3, 4)]
    started = await asyncio.gather(*(expenses.done("PUT", path, body, status=202) for body in bodies))
    for one in started:
        status, rows = await expenses.synced(one["syncId"])
        assert status["syncStatusCode"] == 2000, rows
    after = await expenses.record(rows[sent["id"]]["message"])
    assert after["id"] == before["id"]
    assert Decimal(str(after["totalAmount"])) == len(after["lineItems"]) ** 2


async def test_what_is_no_payment_stays(expenses: Expenses) -> None:
    for kind in ("Refund", "Reward", "Chargeback"):
        sent = expenses.spending(kind)
        await expenses.written(sent)
        told = await expenses.refused("PUT", f"/expense-transactions/{sent['id']}", change(expenses), 422)
        assert kind in told[""]


async def test_kinds_are_changed_where_they_belong(expenses: Expenses) -> None:
    """An id of one kind is unknown to the address of another; a platform that takes no reimbursements says so."""
    sent = expenses.spending()
    await expenses.written(sent)
    content = {
        "contactRef": {"id": expenses.supplier},
        "issueDate": DAY,
        "dueDate": DAY,
        "currency": "GBP",
        "lines": [expenses.line()],
    }
    path = f"/reimbursable-expense-transactions/{sent['id']}"
    if expenses.platform == XERO:
        assert "does not support reimbursable" in (await expenses.refused("PUT", path, content, 400))[""]
    else:
        await expenses.refused("PUT", path, content, 404)
    await expenses.refused("PUT", f"/expense-transactions/{uuid4()}", change(expenses), 404)
