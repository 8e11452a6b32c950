"""The pages after the vendor's consent: choosing an organisation, a warning, and how it ended.

Every page shows where the attempt stands now, so that it can be opened again; only forms move an attempt on.
"""

from __future__ import annotations

from litestar import HttpMethod, Response, post, route

from bookbridge.companies import clients, link_outcome
from bookbridge.companies.errors import ValidationProblem
from bookbridge.companies.link import CALLBACK_PATH
from bookbridge.companies.link_steps import Choose, Confirm
from bookbridge.connectors.integrations import integration
from bookbridge.connectors.kit.auth import CredentialForm
from bookbridge.portal.branding import brand
from bookbridge.portal.forms import BODY_SIZE_MAX_BYTES, Asked, Browser, PageNotFound, browser, identifier, sent_form
from bookbridge.portal.link_pages import ATTEMPTS_PATH, attempt_address, ended_page, form_targets, set_out
from bookbridge.portal.rendering import page, see_other
from bookbridge.portal.services import Given, PortalServices

CHOICE_MISSING = "Choose one organisation to go on."


@route(CALLBACK_PATH, http_method=[HttpMethod.GET])
async def callback(request: Asked, services: Given) -> Response[str]:
    """The way back from the vendor. The state in the address works once, in the browser that set out."""
    visitor = browser(request, services)
    query = {name: request.query_params.get(name, "") for name in request.query_params}
    came_to = await services.link.callback(query, visitor.secret)
    if came_to.attempt_id is None:
        return await ended_page(services, visitor, came_to)
    return see_other(attempt_address(came_to.attempt_id))


@route(ATTEMPTS_PATH + "/{attempt_id:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def attempt_page(request: Asked, services: Given, attempt_id: str) -> Response[str]:
    """Where the attempt stands."""
    return await _shown(services, browser(request, services), attempt_id, "")


@post(ATTEMPTS_PATH + "/{attempt_id:str}", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def choose(request: Asked, services: Given, attempt_id: str) -> Response[str]:
    """Choose an organisation, or confirm that it is another than before."""
    sender = browser(request, services)
    fields = await sent_form(request, sender)
    organisation = fields.get("organisation", "")
    if not organisation:
        return await _shown(services, sender, attempt_id, CHOICE_MISSING)
    try:
        await services.link.choose(
            identifier(attempt_id), sender.secret, organisation, confirmed=fields.get("confirmed") == "yes"
        )
    except ValidationProblem as problem:
        return await _shown(services, sender, attempt_id, problem.message)
    return see_other(attempt_address(identifier(attempt_id)))


@route(ATTEMPTS_PATH + "/{attempt_id:str}/form", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def form_page(request: Asked, services: Given, attempt_id: str) -> Response[str]:
    """The credentials form of an attempt that waits for it."""
    return await _form(services, browser(request, services), attempt_id, "")


@post(ATTEMPTS_PATH + "/{attempt_id:str}/form", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def hand_in(request: Asked, services: Given, attempt_id: str) -> Response[str]:
    """Hand in what a credentials form asks for."""
    sender = browser(request, services)
    fields = await sent_form(request, sender)
    try:
        await services.link.hand_in(identifier(attempt_id), sender.secret, fields)
    except ValidationProblem as problem:
        return await _form(services, sender, attempt_id, problem.message)
    return see_other(attempt_address(identifier(attempt_id)))


@post(ATTEMPTS_PATH + "/{attempt_id:str}/cancel", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def cancel(request: Asked, services: Given, attempt_id: str) -> Response[str]:
    """Give up. Nothing is connected, and what the vendor handed out is dropped."""
    sender = browser(request, services)
    await sent_form(request, sender)
    return await set_out(services, sender, await services.link.cancel(identifier(attempt_id), sender.secret))


@post(ATTEMPTS_PATH + "/{attempt_id:str}/again", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def again(request: Asked, services: Given, attempt_id: str) -> Response[str]:
    """Set out anew after an attempt that did not succeed."""
    sender = browser(request, services)
    await sent_form(request, sender)
    return await set_out(services, sender, await services.link.again(identifier(attempt_id), sender.secret))


async def _form(services: PortalServices, viewer: Browser, attempt_id: str, problem: str) -> Response[str]:
    found = await services.link.form(identifier(attempt_id), viewer.secret)
    if found.connector is None or not isinstance(found.connector.auth, CredentialForm):
        raise PageNotFound
    async with services.pool.acquire() as db:
        client = await clients.client(db)
    return page(
        "link/form.html",
        status_code=422 if problem else 200,
        # Handing it in may lead on to the application, wherever that is.
        form_action=form_targets(services, found.connection.integration_key),
        cookies=viewer.cookies(),
        **brand(client.profile),
        help_contact=services.help_contact,
        company_name=found.company_name,
        platform_name=found.platform_name,
        fields=found.connector.auth.fields,
        address=attempt_address(identifier(attempt_id)),
        problem=problem,
        token=viewer.token,
    )


async def _shown(services: PortalServices, viewer: Browser, attempt_id: str, problem: str) -> Response[str]:
    async with services.pool.acquire() as db, db.transaction():
        state = await link_outcome.outcome(db, services.vault, services.views, identifier(attempt_id), viewer.secret)
        client = await clients.client(db)
    if not isinstance(state, Choose | Confirm):
        return await ended_page(services, viewer, state)
    known = integration(state.connection.integration_key)
    return page(
        "link/choose.html" if isinstance(state, Choose) else "link/confirm.html",
        status_code=422 if problem else 200,
        **brand(client.profile),
        help_contact=services.help_contact,
        platform_name=known.name if known else state.connection.integration_key,
        state=state,
        address=attempt_address(state.attempt_id),
        problem=problem,
        token=viewer.token,
    )


HANDLERS = [callback, attempt_page, form_page, hand_in, choose, cancel, again]
