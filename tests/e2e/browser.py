"""A browser that keeps cookies, follows redirects and sends the forms it is shown; nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin

import httpx2
import lxml.html

TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Page:
    """What the browser shows."""

    url: str
    status: int
    html: str

    @property
    def tree(self) -> Any:
        return lxml.html.fromstring(self.html, base_url=self.url)

    @property
    def text(self) -> str:
        return " ".join(self.tree.text_content().split())


class Browser:
    """One person's browser."""

    def __init__(self) -> None:
        self.http = httpx2.Client(follow_redirects=True, timeout=TIMEOUT_S)

    def open(self, url: str) -> Page:
        return _page(self.http.get(url))

    def press(self, page: Page, button: str, **values: str | list[str]) -> Page:
        """Fill in the form that has this button and press it; a list ticks boxes of one name."""
        for form in page.tree.iter("form"):
            for control in form.iter("button"):
                if " ".join(control.text_content().split()) == button:
                    return self._send(page, form, control, values)
        raise AssertionError(f"no button {button!r} on {page.url} ({page.status}): {page.text}")

    def _send(self, page: Page, form: Any, control: Any, values: dict[str, str | list[str]]) -> Page:
        fields = [(name, value) for name, value in form.form_values() if name not in values]
        for name, given in values.items():
            offered = form.xpath(".//input[@name=$name]/@value", name=name)
            for value in [given] if isinstance(given, str) else given:
                assert value in offered, f"{name} offers {offered}"
                fields.append((name, value))
        if control.get("name"):
            fields.append((control.get("name"), control.get("value", "")))
        target = urljoin(page.url, control.get("formaction") or form.get("action") or page.url)
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return _page(self.http.post(target, content=urlencode(fields), headers=headers))

    def link(self, link_url: str, organisation_id: str) -> Page:
        """Through a link URL and the vendor's consent to one organisation; the page at the end."""
        page = self.open(link_url)
        assert page.status == 200, page.text
        page = self.press(page, "Continue to Xero")
        return self.press(page, "Allow access", tenant=[organisation_id])


def _page(response: httpx2.Response) -> Page:
    return Page(str(response.url), response.status_code, response.text)
