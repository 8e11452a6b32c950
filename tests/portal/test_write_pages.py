"""The pages of writes: what was asked for, what happened step by step, what came of it, and for whom it is to see."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import httpx2

from bookbridge.companies.connections import Connection
from bookbridge.connectors import registry
from bookbridge.connectors.kit.connector import Operation
from bookbridge.push import operations
from bookbridge.push.operations import PushOperation
from bookbridge.push.run import Backoff, Runner
from bookbridge.push.submit import Submission, submit
from tests.connectors.sandbox import Sandbox
from tests.portal.conftest import Person, Site
from tests.portal.test_link_pages import assert_sound, assert_strict
from tests.portal.test_portal_pages import linked, signed_in

IMPATIENT = Backoff(first_s=0.01, max_s=0.01, tries_max=3)


async def asked_for(
    site: Site, connection: Connection, body: dict[str, Any], data_type: str = "suppliers", **more: Any
) -> PushOperation:
    connector = registry.connector(connection.integration_key)
    assert connector is not None
    submission = Submission(data_type, Operation.CREATE, body=json.dumps(body).encode(), **more)
    async with site.pool.acquire() as db, db.transaction():
        return await submit(db, site.services.views, connector, connection.company_id, connection.id, submission)


def runner(site: Site, backoff: Backoff) -> Runner:
    return Runner(site.pool, site.services.sessions, registry.connector, site.services.views, backoff=backoff)


async def work(site: Site, connection: Connection) -> None:
    while await operations.next_open(site.pool, connection.id) is not None:
        await runner(site, IMPATIENT).handler(str(connection.id))


def steps(page: Any) -> list[str]:
    return [" ".join(one.text_content().split()) for one in page.tree.xpath("//ol[@class='timeline']/li/strong")]


async def test_a_write_whose_answer_was_lost_tells_its_story(site: Site, person: Person, stranger: Person) -> None:
    company, connection = await linked(site, stranger)
    async with httpx2.AsyncClient() as http:
        await Sandbox(site.vendor_url, http).fault("drop_after", match={"method": "PUT"})
    operation = await asked_for(
        site, connection, {"supplierName": "Lost & Found Ltd", "status": "Active"}, timeout_in_minutes=30
    )
    await work(site, connection)
    await signed_in(site, person)
    page = await person.open(f"{site.url}/portal/companies/{company.id}/writes")
    assert_sound(page)
    page = await person.open(page.link("Suppliers"))
    assert page.url.endswith(f"/writes/{operation.id}")
    assert page.heading == "Suppliers: create"
    assert_sound(page)
    assert_strict(page)
    assert steps(page) == [
        "Accepted",
        "Taken on by a worker",
        "Waits",
        "Taken on by a worker",
        "The platform was asked whether it has it",
        "Written",
    ]
    for told in ("Success", "run 2", "The platform holds it", "30 minutes", str(operation.intent_key), "Lost & Found"):
        assert told in page.text, told
    made = await operations.get(site.pool, company.id, operation.id)
    assert made is not None
    record = await person.open(page.link(made.result_record_id or ""))
    assert record.heading == "Supplier"
    assert '"Lost & Found Ltd"' in record.text


async def test_refusals_are_shown_by_field_and_found_by_status(site: Site, person: Person, stranger: Person) -> None:
    company, connection = await linked(site, stranger)
    attack = "<script>alert(1)</script>"
    ours = await asked_for(site, connection, {"status": "Active", "phone": "1" * 51, attack: 1})
    good = await asked_for(site, connection, {"supplierName": "Good Ltd", "status": "Active"})
    theirs = await asked_for(
        site, connection, {"supplierName": "Bad Ltd", "status": "Active", "emailAddress": "nobody"}
    )
    await work(site, connection)
    await signed_in(site, person)
    history = f"{site.url}/portal/companies/{company.id}/writes"
    page = await person.open(f"{history}/{ours.id}")
    assert_sound(page)
    assert "<script" not in page.response.text
    assert steps(page) == ["Refused; nothing was sent"]
    found = [row.text_content() for row in page.tree.xpath("//tbody/tr")]
    assert any("supplierName" in row and "Error" in row for row in found)
    assert any("phone" in row and "50 characters" in row for row in found)
    assert any("alert(1)" in row and "Warning" in row for row in found)
    page = await person.open(f"{history}/{theirs.id}")
    assert steps(page) == ["Accepted", "Taken on by a worker", "Failed"]
    assert "emailAddress" in page.text
    page = await person.press(await person.open(history), "Filter", status="Failed")
    shown = page.tree.xpath("//tbody//a/@href")
    assert {address.rpartition("/")[2] for address in shown} == {str(ours.id), str(theirs.id)}
    page = await person.press(page, "Filter", status="Success")
    assert [address.rpartition("/")[2] for address in page.tree.xpath("//tbody//a/@href")] == [str(good.id)]
    assert "No write has this status." in (await person.press(page, "Filter", status="TimedOut")).text
    assert "No write has this status." not in (await person.open(f"{history}?status=nonsense")).text


async def test_while_nobody_knows_the_page_says_so(site: Site, person: Person, stranger: Person) -> None:
    company, connection = await linked(site, stranger)
    async with httpx2.AsyncClient() as http:
        vendor = Sandbox(site.vendor_url, http)
        await vendor.fault("drop_after", match={"method": "PUT"})
        operation = await asked_for(site, connection, {"supplierName": "Lost Ltd", "status": "Active"})
        later = await asked_for(
            site, connection, {"supplierName": "After Ltd", "status": "Active"}, timeout_in_minutes=1
        )
        await site.pool.execute("update push_operations set awaits = $2 where id = $1", later.id, [operation.id])
        # One run, whose answer is lost; the next one would come much later.
        assert await runner(site, Backoff(first_s=600)).handler(str(connection.id)) is not None
    await signed_in(site, person)
    history = f"{site.url}/portal/companies/{company.id}/writes"
    page = await person.open(f"{history}/{operation.id}")
    assert "The platform may have it." in page.text
    assert page.tree.xpath("//ol[@class='timeline']/li//time")
    page = await person.open(f"{history}/{later.id}")
    assert "may have it" not in page.text
    assert page.link(str(operation.id)) == f"{history}/{operation.id}"
    assert steps(page) == ["Accepted"]


async def test_a_write_is_seen_under_its_company_only_and_by_nobody_else(
    site: Site, person: Person, stranger: Person
) -> None:
    company, connection = await linked(site, stranger)
    operation = await asked_for(site, connection, {"status": "Active"})
    other = await site.company("Other Ltd")
    path = f"/portal/companies/{company.id}/writes/{operation.id}"
    assert (await stranger.open(site.url + path)).heading == "Sign in"
    await signed_in(site, person)
    assert (await person.open(site.url + path)).status == 200
    for wrong in (f"{other.id}/writes/{operation.id}", f"{company.id}/writes/{uuid4()}", f"{company.id}/writes/nope"):
        page = await person.open(f"{site.url}/portal/companies/{wrong}")
        assert page.status == 404, wrong
        assert_strict(page)
