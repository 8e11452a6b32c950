"""Sending again what was kept: one message, everything that failed, everything that was missed.

It only puts deliveries back into the schedule; `delivery` sends them. New messages do not wait for what is
replayed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from bookbridge.store.pool import Db
from bookbridge.webhooks.consumers import ConsumerNotFound, get
from bookbridge.webhooks.doorbell import wake

REPLAY_MAX: Final = 10_000
"""Messages put back by one call; call again for more."""

REPLAY_SPACING_S: Final = 0.05
"""Between two messages of a bulk replay, so that a receiver that has just recovered is not flooded."""


class MessageNotFound(LookupError):
    """No message has this id, or it is older than messages are kept."""


async def resend(db: Db, consumer_id: UUID, message_id: UUID) -> None:
    """Send one message to the consumer, with a whole new schedule of attempts, whatever became of it before
    and whether or not the consumer subscribes to it. Raises ConsumerNotFound, MessageNotFound.
    """
    if not await db.fetchval("select true from webhook_consumers where id = $1 for key share", consumer_id):
        raise ConsumerNotFound(str(consumer_id))
    if not await db.fetchval("select true from webhook_messages where id = $1 for key share", message_id):
        raise MessageNotFound(str(message_id))
    await db.execute(
        """insert into webhook_deliveries as delivery (consumer_id, message_id, status, next_attempt)
           values ($1, $2, 'Sending', $3)
           on conflict (consumer_id, message_id) do update
           set status = case when delivery.attempt_count = 0 then 'Sending' else 'Attempting' end,
               step = 0, next_attempt = excluded.next_attempt, completed = null""",
        consumer_id,
        message_id,
        datetime.now(UTC),
    )
    await wake(db, consumer_id)


async def recover_failed(db: Db, consumer_id: UUID, *, since: datetime) -> int:
    """Start a new schedule for the consumer's messages of `since` (aware) or later that failed for good.

    Oldest first, spaced out. Returns how many, at most REPLAY_MAX. Raises ConsumerNotFound.
    """
    await get(db, consumer_id)
    rows = await db.fetch(
        """update webhook_deliveries delivery
           set status = 'Attempting', step = 0, next_attempt = $3::timestamptz + failed.place * $4::interval,
               completed = null
           from (select message_id, row_number() over (order by created, message_id) - 1 as place
                 from (select d.message_id, m.created from webhook_deliveries d
                       join webhook_messages m on m.id = d.message_id
                       where d.consumer_id = $1 and d.status = 'Failure' and m.created >= $2
                       order by m.created, d.message_id limit $5 for update of d) oldest) failed
           where delivery.consumer_id = $1 and delivery.message_id = failed.message_id
           returning delivery.message_id""",
        consumer_id,
        since,
        datetime.now(UTC),
        timedelta(seconds=REPLAY_SPACING_S),
        REPLAY_MAX,
    )
    if rows:
        await wake(db, consumer_id)
    return len(rows)


async def replay_missing(db: Db, consumer_id: UUID, *, since: datetime) -> int:
    """Send the consumer the messages of `since` (aware) or later that it never was to get but matches now:
    those of before it existed or subscribed, or while it was disabled.

    Oldest first, spaced out. Returns how many, at most REPLAY_MAX. Raises ConsumerNotFound.
    """
    await get(db, consumer_id)
    rows = await db.fetch(
        """insert into webhook_deliveries (consumer_id, message_id, status, next_attempt)
           select $1, id, 'Sending', $3::timestamptz + (row_number() over (order by created, id) - 1) * $4::interval
           from (select message.id, message.created
                 from webhook_messages message
                 join (select event_types, company_tags from webhook_consumers
                       where id = $1 for key share) consumer
                   on message.event_type = any (consumer.event_types)
                  and (consumer.company_tags is null or consumer.company_tags && message.company_tags)
                 where message.created >= $2 and not message.is_example
                   and not exists (select from webhook_deliveries delivery
                                   where delivery.consumer_id = $1 and delivery.message_id = message.id)
                 order by message.created, message.id limit $5) missing
           on conflict do nothing returning message_id""",
        consumer_id,
        since,
        datetime.now(UTC),
        timedelta(seconds=REPLAY_SPACING_S),
        REPLAY_MAX,
    )
    if rows:
        await wake(db, consumer_id)
    return len(rows)
