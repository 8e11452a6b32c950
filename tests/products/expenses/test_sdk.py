"""The official Python library drives expenses from the configuration to the receipt, on both ledgers."""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from codat_sync_for_expenses import CodatSyncExpenses
from codat_sync_for_expenses.models import errors

from tests.api.test_sdks import expenses as library
from tests.api.test_sdks import in_thread
from tests.products.bill_pay.conftest import XERO
from tests.products.expenses.conftest import DAY, DEADLINE_S, Expenses

CAPITAL = re.compile(r"(?<!^)([A-Z])")


def snake(content: Any) -> Any:
    """The content under the names that the library gives it."""
    if isinstance(content, list):
        return [snake(one) for one in content]
    if isinstance(content, dict):
        renamed = {CAPITAL.sub(r"_\1", name).lower(): snake(value) for name, value in content.items()}
        return {("from_" if name == "from" else name): value for name, value in renamed.items()}
    return content


class Service:
    """One part of the library, whose calls are noted."""

    def __init__(self, name: str, inner: Any, noted: set[tuple[str, str]]) -> None:
        self._name = name
        self._inner = inner
        self._noted = noted

    def __getattr__(self, method: str) -> Callable[..., Any]:
        self._noted.add((self._name, method))
        called: Callable[..., Any] = getattr(self._inner, method)
        return called


class Noting:
    """The library, and which of its operations were called."""

    def __init__(self, sdk: CodatSyncExpenses) -> None:
        self._sdk = sdk
        self.noted: set[tuple[str, str]] = set()

    def __getattr__(self, service: str) -> Service:
        return Service(service, getattr(self._sdk, service), self.noted)

    def all_operations(self) -> set[tuple[str, str]]:
        """All that the library has."""
        services = {name: type(getattr(self._sdk, name)) for name in CodatSyncExpenses.__annotations__}
        return {
            (service, method)
            for service, kind in services.items()
            for method, member in vars(kind).items()
            if inspect.isfunction(member) and not method.startswith("_") and not method.endswith("_async")
        }


class Client:
    """The library on one company."""

    def __init__(self, sdk: Any, company: str) -> None:
        self.sdk = sdk
        self.here = {"company_id": company}

    def synced(self, sync_id: str) -> list[Any]:
        """The transactions of a sync that must succeed."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            status = self.sdk.sync.get(request={**self.here, "sync_id": sync_id})
            if status.sync_status_code not in (1000, 1010):
                break
            assert time.monotonic() < deadline
            time.sleep(0.05)
        listed = self.sdk.transaction_status.list(request={**self.here, "sync_id": sync_id}).results
        assert status.sync_status_code == 2000, listed
        return list(listed)


def drive(sdk: Any, of: Expenses) -> dict[str, Any]:
    """Everything that the library offers of expenses but reimbursements, which not every ledger takes."""
    client = Client(sdk, of.company)
    here = client.here
    found: dict[str, Any] = {}
    found["connection"] = sdk.connections.create_partner_expense_connection(request=here)
    found["options"] = sdk.mapping_options.get_mapping_options(request=here)
    ids = {"bank_account": {"id": of.bank()}, "supplier": {"id": of.supplier}, "customer": {"id": of.customer}}
    found["set"] = sdk.configuration.set(request={**here, "company_configuration": ids})
    found["configuration"] = sdk.configuration.get(request=here)
    kinds = ("Payment", "Refund", "Reward", "Chargeback")
    sent = [of.spending(kind) for kind in kinds]
    started = sdk.expenses.create(request={**here, "request_body": snake(sent)})
    found["spending"] = client.synced(started.sync_id)
    one = {**here, "sync_id": started.sync_id, "transaction_id": sent[0]["id"]}
    found["single"] = sdk.transaction_status.get(request=one)
    file = {"file": {"file_name": "receipt.png", "content": b"\x89PNG\r\n\x1a\n" + bytes(100)}}
    found["attachment"] = sdk.attachments.upload(request={**one, "attachment_upload": file})
    new = {name: value for name, value in sent[0].items() if name not in ("id", "reference")}
    changed = snake({**new, "lines": [of.line(net=10, tax=2)]})
    updated = sdk.expenses.update(request={**here, "transaction_id": sent[0]["id"], "update_expense_request": changed})
    found["updated"] = client.synced(updated.sync_id)
    sides = [{"account_ref": {"id": of.bank(place)}, "amount": 5} for place in (0, 1)]
    moved = {"date_": DAY, "date": DAY, "description": "Top-up", "from_": sides[0], "to": sides[1]}
    transfer = sdk.transfers.create(
        request={**here, "transaction_id": str(uuid4()), "transfer_transaction_request": moved}
    )
    found["transfer"] = client.synced(transfer.sync_id)
    accounts = [row["id"] for row in of.options["accounts"] if "adjustment-transactions" in row["validFor"]]
    lines = [{"amount": sign * 5, "accountRef": {"id": one}} for sign, one in zip((1, -1), accounts, strict=False)]
    entry = {"id": str(uuid4()), "date": DAY, "currency": "GBP", "lines": lines}
    adjustment = sdk.adjustments.create(request={**here, "request_body": snake([entry])})
    found["adjustment"] = client.synced(adjustment.sync_id)
    found["latest"] = sdk.sync.get_latest_sync(request=here)
    found["successful"] = sdk.sync.get_last_successful_sync(request=here)
    found["list"] = sdk.sync.list(request=here)
    return found


async def test_the_library(expenses: Expenses) -> None:
    def calls() -> dict[str, Any]:
        with library(expenses.api) as sdk:
            return drive(sdk, expenses)

    found = await in_thread(calls)
    assert found["connection"].status.value == "Linked"
    assert found["options"].expense_provider == "Partner Expense"
    assert found["configuration"].bank_account.id == expenses.bank()
    assert [row.status.value for row in found["spending"]] == ["Completed"] * 4
    [single] = found["single"]
    assert single.integration_type.value == "expenses"
    assert found["attachment"].transaction_id == single.transaction_id
    assert found["attachment"].id
    after = await expenses.record(found["updated"][0].message)
    assert after["totalAmount"] == 12
    assert found["transfer"][0].message.split()[1] == "transfers"
    assert found["adjustment"][0].message.split()[1] == "journalEntries"
    assert found["latest"].sync_id == found["successful"].sync_id
    assert len(found["list"]) == 4


def reimbursed(sdk: Any, of: Expenses, supplier: str) -> str:
    """A reimbursement that is changed: the message of the change, or of the refusal."""
    content = {
        "contactRef": {"id": supplier},
        "issueDate": DAY,
        "dueDate": DAY,
        "currency": "GBP",
        "lines": [of.line(net=20, tax=4)],
    }
    sent = str(uuid4())
    client = Client(sdk, of.company)
    change = snake({**content, "lines": [of.line(net=7, tax=0)]})
    one = {**client.here, "transaction_id": sent, "update_reimbursable_expense_transaction_request": change}
    try:
        started = sdk.reimbursements.create(request={**client.here, "request_body": snake([{**content, "id": sent}])})
    except errors.ErrorMessage as refused:
        with pytest.raises(errors.ErrorMessage):
            sdk.reimbursements.update(request=one)
        return str(refused.data.error)
    client.synced(started.sync_id)
    return str(client.synced(sdk.reimbursements.update(request=one).sync_id)[0].message)


async def test_reimbursements(expenses: Expenses) -> None:
    """Written where the platform takes them, and a clear error where it does not."""
    pounds = await expenses.data("suppliers", query="defaultCurrency=GBP&&status=Active")
    supplier = pounds[0]["id"] if pounds else expenses.supplier

    def calls() -> str:
        with library(expenses.api) as sdk:
            return reimbursed(sdk, expenses, supplier)

    told = await in_thread(calls)
    if expenses.platform == XERO:
        assert "does not support reimbursable" in told
    else:
        assert (await expenses.record(told))["totalAmount"] == 7


def drive_the_rest(sdk: Any, of: Expenses) -> dict[str, Any]:
    """What the library offers beside expenses: the company, its contacts and accounts, its reads and writes."""
    here = {"company_id": of.company}
    there = {**here, "connection_id": of.connection}
    found: dict[str, Any] = {"info": sdk.company_info.get(request=here)}
    companies(sdk)
    found["suppliers"] = contacts(sdk.suppliers, "supplier", there)
    found["customers"] = contacts(sdk.customers, "customer", there)
    sdk.accounts.get_create_model(request=there)
    sdk.bank_accounts.get_create_model(request=there)
    category = next(one["fullyQualifiedCategory"] for one in of.options["accounts"] if one["id"] == of.account())
    new = {"name": "Card fees", "nominal_code": "4711", "type": "Expense", "fully_qualified_category": category}
    account = sdk.accounts.create(request={**there, "account_prototype": {**new, "status": "Active"}})
    bank = {"account_name": "Card", "account_type": "Debit", "currency": "GBP", "nominal_code": "4712"}
    made = sdk.bank_accounts.create(request={**there, "bank_account": {**bank, "account_number": "12345678"}})
    found["pushed"] = [pushed(sdk, {**here, "push_operation_key": one.push_operation_key}) for one in (account, made)]
    found["pushes"] = sdk.push_operations.list(request={**here, "page_size": 50}).total_results
    queued = sdk.manage_data.refresh_data_type(request={**here, "data_type": "suppliers"})
    found["queued"] = sdk.manage_data.get_pull_operation(request={**here, "dataset_id": queued.id}).data_type
    sdk.manage_data.refresh_all_data_types(request=here)
    found["status"] = sdk.manage_data.get(request=here)
    found["history"] = sdk.manage_data.list_pull_operations(request=here).total_results
    return found


def companies(sdk: Any) -> None:
    """A company and a connection of it, from beginning to end."""
    made = sdk.companies.create(request={"name": "Sawley Foods"})
    one = {"company_id": made.id}
    assert sdk.companies.get(request=one).name == "Sawley Foods"
    sdk.companies.replace(request={**one, "company_request_body": {"name": "Sawley Fine Foods"}})
    sdk.companies.update(request={**one, "company_update_request": {"name": "Sawley"}})
    assert sdk.companies.list(request={"query": f"id={made.id}"}).results[0].name == "Sawley"
    connection = sdk.connections.create(request={**one, "request_body": {"platform_key": "gbol"}})
    there = {**one, "connection_id": connection.id}
    assert sdk.connections.get(request=there).status.value == "PendingAuth"
    unlinked = sdk.connections.unlink(request={**there, "request_body": {"status": "Unlinked"}})
    assert unlinked.status.value == "Unlinked"
    assert len(sdk.connections.list(request=one).results) == 1
    sdk.connections.delete(request=there)
    sdk.companies.delete(request=one)


def contacts(service: Any, noun: str, there: dict[str, str]) -> str:
    """A supplier or customer that is written, changed, found in the list and read; its name in the end."""
    here = {"company_id": there["company_id"]}
    listed = service.list(request={**here, "query": "status=Active"}).results[0]
    one = {**here, f"{noun}_id": listed.id}
    assert service.get(request=one).id == listed.id
    name = f"Wharfe {uuid4().hex[:8]}"
    created = service.create(request={**there, noun: {f"{noun}_name": name, "status": "Active"}})
    assert created.data_type.value == f"{noun}s"
    changed = {f"{noun}_name": f"{name} Ltd", "status": "Active"}
    assert service.update(request={**there, f"{noun}_id": listed.id, noun: changed}).status.value == "Pending"
    return name


def pushed(sdk: Any, one: dict[str, str]) -> str:
    """How a write ended."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        found = sdk.push_operations.get(request=one)
        if found.status.value != "Pending":
            return str(found.status.value)
        assert time.monotonic() < deadline
        time.sleep(0.05)


async def test_every_operation_of_the_library(expenses: Expenses) -> None:
    """None is left out, on either ledger."""
    pounds = await expenses.data("suppliers", query="defaultCurrency=GBP&&status=Active")
    supplier = pounds[0]["id"] if pounds else expenses.supplier

    def calls() -> tuple[dict[str, Any], set[tuple[str, str]]]:
        with library(expenses.api) as sdk:
            noting = Noting(sdk)
            drive(noting, expenses)
            reimbursed(noting, expenses, supplier)
            return drive_the_rest(noting, expenses), noting.all_operations() - noting.noted

    found, left_out = await in_thread(calls)
    assert not left_out
    assert found["info"].company_name
    assert found["pushed"] == ["Success", "Success"]
    assert found["pushes"] >= 6
    assert found["queued"] == "suppliers"
    assert found["status"].suppliers.last_successful_sync
    assert found["history"] > 7
