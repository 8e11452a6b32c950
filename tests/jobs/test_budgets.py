"""Call budgets: no interval ever holds more calls than allowed, whoever asks, and nobody waits for the dead."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from datetime import timedelta

import asyncpg
import pytest

from bookbridge.jobs import BudgetExhausted, CallBudget, CallLimit, budgets
from tests.waiting import until


async def _reserved(pool: asyncpg.Pool, key: str, window_s: int) -> list[float]:
    """The seconds at which calls were reserved, as the database saw them."""
    times = await pool.fetchval("select times from call_windows where key = $1 and window_s = $2", key, window_s)
    return [moment.timestamp() for moment in times]


SPREAD_S = 0.5
"""What a busy machine may add between a call that was allowed and one that was made."""


def _most_in_any_interval(times: list[float], length_s: float) -> int:
    ordered = sorted(times)
    return max(sum(1 for t in ordered[i:] if t < start + length_s) for i, start in enumerate(ordered))


async def test_no_interval_holds_more_calls_than_allowed(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "ARRIVAL_SPREAD_S", SPREAD_S)
    budget = CallBudget(pool)
    limits = (CallLimit(10, 1), CallLimit(18, 2))
    made: list[float] = []
    refused = 0
    shortest_s = 60.0

    async def caller() -> None:
        nonlocal refused, shortest_s
        end = time.monotonic() + 5.0
        while time.monotonic() < end:
            try:
                async with budget.call("k", limits, None, wait_max_s=random.choice([0.0, 0.1, 1.0])):
                    made.append(time.monotonic())
            except BudgetExhausted as exhausted:
                refused += 1
                shortest_s = min(shortest_s, exhausted.retry_after_s)
                await asyncio.sleep(random.uniform(0, 0.2))

    await asyncio.gather(*(caller() for _ in range(20)))
    # As measured where the calls are made, on another clock than the one that allowed them.
    assert _most_in_any_interval(made, 1.0) <= 10
    assert _most_in_any_interval(made, 2.0) <= 18
    assert refused > 0
    assert 0 < shortest_s < 2.2 + SPREAD_S
    assert len(made) >= 27  # and the budget is used: three windows' worth at least


async def test_many_calls_in_a_long_window_are_counted_late_never_early(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budgets, "EXACT_CALLS_MAX", 10)
    monkeypatch.setattr(budgets, "ARRIVAL_SPREAD_S", SPREAD_S)
    budget = CallBudget(pool)
    made: list[float] = []

    async def caller() -> None:
        end = time.monotonic() + 3.0
        while time.monotonic() < end:
            try:
                async with budget.call("k", (CallLimit(50, 1),), None, wait_max_s=0.5):
                    made.append(time.monotonic())
            except BudgetExhausted:
                pass

    await asyncio.gather(*(caller() for _ in range(5)))
    assert _most_in_any_interval(made, 1.0) <= 50
    assert len(made) >= 100
    assert len(await _reserved(pool, "k", 1)) <= 130  # marks, not calls, are what is kept


async def test_waiting_callers_are_served_in_order(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "ARRIVAL_SPREAD_S", 0.1)
    budget = CallBudget(pool)
    served: list[int] = []

    async def caller(number: int) -> None:
        async with budget.call("k", (CallLimit(1, 1),), None, wait_max_s=10):
            served.append(number)

    callers = []
    for number in range(4):
        callers.append(asyncio.create_task(caller(number)))
        await _until_reserved(pool, number + 1)
    await asyncio.gather(*callers)
    assert served == [0, 1, 2, 3]


async def _until_reserved(pool: asyncpg.Pool, count: int) -> None:
    async def reserved() -> bool:
        return await pool.fetchval("select count(*) from call_windows, unnest(times)") >= count

    await until(reserved)


async def test_what_would_take_too_long_is_refused_with_the_time_to_wait(pool: asyncpg.Pool) -> None:
    budget = CallBudget(pool)
    limits = (CallLimit(2, 60), CallLimit(100, 86400))
    for _ in range(2):
        async with budget.call("k", limits, None, wait_max_s=0):
            pass
    with pytest.raises(BudgetExhausted) as refused:
        async with budget.call("k", limits, None, wait_max_s=5):
            pytest.fail("a third call was let through")
    assert 58 < refused.value.retry_after_s <= 61
    assert refused.value.reason == "rate"
    assert len(await _reserved(pool, "k", 60)) == 2  # the refusal cost nothing
    async with budget.call("other", limits, None, wait_max_s=0):
        pass


async def test_no_more_calls_in_flight_than_allowed(pool: asyncpg.Pool) -> None:
    budget = CallBudget(pool)
    inside = most = 0

    async def caller() -> None:
        nonlocal inside, most
        async with budget.call("k", (), 3, wait_max_s=20):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.02)
            inside -= 1

    await asyncio.gather(*(caller() for _ in range(20)))
    assert most == 3
    await budget.aclose()
    assert await pool.fetchval("select cardinality(slots) from call_budgets") == 0


async def test_a_call_that_failed_gives_its_slot_back(pool: asyncpg.Pool) -> None:
    budget = CallBudget(pool)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            async with budget.call("k", (), 1, wait_max_s=0):
                raise RuntimeError
    with pytest.raises(BudgetExhausted) as refused:
        async with budget.call("k", (), 1, wait_max_s=0), budget.call("k", (), 1, wait_max_s=0.05):
            pass
    assert refused.value.reason == "in_flight"


async def test_the_slot_of_a_dead_holder_expires(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "SLOT_S", 2.0)
    budget = CallBudget(pool)
    # What a process leaves behind that dies during its call.
    answer = await budget._reserve("k", (), 1, 0.0, uuid.uuid4())
    assert answer.granted
    began = time.monotonic()
    async with budget.call("k", (), 1, wait_max_s=10):
        pass
    assert time.monotonic() - began > 1.5


async def test_a_long_call_keeps_its_slot(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "SLOT_S", 1.2)
    monkeypatch.setattr(budgets, "ARRIVAL_SPREAD_S", 0.2)
    budget = CallBudget(pool)
    async with budget.call("k", (), 1, wait_max_s=0):
        with pytest.raises(BudgetExhausted):
            async with budget.call("k", (), 1, wait_max_s=2.5):
                pass
    await budget.aclose()
    assert await pool.fetchval("select cardinality(slots) from call_budgets") == 0


async def test_a_call_that_lost_its_slot_is_cut_off(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "SLOT_S", 1.2)

    async def lose_the_slot() -> None:
        async with CallBudget(pool).call("k", (), 1, wait_max_s=0):
            await pool.execute("update call_budgets set slots = '{}', slots_end_at = '{}'")
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await lose_the_slot()


async def test_a_block_holds_for_everyone_and_is_never_shortened(pool: asyncpg.Pool) -> None:
    budget = CallBudget(pool)
    await budget.block("k", 60)
    await budget.block("k", 1)
    with pytest.raises(BudgetExhausted) as refused:
        async with CallBudget(pool).call("k", (CallLimit(10, 60),), None, wait_max_s=1):
            pass
    assert refused.value.reason == "blocked"
    assert 58 < refused.value.retry_after_s <= 60
    with pytest.raises(ValueError):
        await budget.block("k", -1)


async def test_a_block_reaches_callers_who_wait_already(pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "ARRIVAL_SPREAD_S", 0.1)
    budget = CallBudget(pool)
    limits = (CallLimit(1, 1),)
    async with budget.call("k", limits, None, wait_max_s=0):
        pass

    async def waiting() -> float:
        async with budget.call("k", limits, None, wait_max_s=10):
            return time.monotonic()

    waiter = asyncio.create_task(waiting())
    await _until_reserved(pool, 2)
    blocked_at = time.monotonic()
    await budget.block("k", 2.5)
    assert await waiter - blocked_at >= 2.5


async def test_the_vendors_own_count_lowers_ours_and_is_believed_until_the_next_one(pool: asyncpg.Pool) -> None:
    budget = CallBudget(pool)
    limit = CallLimit(10, 60)

    async def calls_allowed() -> int:
        for count in range(20):
            try:
                async with budget.call("k", (limit,), None, wait_max_s=0):
                    pass
            except BudgetExhausted:
                return count
        return 20

    async with budget.call("k", (limit,), None, wait_max_s=0):
        pass
    await budget.observe("k", limit, remaining=3)
    assert await calls_allowed() == 3
    await budget.observe("k", limit, remaining=10)  # never more than our own count allows
    assert await calls_allowed() == 6


async def test_an_old_observation_is_forgotten_so_that_the_vendor_is_asked_again(pool: asyncpg.Pool) -> None:
    budget = CallBudget(pool)
    limit = CallLimit(5000, 86_400)
    await budget.observe("k", limit, remaining=0)
    with pytest.raises(BudgetExhausted) as refused:
        async with budget.call("k", (limit,), None, wait_max_s=0):
            pass
    assert refused.value.retry_after_s <= 3600
    await pool.execute("update call_windows set observed_at = observed_at - $1::interval", timedelta(hours=1))
    async with budget.call("k", (limit,), None, wait_max_s=0):
        pass


def test_unusable_limits_are_refused() -> None:
    for calls, window_s in ((0, 60), (-1, 60), (1, 0), (1, 10**9)):
        with pytest.raises(ValueError):
            CallLimit(calls, window_s)
