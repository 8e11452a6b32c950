"""Accepting a write: everything that can be said about it without asking the vendor.

In the caller's transaction, so that it commits together with the answer kept under the caller's Idempotency-Key; or
alone, for callers who have nothing to commit with it. What can be answered only by the vendor is left to `run`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg

from bookbridge.accounting import catalog
from bookbridge.companies import companies, connections
from bookbridge.companies.connections import Connection, Status
from bookbridge.companies.errors import ConnectionNotFound
from bookbridge.companies.views import Views
from bookbridge.connectors.kit.connector import Connector, Write
from bookbridge.connectors.kit.connector import Operation as Kind
from bookbridge.connectors.kit.session import File
from bookbridge.push import doorbell, events, references, supplements, transitions, uploads
from bookbridge.push.bodies import parse
from bookbridge.push.errors import (
    BadParameter,
    ConnectionNotLinked,
    NotSupported,
    TooManyPending,
    UnknownDataType,
)
from bookbridge.push.findings import Validation
from bookbridge.push.operations import Content, PushOperation
from bookbridge.push.references import NamedWrite
from bookbridge.push.validation import validate, validate_deletion
from bookbridge.store.pool import Db, reach_disk

TIMEOUT_MAX_MINUTES: Final = 30 * 24 * 60
PENDING_MAX: Final = 10_000
"""Writes that may wait on one connection."""

RECORD_ID_LENGTH_MAX: Final = 255


@dataclass(frozen=True)
class Submission:
    """A write as an application asks for it. `body` is the record's JSON (create, update), `file` what to attach;
    `record_id` names the record to update, delete or attach to."""

    data_type: str
    kind: Kind
    record_id: str | None = None
    body: bytes | None = None
    file: File | None = None
    timeout_in_minutes: int | None = None
    sync_on_complete: bool = True
    force_update: bool = False
    """Of an update: overwrite the record even if somebody changed it on the platform since it was last read."""


@dataclass(frozen=True)
class Prepared:
    """A write that could be accepted."""

    data_type: str
    """Key of the data type, in the contract's spelling."""
    content: Content
    validation: Validation | None
    named: Mapping[str, NamedWrite]
    """The earlier writes whose keys stand for ids in it."""

    @property
    def refusal(self) -> str | None:
        """Why it is not accepted, in a sentence that leads to the validation; None if it is."""
        if self.validation is None or not self.validation.errors:
            return None
        return f"Push failed for {catalog.by_key(self.data_type).name}: see validation for what is wrong."


async def submit(
    db: Db, views: Views, connector: Connector, company_id: UUID, connection_id: UUID, submission: Submission
) -> PushOperation:
    """Accept a write: the operation is Pending and will be carried out, or Failed when its content is invalid.

    An operation that failed here is settled: `settled.CHANNEL` is notified, the hooks of the worker are not called,
    since the caller has the outcome in hand.

    Raises a PushError or ConnectionNotFound when it is not even that; nothing is stored then.
    """
    supported_key(connector, submission.data_type)
    connection = await connections.hold(db, company_id, connection_id)
    prepared = await prepare(db, connector, connection, submission)
    return await _store(db, views, connection, submission, prepared)


async def submit_alone(
    db: Db, views: Views, connector: Connector, connection: Connection, submission: Submission
) -> PushOperation:
    """`submit` to a connection that was just read, in a transaction of its own. It is on disk when this returns; a
    worker may have begun it before, and had it on disk before it sent anything."""
    prepared = await prepare(db, connector, connection, submission)
    try:
        if prepared.refusal is not None or prepared.content.file is not None or submission.timeout_in_minutes:
            async with db.transaction():
                return await _store(db, views, connection, submission, prepared)
        # One statement is a transaction already, and the disk is waited for while a worker begins.
        operation = await _insert(db, connection, submission, prepared, waits_for_disk=False)
    except asyncpg.ForeignKeyViolationError as error:
        raise ConnectionNotFound(connection.id) from error
    await reach_disk(db)
    return operation


async def prepare(db: Db, connector: Connector, connection: Connection, submission: Submission) -> Prepared:
    """All that can be said about a write without asking the vendor; nothing is stored. Raises a PushError."""
    data_type = supported_key(connector, submission.data_type)
    if submission.timeout_in_minutes is not None and not 1 <= submission.timeout_in_minutes <= TIMEOUT_MAX_MINUTES:
        raise BadParameter(f"timeoutInMinutes must lie in 1..{TIMEOUT_MAX_MINUTES}", "timeoutInMinutes")
    _check_record_id(submission)
    if connection.status is not Status.LINKED:
        raise ConnectionNotLinked(connection.id, connection.status.value)
    if submission.kind is Kind.UPLOAD_ATTACHMENT:
        file = await _attachment(connector, data_type, submission.file)
        return Prepared(data_type, Content(file=file), None, await _named(db, connection, submission))
    write = write_row(connector, data_type, submission.kind)
    named = await _named(db, connection, submission)
    content, validation = await _checked(db, write, connection, submission, named)
    return Prepared(data_type, content, validation, named)


def supported_key(connector: Connector, data_type: str) -> str:
    """The contract's spelling of a data type that is written on this platform in some way.
    Raises UnknownDataType, NotSupported."""
    try:
        key = catalog.canonical_key(data_type)
    except catalog.UnknownDataTypeError:
        raise UnknownDataType(data_type) from None
    if connector.attachment_rule(key) is None and not any(row.data_type.key == key for row in connector.writes):
        raise NotSupported(key, connector.key)
    return key


def write_row(connector: Connector, data_type: str, kind: Kind) -> Write[Any]:
    """The manifest's row for a write. Raises NotSupported."""
    row = connector.write(data_type, kind)
    if row is None:
        raise NotSupported(data_type, connector.key)
    return row


async def _named(db: Db, connection: Connection, submission: Submission) -> dict[str, NamedWrite]:
    """The earlier writes whose keys stand for ids in the address or in the body."""
    ids = references.names(parse(submission.body)).values() if submission.body else ()
    return await references.named_writes(db, connection.company_id, connection.id, {submission.record_id or "", *ids})


async def _checked(
    db: Db, write: Write[Any], connection: Connection, submission: Submission, named: Mapping[str, NamedWrite]
) -> tuple[Content, Validation | None]:
    if submission.kind is Kind.DELETE:
        of_connection = {"company_id": connection.company_id, "connection_id": connection.id}
        found = await validate_deletion(db, write, **of_connection, record_id=submission.record_id or "")
        # A deletion that nothing is said about has no validation to show.
        return Content(), found if found.errors else None
    body = submission.body or b""
    extra = await supplements.supplied(db, connection.integration_key, write, body)
    validation = await validate(
        db,
        write,
        body,
        company_id=connection.company_id,
        connection_id=connection.id,
        record_id=submission.record_id,
        named=named,
        supplied=extra,
    )
    return Content(body=body.decode()), validation


async def _store(
    db: Db, views: Views, connection: Connection, submission: Submission, prepared: Prepared
) -> PushOperation:
    operation = await _insert(db, connection, submission, prepared, waits_for_disk=True)
    if prepared.refusal is not None:
        company = await companies.get(db, operation.company_id)
        await events.tell(db, views, operation, company, successful=False)
        return operation
    if submission.timeout_in_minutes is not None:
        await doorbell.time_out_after(db, operation.company_id, operation.id, submission.timeout_in_minutes)
    return operation


async def _insert(
    db: Db, connection: Connection, submission: Submission, prepared: Prepared, *, waits_for_disk: bool
) -> PushOperation:
    """Raises TooManyPending."""
    operation = await transitions.insert(
        db,
        company_id=connection.company_id,
        connection_id=connection.id,
        data_type=prepared.data_type,
        kind=submission.kind,
        content=prepared.content,
        organisation_id=connection.organisation_id,
        record_id=submission.record_id,
        sync_on_complete=submission.sync_on_complete,
        timeout_in_minutes=submission.timeout_in_minutes,
        force_update=submission.force_update,
        awaits=[earlier.id for earlier in prepared.named.values()],
        validation=prepared.validation,
        failed_because=prepared.refusal,
        open_max=PENDING_MAX,
        waits_for_disk=waits_for_disk,
    )
    if operation is None:
        raise TooManyPending(f"More than {PENDING_MAX} writes wait on this connection; please retry later")
    return operation


def _check_record_id(submission: Submission) -> None:
    record_id = submission.record_id
    if submission.kind is Kind.CREATE:
        if record_id is not None:
            raise BadParameter("A record that is created has no id yet", "recordId")
    elif record_id is None or not 1 <= len(record_id) <= RECORD_ID_LENGTH_MAX or not record_id.isprintable():
        raise BadParameter("That cannot be the id of a record", "recordId")


async def _attachment(connector: Connector, data_type: str, file: File | None) -> File:
    """The file as it may be passed on. Raises AttachmentRefused, NotSupported."""
    rule = connector.attachment_rule(data_type)
    if rule is None:
        raise NotSupported(data_type, connector.key)
    return await uploads.checked(rule, file)
