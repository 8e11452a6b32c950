"""Being told of the end of a sync: the events, and the alerts of older rules."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from tests.products.expenses.conftest import Expenses


async def messages(expenses: Expenses) -> list[dict[str, Any]]:
    rows = await expenses.api.pool.fetch(
        "select body from webhook_messages where event_type like 'expenses.%' order by created"
    )
    return [json.loads(row["body"]) for row in rows]


async def test_events_and_alerts(own: Expenses) -> None:
    for kind in ("Sync Complete", "Sync Failed", "SyncStarted"):
        rule = {"type": kind, "notifiers": {"webhook": "http://127.0.0.1:9/hook"}}
        assert (await own.api.http.post("/rules", json=rule)).status_code == 200
    good, bad = own.spending(), own.spending(currency="USD")
    first = (await own.done("POST", "/expense-transactions", [good]))["syncId"]
    await own.synced(first)
    second = (await own.done("POST", "/expense-transactions", [own.spending(), bad]))["syncId"]
    await own.synced(second)
    told = await messages(own)
    assert [one["eventType"] for one in told] == ["expenses.sync.successful", "expenses.sync.unsuccessful"]
    payload = told[0]["payload"]
    assert payload["referenceCompany"]["id"] == own.company
    assert payload["syncId"] == first
    assert payload["transactions"] == [{"id": good["id"], "status": "Completed", "errorMessage": None}]
    failed = told[1]["payload"]["transactions"][1]
    assert (failed["id"], failed["status"]) == (bad["id"], "Failed")
    assert "rate from USD" in failed["errorMessage"]
    rows = await own.api.pool.fetch("select body from rule_alerts order by created")
    alerts = [(one["RuleType"], one["Data"]) for one in (json.loads(row["body"]) for row in rows)]
    assert alerts == [
        ("Sync Started", {"syncId": first, "syncType": "Expense"}),
        ("Sync Completed", {"syncId": first, "syncType": "Expense"}),
        ("Sync Started", {"syncId": second, "syncType": "Expense"}),
        ("Sync Completed", {"syncId": second, "syncType": "Expense"}),
        ("Sync Failed", {"syncId": second, "syncType": "Expense", "FailureStage": "Validating"}),
    ]


async def test_the_story_of_a_sync(own: Expenses) -> None:
    sent = [own.spending() for _ in range(3)]
    sync = (await own.done("POST", "/expense-transactions", sent))["syncId"]
    status, _ = await own.synced(sync)
    assert status["companyId"] == own.company
    assert (status["syncStatus"], "errorMessage" in status) == ("Complete", False)
    assert [one["syncId"] for one in await own.done("GET", "/syncs/list/status")] == [sync]
    page = await own.done("GET", f"/syncs/{sync}/transactions?page=2&pageSize=2")
    assert [row["transactionId"] for row in page["results"]] == [sent[2]["id"]]
    assert (page["totalResults"], page["pageNumber"]) == (3, 2)
    [one] = await own.done("GET", f"/syncs/{sync}/transactions/{sent[1]['id']}")
    assert one["integrationType"] == "expenses"
    assert (one["transactionId"], one["status"]) == (sent[1]["id"], "Completed")
    # After ten minutes it is told to be one that takes long.
    await own.api.pool.execute(
        "update expense_syncs set stage = 'pushing', requested = now() - interval '11 minutes' where id = $1", sync
    )
    assert (await own.done("GET", f"/syncs/{sync}/status"))["syncStatusCode"] == 1010


async def test_an_idempotency_key(own: Expenses) -> None:
    sent, headers = [own.spending()], {"Idempotency-Key": str(uuid4())}
    first = await own.done("POST", "/expense-transactions", sent, headers=headers)
    again = await own.done("POST", "/expense-transactions", sent, headers=headers)
    assert first == again
    await own.synced(first["syncId"])
    assert len(await own.done("GET", "/syncs/list/status")) == 1
