"""The outbox: a message is written in the transaction in which the thing it tells of happened.

So a message exists exactly if the thing happened. The bytes to be sent are fixed here, once: signatures stay
the same over attempts. This module must not send anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec

from bookbridge.accounting.dates import contract_datetime
from bookbridge.store.pool import Db
from bookbridge.webhooks.doorbell import wake
from bookbridge.webhooks.events import EVENT_TYPES

BODY_SIZE_MAX_BYTES: Final = 1024 * 1024

_encoder = msgspec.json.Encoder(decimal_format="number")


class Envelope(msgspec.Struct, frozen=True, rename="camel"):
    """What a receiver gets. `id` is also the `webhook-id` header by which receivers drop repetitions."""

    id: UUID
    event_type: str
    generated_date: str
    payload: Any


class BodyTooLarge(ValueError):
    """The message would be larger than BODY_SIZE_MAX_BYTES."""


async def emit(
    db: Db,
    event_type: str,
    payload: dict[str, Any] | msgspec.Struct,
    *,
    company_id: UUID | None,
    company_tags: Mapping[str, str] | None = None,
) -> UUID:
    """Tell every matching, enabled consumer, once the caller's transaction has committed; returns the message
    id.

    A consumer matches if it subscribed to the event type and either names no company tags or shares one (same
    case) with `company_tags`. The message is kept for replay even if nobody matches.

    `payload` must hold text in the contract's date form, never datetime. Raises ValueError for an unknown
    event type, BodyTooLarge (a ValueError) above BODY_SIZE_MAX_BYTES.
    """
    message = _message(event_type, payload, company_id, tag_texts(company_tags or {}))
    # One statement, since it stands in transactions for whose end people wait. The lock keeps a consumer that is being
    # deleted at this moment from failing the caller's transaction.
    consumers = await db.fetch(
        f"""with message as ({_STORED} returning id, created),
           matching as (
               select id from webhook_consumers
               where not disabled and $4 = any (event_types) and (company_tags is null or company_tags && $3::text[])
               order by id for key share)
           insert into webhook_deliveries (consumer_id, message_id, status, next_attempt)
           select matching.id, message.id, 'Sending', message.created from matching, message
           returning consumer_id""",  # noqa: S608 - constant
        *message,
    )
    for consumer in consumers:
        await wake(db, consumer["consumer_id"])
    return message[0]


async def store(
    db: Db,
    event_type: str,
    payload: dict[str, Any] | msgspec.Struct,
    *,
    company_id: UUID | None,
    tags: list[str],
    is_example: bool = False,
) -> tuple[UUID, datetime]:
    """Write a message that nobody is told of yet; returns its id and moment. Raises as `emit` does."""
    message = _message(event_type, payload, company_id, tags, is_example=is_example)
    await db.execute(_STORED, *message)
    return message[0], message[-1]


_Message = tuple[UUID, UUID | None, list[str], str, str, bool, datetime]

_STORED = """insert into webhook_messages (id, company_id, company_tags, event_type, body, is_example, created)
           values ($1, $2, $3, $4, $5, $6, $7)"""


def _message(
    event_type: str,
    payload: dict[str, Any] | msgspec.Struct,
    company_id: UUID | None,
    tags: list[str],
    *,
    is_example: bool = False,
) -> _Message:
    """The arguments of _STORED."""
    if event_type not in EVENT_TYPES:
        raise ValueError(f"unknown event type {event_type!r}")
    message_id, created = uuid4(), datetime.now(UTC)
    body = _encoder.encode(Envelope(message_id, event_type, contract_datetime(created), payload))
    if len(body) > BODY_SIZE_MAX_BYTES:
        raise BodyTooLarge(f"a {event_type} message of {len(body)} bytes")
    return message_id, company_id, tags, event_type, body.decode(), is_example, created


def tag_texts(tags: Mapping[str, str]) -> list[str]:
    """Company tags in the form in which consumers name them, `key:value`."""
    return [f"{key}:{value}" for key, value in sorted(tags.items())]
