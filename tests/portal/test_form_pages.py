"""Linking with a form of ours instead of a consent page elsewhere: from each page that leads there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bookbridge.companies.connections import Status
from tests.connectors.own_ledger import OwnLedger, serving
from tests.portal.conftest import Person, Site

PLATFORM = "mqjo"


@pytest.fixture
async def ledger(site: Site) -> AsyncIterator[OwnLedger]:
    """A ledger that the site under test knows."""
    async with serving() as running:
        site.services.apps._apps[PLATFORM] = running.app()
        yield running


async def test_a_link_page_asks_and_connects(site: Site, ledger: OwnLedger, person: Person) -> None:
    connection = await site.connection(await site.company(), PLATFORM)
    page = await person.open(await site.link_url(connection))
    assert page.heading == "Connect Sandbox to Acme Pay"
    labels = {label.get("for") for label in page.tree.iterfind(".//label")}
    assert {one.get("id") for one in page.tree.iterfind(".//select")} <= labels
    page = await person.press(page, "Connect", size="small")
    assert "is connected" in page.text
    after = await site.current(connection)
    assert after.status is Status.LINKED
    assert after.organisation_id == str(connection.id)
    assert await site.pool.fetchval("select count(*) from datasets where connection_id = $1", connection.id) > 20


async def test_a_value_that_is_not_on_offer_is_refused(site: Site, ledger: OwnLedger, person: Person) -> None:
    connection = await site.connection(await site.company(), PLATFORM)
    page = await person.open(await site.link_url(connection))
    page = await person.press(page, "Connect", size="enormous")
    assert page.status == 422
    assert "Size of the business is not usable." in page.text
    page = await person.press(page, "Connect", size="small")
    assert "is connected" in page.text


async def test_the_companys_page_leads_through_the_form_too(site: Site, ledger: OwnLedger, person: Person) -> None:
    company = await site.company()
    page = await person.open(await site.company_url(company))
    page = await person.open(page.link("Sandbox"))
    page = await person.press(page, "Connect", size="large?")
    # The code is used up, so the attempt itself asks again.
    assert page.heading == "Connect Sandbox"
    page = await person.press(page, "Connect")
    assert "is connected" in page.text


async def test_after_cancelling_the_form_comes_again(site: Site, ledger: OwnLedger, person: Person) -> None:
    connection = await site.connection(await site.company(), PLATFORM)
    page = await person.open(await site.link_url(connection))
    page = await person.press(page, "Cancel")
    page = await person.press(page, "Try again")
    assert page.heading == "Connect Sandbox"
    page = await person.press(page, "Connect", size="enormous")
    assert page.status == 422
    page = await person.press(page, "Connect")
    assert "is connected" in page.text
    assert (await site.current(connection)).status is Status.LINKED


async def test_a_form_belongs_to_the_browser_that_began(
    site: Site, ledger: OwnLedger, person: Person, stranger: Person
) -> None:
    connection = await site.connection(await site.company(), PLATFORM)
    page = await person.open(await site.link_url(connection))
    page = await person.press(page, "Cancel")
    page = await person.press(page, "Try again")
    assert (await stranger.open(page.url)).status == 401
    done = await person.press(page, "Connect")
    assert "is connected" in done.text
    assert (await person.open(page.url)).status == 401
