"""A connection to the database that a read has tuned for itself serves others untuned, however the read ended."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from bookbridge.store.pool import PooledConnection
from tests.conftest import POOL_SIZE_MAX
from tests.sync.conftest import Desk


@pytest.mark.parametrize(
    ("statement", "is_run"), [("set synchronous_commit", True), ("reset synchronous_commit", False)]
)
async def test_a_read_that_is_cancelled_while_it_tunes_its_connection_leaves_no_trace(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, statement: str, is_run: bool
) -> None:
    execute = PooledConnection.execute

    async def interrupted(self: PooledConnection, query: str, *arguments: Any, **more: Any) -> Any:
        if not query.startswith(statement):
            return await execute(self, query, *arguments, **more)
        if is_run:
            await execute(self, query, *arguments, **more)
        raise asyncio.CancelledError

    await desk.queue("bills")
    with monkeypatch.context() as patched:
        patched.setattr(PooledConnection, "execute", interrupted)
        with pytest.raises(asyncio.CancelledError):
            await desk.run()
    async with AsyncExitStack() as held:
        for _ in range(POOL_SIZE_MAX):
            db = await held.enter_async_context(desk.pool.acquire())
            # Set and reset together with `synchronous_commit`, which the tests' server has switched off for everybody.
            assert await db.fetchval("show enable_seqscan") == "on"
