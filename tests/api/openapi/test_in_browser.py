"""The pages in Chromium: on a small phone, in both colour schemes, by keyboard, under the policy they come with."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.api.conftest import Api
from tests.portal.test_in_browser import chromium, opened, picture, pytestmark, tab_to

__all__ = ["chromium", "pytestmark"]

PAGES = {
    "index": "/docs",
    "operation": "/docs/operations/list-bill-credit-notes",
    "write": "/docs/operations/create-bill",
    "schema": "/docs/schemas/BillCreditNoteLineItem",
    "words": "/docs/schemas/BillStatus",
    "missing": "/docs/operations/none",
}


@pytest.mark.parametrize("dark", [False, True])
async def test_nothing_sticks_out_on_a_small_phone(api: Api, chromium: Browser, dark: bool) -> None:
    page, complaints = await opened(chromium, phone=True, dark=dark)
    for name, path in PAGES.items():
        await page.goto(api.url + path)
        await picture(page, f"docs-{name}-{'dark' if dark else 'light'}")
        width = await page.locator("html").evaluate("element => element.scrollWidth")
        assert width <= 360, path
        assert await page.locator("h1").count() == 1
    assert complaints == []


async def test_by_keyboard_from_the_list_to_a_schema(api: Api, chromium: Browser) -> None:
    page, complaints = await opened(chromium, phone=False)
    await page.goto(api.url + "/docs")
    await picture(page, "docs-desktop")
    await tab_to(page, "Skip to the content")
    await page.keyboard.press("Enter")
    await tab_to(page, "Companies")
    await page.goto(api.url + "/docs/operations/create-bill")
    await picture(page, "docs-write-desktop")
    await tab_to(page, "BillToWrite")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/docs/schemas/BillToWrite")
    assert await page.get_by_text("Amount of the whole bill, tax included.").is_visible()
    assert complaints == []
