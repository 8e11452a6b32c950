"""What is asked of a ledger for the sake of one bill leaves what a sync has read as it is."""

from __future__ import annotations

import asyncio
from typing import Any

from bookbridge import jobs
from tests.api.conftest import DEADLINE_S
from tests.products.bill_pay.conftest import Payables


async def accounts(payables: Payables) -> dict[str, dict[str, Any]]:
    answer = await payables.api.http.get(f"/companies/{payables.company}/data/accounts", params={"pageSize": "5000"})
    assert answer.status_code == 200, answer.text
    return {row["id"]: row for row in answer.json()["results"]}


async def test_accounts_keep_their_balances(payables: Payables, worker: jobs.Worker) -> None:
    path = f"/companies/{payables.company}/data/queue/chartOfAccounts"
    assert (await payables.api.http.post(path)).status_code == 200
    async with asyncio.timeout(DEADLINE_S * 2):
        while True:
            if not await payables.api.pool.fetchval("select count(*) from datasets where completed is null"):
                break
            await asyncio.sleep(0.05)
    before = await accounts(payables)
    assert sum("currentBalance" in row for row in before.values()) > 3
    bill = await payables.prototype()
    unknown = bill["lineItems"][0]["accountRef"]["id"]
    # As if it had been made since the accounts were read.
    await payables.api.pool.execute("delete from records where record_id = $1", unknown)
    await payables.done("POST", "/bills", bill)
    after = await accounts(payables)
    assert unknown in after
    changed = [name for name, row in before.items() if name != unknown and "currentBalance" in row]
    kept = {name: after[name].get("currentBalance") for name in changed}
    # The Sandbox's ledger tells of each account that a bill has moved.
    assert sum(kept[name] != before[name]["currentBalance"] for name in changed) <= 2
    assert None not in kept.values()
