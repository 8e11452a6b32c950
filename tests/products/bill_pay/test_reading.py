"""Reading through Bill Pay on both ledgers: everything that is wanted, nothing else, page by page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bookbridge.products.bill_pay import continuation, reading
from tests.api.conftest import assert_error
from tests.connectors.sandbox import Sandbox
from tests.products.bill_pay.conftest import XERO, Payables

UNPAID = {"Open", "PartiallyPaid"}
EVERY = "status=Open||status=PartiallyPaid||status=Paid||status=Void||status=Draft||status=Unknown"


def ids(records: list[dict[str, Any]]) -> set[str]:
    return {record["id"] for record in records}


async def test_the_company_is_named(payables: Payables) -> None:
    body = await payables.get("/info")
    assert body["companyName"]
    assert body["baseCurrency"] == "GBP"


async def test_bills_are_those_to_be_paid_unless_asked_otherwise(payables: Payables) -> None:
    unpaid = await payables.every("/bills")
    assert unpaid
    assert {one["status"] for one in unpaid} <= UNPAID
    every = await payables.every("/bills", query=EVERY)
    assert ids(unpaid) == {one["id"] for one in every if one["status"] in UNPAID}
    assert "Paid" in {one["status"] for one in every}
    for one in every:
        assert {"id", "supplierRef", "issueDate", "dueDate", "currency", "status", "totalAmount"} <= set(one)
        assert None not in one.values()
    paid = await payables.every("/bills", query="status=paid")
    assert ids(paid) == {one["id"] for one in every if one["status"] == "Paid"}
    both = await payables.every("/bills", query="status!=Paid && {status=Open || status=Draft}")
    assert ids(both) == {one["id"] for one in every if one["status"] in ("Open", "Draft")}
    assert await payables.every("/bills", query="status=Nonsense") == []


async def test_a_time_of_change_narrows_a_list(payables: Payables) -> None:
    every = await payables.every("/bills", query=EVERY)
    moments = sorted(one["sourceModifiedDate"] for one in every)
    middle = moments[len(moments) // 2]
    for operator, is_met in (
        (">", lambda at: at > middle),
        (">=", lambda at: at >= middle),
        ("<", lambda at: at < middle),
    ):
        found = await payables.every("/bills", query=f"{{{EVERY}}}&&sourceModifiedDate{operator}{middle}")
        assert ids(found) == {one["id"] for one in every if is_met(one["sourceModifiedDate"])}, operator
    # Saying nothing of the status leaves the usual one.
    found = await payables.every("/bills", query=f"sourceModifiedDate>={middle}")
    assert ids(found) == {one["id"] for one in every if one["sourceModifiedDate"] >= middle and one["status"] in UNPAID}


async def test_pages_hold_everything_once(payables: Payables, monkeypatch: pytest.MonkeyPatch) -> None:
    every = await payables.every("/suppliers")
    monkeypatch.setattr(reading, "PAGE_RESULTS", 1)
    monkeypatch.setattr(reading, "CALLS_PER_PAGE_MAX", 1)
    monkeypatch.setattr("bookbridge.connectors.xero.live.PAGE_SIZE", 3)
    monkeypatch.setattr("bookbridge.connectors.sandbox.live.PAGE_SIZE", 3)
    monkeypatch.setattr("bookbridge.connectors.xero.live.WHOLE_LIST_PAGE_SIZE", 7)
    paged = await payables.every("/suppliers")
    assert [one["id"] for one in paged] == list(dict.fromkeys(one["id"] for one in paged))
    assert ids(paged) == ids(every)
    body = await payables.get("/mappingOptions/bills")
    options: dict[str, list[dict[str, Any]]] = {"accounts": [], "taxRates": []}
    while True:
        for name in options:
            options[name] += body[name]
        token = body["pagination"].get("continuationToken")
        if token is None:
            break
        body = await payables.get("/mappingOptions/bills", continuationToken=token)
    monkeypatch.undo()
    whole = await payables.get("/mappingOptions/bills")
    assert "continuationToken" not in whole["pagination"]
    for name, found in options.items():
        assert len(found) == len(whole[name]) > 3
        assert ids(found) == ids(whole[name])
    assert {one["status"] for one in whole["accounts"]} == {"Active"}


@pytest.mark.parametrize("payables", [XERO], indirect=True)
async def test_a_list_that_moves_between_its_pages_loses_nothing(
    payables: Payables, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = await payables.every("/bills", query=EVERY)
    monkeypatch.setattr(reading, "PAGE_RESULTS", 1)
    monkeypatch.setattr("bookbridge.connectors.xero.live.PAGE_SIZE", 5)
    await sandbox.fault("edit_between_pages", resource="Invoices", match={"path": ".*/Invoices"}, times=None)
    assert ids(every) <= ids(await payables.every("/bills", query=EVERY))


async def test_choices_are_active_unless_asked_otherwise(payables: Payables) -> None:
    banks = (await payables.get("/mappingOptions/payments"))["bankAccounts"]
    assert banks
    assert {one["status"] for one in banks} == {"Active"}
    for name in ("query", "statusQuery"):
        found = (await payables.get("/mappingOptions/payments", **{name: "status=Archived"}))["bankAccounts"]
        assert {one["status"] for one in found} <= {"Archived"}


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("supplierName=x", "supplierName"),
        ("status", "operator"),
        ("status=Open&&", "property"),
        ("sourceModifiedDate>yesterday", "date"),
        ("status>Open", "Operator"),
    ],
)
async def test_other_conditions_are_refused(payables: Payables, query: str, what: str) -> None:
    for path in ("/bills", "/suppliers", "/mappingOptions/bills"):
        body = assert_error(await payables.api.http.get(f"{payables.base}{path}", params={"query": query}), 400)
        assert what in body["error"]


async def test_tokens_serve_their_list_for_their_time_only(payables: Payables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE_RESULTS", 1)
    monkeypatch.setattr("bookbridge.connectors.xero.live.PAGE_SIZE", 2)
    monkeypatch.setattr("bookbridge.connectors.sandbox.live.PAGE_SIZE", 2)
    query = "status=Active"
    token = (await payables.get("/suppliers", query=query))["pagination"]["continuationToken"]
    assert len(token) < 2_000

    async def refused(path: str, **params: str) -> None:
        body = assert_error(await payables.api.http.get(f"{payables.base}{path}", params=params), 400)
        assert body["validation"]["errors"][0]["itemId"] == "continuationToken"

    await payables.get("/suppliers", continuationToken=token)
    await payables.get("/suppliers", continuationToken=token, query=query)
    await refused("/suppliers", continuationToken=token, query="status=Archived")
    await refused("/bills", continuationToken=token)
    for wrong in (
        token[:-2],
        token[:20] + ("A" if token[20] != "A" else "B") + token[21:],
        "x",
        "é",
        "A" * 13_000,
        "%00",
    ):
        await refused("/suppliers", continuationToken=wrong)
    other = replace(payables, connection=await payables.api.connection(payables.company))
    # Not linked, but the token is looked at with the connection that it was made for in any case.
    assert (await payables.api.http.get(f"{other.base}/suppliers?continuationToken={token}")).status_code in (400, 409)
    monkeypatch.setattr(continuation, "TOKEN_LIFE_S", -1)
    stale = (await payables.get("/suppliers"))["pagination"]["continuationToken"]
    await refused("/suppliers", continuationToken=stale)


async def test_what_is_not_there(payables: Payables) -> None:
    missing = "00000000-0000-4000-8000-000000000000"
    for path in ("/info", "/bills", "/suppliers", "/mappingOptions/bills", "/mappingOptions/payments"):
        wrong = payables.base.replace(payables.connection, missing)
        assert_error(await payables.api.http.get(f"{wrong}{path}"), 404)
        wrong = payables.base.replace(payables.company, missing)
        assert_error(await payables.api.http.get(f"{wrong}{path}"), 404)
        unlinked = await payables.api.connection(payables.company)
        assert_error(await payables.api.http.get(f"{payables.base.replace(payables.connection, unlinked)}{path}"), 409)
        unserved = await payables.api.connection(payables.company, "qhyg")
        answer = await payables.api.http.get(f"{payables.base.replace(payables.connection, unserved)}{path}")
        assert answer.status_code in (404, 409)
