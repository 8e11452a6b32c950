"""Processes killed at random moments of a sync, and everything sent more than once: each transaction is there once."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bookbridge.companies import connections
from bookbridge.connectors.sandbox.manifest import CONNECTOR
from bookbridge.products.expenses.syncs import TransactionStatus
from tests.api.conftest import Api
from tests.connectors.own_ledger import OwnLedger
from tests.connectors.sandbox import Sandbox
from tests.products.bill_pay.conftest import SANDBOX
from tests.products.expenses.conftest import DEADLINE_S, Expenses, linked, working
from tests.products.expenses.syncing_process import work_off

SYNCS = 6
TRANSACTIONS = 5
KILLS_MIN = 5
KILLS_MAX = 25
LIFE_S = (0.1, 0.35)
OPEN = "select count(*) from expense_syncs where stage <> 'done'"


async def ledger_references(expenses: Expenses) -> Counter[str]:
    """How often the ledger itself holds each reference."""
    read = CONNECTOR.read("directCosts")
    assert read is not None
    async with expenses.api.pool.acquire() as db:
        connection = await connections.get(db, UUID(expenses.company), UUID(expenses.connection))
    found: Counter[str] = Counter()
    async with expenses.api.rooms.sessions.open(connection) as session:
        async for page in session.pages(read.sources[0], since=None, cursor=None):
            found.update(row.record.reference for row in page.payloads if not row.deleted)
    return found


async def send_twice(expenses: Expenses, batches: list[list[dict[str, Any]]]) -> list[str]:
    """Send each batch twice, at once; returns the ids of the syncs."""
    calls = [expenses.done("POST", "/expense-transactions", batch) for batch in batches for _ in range(2)]
    return [one["syncId"] for one in await asyncio.gather(*calls)]


@pytest.mark.timeout(150)
async def test_killed_at_any_moment_each_transaction_lands_once(
    api: Api, ledger: OwnLedger, sandbox: Sandbox, dsn: str, tmp_path: Path
) -> None:
    async with working(api, dsn):
        expenses = await linked(api, sandbox, SANDBOX)
        await expenses.configure()
    batches = [[expenses.spending() for _ in range(TRANSACTIONS)] for _ in range(SYNCS)]
    sync_ids = await send_twice(expenses, batches)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.products.expenses.syncing_process",
        str(tmp_path),
        ledger.url,
        dsn,
        expenses.connection,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    kills = 0
    async with asyncio.timeout(2 * DEADLINE_S):
        while kills < KILLS_MAX and await api.pool.fetchval(OPEN):
            process.stdin.write(b"\n")
            pid = int(await process.stdout.readline())
            await asyncio.sleep(random.uniform(*LIFE_S))
            kills += bool(await api.pool.fetchval(OPEN))
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.stdin.close()
        await process.wait()
        await work_off(api.rooms, expenses.connection)
    assert kills >= KILLS_MIN
    sent = [transaction for batch in batches for transaction in batch]
    held = await ledger_references(expenses)
    assert {one["reference"]: held[one["reference"]] for one in sent} == {one["reference"]: 1 for one in sent}
    await check_statuses(expenses, sync_ids, sent)


async def check_statuses(expenses: Expenses, sync_ids: list[str], sent: list[dict[str, Any]]) -> None:
    """Of the two times that each was sent one was written, and each sync told of its end once."""
    counts: Counter[tuple[str, str]] = Counter()
    for sync_id in sync_ids:
        _, rows = await expenses.synced(sync_id)
        counts.update((row["transactionId"], row["status"]) for row in rows.values())
    for one in sent:
        assert counts[one["id"], TransactionStatus.COMPLETED] == 1
        assert counts[one["id"], TransactionStatus.VALIDATION_ERROR] == 1
    told = await expenses.api.pool.fetch("select body from webhook_messages where event_type like 'expenses.sync.%'")
    assert Counter(json.loads(row["body"])["payload"]["syncId"] for row in told) == Counter(sync_ids)
