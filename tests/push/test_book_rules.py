"""What the books that were read say about a write: currencies, closed periods, and papers that are there already."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bookbridge.connectors.kit.connector import Operation
from bookbridge.push.book_rules import BookRules
from bookbridge.push.findings import Findings, ValidationItem
from bookbridge.push.operations import PushOperation, Status
from bookbridge.push.options import options
from bookbridge.store import records
from bookbridge.store.records import RecordBatch
from tests.push.conftest import Desk, keep
from tests.push.ledger_connector import CONNECTOR

MANY = 2_000


@pytest.fixture
async def books(desk: Desk) -> Desk:
    """Books in GBP with an account in EUR, closed until the end of 2025, with two suppliers and a bill of one."""
    info = {"companyName": "Acme", "baseCurrency": "GBP", "ledgerLockDate": "2025-12-31T00:00:00"}
    await keep(desk.pool, desk.connection, "company", {"id": "company", **info})
    await keep(desk.pool, desk.connection, "bankAccounts", {"id": "b1", "currency": "GBP"})
    await keep(desk.pool, desk.connection, "bankAccounts", {"id": "b2", "currency": "EUR"})
    await keep(desk.pool, desk.connection, "suppliers", {"id": "s1", "supplierName": "P", "defaultCurrency": "GBP"})
    await keep(desk.pool, desk.connection, "suppliers", {"id": "S2", "supplierName": "Q", "defaultCurrency": "EUR"})
    await keep(desk.pool, desk.connection, "bills", _kept("k1", "INV-1", "S2", "Open"))
    await keep(desk.pool, desk.connection, "bills", _kept("k2", "INV-2", "S2", "Void"))
    await keep(desk.pool, desk.connection, "bills", _kept("k3", "INV-3", "S2", "Open"), deleted=True)
    await keep(desk.pool, desk.connection, "bills", {**_kept("k4", "OLD", "s1", "Open"), "issueDate": "2025-06-01"})
    return desk


def _kept(bill_id: str, reference: str, supplier: str, status: str) -> dict[str, Any]:
    ref = {"supplierRef": {"id": supplier}, "issueDate": "2026-01-10T00:00:00"}
    return {"id": bill_id, "reference": reference, "status": status, **ref}


def bill(**changes: Any) -> dict[str, Any]:
    line = {"description": "Paper", "quantity": 1, "unitAmount": 10, "subTotal": 10, "taxAmount": 0}
    sums = {"subTotal": 10, "taxAmount": 0, "totalAmount": 10}
    body = {"reference": "NEW", "issueDate": "2026-01-31", "supplierRef": {"id": "S2"}, "status": "Open"}
    return {**body, "currency": "EUR", "lineItems": [line], **sums, **changes}


def told(items: tuple[ValidationItem, ...]) -> list[tuple[str | None, str]]:
    return [(one.item_id, one.message) for one in items if one.message != UNREAD]


UNREAD = "lineItems[0].accountRef.id was not checked: chartOfAccounts were never read."


async def submitted(books: Desk, **changes: Any) -> PushOperation:
    operation = await books.submit("bills", bill(**changes))
    assert operation.validation is not None
    return operation


async def test_a_bill_that_the_books_have_nothing_against(books: Desk) -> None:
    operation = await submitted(books)
    assert operation.status is Status.PENDING
    assert operation.validation is not None
    assert told(operation.validation.warnings) == []


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        (
            {"currency": "USD"},
            ("currency", "currency: USD was not seen in these books; the platform may not accept it."),
        ),
        ({"currency": "USD"}, ("currency", "This supplier is usually dealt with in EUR.")),
        ({"currency": "gbp"}, ("currency", "This supplier is usually dealt with in EUR.")),
        ({"reference": "INV-1"}, ("reference", "There is a bill of this contact with the reference 'INV-1' already.")),
    ],
)
async def test_what_is_notable_is_a_warning(books: Desk, changes: dict[str, Any], warning: tuple[str, str]) -> None:
    operation = await submitted(books, **changes)
    assert operation.status is Status.PENDING
    assert operation.validation is not None
    assert warning in told(operation.validation.warnings)


@pytest.mark.parametrize("reference", ["INV-2", "INV-3", "OLD", "inv-1", "%"])
async def test_numbers_of_void_deleted_or_other_contacts_documents_are_free(books: Desk, reference: str) -> None:
    operation = await submitted(books, reference=reference)
    assert operation.validation is not None
    assert told(operation.validation.warnings) == []


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"currency": "XYZ"}, ("currency", "currency: 'XYZ' is no currency of ISO 4217.")),
        (
            {"issueDate": "2025-12-31T00:00:00"},
            ("issueDate", "issueDate 2025-12-31 lies in a period closed until 2025-12-31."),
        ),
    ],
)
async def test_what_the_platform_is_certain_to_refuse_is_an_error(
    books: Desk, changes: dict[str, Any], error: tuple[str, str]
) -> None:
    operation = await submitted(books, **changes)
    assert operation.status is Status.FAILED
    assert operation.validation is not None
    assert told(operation.validation.errors) == [error]


async def test_a_record_of_a_closed_period_is_not_deleted(books: Desk) -> None:
    refused = await books.submit("bills", kind=Operation.DELETE, record_id="k4")
    assert refused.status is Status.FAILED
    assert refused.validation is not None
    message = "The record is booked on 2025-06-01, which lies in a period closed until 2025-12-31."
    assert told(refused.validation.errors) == [(None, message)]
    open_one = await books.submit("bills", kind=Operation.DELETE, record_id="k1")
    assert (open_one.status, open_one.validation) == (Status.PENDING, None)


async def test_options_tell_the_currencies_of_the_books(books: Desk) -> None:
    tree = await options(books.pool, CONNECTOR, books.connection.company_id, books.connection.id, "bills")
    assert tree.properties is not None
    currency = tree.properties["currency"]
    assert currency.options == ()
    assert currency.validation is not None
    assert [one.details for one in currency.validation.information] == [
        "The books are in GBP, with bank accounts in EUR too."
    ]


async def test_a_number_is_found_among_many(books: Desk) -> None:
    connection = books.connection
    batch = RecordBatch(connection.company_id, connection.id, "bills", "bills", datetime.now(UTC))
    for number in range(MANY):
        body = (
            f'{{"id":"x{number}","reference":"N{number}","status":"Open","supplierRef":{{"id":"t{number % 1000}"}},'
            '"metadata":{"isDeleted":false}}'
        )
        batch.add(f"x{number}", body.encode(), b"{}", None, False)
    async with books.pool.acquire() as db:
        await records.save(db, batch)
    scope = records.Scope(connection.company_id, "bills", connection.id)
    while await records.write_keys(books.pool, scope):
        pass
    await keep(books.pool, connection, "suppliers", {"id": "t7", "supplierName": "T"})
    operation = await submitted(books, supplierRef={"id": "t7"}, reference="N1007", currency="GBP")
    assert operation.validation is not None
    assert [one.item_id for one in operation.validation.warnings if "already" in one.message] == ["reference"]


@pytest.mark.parametrize(("currency", "warned"), [("GBP", True), ("eur", False)])
async def test_what_is_paid_at_once_is_in_the_currency_of_its_account(books: Desk, currency: str, warned: bool) -> None:
    rules = BookRules(books.pool, books.connection.company_id, books.connection.id)
    findings = Findings("DirectCost")
    paid = [{"payment": {"accountRef": {"id": "b2"}}, "allocation": {}}]
    await rules.check("directCosts", {"currency": currency, "paymentAllocations": paid}, findings, None)
    told_of = [one.message for one in findings.validation().warnings if "bank account is in EUR" in one.message]
    assert bool(told_of) is warned
    for hostile in ({"paymentAllocations": "b2"}, {"paymentAllocations": [1, {"payment": 2}]}):
        await rules.check("directCosts", {"currency": currency, **hostile}, findings, None)
