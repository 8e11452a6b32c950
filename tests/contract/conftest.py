"""The API and its worker over the vendor's emulator, and a company of which everything was read and written once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from bookbridge import app as composition
from bookbridge import jobs
from bookbridge.settings import VendorSettings
from tests.api.conftest import DEADLINE_S, Api, serving
from tests.connectors.conftest import emulator_url, sandbox, vendor_http
from tests.connectors.sandbox import Sandbox
from tests.waiting import until

__all__ = ["emulator_url", "sandbox", "vendor_http"]

PLATFORM = "gbol"
ORIGINS = {"allowedOrigins": ["https://app.example.com"]}
CUSTOM = {"dataSource": "/Contacts", "requiredData": {"name": "$.Name"}, "keyBy": ["$.ContactID"]}


@pytest.fixture
async def api(dsn: str, tmp_path: Path, emulator_url: str) -> AsyncIterator[Api]:
    unlimited = VendorSettings(options={"calls_per_60_s": "0", "calls_per_86400_s": "0"})
    port = urlsplit(emulator_url).port
    async with serving(dsn, tmp_path, emulator_port=port, vendors={PLATFORM: unlimited}) as running:
        books, _ = composition.handlers(running.rooms)
        worker = jobs.Worker(dsn, books, concurrency=4)
        working = asyncio.create_task(worker.run())
        yield running
        worker.stop()
        await working


@dataclass
class World:
    """Ids of what there is."""

    api: Api
    sandbox: Sandbox
    company: str = ""
    connection: str = ""
    dataset: str = ""
    push: str = ""
    webhook: str = ""
    rule: str = ""
    api_key: str = ""
    client: str = ""

    async def done(self, method: str, path: str, body: Any = None) -> Any:
        """A request that must succeed; its body."""
        answer = await self.api.http.request(method, path, json=body)
        assert answer.is_success, (method, path, answer.text)
        return answer.json() if answer.content else None

    async def linked(self) -> tuple[str, str]:
        """A new company and its connection, linked at the emulator."""
        company = await self.api.company()
        connection = await self.api.connection(company, PLATFORM)
        tenant = await self.sandbox.add_organisation()
        values = {"accessToken": await self.sandbox.consent(tenant), "organisationId": tenant}
        await self.done("PUT", f"/companies/{company}/connections/{connection}/authorization", values)
        return company, connection

    async def until_read(self) -> None:
        """Wait for all reads to end."""

        async def is_idle() -> bool:
            return not await self.api.pool.fetchval("select count(*) from datasets where completed is null")

        await until(is_idle, DEADLINE_S * 2)


@pytest.fixture
async def world(api: Api, sandbox: Sandbox) -> World:
    """Everything that an operation can be asked about, once."""
    made = World(api, sandbox)
    made.company, made.connection = await made.linked()
    company, connection = made.company, made.connection
    await made.done("POST", f"/companies/{company}/data/all")
    await made.until_read()
    history = await made.done("GET", f"/companies/{company}/data/history?query=dataType=bills")
    made.dataset = history["results"][0]["id"]
    supplier = {"supplierName": "Contract & Co", "status": "Active"}
    pushed = await made.done("POST", f"/companies/{company}/connections/{connection}/push/suppliers", supplier)
    made.push = pushed["pushOperationKey"]
    hook = {"url": "https://hooks.example.com/a", "eventTypes": ["read.completed"], "companyTags": ["region:uk"]}
    made.webhook = (await made.done("POST", "/webhooks", hook))["id"]
    rule = {"type": "Data sync completed", "companyId": company, "notifiers": {"webhook": "https://hooks.example.com"}}
    made.rule = (await made.done("POST", "/rules", rule))["id"]
    made.api_key = (await made.done("POST", "/apiKeys", {"name": "Second"}))["id"]
    await made.done("PUT", f"/companies/{company}/products/payables")
    await made.done("PUT", f"/integrations/{PLATFORM}/dataTypes/custom/people", CUSTOM)
    await made.done("POST", f"/companies/{company}/connections/{connection}/data/queue/custom/people")
    await made.until_read()
    made.client = (await made.done("GET", "/profile/syncSettings"))["clientId"]
    return made
