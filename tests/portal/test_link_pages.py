"""A person walks through linking, from the link URL over the vendor's consent page and back, and what may go wrong."""

from __future__ import annotations

import itertools

import httpx2
import msgspec
import pytest

from bookbridge.companies.connections import Connection, Status
from bookbridge.connectors import registry
from bookbridge.connectors.integrations import integration
from bookbridge.connectors.kit.auth import CredentialForm, FormField
from bookbridge.connectors.kit.connector import CallLimit, Connector, Limits
from bookbridge.connectors.kit.errors import NeedsRelink
from bookbridge.connectors.kit.session import Access, Organisation
from bookbridge.portal.forms import SECURE_COOKIE, Browser
from tests.portal.conftest import (
    CLIENT_NAME,
    HELP_CONTACT,
    PLATFORM,
    PLATFORM_WITHOUT_CONNECTOR,
    Clock,
    Page,
    Person,
    Site,
    host_of,
)

DAY_S = 86_400


async def organisations(site: Site) -> list[dict[str, str]]:
    async with httpx2.AsyncClient() as http:
        return (await http.get(f"{site.vendor_url}/_emulator")).json()["organisations"]


async def at_vendor(site: Site, person: Person, connection: Connection, parameters: str = "") -> Page:
    """Open the link and agree; the answer is the vendor's consent page."""
    page = await person.open(await site.link_url(connection) + parameters)
    assert page.status == 200, page.text
    page = await person.press(page, "Continue to Xero")
    assert host_of(page.url) == host_of(site.vendor_url)
    return page


async def give(person: Person, page: Page, *tenant_ids: str) -> Page:
    """Allow access to these organisations on the vendor's page."""
    token = [("tenant", tenant_id) for tenant_id in tenant_ids]
    body = httpx2.QueryParams([*token, ("decision", "allow")])
    response = await person.http.post(
        page.url, content=str(body), headers={"content-type": "application/x-www-form-urlencoded"}
    )
    return Page(response)


async def fault(site: Site, **asked: object) -> None:
    async with httpx2.AsyncClient() as http:
        answer = await http.post(f"{site.vendor_url}/_emulator/faults", content=msgspec.json.encode(asked))
        assert answer.status_code == 200, answer.text


async def test_the_consent_page_says_who_asks_for_what_and_what_for(site: Site, person: Person) -> None:
    connection = await site.connection(await site.company())
    page = await person.open(await site.link_url(connection))
    assert page.status == 200
    assert page.heading == f"Connect Xero to {CLIENT_NAME}"
    for words in ("Larkfield Ltd", "What is read", "Bills", "so that nothing is paid twice", "withdraw", HELP_CONTACT):
        assert words in page.text, words


async def test_one_organisation_is_connected_and_the_browser_goes_back(site: Site, person: Person) -> None:
    await site.set_profile(redirect_url=f"{site.vendor_url}/back?c={{companyId}}&s={{statusCode}}&j={{journey}}")
    connection = await site.connection(await site.company())
    page = await at_vendor(site, person, connection, "&journey=demo%20x")
    first = (await organisations(site))[0]
    page = await give(person, page, first["tenant_id"])
    assert page.heading == f"{first['name']} is connected"
    assert page.link("Continue") == f"{site.vendor_url}/back?c={connection.company_id}&s=200&j=demo%20x"
    after = await site.current(connection)
    assert (after.status, after.organisation_name) == (Status.LINKED, first["name"])
    assert await site.pool.fetchval("select count(*) from datasets") > 5
    again = await person.open(page.url)
    assert again.heading == page.heading, "the page can be loaded again"


async def test_without_a_redirect_url_our_own_page_is_the_end(site: Site, person: Person) -> None:
    connection = await site.connection(await site.company())
    page = await at_vendor(site, person, connection)
    page = await person.press(page, "Allow access")
    assert page.status == 200
    assert "You can close this page." in page.text


async def test_of_several_organisations_one_is_chosen(site: Site, person: Person) -> None:
    connection = await site.connection(await site.company())
    page = await at_vendor(site, person, connection)
    first, second = (await organisations(site))[:2]
    page = await give(person, page, first["tenant_id"], second["tenant_id"])
    assert page.heading == "Which organisation should be connected?"
    nothing = await person.press(page, "Connect this organisation")
    assert nothing.status == 422
    assert "Choose one organisation" in nothing.tree.find_class("bad")[0].text_content()
    page = await person.press(nothing, "Connect this organisation", organisation=second["tenant_id"])
    assert page.heading == f"{second['name']} is connected"


async def test_an_organisation_that_was_not_offered_is_refused(site: Site, person: Person) -> None:
    connection = await site.connection(await site.company())
    page = await at_vendor(site, person, connection)
    first, second = (await organisations(site))[:2]
    page = await give(person, page, first["tenant_id"], second["tenant_id"])
    page = await person.press(page, "Connect this organisation", organisation="made-up\x00")
    assert page.status == 422
    assert (await site.current(connection)).status is Status.PENDING


async def test_the_choice_can_be_cancelled_and_taken_up_again(site: Site, person: Person) -> None:
    connection = await site.connection(await site.company())
    page = await at_vendor(site, person, connection)
    first, second = (await organisations(site))[:2]
    page = await give(person, page, first["tenant_id"], second["tenant_id"])
    page = await person.press(page, "Cancel")
    assert page.heading == "You cancelled"
    assert (await site.current(connection)).errors[-1].status_code == "403"
    page = await person.press(page, "Try again")
    assert host_of(page.url) == host_of(site.vendor_url)
    page = await give(person, page, first["tenant_id"])
    assert page.heading == f"{first['name']} is connected"


async def test_cancelling_on_the_consent_page(site: Site, person: Person) -> None:
    await site.set_profile(redirect_url="https://acme.example/done?s={statusCode}&m={errorMessage}")
    connection = await site.connection(await site.company())
    page = await person.open(await site.link_url(connection))
    page = await person.press(page, "Cancel")
    assert page.heading == "You cancelled"
    assert page.link(f"Return to {CLIENT_NAME}") == "https://acme.example/done?s=403&m=User%20cancelled."
    assert (await site.current(connection)).status is Status.PENDING
    page = await person.press(page, "Try again")
    assert host_of(page.url) == host_of(site.vendor_url)


async def test_cancelling_at_the_vendor(site: Site, person: Person) -> None:
    connection = await site.connection(await site.company())
    page = await at_vendor(site, person, connection)
    page = await person.press(page, "Cancel")
    assert page.heading == "You cancelled"
    assert host_of(page.url) == host_of(site.url)


async def test_a_fault_at_the_vendor_is_told_with_its_reason(site: Site, person: Person) -> None:
    connection = await site.connection(await site.company())
    page = await at_vendor(site, person, connection)
    await fault(site, kind="unavailable", match={"path": "connections"}, times=20)
    page = await person.press(page, "Allow access")
    assert page.heading == "Xero could not be connected"
    assert "Reason:" in page.text
    await httpx2.AsyncClient().delete(f"{site.vendor_url}/_emulator/faults")
    page = await person.press(page, "Try again")
    page = await person.press(page, "Allow access")
    assert "is connected" in page.heading


async def test_a_code_works_once(site: Site, person: Person, stranger: Person) -> None:
    connection = await site.connection(await site.company())
    url = await site.link_url(connection)
    await at_vendor(site, person, connection)
    page = await stranger.open(url)
    assert page.status == 401
    assert "already been used" in page.text
    assert "Ask whoever sent you the link" in page.text


async def test_looking_does_not_use_the_code_up(site: Site, person: Person) -> None:
    url = await site.link_url(await site.connection(await site.company()))
    head = await person.http.head(url)
    assert (head.status_code, head.content) == (200, b"")
    for _ in range(3):
        assert (await person.open(url)).status == 200


async def test_an_old_code_is_refused(site: Site, person: Person, clock: Clock) -> None:
    url = await site.link_url(await site.connection(await site.company()))
    clock.now_s += DAY_S + 60
    page = await person.open(url)
    assert page.status == 401
    assert "has expired" in page.text


@pytest.mark.parametrize("code", ["", "123456", "x" * 5000, "%00", "%F0%9F%98%80", "%ff"])
async def test_a_wrong_code_is_refused(site: Site, person: Person, code: str) -> None:
    connection = await site.connection(await site.company())
    start = (await site.link_url(connection)).split("?")[0]
    page = await person.open(f"{start}?otp={code}")
    assert page.status == 401
    page = await person.open(f"{site.url}/link/company/{connection.company_id}?link.otp={code}")
    assert page.status == 401


@pytest.mark.parametrize(
    "path",
    [
        "/companies/no/connections/nope/start?otp=1",
        "/companies/8a156a5a-39cb-4f9d-856e-76ef9b9a9607/connections/8a156a5a-39cb-4f9d-856e-76ef9b9a9607/start",
        "/link/company/8a156a5a-39cb-4f9d-856e-76ef9b9a9607?link.otp=1",
        "/link/attempts/nope",
    ],
)
async def test_what_does_not_exist_is_not_found(site: Site, person: Person, path: str) -> None:
    page = await person.open(site.url + path)
    assert page.status == 404
    assert page.response.headers["content-type"] == "text/html; charset=utf-8"


async def test_another_browser_cannot_finish(site: Site, person: Person, stranger: Person) -> None:
    connection = await site.connection(await site.company())
    page = await at_vendor(site, person, connection)
    person.http.follow_redirects = False
    answer = await person.press(page, "Allow access")
    callback = answer.response.headers["location"]
    page = await stranger.open(callback)
    assert page.status == 401
    person.http.follow_redirects = True
    page = await person.open(callback)
    assert "is connected" in page.heading
    assert (await person.open(callback)).status == 401, "the state works once"
    assert (await stranger.open(page.url)).status == 401, "and its page is for one browser"


@pytest.mark.parametrize("query", ["", "?state=x&code=y", "?state=%00", "?error=access_denied", "?state=a&state=b"])
async def test_a_made_up_way_back_is_refused(site: Site, person: Person, query: str) -> None:
    page = await person.open(f"{site.url}/link/callback{query}")
    assert page.status == 401


async def test_a_form_from_elsewhere_is_refused(site: Site, person: Person, stranger: Person) -> None:
    connection = await site.connection(await site.company())
    url = await site.link_url(connection)
    page = await person.open(url)
    token = page.tree.xpath("//input[@name='form_token']/@value")[0]
    for fields in ({"decision": "agree"}, {"form_token": token}, {"form_token": "0" * 64}):
        refused = Page(await stranger.http.post(url, data=fields))
        assert refused.status == 403
    assert Page(await person.http.post(url, data={"form_token": "0" * 64})).status == 403
    assert Page(await person.http.post(url, content=b"{}", headers={"content-type": "application/json"})).status == 415
    assert Page(await person.http.post(url, data={"form_token": token, "x": "y" * 100_000})).status == 413
    assert (await person.open(url)).status == 200, "none of them used the code up"


async def test_another_organisation_than_before_needs_a_confirmation(site: Site, person: Person) -> None:
    connection = await site.connection(await site.company())
    first, second = (await organisations(site))[:2]
    await give(person, await at_vendor(site, person, connection), first["tenant_id"])
    page = await person.open(await site.link_url(connection))
    assert page.heading == "Xero is already connected"
    page = await person.press(page, "Connect again")
    page = await give(person, page, second["tenant_id"])
    assert page.heading == "This is another organisation than before"
    assert first["name"] in page.text
    assert (await site.current(connection)).organisation_name == first["name"]
    page = await person.press(page, f"Connect {second['name']} instead")
    assert page.heading == f"{second['name']} is connected"
    assert (await site.current(connection)).organisation_name == second["name"]


async def test_a_linked_connection_can_be_left_as_it_is(site: Site, person: Person) -> None:
    await site.set_profile(redirect_url="https://acme.example/{statusCode}")
    connection = await site.connection(await site.company())
    await person.press(await at_vendor(site, person, connection), "Allow access")
    page = await person.open(await site.link_url(connection))
    page = await person.press(page, "Keep it as it is")
    assert page.heading == "Nothing was changed"
    assert page.link(f"Return to {CLIENT_NAME}") == "https://acme.example/201"
    assert (await site.current(connection)).errors == ()


async def test_a_platform_without_a_connector_says_so(site: Site, person: Person) -> None:
    await site.set_profile(redirect_url="https://acme.example/{statusCode}")
    connection = await site.connection(await site.company(), PLATFORM_WITHOUT_CONNECTOR)
    page = await person.open(await site.link_url(connection))
    assert page.status == 200
    assert "cannot be connected here yet" in page.heading
    assert HELP_CONTACT in page.text
    page = await person.press(page, f"Return to {CLIENT_NAME}")
    assert page.link(f"Return to {CLIENT_NAME}") == "https://acme.example/501"


async def test_a_company_picks_its_software(site: Site, person: Person) -> None:
    company = await site.company()
    page = await person.open(await site.company_url(company))
    assert page.heading == "Connect your software"
    page = await person.open(page.link("Xero"))
    assert page.heading == f"Connect Xero to {CLIENT_NAME}"
    page = await person.press(page, "Continue to Xero")
    page = await person.press(page, "Allow access")
    assert "is connected" in page.heading
    page = await person.open(await site.company_url(company))
    assert "Connected" in page.text


async def test_an_unfinished_connection_is_resumed(site: Site, person: Person) -> None:
    company = await site.company()
    connection = await site.connection(company)
    page = await person.open(await site.company_url(company))
    page = await person.press(await person.open(page.link("Xero")), "Continue to Xero")
    await person.press(page, "Allow access")
    assert (await site.current(connection)).status is Status.LINKED
    assert await site.pool.fetchval("select count(*) from connections") == 1


@pytest.mark.parametrize("name", ["", "xpns", "zzzz", "<script>"])
async def test_a_platform_that_cannot_be_picked(site: Site, person: Person, name: str) -> None:
    company = await site.company()
    base, query = (await site.company_url(company)).split("?")
    page = await person.open(f"{base}/{name}?{query}")
    assert page.status in {200 if not name else 404}


async def test_names_cannot_become_markup(site: Site, person: Person) -> None:
    attack = "<img src=x onerror=alert(1)>\"'&lt;"
    await site.set_profile(name=attack, redirect_url="https://acme.example/?x={x}")
    company = await site.company("A & B 'Sons' Ltd")
    async with httpx2.AsyncClient() as http:
        await http.post(
            f"{site.vendor_url}/_emulator/organisations", content=msgspec.json.encode({"seed": 9, "name": attack})
        )
    connection = await site.connection(company)
    page = await at_vendor(site, person, connection, '&x="><script>alert(2)</script>')
    assert "<img" not in person.pages[0].response.text
    tenants = [row["tenant_id"] for row in await organisations(site)]
    chosen = next(row["tenant_id"] for row in await organisations(site) if row["name"] == attack)
    page = await give(person, page, *tenants)
    assert "<img" not in page.response.text
    assert attack in page.text
    page = await person.press(page, "Connect this organisation", organisation=chosen)
    assert page.status == 200
    assert "<img" not in page.response.text
    assert "<script" not in page.response.text
    assert attack in page.heading


async def test_every_page_is_strict_and_sound(site: Site, person: Person) -> None:
    company = await site.company()
    connection = await site.connection(company)
    url = await site.link_url(connection)
    first, second = (await organisations(site))[:2]
    pages = [await person.open(url), await person.open(await site.company_url(company))]
    pages.append(await person.open(pages[1].link("Xero")))
    pages.append(await give(person, await at_vendor(site, person, connection), first["tenant_id"], second["tenant_id"]))
    pages.append(await person.press(pages[-1], "Connect this organisation"))
    pages.append(await person.press(pages[-1], "Connect this organisation", organisation=first["tenant_id"]))
    pages.append(await person.open(await site.link_url(connection)))
    pages.append(await person.open(url))
    pages.append(await person.open(site.url + "/link/attempts/nope"))
    for page in pages:
        assert_strict(page)
        assert_sound(page)


def assert_strict(page: Page) -> None:
    headers = page.response.headers
    policy = headers["content-security-policy"]
    for part in ("default-src 'none'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action"):
        assert part in policy
    assert "unsafe" not in policy
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert not page.tree.xpath("//script | //style | //*[@style] | //iframe")
    for cookie in headers.get_list("set-cookie"):
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()


def assert_sound(page: Page) -> None:
    tree = page.tree
    assert tree.get("lang") == "en"
    assert tree.findtext(".//title").strip()
    assert len(tree.findall(".//h1")) == 1
    assert len(tree.findall(".//main")) == 1
    levels = [int(heading.tag[1]) for heading in tree.iter("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    labelled = set(tree.xpath("//label/@for"))
    for control in tree.xpath("//input[not(@type='hidden')] | //select | //textarea"):
        assert control.get("id") in labelled or control.get("aria-label"), control.get("name")
    for reference in tree.xpath("//@aria-describedby"):
        assert set(reference.split()) <= set(ids)
    for control in tree.xpath("//button | //a"):
        assert control.text_content().strip(), page.url
    for form in tree.xpath("//form[@method='post']"):
        assert form.xpath(".//input[@name='form_token']")


async def test_cookies_are_bound_to_tls_where_there_is_tls(site: Site) -> None:
    (cookie,) = Browser("s" * 43, is_new=True, secure=True).cookies()
    assert cookie.key == SECURE_COOKIE
    assert cookie.secure
    assert cookie.path == "/"


async def test_the_stylesheet_is_kept_for_good_under_its_hash(site: Site, person: Person) -> None:
    page = await person.open(await site.link_url(await site.connection(await site.company())))
    (address,) = page.tree.xpath("//link[@rel='stylesheet']/@href")
    answer = await person.http.get(site.url + address)
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert (await person.http.get(site.url + "/static/style.0.css")).status_code == 404
    assert (await person.http.get(site.url + "/static/..%2fapp.py")).status_code == 404


def test_every_platform_key_is_known() -> None:
    assert integration(PLATFORM) is not None
    assert integration(PLATFORM_WITHOUT_CONNECTOR) is not None


async def key_holder(access: Access) -> list[Organisation]:
    """The organisation that the right key opens."""
    if await access.authorizer.credential("key") != "right":
        raise NeedsRelink("The key was refused.")
    return [Organisation("o1", "Keyed Ltd", {})]


async def key_owner(access: Access) -> Organisation:
    return (await key_holder(access))[0]


async def test_a_credentials_form_can_be_mended(site: Site, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = (FormField("account", "Account name"), FormField("key", "Key", secret=True, hint="In your settings."))
    vendor = Connector(
        key=PLATFORM,
        auth=CredentialForm(fields),
        endpoints={},
        limits=Limits(calls=(CallLimit(60, 60),)),
        reads=(),
        writes=(),
        open=None,  # type: ignore[arg-type]
        organisations=key_holder,
        identify=key_owner,
    )
    monkeypatch.setitem(registry._BY_KEY, PLATFORM, vendor)
    connection = await site.connection(await site.company())
    page = await person.open(await site.link_url(connection))
    assert_sound(page)
    assert page.tree.xpath("//input[@name='key']/@type") == ["password"]
    page = await person.press(page, "Connect", account="Larkfield")
    assert page.status == 422
    assert "Key is missing" in page.text
    assert_sound(page)
    wrong = await person.press(page, "Connect", account="Larkfield", key="wrong")
    assert "The key was refused." in wrong.text
    page = await person.press(wrong, "Connect", account="L", key="right")
    assert page.heading == "Keyed Ltd is connected"
