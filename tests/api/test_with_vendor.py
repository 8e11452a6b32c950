"""The whole way over HTTP: authorise at the vendor's emulator, read, write, attach; read back with the libraries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from bookbridge import app as composition
from bookbridge import jobs
from bookbridge.settings import VendorSettings
from tests.api.conftest import DEADLINE_S, Api, assert_error, serving
from tests.api.test_sdks import expenses, in_thread, payables
from tests.connectors.conftest import emulator_url, sandbox, vendor_http
from tests.connectors.sandbox import Sandbox

__all__ = ["emulator_url", "sandbox", "vendor_http"]


@pytest.fixture
async def api(dsn: str, tmp_path: Path, emulator_url: str) -> AsyncIterator[Api]:
    """The API with a worker beside it, over a running emulator."""
    # Reading every data type and writing at once is more than the vendor's minute allows.
    unlimited = VendorSettings(options={"calls_per_60_s": "0", "calls_per_86400_s": "0"})
    port = urlsplit(emulator_url).port
    async with serving(dsn, tmp_path, emulator_port=port, vendors={"gbol": unlimited}) as running:
        books, _ = composition.handlers(running.rooms)
        worker = jobs.Worker(dsn, books, concurrency=4)
        working = asyncio.create_task(worker.run())
        yield running
        worker.stop()
        await working


async def authorised(api: Api, sandbox: Sandbox) -> tuple[str, str]:
    """A company and its connection, linked with a token that the application brought."""
    tenant = await sandbox.add_organisation()
    company = await api.company()
    connection = await api.connection(company)
    values = {"accessToken": await sandbox.consent(tenant), "organisationId": tenant}
    answer = await api.http.put(f"/companies/{company}/connections/{connection}/authorization", json=values)
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "Linked"
    return company, connection


async def until(api: Api, path: str, done: Any) -> Any:
    """Ask again until the answer is as wanted."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            body = (await api.http.get(path)).json()
            if done(body):
                return body
            await asyncio.sleep(0.05)


async def read_everything(api: Api, company: str) -> None:
    assert (await api.http.post(f"/companies/{company}/data/all")).status_code == 204
    history = await until(
        api,
        f"/companies/{company}/data/history",
        lambda body: body["totalResults"] and all("completed" in row for row in body["results"]),
    )
    assert {row["status"] for row in history["results"]} == {"Complete"}, history


async def test_reads_and_the_libraries(api: Api, sandbox: Sandbox) -> None:
    company, connection = await authorised(api, sandbox)
    history = (await api.http.get(f"/companies/{company}/data/history")).json()
    assert history["totalResults"] == 0, "supplying credentials starts no read"
    await read_everything(api, company)
    for path in ("accounts", "bills", "suppliers", "customers", "taxRates", "trackingCategories", "billPayments"):
        body = (await api.http.get(f"/companies/{company}/data/{path}")).json()
        assert body["totalResults"] > 0, path
        [first] = (await api.http.get(f"/companies/{company}/data/{path}?pageSize=1")).json()["results"]
        same = await api.http.get(f"/companies/{company}/connections/{connection}/data/{path}/{first['id']}")
        assert same.json() == first
    info = (await api.http.get(f"/companies/{company}/data/info")).json()
    assert info["companyName"]
    [complete] = {row["completeness"] for row in await _states(api, company) if row["dataType"] == "bills"}
    assert complete == "Complete"

    def calls() -> dict[str, Any]:
        here = {"company_id": company}
        with expenses(api) as sdk:
            suppliers = sdk.suppliers.list(request=here)
            return {
                "suppliers": suppliers,
                "supplier": sdk.suppliers.get(request={**here, "supplier_id": suppliers.results[0].id}),
                "customers": sdk.customers.list(request={**here, "query": "status=Active"}),
                "info": sdk.company_info.get(request=here),
                "status": sdk.manage_data.get(request=here),
            }

    shown = await in_thread(calls)
    assert shown["supplier"].id == shown["suppliers"].results[0].id
    assert shown["info"].company_name == info["companyName"]
    assert shown["status"].bills.latest_successful_sync_id

    def listed() -> Any:
        with payables(api) as sdk:
            return sdk.connections.list(request={"company_id": company})

    assert (await in_thread(listed)).results[0].id == connection


async def _states(api: Api, company: str) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = (await api.http.get(f"/companies/{company}/data/completeness")).json()["results"]
    return results


async def test_write_and_attach(api: Api, sandbox: Sandbox) -> None:
    company, connection = await authorised(api, sandbox)
    await read_everything(api, company)
    base = f"/companies/{company}/connections/{connection}"
    pushed = await api.http.post(f"{base}/push/suppliers", json={"supplierName": "New & Co", "status": "Active"})
    assert pushed.status_code == 200, pushed.text
    operation = await _ended(api, company, pushed.json())
    assert operation["status"] == "Success", operation
    [change] = [change for change in operation["changes"] if change["recordRef"]["dataType"] == "suppliers"]
    supplier = await api.http.get(f"/companies/{company}/data/suppliers/{change['recordRef']['id']}")
    assert supplier.json()["supplierName"] == "New & Co"

    bill = (await api.http.get(f"/companies/{company}/data/bills?query=status=Open")).json()["results"][0]["id"]
    files = {"anything": ("scan ü.pdf", b"%PDF-1.4 test", "application/pdf")}
    uploaded = await api.http.post(f"{base}/push/bills/{bill}/attachments", files=files)
    assert (await _ended(api, company, uploaded.json()))["status"] == "Success"
    path = f"{base}/data/bills/{bill}/attachments"
    listed = (await api.http.get(path)).json()["attachments"]
    mine = next(attachment for attachment in listed if attachment["name"] == "scan ü.pdf")
    assert (await api.http.get(f"{path}/{mine['id']}")).json() == mine
    download = await api.http.get(f"{path}/{mine['id']}/download")
    assert download.content == b"%PDF-1.4 test"
    assert download.headers["content-disposition"] == "attachment; filename*=UTF-8''scan%20%C3%BC.pdf"
    assert download.headers["cache-control"] == "no-store"
    assert download.headers["x-content-type-options"] == "nosniff"
    assert_error(await api.http.get(f"{path}/00000000-0000-0000-0000-000000000000"), 404)
    assert_error(await api.http.get(f"{path}/%00/download"), 400)
    assert_error(await api.http.get(f"{path.replace('/bills/', '/suppliers/')}"), 404)


async def test_a_dry_run_shows_what_would_be_sent_and_sends_nothing(api: Api, sandbox: Sandbox) -> None:
    company, connection = await authorised(api, sandbox)
    await read_everything(api, company)
    base = f"/companies/{company}/connections/{connection}"
    counters = await sandbox.control("GET", "counters")
    key = {"Idempotency-Key": str(uuid4())}
    body = {"supplierName": "New & Co", "status": "Active"}

    answer = await api.http.post(f"{base}/push/suppliers?dryRun=true", json=body, headers=key)
    assert answer.status_code == 200, answer.text
    created = answer.json()
    assert (created["status"], created["statusCode"], created["dryRun"]) == ("Success", 200, True), created
    assert created["pushOperationKey"] == "00000000-0000-0000-0000-000000000000"
    assert "changes" not in created
    assert (created["request"]["method"], created["request"]["path"]) == ("PUT", "/api.xro/2.0/Contacts")
    assert created["request"]["payload"]["Name"] == "New & Co"
    assert "Bearer" not in answer.text

    suppliers = (await api.http.get(f"/companies/{company}/data/suppliers?query=status=Active")).json()["results"]
    wanted = suppliers[0]["id"]
    updated = (await api.http.put(f"{base}/push/suppliers/{wanted}?dryRun=true", json=body)).json()
    assert (updated["request"]["method"], updated["request"]["path"]) == ("POST", f"/api.xro/2.0/Contacts/{wanted}")
    bill = (await api.http.get(f"/companies/{company}/data/bills?query=status=Open")).json()["results"][0]["id"]
    deleted = (await api.http.delete(f"{base}/push/bills/{bill}?dryRun=true")).json()
    assert deleted["request"]["payload"] == {"Status": "VOIDED"}
    files = {"f": ("scan.pdf", b"%PDF-1.4 test", "application/pdf")}
    attached = (await api.http.post(f"{base}/push/bills/{bill}/attachments?dryRun=true", files=files)).json()
    described = {"fileName": "scan.pdf", "contentType": "application/pdf", "sizeBytes": 13}
    assert attached["request"]["payload"] == described
    assert attached["request"]["path"].endswith(f"/Invoices/{bill}/Attachments/scan.pdf")

    missing = (await api.http.delete(f"{base}/push/bills/{uuid4()}?dryRun=true")).json()
    assert (missing["status"], missing["statusCode"]) == ("Failed", 400)
    assert "request" not in missing
    invalid = (await api.http.post(f"{base}/push/suppliers?dryRun=true", json={"phone": "1", "colour": "red"})).json()
    assert (invalid["status"], "request" in invalid) == ("Failed", False)
    assert {one["itemId"] for one in invalid["validation"]["errors"]} >= {"status"}
    assert {one["itemId"] for one in invalid["validation"]["warnings"]} == {"colour"}

    assert (await api.http.get(f"/companies/{company}/push")).json()["totalResults"] == 0
    assert (await sandbox.control("GET", "counters"))["effects"] == counters["effects"]
    # The key is still free for the write itself.
    real = (await api.http.post(f"{base}/push/suppliers", json=body, headers=key)).json()
    assert (await _ended(api, company, real))["status"] == "Success"


async def test_writes_of_the_libraries(api: Api, sandbox: Sandbox) -> None:
    company, connection = await authorised(api, sandbox)
    await read_everything(api, company)
    where = {"company_id": company, "connection_id": connection}

    def create() -> Any:
        with expenses(api) as sdk:
            supplier = {"supplier_name": "Library & Co", "status": "Active", "phone": "01234 567890"}
            return sdk.suppliers.create(request={**where, "supplier": supplier, "timeout_in_minutes": 5})

    created = await in_thread(create)
    assert created.status_code == 202
    ended = await _ended(api, company, {"pushOperationKey": created.push_operation_key})
    assert ended["status"] == "Success", ended
    [supplier_id] = [
        change["recordRef"]["id"] for change in ended["changes"] if change["recordRef"]["dataType"] == "suppliers"
    ]

    def update() -> tuple[Any, ...]:
        with expenses(api) as sdk:
            supplier = {"supplier_name": "Library and Company", "status": "Active"}
            operation = sdk.suppliers.update(
                request={**where, "supplier_id": supplier_id, "supplier": supplier, "force_update": True}
            )
            one = sdk.push_operations.get(
                request={"company_id": company, "push_operation_key": operation.push_operation_key}
            )
            return operation, one, sdk.push_operations.list(request={"company_id": company, "query": "status!=Failed"})

    operation, one, listed = await in_thread(update)
    assert one.push_operation_key == operation.push_operation_key
    assert listed.total_results == 2
    updated = await _ended(api, company, {"pushOperationKey": operation.push_operation_key})
    assert updated["status"] == "Success", updated
    shown = (await api.http.get(f"/companies/{company}/data/suppliers/{supplier_id}")).json()
    assert shown["supplierName"] == "Library and Company"


async def _ended(api: Api, company: str, operation: dict[str, Any]) -> dict[str, Any]:
    path = f"/companies/{company}/push/{operation['pushOperationKey']}"
    found: dict[str, Any] = await until(api, path, lambda body: body["status"] != "Pending")
    return found


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("server_error", 424),
        ("unavailable", 424),
        ("html", 424),
        ("drop_before", 424),
        ("rate_limit", 429),
        ("revoke", 409),
    ],
)
async def test_vendor_in_trouble(api: Api, sandbox: Sandbox, kind: str, status: int) -> None:
    """Its faults are told as what they are, and never as a fault of our server."""
    company, connection = await authorised(api, sandbox)
    await sandbox.fault(kind, times=None)
    answer = await api.http.get(f"/companies/{company}/connections/{connection}/data/bills/b/attachments")
    assert_error(answer, status)
    assert ("retry-after" in answer.headers) == (status == 429)
    shown = (await api.http.get(f"/companies/{company}/connections/{connection}")).json()
    assert shown["status"] == ("Deauthorized" if kind == "revoke" else "Linked")


async def test_queries_find_what_was_written_although_nothing_was_read(api: Api, sandbox: Sandbox) -> None:
    company, connection = await authorised(api, sandbox)
    body = {"supplierName": "Found at once", "status": "Active"}
    path = f"/companies/{company}/connections/{connection}/push/suppliers?allowSyncOnPushComplete=false"
    key = (await api.http.post(path, json=body)).json()["pushOperationKey"]
    await until(api, f"/companies/{company}/push/{key}", lambda operation: operation["status"] == "Success")
    async with asyncio.timeout(DEADLINE_S):
        while not await api.pool.fetchval("select count(*) from record_keys where data_type = 'suppliers'"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert (await api.http.get(f"/companies/{company}/data/history")).json()["totalResults"] == 0
    found = (await api.http.get(f"/companies/{company}/data/suppliers?query=supplierName=Found at once")).json()
    assert found["totalResults"] == 1


async def test_supplemental_data_is_written_and_comes_back(api: Api, sandbox: Sandbox) -> None:
    company, connection = await authorised(api, sandbox)
    fields = {"nickname": "FirstName"}
    extra = {"Extra": {"dataSource": "/Contacts", "pullData": fields, "pushData": fields}}
    address = "/integrations/gbol/dataTypes/suppliers/supplementalDataConfig"
    assert (await api.http.put(address, json={"supplementalDataConfig": extra})).status_code == 200
    body = {
        "supplierName": "Ada Ltd",
        "status": "Active",
        "supplementalData": {"content": {"Extra": {"nickname": "A"}}},
    }
    push = f"/companies/{company}/connections/{connection}/push/suppliers"
    dry = (await api.http.post(f"{push}?dryRun=true", json=body)).json()
    assert dry["request"]["payload"]["FirstName"] == "A"
    operation = (await api.http.post(push, json=body)).json()
    done = await until(
        api, f"/companies/{company}/push/{operation['pushOperationKey']}", lambda one: one["status"] != "Pending"
    )
    assert done["status"] == "Success", done
    made = f"/companies/{company}/data/suppliers/{done['changes'][0]['recordRef']['id']}"
    found = await until(api, made, lambda record: "supplementalData" in record)
    assert found["supplementalData"] == {"content": {"Extra": {"nickname": "A"}}}
