"""Every case of money and credit that settles bills, on both ledgers: what the ledger booked, what is due there, and
that what is read back is what was written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from bookbridge import jobs
from tests.connectors.own_ledger import OwnLedger
from tests.connectors.sandbox import Sandbox
from tests.products.bill_pay.books import EXCHANGE, PAYABLE, TAX, Books
from tests.products.bill_pay.conftest import SANDBOX, XERO, Payables

DAY = "2026-06-15T00:00:00"
NET, VAT, GROSS = 50, 10, 60


class Desk:
    """One company's books with what is needed to write to them."""

    account: str
    rate: str
    bank: str
    supplier: str

    def __init__(self, payables: Payables, books: Books) -> None:
        self.payables = payables
        self.booking = books.booking
        self.view = books.view

    async def prepare(self) -> None:
        """Read the books, and choose from them."""
        options = await self.payables.get("/mappingOptions/bills")
        self.account = next(one["id"] for one in options["accounts"] if one["type"] == "Expense")
        rates = [one for one in options["taxRates"] if one.get("effectiveTaxRate") == 20]
        self.rate = next(one["id"] for one in rates if one["id"] != "OUTPUT2")
        self.bank = await self.payables.bank()
        self.supplier = await self.payables.supplier()
        await self.payables.read_everything()

    @property
    def line(self) -> dict[str, Any]:
        refs = {"accountRef": {"id": self.account}, "taxRateRef": {"id": self.rate}}
        return {"description": "Panes", "quantity": 4, "unitAmount": 12.5, "taxAmount": VAT, **refs}

    @property
    def _whole(self) -> dict[str, Any]:
        return {**self.line, "subTotal": NET, "totalAmount": GROSS}

    async def bill(self, **changes: Any) -> str:
        body = {
            "reference": f"A-{uuid4().hex[:10]}",
            "supplierRef": {"id": self.supplier},
            "issueDate": "2026-06-01T00:00:00",
            "dueDate": "2026-07-01T00:00:00",
            "currency": "GBP",
            "status": "Open",
            "lineItems": [self._whole],
            "subTotal": NET,
            "taxAmount": VAT,
            "totalAmount": GROSS,
        }
        return await self.payables.pushed("POST", "bills", {**body, **changes})

    async def credit_note(self) -> str:
        body = {
            "billCreditNoteNumber": f"N-{uuid4().hex[:10]}",
            "supplierRef": {"id": self.supplier},
            "issueDate": "2026-06-02T00:00:00",
            "status": "Submitted",
            "currency": "GBP",
            "lineItems": [self._whole],
            "subTotal": NET,
            "totalTaxAmount": VAT,
            "totalAmount": GROSS,
            "totalDiscount": 0,
            "discountPercentage": 0,
        }
        return await self.payables.pushed("POST", "billCreditNotes", body)

    def payment(self, *lines: tuple[Any, ...], **changes: Any) -> dict[str, Any]:
        """Lines are (amount, (type, id, amount of the link), …)."""
        shaped = [
            {"amount": amount, "links": [{"type": word, "id": of, "amount": by} for word, of, by in links]}
            for amount, *links in lines
        ]
        total = sum(line["amount"] for line in shaped)
        body = {"supplierRef": {"id": self.supplier}, "accountRef": {"id": self.bank}, "currency": "GBP", "date": DAY}
        return {**body, "totalAmount": total, "lines": shaped, "reference": "BACS 7", **changes}

    async def pay(self, *lines: tuple[Any, ...], **changes: Any) -> str:
        return await self.payables.pushed("POST", "billPayments", self.payment(*lines, **changes))

    async def due(self, bill_id: str) -> Decimal:
        """What the ledger says that is due now."""
        every = "status=Open||status=PartiallyPaid||status=Paid"
        found = next(one for one in await self.payables.every("/bills", query=every) if one["id"] == bill_id)
        return Decimal(str(found["amountDue"]))

    async def assert_kept(self, payment_id: str, given: dict[str, Any]) -> None:
        """What is read back is what was written."""
        kept = await self.payables.stored("billPayments", payment_id)
        for name in ("totalAmount", "currency", "date", "reference"):
            assert kept[name] == given[name], name
        for name in ("supplierRef", "accountRef"):
            assert kept[name]["id"] == given[name]["id"], name
        assert [line["amount"] for line in kept["lines"]] == [line["amount"] for line in given["lines"]]
        links = [[(one["type"], one["id"], one["amount"]) for one in line["links"]] for line in kept["lines"]]
        assert links == [[(one["type"], one["id"], one["amount"]) for one in line["links"]] for line in given["lines"]]


@pytest.fixture
async def desk(payables: Payables, sandbox: Sandbox, ledger: OwnLedger, worker: jobs.Worker) -> Desk:
    made = Desk(payables, await Books.open(payables, ledger, sandbox))
    await made.prepare()
    return made


async def test_a_bill_is_paid_in_parts_and_a_part_is_taken_back(desk: Desk) -> None:
    async with desk.booking({desk.account: NET, TAX: VAT, PAYABLE: -GROSS}):
        bill = await desk.bill()
    given = desk.payment((20, ("Bill", bill, -20)))
    async with desk.booking({desk.bank: -20, PAYABLE: 20}):
        first = await desk.payables.pushed("POST", "billPayments", given)
    await desk.assert_kept(first, given)
    assert await desk.due(bill) == 40
    async with desk.booking({desk.bank: -40, PAYABLE: 40}):
        second = await desk.pay((40, ("Bill", bill, -40)))
    assert await desk.due(bill) == 0
    stored = await desk.payables.stored("bills", bill)
    assert (stored["status"], stored["amountDue"]) == ("Paid", 0)
    allocated = {one["payment"]["id"]: abs(one["allocation"]["totalAmount"]) for one in stored["paymentAllocations"]}
    assert allocated == {first: 20, second: 40}
    refused = await desk.payables.push("DELETE", f"bills/{bill}")
    assert refused["status"] == "Failed"
    async with desk.booking({desk.bank: 40, PAYABLE: -40}):
        assert await desk.payables.pushed("DELETE", f"billPayments/{second}") == second
    assert await desk.due(bill) == 40
    assert (await desk.payables.stored("billPayments", second))["metadata"]["isDeleted"] is True
    async with desk.booking({desk.bank: 20, PAYABLE: -20}):
        await desk.payables.pushed("DELETE", f"billPayments/{first}")
    async with desk.booking({desk.account: -NET, TAX: -VAT, PAYABLE: GROSS}):
        await desk.payables.pushed("DELETE", f"bills/{bill}")


async def test_a_bill_is_changed_in_all_that_may_be_changed(desk: Desk) -> None:
    bill = await desk.bill()
    given = {
        "supplierRef": {"id": await desk.payables.supplier()},
        "reference": "Corrected",
        "issueDate": "2026-06-03T00:00:00",
        "dueDate": "2026-07-03T00:00:00",
        "currency": "USD",
        "currencyRate": 0.8,
        "status": "Open",
        "lineItems": [{**desk.line, "quantity": 2, "taxAmount": 5, "description": "Panes that came"}],
    }
    # From 60 pounds to 30 dollars.
    async with desk.booking({desk.account: -30, TAX: -6, PAYABLE: 36}):
        changed = await desk.payables.done("PUT", f"/bills/{bill}", given)
    assert changed["id"] == bill
    for name in ("reference", "issueDate", "dueDate", "currency", "currencyRate", "status"):
        assert changed[name] == given[name], name
    assert changed["supplierRef"]["id"] == given["supplierRef"]["id"]
    assert [(one["description"], one["totalAmount"]) for one in changed["lineItems"]] == [("Panes that came", 30)]
    assert (changed["totalAmount"], changed["amountDue"]) == (30, 30)
    stored = await desk.payables.stored("bills", bill)
    assert (stored["currency"], stored["totalAmount"], len(stored["lineItems"])) == ("USD", 30, 1)


@pytest.mark.parametrize("kind", ["Debit", "Credit"])
async def test_the_payment_of_bill_pay_is_the_same_payment(desk: Desk, kind: str) -> None:
    """From a bank account, and from a card."""
    bill = await desk.bill()
    banks = (await desk.payables.get("/mappingOptions/payments"))["bankAccounts"]
    desk.bank = next(one["id"] for one in banks if (one["currency"], one["accountType"]) == ("GBP", kind))
    given = {"amount": 12.34, "date": DAY, "accountRef": {"id": desk.bank}, "reference": "BACS 7"}
    async with desk.booking({desk.bank: "-12.34", PAYABLE: "12.34"}):
        paid = await desk.payables.done("POST", f"/bills/{bill}/payment", given)
    assert {name: paid[name] for name in given} == given
    amount = Decimal("12.34")
    await desk.assert_kept(paid["id"], desk.payment((amount, ("Bill", bill, -amount))))


async def test_several_bills_are_paid_at_once(desk: Desk) -> None:
    first, second = await desk.bill(), await desk.bill()
    lines = (60, ("Bill", first, -60)), (15, ("Bill", second, -15))
    async with desk.booking({desk.bank: -75, PAYABLE: 75}):
        operation = await desk.payables.push("POST", "billPayments", desk.payment(*lines))
    assert operation["status"] == "Success", operation
    assert [await desk.due(bill) for bill in (first, second)] == [0, 45]
    refs = [one["recordRef"] for one in operation["changes"] if one["type"] == "Created"]
    made = [await desk.payables.stored("billPayments", ref["id"]) for ref in refs if ref["dataType"] == "billPayments"]
    links = {
        (one["type"], one["id"], one["amount"]) for each in made for line in each["lines"] for one in line["links"]
    }
    assert links == {("Bill", first, -60), ("Bill", second, -15)}
    assert sum(one["totalAmount"] for one in made) == 75


@pytest.mark.parametrize("payables", [SANDBOX], indirect=True)
async def test_one_line_may_pay_several_where_the_ledger_can(desk: Desk) -> None:
    first, second = await desk.bill(), await desk.bill()
    given = desk.payment((70, ("Bill", first, -60), ("Bill", second, -10)))
    async with desk.booking({desk.bank: -70, PAYABLE: 70}):
        await desk.assert_kept(await desk.payables.pushed("POST", "billPayments", given), given)
    assert [await desk.due(bill) for bill in (first, second)] == [0, 50]


@pytest.mark.parametrize("payables", [XERO], indirect=True)
async def test_what_xero_has_no_call_for_is_refused_before_it_is_asked(desk: Desk) -> None:
    first, second, note = await desk.bill(), await desk.bill(), await desk.credit_note()
    cases: list[tuple[tuple[Any, ...], ...]] = [
        ((70, ("Bill", first, -60), ("Bill", second, -10)),),
        ((30, ("Bill", first, -60), ("CreditNote", note, 30)),),
        ((60, ("Bill", first, -60)), (10, ("PaymentOnAccount", desk.supplier, -10))),
    ]
    async with desk.booking({}):
        for lines in cases:
            operation = await desk.payables.push("POST", "billPayments", desk.payment(*lines))
            assert (operation["status"], operation["statusCode"]) == ("Failed", 400)
            assert operation["validation"]["errors"]
    assert [await desk.due(bill) for bill in (first, second)] == [60, 60]


async def test_a_credit_note_pays_a_bill_and_the_rest_comes_back(desk: Desk) -> None:
    bill = await desk.bill()
    async with desk.booking({desk.account: -NET, TAX: -VAT, PAYABLE: GROSS}):
        note = await desk.credit_note()
    links = ("Bill", bill, -25), ("CreditNote", note, 25)
    async with desk.booking({}):
        used = await desk.pay((0, *links))
    assert await desk.due(bill) == 35
    stored = await desk.payables.stored("billCreditNotes", note)
    assert (stored["remainingCredit"], stored["status"]) == (35, "PartiallyPaid")
    kept = await desk.payables.stored("billPayments", used)
    assert kept["totalAmount"] == 0
    assert [(one["type"], one["id"], one["amount"]) for one in kept["lines"][0]["links"]] == [*links]
    given = desk.payment((-35, ("CreditNote", note, 35)))
    async with desk.booking({desk.bank: 35, PAYABLE: -35}):
        refund = await desk.payables.pushed("POST", "billPayments", given)
    await desk.assert_kept(refund, given)
    stored = await desk.payables.stored("billCreditNotes", note)
    assert (stored["remainingCredit"], stored["status"]) == (0, "Paid")
    assert stored["allocatedOnDate"] == DAY


@pytest.mark.parametrize("written", [-50, 0])
async def test_money_is_kept_on_account_and_comes_back(desk: Desk, written: int) -> None:
    """The amount of the link may be left at zero: nothing is settled."""
    given = desk.payment((50, ("PaymentOnAccount", desk.supplier, written)))
    async with desk.booking({desk.bank: -50, PAYABLE: 50}):
        ahead = await desk.payables.pushed("POST", "billPayments", given)
    kept = await desk.payables.stored("billPayments", ahead)
    assert (kept["totalAmount"], kept["supplierRef"]["id"]) == (50, desk.supplier)
    assert [one["type"] for line in kept["lines"] for one in line["links"]] == ["PaymentOnAccount"]
    given = desk.payment((-50, ("BillPayment", ahead, 50)))
    async with desk.booking({desk.bank: 50, PAYABLE: -50}):
        back = await desk.payables.pushed("POST", "billPayments", given)
    await desk.assert_kept(back, given)


async def test_foreign_money_leaves_an_exchange_difference(desk: Desk) -> None:
    async with desk.booking({desk.account: 40, TAX: 8, PAYABLE: -48}):
        bill = await desk.bill(currency="USD", currencyRate=0.8)
    assert (await desk.payables.stored("bills", bill))["currencyRate"] == Decimal("0.8")
    given = {"amount": 20, "date": DAY, "accountRef": {"id": desk.bank}, "currencyRate": 0.625}
    async with desk.booking({desk.bank: "-12.5", PAYABLE: 16, EXCHANGE: "-3.5"}):
        paid = await desk.payables.done("POST", f"/bills/{bill}/payment", given)
    assert {name: paid[name] for name in given} == given
    assert await desk.due(bill) == 40
    kept = await desk.payables.stored("billPayments", paid["id"])
    assert (kept["currency"], kept["currencyRate"], kept["totalAmount"]) == ("USD", Decimal("0.625"), 20)
    async with desk.booking({desk.bank: "12.5", PAYABLE: -16, EXCHANGE: "3.5"}):
        await desk.payables.pushed("DELETE", f"billPayments/{paid['id']}")
    assert await desk.due(bill) == 60


async def test_a_payment_that_names_another_supplier_or_currency_is_not_made(desk: Desk) -> None:
    other = await desk.payables.supplier()
    bill, note = await desk.bill(), await desk.credit_note()
    paying: tuple[Any, ...] = (10, ("Bill", bill, -10))
    using: tuple[Any, ...] = (0, ("Bill", bill, -10), ("CreditNote", note, 10))
    async with desk.booking({}):
        for lines, changes, field in (
            (paying, {"supplierRef": {"id": other}}, "supplierRef.id"),
            (paying, {"currency": "USD", "currencyRate": 0.8}, "currency"),
            (using, {"supplierRef": {"id": other}}, "supplierRef.id"),
        ):
            operation = await desk.payables.push("POST", "billPayments", desk.payment(lines, **changes))
            assert operation["status"] == "Failed", operation
            assert field in {one["itemId"] for one in operation["validation"]["errors"]}
    assert await desk.due(bill) == 60


async def test_the_same_is_found_when_the_bill_was_named_by_its_writes_key(desk: Desk) -> None:
    other = await desk.payables.supplier()
    path = f"/companies/{desk.payables.company}/connections/{desk.payables.connection}/push"
    bill = {**(await desk.payables.prototype()), "lineItems": [desk._whole], "supplierRef": {"id": desk.supplier}}
    sums = {"subTotal": NET, "taxAmount": VAT, "totalAmount": GROSS}
    keys = []
    made = await desk.payables.api.http.post(f"{path}/bills", json={**bill, **sums})
    keys.append(made.json()["pushOperationKey"])
    for supplier in (other, desk.supplier):
        body = desk.payment((10, ("Bill", keys[0], -10)), supplierRef={"id": supplier})
        answer = await desk.payables.api.http.post(f"{path}/billPayments", json=body)
        keys.append(answer.json()["pushOperationKey"])
    ended = [await desk.payables.ended(key) for key in keys]
    assert [one["status"] for one in ended] == ["Success", "Failed", "Success"]
    assert [one["itemId"] for one in ended[1]["validation"]["errors"]] == ["supplierRef.id"]
    assert await desk.due(ended[0]["changes"][0]["recordRef"]["id"]) == 50


@pytest.mark.parametrize("payables", [XERO], indirect=True)
async def test_a_bill_that_the_ledger_gave_to_another_supplier_since_is_paid(desk: Desk) -> None:
    """What is compared is what the ledger says now, not what was read of it before."""
    bill, other = await desk.bill(), await desk.payables.supplier()
    answer = await desk.view.http.post(
        f"{desk.view.base}/Invoices/{bill}", headers=desk.view.headers, json={"Contact": {"ContactID": other}}
    )
    assert answer.status_code == 200, answer.text
    given = {"amount": 10, "date": DAY, "accountRef": {"id": desk.bank}}
    async with desk.booking({desk.bank: -10, PAYABLE: 10}):
        paid = await desk.payables.done("POST", f"/bills/{bill}/payment", given)
    assert (await desk.payables.stored("billPayments", paid["id"]))["supplierRef"]["id"] == other
    assert (await desk.payables.stored("bills", bill))["supplierRef"]["id"] == other
