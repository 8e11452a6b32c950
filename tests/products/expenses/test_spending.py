"""Card transactions on both ledgers: what becomes of them is what the ledger holds."""

from __future__ import annotations

import pytest

from tests.products.expenses.conftest import DAY, Expenses


async def test_each_type_lands_where_it_belongs(expenses: Expenses) -> None:
    kinds = ("Payment", "Refund", "Reward", "Chargeback")
    sent = [expenses.spending(kind) for kind in kinds]
    found = await expenses.written(*sent)
    assert [one["dataType"] for one in found] == ["directCosts", *["directIncomes"] * 3]
    for transaction, record in zip(sent, found, strict=True):
        assert record["totalAmount"] == 120
        assert (record["subTotal"], record["taxAmount"]) == (100, 20)
        assert record["currency"] == "GBP"
        assert record["reference"] == transaction["reference"]
        assert record["issueDate"][:10] == DAY
        [line] = record["lineItems"]
        assert line["accountRef"]["id"] == expenses.account()
        assert line["taxRateRef"]["id"] == expenses.tax_rate()
        assert line["description"] == "Corner Cafe"
        [paid] = record["paymentAllocations"]
        assert paid["payment"]["accountRef"]["id"] == expenses.bank()
    assert [one["contactRef"]["id"] for one in found] == [expenses.supplier, *[expenses.customer] * 3]


@pytest.mark.parametrize("path", ["/expense-transactions"])
async def test_nothing_is_written_twice(expenses: Expenses, path: str) -> None:
    first, second = expenses.spending(), expenses.spending()
    await expenses.written(first, path=path)
    status, rows = await expenses.sent(first, second)
    assert status["syncStatusCode"] == 5080
    assert first["id"] in status["errorMessage"]
    assert rows[first["id"]]["status"] == "ValidationError"
    assert rows[second["id"]]["status"] == "Completed"
