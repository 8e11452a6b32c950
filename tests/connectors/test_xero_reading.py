"""Reading a Xero organisation over real HTTP: whole lists, moving lists, resumption, counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bookbridge.accounting.types.bills import BillStatus
from bookbridge.connectors.kit.connector import Source
from bookbridge.connectors.kit.errors import RateLimited
from bookbridge.connectors.kit.session import Page
from bookbridge.connectors.xero.manifest import CONNECTOR
from bookbridge.connectors.xero.read import BILLS_SOURCE, SUPPLIERS_SOURCE
from bookbridge.connectors.xero.session import XeroSession
from tests.connectors.sandbox import Sandbox, tally

LISTS = [(read, source) for read in CONNECTOR.reads for source in read.sources]


async def pages_of(session: XeroSession, source: Source[Any, Any], *, cursor: str | None = None) -> list[Page[Any]]:
    return [page async for page in session.pages(source, since=None, cursor=cursor)]


def ids(pages: list[Page[Any]]) -> set[str]:
    return {payload.invoice_id for page in pages for payload in page.payloads}


async def bill_ids(sandbox: Sandbox, tenant: str) -> set[str]:
    """All bills as one unhurried page tells them."""
    session = await sandbox.session(tenant, page_size="1000")
    found = ids(await pages_of(session, BILLS_SOURCE))
    assert len(found) == await session.count(BILLS_SOURCE)
    return found


async def test_an_ordinary_book_reads_whole_and_consistent(sandbox: Sandbox) -> None:
    access = await sandbox.access(await sandbox.add_organisation())
    session = XeroSession(access)
    for read, source in LISTS:
        shaped = 0
        for page in await pages_of(session, source):
            assert len(page.raws) == len(page.payloads)
            for payload in page.payloads:
                found = source.shape(payload, access.facts)
                records = found if isinstance(found, (list, tuple)) else [found] if found else []
                shaped += len(records)
                for record in records:
                    assert read.data_type.check(record) == []
                    assert read.data_type.record_id(record)
        # The ledger's journals are closed to the ordinary consent; see test_xero_ledger.
        assert shaped or source.name == "journals", source.name
        if source.countable:
            assert await session.count(source) == shaped


async def test_deleted_and_voided_bills_and_archived_contacts_are_read(sandbox: Sandbox) -> None:
    access = await sandbox.access(await sandbox.add_organisation())
    session = XeroSession(access)
    bills = [
        BILLS_SOURCE.shape(payload, access.facts)
        for page in await pages_of(session, BILLS_SOURCE)
        for payload in page.payloads
    ]
    statuses = {bill.status for bill in bills if bill}
    assert statuses == set(BillStatus) - {BillStatus.UNKNOWN}
    assert any(bill.metadata.is_deleted for bill in bills if bill)
    contacts = [one for page in await pages_of(session, SUPPLIERS_SOURCE) for one in page.payloads]
    assert {one.contact_status for one in contacts} >= {"ACTIVE", "ARCHIVED"}


async def test_raw_texts_are_the_vendors_own(sandbox: Sandbox) -> None:
    session = await sandbox.session(await sandbox.add_organisation())
    page = (await pages_of(session, BILLS_SOURCE))[0]
    for payload, raw in zip(page.payloads, page.raws, strict=True):
        assert raw.startswith(b"{")
        assert raw.endswith(b"}")
        assert payload.invoice_id.encode() in raw


async def test_records_edited_while_pages_are_read_cost_none(sandbox: Sandbox) -> None:
    tenant = await sandbox.add_organisation(documents=2000)
    everything = await bill_ids(sandbox, tenant)
    assert len(everything) == 1000
    session = await sandbox.session(tenant, page_size="100")
    seen: list[str] = []
    async for page in session.pages(BILLS_SOURCE, since=None, cursor=None):
        seen += [payload.invoice_id for payload in page.payloads]
        if len(seen) < 900:
            # One that was read, and one that is still to come: both move to the end of the list.
            for record_id in (seen[0], next(one for one in everything if one not in seen)):
                await sandbox.control(
                    "POST", f"organisations/{tenant}/touch", {"resource": "Invoices", "id": record_id}
                )
    assert set(seen) == everything


async def import_bills(sandbox: Sandbox, tenant: str, count: int) -> None:
    """Many bills in one request, as an import makes them: all within a second or two."""
    access = await sandbox.access(tenant)
    supplier = (await pages_of(XeroSession(access), SUPPLIERS_SOURCE))[0].payloads[0]
    lines = [{"Description": "Imported", "Quantity": 1, "UnitAmount": 10, "AccountCode": "429"}]
    contact = {"ContactID": supplier.contact_id}
    bill = {"Type": "ACCPAY", "Contact": contact, "Date": "2026-06-01", "LineItems": lines}
    answer = await sandbox.http.put(
        f"{sandbox.url}/api.xro/2.0/Invoices",
        json={"Invoices": [bill] * count},
        headers={
            **await access.authorizer.headers(),
            "xero-tenant-id": tenant,
            "accept": "application/json",
        },
    )
    assert answer.status_code == 200, answer.text


async def test_an_import_within_a_second_that_is_edited_meanwhile_costs_none(sandbox: Sandbox) -> None:
    tenant = await sandbox.add_organisation(documents=100)
    await import_bills(sandbox, tenant, 200)
    everything = await bill_ids(sandbox, tenant)
    assert len(everything) == 250
    await sandbox.fault("edit_between_pages", resource="Invoices", after_page=1)
    await sandbox.fault("edit_between_pages", resource="Invoices", after_page=2)
    access = await sandbox.access(tenant, page_size="20")
    whole = await pages_of(XeroSession(access), BILLS_SOURCE)
    assert (await sandbox.control("GET", "faults"))["faults"] == [], "the edits happened"
    assert ids(whole) == everything
    for place, page in enumerate(whole[:-1]):
        rest = await pages_of(await sandbox.session(tenant), BILLS_SOURCE, cursor=page.cursor)
        assert ids(whole[: place + 1]) | ids(rest) == everything


async def test_every_cursor_leads_to_the_rest(sandbox: Sandbox) -> None:
    tenant = await sandbox.add_organisation(documents=400)
    session = await sandbox.session(tenant, page_size="30")
    whole = await pages_of(session, BILLS_SOURCE)
    assert len(whole) > 5
    for place, page in enumerate(whole):
        if page.cursor is None:
            assert place == len(whole) - 1
            continue
        rest = await pages_of(await sandbox.session(tenant), BILLS_SOURCE, cursor=page.cursor)
        assert ids(whole[: place + 1]) | ids(rest) == ids(whole)


async def test_only_what_changed_since_is_read(sandbox: Sandbox) -> None:
    tenant = await sandbox.add_organisation(documents=100)
    session = await sandbox.session(tenant)
    before = datetime.now(UTC)
    quiet = [page async for page in session.pages(BILLS_SOURCE, since=before + timedelta(hours=1), cursor=None)]
    assert ids(quiet) == set()
    assert quiet[-1].cursor is None
    one = min(await bill_ids(sandbox, tenant))
    await sandbox.control("POST", f"organisations/{tenant}/touch", {"resource": "Invoices", "id": one})
    changed = [page async for page in session.pages(BILLS_SOURCE, since=before, cursor=None)]
    assert ids(changed) == {one}


async def test_the_first_page_tells_the_total(sandbox: Sandbox) -> None:
    session = await sandbox.session(await sandbox.add_organisation(documents=100), page_size="20")
    whole = await pages_of(session, BILLS_SOURCE)
    assert whole[0].expected == 50
    assert {page.expected for page in whole[1:]} == {None}


async def test_the_next_page_is_fetched_while_this_one_is_worked_on(sandbox: Sandbox) -> None:
    access = await sandbox.access(await sandbox.add_organisation(documents=200), page_size="20")
    pages = XeroSession(access).pages(BILLS_SOURCE, since=None, cursor=None)
    await anext(pages)
    # Left early: what was begun ahead is cancelled, and nothing stays in flight.
    await pages.aclose()
    assert tally(access).in_flight == 0
    assert tally(access).calls <= 2


async def test_a_limit_met_while_fetching_ahead_comes_after_the_page_in_hand(sandbox: Sandbox) -> None:
    access = await sandbox.access(await sandbox.add_organisation(documents=200), page_size="20")
    await sandbox.fault("rate_limit", match={"path": "Invoices"}, skip=1, retry_after_s=7)
    pages = XeroSession(access).pages(BILLS_SOURCE, since=None, cursor=None)
    first = await anext(pages)
    with pytest.raises(RateLimited) as limited:
        await anext(pages)
    assert limited.value.retry_after_s == 7
    assert tally(access).blocked == [7]
    rest = await pages_of(XeroSession(access), BILLS_SOURCE, cursor=first.cursor)
    assert len(ids([first, *rest])) == 100


async def test_a_refused_page_size_is_made_smaller(sandbox: Sandbox) -> None:
    session = await sandbox.session(await sandbox.add_organisation(documents=20), page_size="500")
    await sandbox.fault("server_error", match={"path": "Invoices"}, status=400)
    assert len(ids(await pages_of(session, BILLS_SOURCE))) == 10


async def test_item_accounts_are_named_by_id(sandbox: Sandbox) -> None:
    access = await sandbox.access(await sandbox.add_organisation())
    read = CONNECTOR.read("items")
    assert read is not None
    source = read.sources[0]
    shaped = [
        source.shape(payload, access.facts)
        for page in await pages_of(XeroSession(access), source)
        for payload in page.payloads
    ]
    bought = [item for item in shaped if item.is_bill_item]
    assert bought
    assert all(item.bill_item.account_ref and item.bill_item.account_ref.id for item in bought)
