"""The API with its worker over the Xero emulator and over the Sandbox's ledger: each test of Bill Pay runs on both."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
import pytest

from bookbridge import app as composition
from bookbridge import jobs
from bookbridge.emulators.sandboxes import SANDBOX_SECRET
from bookbridge.settings import VendorSettings
from tests.api.conftest import Api, assert_error, serving
from tests.connectors import own_ledger
from tests.connectors.conftest import emulator_url, sandbox, vendor_http
from tests.connectors.own_ledger import OwnLedger
from tests.connectors.sandbox import Sandbox
from tests.waiting import until

__all__ = ["emulator_url", "sandbox", "vendor_http"]

XERO = "gbol"
SANDBOX = "mqjo"
PATIENCE_S = 20.0
DEADLINE_S = 60.0


@pytest.fixture
async def ledger() -> AsyncIterator[OwnLedger]:
    async with own_ledger.serving() as running:
        yield running


@pytest.fixture
def patience_s() -> float:
    """How long requests wait for a platform; long, where no test is about it."""
    return PATIENCE_S


def vendors_without_limits(ledger_url: str) -> dict[str, VendorSettings]:
    """The settings of both platforms, our own ledger at its address."""
    unlimited = {"calls_per_60_s": "0", "in_flight_max": "0"}
    own = VendorSettings(
        client_id="client", client_secret=SANDBOX_SECRET, endpoints={"api": ledger_url}, options=unlimited
    )
    return {XERO: VendorSettings(options={**unlimited, "calls_per_86400_s": "0"}), SANDBOX: own}


@pytest.fixture
async def api(dsn: str, tmp_path: Path, emulator_url: str, ledger: OwnLedger, patience_s: float) -> AsyncIterator[Api]:
    """The API; its worker is a fixture of its own."""
    vendors = vendors_without_limits(ledger.url)
    port = urlsplit(emulator_url).port
    async with serving(dsn, tmp_path, emulator_port=port, vendors=vendors, platform_wait_s=patience_s) as running:
        yield running


@pytest.fixture
async def worker(dsn: str, api: Api) -> AsyncIterator[jobs.Worker]:
    books, _ = composition.handlers(api.rooms)
    made = jobs.Worker(dsn, books, concurrency=4)
    working = asyncio.create_task(made.run())
    yield made
    made.stop()
    await working


@dataclass
class Payables:
    """A linked connection as an application sees it."""

    api: Api
    company: str
    connection: str
    platform: str

    @property
    def base(self) -> str:
        return f"/companies/{self.company}/connections/{self.connection}/payables"

    async def get(self, path: str, **params: str) -> Any:
        answer = await self.api.http.get(f"{self.base}{path}", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def every(self, path: str, key: str = "results", **params: str) -> list[dict[str, Any]]:
        """All pages of a list."""
        found: list[dict[str, Any]] = []
        while True:
            body = await self.get(path, **params)
            found += body[key]
            token = body["pagination"].get("continuationToken")
            if token is None:
                return found
            params["continuationToken"] = token

    async def send(
        self, method: str, path: str, body: Any, *, key: str | None = None, status: int | None = None
    ) -> httpx2.Response:
        headers = {"Idempotency-Key": key} if key else {}
        answer = await self.api.http.request(method, f"{self.base}{path}", json=body, headers=headers)
        assert status is None or answer.status_code == status, answer.text
        return answer

    async def done(self, method: str, path: str, body: Any, **given: Any) -> Any:
        answer = await self.send(method, path, body, **given)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def refused(self, method: str, path: str, body: Any, status: int = 400, **given: Any) -> dict[str, Any]:
        return assert_error(await self.send(method, path, body, **given), status)

    async def push(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """A write that is followed instead of waited for, seen through to its end."""
        answer = await self.api.http.request(
            method, f"/companies/{self.company}/connections/{self.connection}/push/{path}", json=body
        )
        assert answer.status_code == 200, answer.text
        return await self.ended(answer.json()["pushOperationKey"])

    async def pushed(self, method: str, path: str, body: Any = None) -> str:
        """The same, of a write that must succeed; the id of its record."""
        operation = await self.push(method, path, body)
        assert operation["status"] == "Success", f"{operation}"
        found: str = operation["changes"][0]["recordRef"]["id"]
        return found

    async def ended(self, key: str) -> dict[str, Any]:
        """A push operation once it has ended."""
        operation: dict[str, Any] = {}

        async def is_over() -> bool:
            answer = await self.api.http.get(f"/companies/{self.company}/push/{key}")
            assert answer.status_code == 200, answer.text
            operation.update(answer.json())
            return operation["status"] != "Pending"

        await until(is_over, DEADLINE_S)
        return operation

    async def read_everything(self) -> None:
        """Read all data types, and wait for it."""
        assert (await self.api.http.post(f"/companies/{self.company}/data/all")).status_code == 204
        await self.idle()

    async def idle(self) -> None:
        """Wait for all reads to end."""

        async def none_is_left() -> bool:
            return not await self.api.pool.fetchval("select count(*) from datasets where completed is null")

        await until(none_is_left, DEADLINE_S)

    async def stored(self, data_type: str, record_id: str) -> dict[str, Any]:
        """A record as reading answers it, amounts as Decimal."""
        answer = await self.api.http.get(f"/companies/{self.company}/data/{data_type}/{record_id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = json.loads(answer.text, parse_float=Decimal)
        return found

    async def supplier(self) -> str:
        made = await self.done("POST", "/suppliers", {"supplierName": f"Wharfe {uuid4().hex[:8]}", "status": "Active"})
        found: str = made["id"]
        return found

    async def prototype(self, **changes: Any) -> dict[str, Any]:
        """A bill that can be written: two lines, one taxed by what it says and one by its rate."""
        options = await self.get("/mappingOptions/bills")
        account = next(one for one in options["accounts"] if one["type"] == "Expense")
        rate = next(
            one for one in options["taxRates"] if one.get("effectiveTaxRate") == 20 and one["id"] not in ("OUTPUT2",)
        )
        line = {
            "description": "Panes",
            "quantity": 4,
            "unitAmount": 12.5,
            "taxAmount": 10,
            "accountRef": {"id": account["id"]},
            "taxRateRef": {"id": rate["id"]},
        }
        second = {**line, "description": "Putty", "quantity": 1, "unitAmount": 10.99}
        del second["taxAmount"]
        return {
            "reference": f"R-{uuid4().hex[:10]}",
            "supplierRef": {"id": await self.supplier()},
            "issueDate": "2026-06-01T00:00:00",
            "dueDate": "2026-07-01T00:00:00",
            "currency": "GBP",
            "status": "Open",
            "lineItems": [line, second],
            **changes,
        }

    async def bill(self, **changes: Any) -> dict[str, Any]:
        made: dict[str, Any] = await self.done("POST", "/bills", await self.prototype(**changes))
        return made

    async def bank(self) -> str:
        options = await self.get("/mappingOptions/payments")
        found: str = next(
            one["id"] for one in options["bankAccounts"] if one["currency"] == "GBP" and one["accountType"] == "Debit"
        )
        return found


async def authorised(api: Api, sandbox: Sandbox, platform: str) -> tuple[str, str]:
    """A company and its linked connection; nothing was read over it."""
    company = await api.company()
    connection = await api.connection(company, platform)
    body: dict[str, str] = {}
    if platform == XERO:
        tenant = await sandbox.add_organisation()
        body = {"accessToken": await sandbox.consent(tenant), "organisationId": tenant}
    answer = await api.http.put(f"/companies/{company}/connections/{connection}/authorization", json=body)
    assert answer.status_code == 200, answer.text
    return company, connection


@pytest.fixture(params=[SANDBOX, XERO])
async def payables(request: pytest.FixtureRequest, api: Api, sandbox: Sandbox) -> Payables:
    """A linked connection; nothing was read over it."""
    platform: str = request.param
    company, connection = await authorised(api, sandbox, platform)
    return Payables(api, company, connection, platform)
