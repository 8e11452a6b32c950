"""The log of messages, for people: what was sent to whom, how it went, and what it said.

It only reads.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from bookbridge.store.pool import Db
from bookbridge.webhooks.replay import MessageNotFound

PAGE_SIZE_MAX: Final = 100


class Attempt(msgspec.Struct, frozen=True):
    """One attempt. `error` is None on success; `status_code` is None without an answer."""

    attempt: int
    started: datetime
    duration_ms: int
    status_code: int | None
    error: str | None


class Delivery(msgspec.Struct, frozen=True):
    """A message on its way to one consumer. `attempts` are the newest ones, oldest first; empty in lists."""

    consumer_id: UUID
    status: str
    """Sending (not tried yet), Attempting (tried, more to come), Success, or Failure (given up)."""
    attempt_count: int
    next_attempt: datetime | None
    completed: datetime | None
    attempts: tuple[Attempt, ...] = ()


class Message(msgspec.Struct, frozen=True):
    """A stored message; `body` is the exact JSON text that is sent, empty in lists."""

    id: UUID
    event_type: str
    company_id: UUID | None
    created: datetime
    deliveries: tuple[Delivery, ...]
    body: str = ""


async def list_newest(
    db: Db | asyncpg.Pool,
    *,
    consumer_id: UUID | None = None,
    event_type: str | None = None,
    company_id: UUID | None = None,
    status: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: Message | None = None,
    limit: int = PAGE_SIZE_MAX,
) -> list[Message]:
    """A page of messages, newest first, of those that meet every given condition; at most PAGE_SIZE_MAX.

    `after` is the last message of the page before. `status` and `consumer_id` ask for a delivery that has
    both.
    """
    rows = await db.fetch(
        """select id, event_type, company_id, created from webhook_messages message
           where ($1::text is null or event_type = $1)
             and ($2::uuid is null or company_id = $2)
             and ($3::timestamptz is null or created >= $3)
             and ($4::timestamptz is null or created < $4)
             and ($5::timestamptz is null or (created, id) < ($5, $6::uuid))
             and (($7::uuid is null and $8::text is null) or exists (
                    select from webhook_deliveries delivery
                    where delivery.message_id = message.id
                      and ($7::uuid is null or delivery.consumer_id = $7)
                      and ($8::text is null or delivery.status = $8)))
           order by created desc, id desc limit $9""",
        event_type,
        company_id,
        since,
        until,
        after and after.created,
        after and after.id,
        consumer_id,
        status,
        max(1, min(limit, PAGE_SIZE_MAX)),
    )
    deliveries = await _deliveries(db, [row["id"] for row in rows])
    return [Message(**dict(row), deliveries=tuple(deliveries[row["id"]])) for row in rows]


async def get(db: Db | asyncpg.Pool, message_id: UUID) -> Message:
    """One message with its body, deliveries and their attempts. Raises MessageNotFound."""
    row = await db.fetchrow(
        "select id, event_type, company_id, created, body from webhook_messages where id = $1", message_id
    )
    if row is None:
        raise MessageNotFound(str(message_id))
    attempts: dict[UUID, list[Attempt]] = defaultdict(list)
    for attempt in await db.fetch(
        """select consumer_id, attempt, started, duration_ms, status_code, error from webhook_attempts
           where message_id = $1 and consumer_id in (select id from webhook_consumers)
           order by consumer_id, attempt""",
        message_id,
    ):
        fields = dict(attempt)
        attempts[fields.pop("consumer_id")].append(Attempt(**fields))
    deliveries = (await _deliveries(db, [message_id]))[message_id]
    return Message(
        **dict(row),
        deliveries=tuple(
            msgspec.structs.replace(delivery, attempts=tuple(attempts[delivery.consumer_id])) for delivery in deliveries
        ),
    )


async def _deliveries(db: Db | asyncpg.Pool, message_ids: list[UUID]) -> dict[UUID, list[Delivery]]:
    found: dict[UUID, list[Delivery]] = defaultdict(list)
    for row in await db.fetch(
        """select message_id, consumer_id, status, attempt_count, next_attempt, completed
           from webhook_deliveries where message_id = any ($1::uuid[]) order by message_id, consumer_id""",
        message_ids,
    ):
        fields = dict(row)
        found[fields.pop("message_id")].append(Delivery(**fields))
    return found
