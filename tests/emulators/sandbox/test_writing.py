"""What the ledger takes, what it refuses, and that the books hold together after each write."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from bookbridge.accounting.invariants import book_problems
from bookbridge.emulators.sandbox import chart
from bookbridge.emulators.sandbox.book import Book, Missing, encode
from bookbridge.emulators.sandbox.service import Answer, Conflict, Ledger
from bookbridge.emulators.sandbox.storage import Storage
from tests.emulators.sandbox.reading import BOOK, Clock, books, records

DAY = "2026-11-18T00:00:00"


class Desk:
    """The ledger with one small book, written to as an application would."""

    def __init__(self) -> None:
        self.storage = Storage(None)
        self.ledger = Ledger(self.storage, Clock())
        self.ledger.open(BOOK, "writing", "small")
        organisation = self.storage.organisation(BOOK)
        assert organisation is not None
        self.book = Book(self.storage, organisation)
        self._keys = 0

    def key(self) -> str:
        self._keys += 1
        return f"key-{self._keys}"

    def create(self, kind: str, **body: Any) -> str:
        answer = self.ledger.create(BOOK, kind, encode(body), self.key())
        assert answer.status == 200, answer.body
        record_id: str = msgspec.json.decode(answer.body)["id"]
        return record_id

    def refused(self, kind: str, **body: Any) -> str:
        """The field that is refused."""
        answer = self.ledger.create(BOOK, kind, encode(body), self.key())
        assert answer.status == 422, answer.body
        field: str = msgspec.json.decode(answer.body)["problems"][0]["field"]
        return field

    def one(self, kind: str, record_id: str) -> Any:
        return next(one for one in records(self.ledger, kind) if one.id == record_id)

    def gone(self, kind: str, record_id: str) -> bool:
        return all(one.id != record_id for one in records(self.ledger, kind))

    def bill(self, **changes: Any) -> dict[str, Any]:
        supplier = self.book.derived_id("supplier", "Pennine Timber")
        return {
            "supplierRef": {"id": supplier},
            "issueDate": DAY,
            "dueDate": "2026-12-18T00:00:00",
            "reference": "T-1",
            "lineItems": [self.line()],
            **changes,
        }

    def line(self, **changes: Any) -> dict[str, Any]:
        rate, account = self.book.derived_id("tax", "standard"), self.book.account_id(chart.MATERIALS)
        line = {"quantity": 3, "unitAmount": 33.33, "accountRef": {"id": account}, "taxRateRef": {"id": rate}}
        return {**line, **changes}

    def payment(self, word: str, document: str, amount: Decimal | float, **changes: Any) -> dict[str, Any]:
        link = {"type": word, "id": document, "amount": -amount}
        bank = {"id": self.book.account_id(chart.CURRENT_ACCOUNT)}
        return {"date": DAY, "accountRef": bank, "lines": [{"amount": amount, "links": [link]}], **changes}

    def holds(self) -> None:
        assert book_problems(books(self.ledger, self.storage)) == []


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_bill_is_written_paid_in_parts_and_unpaid_again(desk: Desk) -> None:
    bill = desk.create("bills", **desk.bill())
    assert str(desk.one("bills", bill).total_amount) == "119.99"
    part = desk.create("billPayments", **desk.payment("Bill", bill, 19.99))
    assert desk.one("bills", bill).status.value == "PartiallyPaid"
    desk.create("billPayments", **desk.payment("Bill", bill, 100))
    assert desk.one("bills", bill).status.value == "Paid"
    desk.holds()
    desk.ledger.delete(BOOK, "billPayments", part, desk.key())
    after = desk.one("bills", bill)
    assert (after.status.value, str(after.amount_due)) == ("PartiallyPaid", "19.99")
    assert desk.gone("billPayments", part)
    desk.holds()


def test_money_is_paid_ahead_and_comes_back(desk: Desk) -> None:
    supplier = desk.book.derived_id("supplier", "Pennine Timber")
    bill = desk.create("bills", **desk.bill())
    both = desk.payment("Bill", bill, 119.99)
    ahead = {"type": "PaymentOnAccount", "id": supplier, "amount": 0}
    both["lines"].append({"amount": 50, "links": [ahead]})
    payment = desk.create("billPayments", **both)
    kept = desk.one("billPayments", payment)
    assert [str(line.links[0].amount) for line in kept.lines] == ["-119.99", "-50"]
    assert desk.one("bills", bill).status.value == "Paid"
    desk.holds()

    back = desk.create("billPayments", **desk.payment("BillPayment", payment, -20))
    assert str(desk.one("billPayments", back).total_amount) == "-20"
    told = [(line.links[0].type.value, str(line.amount)) for line in desk.one("billPayments", payment).lines]
    assert told == [("Bill", "119.99"), ("PaymentOnAccount", "30"), ("Refund", "20")]
    assert desk.one("billPayments", payment).lines[-1].links[0].id == back
    desk.holds()
    assert desk.refused("billPayments", **desk.payment("BillPayment", payment, -30.01)) == "lines[0].links[0].amount"
    assert desk.ledger.delete(BOOK, "billPayments", payment, desk.key()).status == 422
    rest = desk.create("billPayments", **desk.payment("BillPayment", payment, -30))
    desk.holds()

    for one in (back, rest):
        assert desk.ledger.delete(BOOK, "billPayments", one, desk.key()).status == 200
        desk.holds()
    assert desk.ledger.delete(BOOK, "billPayments", payment, desk.key()).status == 200
    assert str(desk.one("bills", bill).amount_due) == "119.99"
    desk.holds()


def test_customers_pay_ahead_too_and_in_their_currency(desk: Desk) -> None:
    customer = desk.create("customers", customerName="Ahead GmbH", status="Active", defaultCurrency="EUR")
    first = desk.payment("PaymentOnAccount", customer, 33.33, currency="EUR", currencyRate=0.8571)
    payment = desk.create("payments", **first)
    assert desk.one("payments", payment).customer_ref.id == customer
    desk.holds()
    later = desk.payment("Payment", payment, -11.11, currency="EUR", currencyRate=0.9)
    back = desk.create("payments", **later)
    desk.holds()
    desk.ledger.delete(BOOK, "payments", back, desk.key())
    desk.ledger.delete(BOOK, "payments", payment, desk.key())
    desk.holds()


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"amount": 5, "links": [{"type": "PaymentOnAccount", "id": "nobody"}]}, "lines[0].links[0].id"),
        ({"amount": -5, "links": [{"type": "PaymentOnAccount", "id": "SUPPLIER"}]}, "lines[0].links[0].amount"),
        (
            {"amount": 5, "links": [{"type": "PaymentOnAccount", "id": "SUPPLIER", "amount": -4}]},
            "lines[0].links[0].amount",
        ),
        ({"amount": -5, "links": [{"type": "BillPayment", "id": "nothing"}]}, "lines[0].links[0].id"),
        ({"amount": 5, "links": [{"type": "Refund", "id": "x"}]}, "lines[0].links[0].type"),
    ],
)
def test_what_cannot_be_paid_ahead(desk: Desk, line: dict[str, Any], field: str) -> None:
    supplier = desk.book.derived_id("supplier", "Pennine Timber")
    link = line["links"][0]
    link["id"] = supplier if link["id"] == "SUPPLIER" else link["id"]
    assert desk.refused("billPayments", **{**desk.payment("Bill", "b", 1), "lines": [line]}) == field


def test_a_credit_note_is_paid_back(desk: Desk) -> None:
    note = desk.create("billCreditNotes", **desk.bill())
    back = desk.create("billPayments", **desk.payment("CreditNote", note, -19.99))
    left = desk.one("billCreditNotes", note)
    assert (str(left.remaining_credit), left.status.value) == ("100.00", "PartiallyPaid")
    desk.holds()
    desk.ledger.delete(BOOK, "billPayments", back, desk.key())
    assert str(desk.one("billCreditNotes", note).remaining_credit) == "119.99"
    desk.holds()


def test_a_bill_is_changed_and_deleted(desk: Desk) -> None:
    bill = desk.create("bills", **desk.bill())
    changed = msgspec.json.encode(desk.bill(lineItems=[desk.line(quantity=1)], note="less"))
    assert desk.ledger.update(BOOK, "bills", bill, changed, desk.key()).status == 200
    assert str(desk.one("bills", bill).amount_due) == "40.00"
    desk.holds()
    assert desk.ledger.delete(BOOK, "bills", bill, desk.key()).status == 200
    assert desk.gone("bills", bill)
    desk.holds()
    with pytest.raises(Missing):
        desk.ledger.delete(BOOK, "bills", bill, desk.key())


def test_a_paid_bill_is_neither_changed_nor_deleted(desk: Desk) -> None:
    bill = desk.create("bills", **desk.bill())
    desk.create("billPayments", **desk.payment("Bill", bill, 20))
    changed = msgspec.json.encode(desk.bill(note="late"))
    assert desk.ledger.update(BOOK, "bills", bill, changed, desk.key()).status == 422
    assert desk.ledger.delete(BOOK, "bills", bill, desk.key()).status == 422
    desk.holds()


def test_foreign_money_leaves_an_exchange_difference(desk: Desk) -> None:
    supplier = desk.create("suppliers", supplierName="Rijnhout", defaultCurrency="EUR")
    line = desk.line(taxRateRef={"id": desk.book.derived_id("tax", "zero")})
    bill = desk.create(
        "bills", **desk.bill(supplierRef={"id": supplier}, currency="EUR", currencyRate=0.85, lineItems=[line])
    )
    desk.create("billPayments", **desk.payment("Bill", bill, 99.99, currency="EUR", currencyRate=0.91))
    assert desk.one("bills", bill).status.value == "Paid"
    desk.holds()


def test_credit_is_set_against_an_invoice(desk: Desk) -> None:
    customer = {"id": desk.create("customers", customerName="Newcomer")}
    account = {"id": desk.book.account_id(chart.SERVICE_SALES)}
    sale = {"customerRef": customer, "issueDate": DAY, "lineItems": [desk.line(accountRef=account)]}
    invoice = desk.create("invoices", **sale)
    credit = desk.create("creditNotes", **{**sale, "lineItems": [desk.line(accountRef=account, quantity=1)]})
    links = [
        {"type": "Invoice", "id": invoice, "amount": -40},
        {"type": "CreditNote", "id": credit, "amount": 40},
    ]
    desk.create("payments", date=DAY, lines=[{"amount": 0, "links": links}])
    assert desk.one("creditNotes", credit).status.value == "Paid"
    assert str(desk.one("invoices", invoice).amount_due) == "79.99"
    desk.create("payments", **desk.payment("Invoice", invoice, 79.99))
    desk.holds()


def test_every_other_kind_is_written(desk: Desk) -> None:
    bank, savings = ({"id": desk.book.account_id(code)} for code in (chart.CURRENT_ACCOUNT, chart.SAVINGS))
    account = desk.create("chartOfAccounts", nominalCode="6999", name="Gifts", type="Expense")
    till = desk.create("bankAccounts", accountName="Till", accountType="Debit")
    item = desk.create("items", name="Glue", isBillItem=True, billItem={"unitPrice": 4, "accountRef": {"id": account}})
    bought = {"quantity": 2, "unitAmount": 4, "itemRef": {"id": item}}
    paid = [{"payment": {"accountRef": {"id": till}}, "allocation": {}}]
    desk.create(
        "transfers",
        date=DAY,
        **{"from": {"accountRef": bank, "amount": 50}, "to": {"accountRef": {"id": till}, "amount": 50}},
    )
    desk.create("directCosts", issueDate=DAY, currency="GBP", lineItems=[bought], paymentAllocations=paid)
    desk.create("directIncomes", issueDate=DAY, currency="GBP", lineItems=[desk.line()], paymentAllocations=paid)
    desk.create("purchaseOrders", **desk.bill())
    desk.create("billCreditNotes", **desk.bill())
    desk.create("journals", name="Corrections", journalCode="COR")
    lines = [{"accountRef": {"id": account}, "netAmount": 5}, {"accountRef": savings, "netAmount": -5}]
    entry = desk.create("journalEntries", postedOn=DAY, journalLines=lines)
    desk.create("bankTransactions", accountId=bank["id"], transactions=[{"amount": -1, "date": DAY}])
    assert str(desk.one("bankAccounts", till).balance) == "161.99"
    desk.holds()
    assert desk.ledger.delete(BOOK, "journalEntries", entry, desk.key()).status == 200
    desk.holds()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"supplierRef": {"id": "nobody"}}, "supplierRef.id"),
        ({"supplierRef": None}, "supplierRef.id"),
        ({"issueDate": None}, "issueDate"),
        ({"dueDate": "2026-01-01"}, "dueDate"),
        ({"lineItems": []}, "lineItems"),
        ({"status": "Paid"}, "status"),
        ({"currency": "EUR"}, "currencyRate"),
        ({"currencyRate": 2}, "currencyRate"),
        ({"totalAmount": 1}, "totalAmount"),
        ({"taxAmount": 1}, "taxAmount"),
    ],
    ids=str,
)
def test_a_bill_that_cannot_be_booked_is_refused(desk: Desk, changes: dict[str, Any], field: str) -> None:
    before = len(records(desk.ledger, "journalEntries"))
    assert desk.refused("bills", **desk.bill(**changes)) == field
    assert len(records(desk.ledger, "journalEntries")) == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"accountRef": None}, "accountRef.id"),
        ({"accountRef": {"id": "?"}}, "accountRef.id"),
        ({"taxRateRef": {"id": "?"}}, "taxRateRef.id"),
        ({"itemRef": {"id": "?"}}, "itemRef.id"),
        ({"subTotal": 90}, "subTotal"),
        ({"totalAmount": 90}, "totalAmount"),
        ({"taxRateRef": None, "taxAmount": 3}, "taxRateRef.id"),
        ({"trackingCategoryRefs": [{"id": "?"}]}, "trackingCategoryRefs.id"),
    ],
    ids=str,
)
def test_a_line_that_cannot_be_booked_is_named(desk: Desk, changes: dict[str, Any], field: str) -> None:
    assert desk.refused("bills", **desk.bill(lineItems=[desk.line(), desk.line(**changes)])) == f"lineItems[1].{field}"


def test_a_payment_that_does_not_add_up_is_refused(desk: Desk) -> None:
    bill = desk.create("bills", **desk.bill())
    payment = desk.payment("Bill", bill, 10)
    bank = desk.book.account_id(chart.MATERIALS)
    assert desk.refused("billPayments", **{**payment, "accountRef": {"id": bank}}) == "accountRef.id"
    assert desk.refused("billPayments", **{**payment, "totalAmount": 11}) == "totalAmount"
    assert desk.refused("billPayments", **desk.payment("Bill", bill, 500)) == "lines.links.amount"
    assert desk.refused("billPayments", **desk.payment("Bill", "?", 10)) == "lines[0].links[0].id"
    assert desk.refused("billPayments", **desk.payment("Invoice", bill, 10)) == "lines[0].links[0].type"
    assert desk.refused("billPayments", **{**payment, "lines": []}) == "lines"
    wrong = [{"amount": 9, "links": payment["lines"][0]["links"]}]
    assert desk.refused("billPayments", **{**payment, "lines": wrong}) == "lines[0].amount"
    desk.holds()


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{",
        b'"text"',
        b"\xff",
        b'{"lineItems": 3}',
        b'{"lineItems": [3]}',
        b'{"supplierRef": "x"}',
        b'{"issueDate": 7}',
        b'{"issueDate": "2026-13-01"}',
        b'{"totalAmount": "9"}',
        b'{"lineItems": [{"quantity": 1e99}]}',
        b'{"status": "Elsewhere"}',
    ],
)
def test_what_is_not_a_record_is_refused(desk: Desk, body: bytes) -> None:
    assert desk.ledger.create(BOOK, "bills", body, "key").status == 422


def test_a_key_works_once(desk: Desk) -> None:
    def write(name: str) -> Answer:
        return desk.ledger.create(BOOK, "suppliers", msgspec.json.encode({"supplierName": name}), "same")

    first = write("Once")
    assert write("Once") == first
    assert desk.ledger.answer(BOOK, "same") == first
    assert [one.supplier_name for one in records(desk.ledger, "suppliers")].count("Once") == 1
    with pytest.raises(Conflict):
        write("Twice")
    with pytest.raises(Missing):
        desk.ledger.answer(BOOK, "never used")
