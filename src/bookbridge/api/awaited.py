"""Writes that are answered when they are settled: submitted like any other, and waited for within the request.

    submit   one transaction: the operation, its ring, and the operation's id beside the Idempotency-Key
    wait     without a connection of the pool, until the operation is settled or the installation's patience is over
    answer   Success   what the caller makes of it                                   kept under the key
             Failed    400 with what is wrong                                        kept under the key
             nothing has left by then    the write is taken back: 424, 429           the key is free again
             something may have left     409 with the operation's key; the write goes on, and the same request
                                         with the same key goes on waiting for it    nothing is kept
             it has landed, and the answer cannot be made    the same 409                nothing is kept

So a request that dies anywhere, and is made again with its key, finds the write that it submitted and never submits
another. It must not know what is written.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from litestar import Response

from bookbridge.api.bodies import AnyRequest
from bookbridge.api.errors import PUSH, ApiError, described
from bookbridge.api.idempotency import answer_to_error, claim_of, has_key, keep, replayed
from bookbridge.api.services import Services
from bookbridge.companies import connections
from bookbridge.companies.connections import Status as ConnectionStatus
from bookbridge.connectors.kit.connector import Connector
from bookbridge.connectors.kit.errors import VendorError
from bookbridge.push import idempotency, operations, outcomes
from bookbridge.push.idempotency import HEADER, Claim
from bookbridge.push.operations import PushOperation, Stage, Status
from bookbridge.push.settled import Place
from bookbridge.push.submit import Submission, submit

FREE_STATUSES: Final = frozenset({424, 429})
"""Statuses that say that nothing happened and the same request may do better: no answer is kept for them."""

ANSWERING_S: Final = 5.0
"""What a request may take beyond its wait for the platform before it is taken for dead."""

RETRY_AFTER_S: Final = 5
UNREACHABLE: Final = "The platform could not be reached; nothing was written. Please try again later."
IN_PROGRESS: Final = "is still in progress"
LANDED: Final = "has succeeded, though the platform does not show what was made,"
NO_TURN: Final = "Other work on this connection comes first; nothing was written. Please try again later."


@dataclass(frozen=True)
class AwaitedWrite:
    """A write and its answer."""

    company_id: UUID
    connection_id: UUID
    prepare: Callable[[], Awaitable[tuple[Connector, Submission]]]
    """Everything that is to be checked first. May talk to the platform; holds no transaction."""
    answer: Callable[[PushOperation], Awaitable[Response[bytes]]]
    """The answer to a write that has landed. May ask the platform for what was made; should that fail, the caller is
    told that the write has landed."""
    field_sent: Callable[[str], str] = str
    """What the caller calls a field that is refused; the same, unless given."""


class _Unanswered(ApiError):
    """The write may have left, and its end cannot be shown yet."""

    def __init__(self, operation: PushOperation, state: str) -> None:
        super().__init__(
            409,
            f"The write {state} as push operation {operation.id}. Ask for it there, or repeat this request with the"
            f" same {HEADER}.",
            service=PUSH,
            fields=[("pushOperationKey", str(operation.id))],
            headers={
                "Retry-After": str(RETRY_AFTER_S),
                "Location": f"/companies/{operation.company_id}/push/{operation.id}",
            },
        )


async def carried_out(
    services: Services, request: AnyRequest, write: AwaitedWrite, *, fingerprint: bytes | None = None
) -> Response[bytes]:
    """Carry out a write once per Idempotency-Key, and answer when it is settled.

    `fingerprint` stands for the body where its bytes differ between equal requests (multipart boundaries). Raises
    ApiError and whatever `prepare` and `answer` raise; TooManyWaiting before anything is submitted.
    """
    if not has_key(request):
        return await _Run(services, write, None).answer()
    # Another one may go on soon after this one should have ended: it finds the write that this one submitted.
    claim_kept = timedelta(seconds=services.platform_wait_s + ANSWERING_S)
    claim = await claim_of(services, request, fingerprint, claim_kept=claim_kept)
    if not isinstance(claim, Claim):
        return replayed(services, claim)
    run = _Run(services, write, claim)
    try:
        response = await run.answer()
    except Exception as error:
        await run.let_go(error)
        if not run.is_final(error):
            raise
        return await answer_to_error(services, request, claim, error)
    async with services.pool.acquire() as db:
        await keep(services, db, claim, response)
    return response


class _Run:
    """One request at one write."""

    def __init__(self, services: Services, write: AwaitedWrite, claim: Claim | None) -> None:
        self._services = services
        self._write = write
        self._claim = claim
        self._deadline_s = time.monotonic() + services.platform_wait_s
        self._open = claim.operation_id if claim is not None else None
        """The operation that was submitted and is not known to have failed."""

    async def answer(self) -> Response[bytes]:
        """Submit, wait, answer."""
        with self._services.settlements.place() as place:
            ended = await self._ended(place)
        if ended.status is Status.FAILED or ended.result_record_id is None:
            self._open = None
            raise await self._failure(ended)
        try:
            return await self._write.answer(ended)
        except (VendorError, ApiError) as error:
            # What the platform says now is no answer to the write: that has landed, and must not be made anew.
            raise _Unanswered(ended, LANDED) from error

    async def _ended(self, place: Place) -> PushOperation:
        if self._open is not None:
            operation_id = self._open
            place.watch(self._write.company_id, operation_id)
            if ended := await self._services.settlements.outcome(self._write.company_id, operation_id):
                return ended
        else:
            submitted = await self._submitted(place)
            if submitted.stage is Stage.DONE:
                return submitted
            operation_id = self._open = submitted.id
        ended = await place.settled(max(0.0, self._deadline_s - time.monotonic()))
        return ended or await self._given_up(operation_id)

    async def _submitted(self, place: Place) -> PushOperation:
        connector, submission = await self._write.prepare()
        async with self._services.pool.acquire() as db, db.transaction():
            operation = await submit(
                db, self._services.views, connector, self._write.company_id, self._write.connection_id, submission
            )
            if self._claim is not None:
                await idempotency.bind(db, self._claim, operation.company_id, operation.id)
            place.watch(operation.company_id, operation.id)
        return operation

    async def _given_up(self, operation_id: UUID) -> PushOperation:
        """The operation's end, if it came just now. Raises ApiError: taken back, or undecided."""
        async with self._services.pool.acquire() as db, db.transaction():
            last = await operations.get(db, self._write.company_id, operation_id)
            if last is None:
                raise ApiError(404, "The connection was deleted while the write waited.", service=PUSH)
            if last.stage is Stage.DONE:
                return last
            waits_s = 0.0 if last.not_before is None else (last.not_before - datetime.now(UTC)).total_seconds()
            unreachable = last.failures > 0
            taken_back = await outcomes.withdrawn(
                db, self._services.views, last, UNREACHABLE if unreachable else NO_TURN
            )
        outcomes.log_end(taken_back)
        if taken_back is None:
            raise _Unanswered(last, IN_PROGRESS)
        self._open = None
        if unreachable:
            raise ApiError(424, UNREACHABLE, service=PUSH)
        raise ApiError(429, NO_TURN, service=PUSH, headers={"Retry-After": str(max(RETRY_AFTER_S, round(waits_s)))})

    async def _failure(self, ended: PushOperation) -> ApiError:
        """The contract's error for a write that was refused."""
        message = ended.error_message or "The write failed."
        found = ended.validation.errors if ended.validation is not None else ()
        async with self._services.pool.acquire() as db:
            connection = await connections.get(db, ended.company_id, ended.connection_id)
        status = 400 if connection.status is ConnectionStatus.LINKED else 409
        fields = dict.fromkeys((self._write.field_sent(one.item_id or ""), one.message) for one in found)
        return ApiError(status, message, service=PUSH, fields=fields)

    def is_final(self, error: Exception) -> bool:
        """Whether the error is the answer to this request, to be given again."""
        if isinstance(error, idempotency.ClaimLost):
            return False
        return self._open is None and described(error).status not in FREE_STATUSES

    async def let_go(self, error: Exception) -> None:
        """Leave the key to the next same request, unless the error is its answer."""
        if self._claim is None or isinstance(error, idempotency.ClaimLost) or self.is_final(error):
            return
        async with self._services.pool.acquire() as db:
            if self._open is None:
                await idempotency.release(db, self._claim)
            else:
                await idempotency.pause(db, self._claim)
