"""Portal pages of one connection: its state and timeline, unlinking, deletion."""

from __future__ import annotations

from litestar import Response, get, post

from bookbridge.companies import companies, connections, unlinking
from bookbridge.companies.connections import Status
from bookbridge.connectors.integrations import integration
from bookbridge.portal.company_pages import COMPANIES, SECTION
from bookbridge.portal.forms import BODY_SIZE_MAX_BYTES, Asked, browser, identifier, sent_form
from bookbridge.portal.rendering import see_other
from bookbridge.portal.services import Given
from bookbridge.portal.shell import portal_page

CONNECTION = COMPANIES + "/{company_id:str}/connections/{connection_id:str}"


@get(CONNECTION)
async def connection_page(request: Asked, services: Given, company_id: str, connection_id: str) -> Response[str]:
    """One connection: where it stands, how it came there, and the URL at which it is linked."""
    company, asked_for = identifier(company_id), identifier(connection_id)
    async with services.pool.acquire() as db:
        owner = await companies.get(db, company)
        connection = await connections.get(db, company, asked_for)
        timeline = await connections.timeline(db, company, asked_for)
    return await portal_page(
        request,
        services,
        "connection",
        section=SECTION,
        company=owner,
        connection=connection,
        view=services.views.connection(connection),
        timeline=timeline,
        linked=connection.status is Status.LINKED,
        address=_address(company_id, connection_id),
    )


@get(CONNECTION + "/unlink")
async def unlink_page(request: Asked, services: Given, company_id: str, connection_id: str) -> Response[str]:
    """What unlinking does."""
    name = await _name(services, company_id, connection_id)
    return await portal_page(
        request,
        services,
        "confirm",
        section=SECTION,
        title=f"Disconnect {name}?",
        text=(
            "The access is given back at the platform and forgotten here. What was read stays readable. To read or"
            " write again, the company must agree anew at the same link URL."
        ),
        action=_address(company_id, connection_id) + "/unlink",
        button="Disconnect",
        back=_address(company_id, connection_id),
    )


@post(CONNECTION + "/unlink", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def unlink(request: Asked, services: Given, company_id: str, connection_id: str) -> Response[str]:
    """Unlink the connection."""
    await sent_form(request, browser(request, services))
    await unlinking.unlink(
        services.pool, services.views, services.sessions, identifier(company_id), identifier(connection_id)
    )
    return see_other(_address(company_id, connection_id) + "?done=unlinked")


@get(CONNECTION + "/delete")
async def deletion_page(request: Asked, services: Given, company_id: str, connection_id: str) -> Response[str]:
    """What deleting the connection removes."""
    name = await _name(services, company_id, connection_id)
    return await portal_page(
        request,
        services,
        "confirm",
        section=SECTION,
        title=f"Delete the connection to {name}?",
        text=(
            "This disconnects it and deletes every record that was read over it. It cannot be undone. Nothing is"
            " deleted in the accounting software."
        ),
        action=_address(company_id, connection_id) + "/delete",
        button="Delete the connection",
        back=_address(company_id, connection_id),
    )


@post(CONNECTION + "/delete", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def delete(request: Asked, services: Given, company_id: str, connection_id: str) -> Response[str]:
    """Delete the connection."""
    await sent_form(request, browser(request, services))
    await unlinking.delete_connection(
        services.pool, services.views, services.sessions, identifier(company_id), identifier(connection_id)
    )
    return see_other(f"{COMPANIES}/{identifier(company_id)}?done=deleted")


async def _name(services: Given, company_id: str, connection_id: str) -> str:
    """What people call the connection. Raises ConnectionNotFound."""
    async with services.pool.acquire() as db:
        connection = await connections.get(db, identifier(company_id), identifier(connection_id))
    known = integration(connection.integration_key)
    platform = known.name if known else connection.integration_key
    return f"{platform} ({connection.organisation_name})" if connection.organisation_name else platform


def _address(company_id: str, connection_id: str) -> str:
    return f"{COMPANIES}/{identifier(company_id)}/connections/{identifier(connection_id)}"


HANDLERS = [connection_page, unlink_page, unlink, deletion_page, delete]
