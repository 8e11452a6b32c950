"""Waiting for the end of a write: woken at once, bounded, without a connection of the pool, whatever breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from bookbridge.push.errors import TooManyWaiting
from bookbridge.push.operations import PushOperation, Status
from bookbridge.push.settled import Settlements
from bookbridge.store.pool import open_pool
from tests.push.conftest import DEADLINE_S, Desk, supplier

NEVER_S = 3_600.0


@asynccontextmanager
async def settlements(dsn: str, pool: asyncpg.Pool, **given: float) -> AsyncIterator[Settlements]:
    made = Settlements(dsn, pool, **given)  # type: ignore[arg-type]
    yield made
    await made.aclose()


async def until_listening(desk: Desk) -> int:
    """The process id of the connection that listens."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            found = await desk.pool.fetchval(
                "select pid from pg_stat_activity where datname = current_database() and query like '%watched%'"
                " and pid <> pg_backend_pid() order by backend_start desc limit 1"
            )
            if found:
                return int(found)
            await asyncio.sleep(0.01)


async def test_the_end_of_a_write_wakes_at_once(dsn: str, desk: Desk) -> None:
    async with settlements(dsn, desk.pool, look_every_s=NEVER_S) as waits:
        with waits.place() as place:
            await until_listening(desk)
            operation = await desk.submit(body=supplier("Papers Ltd"))
            place.watch(operation.company_id, operation.id)
            waiting = asyncio.create_task(place.settled(DEADLINE_S))
            await desk.work()
            ended = await asyncio.wait_for(waiting, DEADLINE_S)
    assert ended is not None
    assert ended.status is Status.SUCCESS


async def test_what_was_settled_before_anybody_listened_is_found(dsn: str, desk: Desk) -> None:
    operation = await desk.submit(body=supplier("Papers Ltd"))
    await desk.work()
    async with settlements(dsn, desk.pool, look_every_s=NEVER_S) as waits:
        with waits.place() as place:
            place.watch(operation.company_id, operation.id)
            ended = await place.settled(DEADLINE_S)
    assert ended is not None


async def test_a_limit_ends_the_wait_and_not_the_write(dsn: str, desk: Desk) -> None:
    operation = await desk.submit(body=supplier("Papers Ltd"))
    async with settlements(dsn, desk.pool) as waits:
        with waits.place() as place:
            place.watch(operation.company_id, operation.id)
            assert await place.settled(0.05) is None
    await desk.work()
    assert (await desk.get(operation.id)).status is Status.SUCCESS


async def test_a_broken_connection_loses_no_end(dsn: str, desk: Desk) -> None:
    async with settlements(dsn, desk.pool, look_every_s=0.05) as waits:
        with waits.place() as place:
            pid = await until_listening(desk)
            operation = await desk.submit(body=supplier("Papers Ltd"))
            place.watch(operation.company_id, operation.id)
            waiting = asyncio.create_task(place.settled(DEADLINE_S))
            await desk.pool.execute("select pg_terminate_backend($1)", pid)
            await desk.work()
            ended = await asyncio.wait_for(waiting, DEADLINE_S)
    assert ended is not None


async def test_many_wait_without_a_connection_and_no_more_than_may(dsn: str, desk: Desk) -> None:
    operations: list[PushOperation] = [await desk.submit(body=supplier(f"Supplier {n}")) for n in range(3)]
    narrow = await open_pool(dsn, max_size=1)
    waiters_max = 60
    async with settlements(dsn, narrow, waiters_max=waiters_max) as waits:

        async def wait(number: int) -> PushOperation | None:
            with waits.place() as place:
                operation = operations[number % len(operations)]
                place.watch(operation.company_id, operation.id)
                return await place.settled(DEADLINE_S)

        waiting = [asyncio.create_task(wait(number)) for number in range(waiters_max)]
        await asyncio.sleep(0)
        with pytest.raises(TooManyWaiting), waits.place():
            pass
        # The only connection of the pool is free for others.
        async with asyncio.timeout(DEADLINE_S):
            assert await narrow.fetchval("select 1") == 1
        await desk.work()
        ended = await asyncio.wait_for(asyncio.gather(*waiting), DEADLINE_S)
        assert {one.id for one in ended if one} == {operation.id for operation in operations}
        with waits.place():
            pass
    await narrow.close()
