from __future__ import annotations

import json
from uuid import uuid4

import asyncpg
import pytest
from standardwebhooks.webhooks import Webhook

from bookbridge.webhooks import replay
from bookbridge.webhooks.consumers import ConsumerNotFound
from bookbridge.webhooks.delivery import Deliverer
from bookbridge.webhooks.events import EVENT_TYPES
from bookbridge.webhooks.examples import example, send_example
from tests.webhooks.conftest import Clock, Receiver, subscribe


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_every_event_type_has_an_example(event_type: str) -> None:
    payload = example(event_type)
    assert json.loads(json.dumps(payload)) == payload
    if event_type.startswith(("company.", "client.")):
        assert "referenceCompany" not in payload
    else:
        assert payload["referenceCompany"]["name"]


def test_write_examples_name_a_record_only_on_success() -> None:
    assert example("bills.write.successful")["record"]
    assert example("bills.write.unsuccessful")["record"] is None


async def test_an_example_reaches_one_consumer_and_is_never_replayed_to_others(
    pool: asyncpg.Pool, receiver: Receiver, deliverer: Deliverer, clock: Clock
) -> None:
    tried, secret = await subscribe(pool, receiver.url, "company.created")
    other, _ = await subscribe(pool, receiver.url, "read.completed")
    began = clock.now
    async with pool.acquire() as db, db.transaction():
        message_id = await send_example(db, tried.id, "read.completed")
        assert await replay.replay_missing(db, other.id, since=began) == 0
    clock.advance(1)
    assert await deliverer(str(tried.id)) is None
    assert await deliverer(str(other.id)) is None
    [request] = receiver.requests
    assert Webhook(secret).verify(request.body, request.headers)["id"] == str(message_id)


async def test_what_cannot_be_tried(pool: asyncpg.Pool) -> None:
    consumer, _ = await subscribe(pool, "https://example.com/hook")
    async with pool.acquire() as db:
        with pytest.raises(ConsumerNotFound):
            await send_example(db, uuid4(), "read.completed")
        with pytest.raises(ValueError, match="unknown event type"):
            await send_example(db, consumer.id, "no.such.event")
