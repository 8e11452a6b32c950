"""What is refused before anything leaves for Xero, under the contract's fields: what Xero would round, what it has no
call for, what would be lost. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bookbridge.accounting.records import Record
from bookbridge.connectors.kit.connector import Operation
from bookbridge.connectors.xero.write_parts import vendor_rate
from tests.connectors.xero_books import row

CONTACT = "00000501-5a1d-4c3e-9b7f-2d6e8a4c0501"
ACCOUNT = "00000bad-5a1d-4c3e-9b7f-2d6e8a4c0bad"
BANK = "00000b01-5a1d-4c3e-9b7f-2d6e8a4c0b01"

LINE: dict[str, Any] = {
    "description": "Paper",
    "quantity": 1,
    "unitAmount": 10,
    "taxAmount": 0,
    "accountRef": {"id": ACCOUNT},
}
AT_ONCE: dict[str, Any] = {
    "contactRef": {"id": CONTACT},
    "issueDate": "2026-05-04",
    "currency": "GBP",
    "lineItems": [LINE],
    "paymentAllocations": [{"payment": {"accountRef": {"id": BANK}}, "allocation": {}}],
    "subTotal": 10,
    "taxAmount": 0,
    "totalAmount": 10,
}
BILL: dict[str, Any] = {
    "supplierRef": {"id": CONTACT},
    "issueDate": "2026-05-04",
    "dueDate": "2026-05-31",
    "status": "Open",
    "lineItems": [LINE],
    "subTotal": 10,
    "taxAmount": 0,
    "totalAmount": 10,
}
INVOICE: dict[str, Any] = {
    "customerRef": {"id": CONTACT},
    "issueDate": "2026-05-04",
    "dueDate": "2026-05-31",
    "status": "Submitted",
    "lineItems": [LINE],
    "subTotal": 10,
    "totalTaxAmount": 0,
    "totalAmount": 10,
    "amountDue": 10,
}
CREDIT: dict[str, Any] = {
    "supplierRef": {"id": CONTACT},
    "issueDate": "2026-05-04",
    "status": "Submitted",
    "lineItems": [LINE],
    "subTotal": 10,
    "totalTaxAmount": 0,
    "totalAmount": 10,
    "totalDiscount": 0,
    "discountPercentage": 0,
}
ORDER: dict[str, Any] = {"supplierRef": {"id": CONTACT}, "status": "Open", "lineItems": [LINE]}
TRANSFER: dict[str, Any] = {
    "date": "2026-05-04",
    "from": {"accountRef": {"id": BANK}, "amount": 10},
    "to": {"accountRef": {"id": ACCOUNT}, "amount": 10},
}
ENTRY: dict[str, Any] = {
    "description": "Depreciation",
    "journalLines": [
        {"netAmount": 1, "accountRef": {"id": ACCOUNT}},
        {"netAmount": -1, "accountRef": {"id": ACCOUNT}},
    ],
}
STOCK: dict[str, Any] = {
    "code": "P",
    "name": "Paper",
    "itemStatus": "Active",
    "type": "Unknown",
    "isBillItem": True,
    "isInvoiceItem": False,
    "billItem": {"unitPrice": 1},
}
ACCOUNT_RECORD: dict[str, Any] = {"nominalCode": "1", "name": "A", "fullyQualifiedCategory": "Expense.Overhead"}
BANK_RECORD: dict[str, Any] = {"accountName": "A", "sortCode": "20-44-55", "accountNumber": "12345678"}
CUSTOMER: dict[str, Any] = {"customerName": "A", "status": "Active"}


def record_of(data_type: str, body: dict[str, Any]) -> Record:
    converted: Record = row(data_type, Operation.CREATE).data_type.convert_submission(body)
    return converted


def refused(data_type: str, body: dict[str, Any], operation: Operation = Operation.CREATE) -> list[str]:
    """The fields that the write's own check names."""
    check = row(data_type, operation).check
    assert check is not None
    return [problem.field for problem in check(record_of(data_type, body))]


def line(**changes: Any) -> dict[str, Any]:
    return {"lineItems": [{**LINE, **changes}]}


@pytest.mark.parametrize(
    ("data_type", "body"),
    [
        ("bills", BILL),
        ("invoices", INVOICE),
        ("billCreditNotes", CREDIT),
        ("purchaseOrders", ORDER),
        ("directCosts", AT_ONCE),
        ("directIncomes", AT_ONCE),
        ("transfers", TRANSFER),
        ("journalEntries", ENTRY),
        ("items", STOCK),
        ("chartOfAccounts", ACCOUNT_RECORD),
        ("bankAccounts", BANK_RECORD),
        ("customers", CUSTOMER),
    ],
)
def test_what_is_sound_passes(data_type: str, body: dict[str, Any]) -> None:
    assert refused(data_type, body) == []


DOCUMENTS = [
    ("bills", BILL),
    ("invoices", INVOICE),
    ("billCreditNotes", CREDIT),
    ("purchaseOrders", ORDER),
    ("directCosts", AT_ONCE),
    ("directIncomes", AT_ONCE),
]


@pytest.mark.parametrize(("data_type", "body"), DOCUMENTS, ids=[name for name, _ in DOCUMENTS])
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        (line(unitAmount=Decimal("10.00001")), "lineItems[0].unitAmount"),
        (line(quantity=Decimal("1.000001")), "lineItems[0].quantity"),
        (line(taxAmount=Decimal("0.001")), "lineItems[0].taxAmount"),
        (line(subTotal=Decimal("10.001")), "lineItems[0].subTotal"),
        (line(totalAmount=Decimal("10.001")), "lineItems[0].totalAmount"),
        ({"totalAmount": Decimal("10.005")}, "totalAmount"),
        ({"subTotal": Decimal("10.005")}, "subTotal"),
        (
            line(trackingCategoryRefs=[{"id": str(number)} for number in range(3)]),
            "lineItems[0].trackingCategoryRefs",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_xero_would_round_or_refuse_is_named(
    data_type: str, body: dict[str, Any], changes: dict[str, Any], field: str
) -> None:
    assert field in refused(data_type, {**body, **changes})


@pytest.mark.parametrize(("data_type", "body"), DOCUMENTS, ids=[name for name, _ in DOCUMENTS])
def test_four_places_of_a_price_and_trailing_zeros_are_kept(data_type: str, body: dict[str, Any]) -> None:
    fine = line(unitAmount=Decimal("10.12340"), quantity=Decimal("1.00010"))
    assert refused(data_type, {**body, **fine, "totalAmount": Decimal("10.1200"), "subTotal": Decimal("10.120")}) == []


@pytest.mark.parametrize(
    ("data_type", "body"), [one for one in DOCUMENTS if one[0] != "invoices"], ids=lambda one: str(one)[:12]
)
def test_discounts_are_not_lost_where_xero_knows_none(data_type: str, body: dict[str, Any]) -> None:
    assert refused(data_type, {**body, **line(discountAmount=1)}) == ["lineItems[0].discountAmount"]
    assert refused(data_type, {**body, **line(discountPercentage=10)}) == ["lineItems[0].discountPercentage"]


def test_discounts_on_whole_documents_are_refused() -> None:
    assert refused("invoices", {**INVOICE, "totalDiscount": 1, "discountPercentage": 10}) == [
        "totalDiscount",
        "discountPercentage",
    ]
    assert refused("billCreditNotes", {**CREDIT, "totalDiscount": 1}) == ["totalDiscount"]
    assert refused("purchaseOrders", {**ORDER, "totalDiscount": 1}) == ["totalDiscount"]
    assert refused("invoices", {**INVOICE, **line(discountPercentage=Decimal("3.333"))}) == [
        "lineItems[0].discountPercentage"
    ]


@pytest.mark.parametrize(
    ("data_type", "body", "draft"),
    [("bills", BILL, "Draft"), ("invoices", INVOICE, "Draft"), ("billCreditNotes", CREDIT, "Draft")],
)
def test_only_what_is_approved_needs_accounts(data_type: str, body: dict[str, Any], draft: str) -> None:
    without = {**body, "lineItems": [{name: value for name, value in LINE.items() if name != "accountRef"}]}
    assert refused(data_type, without) == ["lineItems[0].accountRef.id"]
    assert refused(data_type, {**without, "status": draft}) == []
    with_item = {**body, "lineItems": [{**without["lineItems"][0], "itemRef": {"id": "1"}}]}
    assert refused(data_type, with_item) == []


def test_money_moves_in_one_direction() -> None:
    back = {"subTotal": -10, "totalAmount": -10}
    assert refused("directCosts", {**AT_ONCE, **line(unitAmount=-10), **back}) == []
    assert refused("directCosts", {**AT_ONCE, **back}) == ["lineItems[0].unitAmount"]
    mixed = {**AT_ONCE, "lineItems": [{**LINE, "unitAmount": 15}, {**LINE, "unitAmount": -5, "taxAmount": -1}]}
    assert refused("directIncomes", mixed) == ["lineItems[1].unitAmount", "lineItems[1].taxAmount"]
    changed = refused("directCosts", {**AT_ONCE, **line(unitAmount=-10), **back}, Operation.UPDATE)
    assert changed == ["totalAmount"]


def test_one_payment_pays_a_direct_cost() -> None:
    twice = AT_ONCE["paymentAllocations"] * 2
    assert refused("directCosts", {**AT_ONCE, "paymentAllocations": twice}) == ["paymentAllocations"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"from": {**TRANSFER["from"], "amount": 0}, "to": {**TRANSFER["to"], "amount": 0}}, "from.amount"),
        ({"to": {**TRANSFER["to"], "amount": 11}}, "to.amount"),
        ({"from": {**TRANSFER["from"], "amount": Decimal("10.001")}, "to": {}}, "from.amount"),
        (
            {"from": {**TRANSFER["from"], "currency": "GBP"}, "to": {**TRANSFER["to"], "currency": "EUR"}},
            "to.currency",
        ),
    ],
)
def test_transfers_are_of_one_amount_and_currency(changes: dict[str, Any], field: str) -> None:
    assert refused("transfers", {**TRANSFER, **changes}) == [field]


def test_journal_entries_need_words_and_lines_that_book_something() -> None:
    lines = ENTRY["journalLines"]
    assert refused("journalEntries", {"journalLines": lines}) == ["description"]
    assert refused("journalEntries", {"journalLines": [{**one, "description": "x"} for one in lines]}) == []
    assert refused("journalEntries", {**ENTRY, "journalLines": lines[:1]}) == ["journalLines"]
    three_places = [{**one, "netAmount": one["netAmount"] * Decimal("1.001")} for one in lines]
    assert refused("journalEntries", {**ENTRY, "journalLines": three_places}) == [
        "journalLines[0].netAmount",
        "journalLines[1].netAmount",
    ]
    with_zero = [*lines, {"netAmount": 0, "accountRef": {"id": ACCOUNT}}]
    assert refused("journalEntries", {**ENTRY, "journalLines": with_zero}) == ["journalLines[2].netAmount"]
    customer = {"recordRefs": [{"id": CONTACT, "dataType": "customers"}]}
    tracked = [{**lines[0], "tracking": customer}, lines[1]]
    assert refused("journalEntries", {**ENTRY, "journalLines": tracked}) == [
        "journalLines[0].tracking.recordRefs[0].dataType"
    ]


def test_reference_records_are_checked() -> None:
    assert refused("chartOfAccounts", {**ACCOUNT_RECORD, "type": "Income"}) == ["type"]
    assert refused("bankAccounts", {**BANK_RECORD, "currency": "EUR"}) == ["sortCode"]
    assert refused("bankAccounts", {**BANK_RECORD, "sortCode": "12"}) == ["sortCode"]
    assert refused("bankAccounts", {**BANK_RECORD, "accountNumber": "1"}) == ["accountNumber"]
    assert refused("items", {**STOCK, "type": "Inventory"}) == ["billItem.accountRef.id"]
    assert refused("items", {**STOCK, "billItem": {"unitPrice": Decimal("1.00001")}}) == ["billItem.unitPrice"]
    people = [{"status": "Active", "name": f"P {number}"} for number in range(6)]
    assert refused("customers", {**CUSTOMER, "contacts": people}) == ["contacts"]
    address = {"type": "Billing", "line1": "1"}
    assert refused("customers", {**CUSTOMER, "addresses": [address, address]}) == ["addresses"]


def payment(total: Any, *lines: tuple[Any, list[tuple[str, str | None, Any]]], account: str | None = BANK) -> Any:
    return {
        "date": "2026-05-04",
        "totalAmount": total,
        **({"accountRef": {"id": account}} if account else {}),
        "lines": [
            {
                "amount": amount,
                "links": [
                    {"type": kind, "amount": part, **({"id": record_id} if record_id else {})}
                    for kind, record_id, part in links
                ],
            }
            for amount, links in lines
        ],
    }


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        # possible
        (payment(5, (5, [("Bill", "b", -5)])), []),
        (payment(5, (2, [("Bill", "b", -2)]), (3, [("Bill", "c", -3)])), []),
        (payment(0, (0, [("Bill", "b", -2), ("CreditNote", "n", 2)]), account=None), []),
        (payment(0, (0, [("CreditNote", "n", 3), ("Bill", "b", -2), ("Bill", "c", -1)]), account=None), []),
        (payment(5, (5, [("PaymentOnAccount", CONTACT, -5)])), []),
        (payment(-5, (-5, [("CreditNote", "n", 5)])), []),
        (payment(-5, (-5, [("BillPayment", "p", 5)])), []),
        # several effects, or none
        (payment(5, (2, [("Bill", "b", -2)]), (3, [("PaymentOnAccount", CONTACT, -3)])), ["lines"]),
        (payment(5, (5, [("Bill", "b", -7), ("CreditNote", "n", 2)])), ["totalAmount"]),
        (
            payment(
                0,
                (0, [("Bill", "b", -2), ("CreditNote", "n", 2)]),
                (0, [("Bill", "b", -2), ("CreditNote", "m", 2)]),
                account=None,
            ),
            ["lines"],
        ),
        (payment(5, (5, [("Bill", "b", -2), ("Bill", "c", -3)])), ["lines[0].links"]),
        (payment(5, (5, [])), ["lines[0].links"]),
        (payment(5, (5, [("Discount", "b", -5)])), ["lines[0].links[0].type"]),
        (payment(-5, (-5, [("Refund", CONTACT, 5)])), ["lines[0].links[0].type"]),
        (payment(0, (0, [("Bill", "b", 0)])), ["totalAmount"]),
        (payment(-5, (-5, [("Bill", "b", 5)])), ["totalAmount"]),
        (payment(-5, (-5, [("PaymentOnAccount", CONTACT, 5)])), ["totalAmount"]),
        (payment(5, (5, [("CreditNote", "n", -5)])), ["totalAmount"]),
        (payment(5, (5, [("BillPayment", "p", -5)])), ["totalAmount"]),
        (payment(-5, (-2, [("CreditNote", "n", 2)]), (-3, [("CreditNote", "m", 3)])), ["lines"]),
        (payment(5, (2, [("PaymentOnAccount", CONTACT, -2)]), (3, [("PaymentOnAccount", CONTACT, -3)])), ["lines"]),
        # possible, but incomplete
        (payment(5, (5, [("Bill", "b", -5)]), account=None), ["accountRef.id"]),
        (payment(5, (5, [("Bill", None, -5)])), ["lines[0].links[0].id"]),
        (payment(5, (5, [("PaymentOnAccount", None, -5)])), ["supplierRef.id"]),
        (payment(5, (2, [("Bill", "b", -2)]), (3, [("Bill", "B", -3)])), ["lines[1].links[0].id"]),
        (payment(5, (6, [("Bill", "b", -6)])), ["lines[0].amount"]),
        (payment(5, (8, [("Bill", "b", -8)]), (-3, [("Bill", "c", 3)])), ["lines[1].amount"]),
        (
            payment(Decimal("5.001"), (Decimal("5.001"), [("Bill", "b", Decimal("-5.001"))])),
            ["totalAmount", "lines[0].amount", "lines[0].links[0].amount"],
        ),
        (payment(0, (0, [("Bill", "b", None), ("CreditNote", "n", 2)]), account=None), ["lines[0].links[0].amount"]),
    ],
)
def test_a_payment_is_one_thing_that_xero_can_do(body: dict[str, Any], fields: list[str]) -> None:
    assert refused("billPayments", body) == fields


def test_money_is_allocated_on_the_day_that_it_moved() -> None:
    body = payment(5, (5, [("Bill", "b", -5)]))
    body["lines"][0]["allocatedOnDate"] = "2026-05-04T10:00:00Z"
    assert refused("billPayments", body) == []
    body["lines"][0]["allocatedOnDate"] = "2026-05-05"
    assert refused("billPayments", body) == ["lines[0].allocatedOnDate"]


def test_every_refusal_says_what_to_do() -> None:
    mixed = payment(5, (2, [("Bill", "b", -2)]), (3, [("PaymentOnAccount", CONTACT, -3)]))
    check = row("billPayments", Operation.CREATE).check
    assert check is not None
    [problem] = check(record_of("billPayments", mixed))
    assert "one payment for the bills" in problem.message


def test_a_payment_on_account_names_one_contact() -> None:
    body = payment(5, (5, [("PaymentOnAccount", "another", -5)]))
    assert refused("billPayments", {**body, "supplierRef": {"id": CONTACT}}) == ["lines[0].links[0].id"]


@pytest.mark.parametrize(
    ("currency", "rate", "sent"),
    [
        ("EUR", "0.8", "1.25"),
        ("JPY", "0.005", "200"),
        ("USD", "1", "1"),
        ("GBP", "1", None),
        ("gbp", "0.5", None),
        (None, "1", None),
        (None, "0.5", "2"),
        ("EUR", None, None),
        ("EUR", "3", "0.333333333"),
    ],
)
def test_rates_are_turned_round_without_a_binary_fraction(
    currency: str | None, rate: str | None, sent: str | None
) -> None:
    given = None if rate is None else Decimal(rate)
    turned = vendor_rate(currency, given, {"base_currency": "GBP"})
    assert turned == (None if sent is None else Decimal(sent))
