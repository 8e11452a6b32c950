"""The official Python library drives expenses from the configuration to the receipt, on both ledgers."""

from __future__ import annotations

import re
import time
from typing import Any
from uuid import uuid4

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


class Client:
    """The library on one company."""

    def __init__(self, sdk: CodatSyncExpenses, company: str) -> None:
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


def drive(sdk: CodatSyncExpenses, of: Expenses) -> dict[str, Any]:
    """Everything that the library offers of expenses."""
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


async def test_reimbursements(expenses: Expenses) -> None:
    """Written where the platform takes them, and a clear error where it does not."""
    pounds = await expenses.data("suppliers", query="defaultCurrency=GBP&&status=Active")
    supplier = pounds[0]["id"] if pounds else expenses.supplier
    content = {
        "contactRef": {"id": supplier},
        "issueDate": DAY,
        "dueDate": DAY,
        "currency": "GBP",
        "lines": [expenses.line(net=20, tax=4)],
    }
    sent = str(uuid4())
    request = {"company_id": expenses.company, "request_body": snake([{**content, "id": sent}])}

    def calls() -> str:
        with library(expenses.api) as sdk:
            client = Client(sdk, expenses.company)
            try:
                started = sdk.reimbursements.create(request=request)
            except errors.ErrorMessage as error:
                return str(error.data.error)
            client.synced(started.sync_id)
            one = {
                **client.here,
                "transaction_id": sent,
                "update_reimbursable_expense_transaction_request": snake(
                    {**content, "lines": [expenses.line(net=7, tax=0)]}
                ),
            }
            return str(client.synced(sdk.reimbursements.update(request=one).sync_id)[0].message)

    told = await in_thread(calls)
    if expenses.platform == XERO:
        assert "does not support reimbursable" in told
    else:
        assert (await expenses.record(told))["totalAmount"] == 7
