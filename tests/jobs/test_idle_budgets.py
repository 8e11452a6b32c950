"""Budgets of which nothing counts any more are forgotten; all others stay as they are."""

from __future__ import annotations

import asyncpg

from bookbridge.jobs import CallBudget, CallLimit, budgets

LIMITS = (CallLimit(10, 60),)


async def test_only_budgets_without_any_meaning_are_forgotten(pool: asyncpg.Pool) -> None:
    budget = CallBudget(pool)
    for key in ("used lately", "used long ago", "told lately"):
        async with budget.call(key, LIMITS, 5, 0.0):
            pass
    await budget.aclose()
    await budget.block("blocked", 60)
    await pool.execute("update call_windows set times = array[now() - interval '62 s'] where key <> 'used lately'")
    await budget.observe("told lately", LIMITS[0], 3)
    async with budget.call("in use", (), 5, 0.0):
        assert await budgets.prune(pool) == 1
    kept = {row["key"] for row in await pool.fetch("select key from call_budgets")}
    assert kept == {"used lately", "told lately", "blocked", "in use"}
    await budget.aclose()
    assert await budgets.prune(pool) == 1, "the call has ended"
