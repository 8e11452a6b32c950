"""Keeps access tokens fresh. A refresh is a write that must not be lost, nor made twice.

One refresher per connection, over all processes:

1. Callers in one process share one flight.
2. Before the first byte leaves, a claim is committed: a higher fence, and a lease longer than the vendor is given
   to answer. Whoever finds a claim waits (holding no database connection), or goes on with the token it has
   while that is still good.
3. The result is saved only under the same fence, beside the grant that was used for it. That one is dropped when
   the fresh one has been refreshed in its turn, which proves that we and the vendor agree on it.

A refresher that dies leaves its claim. After the lease the next one presents the stored refresh token again: vendors
that rotate with a grace period answer it as before. If the newest refresh token is refused the one before is tried,
once; if that is refused too, only the customer can help: the connection is deauthorised.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from uuid import UUID

import asyncpg
import httpx2
import stamina
import structlog

from bookbridge.companies import connections, credentials, lifecycle, oauth
from bookbridge.companies.connections import Connection
from bookbridge.companies.credentials import Credentials, Grant, Keys, Sealed, Stored
from bookbridge.companies.errors import ConnectionNotFound
from bookbridge.companies.vault import Vault
from bookbridge.companies.vendor_apps import VendorApps
from bookbridge.companies.views import Views
from bookbridge.connectors.kit.auth import OAuth2
from bookbridge.connectors.kit.errors import NeedsRelink, Uncertain, VendorError, VendorUnavailable
from bookbridge.store.pool import DATABASE_AWAY

log = structlog.get_logger(__name__)

REFRESH_EARLY_S = 60.0
STILL_GOOD_S = 10.0
LEASE_MARGIN_S = 15.0
WAIT_POLL_MIN_S = 0.05
WAIT_POLL_MAX_S = 0.5
SAVE_ATTEMPTS_MAX = 8
RENEWAL_INTERVAL_MIN_S = 60.0


class Tokens:
    """The tokens of all connections, for one process."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        vault: Vault,
        http: httpx2.AsyncClient,
        apps: VendorApps,
        views: Views,
    ) -> None:
        self._pool = pool
        self._vault = vault
        self._http = http
        self._apps = apps
        self._views = views
        self._flights: dict[UUID, asyncio.Task[Credentials]] = {}

    def authorizer(
        self, connection: Connection, auth: OAuth2 | None, just_read: Sealed | None = None
    ) -> StoredAuthorizer:
        """The authorizer of a linked connection; `auth` is None for vendors without OAuth 2. What lies under the
        connection need not be asked for again if it was `just_read`."""
        return StoredAuthorizer(self, connection, auth, self._good_of(connection, auth, just_read))

    def _good_of(self, connection: Connection, auth: OAuth2 | None, sealed: Sealed | None) -> Credentials | None:
        """What was read, if it need not be refreshed."""
        if sealed is None or (auth is not None and _left_s(sealed) <= REFRESH_EARLY_S):
            return None
        return credentials.current_of(sealed, self._vault, connection.id)

    async def current(self, connection: Connection, auth: OAuth2 | None, rejected: str | None = None) -> Credentials:
        """Credentials that are good now, refreshed if need be; never the access token `rejected`, unless the
        vendor gives us nothing newer.

        Raises NeedsRelink (after deauthorising the connection), VendorUnavailable.
        """
        while True:
            flight = self._flights.get(connection.id)
            # One that has landed may still be here until its callbacks run. It has nothing newer to give, and awaiting
            # it would not let them run.
            ours = flight is None or flight.done()
            if flight is None or flight.done():
                flight = asyncio.create_task(self._obtain(connection, auth, rejected))
                self._flights[connection.id] = flight
                flight.add_done_callback(lambda done: self._landed(connection.id, done))
            # Shielded: a caller that gives up must not lose the vendor's answer for everyone.
            found = await asyncio.shield(flight)
            if ours or not (isinstance(found, Grant) and found.access_token == rejected):
                return found

    async def aclose(self) -> None:
        """Wait for refreshes under way, so that none of their answers is lost."""
        await asyncio.gather(*self._flights.values(), return_exceptions=True)

    def _landed(self, connection_id: UUID, flight: asyncio.Task[Credentials]) -> None:
        if self._flights.get(connection_id) is flight:
            del self._flights[connection_id]
        if not flight.cancelled():
            # Looked at, so that a failure that nobody waited for any more is not reported as forgotten.
            flight.exception()

    async def _obtain(self, connection: Connection, auth: OAuth2 | None, rejected: str | None) -> Credentials:
        pause_s = WAIT_POLL_MIN_S
        started = time.monotonic()
        while True:
            stored = await self._load(connection)
            found = stored.current
            if isinstance(found, Keys) or auth is None:
                return found
            if found.access_token != rejected and _left_s(stored) > REFRESH_EARLY_S:
                return found
            if found.refresh_token is None and _still_good(stored, rejected):
                return found
            lease_s = auth.token_timeout_s + LEASE_MARGIN_S
            async with self._pool.acquire() as db:
                fence = await credentials.claim(db, connection.company_id, connection.id, stored.fence, lease_s)
            if fence is not None:
                return await _Refresh(self, connection, auth, stored, fence, rejected).run()
            if _still_good(stored, rejected):
                return found
            if time.monotonic() - started > lease_s + LEASE_MARGIN_S:
                raise VendorUnavailable("The authorisation is being renewed by another process.", retry_after_s=lease_s)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, WAIT_POLL_MAX_S)

    async def _load(self, connection: Connection) -> Stored:
        async with self._pool.acquire() as db:
            stored = await credentials.load(db, self._vault, connection.company_id, connection.id)
        if stored is None:
            raise NeedsRelink("The connection is not linked.")
        return stored


class _Refresh:
    """One refresh, from the committed claim to the saved result."""

    def __init__(
        self,
        tokens: Tokens,
        connection: Connection,
        auth: OAuth2,
        stored: Stored,
        fence: int,
        rejected: str | None,
    ) -> None:
        self._tokens = tokens
        self._connection = connection
        self._auth = auth
        self._stored = stored
        self._fence = fence
        self._rejected = rejected

    async def run(self) -> Credentials:
        current, previous = self._stored.current, self._stored.previous
        try:
            issued = await self._present(current)
            used_previous = False
            if issued is None and previous is not None and await self._extend():
                log.warning("refresh_token_refused_trying_previous", connection_id=str(self._connection.id))
                issued = await self._present(previous)
                used_previous = True
        except Uncertain as error:
            # The vendor may have rotated the token. The claim stays until its lease is over, so that the same
            # token is not presented twice at once.
            return self._good_or(VendorUnavailable(error.message, retry_after_s=LEASE_MARGIN_S))
        except VendorError as error:
            await self._release()
            return self._good_or(error)
        if issued is None:
            return await self._deauthorise()
        return await self._save(issued, used_previous)

    async def _present(self, held: Credentials) -> oauth.Issued | None:
        """Refresh with what is held; None if the vendor refuses it or there is no refresh token."""
        if not isinstance(held, Grant) or held.refresh_token is None:
            return None
        app = self._tokens._apps.of_key(self._connection.integration_key)
        try:
            return await oauth.refresh(self._tokens._http, self._auth, app, held.refresh_token)
        except oauth.GrantRefused:
            return None

    async def _save(self, issued: oauth.Issued, used_previous: bool) -> Credentials:
        # The vendor has answered: a passing fault of the database must not lose the answer.
        saved = False
        async for attempt in stamina.retry_context(
            on=DATABASE_AWAY, attempts=SAVE_ATTEMPTS_MAX, timeout=self._auth.token_timeout_s
        ):
            with attempt:
                async with self._tokens._pool.acquire() as db:
                    saved = await credentials.save(
                        db,
                        self._tokens._vault,
                        self._connection.company_id,
                        self._connection.id,
                        self._fence,
                        fresh=issued.grant,
                        expires=issued.expires,
                        used_previous=used_previous,
                    )
        if saved:
            log.info("token_refreshed", connection_id=str(self._connection.id))
            return issued.grant
        # Linked anew, unlinked, or taken over after our lease: what is stored now is right, ours is not.
        log.warning("token_refresh_fenced_off", connection_id=str(self._connection.id))
        return (await self._tokens._load(self._connection)).current

    async def _deauthorise(self) -> Credentials:
        connection = self._connection
        async with self._tokens._pool.acquire() as db, db.transaction():
            try:
                # As it is now: the credentials that were refused are the stored ones, as the fence shows.
                connection = await connections.lock(db, connection.company_id, connection.id)
            except ConnectionNotFound:
                raise NeedsRelink("The connection was deleted.") from None
            now = await credentials.load(db, self._tokens._vault, connection.company_id, connection.id)
            if now is not None and now.fence != self._fence:
                return now.current
            await lifecycle.deauthorized(
                db, self._tokens._views, connection, reason="The vendor refused to renew the authorisation."
            )
        raise NeedsRelink("The vendor refused to renew the authorisation.")

    async def _extend(self) -> bool:
        lease_s = self._auth.token_timeout_s + LEASE_MARGIN_S
        async with self._tokens._pool.acquire() as db:
            return await credentials.extend(db, self._connection.company_id, self._connection.id, self._fence, lease_s)

    async def _release(self) -> None:
        async with self._tokens._pool.acquire() as db:
            await credentials.release(db, self._connection.company_id, self._connection.id, self._fence)

    def _good_or(self, error: VendorError) -> Credentials:
        """The access token in hand while it lasts; else the error."""
        if _still_good(self._stored, self._rejected):
            return self._stored.current
        raise error


class StoredAuthorizer:
    """The kit's Authorizer over stored credentials, for the length of one session."""

    def __init__(
        self, tokens: Tokens, connection: Connection, auth: OAuth2 | None, held: Credentials | None = None
    ) -> None:
        self._tokens = tokens
        self._connection = connection
        self._auth = auth
        self._held: Credentials | None = None
        self._held_until = 0.0
        self._renewed = float("-inf")
        if held is not None:
            self._hold(held)

    async def headers(self) -> Mapping[str, str]:
        """See Authorizer. Empty for credentials that are not tokens: the vendor's client signs by itself."""
        held = await self._credentials()
        return {"Authorization": f"Bearer {held.access_token}"} if isinstance(held, Grant) else {}

    async def renew(self, rejected: Mapping[str, str]) -> bool:
        """See Authorizer. At most one forced refresh in RENEWAL_INTERVAL_MIN_S: a vendor that refuses a token
        minutes young refuses us, not the token."""
        header = rejected.get("Authorization", "")
        if not header or self._auth is None:
            return False
        refused = header.removeprefix("Bearer ")
        if time.monotonic() - self._renewed < RENEWAL_INTERVAL_MIN_S:
            held = await self._credentials()
            return isinstance(held, Grant) and held.access_token != refused
        self._renewed = time.monotonic()
        held = await self._tokens.current(self._connection, self._auth, rejected=refused)
        self._hold(held)
        return isinstance(held, Grant) and held.access_token != refused

    async def credential(self, name: str) -> str | None:
        """See Authorizer."""
        held = await self._credentials()
        if isinstance(held, Keys):
            return held.values.get(name)
        return held.access_token if name == "access_token" else None

    async def _credentials(self) -> Credentials:
        if self._held is None or time.monotonic() >= self._held_until:
            self._hold(await self._tokens.current(self._connection, self._auth))
        assert self._held is not None
        return self._held

    def _hold(self, held: Credentials) -> None:
        # Short, so that another process's refresh is noticed well before our copy has expired.
        self._held, self._held_until = held, time.monotonic() + REFRESH_EARLY_S / 4


class FreshAuthorizer:
    """The kit's Authorizer over credentials that are not stored yet, while a connection is being linked."""

    def __init__(self, held: Credentials) -> None:
        self._held = held

    async def headers(self) -> Mapping[str, str]:
        """See Authorizer."""
        return {"Authorization": f"Bearer {self._held.access_token}"} if isinstance(self._held, Grant) else {}

    async def renew(self, rejected: Mapping[str, str]) -> bool:
        """Never: a token that was issued a moment ago is not refreshed."""
        return False

    async def credential(self, name: str) -> str | None:
        """See Authorizer."""
        if isinstance(self._held, Keys):
            return self._held.values.get(name)
        return self._held.access_token if name == "access_token" else None


def _left_s(stored: Stored | Sealed) -> float:
    return float("inf") if stored.left_s is None else stored.left_s


def _still_good(stored: Stored, rejected: str | None) -> bool:
    current = stored.current
    return isinstance(current, Grant) and current.access_token != rejected and _left_s(stored) > STILL_GOOD_S
