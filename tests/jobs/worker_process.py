"""A worker as a process of its own, for tests that kill one: its handlers write what they do to table `diary`.

Run with the database's URL, the seconds one run takes, and the heartbeat time-out.
"""

from __future__ import annotations

import asyncio
import sys

import asyncpg

from bookbridge import jobs

DIARY = """create table if not exists diary (
    id bigint generated always as identity primary key,
    key text not null,
    started timestamptz not null default clock_timestamp(),
    saw bigint not null,
    ended timestamptz,
    pid integer not null default pg_backend_pid())"""

# One row for each ring, written in the transaction that rings.
WORK = "create table if not exists work (key text not null, item bigint generated always as identity)"


async def main(dsn: str, takes_s: float, heartbeat_timeout_s: float) -> None:
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=10)

    async def handler(key: str) -> None:
        entry = await pool.fetchval(
            """insert into diary (key, saw)
               values ($1, (select coalesce(max(item), 0) from work where key = $1)) returning id""",
            key,
        )
        await asyncio.sleep(takes_s)
        await pool.execute("update diary set ended = clock_timestamp() where id = $1", entry)

    worker = jobs.Worker(
        dsn, {"t": handler}, concurrency=20, heartbeat_timeout_s=heartbeat_timeout_s, poll_s=0.5, grace_s=2.0
    )
    await worker.run(stop_on_signals=True)
    await pool.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))
