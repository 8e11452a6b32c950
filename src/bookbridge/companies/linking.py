"""Making a connection Linked once credentials are at hand, and noting that it could not be.

How the credentials came, from a consent page, a form or the application itself, is the business of others. It must
not move an attempt on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bookbridge.companies import connections, credentials, deletion, lifecycle
from bookbridge.companies.connections import Connection
from bookbridge.companies.credentials import Credentials
from bookbridge.companies.redirects import ERROR_MESSAGES
from bookbridge.companies.sessions import Sessions, connector_of
from bookbridge.companies.tokens import FreshAuthorizer
from bookbridge.companies.vault import Vault
from bookbridge.companies.views import Views
from bookbridge.connectors.kit.session import Organisation
from bookbridge.store.pool import Db

OnLinked = Callable[[Db, Connection, bool], Awaitable[None]]
"""(transaction, the Linked connection, is this its first link or another organisation) → starts the first read."""


@dataclass(frozen=True)
class Linking:
    """Links connections, for one process. `on_linked` runs inside the transaction that makes a connection Linked."""

    vault: Vault
    views: Views
    sessions: Sessions
    on_linked: OnLinked

    async def organisations(
        self, connection: Connection, held: Credentials, told: Mapping[str, str]
    ) -> list[Organisation]:
        """What the credentials open; `told` are facts that came with them. Raises any VendorError."""
        access = self.sessions.access(connection, FreshAuthorizer(held), told, None)
        return await connector_of(connection).organisations(access)

    async def identified(self, connection: Connection, held: Credentials, organisation: Organisation) -> Organisation:
        """The organisation with what its ledger says of itself. Raises any VendorError."""
        access = self.sessions.access(connection, FreshAuthorizer(held), organisation.facts, organisation.id)
        return await connector_of(connection).identify(access)

    async def store(
        self,
        db: Db,
        connection: Connection,
        held: Credentials,
        expires: datetime | None,
        organisation: Organisation,
        *,
        start: bool,
    ) -> Connection:
        """Credentials, status, webhook and (with `start`) first read: all or nothing, in the caller's transaction."""
        before = await connections.lock(db, connection.company_id, connection.id)
        another = before.organisation_id not in {None, organisation.id}
        if another:
            # Records of two organisations must never stand side by side under one connection.
            await deletion.forget_records(db, before.company_id, before.id)
        await credentials.store(db, self.vault, before.company_id, before.id, held, expires)
        after = await lifecycle.linked(
            db,
            self.views,
            before,
            organisation_id=organisation.id,
            organisation_name=organisation.name,
            facts=organisation.facts,
        )
        if start:
            await self.on_linked(db, after, another or before.linked_first is None)
        return after

    async def failed(self, db: Db, connection: Connection, text: str) -> Connection:
        """Note why the connection could not be linked, in the vendor's or our own words."""
        clean = text.replace("\x00", "")[: lifecycle.TEXT_LENGTH_MAX]
        return await lifecycle.failed(
            db,
            self.views,
            connection,
            status_code="500",
            status_text=clean,
            error_message=ERROR_MESSAGES["500"],
        )
