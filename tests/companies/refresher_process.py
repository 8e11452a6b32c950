"""Run by tests as a process of its own: asks for the current token of a connection a number of times at once.

Arguments: dsn, vendor URL, vault text, company id, connection id, callers, where to die (`-`, `before-save`).
Prints `token <access token>` for each, between lines of log.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from uuid import UUID

from bookbridge.companies import connections, credentials
from bookbridge.companies.link_codes import LinkCodes
from bookbridge.companies.tokens import Tokens
from bookbridge.companies.vault import from_text
from bookbridge.companies.views import Views
from bookbridge.connectors import registry
from bookbridge.connectors.kit import http as kit_http
from bookbridge.store.pool import open_pool
from tests.companies.conftest import CONNECTORS, OAUTH, vendor_apps


async def main() -> None:
    dsn, url, keys, company_id, connection_id, callers, death = sys.argv[1:]
    registry.connector = CONNECTORS.get
    if death == "before-save":

        async def die(*args: object, **options: object) -> bool:
            os.kill(os.getpid(), signal.SIGKILL)
            return False

        credentials.save = die
    vault = from_text(keys)
    pool = await open_pool(dsn, max_size=3)
    async with kit_http.client() as http:
        tokens = Tokens(pool, vault, http, vendor_apps(url), Views("https://b", LinkCodes(vault)))
        async with pool.acquire() as db:
            connection = await connections.get(db, UUID(company_id), UUID(connection_id))
        print("ready", flush=True)
        sys.stdin.readline()
        found = await asyncio.gather(*(tokens.current(connection, OAUTH) for _ in range(int(callers))))
        print("\n".join(f"token {each.access_token}" for each in found), flush=True)
    pool.terminate()


asyncio.run(main())
