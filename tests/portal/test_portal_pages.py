"""The Portal over HTTP: signing in, and each page with real books behind it."""

from __future__ import annotations

import base64
import re
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from litestar import Litestar

from bookbridge import jobs
from bookbridge.accounting import catalog
from bookbridge.companies import clients, companies
from bookbridge.companies.companies import Company
from bookbridge.companies.connections import Connection, Status
from bookbridge.connectors.registry import CONNECTORS
from bookbridge.portal import data_words
from bookbridge.portal.app import route_handlers
from bookbridge.sync.runner import Runner
from bookbridge.webhooks import outbox
from tests.portal.conftest import API_KEY, PLATFORM, Page, Person, Site
from tests.portal.test_link_pages import assert_sound, assert_strict, at_vendor

PORTAL_PATHS_MIN = 25


async def signed_in(site: Site, person: Person, key: str = API_KEY) -> Page:
    page = await person.open(f"{site.url}/portal")
    assert page.heading == "Sign in"
    return await person.press(page, "Sign in", api_key=key)


async def linked(site: Site, person: Person) -> tuple[Company, Connection]:
    """A company with a connection whose books have been read."""
    company = await site.company()
    connection = await site.connection(company)
    await person.press(await at_vendor(site, person, connection), "Allow access")
    await read(site, connection)
    return company, await site.current(connection)


async def read(site: Site, connection: Connection) -> None:
    runner = Runner(site.pool, site.services.sessions, site.services.views)
    while await site.pool.fetchval("select count(*) from datasets where completed is null"):
        await runner.handle(str(connection.id))


async def test_signing_in_and_out(site: Site, person: Person) -> None:
    page = await signed_in(site, person)
    assert page.heading == "Companies"
    page = await person.press(page, "Sign out")
    assert page.heading == "Sign in"
    assert (await person.open(f"{site.url}/portal/companies")).heading == "Sign in"


async def test_wrong_keys_are_refused_and_soon_not_even_tried(site: Site, person: Person) -> None:
    page = await signed_in(site, person, "wrong-key-0123456789")
    assert page.status == 401
    assert_sound(page)
    for _ in range(10):
        page = await person.press(page, "Sign in", api_key="\x00 wrong")
    assert page.status == 429
    assert (await person.press(page, "Sign in", api_key=API_KEY)).status == 429


async def test_a_session_ends_with_its_key(site: Site, person: Person, stranger: Person) -> None:
    async with site.pool.acquire() as db, db.transaction():
        second = await clients.create_key(db, site.services.vault, "second")
    await signed_in(site, person, second.key)
    page = await signed_in(site, stranger)
    page = await stranger.open(page.link("API keys"))
    (address,) = [href for href in page.tree.xpath("//a/@href") if str(second.id) in href]
    page = await stranger.press(await stranger.open(site.url + address), "Delete the key")
    assert "Deleted" in page.text
    assert (await person.open(f"{site.url}/portal/companies")).heading == "Sign in"
    assert (await stranger.open(f"{site.url}/portal/companies")).heading == "Companies"


async def test_a_session_belongs_to_one_browser(site: Site, person: Person, stranger: Person) -> None:
    await signed_in(site, person)
    stolen = person.http.cookies["bookbridge_session"]
    stranger.http.cookies.set("bookbridge_session", stolen)
    assert (await stranger.open(f"{site.url}/portal/companies")).heading == "Sign in"
    for text in ("", "x", base64.urlsafe_b64encode(b"\x01\x02k1").decode(), "A" * 5000, stolen[:-4] + "AAAA"):
        person.http.cookies.set("bookbridge_session", text, domain="127.0.0.1")
        answer = await httpx2.AsyncClient().get(
            f"{site.url}/portal/companies", headers={"cookie": f"bookbridge_session={text}"}
        )
        assert answer.status_code == 303


async def test_people_are_told_when_no_worker_runs(site: Site, person: Person) -> None:
    page = await signed_in(site, person)
    async with site.pool.acquire() as db, db.transaction():
        await jobs.ring(db, "sync.connection", "somebody")
    assert "late" not in (await person.open(page.url)).text
    await site.pool.execute("update pgqueuer set execute_after = execute_after - interval '3 minutes'")
    assert "something has been due for 3 min" in (await person.open(page.url)).text


async def test_no_page_is_open_to_strangers(site: Site) -> None:
    app = Litestar(route_handlers=list(route_handlers(site.services)), openapi_config=None)
    paths = sorted(route.path for route in app.routes if route.path.startswith("/portal"))
    assert len(paths) >= PORTAL_PATHS_MIN
    async with httpx2.AsyncClient() as http:
        for path in paths:
            if path in {"/portal", "/portal/sign-in"}:
                continue
            address = site.url + re.sub(r"\{[^}]*\}", str(uuid4()), path)
            for method in ("GET", "POST"):
                answer = await http.request(method, address)
                allowed = {303, 405} if path != "/portal/sign-out" else {405, 415}
                assert answer.status_code in allowed, (method, path, answer.status_code)
                if answer.status_code == 303:
                    assert answer.headers["location"] == "/portal/sign-in"


async def test_companies_are_created_found_and_deleted(site: Site, person: Person) -> None:
    page = await signed_in(site, person)
    assert "There is no company yet" in page.text
    page = await person.press(page, "Create", name="<<<")
    assert page.status == 422
    page = await person.press(page, "Create", name="Quill & Sons")
    assert page.heading == "Quill & Sons"
    for number in range(55):
        await site.company(f"Filler {number}")
    page = await person.open(f"{site.url}/portal/companies")
    assert "Page 1 of 2" in page.text
    assert "Quill" in (await person.open(page.link("Next"))).text
    page = await person.press(page, "Search", search="quill")
    assert "Quill & Sons" in page.text
    assert "Filler" not in page.text
    for odd in ("a || b", "}{", "~=~", "'; drop table companies;--", "%", "\\", "\U0001d4b3"):
        answer = await person.press(page, "Search", search=odd)
        assert answer.status == 200
    answer = await person.press(page, "Search", search="quill", status="Linked")
    assert "No company matches" in answer.text
    for number in ("0", "-1", "x", "9" * 30, "٣"):
        assert (await person.open(f"{site.url}/portal/companies?page={number}")).status == 200
    page = await person.open(page.link("Quill & Sons"))
    page = await person.press(await person.open(page.link("Delete…")), "Delete the company")
    assert "Deleted" in page.text
    async with site.pool.acquire() as db:
        _, total = await companies.list_page(db, page=1, page_size=1)
    assert total == 55


async def test_a_company_from_link_to_deletion(site: Site, person: Person, stranger: Person) -> None:
    company, connection = await linked(site, stranger)
    await signed_in(site, person)
    page = await person.open(f"{site.url}/portal/companies/{company.id}/summary")
    assert "Connected" in page.text
    page = await person.open(page.link("Xero"))
    assert [str(entry.text_content().split()[0]) for entry in page.tree.xpath("//ol/li")] == [
        "Connected",
        "Somebody",
        "Created",
    ]
    link = page.tree.xpath("//input[@id='connection-link']/@value")[0]
    assert (await stranger.open(link)).heading == "Xero is already connected"
    page = await person.open(f"{site.url}/portal/companies/{company.id}")
    page = await person.press(page, "Read everything now")
    assert "was queued" in page.text
    page = await person.press(page, "Read everything now")
    assert "nothing to queue" in page.text
    page = await person.open((await person.open(page.link("Xero"))).link("Disconnect…"))
    page = await person.press(page, "Disconnect")
    assert "Disconnected. What was read before stays readable." in page.text
    assert (await site.current(connection)).status is Status.UNLINKED
    again = await person.press(
        Page(await person.http.get(f"{site.url}/portal/companies/{company.id}")), "Add", platform=PLATFORM
    )
    assert "Waiting for consent" in again.text
    page = await person.press(await person.open(page.link("Delete…")), "Delete the connection")
    assert "Deleted" in page.text


async def test_data_is_shown_with_its_completeness(site: Site, person: Person, stranger: Person) -> None:
    company, _ = await linked(site, stranger)
    await signed_in(site, person)
    page = await person.open(f"{site.url}/portal/companies/{company.id}/data")
    assert_sound(page)
    assert "Complete" in page.text
    page = await person.open(page.link("Bills"))
    assert_sound(page)
    stored = await site.pool.fetchval("select count(*) from records where data_type = 'bills'")
    assert len(page.tree.xpath("//tbody/tr")) == min(stored, 50)
    answer = await person.press(page, "Search", query="nonsense")
    assert answer.status == 422
    answer = await person.press(page, "Search", query="totalAmount > 0 && status != Void")
    assert answer.status == 200
    record = await person.open(site.url + page.tree.xpath("//tbody//a/@href")[0])
    assert record.heading == "Bill"
    assert '"lineItems"' in record.text
    for path in ("bills?page=99", "info", "trackingCategories", "billPayments"):
        assert (await person.open(f"{site.url}/portal/companies/{company.id}/data/{path}")).status == 200
    reads = await person.open(page.url.split("/data")[0] + "/reads")
    assert_sound(reads)
    assert "Complete" in reads.text
    assert (await person.open(page.url.split("/data")[0] + "/writes")).status == 200


async def test_amounts_keep_every_digit(site: Site, person: Person, stranger: Person) -> None:
    company, _ = await linked(site, stranger)
    await site.pool.execute(
        "update records set body = replace(body, body, regexp_replace(body, '\"totalAmount\":[0-9.]+',"
        " '\"totalAmount\":12345678901234567.89')) where data_type = 'bills'"
    )
    await signed_in(site, person)
    page = await person.open(f"{site.url}/portal/companies/{company.id}/data/bills")
    assert "12345678901234567.89" in page.text


async def test_held_deletions_are_confirmed_by_a_person(site: Site, person: Person, stranger: Person) -> None:
    company, _ = await linked(site, stranger)
    await site.pool.execute("update data_type_states set deletions_held = 40 where data_type = 'bills'")
    await signed_in(site, person)
    page = await person.open(f"{site.url}/portal/companies/{company.id}/data")
    assert "40 deletions are held back" in page.text
    page = await person.press(page, "They are real")
    assert "Confirmed" in page.text
    assert await site.pool.fetchval("select count(*) from datasets where completed is null") > 0


async def test_webhooks_are_added_read_and_sent_again(site: Site, person: Person) -> None:
    page = await signed_in(site, person)
    page = await person.open(page.link("Webhooks"))
    assert_sound(page)
    page = await person.press(page, "Add the consumer", url="ftp://nowhere")
    assert page.status == 422
    assert "event type is required" in page.text
    fields: dict[str, Any] = {"url": "http://127.0.0.1:9/hook", "event:company.created": "yes"}
    page = await person.press(page, "Add the consumer", **fields)
    assert page.heading == "http://127.0.0.1:9/hook"
    assert_sound(page)
    assert "whsec_" not in page.response.text
    page = await person.press(page, "Show the secret")
    assert page.tree.xpath("//input[@id='signing-secret']/@value")[0].startswith("whsec_")
    company = await site.company("Told Ltd")
    page = await person.open(page.url.removesuffix("/secret"))
    message = await person.open(page.link("company.created"))
    assert_sound(message)
    assert str(company.id) in message.text
    message = await person.press(message, "Send again")
    assert "Queued to be sent again." in message.text
    assert "No message with this status" in (await person.press(page, "Filter", status="Failure")).text
    assert "There was nothing to send." in (await person.press(page, "All that failed")).text
    await site.pool.execute("update webhook_deliveries set status = 'Failure', next_attempt = null")
    assert "Queued to be sent again." in (await person.press(page, "All that failed")).text
    await site.pool.execute("delete from webhook_deliveries")
    assert "Queued to be sent again." in (await person.press(page, "All that it missed")).text
    assert await site.pool.fetchval("select count(*) from webhook_deliveries where status = 'Sending'") == 1
    page = await person.press(page, "Send an example")
    assert_sound(page)
    assert "An example was queued" in page.text
    assert await site.pool.fetchval("select count(*) from webhook_messages where is_example") == 1
    assert (await person.press(page, "Send an example", event="no.such")).status == 404
    page = await person.press(page, "Disable")
    assert "Disabled" in page.text
    page = await person.press(page, "Enable")
    page = await person.press(await person.open(page.link("Delete…")), "Delete the consumer")
    assert "Nobody is told of events yet." in page.text


async def test_settings_are_saved_or_refused(site: Site, person: Person) -> None:
    page = await signed_in(site, person)
    page = await person.open(page.link("Settings"))
    assert_sound(page)
    refused = await person.press(page, "Save", redirect_url="javascript:alert(1)")
    assert refused.status == 422
    page = await person.press(
        page, "Save", name="New <b>Name</b>", redirect_url="https://x.example/{a}", allowed="https://a\nhttps://b"
    )
    assert "Saved." in page.text
    async with site.pool.acquire() as db:
        profile = (await clients.client(db)).profile
    assert profile.white_list_urls == ("https://a", "https://b")
    assert "<b>Name" not in page.response.text


async def test_keys_are_made_and_the_last_one_stays(site: Site, person: Person) -> None:
    page = await signed_in(site, person)
    page = await person.open(page.link("API keys"))
    assert "The last key stays" in page.text
    assert API_KEY not in page.response.text
    page = await person.press(page, "Create", name="for tests")
    assert_sound(page)
    key = page.tree.xpath("//input[@id='new-key']/@value")[0]
    async with site.pool.acquire() as db:
        assert await clients.key_id(db, key) is not None
    for _ in range(9):
        page = await person.press(page, "Create", name="more") if "no more keys" not in page.text else page
    assert "There can be no more keys" in page.text


async def test_what_does_not_exist_is_not_found(site: Site, person: Person) -> None:
    await signed_in(site, person)
    company = await site.company()
    for path in (
        f"companies/{uuid4()}",
        "companies/nope",
        f"companies/{company.id}/data/nope",
        f"companies/{company.id}/record/bills?id=%00",
        f"companies/{company.id}/connections/{uuid4()}",
        f"companies/{company.id}/connections/{uuid4()}/unlink",
        f"webhooks/consumers/{uuid4()}",
        f"webhooks/messages/{uuid4()}",
        f"keys/{uuid4()}/delete",
    ):
        page = await person.open(f"{site.url}/portal/{path}")
        assert page.status == 404, path
        assert_strict(page)


async def test_a_form_without_its_token_changes_nothing(site: Site, person: Person) -> None:
    await signed_in(site, person)
    company = await site.company()
    for path in (f"companies/{company.id}/delete", "companies", "keys", "settings", "webhooks"):
        answer = await person.http.post(f"{site.url}/portal/{path}", data={"name": "x"})
        assert answer.status_code == 403, path
    assert (await person.open(f"{site.url}/portal/companies/{company.id}")).status == 200


async def test_names_cannot_become_markup(site: Site, person: Person) -> None:
    attack = "<script>alert(1)</script>"
    company = await site.company()
    await site.pool.execute("update companies set name = $1, description = $1", attack)
    async with site.pool.acquire() as db, db.transaction():
        await outbox.emit(db, "company.created", {"name": attack}, company_id=company.id, company_tags={})
    page = await signed_in(site, person)
    for address in (
        page.url,
        f"{site.url}/portal/companies/{company.id}",
        f"{site.url}/portal/companies?search={attack}",
    ):
        page = await person.open(address)
        assert page.status == 200
        assert "<script" not in page.response.text


@pytest.mark.parametrize("connector", CONNECTORS, ids=lambda row: row.key)
def test_everything_that_is_read_or_written_has_words(connector: Any) -> None:
    for row in connector.reads:
        assert row.data_type.key in data_words.DATA_TYPE_WORDS
    assert data_words.writes(connector)


def test_columns_are_fields() -> None:
    for key, columns in data_words.COLUMNS.items():
        data_type = catalog.by_key(key)
        if not data_type.single:
            assert set(columns) <= set(data_type.query_fields), key
