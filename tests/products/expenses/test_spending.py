"""Card transactions on both ledgers: what becomes of them is what the ledger holds."""

from __future__ import annotations

import pytest

from tests.products.bill_pay.conftest import XERO
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


async def test_nothing_is_written_twice(expenses: Expenses) -> None:
    first, second, third = (expenses.spending() for _ in range(3))
    await expenses.written(first, third)
    status, rows = await expenses.sent(first, second, third)
    assert status["syncStatusCode"] == 5080
    told = "One or more transactions have previously been processed: "
    assert status["errorMessage"] == f"{told}{first['id']}, {third['id']}"
    for again in (first, third):
        assert (rows[again["id"]]["status"], rows[again["id"]]["message"]) == ("ValidationError", told + again["id"])
    assert rows[second["id"]]["status"] == "Completed"


async def test_the_configured_account_and_contact_are_fallbacks(expenses: Expenses) -> None:
    bare = expenses.spending()
    del bare["bankAccountRef"]
    named = expenses.spending(contactRef={"id": (await expenses.data("suppliers"))[-1]["id"], "type": "Supplier"})
    first, second = await expenses.written(bare, named)
    assert first["paymentAllocations"][0]["payment"]["accountRef"]["id"] == expenses.bank()
    assert first["contactRef"] == {"id": expenses.supplier, "dataType": "suppliers"}
    assert second["contactRef"]["id"] == named["contactRef"]["id"]


async def test_without_an_account_anywhere_nothing_is_written(expenses: Expenses) -> None:
    await expenses.done("POST", "/config", {"bankAccount": {}, "supplier": {}, "customer": {}})
    bare, whole = expenses.spending(), expenses.spending()
    del bare["bankAccountRef"]
    whole["contactRef"] = {"id": expenses.supplier}
    status, rows = await expenses.sent(bare, whole)
    assert (status["syncStatusCode"], status["dataPushed"]) == (4000, True)
    assert rows[bare["id"]]["status"] == "ValidationError"
    assert "bank account" in rows[bare["id"]]["message"]
    assert rows[whole["id"]]["status"] == "Completed"
    # It may be sent again, once the company is configured.
    await expenses.configure()
    await expenses.written(bare)


async def test_tax_is_taken_as_sent_or_worked_out(expenses: Expenses) -> None:
    rate = {"id": expenses.tax_rate()}
    stated = expenses.line(tax=None, taxRateRef=rate, taxAmount=19.99)
    told_by_rate = expenses.line(net=33.33, tax=None, taxRateRef=rate)
    untaxed = expenses.line(net=5, tax=None)
    [found] = await expenses.written(expenses.spending(lines=[stated, told_by_rate, untaxed]))
    # Xero works tax out itself, and bears a cent of difference in what it is told.
    first = 20 if expenses.platform == XERO else 19.99
    assert [line["taxAmount"] for line in found["lineItems"]] == [first, 6.67, 0]
    assert found["subTotal"] == 138.33
    assert found["totalAmount"] == pytest.approx(138.33 + first + 6.67, abs=0.001)


async def test_lines_are_tracked(expenses: Expenses) -> None:
    leaf = next(one for one in expenses.options["trackingCategories"] if not one["hasChildren"])
    group = next(one for one in expenses.options["trackingCategories"] if one["hasChildren"])
    line = expenses.line(trackingRefs=[{"id": leaf["id"], "dataType": "trackingCategories"}])
    [found] = await expenses.written(expenses.spending(lines=[line]))
    assert [ref["id"] for ref in found["lineItems"][0]["trackingCategoryRefs"]] == [leaf["id"]]
    line["trackingRefs"] = [{"id": group["id"]}]
    problems = await expenses.refused("POST", "/expense-transactions", [expenses.spending(lines=[line])])
    assert list(problems) == ["Items[0].Lines[0].TrackingRefs[0].Id"]


async def test_a_payment_is_changed(expenses: Expenses) -> None:
    sent = expenses.spending()
    [before] = await expenses.written(sent)
    changed = {**sent, "lines": [expenses.line(net=50, tax=10), expenses.line(net=1, tax=None)], "notes": "team lunch"}
    del changed["id"]
    started = await expenses.done("PUT", f"/expense-transactions/{sent['id']}", changed, status=202)
    status, rows = await expenses.synced(started["syncId"])
    assert status["syncStatusCode"] == 2000, rows
    after = await expenses.record(rows[sent["id"]]["message"])
    assert after["id"] == before["id"]
    assert (after["totalAmount"], len(after["lineItems"])) == (61, 2)
    assert after["lineItems"][0]["description"] == "Corner Cafe - team lunch"


async def test_only_written_payments_are_changed(expenses: Expenses) -> None:
    refund = expenses.spending("Refund")
    await expenses.written(refund)
    path = f"/expense-transactions/{refund['id']}"
    told = await expenses.refused("PUT", path, {**expenses.spending("Refund"), "id": None}, 422)
    assert "Payment" in told[""]
    await expenses.refused("PUT", f"/expense-transactions/{expenses.spending()['id']}", expenses.spending(), 404)


async def test_currencies_at_xero(xero: Expenses) -> None:
    """A bank transaction is in the currency of its bank account, whatever currency the application says."""
    dollars = {"id": xero.bank(currency="USD")}
    rate = {"currencyRate": 0.78}
    sent = [
        xero.spending(currency="USD", bankAccountRef=dollars, **rate),
        xero.spending("Refund", currency="USD", bankAccountRef=dollars, **rate),
        xero.spending(currency="GBP", bankAccountRef=dollars, **rate),
        xero.spending(currency="EUR", bankAccountRef=dollars, **rate),
        xero.spending(currency="USD", **rate),
    ]
    found = await xero.written(*sent)
    assert [one["currency"] for one in found] == ["USD", "USD", "USD", "USD", "GBP"]
    assert {one["totalAmount"] for one in found} == {120}
    assert [one["currencyRate"] for one in found[:2]] == [pytest.approx(0.78, abs=1e-6)] * 2
    without = xero.spending(currency="USD", bankAccountRef=dollars)
    status, rows = await xero.sent(without)
    assert (status["syncStatusCode"], status["dataPushed"]) == (5120, False)
    assert "rate from USD into GBP" in rows[without["id"]]["message"]
