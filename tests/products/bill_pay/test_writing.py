"""Writing through Bill Pay on both ledgers: what is answered is what the ledger holds."""

from __future__ import annotations

import pytest

from tests.products.bill_pay.conftest import Payables

pytestmark = pytest.mark.usefixtures("worker")


async def test_a_bill_is_created_changed_and_paid(payables: Payables) -> None:
    made = await payables.bill()
    assert (made["status"], made["totalAmount"], made["amountDue"]) == ("Open", 73.19, 73.19)
    assert [line["taxAmount"] for line in made["lineItems"]] == [10, 2.20]
    assert made["supplierRef"]["id"]
    listed = {one["id"]: one for one in await payables.every("/bills")}
    assert listed[made["id"]]["totalAmount"] == 73.19

    changed = await payables.prototype(supplierRef=made["supplierRef"], reference="R-changed")
    changed["lineItems"] = changed["lineItems"][:1]
    answer = await payables.done("PUT", f"/bills/{made['id']}", changed)
    assert (answer["id"], answer["totalAmount"], answer["reference"]) == (made["id"], 60, "R-changed")
    assert len(answer["lineItems"]) == 1

    payment = {"amount": 25.5, "date": "2026-06-15T00:00:00", "accountRef": {"id": await payables.bank()}}
    paid = await payables.done("POST", f"/bills/{made['id']}/payment", {**payment, "reference": "first"})
    assert (paid["amount"], paid["accountRef"]["id"]) == (25.5, payment["accountRef"]["id"])
    left = {one["id"]: one for one in await payables.every("/bills")}[made["id"]]
    assert (left["status"], left["amountDue"]) == ("PartiallyPaid", 34.5)
    too_late = await payables.refused("PUT", f"/bills/{made['id']}", changed)
    assert "PartiallyPaid" in too_late["error"]
    too_much = await payables.refused("POST", f"/bills/{made['id']}/payment", {**payment, "amount": 34.51})
    assert "34.5" in too_much["error"]
    await payables.done("POST", f"/bills/{made['id']}/payment", {**payment, "amount": 34.5})
    assert made["id"] not in {one["id"] for one in await payables.every("/bills")}
    paid_ones = await payables.every("/bills", query="status=Paid")
    assert made["id"] in {one["id"] for one in paid_ones}
    assert {one["status"] for one in paid_ones} == {"Paid"}
    await payables.refused("POST", f"/bills/{made['id']}/payment", {**payment, "amount": 1})


async def test_a_supplier_is_replaced_whole(payables: Payables) -> None:
    given = {
        "supplierName": "Wharfe Glass",
        "contactName": "Ann Lee",
        "emailAddress": "ann@example.com",
        "phone": "0113 496 0000",
        "addresses": [{"type": "Billing", "line1": "1 Quay", "city": "Leeds", "postalCode": "LS1 1AA"}],
        "status": "Active",
    }
    made = await payables.done("POST", "/suppliers", given)
    assert {name: made[name] for name in given} == given
    assert "balance" not in made
    replaced = await payables.done("PUT", f"/suppliers/{made['id']}", {"status": "Active", "phone": "1"})
    assert (replaced["id"], replaced["supplierName"], replaced["phone"]) == (made["id"], "Wharfe Glass", "1")
    assert not {"contactName", "emailAddress", "addresses"} & set(replaced)
    listed = {one["id"]: one for one in await payables.every("/suppliers")}
    assert listed[made["id"]] == replaced


async def test_a_bank_account_is_opened_and_paid_from(payables: Payables) -> None:
    given = {
        "name": "Second account",
        "accountType": "Debit",
        "accountNumber": "12345678",
        "sortCode": "401276",
        "nominalCode": "9001",
        "currency": "GBP",
    }
    made = await payables.done("POST", "/bankAccounts", given)
    assert (made["name"], made["status"], made["accountType"]) == ("Second account", "Active", "Debit")
    bill = await payables.bill()
    payment = {"amount": bill["amountDue"], "date": "2026-06-15T00:00:00", "accountRef": {"id": made["id"]}}
    paid = await payables.done("POST", f"/bills/{bill['id']}/payment", payment)
    assert paid["accountRef"] == {"id": made["id"]}


async def test_whatever_is_offered_can_be_used(payables: Payables) -> None:
    """One bill with a line for each account that is offered, and one with a line for each tax rate."""
    options = await payables.get("/mappingOptions/bills")
    accounts = [one["id"] for one in options["accounts"]]
    expense = next(one["id"] for one in options["accounts"] if one["type"] == "Expense")
    rates = [one["id"] for one in options["taxRates"]]
    assert len(accounts) > 10
    assert len(rates) > 2
    line = {"description": "Panes", "unitAmount": 10}
    booked = await payables.bill(lineItems=[{**line, "accountRef": {"id": one}} for one in accounts])
    assert [one["accountRef"]["id"] for one in booked["lineItems"]] == accounts
    taxed = [{**line, "accountRef": {"id": expense}, "taxRateRef": {"id": one}} for one in rates]
    made = await payables.bill(lineItems=taxed)
    assert [one["taxRateRef"]["id"] for one in made["lineItems"]] == rates
    percent = {one["id"]: one["effectiveTaxRate"] for one in options["taxRates"]}
    assert [one["taxAmount"] for one in made["lineItems"]] == [percent[one] / 10 for one in rates]
