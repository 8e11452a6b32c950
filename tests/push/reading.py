"""Everything that a ledger tells, kept as a sync would have: for tests that need books to choose from."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg

from bookbridge.accounting.records import ListedRecord
from bookbridge.companies.connections import Connection
from bookbridge.connectors.kit.connector import Connector
from bookbridge.connectors.kit.session import Access
from bookbridge.store import records
from bookbridge.store.records import RecordBatch


async def read_all(
    pool: asyncpg.Pool, connection: Connection, connector: Connector, access: Access, *data_types: str
) -> None:
    """Read these data types, or all that the connector reads."""
    session: Any = connector.open(access)
    for read in connector.reads:
        if data_types and read.data_type.key not in data_types:
            continue
        for source in read.sources:
            batch = RecordBatch(
                connection.company_id, connection.id, read.data_type.key, source.name, datetime.now(UTC)
            )
            async for page in session.pages(source, since=None, cursor=None):
                for payload, raw in zip(page.payloads, page.raws, strict=True):
                    shaped = source.shape(payload, access.facts)
                    for record in shaped if isinstance(shaped, (list, tuple)) else filter(None, (shaped,)):
                        deleted = isinstance(record, ListedRecord) and record.metadata.is_deleted
                        encoded = read.data_type.encode(record)
                        batch.add(read.data_type.record_id(record), encoded, raw, None, deleted)
            async with pool.acquire() as db:
                await records.save(db, batch)
