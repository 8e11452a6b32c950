"""The client's logo and icon on Link pages, and what never gets into a page's policy."""

from __future__ import annotations

import msgspec
import pytest

from bookbridge.companies import clients
from bookbridge.companies.clients import Profile
from bookbridge.portal.branding import brand, image_origins
from tests.portal.conftest import CLIENT_NAME, Person, Site

LOGO = "https://cdn.example.com/brand/logo.png?v=2"
ICON = "https://icons.example.com:8443/favicon.ico"


async def test_the_clients_pictures_are_on_link_pages_only(site: Site, person: Person) -> None:
    async with site.pool.acquire() as db:
        profile = (await clients.client(db)).profile
        await clients.replace_profile(db, msgspec.structs.replace(profile, logo_url=LOGO, icon_url=ICON))
    company = await site.company()
    page = await person.open(await site.link_url(await site.connection(company)))
    assert page.status == 200
    assert page.tree.xpath("//header//img/@src") == [LOGO]
    assert page.tree.xpath("//header//img/@alt") == [CLIENT_NAME]
    assert page.tree.xpath("//link[@rel='icon']/@href") == [ICON]
    policy = page.response.headers["content-security-policy"]
    assert "img-src 'self' data: https://cdn.example.com https://icons.example.com:8443;" in policy
    other = await person.open(await site.company_url(company))
    assert other.tree.xpath("//header//img/@src") == [LOGO]
    elsewhere = await person.open(site.url + "/link/attempts/nope")
    assert elsewhere.tree.xpath("//header//img") == []
    assert "img-src 'self' data:;" in elsewhere.response.headers["content-security-policy"]


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example; script-src *",
        "https://a.example\nb",
        "https://user@a.example/logo.png",
        "https://a.example:x/logo.png",
        "https://[::1/logo.png",
        "https://*/logo.png",
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
        "//a.example/logo.png",
        "",
    ],
)
def test_what_is_no_plain_address_is_not_shown(url: str) -> None:
    shown = brand(Profile(name="A", redirect_url="https://a.example", logo_url=url, icon_url=url))
    assert (shown["logo_url"], shown["icon_url"]) == ("", "")
    assert image_origins([url]) == ()


def test_an_origin_stands_once() -> None:
    assert image_origins(["https://a.example/1", "https://a.example/2", ""]) == ("https://a.example",)
