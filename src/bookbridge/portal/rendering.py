"""Turns templates into responses: escaped HTML under a policy that lets a browser load nothing but our stylesheet.

It must not know what a page is about, nor read anything but templates.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from litestar.datastructures import Cookie
from markupsafe import Markup, escape

from bookbridge.portal.assets import STYLE_URL
from bookbridge.portal.branding import image_origins

HTML = "text/html"
SELF = "'self'"
MAIL_SEPARATOR = "@"
NONE = Markup("&ndash;")
TEMPLATES = Path(__file__).parent / "templates"

_HEADERS = {
    "cache-control": "no-store",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    # Link codes stand in addresses: no other site may learn them.
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


def page(
    template: str,
    *,
    status_code: int = 200,
    form_action: Iterable[str] = (SELF,),
    cookies: Iterable[Cookie] = (),
    **context: Any,
) -> Response[str]:
    """The rendered template. `form_action` are the CSP sources to which its forms may lead; the pictures `logo_url` and
    `icon_url` of the context may be loaded."""
    return Response(
        _ENVIRONMENT.get_template(template).render(**context),
        status_code=status_code,
        media_type=HTML,
        headers={
            **_HEADERS,
            "content-security-policy": _policy(
                form_action, image_origins((context.get("logo_url", ""), context.get("icon_url", "")))
            ),
        },
        cookies=list(cookies),
    )


def see_other(url: str, cookies: Iterable[Cookie] = ()) -> Response[str]:
    """Send the browser on with GET. `url` is used as it is."""
    return Response("", status_code=303, media_type=HTML, headers={**_HEADERS, "location": url}, cookies=list(cookies))


def _policy(form_action: Iterable[str], images: Iterable[str]) -> str:
    return (
        f"default-src 'none'; style-src 'self'; img-src {' '.join([SELF, 'data:', *images])}; "
        f"form-action {' '.join(form_action)}; frame-ancestors 'none'; base-uri 'none'"
    )


def contact_link(contact: str) -> Markup:
    """A link to an e-mail address or http(s) URL; other text (a phone number) as it is, escaped."""
    if MAIL_SEPARATOR in contact and "/" not in contact:
        return Markup('<a href="mailto:{0}">{0}</a>').format(contact)
    try:
        scheme = urlsplit(contact).scheme
    except ValueError:
        scheme = ""
    if scheme in {"http", "https"}:
        return Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(contact)
    return escape(contact)


def moment(value: datetime | str | None) -> Markup:
    """A moment (aware, or in the contract's format) for people, exact to the second for machines; a dash for none."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value).replace(tzinfo=UTC)
    if value is None:
        return Markup('<span class="none" title="never">&ndash;</span>')
    utc = value.astimezone(UTC)
    return Markup('<time datetime="{}">{} {}</time>').format(
        utc.isoformat(timespec="seconds"), utc.day, utc.strftime("%b %Y, %H:%M UTC")
    )


def count(number: int | None) -> str:
    """A number with its thousands set apart; a dash for none."""
    return NONE if number is None else f"{number:,}"


def dotted(name: str) -> Markup:
    """A long name that may be broken after its dots, and in no word."""
    return Markup(".<wbr>").join(name.split("."))


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["style_url"] = STYLE_URL
    # Only Link pages have the client's pictures.
    environment.globals.update(logo_url="", icon_url="")
    environment.filters.update(moment=moment, count=count, contact=contact_link, dotted=dotted)
    return environment


_ENVIRONMENT = _environment()
