"""What is wrong with a request is told in the contract's words, before anything is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from bookbridge.products.bill_pay import checks
from bookbridge.products.bill_pay.checks import Invalid
from bookbridge.products.bill_pay.fields import field_sent
from bookbridge.products.bill_pay.prototypes import (
    BankAccountPrototype,
    BillLinePrototype,
    BillPaymentPrototype,
    BillPrototype,
    Given,
    RefGiven,
    SupplierPrototype,
    TrackingRefGiven,
)
from tests.products.bill_pay.conftest import XERO, Payables

pytestmark = pytest.mark.usefixtures("worker")

MISSING = "00000000-0000-4000-8000-000000000000"


def messages(body: dict[str, Any]) -> dict[str, str]:
    return {item["itemId"]: item["message"] for item in body["validation"]["errors"]}


async def written(payables: Payables) -> int:
    history = await payables.api.http.get(f"/companies/{payables.company}/push")
    total: int = history.json()["totalResults"]
    return total


PROTOTYPES: list[tuple[type[Given], Callable[[Any], None]]] = [
    (BillPrototype, checks.check_bill),
    (BillPaymentPrototype, checks.check_payment),
    (SupplierPrototype, lambda given: checks.check_supplier(given, is_new=False)),
    (BankAccountPrototype, checks.check_bank_account),
]


@pytest.mark.parametrize(("kind", "check"), PROTOTYPES)
def test_what_is_said_to_be_required_is(kind: type[Given], check: Callable[[Any], None]) -> None:
    with pytest.raises(Invalid) as refused:
        check(kind())
    assert {fault.field for fault in refused.value.faults} == set(kind.required_fields)


def test_the_same_within_a_bill() -> None:
    line = BillLinePrototype(tracking_refs=[TrackingRefGiven()])
    with pytest.raises(Invalid) as refused:
        checks.check_bill(BillPrototype(supplier_ref=RefGiven(), line_items=[line]))
    missed = {fault.field for fault in refused.value.faults}
    where = "lineItems[0]"
    assert {f"supplierRef.{name}" for name in RefGiven.required_fields} <= missed
    assert {f"{where}.{name}" for name in BillLinePrototype.required_fields} <= missed
    assert {f"{where}.trackingRefs[0].{name}" for name in TrackingRefGiven.required_fields} <= missed


async def test_every_field_that_must_not_be_empty_is_named(payables: Payables) -> None:
    body = await payables.refused("POST", "/bills", {})
    assert messages(body) == {
        "supplierRef": "`Supplier Ref` must not be empty.",
        "issueDate": "`Issue Date` must not be empty.",
        "dueDate": "`Due Date` must not be empty.",
        "currency": "`Currency` must not be empty.",
        "status": "`Status` must not be empty.",
        "lineItems": "`Line Items` must not be empty.",
    }
    body = await payables.refused("POST", "/bills", {"supplierRef": {}, "lineItems": []})
    assert messages(body)["supplierRef.id"] == "`Supplier Ref Id` must not be empty."
    assert set(messages(await payables.refused("POST", "/suppliers", {}))) == {"supplierName", "status"}
    body = await payables.refused("POST", "/bankAccounts", {})
    assert set(messages(body)) == {"name", "accountType", "accountNumber", "currency"}
    body = await payables.refused("POST", f"/bills/{MISSING}/payment", {})
    assert set(messages(body)) == {"amount", "date", "accountRef"}
    assert await written(payables) == 0


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"currency": "POUND"}, "currency", "`Currency Length` must be equal to `3`."),
        ({"currency": "ZZZ"}, "currency", "No currency exists for code `ZZZ`."),
        ({"currencyRate": 0}, "currencyRate", "`Currency Rate` must be greater than `0`."),
        ({"status": "Draft"}, "status", "`Status` must be equal to `Open`."),
        ({"reference": "x" * 256}, "reference", "`Reference Length` must be less than or equal to `255`."),
        ({"issueDate": "yesterday"}, "issueDate", "`Issue Date` must be a date such as 2026-01-31."),
        ({"lineItems": [{"unitAmount": -1}]}, "lineItems", "Sum of `LineItems` must be greater than or equal to `0`."),
        ({"lineItems": [{"quantity": 1}]}, "lineItems[0].unitAmount", "`Unit Amount` must not be empty."),
        (
            {"lineItems": [{"unitAmount": 1, "taxAmount": 0.125}]},
            "lineItems[0].taxAmount",
            "`Tax Amount` must have at most `2` decimal places in GBP.",
        ),
        (
            {"lineItems": [{"unitAmount": "NaN"}]},
            "lineItems[0].unitAmount",
            "`Unit Amount` must be a number of a size that can be calculated with.",
        ),
        (
            {"lineItems": [{"unitAmount": "1e999999"}]},
            "lineItems[0].unitAmount",
            "`Unit Amount` must be a number of a size that can be calculated with.",
        ),
    ],
)
async def test_the_rules_of_a_bill(payables: Payables, changes: dict[str, Any], field: str, message: str) -> None:
    given = {
        "supplierRef": {"id": MISSING},
        "issueDate": "2026-06-01T00:00:00",
        "dueDate": "2026-07-01T00:00:00",
        "currency": "GBP",
        "status": "Open",
        "lineItems": [{"unitAmount": 1}],
        **changes,
    }
    for method, path in (("POST", "/bills"), ("PUT", f"/bills/{MISSING}")):
        assert messages(await payables.refused(method, path, given)) == {field: message}
    assert await written(payables) == 0


async def test_what_the_ledger_does_not_have(payables: Payables) -> None:
    platform = {"gbol": "Xero", "mqjo": "Sandbox"}[payables.platform]
    given = await payables.prototype()
    before = await written(payables)
    line = {**given["lineItems"][0], "accountRef": {"id": MISSING}, "taxRateRef": {"id": "NOPE"}}
    wrong = {**given, "supplierRef": {"id": MISSING}, "lineItems": [given["lineItems"][0], line]}
    assert messages(await payables.refused("POST", "/bills", wrong)) == {
        "supplierRef.id": f"SupplierRef Id was not found in {platform}.",
        "lineItems[1].accountRef": f"Account Ref was not found in {platform}.",
        "lineItems[1].taxRateRef": f"Tax Rate Ref was not found in {platform}.",
    }
    line = {**given["lineItems"][0], "trackingRefs": [{"id": MISSING, "dataType": "trackingCategories"}]}
    body = await payables.refused("POST", "/bills", {**given, "lineItems": [line]})
    assert list(messages(body)) == ["lineItems[0].trackingRefs[0]"]
    line = {**given["lineItems"][0], "trackingRefs": [{"id": MISSING, "dataType": "customers", "isBillable": True}]}
    body = await payables.refused("POST", "/bills", {**given, "lineItems": [line]})
    assert "customers" in body["error"]
    payment = {"amount": 1, "date": "2026-06-15T00:00:00", "accountRef": {"id": MISSING}}
    bill = await payables.bill()
    body = await payables.refused("POST", f"/bills/{bill['id']}/payment", payment)
    assert messages(body) == {"accountRef": f"Account Ref was not found in {platform}."}
    assert await written(payables) == before + 2, "the supplier and the bill that were good"


async def test_what_is_changed_must_be_there(payables: Payables) -> None:
    given = await payables.prototype()
    await payables.refused("PUT", f"/bills/{MISSING}", given, 404)
    payment = {"amount": 1, "date": "2026-06-15T00:00:00", "accountRef": {"id": await payables.bank()}}
    await payables.refused("POST", f"/bills/{MISSING}/payment", payment, 404)
    await payables.refused("PUT", f"/suppliers/{MISSING}", {"supplierName": "x", "status": "Active"}, 404)
    for record_id in ("..", "%2e%2e%2fSuppliers", "a%00b", "x" * 300):
        answer = await payables.send("PUT", f"/suppliers/{record_id}", {"supplierName": "x", "status": "Active"})
        assert answer.status_code in (400, 404, 405), answer.text


async def test_money_is_paid_in_coins(payables: Payables) -> None:
    bill = await payables.bill()
    payment = {"amount": 1.234, "date": "2026-06-15T00:00:00", "accountRef": {"id": await payables.bank()}}
    body = await payables.refused("POST", f"/bills/{bill['id']}/payment", payment)
    assert messages(body) == {"amount": "`Amount` must have at most `2` decimal places in GBP."}


async def test_the_ledgers_own_refusal_names_what_was_sent(payables: Payables) -> None:
    account = (await payables.prototype())["lineItems"][0]["accountRef"]
    bill = await payables.bill()
    payment = {"amount": 1, "date": "2026-06-15T00:00:00", "accountRef": account}
    body = await payables.refused("POST", f"/bills/{bill['id']}/payment", payment)
    assert set(messages(body)) == {"accountRef.id"}
    assert "bank account" in body["error"]


@pytest.mark.parametrize("payables", [XERO], indirect=True)
async def test_xeros_own_refusals(payables: Payables) -> None:
    """The platform's exceptions that the contract tells of."""
    account = {"name": "Twice", "accountType": "Debit", "accountNumber": "12345678", "currency": "GBP"}
    await payables.done("POST", "/bankAccounts", account)
    assert set(messages(await payables.refused("POST", "/bankAccounts", account))) == {"name"}
    card = {**account, "name": "Card", "accountType": "Credit"}
    assert set(messages(await payables.refused("POST", "/bankAccounts", card))) == {"accountType"}
    given = {"supplierName": f"Wharfe {uuid4().hex[:8]}", "status": "Active"}
    first, other = await payables.done("POST", "/suppliers", given), await payables.supplier()
    assert set(messages(await payables.refused("POST", "/suppliers", given))) == {"supplierName"}
    assert set(messages(await payables.refused("PUT", f"/suppliers/{other}", given))) == {"supplierName"}
    kept = await payables.done("PUT", f"/suppliers/{first['id']}", {"supplierName": "", "status": "Archived"})
    assert (kept["supplierName"], kept["status"]) == (given["supplierName"], "Archived")
    body = await payables.refused("PUT", f"/suppliers/{first['id']}", {**given, "status": "Archived"})
    assert "archived" in body["error"]


@pytest.mark.parametrize(
    ("data_type", "field", "sent"),
    [
        ("bills", "lineItems[2].trackingCategoryRefs[0].id", "lineItems[2].trackingRefs"),
        ("bills", "lineItems[0].tracking.customerRef.id", "lineItems[0].trackingRefs"),
        ("bills", "lineItems[0].totalAmount", "lineItems[0]"),
        ("bills", "lineItems[0].taxAmount", "lineItems[0].taxAmount"),
        ("bills", "totalAmount", "lineItems"),
        ("billPayments", "lines[0].links[0].amount", "amount"),
        ("billPayments", "lines.links.amount", "amount"),
        ("billPayments", "lines[0].links[0].id", ""),
        ("billPayments", "accountRef.id", "accountRef.id"),
        ("bankAccounts", "accountName", "name"),
        ("suppliers", "supplierName", "supplierName"),
    ],
)
def test_a_refused_field_is_called_as_it_was_sent(data_type: str, field: str, sent: str) -> None:
    assert field_sent(data_type, field) == sent


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"lineItems":3}', b'{"supplierRef":"x"}', b"\xff", b"null"])
async def test_bodies_that_are_none(payables: Payables, body: bytes) -> None:
    for method, path in (("POST", "/bills"), ("PUT", "/suppliers/x"), ("POST", "/bankAccounts")):
        answer = await payables.api.http.request(method, f"{payables.base}{path}", content=body)
        assert answer.status_code == 400, answer.text


NOT_IN_THE_BOOKS = {("mqjo", "Draft"), ("mqjo", "Void")}


@pytest.mark.parametrize("status", ["Draft", "Void", "Paid"])
async def test_a_bill_that_is_not_open_is_neither_changed_nor_paid(payables: Payables, status: str) -> None:
    found = await payables.every("/bills", query=f"status={status}")
    assert found or (payables.platform, status) in NOT_IN_THE_BOOKS
    given = await payables.prototype()
    payment = {"amount": 0.01, "date": "2026-06-15T00:00:00", "accountRef": {"id": await payables.bank()}}
    before = await written(payables)
    for bill in found[:1]:
        assert status in (await payables.refused("PUT", f"/bills/{bill['id']}", given))["error"]
        assert status in (await payables.refused("POST", f"/bills/{bill['id']}/payment", payment))["error"]
    assert await written(payables) == before
