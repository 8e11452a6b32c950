"""Every operation of the contract's two Bill Pay files, asked of a running server, over both ledgers.

Each operation is asked three times: as it is meant, without a good key, and about what does not exist.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest

from bookbridge import jobs
from tests.connectors.conftest import emulator_url, sandbox, vendor_http
from tests.contract.asking import every, refused, with_bodies
from tests.contract.documents import Operation
from tests.products.bill_pay.conftest import SANDBOX, XERO, Payables, api, ledger, patience_s, payables, worker

__all__ = ["api", "emulator_url", "ledger", "patience_s", "payables", "sandbox", "vendor_http", "worker"]

NAMES = ("sync-payables", "sync-payables-v1")
COUNTS = {"sync-payables": 25, "sync-payables-v1": 63}
COMPANY = "/companies/{companyId}"
CONNECTION = COMPANY + "/connections/{connectionId}"
PAYABLES = CONNECTION + "/payables"
PUSH = CONNECTION + "/push"
DAY = "2026-06-15T00:00:00"
PDF = b"%PDF-1.4\ncontract"

NO_DELETED_FILES = "delete /push/bills/{billId}/attachments/{attachmentId}"
UNSUPPORTED = {
    XERO: {
        NO_DELETED_FILES,
        "get /options/journals",
        "post /push/journals",
        f"get {COMPANY}/data/journals",
        f"get {COMPANY}/data/paymentMethods",
    },
    SANDBOX: {NO_DELETED_FILES},
}
"""What a platform does not have, or the contract says of another one only."""

DESTRUCTIVE = {("patch", CONNECTION), ("delete", CONNECTION), ("delete", COMPANY)}
FILES = {("post", PAYABLES + "/bills/{billId}/attachments"), ("post", PUSH + "/bills/{billId}/attachments")}


@dataclass
class World:
    """Ids of what there is, and what else is needed to ask."""

    of: Payables
    ids: dict[str, str] = field(default_factory=dict)
    account: str = ""
    second_account: str = ""
    bank: str = ""
    rate: str = ""
    supplier: str = ""
    category: str = ""
    unsupported: list[str] = field(default_factory=list)
    """Operations that were answered with the contract's error for what the platform does not have."""

    async def get(self, path: str) -> Any:
        answer = await self.of.api.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()


def line(world: World) -> dict[str, Any]:
    return {
        "description": "Panes",
        "quantity": 4,
        "unitAmount": 12.5,
        "taxAmount": 10,
        "accountRef": {"id": world.account},
        "taxRateRef": {"id": world.rate},
    }


def bill(world: World, **more: Any) -> dict[str, Any]:
    return {
        "reference": f"C-{uuid4().hex[:10]}",
        "supplierRef": {"id": world.supplier},
        "issueDate": "2026-06-01T00:00:00",
        "dueDate": "2026-07-01T00:00:00",
        "currency": "GBP",
        "lineItems": [line(world)],
        "status": "Open",
        **more,
    }


def whole_bill(world: World) -> dict[str, Any]:
    whole = {**line(world), "subTotal": 50, "totalAmount": 60}
    return bill(world, lineItems=[whole], subTotal=50, taxAmount=10, totalAmount=60)


def credit_note(world: World) -> dict[str, Any]:
    whole = {**line(world), "subTotal": 50, "totalAmount": 60}
    return {
        "billCreditNoteNumber": f"N-{uuid4().hex[:10]}",
        "supplierRef": {"id": world.supplier},
        "issueDate": "2026-06-01T00:00:00",
        "status": "Submitted",
        "currency": "GBP",
        "lineItems": [whole],
        "subTotal": 50,
        "totalTaxAmount": 10,
        "totalAmount": 60,
        "discountPercentage": 0,
        "totalDiscount": 0,
        "remainingCredit": 60,
    }


def bill_payment(world: World) -> dict[str, Any]:
    links = [{"type": "Bill", "id": world.ids["billId"], "amount": -5}]
    return {
        "supplierRef": {"id": world.supplier},
        "accountRef": {"id": world.bank},
        "totalAmount": 5,
        "currency": "GBP",
        "date": DAY,
        "lines": [{"amount": 5, "links": links}],
    }


def journal_entry(world: World) -> dict[str, Any]:
    def leg(account: str, amount: int) -> dict[str, Any]:
        return {"description": "Move", "netAmount": amount, "currency": "GBP", "accountRef": {"id": account}}

    return {
        "postedOn": DAY,
        "description": "Correction",
        "journalLines": [leg(world.account, 10), leg(world.second_account, -10)],
    }


def supplier(world: World) -> dict[str, Any]:
    del world
    return {"supplierName": f"Contract {uuid4().hex[:10]}", "status": "Active"}


def bank_account(world: World) -> dict[str, Any]:
    del world
    return {
        "name": f"Account {uuid4().hex[:8]}",
        "accountType": "Debit",
        "accountNumber": uuid4().hex[:8],
        "nominalCode": uuid4().hex[:6],
        "currency": "GBP",
    }


def pushed_bank_account(world: World) -> dict[str, Any]:
    given = bank_account(world)
    given["accountName"] = given.pop("name")
    return given


def account(world: World) -> dict[str, Any]:
    code = uuid4().hex[:6]
    return {
        "nominalCode": code,
        "name": f"Account {code}",
        "type": "Expense",
        "status": "Active",
        "fullyQualifiedCategory": world.category,
    }


BODIES: dict[tuple[str, str], Callable[[World], Any]] = {
    ("post", "/companies"): lambda world: {"name": "New"},
    ("put", COMPANY): lambda world: {"name": "Replaced"},
    ("patch", COMPANY): lambda world: {"name": "Changed"},
    ("post", COMPANY + "/connections"): lambda world: {"platformKey": "qhyg"},
    ("patch", CONNECTION): lambda world: {"status": "Unlinked"},
    ("post", PAYABLES + "/bills"): bill,
    ("put", PAYABLES + "/bills/{billId}"): bill,
    ("post", PAYABLES + "/bills/{billId}/payment"): lambda world: {
        "amount": 5,
        "date": DAY,
        "accountRef": {"id": world.bank},
    },
    ("post", PAYABLES + "/suppliers"): supplier,
    ("put", PAYABLES + "/suppliers/{supplierId}"): supplier,
    ("post", PAYABLES + "/bankAccounts"): bank_account,
    ("post", PUSH + "/accounts"): account,
    ("post", PUSH + "/bankAccounts"): pushed_bank_account,
    ("post", PUSH + "/billCreditNotes"): credit_note,
    ("put", PUSH + "/billCreditNotes/{billCreditNoteId}"): credit_note,
    ("post", PUSH + "/billPayments"): bill_payment,
    ("post", PUSH + "/bills"): whole_bill,
    ("put", PUSH + "/bills/{billId}"): whole_bill,
    ("post", PUSH + "/journalEntries"): journal_entry,
    ("post", PUSH + "/journals"): lambda world: {"name": "Corrections", "journalCode": "COR"},
    ("post", PUSH + "/suppliers"): supplier,
    ("put", PUSH + "/suppliers/{supplierId}"): supplier,
}

ONLY_SOMETIMES = {"journalId": "journals", "paymentMethodId": "paymentMethods"}
"""Records of types that not every ledger has: asked for where it has them."""


@pytest.fixture
async def world(payables: Payables, worker: jobs.Worker) -> World:
    """Everything that an operation can be asked about, read and written once."""
    made = World(payables)
    options = await payables.get("/mappingOptions/bills")
    expenses = [one["id"] for one in options["accounts"] if one["type"] == "Expense"]
    made.account, made.second_account = expenses[:2]
    rates = [one["id"] for one in options["taxRates"] if one.get("effectiveTaxRate") == 20 and one["id"] != "OUTPUT2"]
    made.rate = rates[0]
    made.bank = await payables.bank()
    made.supplier = await payables.supplier()
    await payables.read_everything()
    company = payables.company
    booked = await made.get(f"/companies/{company}/data/accounts/{made.account}")
    made.category = booked["fullyQualifiedCategory"]
    history = await made.get(f"/companies/{company}/data/history?query=dataType=bills")
    await _ids(made, history["results"][0]["id"])
    return made


async def _ids(world: World, dataset: str) -> None:
    company, of = world.of.company, world.of
    world.ids = {"companyId": company, "connectionId": of.connection, "dataType": "suppliers", "datasetId": dataset}
    world.ids["supplierId"] = world.supplier
    await _fresh_bill(world)
    operation = await world.of.push("POST", "suppliers", supplier(world))
    world.ids["pushOperationKey"] = operation["pushOperationKey"]
    for name, path in {
        "accountId": "accounts",
        "billCreditNoteId": "billCreditNotes",
        "billPaymentId": "billPayments",
        "taxRateId": "taxRates",
        "trackingCategoryId": "trackingCategories",
        **ONLY_SOMETIMES,
    }.items():
        answer = await of.api.http.get(f"/companies/{company}/data/{path}?pageSize=1")
        found = answer.json().get("results", [])
        assert found or name in ONLY_SOMETIMES, path
        world.ids[name] = found[0]["id"] if found else ""


async def _fresh_bill(world: World) -> None:
    """A bill of which nothing was paid, with a file."""
    world.ids["billId"] = await world.of.pushed("POST", "bills", whole_bill(world))
    path = f"{world.of.base}/bills/{world.ids['billId']}/attachments"
    answer = await world.of.api.http.post(path, files={"file": ("a.pdf", PDF)})
    assert answer.status_code == 201, answer.text
    world.ids["attachmentId"] = answer.json()["id"]


PREPARATIONS: dict[tuple[str, str], Callable[[World], Awaitable[None]]] = {}
"""What must be so before an operation is asked."""


async def _credit_note(world: World) -> None:
    world.ids["billCreditNoteId"] = await world.of.pushed("POST", "billCreditNotes", credit_note(world))


async def _payment(world: World) -> None:
    await _fresh_bill(world)
    world.ids["billPaymentId"] = await world.of.pushed("POST", "billPayments", bill_payment(world))


async def _bill_without_a_file(world: World) -> None:
    """A file that is attached changes the bill in the ledger, and an update would have to overwrite that."""
    world.ids["billId"] = await world.of.pushed("POST", "bills", whole_bill(world))


PREPARATIONS.update(
    {
        ("post", COMPANY + "/data/queue/{dataType}"): lambda world: world.of.idle(),
        ("put", PAYABLES + "/bills/{billId}"): _fresh_bill,
        ("post", PAYABLES + "/bills/{billId}/payment"): _fresh_bill,
        ("put", PUSH + "/bills/{billId}"): _bill_without_a_file,
        ("delete", PUSH + "/bills/{billId}"): _fresh_bill,
        ("post", PUSH + "/billPayments"): _fresh_bill,
        ("get", CONNECTION + "/data/bills/{billId}/attachments"): _fresh_bill,
        ("put", PUSH + "/billCreditNotes/{billCreditNoteId}"): _credit_note,
        ("delete", PUSH + "/billPayments/{billPaymentId}"): _payment,
    }
)


async def asked(operation: Operation, world: World) -> list[str]:
    """The operation as it is meant; a write is seen through to its end."""
    key = (operation.method, operation.path)
    if key in PREPARATIONS:
        await PREPARATIONS[key](world)
    ids = dict(world.ids)
    if key in DESTRUCTIVE:
        ids["companyId"] = await world.of.api.company()
        ids["connectionId"] = await world.of.api.connection(ids["companyId"], world.of.platform)
    missing = [name for name in ONLY_SOMETIMES if f"{{{name}}}" in operation.path and not ids[name]]
    if missing:
        return []
    body = BODIES[key](world) if key in BODIES else None
    sent: dict[str, Any] = {"files": {"file": ("b.pdf", PDF)}} if key in FILES else {"json": body}
    path = operation.path.format_map(ids)
    answer = await world.of.api.http.request(operation.method.upper(), path, **sent)
    problems = [f"request {problem}" for problem in (operation.request_problems(body) if body is not None else [])]
    if _is_unsupported(answer):
        world.unsupported.append(f"{operation.method} {operation.path.rpartition(CONNECTION)[2]}")
        found = operation.problems(answer.status_code, answer.content)
        return [*problems, *found] if answer.status_code in (400, 404) else [*problems, f"status {answer.status_code}"]
    if answer.status_code != operation.success:
        return [*problems, f"status {answer.status_code} instead of {operation.success}: {answer.text[:300]}"]
    if "/push/" in operation.path and operation.method != "get":
        problems += await _ended(world, answer.json()["pushOperationKey"])
    if "octet-stream" in answer.headers.get("content-type", ""):
        return problems + (["another file"] if answer.content != PDF else [])
    return problems + operation.problems(answer.status_code, answer.content)


def _is_unsupported(answer: Any) -> bool:
    """A type that the platform does not have, which the contract answers so."""
    return answer.status_code == 404 and "not supported by platform" in answer.text


async def _ended(world: World, key: str) -> list[str]:
    operation = await world.of.ended(key)
    return [] if operation["status"] == "Success" else [f"{operation}"[:600]]


async def unknown(operation: Operation, world: World) -> list[str]:
    """The operation about a company that does not exist."""
    if "{" not in operation.path or "404" not in operation.content["responses"]:
        return []
    key = (operation.method, operation.path)
    path = operation.path.format_map({**{name: str(uuid4()) for name in world.ids}, "dataType": "suppliers"})
    sent: dict[str, Any] = {"files": {"file": ("b.pdf", PDF)}} if key in FILES else {}
    if key in BODIES:
        sent["json"] = BODIES[key](world)
    answer = await world.of.api.http.request(operation.method.upper(), path, **sent)
    if answer.status_code != 404:
        return [f"status {answer.status_code} for {path}: {answer.text[:200]}"]
    return operation.problems(404, answer.content)


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", NAMES)
async def test_every_operation(world: World, name: str) -> None:
    """Prints what is missing or not as the file says; there must be nothing."""

    async def ask(operation: Operation) -> list[str]:
        path = operation.path.format_map({name: value or "x" for name, value in world.ids.items()})
        problems = await refused(operation, world.of.api.http, path) + await unknown(operation, world)
        try:
            return problems + await asked(operation, world)
        except AssertionError as error:
            return [*problems, str(error)[:600]]

    assert await every([name], ask) == COUNTS[name]
    assert set(world.unsupported) <= UNSUPPORTED[world.of.platform]


def test_no_body_is_left_out() -> None:
    """Every operation that takes a body is asked with one, and the table holds no others."""
    assert with_bodies(NAMES) == set(BODIES) | FILES
