"""A person with a browser, without the browser: follows links, fills in forms, presses buttons by their text.

No JavaScript, as our own pages need none.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urljoin

import httpx2
from lxml import html


class Page:
    """A page that was loaded."""

    def __init__(self, response: httpx2.Response) -> None:
        self.url = str(response.url)
        self.status = response.status_code
        self.document = html.fromstring(response.text or "<html></html>")

    @property
    def heading(self) -> str:
        """The text of the first heading."""
        found = self.document.xpath("//h1")
        return " ".join(found[0].text_content().split()) if found else ""

    @property
    def text(self) -> str:
        """All visible text, white space folded."""
        return " ".join(self.document.text_content().split())


class Browser:
    """Keeps cookies and follows redirects, but only to the places that it is told may be visited."""

    def __init__(self) -> None:
        self.http = httpx2.Client(follow_redirects=True, timeout=30.0)

    def open(self, url: str) -> Page:
        """Load a page."""
        return Page(self.http.get(url))

    def press(self, page: Page, button: str, fill: Mapping[str, str | list[str]] | None = None) -> Page:
        """Press the button with this text, its form filled in as it stands, with `fill` in place of some fields.

        Raises LookupError when there is no such button.
        """
        for form in page.document.forms:
            for element in form.xpath(".//button | .//input[@type='submit']"):
                label = (element.text_content() or element.get("value") or "").strip()
                if button.lower() not in label.lower():
                    continue
                fields: dict[str, str | list[str]] = {}
                for name, value in form.form_values():
                    held = fields.get(name)
                    fields[name] = value if held is None else [*([held] if isinstance(held, str) else held), value]
                if element.get("name"):
                    fields[element.get("name")] = element.get("value") or ""
                fields.update(fill or {})
                target = urljoin(page.url, form.action or "") if form.action else page.url
                if (form.method or "GET").upper() == "POST":
                    return Page(self.http.post(target, data=fields))
                return Page(self.http.get(target, params=fields))
        raise LookupError(f"no button says {button!r} on {page.url}: {page.text[:300]}")

    def follow(self, page: Page, link: str) -> Page:
        """Follow the link with this text. Raises LookupError when there is no such link."""
        for element in page.document.xpath("//a[@href]"):
            if link.lower() in element.text_content().lower():
                return self.open(urljoin(page.url, element.get("href")))
        raise LookupError(f"no link says {link!r} on {page.url}: {page.text[:300]}")

    def choices(self, page: Page, kind: str) -> dict[str, tuple[str, str]]:
        """The radio buttons or checkboxes of a page: label → (field name, value)."""
        found = {}
        for field in page.document.xpath(f"//input[@type='{kind}']"):
            labels = field.xpath(f"//label[@for='{field.get('id')}']") if field.get("id") else []
            label = labels[0] if labels else field.getparent()
            found[" ".join(label.text_content().split())] = (field.get("name"), field.get("value"))
        return found
