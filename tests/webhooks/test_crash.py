"""A worker process is killed while a receiver is answering it."""

from __future__ import annotations

import asyncio
import signal
import sys

import asyncpg
from standardwebhooks.webhooks import Webhook

from bookbridge import jobs
from tests.waiting import until
from tests.webhooks.conftest import Receiver, deliverer_on, emit, status, subscribe

HEARTBEAT_TIMEOUT_S = 3.0

WORKER = f"""
import asyncio, sys
from bookbridge import jobs
from bookbridge.store.pool import open_pool
from tests.webhooks.conftest import deliverer_on

async def main():
    pool = await open_pool(sys.argv[1], max_size=2)
    handlers = {{"webhooks.deliver": deliverer_on(pool)}}
    await jobs.Worker(sys.argv[1], handlers, heartbeat_timeout_s={HEARTBEAT_TIMEOUT_S}).run()

asyncio.run(main())
"""


async def test_a_killed_worker_sends_again_with_the_same_id(dsn: str, pool: asyncpg.Pool, receiver: Receiver) -> None:
    receiver.delay_s = 3600
    _, secret = await subscribe(pool, receiver.url)
    message_id = await emit(pool)
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, dsn)
    try:
        await until(lambda: len(receiver.requests) == 1)
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    assert await status(pool, message_id) == "Sending"

    receiver.delay_s = 0
    worker = jobs.Worker(
        dsn, {"webhooks.deliver": deliverer_on(pool)}, heartbeat_timeout_s=HEARTBEAT_TIMEOUT_S, poll_s=0.2
    )
    running = asyncio.create_task(worker.run())

    async def delivered() -> bool:
        return await status(pool, message_id) == "Success"

    await until(delivered)
    worker.stop()
    await running
    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == str(message_id)
    assert first.body == second.body
    Webhook(secret).verify(second.body, second.headers)
    assert await pool.fetchval("select count(*) from webhook_attempts") == 1
