"""The pages of link URLs: who asks for what, and the way to the vendor's consent page.

Showing a page never uses up its code, since mail scanners open every link; sending a form does. What happens to an
attempt is decided in `companies.link`; nothing is decided here.
"""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from litestar import HttpMethod, Response, post, route

from bookbridge.companies import clients, link_outcome
from bookbridge.companies.connections import Status
from bookbridge.companies.errors import LinkRefused, ValidationProblem
from bookbridge.companies.link_steps import Begun, Ended, StartPage
from bookbridge.companies.redirects import custom_parameters
from bookbridge.connectors import registry
from bookbridge.connectors.integrations import INTEGRATIONS, Integration, SourceType, integration
from bookbridge.connectors.kit.auth import CredentialForm, OAuth2
from bookbridge.portal import data_words
from bookbridge.portal.branding import brand
from bookbridge.portal.forms import BODY_SIZE_MAX_BYTES, Asked, Browser, PageNotFound, browser, identifier, sent_form
from bookbridge.portal.rendering import SELF, page, see_other
from bookbridge.portal.services import Given, PortalServices

QUERY_FIELDS_MAX = 50
CODE_PARAMETER = "otp"
COMPANY_CODE_PARAMETER = "link.otp"
ATTEMPTS_PATH = "/link/attempts"

# A form's policy also governs where its answer redirects, all along the way. Vendors lead people over several hosts
# of theirs, and none of them publishes which; without this, some browsers stop people who are signed in already.
VENDOR_HOSTS = "https:"

Pairs = list[tuple[str, str]]


@route(
    "/companies/{company_id:str}/connections/{connection_id:str}/start",
    http_method=[HttpMethod.GET, HttpMethod.HEAD],
)
async def start_page(request: Asked, services: Given, company_id: str, connection_id: str) -> Response[str]:
    """The consent page of a connection's link URL."""
    code = _one(_query(request), CODE_PARAMETER)
    found = await services.link.page(identifier(company_id), identifier(connection_id), code)
    return await _consent(services, browser(request, services), found, "")


@post("/companies/{company_id:str}/connections/{connection_id:str}/start", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def start(request: Asked, services: Given, company_id: str, connection_id: str) -> Response[str]:
    """Agree, decline, or hand in credentials. Uses up the code in the address."""
    sender = browser(request, services)
    fields = await sent_form(request, sender)
    query = _query(request)
    company, connection, code = identifier(company_id), identifier(connection_id), _one(query, CODE_PARAMETER)
    parameters = custom_parameters(query)
    if fields.get("decision") == "decline":
        declined = await link_outcome.decline(
            services.pool,
            services.vault,
            services.views,
            services.codes,
            company,
            connection,
            code,
            parameters,
            sender.secret,
        )
        return await set_out(services, sender, declined)
    found = await services.link.page(company, connection, code)
    if found.connector is not None and isinstance(found.connector.auth, CredentialForm):
        try:
            ended = await services.link.supplied.submit(company, connection, code, fields, parameters)
        except ValidationProblem as problem:
            return await _consent(services, sender, found, problem.message)
        if ended.status_code == "500":
            # The code is still good: what was entered can be mended at once.
            return await _consent(services, sender, found, ended.detail)
        return await set_out(services, sender, ended)
    begun = await services.link.begin(company, connection, code, parameters, sender.secret)
    return await set_out(services, sender, begun)


@route("/link/company/{company_id:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def company_page(request: Asked, services: Given, company_id: str) -> Response[str]:
    """A company's own link page: what is connected, and what can be."""
    query = _query(request)
    found = await services.link.company_page(identifier(company_id), _one(query, COMPANY_CODE_PARAMETER))
    async with services.pool.acquire() as db:
        client = await clients.client(db)
    rows = [(connection, integration(connection.integration_key)) for connection in found.connections]
    return page(
        "link/company.html",
        **brand(client.profile),
        help_contact=services.help_contact,
        company=found.company,
        rows=rows,
        offered=offered(services),
        query=urlencode(query),
        linked=Status.LINKED,
    )


@route("/link/company/{company_id:str}/{key:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
async def platform_page(request: Asked, services: Given, company_id: str, key: str) -> Response[str]:
    """The consent page of one platform, picked on the company's link page."""
    query = _query(request)
    company = await services.link.company_page(identifier(company_id), _one(query, COMPANY_CODE_PARAMETER))
    known = integration(key)
    if known is None or known.source_type is SourceType.EXPENSE:
        raise PageNotFound
    return await _consent_page(
        services,
        browser(request, services),
        company_name=company.company.name,
        platform=known,
        back=f"/link/company/{company.company.id}?{urlencode(query)}",
    )


@post("/link/company/{company_id:str}/{key:str}", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def pick(request: Asked, services: Given, company_id: str, key: str) -> Response[str]:
    """Agree to connect the picked platform, and hand in credentials where it takes them. Uses up the company's code."""
    sender = browser(request, services)
    fields = await sent_form(request, sender)
    query = _query(request)
    begun = await services.link.pick(
        identifier(company_id), _one(query, COMPANY_CODE_PARAMETER), key, custom_parameters(query), sender.secret
    )
    vendor = registry.connector(key)
    if isinstance(begun, Begun) and vendor is not None and isinstance(vendor.auth, CredentialForm):
        # Values that the form does not take are asked for again on the attempt's own page: the code is used up.
        with suppress(ValidationProblem):
            await services.link.hand_in(begun.attempt_id, begun.browser_secret, fields)
            return see_other(attempt_address(begun.attempt_id), sender.cookies())
    return await set_out(services, sender, begun)


async def set_out(services: PortalServices, sender: Browser, next_step: Begun | Ended) -> Response[str]:
    """Answer a form with where the browser goes next: to the vendor, or to how it ended."""
    if isinstance(next_step, Begun):
        return see_other(next_step.authorize_url, sender.cookies())
    if next_step.attempt_id is not None:
        return see_other(f"{ATTEMPTS_PATH}/{next_step.attempt_id}", sender.cookies())
    return await ended_page(services, sender, next_step)


async def ended_page(services: PortalServices, viewer: Browser, ended: Ended) -> Response[str]:
    """How linking ended: connected, left as it was, cancelled, failed, or not possible here."""
    async with services.pool.acquire() as db:
        client = await clients.client(db)
    known = integration(ended.connection.integration_key)
    return page(
        f"link/ended_{ended.status_code}.html",
        form_action=form_targets(services, ended.connection.integration_key),
        cookies=viewer.cookies(),
        **brand(client.profile),
        help_contact=services.help_contact,
        platform_name=known.name if known else ended.connection.integration_key,
        ended=ended,
        again=f"{ATTEMPTS_PATH}/{ended.attempt_id}/again" if ended.attempt_id else "",
        token=viewer.token,
    )


def form_targets(services: PortalServices, key: str) -> tuple[str, ...]:
    """Where a form that sets out for this platform may lead, as CSP sources."""
    vendor = registry.connector(key)
    if vendor is None or not services.apps.has(key) or not isinstance(vendor.auth, OAuth2):
        return (SELF,)
    authorize = urlsplit(services.apps.of(vendor).endpoints["authorize"])
    return (SELF, VENDOR_HOSTS, f"{authorize.scheme}://{authorize.netloc}")


def offered(services: PortalServices) -> list[Integration]:
    """The platforms that can be connected here, by name."""
    usable = [row for row in INTEGRATIONS if row.source_type is not SourceType.EXPENSE and services.apps.has(row.key)]
    return sorted(usable, key=lambda row: row.name.casefold())


async def _consent(services: PortalServices, viewer: Browser, found: StartPage, problem: str) -> Response[str]:
    known = integration(found.connection.integration_key)
    if known is None:
        raise PageNotFound
    connection = found.connection
    return await _consent_page(
        services,
        viewer,
        company_name=found.company_name,
        platform=known,
        linked_name=(connection.organisation_name or "") if connection.status is Status.LINKED else None,
        earlier_name=connection.organisation_name if connection.status is not Status.LINKED else None,
        problem=problem,
    )


async def _consent_page(
    services: PortalServices,
    viewer: Browser,
    *,
    company_name: str,
    platform: Integration,
    back: str = "",
    linked_name: str | None = None,
    earlier_name: str | None = None,
    problem: str = "",
) -> Response[str]:
    """`linked_name` is what a Linked connection is linked to, `earlier_name` what one was linked to before."""
    async with services.pool.acquire() as db:
        client = await clients.client(db)
    vendor = registry.connector(platform.key) if services.apps.has(platform.key) else None
    usable = vendor is not None and isinstance(vendor.auth, OAuth2 | CredentialForm)
    return page(
        "link/consent.html" if usable else "link/not_here.html",
        status_code=422 if problem else 200,
        form_action=form_targets(services, platform.key),
        cookies=viewer.cookies(),
        **brand(client.profile),
        help_contact=services.help_contact,
        company_name=company_name,
        platform_name=platform.name,
        access=vendor.data_access if vendor else (),
        reads=data_words.reads(vendor) if vendor else (),
        writes=data_words.writes(vendor) if vendor else (),
        fields=vendor.auth.fields if vendor and isinstance(vendor.auth, CredentialForm) else (),
        back=back,
        linked_name=linked_name,
        earlier_name=earlier_name,
        can_return=bool(client.profile.redirect_url),
        problem=problem,
        token=viewer.token,
    )


def _query(request: Asked) -> Pairs:
    """The address's own parameters. Raises LinkRefused for more than anybody needs."""
    try:
        return parse_qsl(request.url.query, keep_blank_values=True, max_num_fields=QUERY_FIELDS_MAX)
    except ValueError:
        raise LinkRefused("This link is not valid. Ask for a new one.") from None


def _one(query: Pairs, name: str) -> str:
    return next((value for key, value in query if key == name), "")


def attempt_address(attempt_id: UUID) -> str:
    """Where an attempt's pages are."""
    return f"{ATTEMPTS_PATH}/{attempt_id}"


HANDLERS = [start_page, start, company_page, platform_page, pick]
