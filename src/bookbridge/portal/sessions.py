"""Who is signed in: a sealed cookie that names the API key it was opened with, bound to one browser.

Nothing is stored. Deleting the key ends every session that was opened with it.
"""

from __future__ import annotations

import base64
import binascii
import time
from uuid import UUID

import msgspec
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from bookbridge.companies import clients
from bookbridge.companies.vault import VaultError
from bookbridge.portal.forms import Browser, Connected, browser
from bookbridge.portal.services import PortalServices

COOKIE = "bookbridge_session"
SECURE_COOKIE = "__Host-" + COOKIE
LIFETIME_S = 12 * 3600
COOKIE_LENGTH_MAX = 1_000


class NotSignedIn(Exception):
    """The page needs somebody who has signed in."""


class Session(msgspec.Struct, frozen=True):
    """A session: the API key it stands for, and when it ends (Unix seconds)."""

    key_id: UUID
    expires_s: float


def session_cookie(services: PortalServices, owner: Browser, key_id: UUID) -> Cookie:
    """The cookie of a new session of this browser."""
    session = Session(key_id, time.time() + LIFETIME_S)
    sealed = services.vault.seal(msgspec.json.encode(session), _context(owner))
    return _cookie(services, base64.urlsafe_b64encode(sealed).decode(), LIFETIME_S)


def ended_cookie(services: PortalServices) -> Cookie:
    """The cookie that removes the session from the browser."""
    return _cookie(services, "", 0)


async def session_of(request: Connected, services: PortalServices) -> Session:
    """The session of a request. Raises NotSignedIn."""
    text = request.cookies.get(SECURE_COOKIE if services.secure else COOKIE, "")
    if not 0 < len(text) <= COOKIE_LENGTH_MAX:
        raise NotSignedIn
    try:
        sealed = base64.urlsafe_b64decode(text)
        session = msgspec.json.decode(services.vault.open(sealed, _context(browser(request, services))), type=Session)
    except (binascii.Error, ValueError, VaultError):
        raise NotSignedIn from None
    if session.expires_s < time.time():
        raise NotSignedIn
    async with services.pool.acquire() as db:
        keys = await clients.keys(db, services.vault)
    if session.key_id not in {key.id for key in keys}:
        raise NotSignedIn
    return session


def signed_in(services: PortalServices) -> Guard:
    """The guard of every page but the one to sign in at. Raises NotSignedIn."""

    async def guard(connection: Connected, handler: BaseRouteHandler) -> None:
        del handler
        await session_of(connection, services)

    return guard


def _cookie(services: PortalServices, value: str, max_age_s: int) -> Cookie:
    return Cookie(
        key=SECURE_COOKIE if services.secure else COOKIE,
        value=value,
        max_age=max_age_s,
        path="/",
        secure=services.secure,
        httponly=True,
        samesite="lax",
    )


def _context(owner: Browser) -> str:
    return f"portal-session:{owner.token}"
