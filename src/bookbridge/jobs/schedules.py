"""Periodic tasks: run once for every period over all workers together.

A schedule is a doorbell whose handler returns its period, so it needs no clock of its own, and survives
restarts and dead workers as every other run does. It must not be used for wall-clock times ("at midnight").
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncpg

from bookbridge.jobs import doorbells

KEY = ""
"""A schedule works on everything, so its doorbell has the empty key."""


@dataclass(frozen=True)
class Schedule:
    """Run `work` every `every_s` seconds, counted from the end of one run to the start of the next.

    A run that raises is logged and repeated with back-off.
    """

    task: str
    every_s: float
    work: Callable[[], Awaitable[None]]

    async def __call__(self, key: str) -> float | None:
        """The handler: do the work once, and ask to be run again a period later."""
        await self.work()
        return self.every_s

    async def ensure(self, pool: asyncpg.Pool) -> None:
        """Set it going unless it is going; a shortened period takes effect at once."""
        await doorbells.ensure(pool, self.task, KEY, within_s=self.every_s)
