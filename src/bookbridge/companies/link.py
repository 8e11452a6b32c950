"""The link flow: from a link URL, through the vendor's consent page, to a Linked connection. Renders no HTML.

    page ──begin──▶ vendor's consent ──callback──▶ one organisation ─────────────▶ Linked
                                          │        several ──choose──▶ …
                                          │        another than before ──choose(confirmed)──▶ …
                                          └─ refused, failed, cancelled ──▶ as it was, with an error

What ends the flow is an `Ended`, which says where the browser goes. Vendor faults during the flow end it (the
application is told, the person may begin again); they are not raised. A link code, attempt or browser that is not
good raises LinkRefused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import asyncpg
import httpx2

from bookbridge.companies import (
    companies,
    connections,
    credentials,
    lifecycle,
    link_access,
    link_attempts,
    oauth,
)
from bookbridge.companies.connections import Connection, Status
from bookbridge.companies.credential_forms import checked_form
from bookbridge.companies.credentials import Credentials
from bookbridge.companies.errors import LinkRefused, ValidationProblem
from bookbridge.companies.link_attempts import Attempt, Step
from bookbridge.companies.link_codes import CodeVerdict, LinkCodes
from bookbridge.companies.link_steps import Begun, Choose, CompanyPage, Confirm, Ended, StartPage, ended
from bookbridge.companies.linking import Linking, OnLinked
from bookbridge.companies.sessions import Sessions, connector_of
from bookbridge.companies.supplied_credentials import SuppliedCredentials
from bookbridge.companies.vault import Vault
from bookbridge.companies.vendor_apps import VendorApps
from bookbridge.companies.views import Views
from bookbridge.connectors import registry
from bookbridge.connectors.integrations import integration
from bookbridge.connectors.kit.auth import CONNECTION_FACT, CredentialForm, OAuth2
from bookbridge.connectors.kit.errors import VendorError
from bookbridge.connectors.kit.session import Organisation
from bookbridge.store.pool import Db

FACT_LENGTH_MAX = 200
CALLBACK_PATH = "/link/callback"
CODE_LENGTH_MAX = 4_096
FORM_PATH = "/link/attempts/{attempt_id}/form"


class Link:
    """The flow, for one process. `on_linked` runs inside the transaction that makes a connection Linked."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        vault: Vault,
        http: httpx2.AsyncClient,
        *,
        views: Views,
        codes: LinkCodes,
        apps: VendorApps,
        sessions: Sessions,
        on_linked: OnLinked,
    ) -> None:
        self._pool = pool
        self._vault = vault
        self._http = http
        self._views = views
        self._codes = codes
        self._apps = apps
        self._linking = Linking(vault, views, sessions, on_linked)
        self.supplied = SuppliedCredentials(pool, http, codes=codes, apps=apps, linking=self._linking)
        """The ways that lead round the vendor's consent page and our choice of organisations."""

    @property
    def redirect_uri(self) -> str:
        """The one callback address of this installation, to be registered with each vendor."""
        return self._views.base_url + CALLBACK_PATH

    async def page(self, company_id: UUID, connection_id: UUID, code: str) -> StartPage:
        """The page of a connection's link URL. Does not use up the code. Raises LinkRefused,
        ConnectionNotFound."""
        async with self._pool.acquire() as db:
            async with db.transaction():
                verdict = await link_access.present(db, self._codes, company_id, connection_id, code, use=False)
            if verdict is not CodeVerdict.GOOD:
                raise link_access.refusal(verdict)
            return await self.trusted_page(db, await connections.get(db, company_id, connection_id))

    async def trusted_page(self, db: Db, connection: Connection) -> StartPage:
        """Like `page`, for a caller who has proved otherwise that it may link this connection."""
        company = await companies.get(db, connection.company_id)
        known = integration(connection.integration_key)
        usable = self._apps.has(connection.integration_key)
        return StartPage(
            company_name=company.name,
            connection=connection,
            platform_name=known.name if known else connection.integration_key,
            connector=registry.connector(connection.integration_key) if usable else None,
        )

    async def company_page(self, company_id: UUID, code: str) -> CompanyPage:
        """The page of a company's link URL. Does not use up the code. Raises LinkRefused, CompanyNotFound."""
        async with self._pool.acquire() as db:
            async with db.transaction():
                verdict = await link_access.present(db, self._codes, company_id, None, code, use=False)
            if verdict is not CodeVerdict.GOOD:
                raise link_access.refusal(verdict)
            found = await connections.of_companies(db, [company_id])
            company = await companies.get(db, company_id)
            return CompanyPage(company=company, connections=tuple(found.get(company_id, ())))

    async def begin(
        self,
        company_id: UUID,
        connection_id: UUID,
        code: str,
        parameters: Mapping[str, str],
        browser_secret: str | None = None,
    ) -> Begun | Ended:
        """Use up a connection's code and set out for the vendor. `parameters` come from `custom_parameters`,
        `browser_secret` from the browser's cookie if it has one. Raises LinkRefused, ConnectionNotFound."""
        async with self._pool.acquire() as db, db.transaction():
            verdict = await link_access.present(db, self._codes, company_id, connection_id, code, use=True)
            if verdict is CodeVerdict.GOOD:
                connection = await connections.get(db, company_id, connection_id)
                return await self.begin_trusted(db, connection, parameters, browser_secret)
        raise link_access.refusal(verdict)

    async def pick(
        self,
        company_id: UUID,
        code: str,
        integration_key: str,
        parameters: Mapping[str, str],
        browser_secret: str | None = None,
    ) -> Begun | Ended:
        """Use up a company's code and set out for the picked platform, over its unfinished connection if there
        is one, else over a new one. Raises LinkRefused, CompanyNotFound, ValidationProblem, Conflict."""
        async with self._pool.acquire() as db, db.transaction():
            verdict = await link_access.present(db, self._codes, company_id, None, code, use=True)
            if verdict is CodeVerdict.GOOD:
                connection = await self.resume_or_create(db, company_id, integration_key)
                return await self.begin_trusted(db, connection, parameters, browser_secret)
        raise link_access.refusal(verdict)

    async def resume_or_create(self, db: Db, company_id: UUID, integration_key: str) -> Connection:
        """The company's connection on the platform that is not Linked, else a new one. Raises CompanyNotFound,
        ValidationProblem, Conflict."""
        for connection in (await connections.of_companies(db, [company_id])).get(company_id, ()):
            if connection.integration_key == integration_key and connection.status is not Status.LINKED:
                return connection
        return await lifecycle.created(db, self._views, company_id, integration_key)

    async def begin_trusted(
        self,
        db: Db,
        connection: Connection,
        parameters: Mapping[str, str],
        browser_secret: str | None = None,
    ) -> Begun | Ended:
        """Set out for the vendor, for a caller who has proved otherwise that it may link this connection.

        Ends at once with 501 when the platform cannot be linked here, or neither through a consent page nor a form.
        """
        vendor = registry.connector(connection.integration_key)
        usable = vendor is not None and isinstance(vendor.auth, OAuth2 | CredentialForm)
        if vendor is None or not usable or not self._apps.has(connection.integration_key):
            return await ended(db, self._views, None, parameters, connection, "501", "")
        auth = vendor.auth
        verifier = oauth.new_verifier() if isinstance(auth, OAuth2) and auth.pkce else None
        opened = await link_attempts.begin(
            db,
            self._vault,
            connection.company_id,
            connection.id,
            verifier=verifier,
            parameters=parameters,
            browser_secret=browser_secret,
        )
        await lifecycle.started(db, connection)
        if isinstance(auth, OAuth2):
            url = oauth.authorize_url(
                auth,
                self._apps.of(vendor),
                redirect_uri=self.redirect_uri,
                state=opened.state,
                verifier=verifier,
            )
        else:
            url = self._views.base_url + FORM_PATH.format(attempt_id=opened.id)
        return Begun(attempt_id=opened.id, authorize_url=url, browser_secret=opened.browser_secret)

    async def again(self, attempt_id: UUID, browser_secret: str) -> Begun | Ended:
        """Begin anew after an attempt of the same browser that did not succeed. Raises LinkRefused."""
        async with self._pool.acquire() as db, db.transaction():
            attempt = await link_attempts.find(db, self._vault, attempt_id, browser_secret)
            if attempt.step is Step.FINISHED:
                raise LinkRefused("This connection is already linked.")
            await link_attempts.end(db, attempt, Step.CANCELLED)
            connection = await connections.get(db, attempt.company_id, attempt.connection_id)
            return await self.begin_trusted(db, connection, attempt.parameters, browser_secret)

    async def callback(self, query: Mapping[str, str], browser_secret: str) -> Choose | Confirm | Ended:
        """The browser is back from the vendor with this query. Raises LinkRefused when the state is unknown, used,
        expired, or another browser's."""
        async with self._pool.acquire() as db, db.transaction():
            attempt = await link_attempts.take(db, self._vault, query.get("state", ""), browser_secret)
            connection = await connections.get(db, attempt.company_id, attempt.connection_id)
        if query.get("error") == "access_denied":
            return await self._cancelled(attempt, connection)
        code = query.get("code", "")
        if query.get("error") or not 0 < len(code) <= CODE_LENGTH_MAX:
            text = query.get("error_description") or query.get("error") or "The vendor sent no code."
            return await self._failed(attempt, connection, text)
        try:
            vendor = connector_of(connection)
            if not isinstance(vendor.auth, OAuth2):
                return await self._failed(attempt, connection, "This platform has no consent page.")
            issued = await oauth.exchange(
                self._http,
                vendor.auth,
                self._apps.of(vendor),
                code=code,
                redirect_uri=self.redirect_uri,
                verifier=attempt.verifier,
            )
        except VendorError as error:
            return await self._failed(attempt, connection, error.message)
        told = {name: query[name][:FACT_LENGTH_MAX] for name in vendor.auth.callback_facts if name in query}
        return await self._reached(attempt, connection, issued.grant, issued.expires, told)

    async def form(self, attempt_id: UUID, browser_secret: str) -> StartPage:
        """The page with an attempt's credentials form. Raises LinkRefused."""
        async with self._pool.acquire() as db, db.transaction():
            attempt = await self._unfilled(db, attempt_id, browser_secret)
            return await self.trusted_page(db, await connections.get(db, attempt.company_id, attempt.connection_id))

    async def hand_in(
        self, attempt_id: UUID, browser_secret: str, values: Mapping[str, str]
    ) -> Choose | Confirm | Ended:
        """The person has filled in an attempt's credentials form. Raises LinkRefused, and ValidationProblem for values
        that the form does not take, after which it can be handed in again."""
        async with self._pool.acquire() as db, db.transaction():
            attempt = await self._unfilled(db, attempt_id, browser_secret)
            connection = await connections.get(db, attempt.company_id, attempt.connection_id)
        vendor = registry.connector(connection.integration_key)
        if vendor is None:
            return await self._failed(attempt, connection, "This platform cannot be reached by this installation.")
        held = credentials.Keys(checked_form(vendor, values))
        return await self._reached(attempt, connection, held, None, {CONNECTION_FACT: str(connection.id)})

    async def _unfilled(self, db: Db, attempt_id: UUID, browser_secret: str) -> Attempt:
        attempt = await link_attempts.find(db, self._vault, attempt_id, browser_secret)
        if attempt.step is not Step.STARTED:
            raise LinkRefused("This attempt to connect is over. Please start again.")
        return attempt

    async def _reached(
        self,
        attempt: Attempt,
        connection: Connection,
        held: Credentials,
        expires: datetime | None,
        told: Mapping[str, str],
    ) -> Choose | Confirm | Ended:
        """Fresh credentials are at hand: one organisation is linked, among several the person chooses."""
        try:
            organisations = await self._linking.organisations(connection, held, told)
        except VendorError as error:
            return await self._failed(attempt, connection, error.message)
        if not organisations:
            return await self._failed(attempt, connection, "No organisation was made accessible.")
        if len(organisations) == 1:
            return await self._finish(attempt, connection, held, expires, organisations[0], False)
        async with self._pool.acquire() as db, db.transaction():
            await link_attempts.hold(db, self._vault, attempt, held, expires, organisations)
        return Choose(attempt_id=attempt.id, connection=connection, organisations=tuple(organisations))

    async def choose(
        self, attempt_id: UUID, browser_secret: str, organisation_id: str, *, confirmed: bool = False
    ) -> Choose | Confirm | Ended:
        """The person has chosen an organisation, or confirmed that it may differ from the earlier one.
        Raises LinkRefused, ValidationProblem for an organisation that was not on offer."""
        async with self._pool.acquire() as db, db.transaction():
            attempt = await link_attempts.find(db, self._vault, attempt_id, browser_secret)
            connection = await connections.get(db, attempt.company_id, attempt.connection_id)
        if attempt.step is not Step.AUTHORISED or attempt.held is None:
            raise LinkRefused("This attempt to connect is over. Please start again.")
        for organisation in attempt.organisations:
            if organisation.id == organisation_id:
                held = attempt.held
                return await self._finish(attempt, connection, held.credentials, held.expires, organisation, confirmed)
        raise ValidationProblem("That organisation is not among those that were made accessible.")

    async def cancel(self, attempt_id: UUID, browser_secret: str) -> Ended:
        """The person gave up on one of our pages. Raises LinkRefused."""
        async with self._pool.acquire() as db, db.transaction():
            attempt = await link_attempts.find(db, self._vault, attempt_id, browser_secret)
            connection = await connections.get(db, attempt.company_id, attempt.connection_id)
        if attempt.step in {Step.FINISHED, Step.CANCELLED, Step.FAILED}:
            raise LinkRefused("This attempt to connect is over.")
        return await self._cancelled(attempt, connection)

    async def _finish(
        self,
        attempt: Attempt,
        connection: Connection,
        held: Credentials,
        expires: datetime | None,
        chosen: Organisation,
        confirmed: bool,
    ) -> Confirm | Ended:
        try:
            organisation = await self._linking.identified(connection, held, chosen)
        except VendorError as error:
            return await self._failed(attempt, connection, error.message)
        if not confirmed and connection.organisation_id not in {None, organisation.id}:
            async with self._pool.acquire() as db, db.transaction():
                await link_attempts.hold(db, self._vault, attempt, held, expires, [chosen])
            return Confirm(
                attempt_id=attempt.id,
                connection=connection,
                organisation=organisation,
                earlier_name=connection.organisation_name or "",
            )
        async with self._pool.acquire() as db, db.transaction():
            after = await self._linking.store(db, connection, held, expires, organisation, start=True)
            await link_attempts.end(db, attempt, Step.FINISHED)
            return await ended(db, self._views, attempt.id, attempt.parameters, after, "200", "")

    async def _cancelled(self, attempt: Attempt, connection: Connection) -> Ended:
        code, text, message = lifecycle.CANCELLED
        async with self._pool.acquire() as db, db.transaction():
            await link_attempts.end(db, attempt, Step.CANCELLED)
            after = await lifecycle.failed(
                db, self._views, connection, status_code=code, status_text=text, error_message=message
            )
            return await ended(db, self._views, attempt.id, attempt.parameters, after, code, text)

    async def _failed(self, attempt: Attempt, connection: Connection, text: str) -> Ended:
        async with self._pool.acquire() as db, db.transaction():
            await link_attempts.end(db, attempt, Step.FAILED)
            after = await self._linking.failed(db, connection, text)
            return await ended(db, self._views, attempt.id, attempt.parameters, after, "500", text)
