"""The API as one ASGI application, with room for the pages that share its address space."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.types import ASGIApp, ControllerRouterHandler

from bookbridge.api import (
    access_tokens,
    attachment_deletions,
    attachments,
    companies,
    connections,
    cors,
    custom_data,
    datasets,
    expense_attachments,
    expense_syncs,
    expense_transactions,
    expenses,
    financials,
    health,
    integrations,
    keys,
    payable_writes,
    payables,
    pdf,
    products,
    profile,
    push,
    records,
    reports,
    rules,
    sync_settings,
    webhooks,
)
from bookbridge.api.auth import key_guard
from bookbridge.api.bodies import BODY_SIZE_MAX_BYTES
from bookbridge.api.cross_origin import CrossOrigin
from bookbridge.api.errors import handle
from bookbridge.api.front import Front
from bookbridge.api.lists import Lists
from bookbridge.api.openapi import page
from bookbridge.api.services import Services

FORM_PARTS_MAX = 20

SUBJECTS: tuple[Sequence[ControllerRouterHandler], ...] = (
    companies.ROUTES,
    connections.ROUTES,
    integrations.ROUTES,
    records.ROUTES,
    financials.ROUTES,
    reports.ROUTES,
    pdf.ROUTES,
    datasets.ROUTES,
    push.ROUTES,
    attachments.ROUTES,
    attachment_deletions.ROUTES,
    expenses.ROUTES,
    expense_transactions.ROUTES,
    expense_syncs.ROUTES,
    expense_attachments.ROUTES,
    payables.ROUTES,
    payable_writes.ROUTES,
    webhooks.ROUTES,
    rules.ROUTES,
    profile.ROUTES,
    products.ROUTES,
    access_tokens.ROUTES,
    cors.ROUTES,
    custom_data.ROUTES,
    sync_settings.ROUTES,
    keys.ROUTES,
    health.ROUTES,
    page.ROUTES,
)


def create_api(services: Services, *, pages: Sequence[ControllerRouterHandler] = ()) -> ASGIApp:
    """The application: the API, and beside it the given `pages`, which bring their own errors and need no API key.

    The services are open already, and stay the caller's to close.
    """
    api = Router(
        path="/",
        route_handlers=[handler for subject in SUBJECTS for handler in subject],
        guards=[key_guard(services)],
        dependencies={"services": Provide(lambda: services, sync_to_thread=False)},
        request_max_body_size=BODY_SIZE_MAX_BYTES,
    )
    app = Litestar(
        route_handlers=[api, *pages],
        exception_handlers={Exception: handle},
        # Ours: the error body is the contract's, and the log is structlog's.
        logging_config=None,
        openapi_config=None,
        multipart_form_part_limit=FORM_PARTS_MAX,
        request_max_body_size=BODY_SIZE_MAX_BYTES,
    )
    inner = CrossOrigin(app, services.pool, services.views.base_url, services.origins)
    return Front(Lists(inner, services), app.routes)
