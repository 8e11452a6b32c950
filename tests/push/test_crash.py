"""Processes killed at random moments while they write to a ledger that honours no key: each record is there once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.killing import killed
from tests.push.conftest import DEADLINE_S, Desk, supplier
from tests.push.ledger import Ledger

WRITES = 40
KILLS_MAX = 80
ANSWER_DELAY_S = 0.02
LIFE_S = (0.02, 0.15)


async def test_killed_at_any_moment_each_write_lands_once_and_none_is_lost(
    desk: Desk, ledger: Ledger, dsn: str, tmp_path: Path
) -> None:
    ledger.answer_delay_s = ANSWER_DELAY_S
    names = [f"Supplier {number}" for number in range(WRITES)]
    for name in names:
        await desk.submit(body=supplier(name))
    kills = await killed(
        "tests.push.writing_process",
        dsn,
        ledger.url,
        str(desk.connection.id),
        str(tmp_path),
        is_unfinished=desk.runner_has_work,
        kills_max=KILLS_MAX,
        life_s=LIFE_S,
        deadline_s=2 * DEADLINE_S,
    )
    ledger.answer_delay_s = 0.0
    await desk.work()
    assert kills >= 5
    assert Counter(held["name"] for held in ledger.all("suppliers")) == Counter(names)
    rows = await desk.pool.fetch("select status, count(*) from push_operations group by status")
    assert {row["status"]: row["count"] for row in rows} == {"Success": WRITES}
    results = await desk.pool.fetch("select result_record_id from push_operations")
    assert {row["result_record_id"] for row in results} == set(ledger.records["suppliers"])
    assert await desk.pool.fetchval("select count(*) from records") == WRITES
    assert len(await desk.events()) == WRITES
