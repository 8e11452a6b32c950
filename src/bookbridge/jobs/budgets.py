"""Vendor call budgets: one allowance of calls shared by all processes, kept in PostgreSQL.

Promise: for every limit of `calls` in `window_s` seconds, no interval of that length, wherever it begins,
holds more than `calls` calls. Vendors count in fixed windows of unknown alignment, so only a sliding window
is safe: a token bucket that refills at the vendor's rate lets its burst come on top of a window's worth of
calls.

Short limits are exact: the time of every call is kept. Of limits with more than EXACT_CALLS_MAX calls, the
calls of one grain (a hundredth of the window) share one mark, dated at the newest of them: such a call may
return to the budget up to a grain late, never early. What is counted is the reservation; a call reaches the
vendor a little later, and not every call equally so. ARRIVAL_SPREAD_S is added to every window for that,
and a reservation that its caller could not use in that time (an overloaded process) is given up for a new
one.

A call that must wait reserves its moment first and sleeps then, so callers are served in order and cost one
round trip each. This module must not know which vendor a key stands for, nor how the vendor's headers are
called.
"""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import structlog

from bookbridge.store.pool import NO_WAIT_FOR_DISK

log = structlog.get_logger(__name__)

EXACT_CALLS_MAX = 200
GRAINS_PER_WINDOW = 100
ARRIVAL_SPREAD_S = 1.0
# A slot is a lease: a holder that died gives it back after this time, so a few workers killed during their calls must
# not keep an organisation waiting for long. One that lives renews it, and is cut off if it cannot.
SLOT_S = 12.0
RENEWALS_PER_SLOT = 4
BLOCK_MAX_S = 86_400.0
# How long the vendor's own count is believed. It may start anew sooner than our window, so ask again by a
# call.
OBSERVED_KEPT_S = 3600.0
# A slot becomes free whenever a call ends, which nobody announces: look again, ever more slowly.
SLOT_POLL_FIRST_S = 0.02
SLOT_POLL_MAX_S = 0.25
WINDOW_S_MAX = 31 * 86_400
CALLS_MAX = 1_000_000
RELEASE_TIMEOUT_S = 5.0
RELEASED_WITHIN_S = 0.01
"""The place of a call that has ended is given back by the next call of this process, or after this time: whoever has
made the call has more urgent things to ask of the database."""
PRUNE_ROWS_MAX = 10_000


@dataclass(frozen=True)
class CallLimit:
    """At most `calls` calls in any `window_s` seconds. Raises ValueError when out of range."""

    calls: int
    window_s: int

    def __post_init__(self) -> None:
        if not (1 <= self.calls <= CALLS_MAX and 1 <= self.window_s <= WINDOW_S_MAX):
            raise ValueError(f"not a usable limit: {self.calls} calls in {self.window_s} s")

    @property
    def grain_s(self) -> float:
        """Calls this close together may share a mark; 0 = every call is kept by itself."""
        return 0.0 if self.calls <= EXACT_CALLS_MAX else self.window_s / GRAINS_PER_WINDOW


class BudgetExhausted(Exception):
    """No call may be made within the time that the caller would wait. Try again after `retry_after_s`.

    `reason` is "rate", "in_flight" or "blocked".
    """

    def __init__(self, retry_after_s: float, reason: str) -> None:
        super().__init__(f"no call allowed for {retry_after_s:.1f} s ({reason})")
        self.retry_after_s = retry_after_s
        self.reason = reason


@dataclass(frozen=True)
class _Reservation:
    granted: bool
    wait_s: float
    reason: str


# Calls do not wait for the disk. A crash of the database may forget the calls of its last moment, which are then
# missing from the count; a vendor that notices answers 429.
# Places are given back before one is asked for: the calls are made from left to right, for the right one needs what the
# left one yields.
_RESERVE = f"""select granted, wait_s, reason, {NO_WAIT_FOR_DISK}
    from (select count(release_call($1, slot)::text) as slots from unnest($11::uuid[]) as slot) as given_back,
        reserve_call($1, $2, $3, $4, $5, $6, $7, $8, $9, $10 + 0 * given_back.slots)"""  # noqa: S608

_RELEASE = f"select release_call($1, slot), {NO_WAIT_FOR_DISK} from unnest($2::uuid[]) as slot"  # noqa: S608

_IS_BLOCKED = """select exists (
    select from call_budgets where key = $1 and blocked_until > clock_timestamp())"""


_RENEW = """update call_budgets set slots_end_at[array_position(slots, $2)] = clock_timestamp() + $3::interval
    where key = $1 and $2 = any (slots) returning true"""


# Idle budgets: locked in one statement and looked at again in the next, which sees what the lock's last holder did.
_IDLE = """blocked_until < clock_timestamp()
    and not exists (select from unnest(slots_end_at) as ends where ends > clock_timestamp())
    and not exists (
        select from call_windows as marks where marks.key = call_budgets.key
          and greatest(marks.times[cardinality(marks.times)], marks.observed_at)
              + make_interval(secs => marks.window_s + $1) > clock_timestamp())"""


async def prune(pool: asyncpg.Pool) -> int:
    """Delete the budgets of which nothing counts any more, a bounded number; returns how many. Whoever calls again
    gets a new one. Without this, keys that strangers can make up would fill the table."""
    async with pool.acquire() as db, db.transaction():
        keys = await db.fetch(
            f"select key from call_budgets where {_IDLE} limit $2 for update skip locked",  # noqa: S608 - constant
            ARRIVAL_SPREAD_S,
            PRUNE_ROWS_MAX,
        )
        tag = await db.execute(
            f"delete from call_budgets where key = any($2::text[]) and {_IDLE}",  # noqa: S608 - constant
            ARRIVAL_SPREAD_S,
            [row["key"] for row in keys],
        )
    return int(tag.rsplit(" ", 1)[1])


class CallBudget:
    """The budgets of all keys, in the database of `pool`. Callers of one key must agree on its limits."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._ended: dict[str, list[uuid.UUID]] = {}
        """Of each key the slots whose calls have ended and that are to be given back."""
        self._releases: dict[asyncio.Task[None], str] = {}
        """Those under way, with their keys."""

    @asynccontextmanager
    async def call(
        self, key: str, limits: tuple[CallLimit, ...], in_flight_max: int | None, wait_max_s: float
    ) -> AsyncIterator[None]:
        """Make exactly one call inside: it is within all limits, and at most `in_flight_max` are inside at
        a time.

        Waits up to about `wait_max_s` for its turn. The call is counted whatever becomes of it. Its place is given
        back a moment after the end, for which nobody waits but the next call of this process.
        Raises BudgetExhausted when it would have to wait longer; TimeoutError when a call with
        `in_flight_max` could not renew its slot in time; OSError or asyncpg.PostgresError when the database fails.
        """
        slot = uuid.uuid4()
        held = in_flight_max is not None
        try:
            await self._wait_for_turn(key, limits, in_flight_max, wait_max_s, slot)
            if held:
                async with self._kept(key, slot):
                    yield
            else:
                yield
        finally:
            if held:
                self._give_back(key, slot)

    async def aclose(self) -> None:
        """Wait until the places of all calls that have ended are given back; a moment, at most RELEASE_TIMEOUT_S."""
        for key in list(self._ended):
            self._release_soon(key)
        await asyncio.gather(*self._releases)

    async def block(self, key: str, seconds: float) -> None:
        """Let nobody call before `seconds` from now (a vendor's Retry-After); never shortens a longer block.

        Raises ValueError for a negative time. More than BLOCK_MAX_S counts as BLOCK_MAX_S.
        """
        if not seconds >= 0:
            raise ValueError(f"not a time to wait: {seconds}")
        await self._pool.execute(
            """insert into call_budgets as budget (key, blocked_until) values ($1, clock_timestamp() +
            $2::interval)
               on conflict (key) do update
               set blocked_until = greatest(budget.blocked_until, excluded.blocked_until)""",
            key,
            timedelta(seconds=min(seconds, BLOCK_MAX_S)),
        )

    async def observe(self, key: str, limit: CallLimit, remaining: int) -> None:
        """The vendor says that `remaining` calls are left of `limit`: allow no more than that.

        What is missing counts as calls of somebody else, until the next observation, the end of the window or
        OBSERVED_KEPT_S, whichever is first. Never allows more than our own count does.
        """
        await self._pool.execute(
            "select observe_calls($1, $2, $3, $4, $5)",
            key,
            float(limit.window_s),
            limit.calls,
            min(max(remaining, 0), limit.calls),
            ARRIVAL_SPREAD_S,
        )

    async def _wait_for_turn(
        self,
        key: str,
        limits: tuple[CallLimit, ...],
        in_flight_max: int | None,
        wait_max_s: float,
        slot: uuid.UUID,
    ) -> None:
        deadline_s = time.monotonic() + wait_max_s
        poll_s = SLOT_POLL_FIRST_S
        if in_flight_max is not None and (
            under_way := [one for one, of_key in self._releases.items() if of_key == key]
        ):
            await asyncio.wait(under_way)
        while True:
            asked_at_s = time.monotonic()
            left_s = max(deadline_s - asked_at_s, 0.0)
            answer = await self._reserve(key, limits, in_flight_max, left_s, slot)
            if answer.granted:
                if await self._sleep_until_turn(key, asked_at_s, answer.wait_s):
                    return
            elif answer.reason != "in_flight" or left_s <= 0:
                raise BudgetExhausted(max(answer.wait_s, SLOT_POLL_MAX_S), answer.reason)
            else:
                await asyncio.sleep(min(poll_s * random.uniform(0.5, 1.0), left_s))  # noqa: S311
                poll_s = min(poll_s * 2, SLOT_POLL_MAX_S)

    async def _sleep_until_turn(self, key: str, asked_at_s: float, wait_s: float) -> bool:
        """Wait for the reserved moment; False when it must not be used any more."""
        if wait_s > 0:
            await asyncio.sleep(wait_s)
            if await self._pool.fetchval(_IS_BLOCKED, key):
                return False
        # The database read its clock after we asked, so this overestimates how late we are.
        return time.monotonic() - asked_at_s - wait_s <= ARRIVAL_SPREAD_S

    async def _reserve(
        self,
        key: str,
        limits: tuple[CallLimit, ...],
        in_flight_max: int | None,
        wait_max_s: float,
        slot: uuid.UUID,
    ) -> _Reservation:
        ended = self._ended.pop(key, [])
        try:
            row = await self._pool.fetchrow(
                _RESERVE,
                key,
                [limit.calls for limit in limits],
                [float(limit.window_s) for limit in limits],
                ARRIVAL_SPREAD_S,
                [limit.grain_s for limit in limits],
                OBSERVED_KEPT_S,
                in_flight_max,
                slot,
                SLOT_S,
                wait_max_s,
                ended,
            )
        except BaseException:
            # Given back twice is given back.
            for one in ended:
                self._give_back(key, one)
            raise
        return _Reservation(row["granted"], row["wait_s"], row["reason"])

    @asynccontextmanager
    async def _kept(self, key: str, slot: uuid.UUID) -> AsyncIterator[None]:
        """Renew the slot while inside. Raises TimeoutError inside, before the slot can be another's."""
        keepers: set[asyncio.Task[None]] = set()
        async with asyncio.timeout(SLOT_S - ARRIVAL_SPREAD_S) as lease:

            def keep() -> None:
                keepers.add(asyncio.create_task(self._renew(key, slot, lease)))

            # Most calls end before that, and pay for no keeper.
            first_renewal = asyncio.get_running_loop().call_later(SLOT_S / RENEWALS_PER_SLOT, keep)
            try:
                yield
            finally:
                first_renewal.cancel()
                for keeper in keepers:
                    keeper.cancel()
                if keepers:
                    await asyncio.wait(keepers)

    async def _renew(self, key: str, slot: uuid.UUID, lease: asyncio.Timeout) -> None:
        interval_s = SLOT_S / RENEWALS_PER_SLOT
        while True:
            asked_at_s = asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(interval_s):
                    is_ours = await self._pool.fetchval(_RENEW, key, slot, timedelta(seconds=SLOT_S))
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("budgets.slot_not_renewed", key=key, reason=repr(error))
            else:
                if not is_ours or lease.expired():
                    return
                lease.reschedule(asked_at_s + SLOT_S - ARRIVAL_SPREAD_S)
            await asyncio.sleep(interval_s)

    def _give_back(self, key: str, slot: uuid.UUID) -> None:
        if key not in self._ended:
            self._ended[key] = []
            asyncio.get_running_loop().call_later(RELEASED_WITHIN_S, self._release_soon, key)
        self._ended[key].append(slot)

    def _release_soon(self, key: str) -> None:
        """Give back what no other call has given back meanwhile."""
        if slots := self._ended.pop(key, []):
            release = asyncio.create_task(self._release(key, slots))
            self._releases[release] = key
            release.add_done_callback(self._releases.pop)

    async def _release(self, key: str, slots: list[uuid.UUID]) -> None:
        try:
            async with asyncio.timeout(RELEASE_TIMEOUT_S):
                await self._pool.execute(_RELEASE, key, slots)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # The calls are made and their outcome counts; the slots expire by themselves.
            log.warning("budgets.slot_not_released", key=key, reason=repr(error))
