"""Signing in to the Portal with an API key, and out again."""

from __future__ import annotations

import structlog
from litestar import Response, get, post

from bookbridge.companies import clients
from bookbridge.jobs.budgets import BudgetExhausted, CallLimit
from bookbridge.portal.faults import SIGN_IN
from bookbridge.portal.forms import BODY_SIZE_MAX_BYTES, Asked, browser, sent_form
from bookbridge.portal.rendering import page, see_other
from bookbridge.portal.services import Given
from bookbridge.portal.sessions import ended_cookie, session_cookie

log = structlog.get_logger(__name__)

HOME = "/portal/companies"
WRONG_KEY = "That is not an API key of this installation, or it was deleted."
TOO_MANY = "Too many attempts. Wait a few minutes, then try again."

# Keys are too long to be guessed; the limits keep people from trying, and the database from being asked.
ATTEMPTS_PER_ADDRESS = CallLimit(10, 300)
ATTEMPTS_OF_ALL = CallLimit(100, 300)


@get(["/", "/portal"])
async def home() -> Response[str]:
    """The way in, also for who has only the address of the installation."""
    return see_other(HOME)


@get(SIGN_IN)
async def sign_in_page(request: Asked, services: Given) -> Response[str]:
    """The form."""
    visitor = browser(request, services)
    return page("portal/sign_in.html", cookies=visitor.cookies(), token=visitor.token, problem="")


@post(SIGN_IN, request_max_body_size=BODY_SIZE_MAX_BYTES)
async def sign_in(request: Asked, services: Given) -> Response[str]:
    """Check the key and open a session of 12 hours."""
    sender = browser(request, services)
    fields = await sent_form(request, sender)
    problem, status_code = WRONG_KEY, 401
    address = request.client.host if request.client else ""
    try:
        async with (
            services.sign_in_budget.call(f"portal-sign-in:{address}", (ATTEMPTS_PER_ADDRESS,), None, 0.0),
            services.sign_in_budget.call("portal-sign-in", (ATTEMPTS_OF_ALL,), None, 0.0),
            services.pool.acquire() as db,
        ):
            key_id = await clients.key_id(db, fields.get("api_key", "").strip())
    except BudgetExhausted:
        key_id, problem, status_code = None, TOO_MANY, 429
    if key_id is not None:
        log.info("portal_signed_in", key_id=str(key_id))
        return see_other(HOME, [session_cookie(services, sender, key_id)])
    log.warning("portal_sign_in_refused", address=address, status_code=status_code)
    return page(
        "portal/sign_in.html",
        status_code=status_code,
        cookies=sender.cookies(),
        token=sender.token,
        problem=problem,
    )


@post("/portal/sign-out", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def sign_out(request: Asked, services: Given) -> Response[str]:
    """End the session in this browser."""
    await sent_form(request, browser(request, services))
    return see_other(SIGN_IN, [ended_cookie(services)])


HANDLERS = [home, sign_in_page, sign_in, sign_out]
