"""Waiting for what happens elsewhere: by looking until it has, never by sleeping for luck."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

DEADLINE_S = 30.0
"""For what takes well under a second on an idle machine."""

POLL_S = 0.01


async def until(condition: Callable[[], object | Awaitable[object]], deadline_s: float = DEADLINE_S) -> None:
    """Wait until the condition holds; fails when it does not within the deadline."""
    async with asyncio.timeout(deadline_s):
        while True:
            held = condition()
            if isinstance(held, Awaitable):
                held = await held
            if held:
                return
            await asyncio.sleep(POLL_S)
