"""Sends what is due to a consumer, by the schedule, and records how it went.

The handler of one consumer never waits for another consumer. It is at-least-once: an attempt whose outcome
could not be saved is made again, with the same `webhook-id`. No database connection is held while a receiver
is spoken to.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
import httpx2
import structlog
from prometheus_client import Counter

from bookbridge.store.pool import Db
from bookbridge.webhooks.consumers import Open, secret_context
from bookbridge.webhooks.sending import ATTEMPT_TIMEOUT_S, Outcome, Resolve, Sender
from bookbridge.webhooks.signing import signed_headers

log = structlog.get_logger(__name__)

ATTEMPT_WAITS_S: Final = (0.0, 5.0, 300.0, 1_800.0, 7_200.0, 18_000.0, 36_000.0, 36_000.0)
"""The wait before each attempt, counted from the failure of the one before."""

DISABLED_AFTER_S: Final = 5 * 86_400.0
"""A consumer is disabled when everything failed for this long."""

FAILURE_GAP_MAX_S: Final = 86_400.0
"""Failures further apart than this do not count as one outage: nothing shows that it lasted in between.
Longer than
the longest wait of the schedule."""

DISABLED_WHY: Final = "Every attempt failed for five days."

SLICE_S: Final = 5.0
"""After this long the handler makes room for others, and asks to be run again. With one attempt on top it is still
within the time that a stopping worker grants."""

WIDTH_MAX: Final = 16
"""Attempts at a time for a consumer that is slow or failing. A quick one gets one at a time, hence in order.
"""

QUICK_S: Final = 1.0
ATTEMPTS_KEPT_MAX: Final = 20
ERROR_LENGTH_MAX: Final = 300

Clock = Callable[[], datetime]

ATTEMPTS = Counter("bookbridge_webhook_attempts", "Webhook delivery attempts by outcome.", ["outcome"])


@dataclass(frozen=True)
class DeliverySettings:
    """What an installation may choose. `private_addresses_allowed` also allows addresses of the machine
    itself:
    for development, or where every person who may create consumers is trusted with the network."""

    private_addresses_allowed: bool = False
    attempt_waits_s: tuple[float, ...] = ATTEMPT_WAITS_S
    attempt_timeout_s: float = ATTEMPT_TIMEOUT_S
    slice_s: float = SLICE_S


@dataclass(frozen=True)
class _Consumer:
    id: UUID
    url: str
    secret: str
    failing: bool


@dataclass(frozen=True)
class _Due:
    """A delivery that is due. `attempt_count` is the fence: saving is refused if it has changed since."""

    message_id: UUID
    event_type: str
    body: str
    attempt_count: int


class Deliverer:
    """The handler of `webhooks.deliver`."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        *,
        open_: Open,
        settings: DeliverySettings | None = None,
        clock: Clock | None = None,
        tls: ssl.SSLContext | None = None,
        resolver: Resolve | None = None,
    ) -> None:
        """`open_` opens the consumers' sealed secrets. `clock` tells the time of attempts and of the
        schedule.
        """
        self._pool = pool
        self._open = open_
        self._settings = settings or DeliverySettings()
        self._clock = clock or _utc_now
        self._tls = tls or httpx2.create_ssl_context()
        self._resolver = resolver

    async def __call__(self, key: str) -> float | None:
        """Send what is due to the consumer with the id `key`, for at most about `slice_s`.

        Returns the seconds until the next attempt is due, None if nothing is left to do.
        """
        consumer_id = UUID(key)
        consumer = await self._consumer(consumer_id)
        if consumer is None:
            return None
        async with Sender(
            consumer.url,
            tls=self._tls,
            private_addresses_allowed=self._settings.private_addresses_allowed,
            timeout_s=self._settings.attempt_timeout_s,
            resolver=self._resolver,
        ) as sender:
            await self._work_off(consumer, sender)
        return await self._next_due_s(consumer_id)

    async def _work_off(self, consumer: _Consumer, sender: Sender) -> None:
        ends = time.monotonic() + self._settings.slice_s
        width = WIDTH_MAX if consumer.failing else 1
        while time.monotonic() < ends:
            due = await self._due(consumer.id, width)
            if not due:
                return
            started = time.monotonic()
            async with asyncio.TaskGroup() as group:
                attempts = [group.create_task(self._attempt(consumer, sender, delivery)) for delivery in due]
            quick = time.monotonic() - started < QUICK_S
            width = 1 if quick and all(attempt.result().successful for attempt in attempts) else WIDTH_MAX

    async def _attempt(self, consumer: _Consumer, sender: Sender, due: _Due) -> Outcome:
        started = self._clock()
        headers = signed_headers(consumer.secret, due.message_id, started, due.body)
        outcome = await sender.post(due.body.encode(), headers)
        await self._save(consumer.id, due, started, outcome)
        ATTEMPTS.labels("success" if outcome.successful else "failure").inc()
        log.info(
            "webhook_attempt",
            consumer_id=str(consumer.id),
            message_id=str(due.message_id),
            event_type=due.event_type,
            attempt=due.attempt_count + 1,
            status_code=outcome.status_code,
            error=outcome.error,
            duration_ms=outcome.duration_ms,
        )
        return outcome

    async def _consumer(self, consumer_id: UUID) -> _Consumer | None:
        row = await self._pool.fetchrow(
            """select url, secret, failing_since is not null as failing from webhook_consumers
               where id = $1 and not disabled""",
            consumer_id,
        )
        if row is None:
            return None
        secret = self._open(row["secret"], secret_context(consumer_id)).decode()
        return _Consumer(consumer_id, row["url"], secret, row["failing"])

    async def _due(self, consumer_id: UUID, limit: int) -> list[_Due]:
        # Asked again in every round: a consumer that was deleted or disabled meanwhile gets nothing more.
        rows = await self._pool.fetch(
            """select delivery.message_id, message.event_type, message.body, delivery.attempt_count
               from webhook_deliveries delivery
               join webhook_messages message on message.id = delivery.message_id
               join webhook_consumers consumer on consumer.id = delivery.consumer_id
               where delivery.consumer_id = $1 and delivery.next_attempt <= $2 and not consumer.disabled
               order by delivery.next_attempt, message.created limit $3""",
            consumer_id,
            self._clock(),
            limit,
        )
        return [_Due(**dict(row)) for row in rows]

    async def _next_due_s(self, consumer_id: UUID) -> float | None:
        moment = await self._pool.fetchval(
            """select min(delivery.next_attempt) from webhook_deliveries delivery
               join webhook_consumers consumer on consumer.id = delivery.consumer_id
               where delivery.consumer_id = $1 and delivery.next_attempt is not null
                 and not consumer.disabled""",
            consumer_id,
        )
        return None if moment is None else max(0.0, (moment - self._clock()).total_seconds())

    async def _save(self, consumer_id: UUID, due: _Due, started: datetime, outcome: Outcome) -> None:
        ended = self._clock()
        async with self._pool.acquire() as db, db.transaction():
            # The consumer first, as its deletion does, so that the two cannot wait for each other.
            consumer = await db.fetchrow(
                "select failing_since, last_failure from webhook_consumers where id = $1 for no key update",
                consumer_id,
            )
            if consumer is None or not await self._advance(db, consumer_id, due, ended, outcome):
                return
            await _keep_attempt(db, consumer_id, due, started, outcome)
            if outcome.successful:
                await _note_success(db, consumer_id, consumer["failing_since"])
            else:
                await _note_failure(db, consumer_id, consumer["failing_since"], consumer["last_failure"], ended)

    async def _advance(self, db: Db, consumer_id: UUID, due: _Due, ended: datetime, outcome: Outcome) -> bool:
        """Move the delivery on in its schedule. False: it is gone, or another run has saved this attempt."""
        step = await db.fetchval(
            """select step from webhook_deliveries
               where consumer_id = $1 and message_id = $2 and attempt_count = $3 and next_attempt is not null
               for update""",
            consumer_id,
            due.message_id,
            due.attempt_count,
        )
        if step is None:
            return False
        waits_s = self._settings.attempt_waits_s
        next_attempt: datetime | None = None
        if outcome.successful:
            status = "Success"
        elif step + 1 < len(waits_s):
            status, next_attempt = "Attempting", ended + timedelta(seconds=waits_s[step + 1])
        else:
            status = "Failure"
        await db.execute(
            """update webhook_deliveries
               set status = $3, attempt_count = attempt_count + 1, step = step + 1, next_attempt = $4,
                   completed = $5
               where consumer_id = $1 and message_id = $2""",
            consumer_id,
            due.message_id,
            status,
            next_attempt,
            ended if next_attempt is None else None,
        )
        return True


async def _keep_attempt(db: Db, consumer_id: UUID, due: _Due, started: datetime, outcome: Outcome) -> None:
    number = due.attempt_count + 1
    await db.execute(
        """insert into webhook_attempts
           (consumer_id, message_id, attempt, started, duration_ms, status_code, error)
           values ($1, $2, $3, $4, $5, $6, $7)""",
        consumer_id,
        due.message_id,
        number,
        started,
        outcome.duration_ms,
        outcome.status_code,
        outcome.error and outcome.error[:ERROR_LENGTH_MAX],
    )
    if number > ATTEMPTS_KEPT_MAX:
        await db.execute(
            "delete from webhook_attempts where consumer_id = $1 and message_id = $2 and attempt <= $3",
            consumer_id,
            due.message_id,
            number - ATTEMPTS_KEPT_MAX,
        )


async def _note_success(db: Db, consumer_id: UUID, failing_since: datetime | None) -> None:
    if failing_since is not None:
        await db.execute(
            "update webhook_consumers set failing_since = null, last_failure = null where id = $1",
            consumer_id,
        )


async def _note_failure(
    db: Db,
    consumer_id: UUID,
    failing_since: datetime | None,
    last_failure: datetime | None,
    now: datetime,
) -> None:
    if failing_since is None or last_failure is None or now - last_failure > timedelta(seconds=FAILURE_GAP_MAX_S):
        failing_since = now
    disabled = now - failing_since >= timedelta(seconds=DISABLED_AFTER_S)
    await db.execute(
        """update webhook_consumers
           set failing_since = $2, last_failure = $3, disabled = disabled or $4,
               disabled_why = case when $4 and not disabled then $5 else disabled_why end
           where id = $1""",
        consumer_id,
        failing_since,
        now,
        disabled,
        DISABLED_WHY,
    )
    if disabled:
        log.warning("webhook_consumer_disabled", consumer_id=str(consumer_id), why=DISABLED_WHY)


def _utc_now() -> datetime:
    return datetime.now(UTC)
