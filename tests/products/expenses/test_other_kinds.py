"""Transfers, adjustments and reimbursements, and the older form of everything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from bookbridge.products.expenses import datasets
from tests.products.bill_pay.conftest import XERO
from tests.products.expenses.conftest import DAY, Expenses


def side(account: str, amount: float) -> dict[str, object]:
    return {"accountRef": {"id": account}, "amount": amount}


async def test_money_is_transferred_between_banks(expenses: Expenses) -> None:
    transfer_id = str(uuid4())
    # Published examples write these names with capitals.
    body = {
        "Description": "Top-up",
        "Date": DAY,
        "From": {"AccountRef": {"Id": expenses.bank(0)}, "Amount": 75.5},
        "To": {"AccountRef": {"Id": expenses.bank(1)}, "Amount": 75.5},
    }
    started = await expenses.done("PUT", f"/transfer-transactions/{transfer_id}", body)
    status, rows = await expenses.synced(started["syncId"])
    assert status["syncStatusCode"] == 2000, rows
    found = await expenses.record(rows[transfer_id]["message"])
    assert found["dataType"] == "transfers"
    assert (found["from"]["accountRef"]["id"], found["from"]["amount"]) == (expenses.bank(0), 75.5)
    assert (found["to"]["accountRef"]["id"], found["to"]["amount"]) == (expenses.bank(1), 75.5)
    assert found["description"] == "Top-up"
    again = await expenses.synced((await expenses.done("PUT", f"/transfer-transactions/{transfer_id}", body))["syncId"])
    assert again[0]["syncStatusCode"] == 5080
    found_as_card = await expenses.call("POST", f"/transfer-transactions/{transfer_id}", body)
    assert found_as_card.status_code == 405


async def test_amounts_of_transfers(expenses: Expenses) -> None:
    """As many places as the account's currency has; and no limit that is meant for what people spend."""
    path = f"/transfer-transactions/{uuid4()}"
    for amount, place in ((0, "From.Amount"), (-1, "From.Amount"), (1.005, "From.Amount"), (10**13, "From.Amount")):
        body = {"date": DAY, "from": side(expenses.bank(0), amount), "to": side(expenses.bank(1), 1)}
        assert list(await expenses.refused("PUT", path, body)) == [place]
    body = {"date": DAY, "from": side(expenses.bank(0), 6_000_000.5), "to": side(expenses.bank(1), 6_000_000.5)}
    _, rows = await expenses.synced((await expenses.done("PUT", path, body))["syncId"])
    [row] = rows.values()
    assert (await expenses.record(row["message"]))["to"]["amount"] == 6_000_000.5
    uneven = {**body, "to": side(expenses.bank(1), 6_000_000)}
    status, rows = await expenses.synced(
        (await expenses.done("PUT", f"/transfer-transactions/{uuid4()}", uneven))["syncId"]
    )
    [row] = rows.values()
    assert (status["syncStatusCode"], row["status"]) == (5120, "ValidationError")


async def test_a_transfer_to_another_account(expenses: Expenses) -> None:
    """An entry, where the ledger books entries on banks; refused where it does not."""
    body = {"date": DAY, "from": side(expenses.bank(), 12), "to": side(expenses.account(), 12)}
    path = f"/transfer-transactions/{uuid4()}"
    if expenses.platform == XERO:
        assert list(await expenses.refused("PUT", path, body)) == ["To.AccountRef.Id"]
        return
    _, rows = await expenses.synced((await expenses.done("PUT", path, body))["syncId"])
    [row] = rows.values()
    found = await expenses.record(row["message"])
    booked = {line["accountRef"]["id"]: line["netAmount"] for line in found["journalLines"]}
    assert booked == {expenses.bank(): -12, expenses.account(): 12}


async def test_an_adjustment_is_an_entry(expenses: Expenses) -> None:
    accounts = [one["id"] for one in expenses.options["accounts"] if "adjustment-transactions" in one["validFor"]]
    lines = [
        {"amount": 40.25, "accountRef": {"id": accounts[0]}, "description": "Fee"},
        {"amount": -40.25, "accountRef": {"id": accounts[1]}},
    ]
    adjustment = {"id": str(uuid4()), "date": DAY, "currency": "GBP", "reference": "Year end", "lines": lines}
    [found] = await expenses.written(adjustment, path="/adjustment-transactions")
    assert found["dataType"] == "journalEntries"
    assert found["postedOn"][:10] == DAY
    booked = {line["accountRef"]["id"]: line["netAmount"] for line in found["journalLines"]}
    assert booked == {accounts[0]: 40.25, accounts[1]: -40.25}
    lines[1]["amount"] = -40
    problems = await expenses.refused("POST", "/adjustment-transactions", [{**adjustment, "id": str(uuid4())}])
    assert problems == {"Items[0].Lines": "The field Lines must add up to zero, not 0.25."}


def reimbursement(expenses: Expenses, supplier: str) -> dict[str, object]:
    line = expenses.line(net=20, tax=4, description="Taxi")
    line["accountRef"] = {"id": expenses.account("reimbursable-expense-transactions")}
    return {
        "id": str(uuid4()),
        "contactRef": {"id": supplier},
        "issueDate": DAY,
        "dueDate": "2026-12-02",
        "currency": "GBP",
        "reference": f"E-{uuid4().hex[:6]}",
        "lines": [line],
    }


async def test_a_reimbursement_is_a_bill_and_is_changed(own: Expenses) -> None:
    pounds = (await own.data("suppliers", query="defaultCurrency=GBP&&status=Active"))[0]["id"]
    sent = reimbursement(own, pounds)
    [bill] = await own.written(sent, path="/reimbursable-expense-transactions")
    assert (bill["dataType"], bill["totalAmount"], bill["supplierRef"]["id"]) == ("bills", 24, pounds)
    assert (bill["lineItems"][0]["description"], bill["dueDate"][:10]) == ("Taxi", "2026-12-02")
    changed = {**sent, "lines": [own.line(net=30, tax=6)]}
    started = await own.done("PUT", f"/reimbursable-expense-transactions/{sent['id']}", changed)
    status, rows = await own.synced(started["syncId"])
    assert status["syncStatusCode"] == 2000, rows
    after = await own.record(rows[str(sent["id"])]["message"])
    assert (after["id"], after["totalAmount"]) == (bill["id"], 36)


async def test_a_kind_that_the_platform_does_not_take_is_refused(expenses: Expenses) -> None:
    if expenses.platform != XERO:
        return
    sent = {**reimbursement_fields(expenses)}
    told = await expenses.refused("POST", "/reimbursable-expense-transactions", [sent])
    assert "does not support reimbursable" in told[""]


def reimbursement_fields(expenses: Expenses) -> dict[str, object]:
    return {
        "id": str(uuid4()),
        "contactRef": {"id": expenses.supplier},
        "issueDate": DAY,
        "dueDate": DAY,
        "currency": "GBP",
        "lines": [expenses.line()],
    }


async def test_the_older_form(own: Expenses) -> None:
    card = own.spending(contactRef={"id": own.supplier, "contactType": "Supplier"})
    savings = own.bank(1)
    moved_in = own.spending("TransferIn", lines=[{"netAmount": 9, "taxAmount": 0, "accountRef": {"id": savings}}])
    moved_out = own.spending("TransferOut", lines=[{"netAmount": 4, "taxAmount": 0, "accountRef": {"id": savings}}])
    adjusted = own.spending(
        "AdjustmentOut", lines=[{"netAmount": 3, "taxAmount": 0, "accountRef": {"id": own.account()}}]
    )
    for one in (moved_in, moved_out, adjusted):
        del one["bankAccountRef"]
    items = [card, moved_in, moved_out, adjusted]
    dataset = (await own.done("POST", "/data/expense-transactions", {"items": items}))["datasetId"]
    started = await own.done("POST", "/syncs", {"datasetIds": [dataset]}, status=202)
    status, rows = await own.synced(started["syncId"])
    assert status["syncStatusCode"] == 2000, rows
    kinds = [rows[one["id"]]["message"].split()[1] for one in items]
    assert kinds == ["directCosts", "transfers", "transfers", "journalEntries"]
    into = await own.record(rows[moved_in["id"]]["message"])
    assert (into["from"]["accountRef"]["id"], into["to"]["accountRef"]["id"]) == (savings, own.bank())
    entry = await own.record(rows[adjusted["id"]]["message"])
    booked = {line["accountRef"]["id"]: Decimal(str(line["netAmount"])) for line in entry["journalLines"]}
    assert booked == {own.bank(): Decimal(-3), own.account(): Decimal(3)}
    again = await own.done("POST", "/syncs", {"datasetIds": [dataset]}, status=202)
    assert (await own.synced(again["syncId"]))[0]["syncStatusCode"] == 5080
    await own.refused("POST", "/syncs", {"datasetIds": [str(uuid4())]}, 404)
    assert list(await own.refused("POST", "/syncs", {"datasetIds": []})) == ["DatasetIds"]


async def test_datasets_are_kept_for_some_months(own: Expenses) -> None:
    dataset = (await own.done("POST", "/data/expense-transactions", {"items": [own.spending()]}))["datasetId"]
    assert await datasets.prune(own.api.pool) == 0
    assert await datasets.prune(own.api.pool, now=datetime.now(UTC) + datasets.DATASETS_KEPT + timedelta(hours=1)) == 1
    await own.refused("POST", "/syncs", {"datasetIds": [dataset]}, 404)


async def test_older_types_belong_to_the_older_form(own: Expenses) -> None:
    problems = await own.refused("POST", "/expense-transactions", [own.spending("TransferIn")])
    assert problems["Items[0].Type"].startswith("Transfer In/Out transaction type is no longer supported.")
    problems = await own.refused("POST", "/expense-transactions", [own.spending("AdjustmentOut")])
    assert problems["Items[0].Type"].startswith("Adjustment In/Out transaction type is no longer supported.")
