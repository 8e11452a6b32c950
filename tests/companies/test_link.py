from __future__ import annotations

import asyncio
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from bookbridge.companies import clients, connections, credentials, lifecycle, link_attempts
from bookbridge.companies.clients import Profile
from bookbridge.companies.companies import Company
from bookbridge.companies.connections import Connection, Status
from bookbridge.companies.errors import Conflict, ConnectionNotFound, LinkRefused, ValidationProblem
from bookbridge.companies.link import Link
from bookbridge.companies.link_steps import Begun, Choose, Confirm, Ended
from bookbridge.companies.vault import Vault
from bookbridge.companies.views import Views
from bookbridge.connectors.kit.errors import VendorError
from tests.companies.conftest import (
    FORM_VENDOR_KEY,
    VENDOR_KEY,
    Clock,
    FirstReads,
    Vendor,
    code_of,
    events,
    payload,
)


class Browser:
    """A person's browser: holds the cookie and the link URL's code."""

    def __init__(self, pool: asyncpg.Pool, link: Link, views: Views, connection: Connection) -> None:
        self._pool = pool
        self._link = link
        self._views = views
        self.connection = connection
        self.secret = ""

    async def fresh_code(self) -> str:
        async with self._pool.acquire() as db:
            now = await connections.get(db, self.connection.company_id, self.connection.id)
        return code_of(self._views.connection(now).link_url)

    async def begin(self, code: str | None = None, **parameters: str) -> Begun:
        begun = await self._link.begin(
            self.connection.company_id, self.connection.id, code or await self.fresh_code(), parameters, self.secret
        )
        assert isinstance(begun, Begun)
        self.secret = begun.browser_secret
        return begun

    async def walk(self, vendor: Vendor, **parameters: str) -> Choose | Confirm | Ended:
        begun = await self.begin(**parameters)
        return await self._link.callback(vendor.consent(begun.authorize_url), self.secret)

    async def now(self) -> Connection:
        async with self._pool.acquire() as db:
            return await connections.get(db, self.connection.company_id, self.connection.id)


@pytest.fixture
def browser(pool: asyncpg.Pool, link: Link, views: Views, connection: Connection) -> Browser:
    return Browser(pool, link, views, connection)


async def template(pool: asyncpg.Pool, url: str) -> None:
    async with pool.acquire() as db:
        await clients.replace_profile(db, Profile(name="Me", redirect_url=url))


async def test_one_organisation_is_linked_told_and_read_first(
    pool: asyncpg.Pool, browser: Browser, vendor: Vendor, vault: Vault, first_reads: FirstReads
) -> None:
    await template(pool, "https://b.io/{journey}?c={connectionId}&s={statusCode}&n={data.company.companyName}")
    ended = await browser.walk(vendor, journey="demo")
    assert isinstance(ended, Ended)
    assert ended.status_code == "200"
    assert ended.redirect_url == f"https://b.io/demo?c={browser.connection.id}&s=200&n=Ledger%20One"
    now = await browser.now()
    assert (now.status, now.organisation_id, now.organisation_name) == (Status.LINKED, "org-1", "Ledger One")
    assert now.facts == {"tenant_id": "org-1", "base_currency": "GBP"}
    assert [(each.id, first) for each, first in first_reads.calls] == [(now.id, True)]
    assert (await events(pool))[-1] == "connection.connected"
    async with pool.acquire() as db:
        held = await credentials.load(db, vault, now.company_id, now.id)
    assert held is not None
    assert held.current == credentials.Grant("access-1", "refresh-1")
    assert await pool.fetchval("select sealed_grant is null and sealed_verifier is null from link_attempts")


async def test_the_consent_url_asks_for_what_the_vendor_needs(browser: Browser, link: Link) -> None:
    begun = await browser.begin()
    query = parse_qs(urlsplit(begun.authorize_url).query)
    assert query["redirect_uri"] == ["https://books.example/link/callback"] == [link.redirect_uri]
    assert query["response_type"] == ["code"]
    assert query["scope"] == ["books offline"]
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["state"][0]) == 43
    assert begun.browser_secret not in repr(begun)
    assert query["state"][0] not in repr(begun)


async def test_looking_does_not_use_the_code_but_setting_out_does(
    browser: Browser, link: Link, connection: Connection
) -> None:
    code = await browser.fresh_code()
    for _ in range(3):
        page = await link.page(connection.company_id, connection.id, code)
        assert page.connector is not None
    await browser.begin(code)
    for call in (
        link.page(connection.company_id, connection.id, code),
        link.begin(connection.company_id, connection.id, code, {}),
    ):
        with pytest.raises(LinkRefused, match="already been used"):
            await call
    assert await browser.fresh_code() != code
    await browser.begin()


async def test_an_expired_code_is_refused_and_a_fresh_look_gives_a_new_one(
    browser: Browser, link: Link, connection: Connection, clock: Clock
) -> None:
    code = await browser.fresh_code()
    clock.now_s += 86_400
    with pytest.raises(LinkRefused, match="expired"):
        await link.page(connection.company_id, connection.id, code)
    await browser.begin()


async def test_wrong_codes_are_counted_and_limited(
    pool: asyncpg.Pool, browser: Browser, link: Link, connection: Connection
) -> None:
    good = await browser.fresh_code()
    for _ in range(20):
        with pytest.raises(LinkRefused):
            await link.page(connection.company_id, connection.id, "guess")
    with pytest.raises(LinkRefused):
        await link.page(connection.company_id, connection.id, good)
    await pool.execute("update connections set link_misses_since = now() - interval '61 minutes'")
    await link.page(connection.company_id, connection.id, good)


async def test_a_code_opens_its_own_connection_only(
    pool: asyncpg.Pool, browser: Browser, link: Link, views: Views, connection: Connection
) -> None:
    async with pool.acquire() as db, db.transaction():
        other = await lifecycle.created(db, views, connection.company_id, VENDOR_KEY)
    with pytest.raises(LinkRefused):
        await link.page(connection.company_id, other.id, await browser.fresh_code())
    with pytest.raises(ConnectionNotFound):
        await link.page(other.id, connection.id, await browser.fresh_code())


async def test_a_state_works_once_and_only_in_the_browser_that_began(
    browser: Browser, link: Link, vendor: Vendor
) -> None:
    begun = await browser.begin()
    query = vendor.consent(begun.authorize_url)
    for secret in ("", "x" * 43):
        with pytest.raises(LinkRefused):
            await link.callback(query, secret)
    assert isinstance(await link.callback(query, browser.secret), Ended)
    with pytest.raises(LinkRefused):
        await link.callback(query, browser.secret)
    for unknown in ({}, {"state": "x" * 43}):
        with pytest.raises(LinkRefused):
            await link.callback(unknown, browser.secret)


async def test_an_attempt_ends_after_an_hour(pool: asyncpg.Pool, browser: Browser, link: Link, vendor: Vendor) -> None:
    begun = await browser.begin()
    await pool.execute("update link_attempts set expires = now() - interval '1 s'")
    with pytest.raises(LinkRefused, match="too long"):
        await link.callback(vendor.consent(begun.authorize_url), browser.secret)
    await pool.execute("update link_attempts set expires = now() - interval '2 days'")
    assert await link_attempts.prune(pool) == 1


async def test_two_tabs_of_a_browser_do_not_disturb_each_other(browser: Browser, link: Link, vendor: Vendor) -> None:
    first = await browser.begin()
    second = await browser.begin()
    assert first.browser_secret == second.browser_secret
    for begun in (first, second):
        assert isinstance(await link.callback(vendor.consent(begun.authorize_url), browser.secret), Ended)


async def test_a_refused_consent_is_a_cancellation_and_can_be_tried_again(
    pool: asyncpg.Pool, browser: Browser, link: Link, vendor: Vendor
) -> None:
    await template(pool, "https://b.io/?s={statusCode}&m={errorMessage}&t={statusText}")
    begun = await browser.begin()
    query = {"state": vendor.consent(begun.authorize_url)["state"], "error": "access_denied"}
    ended = await link.callback(query, browser.secret)
    assert isinstance(ended, Ended)
    assert ended.redirect_url == "https://b.io/?s=403&m=User%20cancelled.&t=User%20cancelled%20linking"
    now = await browser.now()
    assert now.status is Status.PENDING
    assert [(each.status_code, each.status) for each in now.errors] == [("403", "Active")]
    assert (await payload(pool, "connection.failed"))["connection"]["status"] == "PendingAuth"
    again = await link.again(begun.attempt_id, browser.secret)
    assert isinstance(again, Begun)
    ended = await link.callback(vendor.consent(again.authorize_url), browser.secret)
    assert isinstance(ended, Ended)
    assert ended.status_code == "200"
    with pytest.raises(LinkRefused):
        await link.again(again.attempt_id, browser.secret)


@pytest.mark.parametrize(
    "change",
    [
        {"code": "wrong"},
        {"code": ""},
        {"code": "x" * 5_000},
        {"error": "server_error", "error_description": "Out of\x00 order"},
    ],
)
async def test_what_goes_wrong_at_the_vendor_ends_with_500_and_its_text(
    browser: Browser, link: Link, vendor: Vendor, change: dict[str, str]
) -> None:
    begun = await browser.begin()
    ended = await link.callback({**vendor.consent(begun.authorize_url), **change}, browser.secret)
    assert isinstance(ended, Ended)
    assert (ended.status_code, ended.redirect_url) == ("500", None)
    assert ended.detail
    now = await browser.now()
    assert now.status is Status.PENDING
    assert now.errors[0].status_code == "500"


async def test_nothing_is_linked_when_no_organisation_was_given(browser: Browser, vendor: Vendor) -> None:
    vendor.organisations = []
    ended = await browser.walk(vendor)
    assert isinstance(ended, Ended)
    assert ended.status_code == "500"


async def test_of_several_organisations_the_person_chooses_one(browser: Browser, link: Link, vendor: Vendor) -> None:
    vendor.organisations = [("org-1", "One"), ("org-2", "Two")]
    choose = await browser.walk(vendor)
    assert isinstance(choose, Choose)
    assert [each.name for each in choose.organisations] == ["One", "Two"]
    with pytest.raises(ValidationProblem):
        await link.choose(choose.attempt_id, browser.secret, "org-3")
    with pytest.raises(LinkRefused):
        await link.choose(choose.attempt_id, "x" * 43, "org-2")
    ended = await link.choose(choose.attempt_id, browser.secret, "org-2")
    assert isinstance(ended, Ended)
    assert (await browser.now()).organisation_name == "Two"
    with pytest.raises(LinkRefused):
        await link.choose(choose.attempt_id, browser.secret, "org-1")


async def test_giving_up_while_choosing_drops_what_was_granted(
    pool: asyncpg.Pool, browser: Browser, link: Link, vendor: Vendor
) -> None:
    vendor.organisations = [("org-1", "One"), ("org-2", "Two")]
    choose = await browser.walk(vendor)
    assert isinstance(choose, Choose)
    ended = await link.cancel(choose.attempt_id, browser.secret)
    assert ended.status_code == "403"
    assert await pool.fetchval("select sealed_grant is null from link_attempts")
    with pytest.raises(LinkRefused):
        await link.cancel(choose.attempt_id, browser.secret)


async def test_linking_again_keeps_the_connection(
    pool: asyncpg.Pool, browser: Browser, views: Views, vendor: Vendor, first_reads: FirstReads
) -> None:
    await browser.walk(vendor)
    async with pool.acquire() as db, db.transaction():
        await lifecycle.unlinked(db, views, browser.connection)
    ended = await browser.walk(vendor)
    assert isinstance(ended, Ended)
    assert ended.connection.id == browser.connection.id
    assert [first for _, first in first_reads.calls] == [True, False]
    assert (await events(pool))[-1] == "connection.reconnected"


async def test_another_organisation_must_be_confirmed_and_replaces_the_records(
    pool: asyncpg.Pool, browser: Browser, link: Link, views: Views, vendor: Vendor, first_reads: FirstReads
) -> None:
    await browser.walk(vendor)
    connection = browser.connection
    await pool.execute(
        """insert into records (company_id, data_type, connection_id, record_id, source, modified, hash, body,
               source_body) values ($1, 'bills', $2, 'r', 's', now(), '', '{}', '{}')""",
        connection.company_id,
        connection.id,
    )
    async with pool.acquire() as db, db.transaction():
        await lifecycle.unlinked(db, views, connection)
    vendor.organisations = [("org-9", "Nine")]
    confirm = await browser.walk(vendor)
    assert isinstance(confirm, Confirm)
    assert (confirm.earlier_name, confirm.organisation.name) == ("Ledger One", "Nine")
    assert (await browser.now()).status is Status.UNLINKED
    ended = await link.choose(confirm.attempt_id, browser.secret, "org-9", confirmed=True)
    assert isinstance(ended, Ended)
    assert (await browser.now()).organisation_id == "org-9"
    assert await pool.fetchval("select count(*) from records") == 0
    assert [first for _, first in first_reads.calls] == [True, True]


async def test_if_the_first_read_cannot_be_queued_nothing_is_linked(
    pool: asyncpg.Pool, browser: Browser, vendor: Vendor, first_reads: FirstReads
) -> None:
    first_reads.broken = True
    with pytest.raises(RuntimeError):
        await browser.walk(vendor)
    assert (await browser.now()).status is Status.PENDING
    assert await pool.fetchval("select count(*) from credentials") == 0
    assert "connection.connected" not in await events(pool)


async def test_a_company_link_resumes_a_pending_connection_or_makes_one(
    pool: asyncpg.Pool, link: Link, views: Views, company: Company, connection: Connection, vendor: Vendor
) -> None:
    code = code_of(views.company_link(company.id, company.link_generation))
    page = await link.company_page(company.id, code)
    assert [each.id for each in page.connections] == [connection.id]
    begun = await link.pick(company.id, code, VENDOR_KEY, {})
    assert isinstance(begun, Begun)
    assert await pool.fetchval("select count(*) from connections") == 1
    await link.callback(vendor.consent(begun.authorize_url), begun.browser_secret)
    with pytest.raises(LinkRefused):
        await link.pick(company.id, code, VENDOR_KEY, {})
    assert isinstance(await link.pick(company.id, code_of(views.company_link(company.id, 1)), VENDOR_KEY, {}), Begun)
    assert await pool.fetchval("select count(*) from connections") == 2


async def test_a_platform_without_connector_is_said_to_be_one(
    pool: asyncpg.Pool, link: Link, views: Views, company: Company
) -> None:
    async with pool.acquire() as db, db.transaction():
        made = await lifecycle.created(db, views, company.id, "qhyg")
    code = code_of(views.connection(made).link_url)
    assert (await link.page(company.id, made.id, code)).connector is None
    ended = await link.begin(company.id, made.id, code, {})
    assert isinstance(ended, Ended)
    assert (ended.status_code, ended.detail) == ("501", "Not supported.")


@pytest.fixture
async def form_connection(pool: asyncpg.Pool, views: Views, company: Company) -> Connection:
    async with pool.acquire() as db, db.transaction():
        return await lifecycle.created(db, views, company.id, FORM_VENDOR_KEY)


async def test_a_form_is_submitted_until_its_credentials_work(
    link: Link, views: Views, form_connection: Connection, first_reads: FirstReads
) -> None:
    company_id, connection_id = form_connection.company_id, form_connection.id
    code = code_of(views.connection(form_connection).link_url)
    with pytest.raises(ValidationProblem):
        await link.supplied.submit(company_id, connection_id, code, {"key": " "}, {})
    assert (await link.supplied.submit(company_id, connection_id, code, {"key": "wrong"}, {})).status_code == "500"
    ended = await link.supplied.submit(company_id, connection_id, code, {"key": "right", "other": "x"}, {})
    assert ended.status_code == "200"
    assert ended.connection.status is Status.LINKED
    assert len(first_reads.calls) == 1
    with pytest.raises(LinkRefused):
        await link.supplied.submit(company_id, connection_id, code, {"key": "right"}, {})


async def test_an_application_may_supply_credentials_and_no_read_is_started(
    link: Link, form_connection: Connection, first_reads: FirstReads
) -> None:
    with pytest.raises(VendorError):
        await link.supplied.authorise(form_connection.company_id, form_connection.id, {"key": "wrong"})
    after = await link.supplied.authorise(form_connection.company_id, form_connection.id, {"key": "right"})
    assert after.status is Status.LINKED
    assert first_reads.calls == []
    with pytest.raises(Conflict):
        await link.supplied.authorise(form_connection.company_id, form_connection.id, {"key": "right"})


async def test_tokens_are_moved_over_and_renewed_at_once(
    pool: asyncpg.Pool, link: Link, connection: Connection, vendor: Vendor, vault: Vault
) -> None:
    vendor.live_refresh.add("moved")
    vendor.organisations = [("org-1", "One"), ("org-2", "Two")]
    company_id, connection_id = connection.company_id, connection.id
    with pytest.raises(ValidationProblem):
        await link.supplied.authorise(company_id, connection_id, {})
    with pytest.raises(ValidationProblem, match="organisationId"):
        await link.supplied.authorise(company_id, connection_id, {"accessToken": vendor.issue()[0]})
    # The token is used up by a call that then fails for want of a choice: coming again must still work.
    with pytest.raises(ValidationProblem, match="organisationId"):
        await link.supplied.authorise(company_id, connection_id, {"refreshToken": "moved"})
    after = await link.supplied.authorise(
        company_id, connection_id, {"refreshToken": "moved", "accessToken": "old", "organisationId": "org-2"}
    )
    assert after.organisation_name == "Two"
    async with pool.acquire() as db:
        held = await credentials.load(db, vault, company_id, connection_id)
    assert held is not None
    assert held.current == credentials.Grant("access-3", "refresh-3")


async def test_of_two_who_supply_credentials_at_once_one_links(link: Link, form_connection: Connection) -> None:
    company_id, connection_id = form_connection.company_id, form_connection.id
    first, second = await asyncio.gather(
        *(link.supplied.authorise(company_id, connection_id, {"key": "right"}) for _ in range(2)),
        return_exceptions=True,
    )
    assert {type(first), type(second)} == {Connection, Conflict}
