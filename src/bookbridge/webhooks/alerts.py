"""Sends the alerts of rules: as the older service did, unsigned, with few tries within two minutes.

Only what may pass is tried again: no answer, or one of the statuses RETRIED. Redirects are not followed, since they
would lead past the check of the address.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
import httpx2
import msgspec
import structlog

from bookbridge.webhooks.delivery import DeliverySettings
from bookbridge.webhooks.rules import Alert
from bookbridge.webhooks.sending import Outcome, Sender

log = structlog.get_logger(__name__)

WAITS_S: Final = (0.0, 5.0, 30.0, 60.0)
"""The wait before each try, counted from the failure of the one before."""

RETRIED: Final = frozenset({408, 420, 429, 460, 502, 503, 504, 522, 524})
BATCH: Final = 20
KEPT_S: Final = 14 * 86_400.0
PRUNED_MAX: Final = 10_000
CLIENT_HEADER: Final = "X-Codat-ClientId"


@dataclass(frozen=True)
class Identity:
    """Who sends: what receivers of alerts know the installation by. `authorization` is a secret."""

    client_id: UUID
    client_name: str
    authorization: str | None = field(repr=False)


class AlertSender:
    """The handler of `webhooks.alert`."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        identity: Callable[[], Awaitable[Identity]],
        *,
        settings: DeliverySettings | None = None,
        waits_s: tuple[float, ...] = WAITS_S,
    ) -> None:
        self._pool = pool
        self._identity = identity
        self._settings = settings or DeliverySettings()
        self._waits_s = waits_s
        self._tls = httpx2.create_ssl_context()

    async def __call__(self, key: str) -> float | None:
        """Send what is due to the rule with the id `key`; the seconds until the next try, None if nothing is left."""
        rule_id = UUID(key)
        url = await self._pool.fetchval("select webhook from rules where id = $1", rule_id)
        if url is None:
            return None
        due = await self._pool.fetch(
            """select id, body, attempts from rule_alerts where rule_id = $1 and next_attempt <= $2
            order by next_attempt limit $3""",
            rule_id,
            datetime.now(UTC),
            BATCH,
        )
        if due:
            identity = await self._identity()
            async with Sender(
                url,
                tls=self._tls,
                private_addresses_allowed=self._settings.private_addresses_allowed,
                timeout_s=self._settings.attempt_timeout_s,
            ) as sender:
                for row in due:
                    await self._attempt(sender, identity, rule_id, row)
        return await self._next_due_s(rule_id)

    async def _attempt(self, sender: Sender, identity: Identity, rule_id: UUID, row: asyncpg.Record) -> None:
        alert = msgspec.structs.replace(
            msgspec.json.decode(row["body"], type=Alert),
            client_id=identity.client_id,
            client_name=identity.client_name,
        )
        headers = {CLIENT_HEADER: str(identity.client_id)}
        if identity.authorization:
            headers["authorization"] = identity.authorization
        outcome = await sender.post(msgspec.json.encode(alert), headers)
        status, wait_s = self._after(outcome, row["attempts"] + 1)
        await self._pool.execute(
            """update rule_alerts set status = $4, attempts = attempts + 1, next_attempt = $5
            where rule_id = $1 and id = $2 and attempts = $3""",
            rule_id,
            row["id"],
            row["attempts"],
            status,
            None if wait_s is None else datetime.now(UTC) + timedelta(seconds=wait_s),
        )
        log.info("alert_attempt", rule_id=str(rule_id), status_code=outcome.status_code, error=outcome.error)

    def _after(self, outcome: Outcome, attempts: int) -> tuple[str, float | None]:
        if outcome.successful:
            return "Success", None
        passing = outcome.status_code is None or outcome.status_code in RETRIED
        if passing and attempts < len(self._waits_s):
            return "Attempting", self._waits_s[attempts]
        return "Failure", None

    async def _next_due_s(self, rule_id: UUID) -> float | None:
        moment = await self._pool.fetchval("select min(next_attempt) from rule_alerts where rule_id = $1", rule_id)
        return None if moment is None else max(0.0, (moment - datetime.now(UTC)).total_seconds())


async def prune(pool: asyncpg.Pool) -> None:
    """Forget alerts after KEPT_S, at most PRUNED_MAX at once."""
    await pool.execute(
        """delete from rule_alerts where (rule_id, id) in
        (select rule_id, id from rule_alerts where created < $1 order by created limit $2)""",
        datetime.now(UTC) - timedelta(seconds=KEPT_S),
        PRUNED_MAX,
    )
