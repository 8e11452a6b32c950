"""Pages in Chromium: by keyboard alone, on a small phone, in both colour schemes, under the policy they come with.

Run only where a Chromium is found (BOOKBRIDGE_CHROMIUM, else on the path); set BOOKBRIDGE_SCREENSHOTS to a folder to
keep pictures.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from bookbridge.companies.connections import Status
from bookbridge.webhooks import consumers
from bookbridge.webhooks.consumers import ConsumerDraft
from tests.portal.conftest import API_KEY, Person, Site
from tests.portal.test_expense_pages import ended_sync
from tests.portal.test_portal_pages import linked
from tests.portal.test_write_pages import asked_for

CHROMIUM = os.environ.get("BOOKBRIDGE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
PICTURES = os.environ.get("BOOKBRIDGE_SCREENSHOTS")
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}
TABS_MAX = 40

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


async def opened(chromium: Browser, *, phone: bool, dark: bool = False) -> tuple[Page, list[str]]:
    """A page without JavaScript, and what its console complains of."""
    context = await chromium.new_context(
        viewport=PHONE if phone else DESKTOP,
        java_script_enabled=False,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
    )
    page = await context.new_page()
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and "404" not in message.text:
            complaints.append(message.text)

    page.on("console", heard)
    return page, complaints


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


async def tab_to(page: Page, text: str) -> None:
    """Press Tab until the control with this text has the focus, and check that the focus can be seen."""
    for _ in range(TABS_MAX):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if not await focused.count():
            continue
        if text in ((await focused.text_content()) or "") or text == await focused.get_attribute("value"):
            return
    raise AssertionError(f"{text!r} cannot be reached by keyboard")


async def test_linking_by_keyboard_alone(site: Site, chromium: Browser) -> None:
    connection = await site.connection(await site.company())
    page, complaints = await opened(chromium, phone=False)
    await page.goto(await site.link_url(connection))
    await picture(page, "consent-desktop")
    await tab_to(page, "What is read")
    await page.keyboard.press("Enter")
    await picture(page, "consent-desktop-details")
    await tab_to(page, "Continue to Xero")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{site.vendor_url}/**")
    for box in await page.locator("input[type=checkbox]").all():
        await box.check()
    await tab_to(page, "Allow access")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{site.url}/link/attempts/**")
    await picture(page, "choose-desktop")
    await page.locator("input[type=radio]").first.focus()
    await page.keyboard.press("ArrowDown")
    await tab_to(page, "Connect this organisation")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"{site.url}/link/attempts/**")
    await page.get_by_role("heading", name="is connected").wait_for()
    await picture(page, "connected-desktop")
    assert (await site.current(connection)).status is Status.LINKED
    assert not complaints


@pytest.mark.parametrize("dark", [False, True])
async def test_nothing_sticks_out_on_a_small_phone(site: Site, chromium: Browser, dark: bool) -> None:
    company = await site.company("Larkfield and Daughters Wholesale Horticulture Limited")
    connection = await site.connection(company)
    nowhere = await site.connection(company, "pdvj")
    page, complaints = await opened(chromium, phone=True, dark=dark)
    tone = "dark" if dark else "light"

    async def check(name: str) -> None:
        await picture(page, f"{name}-phone-{tone}")
        # Without scripts in the page the layout is read from the outside: nothing may be wider than the screen.
        for box in await page.locator("main *, header *, footer *").all():
            extent = await box.bounding_box()
            assert extent is None or extent["x"] + extent["width"] <= PHONE["width"] + 1, await box.inner_text()

    await page.goto(await site.company_url(company))
    await check("company")
    await page.goto(await site.link_url(nowhere))
    await check("not-here")
    await page.goto(await site.link_url(connection))
    await check("consent")
    await page.get_by_role("button", name="Continue to Xero").click()
    for box in await page.locator("input[type=checkbox]").all():
        await box.check()
    await page.get_by_role("button", name="Allow access").click()
    await page.get_by_role("button", name="Connect this organisation").click()
    await page.get_by_role("alert").wait_for()
    await check("choose")
    await page.get_by_role("button", name="Cancel").click()
    await check("cancelled")
    await page.get_by_role("button", name="Try again").click()
    await page.get_by_role("button", name="Allow access").click()
    await check("connected")
    await page.goto(f"{site.url}/link/attempts/nope")
    await check("fault")
    # A page that answers 401 or 422 is itself logged by the browser; the policy must never be.
    assert not [text for text in complaints if "Content Security Policy" in text]


@pytest.mark.parametrize("phone", [False, True])
async def test_the_portal_in_a_browser(site: Site, chromium: Browser, person: Person, phone: bool) -> None:
    company, connection = await linked(site, person)
    other = await site.company("Ardcullen Provisions")
    await site.connection(other, "pdvj")
    async with site.pool.acquire() as db, db.transaction():
        draft = ConsumerDraft(url="http://127.0.0.1:9/hook", event_types=["company.created", "connection.failed"])
        consumer, _ = await consumers.create(db, draft, seal=site.services.vault.seal, private_addresses_allowed=True)
    await site.company("Told Ltd")
    message = await site.pool.fetchval("select message_id from webhook_deliveries")
    write = await asked_for(site, connection, {"supplierName": "A" * 300, "status": "Active", "x" * 400: "y" * 4000})
    sync = await ended_sync(site, connection)
    page, complaints = await opened(chromium, phone=phone, dark=phone)
    size = "phone-dark" if phone else "desktop"
    await page.goto(f"{site.url}/portal")
    await picture(page, f"portal-sign-in-{size}")
    await page.get_by_label("API key").fill(API_KEY)
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Companies").wait_for()
    addresses = {
        "companies": "/portal/companies",
        "company": f"/portal/companies/{company.id}",
        "connection": f"/portal/companies/{company.id}/connections/{connection.id}",
        "unlink": f"/portal/companies/{company.id}/connections/{connection.id}/unlink",
        "data": f"/portal/companies/{company.id}/data",
        "records": f"/portal/companies/{company.id}/data/bills",
        "writes": f"/portal/companies/{company.id}/writes",
        "write": f"/portal/companies/{company.id}/writes/{write.id}",
        "expenses": f"/portal/companies/{company.id}/expenses",
        "expense-sync": f"/portal/companies/{company.id}/expenses/{sync.id}",
        "reads": f"/portal/companies/{company.id}/reads",
        "webhooks": "/portal/webhooks",
        "consumer": f"/portal/webhooks/consumers/{consumer.id}",
        "message": f"/portal/webhooks/messages/{message}",
        "settings": "/portal/settings",
        "keys": "/portal/keys",
    }
    for name, address in addresses.items():
        await page.goto(site.url + address)
        await picture(page, f"portal-{name}-{size}")
        # Tables may be wider than the screen; they scroll by themselves. Nothing else may.
        assert await page.evaluate("document.documentElement.scrollWidth") <= (PHONE if phone else DESKTOP)["width"]
        for box in await page.locator("header, main > *, .panel > *").all():
            extent = await box.bounding_box()
            assert extent is None or extent["x"] + extent["width"] <= (PHONE if phone else DESKTOP)["width"] + 1, name
    assert not complaints
