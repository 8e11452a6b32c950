"""Push operations: one write that an application asked for, from acceptance to outcome, and how they are found.

Two words say where an operation is. `status` is the contract's and is for the application; `stage` is ours and says
what the vendor may have seen:

    accepted ──▶ intended ──▶ done            intended: bytes may have left since `intent_recorded_at`
                    └──▶ uncertain ──▶ done   uncertain: they did, and no clear answer came back

A time-out changes `status` only: the write goes on, and its outcome is recorded beside the status TimedOut.
How they change is in `transitions`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from bookbridge.companies import connections
from bookbridge.companies.connections import Connection
from bookbridge.connectors.kit.connector import Operation as Kind
from bookbridge.connectors.kit.session import File, Intent
from bookbridge.push import files
from bookbridge.push.findings import Validation
from bookbridge.store.pool import Db
from bookbridge.store.query import Compiled, Property
from bookbridge.store.query import Kind as PropertyKind

CLAIMED_MAX: Final = 5_000
"""Writes leave one at a time, so this reaches back further than any vendor's clock is off."""


class Status(StrEnum):
    """What the application is told, in the contract's words."""

    PENDING = "Pending"
    SUCCESS = "Success"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"


class Stage(StrEnum):
    """What the vendor may have seen."""

    ACCEPTED = "accepted"
    INTENDED = "intended"
    UNCERTAIN = "uncertain"
    DONE = "done"


class ChangeType(StrEnum):
    """What a write did to a record."""

    UNKNOWN = "Unknown"
    CREATED = "Created"
    MODIFIED = "Modified"
    DELETED = "Deleted"
    ATTACHMENT_UPLOADED = "AttachmentUploaded"


CHANGE_OF: Final[Mapping[Kind, ChangeType]] = {
    Kind.CREATE: ChangeType.CREATED,
    Kind.UPDATE: ChangeType.MODIFIED,
    Kind.DELETE: ChangeType.DELETED,
    Kind.UPLOAD_ATTACHMENT: ChangeType.ATTACHMENT_UPLOADED,
}


_MAKING = frozenset({Kind.CREATE, Kind.UPLOAD_ATTACHMENT})


class ChangedRecord(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which record was changed."""

    id: str
    """Identifier given by the accounting software."""
    data_type: str
    """Its data type, by its key."""


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """One effect of a write."""

    type: ChangeType
    """What was done."""
    record_ref: ChangedRecord
    """The record that it was done to."""
    attachment_id: str | None = None
    """The file that was attached."""


class PushOperation(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `push_operations`, without what is to be written."""

    company_id: UUID
    id: UUID
    connection_id: UUID
    organisation_id: str | None
    """Whose books it was accepted for: the connection may be linked to another organisation before it is sent. None:
    not known."""
    data_type: str
    kind: Kind
    record_id: str | None
    status: Status
    stage: Stage
    file_name: str | None
    sync_on_complete: bool
    timeout_in_minutes: int | None
    force_update: bool
    awaits: tuple[UUID, ...]
    """Earlier writes whose records this one names by their keys; see `references`."""
    intent_key: UUID
    intent_recorded_at: datetime | None
    runs: int
    failures: int
    not_before: datetime | None
    requested: datetime
    completed: datetime | None
    result_record_id: str | None
    attachment_id: str | None
    changes: tuple[Change, ...]
    error_message: str | None
    validation: Validation | None


@dataclass(frozen=True)
class Content:
    """What is to be written: a body, a file, or (for a deletion) neither."""

    body: str | None = None
    file: File | None = None


STATUS_CODES: Final[Mapping[Status, int]] = {
    Status.PENDING: 202,
    Status.SUCCESS: 200,
    Status.FAILED: 400,
    # The contract gives no code for this one; HTTP's own word for it is the least surprising.
    Status.TIMED_OUT: 408,
}

_STATUS_CODE_SQL = (
    "case status " + " ".join(f"when '{s.value}' then {code}" for s, code in STATUS_CODES.items()) + " end"
)
COLUMNS: Final = ", ".join(PushOperation.__struct_fields__)
"""What `operation_of` makes an operation of."""
COLUMNS_OF_O: Final = ", ".join(f"o.{name}" for name in PushOperation.__struct_fields__)
CONTENT_COLUMNS: Final = "file_name, body, file_content_type, file_size_bytes"
"""What `content_of` makes a content of, beside the operation's key."""


def properties() -> dict[str, Property]:
    """What the history may be queried and ordered by, as SQL over this table."""
    return {
        "pushOperationKey": Property(PropertyKind.STRING, "id::text"),
        "id": Property(PropertyKind.STRING, "id::text"),
        "dataConnectionKey": Property(PropertyKind.STRING, "connection_id::text"),
        "companyId": Property(PropertyKind.STRING, "company_id::text"),
        "dataType": Property(PropertyKind.STRING, "data_type"),
        "status": Property(PropertyKind.STRING, "status"),
        "statusCode": Property(PropertyKind.NUMBER, f"({_STATUS_CODE_SQL})"),
        "errorMessage": Property(PropertyKind.STRING, "error_message"),
        "requestedOnUtc": Property(PropertyKind.DATE, "requested"),
        "completedOnUtc": Property(PropertyKind.DATE, "completed"),
        "timeoutInMinutes": Property(PropertyKind.NUMBER, "timeout_in_minutes"),
    }


async def get(db: Db | asyncpg.Pool, company_id: UUID, operation_id: UUID) -> PushOperation | None:
    """One operation of a company."""
    row = await db.fetchrow(
        f"select {COLUMNS} from push_operations where company_id = $1 and id = $2",  # noqa: S608
        company_id,
        operation_id,
    )
    return operation_of(row) if row else None


async def list_page(
    db: Db | asyncpg.Pool,
    company_id: UUID,
    *,
    condition: Compiled | None,
    order: str | None,
    limit: int,
    offset: int,
) -> tuple[list[PushOperation], int]:
    """One page of a company's history, newest first unless ordered otherwise, and the total of all pages.
    `condition` was compiled over `properties()` with `first = 2`."""
    where = "company_id = $1" if condition is None else f"company_id = $1 and ({condition.sql})"
    arguments = (company_id, *(condition.arguments if condition is not None else ()))
    ordering = f"{order}, id" if order else "requested desc, place desc"
    rows = await db.fetch(
        f"select {COLUMNS} from push_operations where {where} order by {ordering}"  # noqa: S608
        f" limit {limit:d} offset {offset:d}",
        *arguments,
    )
    total = await db.fetchval(f"select count(*) from push_operations where {where}", *arguments)  # noqa: S608
    return [operation_of(row) for row in rows], total


@dataclass(frozen=True)
class NextOpen:
    """The operation that a connection has to carry out next."""

    operation: PushOperation
    connection: Connection
    wait_s: float
    """Seconds until its time has come, by the clock of the database; 0 or less when it has."""


async def next_open(db: Db | asyncpg.Pool, connection_id: UUID) -> NextOpen | None:
    """The operation that this connection has to carry out next, whether or not it waits. None: nothing is open."""
    row = await db.fetchrow(
        f"""select {COLUMNS_OF_O}, {connections.COLUMNS_AS_K},
            coalesce(extract(epoch from o.not_before - clock_timestamp()), 0)::float8 as wait_s
        from push_operations o
        join connections k on k.company_id = o.company_id and k.id = o.connection_id
        where o.connection_id = $1 and o.stage <> 'done' order by o.place limit 1""",  # noqa: S608
        connection_id,
    )
    return NextOpen(operation_of(row), connections.connection_as_k(row), row["wait_s"]) if row else None


async def content(pool: Db | asyncpg.Pool, operation: PushOperation) -> Content:
    """What an open operation is to write. A file is read from the pool piece by piece, while it is walked through."""
    row = await pool.fetchrow(
        f"select company_id, id, {CONTENT_COLUMNS} from push_operations where company_id = $1 and id = $2",  # noqa: S608
        operation.company_id,
        operation.id,
    )
    return content_of(pool, row) if row else Content()


def content_of(pool: Db | asyncpg.Pool, row: Mapping[str, Any]) -> Content:
    """The content in a row of an operation's key and CONTENT_COLUMNS; see `content`."""
    if row["file_name"] is None:
        return Content(body=row["body"])
    pieces = files.kept(pool, row["company_id"], row["id"], row["file_size_bytes"])
    return Content(file=File(row["file_name"], row["file_content_type"], pieces))


def is_for(operation: PushOperation, connection: Connection) -> bool:
    """Whether the connection leads to the books that the operation was accepted for."""
    return operation.organisation_id in (None, connection.organisation_id)


def intent(operation: PushOperation, claimed: frozenset[str] = frozenset()) -> Intent:
    """What the connector is told about a begun write. Raises ValueError before its intent was recorded."""
    if operation.intent_recorded_at is None:
        raise ValueError("the intent of this write is not recorded yet")
    return Intent(str(operation.intent_key), operation.intent_recorded_at, claimed)


async def claimed(db: Db | asyncpg.Pool, operation: PushOperation) -> frozenset[str]:
    """What the connection's other writes of the same kind have made, newest CLAIMED_MAX: records of a create,
    attachments of an upload, nothing otherwise. A look-up must not take the record of an equal write for this one's.
    """
    if operation.kind not in _MAKING:
        return frozenset()
    made = "attachment_id" if operation.kind is Kind.UPLOAD_ATTACHMENT else "result_record_id"
    rows = await db.fetch(
        f"""select {made} as made from push_operations
        where connection_id = $1 and data_type = $2 and kind = $3 and result_record_id is not null
          and {made} is not null
        order by place desc limit $4""",  # noqa: S608
        operation.connection_id,
        operation.data_type,
        operation.kind.value,
        CLAIMED_MAX,
    )
    return frozenset(row["made"] for row in rows)


def operation_of(row: Mapping[str, Any]) -> PushOperation:
    """The operation in a row of COLUMNS, and of others that are passed by."""
    values = {name: row[name] for name in PushOperation.__struct_fields__}
    values["awaits"] = tuple(values["awaits"] or ())
    values["kind"] = Kind(values["kind"])
    values["status"] = Status(values["status"])
    values["stage"] = Stage(values["stage"])
    values["changes"] = msgspec.json.decode(values["changes"], type=tuple[Change, ...])
    if values["validation"] is not None:
        values["validation"] = msgspec.json.decode(values["validation"], type=Validation)
    return PushOperation(**values)
