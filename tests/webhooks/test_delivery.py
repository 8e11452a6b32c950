from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from uuid import uuid4

import asyncpg
import pytest
from standardwebhooks.webhooks import Webhook

from bookbridge import jobs
from bookbridge.webhooks import consumers, messages
from bookbridge.webhooks.delivery import ATTEMPT_WAITS_S, Deliverer
from tests.waiting import until
from tests.webhooks.conftest import (
    Clock,
    Receiver,
    ServeReceiver,
    deliverer_on,
    emit,
    status,
    subscribe,
)

DAY_S = 86_400.0
StartWorker = Callable[[Deliverer], jobs.Worker]


async def test_a_receiver_can_verify_what_it_gets(
    pool: asyncpg.Pool, receiver: Receiver, deliverer: Deliverer, clock: Clock
) -> None:
    consumer, secret = await subscribe(pool, receiver.url)
    message_id = await emit(pool)
    clock.advance(1)
    assert await deliverer(str(consumer.id)) is None
    [request] = receiver.requests
    assert (request.method, request.path) == ("POST", "/hook")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == receiver.url.split("/")[2]
    assert request.headers["webhook-id"] == str(message_id)
    event = Webhook(secret).verify(request.body, request.headers)
    assert event == json.loads(request.body)
    assert event["payload"] == {"name": "Müller & Co"}
    assert await status(pool, message_id) == "Success"


async def test_the_schedule_of_eight_attempts(
    pool: asyncpg.Pool, receiver: Receiver, deliverer: Deliverer, clock: Clock
) -> None:
    receiver.status = 500
    consumer, _ = await subscribe(pool, receiver.url)
    message_id = await emit(pool)
    clock.advance(1)
    waits: list[float] = []
    assert await status(pool, message_id) == "Sending"
    while (wait_s := await deliverer(str(consumer.id))) is not None:
        assert await status(pool, message_id) == "Attempting"
        waits.append(wait_s)
        clock.advance(wait_s - 0.001)
        assert await deliverer(str(consumer.id)) == pytest.approx(0.001), "not before its time"
        clock.advance(0.001)
    assert waits == [5, 300, 1800, 7200, 18000, 36000, 36000]
    assert await status(pool, message_id) == "Failure"
    assert receiver.ids == [str(message_id)] * 8
    assert len({request.body for request in receiver.requests}) == 1
    log = await messages.get(pool, message_id)
    assert [attempt.attempt for attempt in log.deliveries[0].attempts] == list(range(1, 9))
    assert {attempt.status_code for attempt in log.deliveries[0].attempts} == {500}


async def test_success_on_the_fourth_try(
    pool: asyncpg.Pool, receiver: Receiver, deliverer: Deliverer, clock: Clock
) -> None:
    receiver.statuses = [503, 404, 301]
    consumer, _ = await subscribe(pool, receiver.url)
    message_id = await emit(pool)
    clock.advance(1)
    began = clock.now
    while (wait_s := await deliverer(str(consumer.id))) is not None:
        clock.advance(wait_s)
    assert (clock.now - began).total_seconds() == 35 * 60 + 5
    assert await status(pool, message_id) == "Success"


async def test_redirects_are_not_followed(
    pool: asyncpg.Pool, receiver: Receiver, serve: ServeReceiver, deliverer: Deliverer, clock: Clock
) -> None:
    elsewhere = await serve()
    receiver.status = 302
    receiver.response_headers = [(b"location", elsewhere.url.encode())]
    consumer, _ = await subscribe(pool, receiver.url)
    await emit(pool)
    clock.advance(1)
    assert await deliverer(str(consumer.id)) == 5
    assert elsewhere.requests == []


async def test_slower_than_the_time_out_is_a_failure(pool: asyncpg.Pool, receiver: Receiver, clock: Clock) -> None:
    receiver.delay_s = 0.5
    consumer, _ = await subscribe(pool, receiver.url)
    message_id = await emit(pool)
    clock.advance(1)
    assert await deliverer_on(pool, clock, attempt_timeout_s=0.1)(str(consumer.id)) == 5
    [attempt] = (await messages.get(pool, message_id)).deliveries[0].attempts
    assert attempt.status_code is None
    assert attempt.error == "No answer within 0.1 seconds."


async def test_nobody_listening_is_a_failure(
    pool: asyncpg.Pool, deliverer: Deliverer, clock: Clock, free_port: int
) -> None:
    consumer, _ = await subscribe(pool, f"http://127.0.0.1:{free_port}/hook")
    message_id = await emit(pool)
    clock.advance(1)
    assert await deliverer(str(consumer.id)) == 5
    [attempt] = (await messages.get(pool, message_id)).deliveries[0].attempts
    assert attempt.error == "No answer: ConnectError."


async def test_two_runs_of_one_consumer_record_an_attempt_once(
    pool: asyncpg.Pool, receiver: Receiver, clock: Clock
) -> None:
    receiver.delay_s = 0.2
    consumer, _ = await subscribe(pool, receiver.url)
    message_id = await emit(pool)
    clock.advance(1)
    key = str(consumer.id)
    await asyncio.gather(deliverer_on(pool, clock)(key), deliverer_on(pool, clock)(key))
    assert await status(pool, message_id) == "Success"
    assert await pool.fetchval("select count(*) from webhook_attempts") == 1


async def test_deleted_while_it_was_being_sent_to(
    pool: asyncpg.Pool, receiver: Receiver, deliverer: Deliverer, clock: Clock
) -> None:
    receiver.delay_s, receiver.status = 0.2, 500
    consumer, _ = await subscribe(pool, receiver.url)
    await emit(pool)
    clock.advance(1)
    sending = asyncio.create_task(deliverer(str(consumer.id)))
    await until(lambda: len(receiver.requests) == 1)
    await consumers.delete(pool, consumer.id)
    assert await sending is None
    assert await deliverer(str(uuid4())) is None


async def test_a_quick_consumer_gets_messages_in_order(
    pool: asyncpg.Pool, receiver: Receiver, deliverer: Deliverer, clock: Clock
) -> None:
    consumer, _ = await subscribe(pool, receiver.url)
    expected = [str(await emit(pool)) for _ in range(30)]
    clock.advance(60)
    assert await deliverer(str(consumer.id)) is None
    assert receiver.ids == expected


async def test_a_slice_of_time_is_enough_for_one_turn(pool: asyncpg.Pool, receiver: Receiver, clock: Clock) -> None:
    consumer, _ = await subscribe(pool, receiver.url)
    for _ in range(3):
        await emit(pool)
    clock.advance(60)
    receiver.delay_s = 0.06
    assert await deliverer_on(pool, clock, slice_s=0.05)(str(consumer.id)) == 0
    assert len(receiver.requests) == 1


async def test_a_disabled_consumer_gets_what_waited_when_it_is_enabled(
    pool: asyncpg.Pool, receiver: Receiver, deliverer: Deliverer, clock: Clock
) -> None:
    consumer, _ = await subscribe(pool, receiver.url)
    message_id = await emit(pool)
    clock.advance(1)
    async with pool.acquire() as db:
        await consumers.set_disabled(db, consumer.id, True)
    assert await deliverer(str(consumer.id)) is None
    assert receiver.requests == []
    await pool.execute("delete from pgqueuer")
    async with pool.acquire() as db:
        await consumers.set_disabled(db, consumer.id, False)
    assert await pool.fetchval("select count(*) from pgqueuer") == 1
    assert await deliverer(str(consumer.id)) is None
    assert receiver.ids == [str(message_id)]


async def fail_every(seconds: float, days: float, pool: asyncpg.Pool, run: Deliverer, clock: Clock, key: str) -> None:
    for _ in range(int(days * DAY_S / seconds)):
        await pool.execute("update webhook_deliveries set step = 0, next_attempt = $1", clock.now)
        await run(key)
        clock.advance(seconds)


async def test_disabled_when_everything_failed_for_five_days(
    pool: asyncpg.Pool, receiver: Receiver, deliverer: Deliverer, clock: Clock
) -> None:
    receiver.status = 500
    consumer, _ = await subscribe(pool, receiver.url)
    await emit(pool)
    clock.advance(1)
    key = str(consumer.id)
    await fail_every(DAY_S / 4, 5, pool, deliverer, clock, key)
    assert not (await consumers.get(pool, consumer.id)).disabled
    await fail_every(DAY_S / 4, 0.25, pool, deliverer, clock, key)
    stopped = await consumers.get(pool, consumer.id)
    assert stopped.disabled
    assert stopped.disabled_why
    assert await pool.fetchval("select next_attempt from webhook_deliveries") is not None


async def test_one_success_starts_the_five_days_anew(
    pool: asyncpg.Pool, receiver: Receiver, deliverer: Deliverer, clock: Clock
) -> None:
    receiver.status = 500
    consumer, _ = await subscribe(pool, receiver.url)
    await emit(pool)
    clock.advance(1)
    key = str(consumer.id)
    await fail_every(DAY_S / 4, 4, pool, deliverer, clock, key)
    receiver.statuses = [200]
    await fail_every(DAY_S / 4, 4, pool, deliverer, clock, key)
    assert not (await consumers.get(pool, consumer.id)).disabled


async def test_two_failures_far_apart_are_not_an_outage(
    pool: asyncpg.Pool, receiver: Receiver, deliverer: Deliverer, clock: Clock
) -> None:
    receiver.status = 500
    consumer, _ = await subscribe(pool, receiver.url)
    await emit(pool)
    clock.advance(1)
    await fail_every(6 * DAY_S, 12, pool, deliverer, clock, str(consumer.id))
    assert not (await consumers.get(pool, consumer.id)).disabled


async def test_every_event_arrives_after_the_receiver_was_down(
    pool: asyncpg.Pool, serve: ServeReceiver, free_port: int, start_worker: StartWorker
) -> None:
    start_worker(deliverer_on(pool, attempt_waits_s=(0.0, *[0.2] * 50)))
    consumer, secret = await subscribe(pool, f"http://127.0.0.1:{free_port}/hook")
    expected = {str(await emit(pool)) for _ in range(40)}
    tried = "select count(*) from webhook_deliveries where status = 'Attempting'"

    async def all_tried() -> bool:
        return bool(await pool.fetchval(tried) == 40)

    await until(all_tried)
    receiver = await serve(free_port)
    receiver.statuses = [500, 503, 429] * 3
    expected |= {str(await emit(pool)) for _ in range(10)}

    async def all_arrived() -> bool:
        done = await pool.fetchval("select count(*) from webhook_deliveries where status = 'Success'")
        return bool(done == 50)

    await until(all_arrived)
    assert set(receiver.ids) == expected
    for request in receiver.requests:
        Webhook(secret).verify(request.body, request.headers)
    assert (await consumers.get(pool, consumer.id)).failing_since is None


async def test_a_slow_consumer_does_not_delay_another(
    pool: asyncpg.Pool, serve: ServeReceiver, start_worker: StartWorker
) -> None:
    slow, quick = await serve(), await serve()
    slow.delay_s = 3600
    start_worker(deliverer_on(pool, attempt_timeout_s=3600.0))
    await subscribe(pool, slow.url)
    await subscribe(pool, quick.url)
    first = [str(await emit(pool)) for _ in range(20)]
    await until(lambda: len(quick.requests) == 20 and len(slow.requests) > 0)
    assert quick.ids == first
    assert len(slow.requests) == 1, "the slow one was still at its first message"


def test_the_schedule_is_the_contracts() -> None:
    assert len(ATTEMPT_WAITS_S) == 8
    assert sum(ATTEMPT_WAITS_S) == 5 + 300 + 1800 + 7200 + 18000 + 36000 + 36000
