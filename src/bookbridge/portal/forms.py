"""Forms that only our own pages can send: a secret in a cookie, and a token derived from it in each form.

The same secret binds a walk through a vendor's consent page to the browser that began it. Nothing is stored.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.exceptions import HTTPException

from bookbridge.companies.link_attempts import SECRET_LENGTH, SECRET_SIZE_BYTES
from bookbridge.portal.services import PortalServices

COOKIE = "bookbridge_browser"
# The prefix makes browsers refuse the cookie from other hosts and without TLS.
SECURE_COOKIE = "__Host-" + COOKIE
COOKIE_LIFETIME_S = 86_400
TOKEN_FIELD = "form_token"  # noqa: S105 - the name of a field
BODY_SIZE_MAX_BYTES = 64 * 1024
FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"

Asked = Request[Any, Any, Any]
"""A request of a browser: nothing of its user or state is used."""

Connected = ASGIConnection[Any, Any, Any, Any]
"""A request of which only the head is known."""


class FormRefused(Exception):
    """The form was not sent from a page of ours in the same browser, or cookies are switched off."""


class PageNotFound(Exception):
    """The address names nothing that exists."""


@dataclass(frozen=True)
class Browser:
    """Who is at the other end: the secret of a browser, new if it has sent none."""

    secret: str
    is_new: bool
    secure: bool

    @property
    def token(self) -> str:
        """What each form of a page for this browser carries."""
        return hmac.digest(self.secret.encode(), b"form token", hashlib.sha256).hex()

    def cookies(self) -> list[Cookie]:
        """What each page sets, so that this browser is known for COOKIE_LIFETIME_S from its newest page on."""
        return [
            Cookie(
                key=SECURE_COOKIE if self.secure else COOKIE,
                value=self.secret,
                max_age=COOKIE_LIFETIME_S,
                path="/",
                secure=self.secure,
                httponly=True,
                # Lax, not Strict: the way back from the vendor's consent page comes from another site.
                samesite="lax",
            )
        ]


def browser(request: Connected, services: PortalServices) -> Browser:
    """The browser that asks; it gets a new secret if it has none."""
    name = SECURE_COOKIE if services.secure else COOKIE
    known = request.cookies.get(name, "")
    if len(known) == SECRET_LENGTH and known.isascii():
        return Browser(known, is_new=False, secure=services.secure)
    return Browser(secrets.token_urlsafe(SECRET_SIZE_BYTES), is_new=True, secure=services.secure)


async def sent_form(request: Asked, sender: Browser) -> Mapping[str, str]:
    """The fields of a form that one of our pages gave to this browser; of a repeated field the last. Raises
    FormRefused, HTTPException for what is no form."""
    if request.content_type[0] != FORM_MEDIA_TYPE:
        raise HTTPException(status_code=415, detail="A form is expected.")
    form = await request.form()
    fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    if sender.is_new or not hmac.compare_digest(fields.get(TOKEN_FIELD, "").encode(), sender.token.encode()):
        raise FormRefused
    return fields


def identifier(text: str) -> UUID:
    """The UUID in an address. Raises PageNotFound for anything else."""
    try:
        return UUID(text)
    except ValueError:
        raise PageNotFound from None
