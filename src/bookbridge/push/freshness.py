"""Does an update overwrite what somebody else has changed? Asked at the platform right before it is sent.

The record as the platform holds it now is compared with what was last read of it, by the time of change. Without
anything to compare (never read, no time told, a platform that gives no single records) the update goes on: the check
protects from surprises, it does not forbid.
"""

from __future__ import annotations

import asyncpg
import msgspec

from bookbridge.accounting.records import ListedRecord
from bookbridge.connectors.kit.errors import NotSupported, RecordNotFound, Rejected
from bookbridge.connectors.kit.session import Session
from bookbridge.store import records
from bookbridge.store.records import Scope

CHANGED = (
    "The record was changed on the platform at {now}, after it was last read ({read}): read it again, or send the"
    " update with forceUpdate=true to overwrite it."
)


class _Read(msgspec.Struct, rename="camel"):
    source_modified_date: str | None = None


async def compare(pool: asyncpg.Pool, session: Session, scope: Scope, record_id: str) -> str:
    """What the comparison found, for people. Raises Rejected when the record has changed since it was last read,
    RecordNotFound when it is gone, and any VendorError of asking. `scope` names a connection."""
    body = await records.get_body(pool, scope, record_id)
    read = None if body is None else msgspec.json.decode(body, type=_Read).source_modified_date
    if read is None:
        return "Nothing was read of this record before."
    try:
        found = await session.record(scope.data_type, record_id)
    except NotSupported:
        return "The platform gives no single records of this type."
    if found is None:
        raise RecordNotFound("The platform has no such record any more.")
    now = found.record.source_modified_date if isinstance(found.record, ListedRecord) else None
    if now is not None and now != read:
        raise Rejected(CHANGED.format(now=now, read=read))
    return "The record is as it was last read."
