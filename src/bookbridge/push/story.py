"""The story of a write: each step that was taken, when, in which run, and why. Added to, never changed.

A step is written by the same statement that changes the operation (`transitions`), so that neither can be without the
other; only what was learnt at the vendor within a run is told by itself (`append`). Steps go with their operation.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from bookbridge.push.operations import PushOperation
from bookbridge.store.pool import Db

STEPS_MAX: Final = 100
"""Steps kept of one write; after these only its end is told."""

REASON_LENGTH_MAX: Final = 500


class Step(StrEnum):
    """What happened."""

    ACCEPTED = "Accepted"
    """It is valid as far as we can tell, and waits for its turn."""
    REFUSED = "Refused"
    """It is not valid; nothing was sent."""
    STARTED = "Started"
    """A worker took it on; the intent is recorded, from here on something may have left."""
    LOOKED_UP = "LookedUp"
    """An earlier run may have written it: the platform was asked."""
    COMPARED = "Compared"
    """The record was compared with what was last read of it."""
    WAITS = "Waits"
    """Nothing can be done now; it will be taken on again."""
    TIMED_OUT = "TimedOut"
    """The application's patience is over; the write goes on."""
    SUCCEEDED = "Succeeded"
    """It is written."""
    FAILED = "Failed"
    """It is not written, or nobody can tell; the reason says which."""


ENDS: Final = (Step.REFUSED, Step.TIMED_OUT, Step.SUCCEEDED, Step.FAILED)


class StoryStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a story."""

    happened: datetime
    step: str
    run: int
    reason: str | None
    until: datetime | None


def telling(changed: str, step: Step, *, reason: int | None = None, until: bool = False) -> str:
    """A `with` clause, named `changed`, that changes operations by the statement and adds the step to the story of
    each. `reason` is the number of the argument that tells it; `until` takes the moment from `not_before`."""
    told = f"left(${reason}::text, {REASON_LENGTH_MAX})" if reason is not None else "null"
    limited = "" if step in ENDS else f" where {_below_limit('changed.company_id', 'changed.id')}"
    return (
        f"with changed as ({changed}), told as ("  # noqa: S608
        "insert into push_steps (company_id, operation_id, step, run, reason, until)"
        f" select company_id, id, '{step.value}', runs, {told}, {'not_before' if until else 'null'}"
        f" from changed{limited})"
    )


async def append(db: Db | asyncpg.Pool, operation: PushOperation, step: Step, reason: str) -> None:
    """Add what was learnt in the middle of a run. Nothing is added for an operation that is gone."""
    await db.execute(
        f"""insert into push_steps (company_id, operation_id, step, run, reason)
        select company_id, id, $3, $4, left($5, {REASON_LENGTH_MAX}) from push_operations
        where company_id = $1 and id = $2 and {_below_limit("$1", "$2")}""",  # noqa: S608
        operation.company_id,
        operation.id,
        step.value,
        operation.runs,
        reason.replace("\0", ""),
    )


async def of(db: Db | asyncpg.Pool, company_id: UUID, operation_id: UUID) -> list[StoryStep]:
    """The story of an operation, first step first."""
    rows = await db.fetch(
        """select happened, step, run, reason, until from push_steps
        where company_id = $1 and operation_id = $2 order by place""",
        company_id,
        operation_id,
    )
    return [StoryStep(**row) for row in rows]


def _below_limit(company_id: str, operation_id: str) -> str:
    return (
        f"(select count(*) from push_steps s where s.company_id = {company_id}"  # noqa: S608
        f" and s.operation_id = {operation_id}) < {STEPS_MAX}"
    )
