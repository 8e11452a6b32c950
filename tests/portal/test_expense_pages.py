"""The pages of expenses: which syncs there were, and what became of each transaction."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

from bookbridge.companies.connections import Connection
from bookbridge.connectors.kit.expenses import SpendType
from bookbridge.products.expenses import sync_entries, syncs
from bookbridge.products.expenses.codes import SyncCode
from bookbridge.products.expenses.sync_entries import TransactionStatus
from bookbridge.products.expenses.syncs import Sync
from bookbridge.products.expenses.transactions import Line, Spending, Transfer
from tests.portal.conftest import Person, Site
from tests.portal.test_link_pages import assert_sound, assert_strict
from tests.portal.test_portal_pages import linked, signed_in
from tests.portal.test_write_pages import asked_for

DAY = "2026-11-02T00:00:00"
ATTACK = "<script>alert(1)</script>"


def payment() -> Spending:
    lines = (Line(net_amount=Decimal(5), account_id="a"),)
    return Spending(id=uuid4(), type=SpendType.PAYMENT, issue_date=DAY, currency="GBP", lines=lines)


def transfer() -> Transfer:
    five = Decimal(5)
    return Transfer(id=uuid4(), date=DAY, from_id="a", from_amount=five, to_id="b", to_amount=five)


async def ended_sync(site: Site, connection: Connection) -> Sync:
    """A sync of which one transaction was written, one refused, and one is a change of the first."""
    written, refused = payment(), transfer()
    operation = await asked_for(site, connection, {"supplierName": "Wharfe Ltd", "status": "Active"})
    async with site.pool.acquire() as db, db.transaction():
        sync = await syncs.insert(db, connection.company_id, connection.id)
        await sync_entries.add(db, sync, [written, refused])
        first, second = await sync_entries.of_sync(db, sync)
        await sync_entries.hand_over(db, first, "directCosts", operation.id)
        await sync_entries.complete(db, first, "dc-1", "Created directCosts dc-1")
        await sync_entries.fail(db, second, TransactionStatus.VALIDATION_ERROR, SyncCode.PROCESSING, ATTACK)
        return await syncs.end(db, sync, SyncCode.PROCESSING, ATTACK, data_pushed=True)


def cells(page: Any) -> list[list[str]]:
    return [[" ".join(one.text_content().split()) for one in row] for row in page.tree.xpath("//tbody/tr")]


async def test_a_sync_and_its_transactions(site: Site, person: Person, stranger: Person) -> None:
    company, connection = await linked(site, stranger)
    sync = await ended_sync(site, connection)
    async with site.pool.acquire() as db, db.transaction():
        waiting = await syncs.insert(db, company.id, connection.id)
        await sync_entries.add(db, waiting, [payment()], is_update=True)
    await signed_in(site, person)
    address = f"{site.url}/portal/companies/{company.id}"
    page = await person.open((await person.open(address)).link("Expenses"))
    assert_sound(page)
    assert_strict(page)
    assert [row[:3] for row in cells(page)] == [
        [str(waiting.id), "NotStarted", "1000"],
        [str(sync.id), "ValidationError", "5120"],
    ]
    page = await person.open(page.link(str(sync.id)))
    assert_sound(page)
    assert_strict(page)
    assert page.heading == "Sync of expenses"
    assert "<script" not in page.response.text
    assert "At least one transaction" in page.text
    written, refused = cells(page)
    assert written[0].startswith("Payment")
    assert written[1:4] == ["2026-11-02", "Completed", "Created directCosts dc-1"]
    assert refused[0].startswith("Transfer")
    assert refused[2:] == ["ValidationError", ATTACK, ""]
    assert (await person.open(page.link(written[4]))).heading == "Suppliers: create"
    page = await person.open(f"{address}/expenses/{waiting.id}")
    assert cells(page)[0][0].startswith("Change of a payment")
    assert "Nothing" in page.text


async def test_syncs_are_seen_under_their_company_only(site: Site, person: Person, stranger: Person) -> None:
    _, connection = await linked(site, stranger)
    sync = await ended_sync(site, connection)
    other = await site.company()
    path = f"{site.url}/portal/companies/{connection.company_id}/expenses/{sync.id}"
    assert (await person.open(path)).heading == "Sign in"
    await signed_in(site, person)
    empty = await person.open(f"{site.url}/portal/companies/{other.id}/expenses")
    assert "No expenses have been sent yet." in empty.text
    for unknown in (f"{other.id}/expenses/{sync.id}", f"{other.id}/expenses/x", f"{uuid4()}/expenses"):
        assert (await person.open(f"{site.url}/portal/companies/{unknown}")).status == 404


async def test_syncs_come_in_pages(site: Site, person: Person, stranger: Person) -> None:
    company, connection = await linked(site, stranger)
    async with site.pool.acquire() as db, db.transaction():
        made = [await syncs.insert(db, company.id, connection.id) for _ in range(51)]
    await signed_in(site, person)
    seen: list[str] = []
    for number in (1, 2):
        page = await person.open(f"{site.url}/portal/companies/{company.id}/expenses?page={number}")
        seen += [row[0] for row in cells(page)]
    assert seen == [str(sync.id) for sync in reversed(made)]
