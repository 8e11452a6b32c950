from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from bookbridge.webhooks import consumers, messages, replay
from bookbridge.webhooks.consumers import ConsumerNotFound
from bookbridge.webhooks.delivery import Deliverer
from bookbridge.webhooks.pruning import MESSAGES_KEPT_S, prune
from bookbridge.webhooks.replay import MessageNotFound
from tests.webhooks.conftest import Clock, Receiver, deliverer_on, emit, status, subscribe

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


async def fail_for_good(pool: asyncpg.Pool, receiver: Receiver, clock: Clock, consumer_id: UUID) -> None:
    receiver.status = 500
    clock.advance(1)
    await deliverer_on(pool, clock, attempt_waits_s=(0.0,))(str(consumer_id))
    receiver.status = 200
    receiver.requests.clear()


async def test_one_message_is_sent_again_with_a_whole_schedule(
    pool: asyncpg.Pool, receiver: Receiver, deliverer: Deliverer, clock: Clock
) -> None:
    consumer, _ = await subscribe(pool, receiver.url)
    message_id = await emit(pool)
    await fail_for_good(pool, receiver, clock, consumer.id)
    async with pool.acquire() as db, db.transaction():
        await replay.resend(db, consumer.id, message_id)
    assert await status(pool, message_id) == "Attempting"
    receiver.statuses = [500, 500]
    assert await deliverer(str(consumer.id)) == 5
    clock.advance(5)
    assert await deliverer(str(consumer.id)) == 300
    clock.advance(300)
    assert await deliverer(str(consumer.id)) is None
    assert await status(pool, message_id) == "Success"
    assert receiver.ids == [str(message_id)] * 3
    [delivery] = (await messages.get(pool, message_id)).deliveries
    assert [attempt.attempt for attempt in delivery.attempts] == [1, 2, 3, 4]


async def test_a_message_that_succeeded_can_be_sent_again(
    pool: asyncpg.Pool, receiver: Receiver, deliverer: Deliverer, clock: Clock
) -> None:
    consumer, _ = await subscribe(pool, receiver.url)
    message_id = await emit(pool)
    clock.advance(1)
    await deliverer(str(consumer.id))
    async with pool.acquire() as db, db.transaction():
        await replay.resend(db, consumer.id, message_id)
    clock.advance(1)
    await deliverer(str(consumer.id))
    assert receiver.ids == [str(message_id)] * 2


async def test_what_cannot_be_resent(pool: asyncpg.Pool) -> None:
    consumer, _ = await subscribe(pool, "https://example.com/hook")
    message_id = await emit(pool)
    async with pool.acquire() as db:
        with pytest.raises(MessageNotFound):
            await replay.resend(db, consumer.id, uuid4())
        with pytest.raises(ConsumerNotFound):
            await replay.resend(db, uuid4(), message_id)
        with pytest.raises(ConsumerNotFound):
            await replay.recover_failed(db, uuid4(), since=LONG_AGO)
        with pytest.raises(ConsumerNotFound):
            await replay.replay_missing(db, uuid4(), since=LONG_AGO)


async def test_all_that_failed_since_is_recovered_oldest_first_and_spaced(
    pool: asyncpg.Pool, receiver: Receiver, deliverer: Deliverer, clock: Clock
) -> None:
    consumer, _ = await subscribe(pool, receiver.url)
    too_old = await emit(pool)
    since = datetime.now(UTC)
    failed = [await emit(pool) for _ in range(5)]
    await fail_for_good(pool, receiver, clock, consumer.id)
    succeeded = await emit(pool)
    clock.advance(1)
    await deliverer(str(consumer.id))
    receiver.requests.clear()
    async with pool.acquire() as db, db.transaction():
        assert await replay.recover_failed(db, consumer.id, since=since) == 5
        assert await replay.recover_failed(db, consumer.id, since=since) == 0
    dues = [
        row[0]
        for row in await pool.fetch(
            "select next_attempt from webhook_deliveries where next_attempt is not null order by next_attempt"
        )
    ]
    assert dues[-1] - dues[0] == timedelta(seconds=4 * replay.REPLAY_SPACING_S)
    clock.advance(60)
    await deliverer(str(consumer.id))
    assert receiver.ids == [str(message_id) for message_id in failed]
    assert await status(pool, too_old) == "Failure"
    assert await status(pool, succeeded) == "Success"


async def test_what_was_missed_is_replayed(
    pool: asyncpg.Pool, receiver: Receiver, deliverer: Deliverer, clock: Clock
) -> None:
    await emit(pool, region="uk")
    since = datetime.now(UTC)
    before = await emit(pool, region="uk")
    await emit(pool, region="us")
    await emit(pool, "read.completed", region="uk")
    consumer, _ = await subscribe(pool, receiver.url, tags=["region:uk"])
    seen = await emit(pool, region="uk")
    clock.advance(1)
    await deliverer(str(consumer.id))
    async with pool.acquire() as db:
        await consumers.set_disabled(db, consumer.id, True)
        while_disabled = await emit(pool, region="uk")
        await consumers.set_disabled(db, consumer.id, False)
    async with pool.acquire() as db, db.transaction():
        assert await replay.replay_missing(db, consumer.id, since=since) == 2
        assert await replay.replay_missing(db, consumer.id, since=since) == 0
    clock.advance(60)
    await deliverer(str(consumer.id))
    assert receiver.ids == [str(seen), str(before), str(while_disabled)]


async def test_messages_are_forgotten_after_two_weeks(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookbridge.webhooks.pruning.BATCH_ROWS", 2)
    await subscribe(pool, "https://example.com/hook")
    for _ in range(5):
        await emit(pool)
    await pool.execute(
        "update webhook_messages set created = created - $1::interval",
        timedelta(seconds=MESSAGES_KEPT_S),
    )
    kept = await emit(pool)
    assert await prune(pool) == 5
    assert await pool.fetchval("select id from webhook_messages") == kept
    assert await pool.fetchval("select message_id from webhook_deliveries") == kept
    assert await pool.fetchval("select count(*) from webhook_consumers") == 1


async def test_the_log_is_paged_and_filtered(
    pool: asyncpg.Pool, receiver: Receiver, deliverer: Deliverer, clock: Clock
) -> None:
    consumer, _ = await subscribe(pool, receiver.url)
    ids = [await emit(pool) for _ in range(5)]
    other = await emit(pool, "read.completed")
    clock.advance(1)
    await deliverer(str(consumer.id))
    first = await messages.list_newest(pool, limit=4)
    second = await messages.list_newest(pool, limit=4, after=first[-1])
    assert [message.id for message in first + second] == [other, *reversed(ids)]
    assert [m.id for m in await messages.list_newest(pool, event_type="read.completed")] == [other]
    assert len(await messages.list_newest(pool, consumer_id=consumer.id, status="Success")) == 5
    assert await messages.list_newest(pool, consumer_id=consumer.id, status="Failure") == []
    assert await messages.list_newest(pool, until=LONG_AGO) == []
    whole = await messages.get(pool, ids[0])
    assert whole.body.encode() == receiver.requests[0].body
    assert whole.deliveries[0].attempts[0].status_code == 200
    with pytest.raises(MessageNotFound):
        await messages.get(pool, uuid4())
