"""Xero's refusals as our errors: by what is to be done next, never by their text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx2
import msgspec
import pytest

from bookbridge.connectors.kit.errors import (
    NeedsRelink,
    NotSupported,
    RateLimited,
    RecordNotFound,
    Rejected,
    Uncertain,
    VendorError,
    VendorUnavailable,
)
from bookbridge.connectors.kit.http import Answer
from bookbridge.connectors.xero import document_payloads, payloads
from bookbridge.connectors.xero.client import Client, decode, meaning
from bookbridge.connectors.xero.read import BILLS_SOURCE
from bookbridge.connectors.xero.refusals import field_named
from bookbridge.connectors.xero.session import XeroSession
from bookbridge.connectors.xero.writes import WRITES
from tests.connectors.sandbox import Bearer, Sandbox, tally

BILL_FIELDS = next(row.fields for row in WRITES if row.data_type.key == "bills" and row.fields)


def answer(status: int, body: Any = "", headers: Mapping[str, str] | None = None) -> Answer:
    given = dict(headers or {})
    if isinstance(body, str):
        return Answer(status, httpx2.Headers({"content-type": "text/plain", **given}), body.encode())
    given = {"content-type": "application/json; charset=utf-8", **given}
    return Answer(status, httpx2.Headers(given), msgspec.json.encode(body))


@pytest.mark.parametrize(
    ("status", "body", "headers", "expected"),
    [
        (400, {"ErrorNumber": 16, "Type": "QueryParseException", "Message": "No"}, {}, Rejected),
        (400, "not even JSON", {}, Rejected),
        (401, {"Title": "Unauthorized", "Detail": "TokenExpired"}, {}, NeedsRelink),
        (401, {"Detail": "AuthorizationUnsuccessful"}, {"www-authenticate": "insufficient_scope"}, NotSupported),
        (403, {"Title": "Forbidden", "Detail": "AuthenticationUnsuccessful"}, {}, NeedsRelink),
        (404, "The resource you're looking for cannot be found", {}, RecordNotFound),
        (429, "", {"x-rate-limit-problem": "minute", "retry-after": "17"}, RateLimited),
        (500, "", {}, VendorUnavailable),
        (501, {"ErrorNumber": 20, "Type": "ApiMethodNotImplementedException"}, {}, NotSupported),
        (503, "", {}, VendorUnavailable),
    ],
)
def test_each_status_means_what_to_do_next(
    status: int, body: Any, headers: Mapping[str, str], expected: type[VendorError]
) -> None:
    assert type(meaning(answer(status, body, headers), False)) is expected


def test_a_failure_during_a_write_is_uncertain_but_maintenance_is_not() -> None:
    assert isinstance(meaning(answer(500), True), Uncertain)
    assert isinstance(meaning(answer(503), True), VendorUnavailable)


def test_waits_are_the_vendors_or_short_for_too_many_at_once() -> None:
    told = meaning(answer(429, "", {"x-rate-limit-problem": "day", "retry-after": "3600"}), False)
    crowded = meaning(answer(429, "", {"x-rate-limit-problem": "concurrent"}), False)
    assert isinstance(told, RateLimited)
    assert isinstance(crowded, RateLimited)
    assert (told.retry_after_s, crowded.retry_after_s) == (3600, 1)


def test_a_refusal_names_the_contracts_fields() -> None:
    account = "Account code 'X' is not a valid code for this document."
    body = {
        "ErrorNumber": 10,
        "Type": "ValidationException",
        "Message": "A validation exception occurred",
        "Elements": [
            {
                "LineItems": [{"ValidationErrors": []}, {"ValidationErrors": [{"Message": account}]}],
                "ValidationErrors": [{"Message": account}, {"Message": "Due Date is required"}],
            }
        ],
    }
    refused = meaning(answer(400, body), True, fields=BILL_FIELDS)
    assert isinstance(refused, Rejected)
    assert [(one.field, one.message) for one in refused.fields] == [
        ("lineItems[1].accountRef.id", account),
        ("dueDate", "Due Date is required"),
    ]
    assert account in refused.message


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("The TaxType code 'INPUT9' does not exist or cannot be used", "lineItems.taxRateRef.id"),
        ("Invoice # must be unique.", "reference"),
        ("The document date cannot be before the period lock date", "issueDate"),
        ("Something nobody has seen", ""),
    ],
)
def test_messages_are_about_fields(message: str, field: str) -> None:
    assert field_named(message, BILL_FIELDS) == field


NOT_VALID = "Account code 'X' is not a valid code for this document."


@pytest.mark.parametrize(
    ("data_type", "message", "field"),
    [
        ("chartOfAccounts", "Please enter a unique Code.", "nominalCode"),
        ("chartOfAccounts", "Please enter a unique Name.", "name"),
        ("bankAccounts", "Please enter a unique Name.", "accountName"),
        ("bankAccounts", "Bank account number must be specified", "accountNumber"),
        ("bankAccounts", "Organisation is not subscribed to currency KWD", "currency"),
        ("items", "An item with Code 'P' already exists", "code"),
        ("items", "Account code 'X' is not valid for this item", "billItem.accountRef.id"),
        ("suppliers", "The contact name A is already assigned to another contact.", "supplierName"),
        ("customers", "The contact name A is already assigned to another contact.", "customerName"),
        ("customers", "Email address must be valid.", "emailAddress"),
        ("bills", "The contact could not be found", "supplierRef.id"),
        ("bills", "The tax amount 3 does not match the expected tax amount 2", "lineItems.taxAmount"),
        ("bills", "The tracking option 'x' is not valid", "lineItems.trackingCategoryRefs.id"),
        ("invoices", "Invoice # must be unique.", "invoiceNumber"),
        ("invoices", "The contact is archived and cannot be used", "customerRef.id"),
        ("invoices", "The discount rate must be between 0 and 100", "lineItems.discountPercentage"),
        ("creditNotes", "Credit Note # must be unique.", "creditNoteNumber"),
        ("billCreditNotes", "Item code 'P' is not valid", "lineItems.itemRef.id"),
        ("billCreditNotes", NOT_VALID, "lineItems.accountRef.id"),
        ("purchaseOrders", "Order number must be unique", "purchaseOrderNumber"),
        ("purchaseOrders", "The document total cannot be less than 0", "totalAmount"),
        ("directCosts", "A bank account must be specified", "paymentAllocations.payment.accountRef.id"),
        ("directCosts", "The contact could not be found", "contactRef.id"),
        ("directIncomes", NOT_VALID, "lineItems.accountRef.id"),
        ("directIncomes", "The document date cannot be before the period lock date", "issueDate"),
        ("transfers", "The accounts of a transfer must have the same currency", "to.accountRef.id"),
        ("transfers", "The account type is invalid: a BANK account is needed", "from.accountRef.id"),
        ("transfers", "The transfer amount must be greater than zero", "from.amount"),
        ("journalEntries", "The total debits must equal total credits: they differ by 1", "journalLines.netAmount"),
        ("journalEntries", NOT_VALID, "journalLines.accountRef.id"),
        ("journalEntries", "The document date cannot be before the period lock date", "postedOn"),
        ("billPayments", "Payment amount exceeds the amount outstanding on this document", "totalAmount"),
        ("billPayments", "Invoice could not be found", "lines.links.id"),
        ("billPayments", "The account is not a bank account and does not have payments enabled", "accountRef.id"),
        ("payments", "The credit and the invoice must be in the same currency", "currency"),
        ("payments", "Allocations can only be made between credits and invoices of one contact", "customerRef.id"),
    ],
)
def test_each_types_refusals_are_about_its_own_fields(data_type: str, message: str, field: str) -> None:
    fields = next(row.fields for row in WRITES if row.data_type.key == data_type and row.fields)
    assert field_named(message, fields) == field


@pytest.mark.parametrize(
    ("data_type", "part", "message", "field"),
    [
        ("journalEntries", "JournalLines", NOT_VALID, "journalLines[1].accountRef.id"),
        ("billPayments", "Payments", "Payment amount exceeds the amount outstanding", "lines[1].amount"),
        ("billPayments", "Payments", "Invoice could not be found", "lines[1].links.id"),
        ("purchaseOrders", "LineItems", "Nobody has seen this", "lineItems[1]"),
    ],
)
def test_a_refused_part_is_named_by_its_place(data_type: str, part: str, message: str, field: str) -> None:
    fields = next(row.fields for row in WRITES if row.data_type.key == data_type and row.fields)
    parts = [{"ValidationErrors": []}, {"ValidationErrors": [{"Message": message}]}]
    refused = meaning(answer(400, {"ErrorNumber": 10, "Elements": [{part: parts}]}), True, fields=fields)
    assert isinstance(refused, Rejected)
    assert [(one.field, one.message) for one in refused.fields] == [(field, message)]


def test_an_answer_that_is_not_the_vendors_is_never_empty_data() -> None:
    page = Answer(200, httpx2.Headers({"content-type": "text/html"}), b"<html>Maintenance</html>")
    broken = Answer(200, httpx2.Headers({"content-type": "application/json"}), b'{"Invoices":[{"Inv')
    for odd in (page, broken):
        with pytest.raises(VendorUnavailable):
            decode(odd, "Invoices", document_payloads.Invoice)
        with pytest.raises(Uncertain):
            decode(odd, "Invoices", document_payloads.Invoice, effect=True)


def test_nothing_modified_is_no_rows() -> None:
    rows = decode(Answer(304, httpx2.Headers(), b""), "Invoices", document_payloads.Invoice)
    assert (rows.payloads, rows.raws) == ([], [])


async def test_a_304_ends_a_list(sandbox: Sandbox) -> None:
    access = await sandbox.access(await sandbox.add_organisation())
    transport = httpx2.MockTransport(lambda request: httpx2.Response(304))
    async with httpx2.AsyncClient(transport=transport) as quiet:
        session = XeroSession(replace(access, http=quiet))
        pages = [page async for page in session.pages(BILLS_SOURCE, since=datetime.now(UTC), cursor=None)]
    assert [(page.payloads, page.cursor) for page in pages][-1] == ([], None)


async def test_a_page_of_a_gateway_instead_of_data(sandbox: Sandbox) -> None:
    session = await sandbox.session(await sandbox.add_organisation())
    await sandbox.fault("html", match={"path": "Invoices"}, times=1)
    with pytest.raises(VendorUnavailable):
        await session.count(BILLS_SOURCE)
    assert await session.count(BILLS_SOURCE)


async def test_an_expired_token_is_renewed_once(sandbox: Sandbox) -> None:
    tenant = await sandbox.add_organisation()
    access = await sandbox.access(tenant)
    bearer = access.authorizer
    assert isinstance(bearer, Bearer)
    await sandbox.control("POST", "expire-tokens")
    with pytest.raises(NeedsRelink):
        await XeroSession(access).count(BILLS_SOURCE)
    bearer.newer = await sandbox.consent(tenant)
    assert await XeroSession(access).count(BILLS_SOURCE)
    assert bearer.renewals == 2


async def test_an_organisation_that_removed_the_app_needs_relinking(sandbox: Sandbox) -> None:
    tenant = await sandbox.add_organisation()
    session = await sandbox.session(tenant)
    await sandbox.control("POST", f"organisations/{tenant}/disconnect")
    with pytest.raises(NeedsRelink):
        await session.count(BILLS_SOURCE)


async def test_a_missing_scope_does_not_kill_the_connection(sandbox: Sandbox) -> None:
    tenant = await sandbox.add_organisation()
    access = await sandbox.access(tenant)
    narrow = Bearer(await sandbox.consent(tenant, scopes=("openid", "accounting.settings")))
    session = XeroSession(replace(access, authorizer=narrow))
    with pytest.raises(NotSupported):
        await session.count(BILLS_SOURCE)


async def test_a_broken_connection_of_a_read_is_unavailability(sandbox: Sandbox) -> None:
    session = await sandbox.session(await sandbox.add_organisation())
    await sandbox.fault("drop_before", match={"path": "Invoices"})
    with pytest.raises(VendorUnavailable):
        await session.count(BILLS_SOURCE)


async def test_remaining_calls_are_reported_only_when_few(sandbox: Sandbox) -> None:
    access = await sandbox.access(await sandbox.add_organisation())
    client = Client(access)

    def low(request: httpx2.Request) -> httpx2.Response:
        told = {"x-minlimit-remaining": "14", "x-daylimit-remaining": "4000"}
        return httpx2.Response(200, json={"Accounts": []}, headers=told)

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(low)) as few:
        await Client(replace(access, http=few)).rows("Accounts", payloads.Account)
    assert tally(access).observed == [(60, 14)]
    await client.rows("Accounts", payloads.Account)
    assert tally(access).observed == [(60, 14)]


async def test_disconnecting_twice_is_success(sandbox: Sandbox) -> None:
    session = await sandbox.session(await sandbox.add_organisation())
    await session.disconnect()
    await session.disconnect()
    with pytest.raises(NeedsRelink):
        await session.count(BILLS_SOURCE)
