"""The pages' handlers, to be mounted beside the API. They bring their own errors: pages, not JSON."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from bookbridge.portal import assets, attempt_pages, link_pages
from bookbridge.portal.faults import handlers_of_faults
from bookbridge.portal.forms import BODY_SIZE_MAX_BYTES
from bookbridge.portal.services import PortalServices


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
    return [assets.asset, link]
