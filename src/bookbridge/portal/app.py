"""The pages' handlers, to be mounted beside the API. They bring their own errors: pages, not JSON."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from bookbridge.portal import (
    assets,
    attempt_pages,
    company_pages,
    connection_pages,
    data_pages,
    expense_pages,
    link_pages,
    settings_pages,
    sign_in_pages,
    webhook_pages,
    write_pages,
)
from bookbridge.portal.faults import handlers_of_faults
from bookbridge.portal.forms import BODY_SIZE_MAX_BYTES
from bookbridge.portal.services import PortalServices
from bookbridge.portal.sessions import signed_in

SUBJECTS = (
    company_pages,
    connection_pages,
    data_pages,
    write_pages,
    expense_pages,
    webhook_pages,
    settings_pages,
)


def route_handlers(services: PortalServices) -> Sequence[ControllerRouterHandler]:
    """Everything that this room serves. The services are open already, and stay the caller's to close."""
    given = {"services": Provide(lambda: services, sync_to_thread=False)}
    link = Router(
        path="/",
        route_handlers=[*link_pages.HANDLERS, *attempt_pages.HANDLERS],
        dependencies=given,
        exception_handlers=handlers_of_faults(services, "link/fault.html"),
        request_max_body_size=BODY_SIZE_MAX_BYTES,
        include_in_schema=False,
    )
    portal_faults = handlers_of_faults(services, "portal/fault.html")
    entrance = Router(
        path="/",
        route_handlers=sign_in_pages.HANDLERS,
        dependencies=given,
        exception_handlers=portal_faults,
        include_in_schema=False,
    )
    portal = Router(
        path="/",
        route_handlers=[handler for subject in SUBJECTS for handler in subject.HANDLERS],
        dependencies=given,
        # Here and not at each page: a page that forgot it would be open to everybody.
        guards=[signed_in(services)],
        exception_handlers=portal_faults,
        include_in_schema=False,
    )
    return [assets.asset, link, entrance, portal]
