"""Recording what came of a write: each outcome is one transaction, its event included.

    succeeded   records saved as the platform now holds them, operation Success, event, a read queued
    failed      operation Failed, event
    withdrawn   operation Failed before anything left, event

All settle the operation: whoever waits for it (see `settled`) hears so once the caller's transaction commits.
The caller writes the line of the log then (`log_end`).

It must not talk to a vendor; deciding which outcome it is belongs to `run`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec
import structlog

from bookbridge.accounting import catalog
from bookbridge.accounting.dates import parse_contract_datetime
from bookbridge.accounting.records import ListedRecord
from bookbridge.accounting.references import RecordRef
from bookbridge.companies.connections import Connection
from bookbridge.companies.views import Views
from bookbridge.connectors.kit.errors import FieldProblem
from bookbridge.connectors.kit.session import Reread, Written
from bookbridge.push import events, operations, transitions
from bookbridge.push.findings import Findings, Validation
from bookbridge.push.operations import CHANGE_OF, Change, ChangedRecord, ChangeType, PushOperation, Status
from bookbridge.store.pool import Db
from bookbridge.store.records import RecordBatch

log = structlog.get_logger(__name__)

MOVEMENTS: Final = "accountTransactions"
"""The data type whose records other writes make: what moved on a bank account."""

OnWritten = Callable[[Db, Connection, str], Awaitable[None]]
"""Called with the data type key in the transaction that records a success, to queue a read of it."""

OnSettled = Callable[[Db, PushOperation], Awaitable[None]]
"""Called in the transaction that settles an operation of a worker: what it does is kept exactly if the outcome is.
It may run for an operation of which it knows nothing, and must pass that by."""


async def succeeded(
    db: Db,
    views: Views,
    operation: PushOperation,
    written: Written,
    on_written: OnWritten | None,
    on_settled: Sequence[OnSettled] = (),
) -> PushOperation | None:
    """Record a write that landed. None: this run lost the operation, or it is gone with its connection, and nothing was
    changed."""
    changes = changes_of(operation, written)
    batches = batches_of(operation.company_id, operation.connection_id, written.rereads)
    succeeded = await transitions.succeed(db, operation, changes, written.attachment_id, batches)
    if succeeded is None:
        return None
    end, connection = succeeded
    ended = end.operation
    await events.tell(db, views, ended, end.company, successful=True)
    if operation.sync_on_complete and on_written is not None and operations.is_for(ended, connection):
        await on_written(db, connection, operation.data_type)
    for hook in on_settled:
        await hook(db, ended)
    return ended


async def failed(
    db: Db,
    views: Views,
    operation: PushOperation,
    message: str,
    fields: Sequence[FieldProblem] = (),
    on_settled: Sequence[OnSettled] = (),
) -> PushOperation | None:
    """Record a write that did not land, or of which nobody can tell; the message says which. None: this run lost
    the operation, and nothing was changed."""
    end = await transitions.fail(db, operation, message, _refusals(operation, fields) if fields else None)
    if end is None:
        return None
    ended = end.operation
    # Whoever was told of the time-out has been told that the write was unsuccessful.
    if ended.status is not Status.TIMED_OUT:
        await events.tell(db, views, ended, end.company, successful=False)
    for hook in on_settled:
        await hook(db, ended)
    return ended


async def withdrawn(db: Db, views: Views, operation: PushOperation, message: str) -> PushOperation | None:
    """Take back a write of which nothing has left, for somebody who no longer waits for it. None: something may have
    left, or it has ended. The hooks of the worker are not called: who withdraws knows the outcome."""
    end = await transitions.withdraw(db, operation.company_id, operation.id, message)
    if end is None:
        return None
    ended = end.operation
    if ended.status is not Status.TIMED_OUT:
        await events.tell(db, views, ended, end.company, successful=False)
    return ended


def log_end(ended: PushOperation | None) -> None:
    """Write the line of the log, if there was an end. To be called once its transaction has committed: before that
    it is not true, and others wait for it."""
    if ended is None:
        return
    named = {
        "operation_id": str(ended.id),
        "connection_id": str(ended.connection_id),
        "data_type": ended.data_type,
        "kind": ended.kind.value,
        "runs": ended.runs,
    }
    if ended.error_message is None:
        log.info("push_succeeded", **named)
    else:
        log.info("push_failed", **named, why=ended.error_message)


def changes_of(operation: PushOperation, written: Written) -> tuple[Change, ...]:
    """The effect of a write in the contract's words: first that on the record that was named, or on each that the
    connector names, then the movements of money that came and went with it. What else was touched (the bill of a
    payment) is re-read, and no change of ours."""
    made = written.changed or (RecordRef(id=written.record_id, data_type=operation.data_type),)
    named = {
        (one.id or written.record_id, one.data_type or operation.data_type): CHANGE_OF[operation.kind] for one in made
    }
    for reread in written.rereads:
        if reread.data_type == MOVEMENTS and isinstance(reread.record, ListedRecord) and reread.record.id:
            is_deleted = reread.record.metadata.is_deleted
            kind = ChangeType.DELETED if is_deleted else CHANGE_OF[operation.kind]
            named.setdefault((reread.record.id, MOVEMENTS), kind)
    return tuple(
        Change(
            type=kind,
            record_ref=ChangedRecord(id=record_id, data_type=data_type),
            attachment_id=written.attachment_id if record_id == written.record_id else None,
        )
        for (record_id, data_type), kind in named.items()
    )


def batches_of(company_id: UUID, connection_id: UUID, rereads: Sequence[Reread]) -> list[RecordBatch]:
    """The re-read records of a connection as rows, one batch for each data type and source.

    A record that cannot be kept is left to the next sync: the write has landed all the same.
    """
    batches: dict[tuple[str, str], RecordBatch] = {}
    now = datetime.now(UTC)
    for reread in rereads:
        group = reread.data_type, reread.source
        batch = batches.get(group) or RecordBatch(company_id, connection_id, *group, now)
        try:
            _add(batch, reread)
        except (LookupError, ValueError, TypeError) as error:
            log.warning("reread_not_kept", data_type=reread.data_type, error=type(error).__name__)
            continue
        batches[group] = batch
    return list(batches.values())


def _add(batch: RecordBatch, reread: Reread) -> None:
    data_type = catalog.by_key(reread.data_type)
    modified, deleted = None, False
    if isinstance(reread.record, ListedRecord):
        deleted = reread.record.metadata.is_deleted
        if reread.record.source_modified_date is not None:
            modified = parse_contract_datetime(reread.record.source_modified_date)
    record_id, encoded = data_type.record_id(reread.record), data_type.encode(reread.record)
    batch.add(record_id, encoded, reread.raw, modified, deleted)


def _refusals(operation: PushOperation, fields: Sequence[FieldProblem]) -> Validation:
    """What the platform refused, beside what was found on acceptance."""
    findings = Findings(catalog.by_key(operation.data_type).name)
    for problem in fields:
        findings.error(problem.field, problem.message)
    found = operation.validation or Validation()
    return msgspec.structs.replace(found, errors=findings.validation().errors)
