"""Giving up access: first at the vendor, as far as it answers in time, then here for certain."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import structlog

from bookbridge.companies import companies, connections, deletion, lifecycle
from bookbridge.companies.connections import Connection, Status
from bookbridge.companies.sessions import Sessions
from bookbridge.companies.views import Views
from bookbridge.connectors.kit.errors import VendorError

log = structlog.get_logger(__name__)

DISCONNECT_TIMEOUT_S = 4.0
"""Official client libraries give up after five seconds."""
DISCONNECTS_AT_ONCE_MAX = 5
DISCONNECTS_TIMEOUT_S = 60.0


async def unlink(
    pool: asyncpg.Pool, views: Views, sessions: Sessions, company_id: UUID, connection_id: UUID
) -> Connection:
    """Unlink the connection. What was read stays readable. Raises ConnectionNotFound, and Conflict unless it is
    Linked or PendingAuth. A vendor that does not answer in DISCONNECT_TIMEOUT_S keeps nobody from unlinking."""
    async with pool.acquire() as db:
        connection = await connections.get(db, company_id, connection_id)
    await _disconnect_all(sessions, [connection])
    async with pool.acquire() as db, db.transaction():
        return await lifecycle.unlinked(db, views, connection)


async def delete_connection(
    pool: asyncpg.Pool, views: Views, sessions: Sessions, company_id: UUID, connection_id: UUID
) -> None:
    """Give up the access and delete the connection with all that was read over it. Raises
    ConnectionNotFound."""
    async with pool.acquire() as db:
        connection = await connections.get(db, company_id, connection_id)
    await _disconnect_all(sessions, [connection])
    async with pool.acquire() as db, db.transaction():
        await deletion.delete_connection(db, views, company_id, connection_id)


async def delete_company(pool: asyncpg.Pool, views: Views, sessions: Sessions, company_id: UUID) -> None:
    """Give up every access of the company and its subsidiaries, and delete them with all that was read. Raises
    CompanyNotFound."""
    async with pool.acquire() as db:
        await companies.get(db, company_id)
        family = await deletion.family(db, company_id)
        found = await connections.of_companies(db, family)
    await _disconnect_all(sessions, [connection for group in found.values() for connection in group])
    async with pool.acquire() as db, db.transaction():
        await deletion.delete_company(db, views, company_id)


async def _disconnect_all(sessions: Sessions, all_connections: Sequence[Connection]) -> None:
    places = asyncio.Semaphore(DISCONNECTS_AT_ONCE_MAX)

    async def one(connection: Connection) -> None:
        async with places:
            await _disconnect(sessions, connection)

    linked = [connection for connection in all_connections if connection.status is Status.LINKED]
    try:
        async with asyncio.timeout(DISCONNECTS_TIMEOUT_S):
            await asyncio.gather(*(one(connection) for connection in linked))
    except TimeoutError:
        log.warning("disconnects_cut_short", connections=len(linked))


async def _disconnect(sessions: Sessions, connection: Connection) -> None:
    try:
        async with asyncio.timeout(DISCONNECT_TIMEOUT_S), sessions.open(connection) as session:
            await session.disconnect()
    except (VendorError, TimeoutError) as error:
        log.warning("vendor_disconnect_failed", connection_id=str(connection.id), error=type(error).__name__)
