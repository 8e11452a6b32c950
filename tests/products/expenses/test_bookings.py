"""What every kind of transaction does to the accounts, as the ledgers themselves tell it, and what is read back."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import uuid4

import pytest

from tests.connectors.own_ledger import OwnLedger
from tests.connectors.sandbox import Sandbox
from tests.products.expenses.conftest import DAY, Expenses
from tests.products.expenses.ledger_view import LedgerView

KINDS = ("Payment", "Refund", "Reward", "Chargeback")
CENT = Decimal("0.01")


def record_id(row: dict[str, Any]) -> str:
    found: str = row["message"].split()[2]
    return found


async def tax_account(view: LedgerView, expenses: Expenses) -> str:
    """The account that the ledger itself books tax to."""
    if view.is_xero:
        accounts = (await view.get("Accounts"))["Accounts"]
        return next(one["AccountID"] for one in accounts if one.get("SystemAccount") == "GST")
    return next(one["id"] for one in await expenses.data("accounts") if one["name"].startswith("VAT"))


async def raw_money(view: LedgerView, row: dict[str, Any]) -> tuple[str, str, Decimal, Decimal, str]:
    """The ledger's own record of a card transaction: direction, currency, net, tax, and the contact's id."""
    _, data_type, record = row["message"].split()
    if view.is_xero:
        [found] = (await view.get(f"BankTransactions/{record}"))["BankTransactions"]
        direction = {"SPEND": "out", "RECEIVE": "in"}[found["Type"]]
        money = found["CurrencyCode"], Decimal(found["SubTotal"]), Decimal(found["TotalTax"])
        return direction, *money, found["Contact"]["ContactID"]
    found = (await view.get(f"{data_type}/{record}"))["record"]
    direction = {"directCosts": "out", "directIncomes": "in"}[data_type]
    return (
        direction,
        found["currency"],
        Decimal(found["subTotal"]),
        Decimal(found["taxAmount"]),
        found["contactRef"]["id"],
    )


async def test_card_transactions(expenses: Expenses, ledger: OwnLedger, sandbox: Sandbox) -> None:
    """A payment credits the card and debits the lines and the tax; what comes back does the reverse."""
    view = await LedgerView.of(expenses, ledger, sandbox)
    for_all = [one["id"] for one in expenses.options["accounts"] if set(KINDS) <= set(one["validTransactionTypes"])]
    second = next(one for one in for_all if one != expenses.account())
    untaxed = {"netAmount": 12.34, "accountRef": {"id": second}}
    sent = [expenses.spending(kind, lines=[expenses.line(net=100, tax=20), untaxed]) for kind in KINDS]
    _, rows = await expenses.sent(*sent)
    tax, net = await tax_account(view, expenses), Decimal("112.34")
    booked = await view.bookings(*(record_id(rows[one["id"]]) for one in sent))
    for transaction, found in zip(sent, booked, strict=True):
        sign = 1 if transaction["type"] == "Payment" else -1
        row = rows[transaction["id"]]
        direction, currency, ledger_net, ledger_tax, contact = await raw_money(view, row)
        assert direction == ("out" if sign == 1 else "in")
        assert (currency, ledger_net, ledger_tax) == ("GBP", net, 20)
        assert contact == (expenses.supplier if sign == 1 else expenses.customer)
        read = await expenses.record(row["message"])
        assert Decimal(str(read["totalAmount"])) == net + 20
        expected = {expenses.account(): 100, second: Decimal("12.34"), tax: 20, expenses.bank(): -(net + 20)}
        assert found == {account: sign * amount for account, amount in expected.items()}


async def test_what_is_changed_is_booked_anew(expenses: Expenses, ledger: OwnLedger, sandbox: Sandbox) -> None:
    """Bookings of all corrections together are those of the last content, on the bank account that it names."""
    view = await LedgerView.of(expenses, ledger, sandbox)
    sent = expenses.spending()
    _, rows = await expenses.sent(sent)
    changed = expenses.spending(lines=[expenses.line(net=50, tax=None)], bankAccountRef={"id": expenses.bank(1)})
    started = await expenses.done("PUT", f"/expense-transactions/{sent['id']}", changed, status=202)
    status, after = await expenses.synced(started["syncId"])
    assert status["syncStatusCode"] == 2000, after
    assert record_id(after[sent["id"]]) == record_id(rows[sent["id"]])
    [booked] = await view.bookings(record_id(rows[sent["id"]]))
    assert booked == {expenses.account(): 50, expenses.bank(1): -50}


async def test_transfers_and_adjustments(expenses: Expenses, ledger: OwnLedger, sandbox: Sandbox) -> None:
    view = await LedgerView.of(expenses, ledger, sandbox)
    transfer = str(uuid4())
    sides = [{"accountRef": {"id": expenses.bank(place)}, "amount": 75.5} for place in (0, 1)]
    body = {"date": DAY, "from": sides[0], "to": sides[1]}
    _, rows = await expenses.synced((await expenses.done("PUT", f"/transfer-transactions/{transfer}", body))["syncId"])
    accounts = [one["id"] for one in expenses.options["accounts"] if "adjustment-transactions" in one["validFor"]][:3]
    amounts = (Decimal("40.25"), Decimal("-30.15"), Decimal("-10.10"))
    lines = [
        {"amount": float(amount), "accountRef": {"id": account}}
        for amount, account in zip(amounts, accounts, strict=True)
    ]
    adjustment = {"id": str(uuid4()), "date": DAY, "currency": "GBP", "lines": lines}
    _, adjusted = await expenses.sent(adjustment, path="/adjustment-transactions")
    moved, booked = await view.bookings(record_id(rows[transfer]), record_id(adjusted[str(adjustment["id"])]))
    assert moved == {expenses.bank(0): Decimal("-75.5"), expenses.bank(1): Decimal("75.5")}
    assert booked == dict(zip(accounts, amounts, strict=True))


async def test_an_adjustment_in_another_currency(expenses: Expenses, ledger: OwnLedger, sandbox: Sandbox) -> None:
    """It is booked in the base currency; cents that rounding leaves over do not unbalance it."""
    view = await LedgerView.of(expenses, ledger, sandbox)
    accounts = [one["id"] for one in expenses.options["accounts"] if "adjustment-transactions" in one["validFor"]][:3]
    amounts = (33.33, 33.33, -66.66)
    lines = [{"amount": amount, "accountRef": {"id": one}} for amount, one in zip(amounts, accounts, strict=True)]
    sent = {"id": str(uuid4()), "date": DAY, "currency": "USD", "currencyRate": 0.7777, "lines": lines}
    _, rows = await expenses.sent(sent, path="/adjustment-transactions")
    [booked] = await view.bookings(record_id(rows[str(sent["id"])]))
    assert sum(booked.values()) == 0
    assert all(
        abs(booked[one] - Decimal(str(amount * 0.7777))) < 2 * CENT
        for one, amount in zip(accounts, amounts, strict=True)
    )
    bare = {**sent, "id": str(uuid4()), "currencyRate": None}
    status, rows = await expenses.sent(bare, path="/adjustment-transactions")
    assert (status["syncStatusCode"], rows[str(bare["id"])]["status"]) == (5120, "ValidationError")


async def test_a_reimbursement(own: Expenses, ledger: OwnLedger, sandbox: Sandbox) -> None:
    """What the employee is owed stands against the lines and their tax; changed, it is booked anew."""
    view = await LedgerView.of(own, ledger, sandbox)
    pounds = (await own.data("suppliers", query="defaultCurrency=GBP&&status=Active"))[0]["id"]
    content = {
        "contactRef": {"id": pounds},
        "issueDate": DAY,
        "dueDate": DAY,
        "currency": "GBP",
        "lines": [own.line(net=20, tax=4)],
    }
    sent = {"id": str(uuid4()), **content}
    _, rows = await own.sent(sent, path="/reimbursable-expense-transactions")
    bill = record_id(rows[str(sent["id"])])
    tax = await tax_account(view, own)
    [booked] = await view.bookings(bill)
    [owed] = set(booked) - {own.account(), tax}
    assert booked == {own.account(): 20, tax: 4, owed: -24}
    assert "payable" in next(one["name"] for one in await own.data("accounts") if one["id"] == owed).lower()
    changed = {**content, "lines": [own.line(net=7, tax=None)]}
    path = f"/reimbursable-expense-transactions/{sent['id']}"
    await own.synced((await own.done("PUT", path, changed))["syncId"])
    [booked] = await view.bookings(bill)
    assert booked == {own.account(): 7, owed: -7}


RATE = "0.78"


async def test_currencies_of_the_sandbox(own: Expenses, ledger: OwnLedger, sandbox: Sandbox) -> None:
    """Its accounts are in pounds; spent may be in anything, at the rate that is sent."""
    view = await LedgerView.of(own, ledger, sandbox)
    sent = [own.spending(kind, currency="USD", currencyRate=float(RATE)) for kind in KINDS]
    _, rows = await own.sent(*sent)
    for transaction, booked in zip(
        sent, await view.bookings(*(record_id(rows[one["id"]]) for one in sent)), strict=True
    ):
        sign = 1 if transaction["type"] == "Payment" else -1
        assert booked[own.account()] == sign * Decimal("78.00")
        assert booked[own.bank()] == sign * Decimal("-93.60")
        direction, currency, net, tax, _ = await raw_money(view, rows[transaction["id"]])
        assert (direction, currency, net, tax) == ("out" if sign == 1 else "in", "USD", 100, 20)


@pytest.mark.parametrize(
    ("bank", "spent", "written"),
    [
        ("GBP", "GBP", "GBP"),
        ("USD", "USD", "USD"),
        ("USD", "GBP", "USD"),
        ("GBP", "USD", "GBP"),
        ("USD", "EUR", "USD"),
    ],
)
async def test_currencies_of_xero(
    xero: Expenses, ledger: OwnLedger, sandbox: Sandbox, bank: str, spent: str, written: str
) -> None:
    """All combinations of the bank account's and the transaction's currency: the bank account's is written."""
    view = await LedgerView.of(xero, ledger, sandbox)
    account = {"id": xero.bank(currency=bank)}
    more: dict[str, Any] = {} if written == "GBP" else {"currencyRate": float(RATE)}
    sent = [xero.spending(kind, currency=spent, bankAccountRef=account, **more) for kind in KINDS]
    status, rows = await xero.sent(*sent)
    assert status["syncStatusCode"] == 2000, rows
    rate = Decimal(1) if written == "GBP" else Decimal(RATE)
    for transaction, booked in zip(
        sent, await view.bookings(*(record_id(rows[one["id"]]) for one in sent)), strict=True
    ):
        sign = 1 if transaction["type"] == "Payment" else -1
        direction, currency, net, tax, _ = await raw_money(view, rows[transaction["id"]])
        assert (direction, currency, net, tax) == ("out" if sign == 1 else "in", written, 100, 20)
        assert abs(booked[account["id"]] + sign * (120 * rate).quantize(CENT, ROUND_HALF_UP)) <= CENT
        assert abs(booked[xero.account()] - sign * (100 * rate).quantize(CENT, ROUND_HALF_UP)) <= CENT
        read = await xero.record(rows[transaction["id"]]["message"])
        assert (read["currency"], read["totalAmount"]) == (written, 120)
        if written != "GBP":
            assert Decimal(str(read["currencyRate"])) == pytest.approx(rate, abs=Decimal("0.000001"))


async def test_transfers_between_foreign_accounts_at_xero(xero: Expenses, ledger: OwnLedger, sandbox: Sandbox) -> None:
    """Within one currency only."""
    view = await LedgerView.of(xero, ledger, sandbox)
    dollars = xero.bank(currency="USD")
    fields = {"Code": "0935", "Name": "US Dollar Reserve", "Type": "BANK", "BankAccountNumber": "20445511119999"}
    made = await view.http.put(f"{view.base}/Accounts", headers=view.headers, json={**fields, "CurrencyCode": "USD"})
    assert made.status_code == 200, made.text
    reserve = made.json()["Accounts"][0]["AccountID"]
    await xero.read("chartOfAccounts", "bankAccounts")

    async def moved(source: str, target: str) -> tuple[int, dict[str, Any]]:
        transfer = str(uuid4())
        sides = [{"accountRef": {"id": one}, "amount": 20} for one in (source, target)]
        body = {"date": DAY, "from": sides[0], "to": sides[1]}
        started = await xero.done("PUT", f"/transfer-transactions/{transfer}", body)
        status, rows = await xero.synced(started["syncId"])
        return status["syncStatusCode"], rows[transfer]

    code, row = await moved(dollars, reserve)
    assert code == 2000, row
    [booked] = await view.bookings(record_id(row))
    assert set(booked) == {dollars, reserve}
    assert booked[dollars] == -booked[reserve] < 0
    read = await xero.record(row["message"])
    assert (read["from"]["currency"], read["to"]["currency"], read["to"]["amount"]) == ("USD", "USD", 20)
    for source, target in ((dollars, xero.bank()), (xero.bank(), dollars)):
        code, row = await moved(source, target)
        assert (code, row["status"]) == (5120, "ValidationError")
        assert "is not supported" in row["message"]


@pytest.mark.parametrize("lost", ["drop_after", "drop_before"])
@pytest.mark.parametrize("place", [0, 1])
async def test_two_alike_are_two(xero: Expenses, ledger: OwnLedger, sandbox: Sandbox, lost: str, place: int) -> None:
    """Two fares of one day, alike but for their ids, of which one answer is lost: neither is taken for the other."""
    view = await LedgerView.of(xero, ledger, sandbox)
    alike = {"lines": [xero.line(net=4_321_000, tax=None)], "reference": None}
    first, second = xero.spending(**alike), xero.spending(**alike)
    await sandbox.fault(lost, skip=place, match={"method": "PUT", "path": "BankTransactions"})
    status, rows = await xero.sent(first, second)
    assert status["syncStatusCode"] == 2000, rows
    assert (await view.amounts())[Decimal(4_321_000)] == 2
    assert rows[first["id"]]["message"] != rows[second["id"]]["message"]
