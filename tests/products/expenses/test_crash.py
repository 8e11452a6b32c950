"""Processes killed at random moments of syncs, and everything sent twice: each transaction is in the ledger once."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from bookbridge.products.expenses.sync_entries import TransactionStatus
from tests.api.conftest import Api
from tests.connectors.own_ledger import OwnLedger
from tests.connectors.sandbox import Sandbox
from tests.killing import killed
from tests.products.bill_pay.conftest import SANDBOX, XERO
from tests.products.expenses.conftest import DAY, DEADLINE_S, Expenses, linked, working
from tests.products.expenses.ledger_view import LedgerView
from tests.products.expenses.syncing_process import work_off

KINDS = ("Payment", "Refund", "Reward", "Chargeback")
CARD_SYNCS = 4
ADJUSTMENTS = 3
TRANSFERS = 4
KILLS_MIN = 2
KILLS_MAX = 25
LIFE_S = (0.1, 0.35)
ANSWER_AFTER_S = 0.05
"""How slow Xero is, so that processes are killed between a write and its answer."""
OPEN = "select count(*) from expense_syncs where stage <> 'done'"

FIRST_AMOUNT = 4_321_000
"""Each transaction has an amount of its own, which nothing else in the books has."""


class Sending:
    """Transactions of every kind, each with an amount of its own."""

    def __init__(self, expenses: Expenses) -> None:
        self._expenses = expenses
        self.amounts: dict[str, Decimal] = {}
        self._accounts = [
            one["id"] for one in expenses.options["accounts"] if "adjustment-transactions" in one["validFor"]
        ]

    def _amount(self, transaction_id: str) -> int:
        amount = FIRST_AMOUNT + len(self.amounts)
        self.amounts[transaction_id] = Decimal(amount)
        return amount

    def calls(self) -> list[tuple[str, str, Any]]:
        """Requests that send them."""
        cards = [("POST", "/expense-transactions", [self._card(kind) for kind in KINDS]) for _ in range(CARD_SYNCS)]
        entries = [("POST", "/adjustment-transactions", [self._adjustment() for _ in range(ADJUSTMENTS)])]
        return [*cards, *entries, *(self._transfer() for _ in range(TRANSFERS))]

    def _card(self, kind: str) -> dict[str, Any]:
        made = self._expenses.spending(kind)
        return {**made, "lines": [self._expenses.line(net=self._amount(made["id"]), tax=None)]}

    def _adjustment(self) -> dict[str, Any]:
        made = str(uuid4())
        amount = self._amount(made)
        debit, credit = self._accounts[:2]
        lines = [
            {"amount": amount, "accountRef": {"id": debit}},
            {"amount": -amount, "accountRef": {"id": credit}},
        ]
        return {"id": made, "date": DAY, "currency": "GBP", "lines": lines}

    def _transfer(self) -> tuple[str, str, Any]:
        made = str(uuid4())
        amount = self._amount(made)
        source, target = ({"accountRef": {"id": self._expenses.bank(place)}, "amount": amount} for place in (0, 1))
        return "PUT", f"/transfer-transactions/{made}", {"date": DAY, "from": source, "to": target}


@pytest.mark.timeout(150)
@pytest.mark.parametrize("platform", [SANDBOX, XERO])
async def test_killed_at_any_moment_each_transaction_lands_once(
    api: Api, ledger: OwnLedger, sandbox: Sandbox, dsn: str, tmp_path: Path, platform: str
) -> None:
    async with working(api, dsn):
        expenses = await linked(api, sandbox, platform)
        await expenses.configure()
    if platform == XERO:
        await sandbox.fault("slow", delay_s=ANSWER_AFTER_S, times=None, match={"method": "PUT"})
    sending = Sending(expenses)
    # Everything is sent twice at once, as by a client that gave up waiting and asked again.
    twice = [expenses.done(*call) for call in sending.calls() for _ in range(2)]
    sync_ids = [one["syncId"] for one in await asyncio.gather(*twice)]

    async def is_unfinished() -> bool:
        return bool(await api.pool.fetchval(OPEN))

    kills = await killed(
        "tests.products.expenses.syncing_process",
        str(tmp_path),
        ledger.url,
        str(urlsplit(sandbox.url).port),
        dsn,
        expenses.connection,
        is_unfinished=is_unfinished,
        kills_max=KILLS_MAX,
        life_s=LIFE_S,
        deadline_s=2 * DEADLINE_S,
    )
    await work_off(api.rooms, expenses.connection)
    assert kills >= KILLS_MIN
    view = await LedgerView.of(expenses, ledger, sandbox)
    held = await view.amounts()
    assert {amount: held[amount] for amount in sending.amounts.values()} == dict.fromkeys(sending.amounts.values(), 1)
    await check_statuses(expenses, sync_ids, list(sending.amounts))


async def check_statuses(expenses: Expenses, sync_ids: list[str], sent: list[str]) -> None:
    """Of the two times that each was sent one was written, and each sync told of its end once."""
    counts: Counter[tuple[str, str]] = Counter()
    for sync_id in sync_ids:
        _, rows = await expenses.synced(sync_id)
        counts.update((row["transactionId"], row["status"]) for row in rows.values())
    for one in sent:
        assert counts[one, TransactionStatus.COMPLETED] == 1
        assert counts[one, TransactionStatus.VALIDATION_ERROR] == 1
    told = await expenses.api.pool.fetch("select body from webhook_messages where event_type like 'expenses.sync.%'")
    assert Counter(json.loads(row["body"])["payload"]["syncId"] for row in told) == Counter(sync_ids)
