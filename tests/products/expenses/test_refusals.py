"""What is refused at once, with the field that is wrong; and what is found later, with the number that says why."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from bookbridge import app as composition
from bookbridge.companies import connections, lifecycle
from bookbridge.products.expenses.accept import SYNC_TASK
from tests.api.conftest import Api
from tests.connectors.own_ledger import OwnLedger
from tests.connectors.sandbox import Sandbox
from tests.products.bill_pay.conftest import SANDBOX
from tests.products.expenses.conftest import DAY, Expenses, linked, working
from tests.products.expenses.ledger_view import LedgerView
from tests.products.expenses.syncing_process import work_off


async def only_field(expenses: Expenses, place: str, message: str = "", **changes: Any) -> None:
    problems = await expenses.refused("POST", "/expense-transactions", [expenses.spending(**changes)])
    assert list(problems) == [place], problems
    assert message in problems[place]


async def test_each_field_is_named(own: Expenses) -> None:
    line = own.line
    await only_field(own, "Items[0].Type", "must be one of Payment, Refund", type="Gift")
    await only_field(own, "Items[0].IssueDate", "must be a date", issueDate="02/11/2026")
    await only_field(own, "Items[0].Currency", "three letters", currency="pounds")
    await only_field(own, "Items[0].CurrencyRate", "at most 9", currencyRate=0.1234567891)
    await only_field(own, "Items[0].Id", "must be a UUID", id="1")
    await only_field(own, "Items[0].Lines", "between 1 and 100", lines=[])
    await only_field(own, "Items[0].Lines", "between 1 and 100", lines=[line()] * 101)
    await only_field(own, "Items[0].Lines[1].NetAmount", "between 0 and 5000000", lines=[line(), line(net=-1)])
    await only_field(own, "Items[0].Lines[0].NetAmount", "2 decimal places", lines=[line(net=1.005)])
    await only_field(own, "Items[0].Lines[0].TaxAmount", "number", lines=[line(taxAmount="20")])
    await only_field(own, "Items[0].Lines[0].AccountRef", "required", lines=[{"netAmount": 1}])
    await only_field(own, "Items[0].Lines[0].AccountRef.Id", "no account", lines=[line(accountRef={"id": "x"})])
    await only_field(own, "Items[0].Lines[0].TaxRateRef.Id", "no tax rate", lines=[line(taxRateRef={"id": "x"})])
    await only_field(own, "Items[0].Lines[0].TaxRateRef", "required", lines=[line(taxRateRef=None)])
    await only_field(own, "Items[0].Lines[0].ItemRef", "not supported", lines=[line(itemRef={"id": "1"})])
    await only_field(own, "Items[0].Lines[0].InvoiceTo", "not supported", lines=[line(invoiceTo={"id": "1"})])
    await only_field(own, "Items[0].Lines[0].TrackingRefs", "0 and 10", lines=[line(trackingRefs=[{"id": "1"}] * 11)])
    await only_field(own, "Items[0].ContactRef.Id", "no supplier or customer", contactRef={"id": "x"})
    customer = {"id": own.supplier, "type": "Customer"}
    await only_field(own, "Items[0].ContactRef.Id", "no customer", contactRef=customer)
    await only_field(own, "Items[0].ContactRef.Type", "Supplier or Customer", contactRef={**customer, "type": "x"})
    await only_field(own, "Items[0].BankAccountRef.Id", "no bank account", bankAccountRef={"id": own.account()})
    await only_field(own, "Items[0].MerchantName", "NUL", merchantName="a\x00b")


async def test_all_that_is_wrong_is_told_at_once(own: Expenses) -> None:
    bad = own.spending(currency="1", lines=[own.line(net=-1), {"taxAmount": -2}])
    problems = await own.refused("POST", "/expense-transactions", [own.spending(), bad])
    assert set(problems) == {
        "Items[1].Currency",
        "Items[1].Lines[0].NetAmount",
        "Items[1].Lines[1].NetAmount",
        "Items[1].Lines[1].TaxAmount",
        "Items[1].Lines[1].AccountRef",
    }
    assert await own.api.pool.fetchval("select count(*) from expense_transactions") == 0


@pytest.mark.parametrize("body", [[], {}, None, [1], "x", [[]]])
async def test_what_is_no_list_of_transactions(own: Expenses, body: Any) -> None:
    await own.refused("POST", "/expense-transactions", body)


async def test_too_many_and_the_same_twice(own: Expenses) -> None:
    one = own.spending()
    assert list(await own.refused("POST", "/expense-transactions", [one] * 51)) == ["Items"]
    assert list(await own.refused("POST", "/expense-transactions", [one, one])) == ["Items[1].Id"]


async def test_accounts_and_rates_are_for_some_types_only(expenses: Expenses) -> None:
    income = expenses.account("expense-transactions.Refund", "Income")
    line = {"netAmount": 5, "accountRef": {"id": income}}
    problems = await expenses.refused("POST", "/expense-transactions", [expenses.spending(lines=[line])])
    assert "not valid for Payment" in problems["Items[0].Lines[0].AccountRef.Id"]
    await expenses.written(expenses.spending("Reward", lines=[line]))
    for sales_only in (one for one in expenses.options["taxRates"] if "Payment" not in one["validTransactionTypes"]):
        taxed = expenses.line(taxRateRef={"id": sales_only["id"]})
        problems = await expenses.refused("POST", "/expense-transactions", [expenses.spending(lines=[taxed])])
        assert list(problems) == ["Items[0].Lines[0].TaxRateRef.Id"]


async def test_mapping_options_say_what_is_demanded(expenses: Expenses) -> None:
    assert expenses.options["expenseProvider"] == "Partner Expense"
    banks = [one for one in expenses.options["accounts"] if one["isBankAccount"]]
    assert banks
    assert all(one["validFor"] == ["transfer-transactions"] for one in banks)
    assert all(not one["validTransactionTypes"] for one in banks)
    for one in expenses.options["accounts"]:
        spent = [use.partition(".")[2] for use in one["validFor"] if use.startswith("expense-transactions.")]
        assert spent == one["validTransactionTypes"]
        assert {"id", "name", "currency", "accountType", "fullyQualifiedCategory"} <= set(one)
    names = {one["name"] for one in expenses.options["accounts"] if one["validFor"]}
    assert not names & {"Accounts Receivable", "Accounts receivable", "Accounts Payable", "Accounts payable", "VAT"}


async def test_a_configuration_names_what_is_there(own: Expenses) -> None:
    body = {"bankAccount": {"id": own.account()}, "supplier": {"id": own.customer}, "customer": {"id": "x"}}
    assert set(await own.refused("POST", "/config", body)) == {"bankAccount.id", "supplier.id", "customer.id"}
    assert set(await own.refused("POST", "/config", {"bankAccount": {"id": own.bank()}})) == {"supplier", "customer"}
    assert (await own.done("GET", "/config"))["supplier"] == {"id": own.supplier}


async def test_currencies_that_do_not_meet(own: Expenses) -> None:
    """The Sandbox's banks are in pounds: what is paid from them may be in any currency, with a rate."""
    without, foreign = own.spending(currency="USD"), own.spending(currency="USD", currencyRate=0.781)
    status, rows = await own.sent(without, foreign)
    assert (status["syncStatusCode"], status["dataPushed"], status["syncStatus"]) == (5120, True, "ValidationError")
    assert "rate from USD into GBP" in rows[without["id"]]["message"]
    found = await own.record(rows[foreign["id"]]["message"])
    assert (found["currency"], found["currencyRate"], found["totalAmount"]) == ("USD", 0.781, 120)


async def test_closed_books(own: Expenses) -> None:
    await own.api.pool.execute(
        """update records set body = (body::jsonb || '{"ledgerLockDate": "2026-11-02T00:00:00"}')::text
        where data_type = 'company'"""
    )
    closed, open_ = own.spending(issueDate=DAY), own.spending(issueDate="2026-11-03")
    status, rows = await own.sent(closed, open_)
    assert status["syncStatusCode"] == 5120
    assert "closed up to 2026-11-02" in rows[closed["id"]]["message"]
    assert rows[open_["id"]]["status"] == "Completed"


async def test_what_the_ledger_refuses_leaves_the_others(xero: Expenses, ledger: OwnLedger, sandbox: Sandbox) -> None:
    """A contact that was archived since it was read: only the ledger knows."""
    view = await LedgerView.of(xero, ledger, sandbox)
    active = await xero.data("suppliers", query="status=Active")
    gone, other = active[0], active[1]
    archived = {"ContactID": gone["id"], "ContactStatus": "ARCHIVED"}
    answer = await view.http.post(f"{view.base}/Contacts", headers=view.headers, json=archived)
    assert answer.status_code == 200, answer.text
    refused = xero.spending(contactRef={"id": gone["id"]})
    fine = xero.spending(contactRef={"id": other["id"]})
    status, rows = await xero.sent(refused, fine)
    assert (status["syncStatusCode"], status["syncStatus"], status["dataPushed"]) == (5130, "PushError", True)
    assert rows[fine["id"]]["status"] == "Completed"
    assert rows[refused["id"]]["status"] == "PushError"
    assert "archived" in rows[refused["id"]]["message"].lower()
    # It may be sent again once that is mended.
    await xero.written({**refused, "contactRef": {"id": other["id"]}})


@pytest.mark.parametrize(("status", "code"), [("Deauthorized", 4040), ("Unlinked", 4220)])
@pytest.mark.parametrize("handed_over", [False, True])
async def test_access_lost_on_the_way(
    api: Api, sandbox: Sandbox, dsn: str, status: str, code: int, handed_over: bool
) -> None:
    async with working(api, dsn):
        own = await linked(api, sandbox, SANDBOX)
        await own.configure()
    sent = own.spending()
    started = await own.done("POST", "/expense-transactions", [sent])
    if handed_over:
        books, _ = composition.handlers(api.rooms)
        await books[SYNC_TASK](f"{own.company}:{started['syncId']}")
        assert (await own.done("GET", f"/syncs/{started['syncId']}/status"))["syncStatus"] == "Pushing"
    async with api.pool.acquire() as db, db.transaction():
        row = await connections.lock(db, UUID(own.company), UUID(own.connection))
        if status == "Deauthorized":
            await lifecycle.deauthorized(db, api.rooms.views, row, reason="revoked")
        else:
            await lifecycle.unlinked(db, api.rooms.views, row)
    await work_off(api.rooms, own.connection)
    ended, rows = await own.synced(started["syncId"])
    assert (ended["syncStatusCode"], ended["dataPushed"]) == (code, False)
    assert rows[sent["id"]]["status"] == ("PushError" if handed_over else "ValidationError")
    refused = await own.call("POST", "/expense-transactions", [own.spending()])
    assert refused.status_code == 404


async def test_two_ledgers_are_one_too_many(api: Api, sandbox: Sandbox, own: Expenses) -> None:
    second = await api.connection(own.company, SANDBOX)
    answer = await api.http.put(f"/companies/{own.company}/connections/{second}/authorization", json={})
    assert answer.status_code == 200
    told = await own.refused("POST", "/expense-transactions", [own.spending()], 404)
    assert "more than one" in told[""]


async def test_nothing_is_known_of_others(own: Expenses, api: Api, sandbox: Sandbox) -> None:
    sync = (await own.done("POST", "/expense-transactions", [own.spending()]))["syncId"]
    await own.synced(sync)
    other = await linked(api, sandbox, SANDBOX)
    for path in (f"/syncs/{sync}/status", f"/syncs/{sync}/transactions", f"/syncs/{uuid4()}/status"):
        assert (await other.call("GET", path)).status_code == 404
    assert (await other.call("GET", "/syncs/latest/status")).status_code == 404
    assert await other.done("GET", "/syncs/list/status") == []
    # The same id may be sent for another company.
    assert (await own.done("GET", "/syncs/lastSuccessful/status"))["syncId"] == sync
