"""A process that hands syncs over and carries out their writes, in children that are killed.

python -m tests.products.expenses.syncing_process DATA_DIR LEDGER_URL EMULATOR_PORT DSN CONNECTION_ID; see
`tests.killing`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from bookbridge import app as composition
from bookbridge.app import Rooms
from bookbridge.products.expenses.accept import SYNC_TASK
from bookbridge.push.doorbell import WRITE_TASK
from bookbridge.settings import Settings
from tests.killing import children
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


if __name__ == "__main__":
    children(work)
