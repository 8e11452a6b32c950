"""The files that wait to be attached: kept in pieces beside their operations, dropped when these have ended.

Which files a platform takes is checked in `uploads`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

import asyncpg

from bookbridge.connectors.kit.session import File
from bookbridge.connectors.kit.streams import Streamed
from bookbridge.push.errors import AttachmentRefused
from bookbridge.store.pool import Db

DROPPED: Final = (
    "gone as (delete from push_file_chunks c using changed"
    " where c.company_id = changed.company_id and c.operation_id = changed.id and changed.file_name is not null)"
)
"""A part of a `with` clause after `changed`, the operations whose files are of no use any more."""


async def keep(db: Db, company_id: UUID, operation_id: UUID, file: File) -> None:
    """Keep the file's content, in the transaction that keeps its operation. Raises AttachmentRefused for a content of
    another length than was said."""
    size_bytes = place = 0
    async for chunk in file.chunks():
        await db.execute(
            "insert into push_file_chunks (company_id, operation_id, place, content) values ($1, $2, $3, $4)",
            company_id,
            operation_id,
            place,
            chunk,
        )
        size_bytes, place = size_bytes + len(chunk), place + 1
    if size_bytes != file.size_bytes:
        raise AttachmentRefused(f"The file has {size_bytes} bytes instead of {file.size_bytes}.")


def kept(pool: Db | asyncpg.Pool, company_id: UUID, operation_id: UUID, size_bytes: int | None) -> Streamed:
    """The content of a kept file, a piece in memory at a time; nothing at all once it was dropped."""

    async def pieces() -> AsyncIterator[bytes]:
        place = 0
        while True:
            chunk: bytes | None = await pool.fetchval(
                """select content from push_file_chunks
                where company_id = $1 and operation_id = $2 and place = $3""",
                company_id,
                operation_id,
                place,
            )
            if chunk is None:
                return
            yield chunk
            place += 1

    return Streamed(pieces, size_bytes)
