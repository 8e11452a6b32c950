"""Linking with credentials that are supplied at once: filled into a form by a person who holds a link code, or handed
over by the application itself. There is no attempt, and no organisation is chosen on a page of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import asyncpg
import httpx2

from bookbridge.companies import connections, credentials, link_access, oauth
from bookbridge.companies.connections import Connection, Status
from bookbridge.companies.credential_forms import FORM_VALUE_LENGTH_MAX, checked_form
from bookbridge.companies.credentials import Credentials
from bookbridge.companies.errors import Conflict, ValidationProblem
from bookbridge.companies.link_codes import CodeVerdict, LinkCodes
from bookbridge.companies.link_steps import Ended, ended
from bookbridge.companies.linking import Linking
from bookbridge.companies.sessions import connector_of
from bookbridge.companies.vendor_apps import VendorApps
from bookbridge.connectors.kit.auth import CONNECTION_FACT, OAuth2
from bookbridge.connectors.kit.connector import Connector
from bookbridge.connectors.kit.errors import VendorError
from bookbridge.connectors.kit.session import Organisation, VendorApp
from bookbridge.store.pool import Db


class SuppliedCredentials:
    """Links with supplied credentials, for one process."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        http: httpx2.AsyncClient,
        *,
        codes: LinkCodes,
        apps: VendorApps,
        linking: Linking,
    ) -> None:
        self._pool = pool
        self._http = http
        self._codes = codes
        self._apps = apps
        self._linking = linking

    async def submit(
        self,
        company_id: UUID,
        connection_id: UUID,
        code: str,
        values: Mapping[str, str],
        parameters: Mapping[str, str],
    ) -> Ended:
        """The person has filled in a credentials form. The code is used up only if the credentials work, so that a
        slip can be mended. Raises LinkRefused, ConnectionNotFound, ValidationProblem."""
        async with self._pool.acquire() as db:
            async with db.transaction():
                verdict = await link_access.present(db, self._codes, company_id, connection_id, code, use=False)
            if verdict is not CodeVerdict.GOOD:
                raise link_access.refusal(verdict)
            connection = await connections.get(db, company_id, connection_id)
        held = credentials.Keys(checked_form(connector_of(connection), values))
        try:
            organisation = await self._linking.identified(connection, held, await self._only(connection, held))
        except VendorError as error:
            async with self._pool.acquire() as db, db.transaction():
                await self._linking.failed(db, connection, error.message)
                return await ended(db, self._linking.views, None, parameters, connection, "500", error.message)
        async with self._pool.acquire() as db, db.transaction():
            verdict = await link_access.present(db, self._codes, company_id, connection_id, code, use=True)
            if verdict is not CodeVerdict.GOOD:
                raise link_access.refusal(verdict)
            after = await self._linking.store(db, connection, held, None, organisation, start=True)
            return await ended(db, self._linking.views, None, parameters, after, "200", "")

    async def authorise(self, company_id: UUID, connection_id: UUID, values: Mapping[str, str]) -> Connection:
        """The application itself supplies credentials (moving customers over, or its own form). Nothing is read
        from the vendor but who it is: no first fetch is started.

        Raises ConnectionNotFound, Conflict for a Linked connection, ValidationProblem for credentials that are
        incomplete, and VendorError when they do not work.
        """
        async with self._pool.acquire() as db:
            connection = await connections.get(db, company_id, connection_id)
        if connection.status is Status.LINKED:
            raise Conflict("The connection is already Linked; unlink it first.")
        vendor = connector_of(connection)
        held, expires = await self._supplied(connection, vendor, values)
        wanted = values.get("organisationId") or values.get("tenantId") or values.get("businessId")
        chosen = await self._only(connection, held, wanted)
        organisation = await self._linking.identified(connection, held, chosen)
        async with self._pool.acquire() as db, db.transaction():
            await _not_linked(db, connection)
            return await self._linking.store(db, connection, held, expires, organisation, start=False)

    async def _supplied(
        self, connection: Connection, vendor: Connector, values: Mapping[str, str]
    ) -> tuple[Credentials, datetime | None]:
        if not isinstance(vendor.auth, OAuth2):
            return credentials.Keys(checked_form(vendor, values)), None
        access_token, refresh_token = values.get("accessToken", ""), values.get("refreshToken", "")
        if any(len(text) > FORM_VALUE_LENGTH_MAX or not text.isascii() for text in (access_token, refresh_token)):
            raise ValidationProblem("A token is too long, or is none.", "accessToken")
        if refresh_token:
            issued = await self._renewed(connection, vendor.auth, self._apps.of(vendor), refresh_token)
            return issued.grant, issued.expires
        if not access_token:
            raise ValidationProblem("An accessToken or a refreshToken is needed.", "refreshToken")
        return credentials.Grant(access_token), oauth.moment_after(oauth.EXPIRES_IN_DEFAULT_S)

    async def _renewed(self, connection: Connection, auth: OAuth2, app: VendorApp, refresh_token: str) -> oauth.Issued:
        """Renew a supplied refresh token at once: that proves it, and from here on only we hold one that works.

        The result is kept before anything else can fail, though the connection is not Linked yet; a caller who
        comes again with the token that is used up by now goes on from there.
        """
        company_id, connection_id = connection.company_id, connection.id
        try:
            issued = await oauth.refresh(self._http, auth, app, refresh_token)
        except oauth.GrantRefused:
            async with self._pool.acquire() as db:
                kept = await credentials.load(db, self._linking.vault, company_id, connection_id)
            if kept is None or not isinstance(kept.current, credentials.Grant) or kept.current.refresh_token is None:
                raise
            issued = await oauth.refresh(self._http, auth, app, kept.current.refresh_token)
        async with self._pool.acquire() as db, db.transaction():
            await _not_linked(db, connection)
            await credentials.store(db, self._linking.vault, company_id, connection_id, issued.grant, issued.expires)
        return issued

    async def _only(self, connection: Connection, held: Credentials, wanted: str | None = None) -> Organisation:
        """The one organisation that the credentials open, or the wanted one of several."""
        told = {CONNECTION_FACT: str(connection.id)}
        organisations = await self._linking.organisations(connection, held, told)
        found = [each for each in organisations if wanted is None or each.id == wanted]
        if len(found) != 1:
            names = ", ".join(each.id for each in organisations[:10])
            raise ValidationProblem(
                f"The credentials open {len(organisations)} organisations; name one as organisationId ({names})."
            )
        return found[0]


async def _not_linked(db: Db, connection: Connection) -> None:
    """Lock the connection. Raises Conflict if somebody else has linked it."""
    now = await connections.lock(db, connection.company_id, connection.id)
    if now.status is Status.LINKED:
        raise Conflict("The connection was linked meanwhile.")
