"""The API with its worker over the Xero emulator and the Sandbox's ledger, and a company whose books were read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from bookbridge import app as composition
from bookbridge import jobs
from tests.api.conftest import Api
from tests.connectors.conftest import emulator_url, sandbox, vendor_http
from tests.connectors.sandbox import Sandbox
from tests.products.bill_pay.conftest import SANDBOX, XERO, api, authorised, ledger, patience_s, worker

__all__ = ["api", "emulator_url", "ledger", "patience_s", "sandbox", "vendor_http", "worker"]

DEADLINE_S = 40.0
NEEDED = ("company", "chartOfAccounts", "bankAccounts", "taxRates", "trackingCategories", "suppliers", "customers")
DAY = "2026-11-02"


@dataclass
class Expenses:
    """A company as an expense application sees it."""

    api: Api
    company: str
    connection: str
    platform: str
    options: dict[str, Any] = field(default_factory=dict)
    supplier: str = ""
    customer: str = ""

    @property
    def base(self) -> str:
        return f"/companies/{self.company}/sync/expenses"

    async def call(self, method: str, path: str, body: Any = None, **given: Any) -> httpx2.Response:
        return await self.api.http.request(method, f"{self.base}{path}", json=body, **given)

    async def done(self, method: str, path: str, body: Any = None, status: int = 200, **given: Any) -> Any:
        answer = await self.call(method, path, body, **given)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def refused(self, method: str, path: str, body: Any, status: int = 400) -> dict[str, str]:
        """The problems by field; of an error without any, its message under ""."""
        answer = await self.call(method, path, body)
        assert answer.status_code == status, answer.text
        told = answer.json()
        assert told["service"] == "ExpenseSyncApi"
        assert told["canBeRetried"] == ("No" if "validation" in told else "Unknown")
        return {one["itemId"]: one["message"] for one in told.get("validation", {}).get("errors", ())} or {
            "": told["error"]
        }

    async def synced(self, sync_id: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """The sync once it is done, and its transactions by id."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                status = await self.done("GET", f"/syncs/{sync_id}/status")
                if status["syncStatusCode"] not in (1000, 1010):
                    break
                await asyncio.sleep(0.05)
        rows = (await self.done("GET", f"/syncs/{sync_id}/transactions"))["results"]
        return status, {row["transactionId"]: row for row in rows}

    async def sent(self, *transactions: dict[str, Any], path: str = "/expense-transactions") -> Any:
        return await self.synced((await self.done("POST", path, list(transactions)))["syncId"])

    async def written(self, *transactions: dict[str, Any], path: str = "/expense-transactions") -> list[dict[str, Any]]:
        """Send transactions, and return what they became, in their order."""
        status, rows = await self.sent(*transactions, path=path)
        assert (status["syncStatusCode"], status["dataPushed"]) == (2000, True), (status, rows)
        return [await self.record(rows[one["id"]]["message"]) for one in transactions]

    async def record(self, message: str) -> dict[str, Any]:
        """The record that a transaction's message names, as the API serves it."""
        _, data_type, record_id = message.split()
        found = await self.api.http.get(
            f"/companies/{self.company}/connections/{self.connection}/data/{data_type}/{record_id}"
        )
        if found.status_code == 404:
            found = await self.api.http.get(f"/companies/{self.company}/data/{data_type}/{record_id}")
        assert found.status_code == 200, found.text
        return {**found.json(), "dataType": data_type}

    async def data(self, path: str, **params: str) -> list[dict[str, Any]]:
        answer = await self.api.http.get(
            f"/companies/{self.company}/data/{path}", params={"pageSize": "2000", **params}
        )
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["results"]
        return found

    async def read(self, *data_types: str) -> None:
        """Read these from the ledger, to the end."""
        for data_type in data_types:
            answer = await self.api.http.post(f"/companies/{self.company}/data/queue/{data_type}")
            assert answer.status_code == 200, answer.text
        path = f"/companies/{self.company}/data/history?pageSize=100"
        async with asyncio.timeout(DEADLINE_S):
            while True:
                history = (await self.api.http.get(path)).json()["results"]
                if len(history) >= len(data_types) and all("completed" in row for row in history):
                    break
                await asyncio.sleep(0.05)
        assert {row["status"] for row in history} == {"Complete"}, history

    def account(self, use: str = "expense-transactions.Payment", kind: str = "Expense") -> str:
        found = next(one for one in self.options["accounts"] if use in one["validFor"] and one["accountType"] == kind)
        chosen: str = found["id"]
        return chosen

    def bank(self, place: int = 0, currency: str = "GBP") -> str:
        banks = [one for one in self.options["accounts"] if one["isBankAccount"] and one["currency"] == currency]
        chosen: str = banks[place]["id"]
        return chosen

    def tax_rate(self, percent: int = 20) -> str:
        found = next(
            one
            for one in self.options["taxRates"]
            if one["effectiveTaxRate"] == percent and "Payment" in one["validTransactionTypes"]
        )
        chosen: str = found["id"]
        return chosen

    def line(self, net: float = 100, tax: float | None = 20, **more: Any) -> dict[str, Any]:
        taxed = {"taxAmount": tax, "taxRateRef": {"id": self.tax_rate()}} if tax else {}
        return {"netAmount": net, "accountRef": {"id": self.account()}, **taxed, **more}

    def spending(self, kind: str = "Payment", **more: Any) -> dict[str, Any]:
        return {
            "id": str(uuid4()),
            "type": kind,
            "issueDate": DAY,
            "currency": "GBP",
            "merchantName": "Corner Cafe",
            "reference": f"R-{uuid4().hex[:8]}",
            "bankAccountRef": {"id": self.bank()},
            "lines": [self.line()],
            **more,
        }

    async def configure(self) -> None:
        body = {
            "bankAccount": {"id": self.bank()},
            "supplier": {"id": self.supplier},
            "customer": {"id": self.customer},
        }
        assert await self.done("POST", "/config", body) == body
        assert await self.done("GET", "/config") == body


async def linked(api: Api, sandbox: Sandbox, platform: str) -> Expenses:
    """A company whose connection is linked and whose lists were read."""
    company, connection = await authorised(api, sandbox, platform)
    made = Expenses(api, company, connection, platform)
    await made.read(*NEEDED)
    made.options = await made.done("GET", "/mappingOptions")
    made.supplier = (await made.data("suppliers", query="status=Active"))[0]["id"]
    made.customer = (await made.data("customers", query="status=Active"))[0]["id"]
    return made


@asynccontextmanager
async def working(api: Api, dsn: str) -> AsyncIterator[None]:
    """A worker for as long as this lasts, for tests in which nobody works afterwards."""
    books, _ = composition.handlers(api.rooms)
    made = jobs.Worker(dsn, books, concurrency=4)
    running = asyncio.create_task(made.run())
    yield
    made.stop()
    await running


@pytest.fixture(params=[SANDBOX, XERO])
async def expenses(request: pytest.FixtureRequest, api: Api, worker: object, sandbox: Sandbox) -> Expenses:
    """A company on each platform, with its defaults set."""
    made = await linked(api, sandbox, request.param)
    await made.configure()
    return made


@pytest.fixture
async def own(api: Api, worker: object, sandbox: Sandbox) -> Expenses:
    """A company on the Sandbox, with its defaults set."""
    made = await linked(api, sandbox, SANDBOX)
    await made.configure()
    return made


@pytest.fixture
async def xero(api: Api, worker: object, sandbox: Sandbox) -> Expenses:
    """A company on Xero, with its defaults set."""
    made = await linked(api, sandbox, XERO)
    await made.configure()
    return made
