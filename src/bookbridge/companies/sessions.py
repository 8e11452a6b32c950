"""Opens a connector's session on a connection: credentials, call budget and facts in one place.

The only way by which the rooms above reach a vendor. It fetches no record and starts no work.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx2

from bookbridge.companies.connections import Connection, Status
from bookbridge.companies.credentials import Sealed
from bookbridge.companies.tokens import Tokens
from bookbridge.companies.vendor_apps import VendorApps
from bookbridge.connectors import registry
from bookbridge.connectors.kit.auth import OAuth2
from bookbridge.connectors.kit.connector import Connector, Facts
from bookbridge.connectors.kit.errors import NeedsRelink, NotSupported, RateLimited
from bookbridge.connectors.kit.session import Access, Authorizer, Session, VendorApp
from bookbridge.jobs.budgets import BudgetExhausted, CallBudget, CallLimit

BUDGET_WAIT_MAX_S = 10.0
"""A call waits this long for its turn before it is RateLimited: longer waits belong to the job, which then frees
its worker."""


class Sessions:
    """Opens sessions for one process."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        apps: VendorApps,
        tokens: Tokens,
        call_budget: CallBudget,
    ) -> None:
        self._http = http
        self._apps = apps
        self._tokens = tokens
        self._call_budget = call_budget

    @asynccontextmanager
    async def open(
        self,
        connection: Connection,
        just_read: Sealed | None = None,
        *,
        budget_wait_max_s: float = BUDGET_WAIT_MAX_S,
        dry_run: bool = False,
    ) -> AsyncIterator[Session]:
        """A session on a linked connection, for a bounded piece of work. Its credentials need not be asked for if they
        were `just_read` with it. In a dry run it writes nothing: what would raises WouldSend.

        Raises NeedsRelink unless it is Linked, NotSupported without a connector, VendorUnavailable without
        our registration at the vendor. What is done with the session may raise any VendorError.
        """
        if connection.status is not Status.LINKED:
            raise NeedsRelink(f"The connection is {connection.status.value}; it must be linked first.")
        vendor = connector_of(connection)
        auth = vendor.auth if isinstance(vendor.auth, OAuth2) else None
        authorizer = self._tokens.authorizer(connection, auth, just_read)
        access = self.access(
            connection,
            authorizer,
            connection.facts,
            connection.organisation_id,
            budget_wait_max_s=budget_wait_max_s,
        )
        yield vendor.open(replace(access, dry_run=dry_run))

    def access(
        self,
        connection: Connection,
        authorizer: Authorizer,
        facts: Facts,
        organisation_id: str | None,
        *,
        budget_wait_max_s: float = BUDGET_WAIT_MAX_S,
    ) -> Access:
        """The ingredients of a session with a given authorizer; used while a connection is being linked.

        Calls are counted against the organisation, whichever connection makes them; before it is known,
        against the connection. Raises NotSupported, VendorUnavailable like `open`.
        """
        vendor = connector_of(connection)
        app = self._apps.of(vendor)
        budget = OrganisationBudget(
            self._call_budget,
            key=f"{vendor.key}:{app.client_id}:{organisation_id or connection.id}",
            limits=call_limits(vendor, app),
            in_flight_max=in_flight_max(vendor, app),
            wait_max_s=budget_wait_max_s,
        )
        return Access(http=self._http, app=app, authorizer=authorizer, budget=budget, facts=facts)


@dataclass(frozen=True)
class OrganisationBudget:
    """The kit's Budget over the budgets that all processes share."""

    _budget: CallBudget
    key: str
    limits: tuple[CallLimit, ...]
    in_flight_max: int | None
    wait_max_s: float

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[None]:
        """See Budget. With every limit lifted there is nothing to keep."""
        if not self.limits and self.in_flight_max is None:
            yield
            return
        try:
            async with self._budget.call(self.key, self.limits, self.in_flight_max, self.wait_max_s):
                yield
        except BudgetExhausted as error:
            raise RateLimited(error.retry_after_s, "This organisation's budget of calls is used up.") from error

    async def block(self, retry_after_s: float) -> None:
        """See Budget."""
        await self._budget.block(self.key, retry_after_s)

    async def observe(self, window_s: int, remaining: int) -> None:
        """See Budget. A window that is not among the limits is of no concern."""
        for limit in self.limits:
            if limit.window_s == window_s:
                await self._budget.observe(self.key, limit, remaining)


def call_limits(vendor: Connector, app: VendorApp) -> tuple[CallLimit, ...]:
    """The vendor's limits. An installation may have others by its plan: its option `calls_per_<window>_s` says how many
    calls a window of that many seconds takes; 0 lifts the limit, for servers that have none."""
    limits = []
    for limit in vendor.limits.calls:
        calls = int(app.options.get(f"calls_per_{limit.window_s}_s", limit.calls))
        if calls > 0:
            limits.append(CallLimit(calls, limit.window_s))
    return tuple(limits)


def in_flight_max(vendor: Connector, app: VendorApp) -> int | None:
    """How many calls may be under way at once; the option `in_flight_max` says otherwise, and 0 lifts the limit."""
    given = app.options.get("in_flight_max")
    return vendor.limits.in_flight_max if given is None else int(given) or None


def connector_of(connection: Connection) -> Connector:
    """The connector of the connection's platform. Raises NotSupported when there is none."""
    found = registry.connector(connection.integration_key)
    if found is None:
        raise NotSupported("This platform cannot be reached by this installation yet.")
    return found
