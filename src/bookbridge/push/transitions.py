"""Every change of a push operation, each one statement together with its line in the story.

    insert ─▶ begin ─▶ succeed | fail          wait: put off, to be begun again
       │          └──▶ wait ─▶ begin …         time_out: what the application is told, nothing else
       └──▶ withdraw                           whoever waited for it gave up, and nothing had left

Whatever settles an operation, so that nothing more will happen to it, notifies `settled.CHANNEL` once the caller's
transaction commits; `time_out` settles nothing.
All of them but `insert`, `time_out` and `withdraw` are fenced by `runs`: a worker that lost the operation cannot change
it. `withdraw` is fenced by the stage, which `begin` changes before anything leaves.
What the stages mean is told in `operations`; what follows from a change is for the callers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import msgspec

from bookbridge.companies import companies, connections, credentials
from bookbridge.companies.companies import Company
from bookbridge.companies.connections import Connection
from bookbridge.companies.credentials import Sealed
from bookbridge.connectors.kit.connector import Operation as Kind
from bookbridge.push import doorbell, files
from bookbridge.push.findings import Validation
from bookbridge.push.operations import (
    COLUMNS,
    COLUMNS_OF_O,
    Change,
    Content,
    PushOperation,
    Stage,
    Status,
    content_of,
    operation_of,
)
from bookbridge.push.settled import CHANNEL
from bookbridge.push.story import Step, telling
from bookbridge.store import records
from bookbridge.store.pool import NO_WAIT_FOR_DISK, Db
from bookbridge.store.records import RecordBatch

ERROR_MESSAGE_LENGTH_MAX: Final = 2_000

_OF_THIS_RUN = "company_id = $1 and id = $2 and runs = $3 and stage <> 'done'"
_SELECT = f"select {COLUMNS} from changed"  # noqa: S608
_SELECT_AT_ONCE = f"select {COLUMNS}, {NO_WAIT_FOR_DISK} from changed"  # noqa: S608
_SELECT_ALL = "select * from changed"
_NOTIFIED = f"pg_notify('{CHANNEL}', changed.id::text)"
_SELECT_SETTLED = f"select {COLUMNS}, {_NOTIFIED} from changed"  # noqa: S608
_WITH_COMPANY = f"changed.*, {companies.COLUMNS_AS_C} from changed join companies c on c.id = changed.company_id"
_SELECT_ENDED = f"select {_NOTIFIED}, {_WITH_COMPANY}"


@dataclass(frozen=True)
class Begun:
    """A run at an operation that has just been started."""

    operation: PushOperation
    content: Content
    connection: Connection
    credentials: Sealed | None
    """What opens the connection; None: it has nothing."""
    seen: Stage
    """What was known of the operation before this run."""


@dataclass(frozen=True)
class Ended:
    """An operation that has just come to an end, if only for the application; and its company, which is told so."""

    operation: PushOperation
    company: Company


async def insert(
    db: Db,
    *,
    company_id: UUID,
    connection_id: UUID,
    data_type: str,
    kind: Kind,
    content: Content,
    organisation_id: str | None = None,
    record_id: str | None = None,
    sync_on_complete: bool = True,
    timeout_in_minutes: int | None = None,
    force_update: bool = False,
    awaits: Sequence[UUID] = (),
    validation: Validation | None = None,
    failed_because: str | None = None,
    open_max: int,
    waits_for_disk: bool = True,
) -> PushOperation | None:
    """Store a new operation with its file: Pending, to be carried out once the caller's transaction has committed, or
    Failed at once when `failed_because` is given. None: `open_max` writes of this connection are open already.

    Without `waits_for_disk` that transaction's commit does not wait: the caller does (`store.pool.reach_disk`) before
    anybody outside is told. `begin` waits, so that nothing leaves before this is on disk too."""
    refused = failed_because is not None
    selected = _SELECT if waits_for_disk else _SELECT_AT_ONCE
    inserted = f"""
        insert into push_operations (company_id, id, connection_id, data_type, kind, record_id, status, stage, body,
            file_name, file_content_type, file_size_bytes, sync_on_complete, timeout_in_minutes, intent_key, validation,
            error_message, organisation_id, force_update, awaits, completed)
        select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
            case when $8 = 'done' then now() end
        where (select count(*) from (
            select from push_operations where connection_id = $3 and stage <> 'done' limit $21) as open) < $21
        returning {COLUMNS}"""  # noqa: S608
    row = await db.fetchrow(
        telling(inserted, Step.REFUSED, reason=17) + _SELECT_SETTLED
        if refused
        else telling(inserted, Step.ACCEPTED) + f", rung as ({doorbell.WAKING}) " + selected,
        company_id,
        uuid4(),
        connection_id,
        data_type,
        kind.value,
        record_id,
        (Status.FAILED if refused else Status.PENDING).value,
        (Stage.DONE if refused else Stage.ACCEPTED).value,
        content.body,
        content.file.name if content.file else None,
        content.file.content_type if content.file else None,
        content.file.size_bytes if content.file else None,
        sync_on_complete,
        timeout_in_minutes,
        uuid4(),
        _json(validation) if validation is not None else None,
        _storable(failed_because) if failed_because is not None else None,
        organisation_id,
        force_update,
        list(awaits) or None,
        open_max,
    )
    if row is None:
        return None
    if content.file is not None and not refused:
        await files.keep(db, company_id, row["id"], content.file)
    return operation_of(row)


async def begin(pool: Db | asyncpg.Pool, connection_id: UUID) -> Begun | None:
    """Record the intent of the write that a connection has to carry out next, and start a run; commits before anything
    is sent. An intent that may have left keeps its time. With what is to be written, as `operations.content` gives it,
    and the connection as it is now. None: nothing is open, it is not its time, the connection is not linked to its
    books, or somebody else has just begun or ended it."""
    # Whoever has waited for the row's lock finds another run or stage than it has looked at, and begins nothing.
    changed = f"""with next as (
            select company_id, id, runs, stage from push_operations
            where connection_id = $1 and stage <> 'done' order by place limit 1)
        update push_operations o set runs = o.runs + 1,
            stage = case when o.stage = 'accepted' then 'intended' else o.stage end,
            intent_recorded_at = case when o.stage = 'accepted' then clock_timestamp() else o.intent_recorded_at end
        from next join connections k on k.company_id = next.company_id and k.id = $1
            left join credentials s on s.company_id = k.company_id and s.connection_id = k.id
        where o.company_id = next.company_id and o.id = next.id and o.runs = next.runs and o.stage = next.stage
            and (o.not_before is null or o.not_before <= clock_timestamp())
            and k.status = 'Linked' and {_is_for("o.organisation_id", "k.organisation_id")}
        returning {COLUMNS_OF_O}, o.body, o.file_content_type, o.file_size_bytes, next.stage as seen,
            {connections.COLUMNS_AS_K}, {credentials.COLUMNS_AS_S}"""  # noqa: S608
    row = await pool.fetchrow(telling(changed, Step.STARTED) + _SELECT_ALL, connection_id)
    if row is None:
        return None
    return Begun(
        operation_of(row),
        content_of(pool, row),
        connections.connection_as_k(row),
        credentials.sealed_as_s(row),
        Stage(row["seen"]),
    )


async def name_record(db: Db | asyncpg.Pool, operation: PushOperation, record_id: str) -> PushOperation | None:
    """Put the id that an earlier write has made in the place of that write's key. None: this run lost the operation."""
    row = await db.fetchrow(
        f"update push_operations set record_id = $4 where {_OF_THIS_RUN} returning {COLUMNS}",  # noqa: S608
        *_run(operation),
        record_id,
    )
    return operation_of(row) if row else None


async def wait(
    db: Db | asyncpg.Pool, operation: PushOperation, stage: Stage, wait_s: float, *, failed: bool, reason: str
) -> None:
    """Put an open operation off; `failed` counts towards the limit of tries."""
    changed = f"""update push_operations set stage = $4, failures = failures + $6,
            not_before = clock_timestamp() + $5::interval
        where {_OF_THIS_RUN} returning {COLUMNS}"""  # noqa: S608
    await db.execute(
        telling(changed, Step.WAITS, reason=7, until=True) + _SELECT,
        *_run(operation),
        stage.value,
        timedelta(seconds=wait_s),
        1 if failed else 0,
        _storable(reason),
    )


async def succeed(
    db: Db,
    operation: PushOperation,
    changes: tuple[Change, ...],
    attachment_id: str | None,
    batches: Sequence[RecordBatch] = (),
) -> tuple[Ended, Connection] | None:
    """End an operation well, and save the records as the vendor now holds them; with its connection as it is now, which
    is kept from being deleted until the caller's transaction ends. If that was linked to other books meanwhile, the
    records are not saved: they must never stand beside those of the other books. A status that has timed out stays.
    None: this run lost the operation, or it is gone, and nothing was changed."""
    # The connection is locked before the operation, in the order of those who delete them: a row is changed only when
    # the rows that it is joined with are in hand.
    changed = f"""with held as materialized (
            select {connections.COLUMNS_AS_K} from connections k where k.company_id = $1 and k.id = $7 for key share)
        update push_operations set stage = 'done', not_before = null,
            status = case when status = 'Pending' then 'Success' else status end,
            completed = coalesce(completed, clock_timestamp()),
            changes = $4, result_record_id = $5, attachment_id = $6
        from held where {_OF_THIS_RUN} returning {COLUMNS}, held.*"""  # noqa: S608
    saving, arguments = records.saving(batches, first=8)
    row = await db.fetchrow(
        telling(changed, Step.SUCCEEDED)
        + f""", {files.DROPPED} select case when {_is_for("changed.organisation_id", "changed.k_organisation_id")}
            then {saving} end as saved, {_NOTIFIED}, {_WITH_COMPANY}""",
        *_run(operation),
        _json(changes),
        changes[0].record_ref.id,
        attachment_id,
        operation.connection_id,
        *arguments,
    )
    return (_ended(row), connections.connection_as_k(row)) if row else None


async def fail(db: Db, operation: PushOperation, message: str, validation: Validation | None = None) -> Ended | None:
    """End an operation badly; `validation` None keeps what was found on acceptance. A status that has timed out
    stays. None: this run lost the operation."""
    changed = f"""update push_operations set stage = 'done', not_before = null,
            status = case when status = 'Pending' then 'Failed' else status end,
            completed = coalesce(completed, clock_timestamp()),
            error_message = $4, validation = coalesce($5, validation)
        where {_OF_THIS_RUN} returning {COLUMNS}"""  # noqa: S608
    row = await db.fetchrow(
        telling(changed, Step.FAILED, reason=4) + f", {files.DROPPED} " + _SELECT_ENDED,
        *_run(operation),
        _storable(message),
        _json(validation) if validation is not None else None,
    )
    return _ended(row) if row else None


async def withdraw(db: Db, company_id: UUID, operation_id: UUID, message: str) -> Ended | None:
    """End an operation badly of which nothing has left. None: something may have left, or it has ended."""
    changed = f"""update push_operations set stage = 'done', not_before = null,
            status = case when status = 'Pending' then 'Failed' else status end,
            completed = coalesce(completed, clock_timestamp()), error_message = $3
        where company_id = $1 and id = $2 and stage = 'accepted' returning {COLUMNS}"""  # noqa: S608
    row = await db.fetchrow(
        telling(changed, Step.FAILED, reason=3) + f", {files.DROPPED} " + _SELECT_ENDED,
        company_id,
        operation_id,
        _storable(message),
    )
    return _ended(row) if row else None


async def time_out(db: Db, company_id: UUID, operation_id: UUID) -> Ended | None:
    """Tell the application that its time is over, if the operation is still Pending. The write goes on."""
    changed = f"""update push_operations set status = 'TimedOut', completed = clock_timestamp()
        where company_id = $1 and id = $2 and status = 'Pending' returning {COLUMNS}"""  # noqa: S608
    row = await db.fetchrow(telling(changed, Step.TIMED_OUT) + f"select {_WITH_COMPANY}", company_id, operation_id)
    return _ended(row) if row else None


def _is_for(accepted_for: str, linked_to: str) -> str:
    """`operations.is_for` in SQL, over the columns of an operation's organisation and of its connection's."""
    return f"({accepted_for} is null or {accepted_for} = {linked_to})"


def _ended(row: Mapping[str, Any]) -> Ended:
    return Ended(operation_of(row), companies.company_as_c(row))


def _storable(message: str) -> str:
    """A message that may hold a vendor's words: no NUL, which PostgreSQL cannot keep, and of bearable length."""
    return message.replace("\0", "")[:ERROR_MESSAGE_LENGTH_MAX]


def _run(operation: PushOperation) -> tuple[UUID, UUID, int]:
    return operation.company_id, operation.id, operation.runs


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
