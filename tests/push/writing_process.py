"""A process that carries out a connection's writes, in children that are killed.

python -m tests.push.writing_process DSN LEDGER_URL CONNECTION_ID KEYS_DIR; see `tests.killing`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from bookbridge.companies.link_codes import LinkCodes
from bookbridge.companies.vault import open_vault
from bookbridge.companies.views import Views
from bookbridge.connectors.kit import http
from bookbridge.push.run import Backoff, Runner
from bookbridge.store.pool import open_pool
from tests.killing import children
from tests.push.ledger_connector import CONNECTOR, LedgerSessions


async def work(dsn: str, url: str, connection_id: str, keys_dir: str) -> None:
    pool = await open_pool(dsn, max_size=2)
    views = Views("https://books.example", LinkCodes(open_vault(Path(keys_dir))))
    async with http.client() as client:
        sessions = LedgerSessions(client, url)
        runner = Runner(pool, sessions, lambda key: CONNECTOR, views, backoff=Backoff(first_s=0.01, max_s=0.05))
        while True:
            wait_s = await runner.handler(connection_id)
            if wait_s is None:
                return
            await asyncio.sleep(wait_s)


if __name__ == "__main__":
    children(work)
