"""Files of transactions: they are with the record in the ledger when the call is answered."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx2

from tests.products.expenses.conftest import Expenses

PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)


async def upload(expenses: Expenses, sync: str, transaction: str, name: str = "receipt.png") -> httpx2.Response:
    return await expenses.api.http.post(
        f"{expenses.base}/syncs/{sync}/transactions/{transaction}/attachments",
        files={"file": (name, PNG, "image/png")},
    )


async def attachments(expenses: Expenses, message: str) -> list[dict[str, Any]]:
    _, data_type, record = message.split()
    answer = await expenses.api.http.get(
        f"/companies/{expenses.company}/connections/{expenses.connection}/data/{data_type}/{record}/attachments"
    )
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["attachments"]
    return found


async def test_receipts_are_attached(expenses: Expenses) -> None:
    for kind in ("Payment", "Refund"):
        sent = expenses.spending(kind)
        sync = (await expenses.done("POST", "/expense-transactions", [sent]))["syncId"]
        _, rows = await expenses.synced(sync)
        first = await upload(expenses, sync, sent["id"])
        assert first.status_code == 200, first.text
        assert {**first.json(), "id": ""} == {"companyId": expenses.company, "id": "", "transactionId": sent["id"]}
        second = await upload(expenses, sync, sent["id"], "back.png")
        held = await attachments(expenses, rows[sent["id"]]["message"])
        assert {one["id"] for one in held} == {first.json()["id"], second.json()["id"]}
        assert {one["name"] for one in held} == {"receipt.png", "back.png"}


async def test_only_to_what_was_written(expenses: Expenses) -> None:
    failing = expenses.spending(issueDate="2026-11-02", currency="USD", currencyRate=0.8)
    sync = (await expenses.done("POST", "/expense-transactions", [expenses.spending()]))["syncId"]
    await expenses.synced(sync)
    unknown = await upload(expenses, sync, failing["id"])
    assert unknown.status_code == 404
    assert (await upload(expenses, str(uuid4()), failing["id"])).status_code == 404
    refused = await upload(expenses, sync, (await one_of(expenses, sync)), "program.exe")
    assert refused.status_code == 400


async def one_of(expenses: Expenses, sync: str) -> str:
    rows = (await expenses.done("GET", f"/syncs/{sync}/transactions"))["results"]
    found: str = rows[0]["transactionId"]
    return found


async def test_transfers_take_no_files(expenses: Expenses) -> None:
    body = {
        "date": "2026-11-02",
        "from": {"accountRef": {"id": expenses.bank(0)}, "amount": 5},
        "to": {"accountRef": {"id": expenses.bank(1)}, "amount": 5},
    }
    transfer = str(uuid4())
    sync = (await expenses.done("PUT", f"/transfer-transactions/{transfer}", body))["syncId"]
    await expenses.synced(sync)
    refused = await upload(expenses, sync, transfer)
    assert refused.status_code == 400
    assert "takes no files" in refused.json()["error"]
