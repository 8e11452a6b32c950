"""The official client libraries, unchanged, against our server: every call that is served must parse."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import codat_platform
import codat_sync_for_expenses
import codat_sync_for_payables
import pytest
from codat_platform.models import errors as platform_errors
from codat_platform.models import shared as platform_shared
from codat_sync_for_expenses.models import shared as expenses_shared
from codat_sync_for_payables.models import shared as payables_shared

from bookbridge.sync.datasets import Status
from tests.api.conftest import Api
from tests.api.test_records import read

TIMEOUT_MS = 10_000


async def in_thread(call: Callable[[], Any]) -> Any:
    """The libraries' synchronous clients must not stop our own event loop."""
    return await asyncio.to_thread(call)


def platform(api: Api) -> codat_platform.CodatPlatform:
    security = platform_shared.Security(auth_header=api.authorization)
    return codat_platform.CodatPlatform(server_url=api.url, security=security, timeout_ms=TIMEOUT_MS)


def expenses(api: Api) -> codat_sync_for_expenses.CodatSyncExpenses:
    security = expenses_shared.Security(auth_header=api.authorization)
    return codat_sync_for_expenses.CodatSyncExpenses(server_url=api.url, security=security, timeout_ms=TIMEOUT_MS)


def payables(api: Api) -> codat_sync_for_payables.CodatSyncPayables:
    security = payables_shared.Security(auth_header=api.authorization)
    return codat_sync_for_payables.CodatSyncPayables(server_url=api.url, security=security, timeout_ms=TIMEOUT_MS)


@pytest.mark.parametrize("client", [platform, expenses, payables])
async def test_companies_and_connections(api: Api, client: Callable[[Api], Any]) -> None:
    def calls() -> tuple[Any, ...]:
        with client(api) as sdk:
            created = sdk.companies.create(request={"name": "Acme [1]", "description": "d", "tags": {"region": "uk"}})
            got = sdk.companies.get(request={"company_id": created.id})
            replaced = sdk.companies.replace(
                request={"company_id": created.id, "company_request_body": {"name": "Beta", "tags": {"a": "b"}}}
            )
            updated = sdk.companies.update(
                request={"company_id": created.id, "company_update_request": {"description": "new"}}
            )
            connection = sdk.connections.create(
                request={"company_id": created.id, "request_body": {"platform_key": "gbol"}}
            )
            where = {"company_id": created.id, "connection_id": connection.id}
            again = sdk.connections.get(request=where)
            listed = sdk.connections.list(request={"company_id": created.id, "order_by": "-modifiedDate"})
            companies = sdk.companies.list(
                request={"query": f"id={created.id}", "order_by": "-modifiedDate", "tags": "a=b"}
            )
            sdk.connections.delete(request=where)
            return created, got, replaced, updated, connection, again, listed, companies

    created, got, replaced, updated, connection, again, listed, companies = await in_thread(calls)
    assert (created.name, got.name, replaced.name) == ("Acme 1", "Acme 1", "Beta")
    assert updated.description == "new"
    assert connection.status.value == again.status.value == "PendingAuth"
    assert [row.id for row in listed.results] == [connection.id]
    assert [row.id for row in companies.results] == [created.id]
    assert companies.page_number == 1


@pytest.mark.parametrize("client", [platform, expenses, payables])
async def test_unlink_and_delete(api: Api, client: Callable[[Api], Any]) -> None:
    company = await api.company()
    connection = await api.linked(company)

    def calls() -> Any:
        with client(api) as sdk:
            unlinked = sdk.connections.unlink(
                request={
                    "company_id": company,
                    "connection_id": connection,
                    "request_body": {"status": "Unlinked"},
                    "update_connection_status": {"status": "Unlinked"},
                }
            )
            sdk.companies.delete(request={"company_id": company})
            return unlinked

    assert (await in_thread(calls)).status.value == "Unlinked"
    assert (await api.http.get(f"/companies/{company}")).status_code == 404


async def test_settings_of_the_platform(api: Api) -> None:
    def calls() -> tuple[Any, ...]:
        with platform(api) as sdk:
            integrations = sdk.integrations.list(
                request={"query": "sourceType=Accounting", "order_by": "-modifiedDate"}
            )
            one = sdk.integrations.get(request={"platform_key": "gbol"})
            branding = sdk.integrations.get_branding(request={"platform_key": "gbol"})
            key = sdk.settings.create_api_key(request={"name": "azure-invoice-finance"})
            keys = sdk.settings.list_api_keys()
            profile = sdk.settings.update_profile(
                request={"name": "Bob's Burgers", "redirect_url": "https://bobs.example/{companyId}"}
            )
            same = sdk.settings.get_profile()
            return integrations, one, branding, key, keys, profile, same

    integrations, one, branding, key, keys, profile, same = await in_thread(calls)
    assert {row.source_type.value for row in integrations.results} == {"Accounting"}
    assert one.key == "gbol"
    assert one.datatype_features
    assert branding.logo.full.image.src.startswith(api.url)
    assert key.id in {row.id for row in keys.results}
    assert profile.name == same.name == "Bob's Burgers"


async def test_webhook_consumers(api: Api) -> None:
    def calls() -> tuple[Any, ...]:
        with platform(api) as sdk:
            consumer = sdk.webhooks.create_consumer(
                request={"url": "https://example.com/hook", "event_types": ["read.completed"]}
            )
            listed = sdk.webhooks.list_consumers()
            sdk.webhooks.delete_consumer(request={"webhook_id": consumer.id})
            return consumer, listed, sdk.webhooks.list_consumers(), sdk.webhooks.rotate_zapier_key()

    consumer, listed, after, key = await in_thread(calls)
    assert UUID(consumer.id)
    assert [row.id for row in listed.results] == [consumer.id]
    assert after.results == []
    assert key.key.startswith("sk_integ_")


async def test_reads_and_writes_of_the_platform(api: Api) -> None:
    company = await api.company()
    connection = await api.linked(company)
    await read(api, company, connection, "bills", Status.COMPLETE)
    supplier = {"supplierName": "Acme", "status": "Active"}
    pushed = await api.http.post(f"/companies/{company}/connections/{connection}/push/suppliers", json=supplier)
    operation = pushed.json()["pushOperationKey"]

    def calls() -> dict[str, Any]:
        with platform(api) as sdk:
            here = {"company_id": company}
            queued = sdk.refresh_data.by_data_type(request={**here, "data_type": "suppliers"})
            sdk.refresh_data.all(request=here)
            return {
                "queued": queued,
                "status": sdk.refresh_data.get(request=here),
                "history": sdk.refresh_data.list_pull_operations(request={**here, "order_by": "-modifiedDate"}),
                "one": sdk.refresh_data.get_pull_operation(request={**here, "dataset_id": queued.id}),
                "validation": sdk.read_data.get_validation_results(request={**here, "dataset_id": queued.id}),
                "pushes": sdk.push_data.list_operations(request={**here, "query": f"id={operation}"}),
                "push": sdk.push_data.get_operation(request={**here, "push_operation_key": operation}),
                "options": sdk.push_data.get_model_options(
                    request={**here, "connection_id": connection, "data_type": "suppliers"}
                ),
            }

    shown = await in_thread(calls)
    assert shown["queued"].id == shown["one"].id
    assert shown["status"].bills.current_status.value in {"Queued", "Complete"}
    assert shown["history"].total_results >= 10
    assert shown["validation"].errors == []
    assert [row.push_operation_key for row in shown["pushes"].results] == [operation]
    assert shown["push"].status.value == "Pending"
    assert shown["options"].properties["supplierName"].required


async def test_reads_of_expenses(api: Api) -> None:
    company = await api.company()

    def create() -> Any:
        with expenses(api) as sdk:
            return sdk.connections.create_partner_expense_connection(request={"company_id": company})

    assert (await in_thread(create)).status.value == "Linked"
    connection = await api.linked(company)
    for data_type in ("suppliers", "customers"):
        await read(api, company, connection, data_type, Status.COMPLETE)

    def calls() -> dict[str, Any]:
        with expenses(api) as sdk:
            here = {"company_id": company}
            sdk.manage_data.refresh_all_data_types(request=here)
            return {
                "status": sdk.manage_data.get(request=here),
                "history": sdk.manage_data.list_pull_operations(request=here),
                "suppliers": sdk.suppliers.list(request=here),
                "customers": sdk.customers.list(request=here),
                "pushes": sdk.push_operations.list(request=here),
            }

    shown = await in_thread(calls)
    assert shown["suppliers"].total_results == shown["customers"].total_results == 0
    assert shown["pushes"].total_results == 0
    assert shown["history"].total_results > 5


async def test_errors_parse(api: Api) -> None:
    missing = str(uuid4())

    def call() -> Any:
        with platform(api) as sdk:
            return sdk.companies.get(request={"company_id": missing})

    with pytest.raises(platform_errors.ErrorMessage) as caught:
        await in_thread(call)
    assert caught.value.data.status_code == 404
    assert missing in caught.value.data.error
