"""Push operations as callers see them: the contract's JSON. Absent is left out, never null."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from bookbridge.accounting.dates import ContractDateTime, contract_datetime
from bookbridge.companies.connections import Connection
from bookbridge.push.findings import Validation
from bookbridge.push.operations import STATUS_CODES, Change, PushOperation, Stage, Status
from bookbridge.push.rehearsal import Rehearsal, Request
from bookbridge.push.story import StoryStep

SECONDS_PER_MINUTE = 60
NO_KEY: Final = UUID(int=0)
"""In the place of a pushOperationKey, where there is no operation."""


class PushOperationView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A write: what was asked for, and what became of it."""

    changes: tuple[Change, ...] | None = None
    """The records that were changed."""
    data_type: str
    """The data type that is written, by its key."""
    company_id: UUID
    """The company."""
    push_operation_key: UUID
    """Identifier of the write."""
    data_connection_key: UUID
    """The connection that is written to."""
    requested_on_utc: ContractDateTime
    """When it was asked for."""
    completed_on_utc: ContractDateTime | None = None
    """When it ended."""
    timeout_in_minutes: int | None = None
    """How long it may wait."""
    timeout_in_seconds: int | None = None
    """Of an older form of the contract; always the minutes in seconds."""
    status: str
    """Pending, and in the end Success, Failed or TimedOut."""
    error_message: str | None = None
    """What went wrong."""
    validation: Validation | None = None
    """What was found about the fields that were sent."""
    status_code: int
    """202 while Pending, 200 on Success, 400 when Failed, 408 when TimedOut."""
    outcome: str | None = None
    """An addition to the contract: `uncertain` while the platform may have written it and is asked whether it did;
    absent otherwise."""
    dry_run: bool = False
    """An addition to the contract: true in the answer to a dry run, absent otherwise."""
    request: Request | None = None
    """An addition to the contract: what a dry run would have sent."""


def rehearsed(connection: Connection, rehearsal: Rehearsal) -> PushOperationView:
    """A dry run in the shape of an operation that has come to its end: Success if it would be sent, Failed if not. Its
    key is all zeros, since there is no operation."""
    status = Status.SUCCESS if rehearsal.error_message is None else Status.FAILED
    return PushOperationView(
        data_type=rehearsal.data_type,
        company_id=connection.company_id,
        push_operation_key=NO_KEY,
        data_connection_key=connection.id,
        requested_on_utc=contract_datetime(rehearsal.requested),
        completed_on_utc=contract_datetime(rehearsal.requested),
        status=status.value,
        error_message=rehearsal.error_message,
        validation=rehearsal.validation,
        status_code=STATUS_CODES[status],
        dry_run=True,
        request=rehearsal.request,
    )


class StoryStepView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """One step of a write's story."""

    step: str
    """What happened: Accepted, Refused, Started, LookedUp, Compared, Waits, TimedOut, Succeeded or Failed."""
    time: ContractDateTime
    """When it happened."""
    run: int
    """Which run of a worker; 0 before the first."""
    reason: str | None = None
    """Why, where the word does not say it."""
    until: ContractDateTime | None = None
    """Of a wait: when the write is taken on again at the latest."""


class StoryView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """All that happened to a write."""

    push_operation_key: UUID
    """Identifier of the write."""
    status: str
    """Pending, and in the end Success, Failed or TimedOut."""
    outcome: str | None = None
    """`uncertain` while the platform may have written it and is asked whether it did; absent otherwise."""
    story: tuple[StoryStepView, ...] = ()
    """The steps, first step first."""


def story_of(row: PushOperation, steps: Sequence[StoryStep]) -> StoryView:
    """The operation's story as callers see it."""
    return StoryView(
        push_operation_key=row.id,
        status=row.status.value,
        outcome=_outcome(row),
        story=tuple(
            StoryStepView(
                step=one.step,
                time=contract_datetime(one.happened),
                run=one.run,
                reason=one.reason,
                until=contract_datetime(one.until) if one.until else None,
            )
            for one in steps
        ),
    )


def _outcome(row: PushOperation) -> str | None:
    return Stage.UNCERTAIN.value if row.stage is Stage.UNCERTAIN else None


def push_operation(row: PushOperation) -> PushOperationView:
    """The operation as callers see it. `status_code` is 202 while Pending, 200 on Success, 400 when Failed and 408
    when TimedOut; the changes and the message of a late outcome are shown beside TimedOut."""
    minutes = row.timeout_in_minutes
    return PushOperationView(
        changes=row.changes or None,
        data_type=row.data_type,
        company_id=row.company_id,
        push_operation_key=row.id,
        data_connection_key=row.connection_id,
        requested_on_utc=contract_datetime(row.requested),
        completed_on_utc=contract_datetime(row.completed) if row.completed else None,
        timeout_in_minutes=minutes,
        timeout_in_seconds=None if minutes is None else minutes * SECONDS_PER_MINUTE,
        status=row.status.value,
        error_message=row.error_message,
        validation=row.validation,
        status_code=STATUS_CODES[row.status],
        outcome=_outcome(row),
    )
