"""Hearing that a write has come to its end, and waiting for that in the middle of a request.

Settled means that nothing more will happen to it: Success, Failed, or the late outcome of a write that had timed out
for the application. A time-out alone settles nothing.

The statement that settles an operation notifies (see `transitions`). `Settlements` is the other side: one connection
per process hears all notifications and wakes those who wait. Whoever waits holds no connection of the pool, so that any
number of callers who wait for a slow vendor take nothing from other requests but a little memory; and their number is
bounded. A notification that was lost (the connection broke) costs LOOK_EVERY_S at most: what is waited for is also
looked up, all of it in one statement. Neither side must know what the writes are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from bookbridge.push import operations
from bookbridge.push.errors import TooManyWaiting
from bookbridge.push.operations import PushOperation, Stage
from bookbridge.store.pool import CONNECT_TIMEOUT_S, DATABASE_AWAY

log = structlog.get_logger(__name__)

CHANNEL: Final = "push_settled"
"""PostgreSQL notifies this channel with the operation's id when the outcome is visible to everybody."""

WAITERS_MAX: Final = 1_000
"""Requests of one process that may wait at a time."""

LOOK_EVERY_S: Final = 2.0
RECONNECT_S: Final = 0.5


class Place:
    """The right to wait for one operation. Made by `Settlements.place`."""

    def __init__(self, settlements: Settlements) -> None:
        self._settlements = settlements
        self.watched: tuple[UUID, UUID] | None = None
        """Company and operation."""
        self.woken = asyncio.Event()

    def watch(self, company_id: UUID, operation_id: UUID) -> None:
        """From now on its end is not missed. To be called before the transaction that submits it commits."""
        self.watched = company_id, operation_id
        self._settlements.add(self)

    async def settled(self, limit_s: float) -> PushOperation | None:
        """The watched operation once it is settled; None if it is not within that many seconds.

        Raises ValueError if nothing is watched, and what the pool raises while the database is away.
        """
        if self.watched is None:
            raise ValueError("nothing is waited for")
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self.woken.wait()
        return await self._settlements.outcome(*self.watched)


class Settlements:
    """Waits for settled operations, for one process. Connects when the first one is waited for."""

    def __init__(
        self, dsn: str, pool: asyncpg.Pool, *, waiters_max: int = WAITERS_MAX, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        self._dsn = dsn
        self._pool = pool
        self._waiters_max = waiters_max
        self._look_every_s = look_every_s
        self._places: dict[UUID, set[Place]] = {}
        self._taken = 0
        self._listening: asyncio.Task[None] | None = None

    @contextmanager
    def place(self) -> Iterator[Place]:
        """A place among those who wait. Raises TooManyWaiting: to be taken before anything is submitted."""
        if self._taken >= self._waiters_max:
            raise TooManyWaiting("Too many requests wait for their platforms; please retry later")
        self._taken += 1
        if self._listening is None or self._listening.done():
            self._listening = asyncio.create_task(self._listen())
        place = Place(self)
        try:
            yield place
        finally:
            self._taken -= 1
            self._remove(place)

    async def aclose(self) -> None:
        """Stop listening."""
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening

    def add(self, place: Place) -> None:
        """Wake this place when what it watches is settled."""
        if place.watched is not None:
            self._places.setdefault(place.watched[1], set()).add(place)

    def _remove(self, place: Place) -> None:
        if place.watched is None:
            return
        waiting = self._places.get(place.watched[1], set())
        waiting.discard(place)
        if not waiting:
            self._places.pop(place.watched[1], None)

    async def outcome(self, company_id: UUID, operation_id: UUID) -> PushOperation | None:
        """The operation if it is settled."""
        found = await operations.get(self._pool, company_id, operation_id)
        return found if found is not None and found.stage is Stage.DONE else None

    async def _listen(self) -> None:
        """Hear and look for ever, over one connection after another."""
        while True:
            try:
                connection = await asyncpg.connect(
                    self._dsn, timeout=CONNECT_TIMEOUT_S, command_timeout=CONNECT_TIMEOUT_S
                )
                try:
                    await connection.add_listener(CHANNEL, self._heard)
                    while True:
                        await self._look(connection)
                        await asyncio.sleep(self._look_every_s)
                finally:
                    connection.terminate()
            except (*DATABASE_AWAY, asyncpg.PostgresError, TimeoutError) as error:
                log.warning("settlements_unheard", error=type(error).__name__)
            await asyncio.sleep(RECONNECT_S)

    async def _look(self, connection: asyncpg.Connection) -> None:
        """Wake those whose operation is settled. With nobody waiting it shows that the connection still stands."""
        watched = {place.watched for places in self._places.values() for place in places if place.watched}
        rows = await connection.fetch(
            """select id from unnest($1::uuid[], $2::uuid[]) as watched (company_id, id)
               join push_operations using (company_id, id) where stage = 'done'""",
            [company_id for company_id, _ in watched],
            [operation_id for _, operation_id in watched],
        )
        for row in rows:
            self._wake(row["id"])

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        with suppress(ValueError):
            self._wake(UUID(str(payload)))

    def _wake(self, operation_id: UUID) -> None:
        for place in self._places.get(operation_id, ()):
            place.woken.set()
