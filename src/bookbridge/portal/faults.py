"""Turns what went wrong into a page that says what to do next. Never shows an exception's own text unless it was
written for people.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from litestar import Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from bookbridge.companies.errors import (
    CompaniesError,
    CompanyNotFound,
    ConnectionNotFound,
    LinkRefused,
    ValidationProblem,
)
from bookbridge.portal.forms import Asked, FormRefused, PageNotFound
from bookbridge.portal.rendering import page, see_other
from bookbridge.portal.services import PortalServices
from bookbridge.portal.sessions import NotSignedIn
from bookbridge.store.pool import DATABASE_AWAY

log = structlog.get_logger(__name__)

SIGN_IN = "/portal/sign-in"


@dataclass(frozen=True)
class Fault:
    """What a person is told."""

    status_code: int
    title: str
    text: str
    advice: str


_ASK = "Ask whoever sent you the link for a new one. A link works once, and for one day."
_NOT_FOUND = Fault(
    404,
    "This page does not exist",
    "The address is not complete, or what it led to was removed.",
    "Check that the whole address was copied, or ask whoever sent it to you for a new one.",
)
_FORM_REFUSED = Fault(
    403,
    "This form could not be accepted",
    "Your browser did not send our cookie with it. Cookies may be blocked, or the page was open for more than a day.",
    "Allow cookies for this site, open the link again, and repeat the step. Nothing was changed.",
)
_UNEXPECTED = Fault(
    500,
    "Something went wrong here",
    "The fault is ours, and it was recorded. Nothing was connected by this step.",
    "Wait a minute, then open the link again.",
)

_DATABASE_AWAY = Fault(
    503,
    "We cannot answer for a moment",
    "Our database cannot be reached just now. It usually comes back by itself.",
    "Wait a minute, then load this page again.",
)


def fault_of(error: Exception) -> Fault:
    """What to tell of an exception."""
    if isinstance(error, LinkRefused):
        return Fault(401, "This link cannot be used", error.message, _ASK)
    if isinstance(error, PageNotFound | CompanyNotFound | ConnectionNotFound):
        return _NOT_FOUND
    if isinstance(error, FormRefused):
        return _FORM_REFUSED
    if isinstance(error, ValidationProblem):
        return Fault(400, "That is not possible", error.message, "Go back and check what was entered.")
    if isinstance(error, CompaniesError):
        return Fault(409, "That is not possible now", error.message, "Go back, load the page anew, and look again.")
    if isinstance(error, HTTPException) and error.status_code == 404:
        return _NOT_FOUND
    if isinstance(error, HTTPException) and 400 <= error.status_code < 500:
        return Fault(
            error.status_code,
            "This request could not be understood",
            "What the browser sent is too large, or is not what this page expects.",
            "Go back, load the page anew, and try again.",
        )
    if isinstance(error, DATABASE_AWAY):
        return _DATABASE_AWAY
    return _UNEXPECTED


def handlers_of_faults(services: PortalServices, template: str) -> ExceptionHandlersMap:
    """Handlers that answer every exception with a page of this template."""

    def handle(request: Asked, error: Exception) -> Response[str]:
        if isinstance(error, NotSignedIn):
            return see_other(SIGN_IN)
        fault = fault_of(error)
        if fault is _UNEXPECTED:
            log.exception("page_failed", method=request.method, exc_info=error)
        elif fault is _DATABASE_AWAY:
            log.error("database_unreachable", method=request.method, error=f"{type(error).__name__}: {error}")
        reference = structlog.contextvars.get_contextvars().get("correlation_id") if fault.status_code >= 500 else None
        return page(
            template,
            status_code=fault.status_code,
            fault=fault,
            help_contact=services.help_contact,
            reference=reference,
        )

    return {Exception: handle, HTTPException: handle}
