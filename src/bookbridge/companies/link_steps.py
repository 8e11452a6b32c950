"""Where the link flow has got to: what each of its pages shows, and how it ended. Moves nothing on; renders no HTML."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec

from bookbridge.companies import clients
from bookbridge.companies.companies import Company
from bookbridge.companies.connections import Connection
from bookbridge.companies.redirects import ERROR_MESSAGES, redirect_values, resolve
from bookbridge.companies.views import Views
from bookbridge.connectors.kit.connector import Connector
from bookbridge.connectors.kit.session import Organisation
from bookbridge.store.pool import Db


class StartPage(msgspec.Struct, frozen=True, kw_only=True):
    """What the page before the vendor's consent shows. `connector` is None when the platform cannot be linked
    here yet (no connector, or this installation is not registered with the vendor)."""

    company_name: str
    connection: Connection
    platform_name: str
    connector: Connector | None


class CompanyPage(msgspec.Struct, frozen=True, kw_only=True):
    """What a company's own link page shows."""

    company: Company
    connections: tuple[Connection, ...]


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt has begun: send the browser to `authorize_url` (the vendor's consent, or our own page with the
    vendor's credentials form), with `browser_secret` in a cookie that only we can read."""

    attempt_id: UUID
    authorize_url: str
    browser_secret: str

    def __repr__(self) -> str:
        return f"Begun({self.attempt_id})"


class Choose(msgspec.Struct, frozen=True, kw_only=True):
    """The consent opens several organisations: the person must choose one."""

    attempt_id: UUID
    connection: Connection
    organisations: tuple[Organisation, ...]


class Confirm(msgspec.Struct, frozen=True, kw_only=True):
    """The connection belonged to another organisation before, whose records would be replaced."""

    attempt_id: UUID
    connection: Connection
    organisation: Organisation
    earlier_name: str


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """The flow is over. `redirect_url` None: show our own page for `status_code` (200, 201, 403, 500, 501).

    `detail` is the vendor's or our own text on what went wrong, fit to show.
    """

    attempt_id: UUID | None
    connection: Connection
    status_code: str
    detail: str
    redirect_url: str | None


async def ended(
    db: Db,
    views: Views,
    attempt_id: UUID | None,
    parameters: Mapping[str, str],
    connection: Connection,
    status_code: str,
    text: str,
) -> Ended:
    """How the flow ended, with the address to which the client wants browsers sent. `parameters` come from
    `custom_parameters`; `text` empty: our own words for the status code."""
    client = await clients.client(db)
    values = redirect_values(client.id, views, connection, status_code, text)
    return Ended(
        attempt_id=attempt_id,
        connection=connection,
        status_code=status_code,
        detail=text or ERROR_MESSAGES[status_code],
        redirect_url=resolve(client.profile.redirect_url, client.profile.white_list_urls, values, parameters),
    )
