"""Every operation of the contract's two Expenses files, asked of a running server, over both ledgers.

Each operation is asked three times: as it is meant, without a good key, and about what does not exist.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from tests.connectors.conftest import emulator_url, sandbox, vendor_http
from tests.contract.asking import every, refused, with_bodies
from tests.contract.documents import Document, Operation
from tests.products.bill_pay.conftest import XERO
from tests.products.expenses.conftest import DAY, Expenses, api, expenses, ledger, patience_s, worker
from tests.waiting import until

__all__ = ["api", "emulator_url", "expenses", "ledger", "patience_s", "sandbox", "vendor_http", "worker"]

COUNTS = {"sync-expenses": 48, "expenses": 14}
COMPANY = "/companies/{companyId}"
CONNECTION = COMPANY + "/connections/{connectionId}"
PUSH = CONNECTION + "/push"
BASE = COMPANY + "/sync/expenses"
SPENDING = BASE + "/expense-transactions"
REIMBURSABLE = BASE + "/reimbursable-expense-transactions"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)

UPLOAD = ("post", BASE + "/syncs/{syncId}/transactions/{transactionId}/attachments")
NOT_TAKEN = {XERO: {("post", REIMBURSABLE): 400, ("put", REIMBURSABLE + "/{transactionId}"): 400}}
"""What a platform does not take, and how that is told."""

DESTRUCTIVE = {("patch", CONNECTION), ("delete", CONNECTION), ("delete", COMPANY)}


@dataclass
class World:
    """Ids of what there is."""

    of: Expenses
    ids: dict[str, str] = field(default_factory=dict)
    category: str = ""
    reimbursed: str = ""
    dataset: str = ""


def contact(name: str) -> dict[str, Any]:
    return {name: f"Contract {uuid4().hex[:10]}", "status": "Active"}


def spending(world: World) -> dict[str, Any]:
    one = world.of.spending(notes="all of it", contactRef={"id": world.of.supplier, "type": "Supplier"})
    leaf = next(row["id"] for row in world.of.options["trackingCategories"] if not row["hasChildren"])
    one["lines"] = [world.of.line(trackingRefs=[{"id": leaf, "dataType": "trackingCategories"}])]
    return one


def older_spending(world: World) -> dict[str, Any]:
    one = world.of.spending()
    del one["bankAccountRef"], one["reference"]
    return one


def changed(world: World) -> dict[str, Any]:
    return {name: value for name, value in spending(world).items() if name not in ("id", "reference")}


def reimbursement(world: World, **more: Any) -> dict[str, Any]:
    return {
        "contactRef": {"id": world.of.supplier},
        "issueDate": DAY,
        "dueDate": "2026-12-02",
        "currency": "GBP",
        "reference": f"E-{uuid4().hex[:6]}",
        "lines": [world.of.line(net=20, tax=4, description="Taxi")],
        **more,
    }


def adjustment(world: World) -> dict[str, Any]:
    accounts = [one["id"] for one in world.of.options["accounts"] if "adjustment-transactions" in one["validFor"]]
    lines = [{"amount": sign * 5, "accountRef": {"id": one}} for sign, one in zip((1, -1), accounts, strict=False)]
    return {"id": str(uuid4()), "date": DAY, "currency": "GBP", "reference": "Year end", "lines": lines}


def transfer(world: World) -> dict[str, Any]:
    sides = [{"accountRef": {"id": world.of.bank(place)}, "amount": 5} for place in (0, 1)]
    return {"description": "Top-up", "date": DAY, "from": sides[0], "to": sides[1]}


def account(world: World) -> dict[str, Any]:
    code = uuid4().hex[:6]
    named = {"nominalCode": code, "name": f"Account {code}", "type": "Expense", "status": "Active"}
    return {**named, "fullyQualifiedCategory": world.category}


def bank_account(world: World) -> dict[str, Any]:
    del world
    numbers = {"accountNumber": uuid4().hex[:8], "nominalCode": uuid4().hex[:6]}
    return {"accountName": f"Account {uuid4().hex[:8]}", "accountType": "Debit", "currency": "GBP", **numbers}


BODIES: dict[tuple[str, str], Callable[[World], Any]] = {
    ("post", "/companies"): lambda world: {"name": "New"},
    ("put", COMPANY): lambda world: {"name": "Replaced"},
    ("patch", COMPANY): lambda world: {"name": "Changed"},
    ("post", COMPANY + "/connections"): lambda world: {"platformKey": "qhyg"},
    ("patch", CONNECTION): lambda world: {"status": "Unlinked"},
    ("post", BASE + "/config"): lambda world: {
        "bankAccount": {"id": world.of.bank()},
        "supplier": {"id": world.of.supplier},
        "customer": {"id": world.of.customer},
    },
    ("post", SPENDING): lambda world: [spending(world)],
    ("put", SPENDING + "/{transactionId}"): changed,
    ("put", BASE + "/transfer-transactions/{transactionId}"): transfer,
    ("post", BASE + "/adjustment-transactions"): lambda world: [adjustment(world)],
    ("post", REIMBURSABLE): lambda world: [reimbursement(world, id=str(uuid4()))],
    ("put", REIMBURSABLE + "/{transactionId}"): reimbursement,
    ("post", BASE + "/data/expense-transactions"): lambda world: {"items": [older_spending(world)]},
    ("post", BASE + "/syncs"): lambda world: {"datasetIds": [world.dataset]},
    ("post", PUSH + "/accounts"): account,
    ("post", PUSH + "/bankAccounts"): bank_account,
    ("post", PUSH + "/customers"): lambda world: contact("customerName"),
    ("put", PUSH + "/customers/{customerId}"): lambda world: contact("customerName"),
    ("post", PUSH + "/suppliers"): lambda world: contact("supplierName"),
    ("put", PUSH + "/suppliers/{supplierId}"): lambda world: contact("supplierName"),
}


async def _new_transfer(world: World) -> None:
    world.ids["transactionId"] = str(uuid4())


async def _reimbursed(world: World) -> None:
    world.ids["transactionId"] = world.reimbursed


PREPARATIONS: dict[tuple[str, str], Callable[[World], Awaitable[None]]] = {
    ("put", BASE + "/transfer-transactions/{transactionId}"): _new_transfer,
    ("put", REIMBURSABLE + "/{transactionId}"): _reimbursed,
}


@pytest.fixture
async def world(expenses: Expenses) -> World:
    """A company with its partner expense connection, of which one transaction was synced."""
    made = World(expenses)
    await expenses.done("POST", "/connections/partnerExpense")
    sent = spending(made)
    sync = (await expenses.done("POST", "/expense-transactions", [sent]))["syncId"]
    await expenses.synced(sync)
    if expenses.platform != XERO:
        pounds = (await expenses.data("suppliers", query="defaultCurrency=GBP&&status=Active"))[0]["id"]
        made.of.supplier = pounds
        made.reimbursed = str(uuid4())
        await expenses.written(reimbursement(made, id=made.reimbursed), path="/reimbursable-expense-transactions")
    made.reimbursed = made.reimbursed or str(uuid4())
    items = {"items": [older_spending(made)]}
    made.dataset = (await expenses.done("POST", "/data/expense-transactions", items))["datasetId"]
    made.category = next(
        one["fullyQualifiedCategory"] for one in expenses.options["accounts"] if one["id"] == expenses.account()
    )
    http, company = expenses.api.http, expenses.company
    history = (await http.get(f"/companies/{company}/data/history")).json()
    pushes = (await http.get(f"/companies/{company}/push")).json()
    made.ids = {
        "companyId": company,
        "connectionId": expenses.connection,
        "syncId": sync,
        "transactionId": sent["id"],
        "datasetId": history["results"][0]["id"],
        "pushOperationKey": pushes["results"][0]["pushOperationKey"],
        "supplierId": expenses.supplier,
        "customerId": expenses.customer,
        "dataType": "suppliers",
    }
    return made


async def asked(operation: Operation, world: World) -> list[str]:
    """The operation as it is meant; what it starts is seen through to its end."""
    key = (operation.method, operation.path)
    await _idle(world)
    before = dict(world.ids)
    if key in PREPARATIONS:
        await PREPARATIONS[key](world)
    ids, world.ids = world.ids, before
    if key in DESTRUCTIVE:
        ids["companyId"] = await world.of.api.company()
        ids["connectionId"] = await world.of.api.connection(ids["companyId"], world.of.platform)
    body = BODIES[key](world) if key in BODIES else None
    sent: dict[str, Any] = {"files": {"file": ("b.png", PNG)}} if key == UPLOAD else {"json": body}
    path = operation.path.format_map(ids)
    answer = await world.of.api.http.request(operation.method.upper(), path, **sent)
    problems = [f"request {problem}" for problem in (operation.request_problems(body) if body is not None else [])]
    wanted = NOT_TAKEN.get(world.of.platform, {}).get(key, operation.success)
    if answer.status_code != wanted:
        return [*problems, f"status {answer.status_code} instead of {wanted}: {answer.text[:300]}"]
    if "syncId" in answer.text and operation.method != "get":
        status, rows = await world.of.synced(answer.json()["syncId"])
        problems += [] if status["syncStatusCode"] == 2000 else [f"{status} {rows}"[:600]]
    return problems + operation.problems(answer.status_code, answer.content)


async def _idle(world: World) -> None:
    """Wait for all reads to end: what is being read cannot be queued again."""

    async def is_idle() -> bool:
        return not await world.of.api.pool.fetchval("select count(*) from datasets where completed is null")

    await until(is_idle)


async def unknown(operation: Operation, world: World) -> list[str]:
    """The operation about a company that does not exist."""
    if "{" not in operation.path or "404" not in operation.content["responses"]:
        return []
    key = (operation.method, operation.path)
    path = operation.path.format_map({**{name: str(uuid4()) for name in world.ids}, "dataType": "suppliers"})
    sent: dict[str, Any] = {"files": {"file": ("b.png", PNG)}} if key == UPLOAD else {}
    if key in BODIES:
        sent["json"] = BODIES[key](world)
    answer = await world.of.api.http.request(operation.method.upper(), path, **sent)
    if answer.status_code != 404:
        return [f"status {answer.status_code} for {path}: {answer.text[:200]}"]
    return operation.problems(404, answer.content)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", sorted(COUNTS))
async def test_every_operation(world: World, name: str) -> None:
    """Prints what is missing or not as the file says; there must be nothing."""

    async def ask(operation: Operation) -> list[str]:
        path = operation.path.format_map(world.ids)
        problems = await refused(operation, world.of.api.http, path) + await unknown(operation, world)
        return problems + await asked(operation, world)

    assert await every([name], ask) == COUNTS[name]


async def test_events_are_as_the_file_says(world: World) -> None:
    document = Document("sync-expenses")
    await world.of.sent(world.of.spending(), world.of.spending(currency="XXX"))
    rows = await world.of.api.pool.fetch("select body from webhook_messages where event_type like 'expenses.%'")
    assert len(rows) >= 2
    for row in rows:
        assert not document.problems(("components", "schemas", "ExpensesSyncWebhook"), json.loads(row["body"]))


def test_no_body_is_left_out() -> None:
    """Every operation that takes a body is asked with one, and the table holds no others."""
    assert with_bodies(COUNTS) == set(BODIES) | {UPLOAD}
