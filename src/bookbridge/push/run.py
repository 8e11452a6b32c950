"""Carrying out a connection's writes, each exactly once.

How a write is never sent twice
    1. `transitions.begin` records the intent, with the key that goes to the vendor, and commits. Only then may a byte
       leave. An operation found in any stage but `accepted` may therefore have landed: a worker died, an answer was
       lost. Its outcome is looked up first (`Session.find`), and it is sent again, with the same key, only when the
       vendor says that it did not land.
    2. What came of it is one transaction: the records as the vendor now holds them, the operation, the event.
       Dying before that leaves the intent, see 1.
    3. A run is numbered; a worker that was frozen and taken for dead can no longer save its outcome. If it wakes and
       sends, it does so with the same key.

Order
    A connection's writes leave strictly in the order in which they were accepted, one at a time. Anything may depend on
    what came before it (a payment on the change of the bill that it pays), and no rule that we could write down would
    know all of it for all vendors. The price is that one write that meets trouble holds up those behind it. Most
    trouble is the whole connection's anyway (rate limit, outage, lost access); for the rest the wait is bounded: after
    TRIES_MAX tries, about a quarter of an hour, a write fails and says whether it may have landed. Connections never
    wait for each other.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import asyncpg
import structlog

from bookbridge.companies import lifecycle
from bookbridge.companies.connections import Connection, Status
from bookbridge.companies.credentials import Sealed
from bookbridge.companies.views import Views
from bookbridge.connectors.kit.connector import Connector
from bookbridge.connectors.kit.connector import Operation as Kind
from bookbridge.connectors.kit.errors import (
    FieldProblem,
    NeedsRelink,
    NotSupported,
    RateLimited,
    RecordNotFound,
    Rejected,
    Uncertain,
    VendorUnavailable,
    Waiting,
)
from bookbridge.connectors.kit.session import Session, Written
from bookbridge.push import freshness, operations, outcomes, references, settling, story, supplements, transitions
from bookbridge.push.errors import PushError
from bookbridge.push.operations import Content, PushOperation, Stage
from bookbridge.push.outcomes import OnSettled, OnWritten
from bookbridge.push.sending import Sending
from bookbridge.push.story import Step
from bookbridge.push.transitions import Begun
from bookbridge.store.pool import Db
from bookbridge.store.records import Scope

log = structlog.get_logger(__name__)

SLICE_S: Final = 20.0
"""A handler works this long before it lets other connections have its place."""

RUN_TIMEOUT_S: Final = 300.0
"""One write with its look-ups; the calls within have shorter limits of their own."""

TRIES_MAX: Final = 10
BACKOFF_FIRST_S: Final = 2.0
BACKOFF_MAX_S: Final = 300.0
BACKOFF_JITTER: Final = 0.2
RATE_LIMIT_WAIT_MIN_S: Final = 0.5
WAITING_S: Final = 900.0
"""A vendor that answers in its own time rings; this is only for a ring that was lost on its side."""

MAY_HAVE_LANDED: Final = "It may have been written all the same: look for it on the platform before writing it again."
OTHER_BOOKS: Final = "The connection was linked to another organisation since this write was accepted."
FOUND: Final = "The platform holds it: an earlier run has written it."
NOT_FOUND: Final = "The platform does not hold it."
NOTHING_WRITTEN: Final = "Nothing was written; the same write can be sent again."

DATABASE_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


class OpensSessions(Protocol):
    """What `companies.sessions.Sessions` does for this room."""

    def open(self, connection: Connection, just_read: Sealed | None = None) -> AbstractAsyncContextManager[Session]:
        """A vendor session on a linked connection, with the credentials that were `just_read` with it if there are any;
        may raise any VendorError."""
        ...


@dataclass(frozen=True)
class Backoff:
    """How long to wait after the nth failed try, and how many there may be."""

    first_s: float = BACKOFF_FIRST_S
    max_s: float = BACKOFF_MAX_S
    tries_max: int = TRIES_MAX

    def wait_s(self, failures: int) -> float:
        """Seconds to wait after that many failures in a row, at least one."""
        # The exponent is bounded before the power is taken: 2.0 ** 1100 is an error.
        wait_s = min(self.max_s, self.first_s * 2.0 ** min(failures - 1, 30))
        return wait_s * random.uniform(1 - BACKOFF_JITTER, 1.0)  # noqa: S311


class Runner:
    """Handler of the task `push.connection`: carries out a connection's open writes, oldest first."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        sessions: OpensSessions,
        connector_of: Callable[[str], Connector | None],
        views: Views,
        *,
        on_written: OnWritten | None = None,
        on_settled: Sequence[OnSettled] = (),
        backoff: Backoff | None = None,
    ) -> None:
        self._pool = pool
        self._sessions = sessions
        self._connector_of = connector_of
        self._views = views
        self._on_written = on_written
        self._on_settled = tuple(on_settled)
        self._backoff = backoff or Backoff()

    async def handler(self, key: str) -> float | None:
        """Work for a bounded time on the connection that the key names; returns when to go on."""
        connection_id = UUID(key)
        deadline = time.monotonic() + SLICE_S
        while time.monotonic() < deadline:
            begun = await transitions.begin(self._pool, connection_id)
            if begun is not None:
                await self._carry_out(begun)
                continue
            found = await operations.next_open(self._pool, connection_id)
            if found is None:
                return None
            if found.wait_s > 0:
                return found.wait_s
            await self._end_unlinked(found.operation, found.connection)
        return 0.0

    async def _end_unlinked(self, operation: PushOperation, connection: Connection) -> None:
        """End an operation that could not begin because its connection does not lead to its books any more."""
        if connection.status is not Status.LINKED:
            await self._fail(operation, operation.stage, f"The connection is {connection.status.value}.")
        elif not operations.is_for(operation, connection):
            await self._fail(operation, operation.stage, OTHER_BOOKS)

    async def _carry_out(self, begun: Begun) -> None:
        """One run at one operation, up to a recorded outcome or a recorded wait."""
        operation, connection = begun.operation, begun.connection
        connector = self._connector_of(connection.integration_key)
        if connector is None:
            await self._fail(operation, begun.seen, "This platform cannot be reached by this installation.")
            return
        try:
            async with asyncio.timeout(RUN_TIMEOUT_S):
                written = await self._write_once(connector, begun)
        except Exception as error:
            await self._not_written(connection, begun.seen, operation, error)
            return
        async with self._pool.acquire() as db, db.transaction():
            ended = await outcomes.succeeded(db, self._views, operation, written, self._on_written, self._on_settled)
        outcomes.log_end(ended)

    async def _write_once(self, connector: Connector, begun: Begun) -> Written:
        """Look the write up if it may have landed before, else send it. Raises VendorError, PushError."""
        connection, stage = begun.connection, begun.seen
        operation, content = await self._resolved(begun.operation, begun.content)
        row = connector.write(operation.data_type, operation.kind)
        if stage is Stage.ACCEPTED and operation.awaits and row is not None and content.body is not None:
            await settling.refuse_wrong(self._pool, row, content.body, connection)
        extras = await supplements.added(self._pool, connection.integration_key, row, content.body)
        async with self._sessions.open(connection, begun.credentials) as session:
            if stage is Stage.ACCEPTED and operation.kind is Kind.UPDATE and not operation.force_update:
                scope = Scope(operation.company_id, operation.data_type, operation.connection_id)
                found = await freshness.compare(self._pool, session, scope, operation.record_id or "")
                await story.append(self._pool, operation, Step.COMPARED, found)
            claimed = frozenset() if stage is Stage.ACCEPTED else await operations.claimed(self._pool, operation)
            intent = operations.intent(operation, claimed)
            sending = Sending(
                session, connector, operation.data_type, operation.kind, operation.record_id, content, intent, extras
            )
            if stage is Stage.ACCEPTED:
                return await sending.send()
            written = await self._found(operation, sending)
            if written is not None:
                return written
            try:
                return await sending.send()
            except (Rejected, RecordNotFound):
                # The earlier sending may have landed between the look-up and now, and be the very reason.
                written = await self._found(operation, sending)
                if written is None:
                    raise
                return written

    async def _found(self, operation: PushOperation, sending: Sending) -> Written | None:
        found = await sending.find()
        told = NOT_FOUND if found is None else FOUND
        await story.append(self._pool, operation, Step.LOOKED_UP, told)
        return found

    async def _resolved(self, operation: PushOperation, content: Content) -> tuple[PushOperation, Content]:
        """The write with the records that earlier writes have made in the place of those writes' keys.
        Raises Rejected when one of them made none."""
        if not operation.awaits:
            return operation, content
        keys = map(str, operation.awaits)
        writes = await references.named_writes(self._pool, operation.company_id, operation.connection_id, keys)
        gone = [str(key) for key in operation.awaits if str(key) not in writes]
        problems = [one.problem for one in writes.values() if one.problem]
        problems += [f"the write {key}, whose record is meant, is no longer known" for key in gone]
        problems += [f"the write {key}, whose record is meant, has no end yet" for key in writes if writes[key].is_open]
        if problems:
            raise Rejected(f"Not sent: {'; '.join(problems)}.")
        if content.body is not None:
            content = Content(body=references.replaced(content.body, writes))
        meant = writes.get((operation.record_id or "").lower())
        if meant is not None and meant.record_id is not None:
            named = await transitions.name_record(self._pool, operation, meant.record_id)
            operation = named or operation
        return operation, content

    async def _not_written(
        self, connection: Connection, stage: Stage, operation: PushOperation, error: Exception
    ) -> None:
        """Decide what follows from an error. `stage` is what was known before this run."""
        match error:
            case RateLimited():
                wait_s = max(error.retry_after_s, RATE_LIMIT_WAIT_MIN_S)
                await self._wait(operation, stage, wait_s, error.message)
            case Waiting():
                await self._wait(operation, Stage.INTENDED, WAITING_S, error.message)
            case VendorUnavailable():
                # Nothing happened now; whatever may have happened before still may have.
                await self._try_later(operation, stage, error.message, error.retry_after_s)
            case Uncertain():
                await self._try_later(operation, Stage.UNCERTAIN, error.message)
            case NeedsRelink():
                await self._lose_access(connection, operation, stage, error.message)
            case Rejected():
                await self._refuse(operation, f"The platform refused it: {error.message}", error)
            case RecordNotFound() | NotSupported() | PushError():
                await self._refuse(operation, error.message)
            case TimeoutError():
                await self._try_later(operation, Stage.UNCERTAIN, "The platform took too long.")
            case _ if isinstance(error, DATABASE_ERRORS):
                raise error  # the job comes again; the intent tells it to look first
            case _:
                log.error("push_broke", operation_id=str(operation.id), exc_info=error)
                await self._try_later(operation, Stage.UNCERTAIN, "It met a fault of this installation.")

    async def _wait(self, operation: PushOperation, stage: Stage, wait_s: float, reason: str) -> None:
        await transitions.wait(self._pool, operation, stage, wait_s, failed=False, reason=reason)
        self._log_wait(operation, stage, wait_s, reason)

    async def _try_later(
        self, operation: PushOperation, stage: Stage, message: str, retry_after_s: float | None = None
    ) -> None:
        failures = operation.failures + 1
        if failures >= self._backoff.tries_max:
            await self._fail(operation, stage, message)
            return
        wait_s = max(self._backoff.wait_s(failures), retry_after_s or 0.0)
        await transitions.wait(self._pool, operation, stage, wait_s, failed=True, reason=message)
        self._log_wait(operation, stage, wait_s, message)

    def _log_wait(self, operation: PushOperation, stage: Stage, wait_s: float, why: str) -> None:
        log.info(
            "push_waits",
            operation_id=str(operation.id),
            connection_id=str(operation.connection_id),
            stage=stage.value,
            failures=operation.failures,
            wait_s=round(wait_s, 1),
            why=why,
        )

    async def _lose_access(self, connection: Connection, operation: PushOperation, stage: Stage, message: str) -> None:
        async with self._pool.acquire() as db, db.transaction():
            await lifecycle.deauthorized(db, self._views, connection, reason=message)
            ended = await self._failed(db, operation, _honest(stage, message))
        outcomes.log_end(ended)

    async def _refuse(self, operation: PushOperation, message: str, rejected: Rejected | None = None) -> None:
        """The vendor's clear no: nothing was written, and nothing would be by sending it again."""
        async with self._pool.acquire() as db, db.transaction():
            ended = await self._failed(db, operation, message, rejected.fields if rejected else ())
        outcomes.log_end(ended)

    async def _fail(self, operation: PushOperation, stage: Stage, message: str) -> None:
        async with self._pool.acquire() as db, db.transaction():
            ended = await self._failed(db, operation, _honest(stage, message))
        outcomes.log_end(ended)

    async def _failed(
        self, db: Db, operation: PushOperation, message: str, fields: Sequence[FieldProblem] = ()
    ) -> PushOperation | None:
        return await outcomes.failed(db, self._views, operation, message, fields, self._on_settled)


def _honest(stage: Stage, message: str) -> str:
    """The message, with what the caller must know before trying again."""
    return f"{message} {NOTHING_WRITTEN if stage is Stage.ACCEPTED else MAY_HAVE_LANDED}"
