"""A process that hands syncs over and carries out their writes, in children that are killed.

python -m tests.products.expenses.syncing_process DATA_DIR LEDGER_URL EMULATOR_PORT DSN CONNECTION_ID. Each line on its
standard input starts one child, whose pid is printed. Forking after the imports makes a child cheap, so that a test can
kill many.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import structlog

from bookbridge import app as composition
from bookbridge.app import Rooms
from bookbridge.products.expenses.accept import SYNC_TASK
from bookbridge.push.doorbell import WRITE_TASK
from bookbridge.settings import Settings
from tests.products.bill_pay.conftest import vendors_without_limits

ACCEPTED = "select company_id, id from expense_syncs where stage = 'accepted' order by place"


async def work_off(rooms: Rooms, connection_id: str) -> None:
    """What the worker's jobs would do, one after the other, until nothing is left."""
    books, _ = composition.handlers(rooms)
    while True:
        for row in await rooms.pool.fetch(ACCEPTED):
            await books[SYNC_TASK](f"{row['company_id']}:{row['id']}")
        wait_s = await books[WRITE_TASK](connection_id)
        if wait_s is None and not await rooms.pool.fetch(ACCEPTED):
            return
        await asyncio.sleep(min(wait_s or 0.0, 0.2))


async def work(data_dir: str, ledger_url: str, emulator_port: str, dsn: str, connection_id: str) -> None:
    settings = Settings(
        data_dir=Path(data_dir), emulator_port=int(emulator_port), vendors=vendors_without_limits(ledger_url)
    )
    async with composition.open_rooms(settings, dsn) as rooms:
        await work_off(rooms, connection_id)


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the killed
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # standard output is for process ids
    child = 0
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(work(*sys.argv[1:]))
            os._exit(0)
        print(child, flush=True)
    if child:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()
