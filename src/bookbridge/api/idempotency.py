"""Writes: one transaction each, and with an Idempotency-Key the same answer again instead of a second write.

The rules of keys are `push.idempotency`'s; here they meet HTTP: a key in use is 409, one used for another request
422. A request that is refused before its work begins (bad address, unreadable body) does not use up its key.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from datetime import timedelta

from litestar import Response

from bookbridge.api.bodies import AnyRequest, body_of, raw_answer
from bookbridge.api.errors import ApiError, told
from bookbridge.api.services import Services
from bookbridge.push import idempotency
from bookbridge.push.idempotency import Claim, InProgress, Mismatch, Replay
from bookbridge.store.pool import Db

Work = Callable[[Db], Awaitable[Response[bytes]]]
LongWork = Callable[[], Awaitable[Response[bytes]]]

METHODS = frozenset({"POST", "PUT", "PATCH"})
ANSWER_CONTEXT = "idempotent-answer"
"""Context under which kept answers are sealed."""

BUSY = "A request with this idempotency key is still in progress."
MISUSED = "This idempotency key was used for another request."


def has_key(request: AnyRequest) -> bool:
    """Whether the request is to be carried out once for the key that it carries."""
    return idempotency.HEADER in request.headers and request.method in METHODS


async def in_transaction(
    services: Services, request: AnyRequest, work: Work, *, fingerprint: bytes | None = None
) -> Response[bytes]:
    """Run `work` in one transaction, once per Idempotency-Key.

    `fingerprint` stands for the body where its bytes differ between equal requests (multipart boundaries).
    """
    if not has_key(request):
        async with services.pool.acquire() as db, db.transaction():
            return await work(db)
    claim = await claim_of(services, request, fingerprint)
    if not isinstance(claim, Claim):
        return replayed(services, claim)
    try:
        async with services.pool.acquire() as db, db.transaction():
            response = await work(db)
            await keep(services, db, claim, response)
            return response
    except idempotency.ClaimLost:
        raise
    except Exception as error:
        return await answer_to_error(services, request, claim, error)


async def with_own_transactions(services: Services, request: AnyRequest, work: LongWork) -> Response[bytes]:
    """Like `in_transaction`, for work that talks to a vendor between transactions of its own.

    Should the process die between the work and keeping its answer, the same request is carried out again later: the
    work must be harmless when repeated.
    """
    if not has_key(request):
        return await work()
    claim = await claim_of(services, request, None)
    if not isinstance(claim, Claim):
        return replayed(services, claim)
    try:
        response = await work()
    except Exception as error:
        return await answer_to_error(services, request, claim, error)
    async with services.pool.acquire() as db:
        await keep(services, db, claim, response)
    return response


def replayed(services: Services, replay: Replay) -> Response[bytes]:
    """The answer that the first request got."""
    return raw_answer(services.vault.open(replay.body, ANSWER_CONTEXT), replay.status)


async def claim_of(
    services: Services,
    request: AnyRequest,
    fingerprint: bytes | None,
    *,
    claim_kept: timedelta = idempotency.CLAIM_KEPT,
) -> Claim | Replay:
    """The right to carry out a request that has a key, or the answer that it got before. Raises ApiError 409, 422;
    BadParameter.

    A holder that has not answered within `claim_kept` is taken for dead.
    """
    key = idempotency.parse_key(request.headers[idempotency.HEADER])
    query: bytes = request.scope["query_string"]
    address = f"{request.scope['path']}?{query.decode('latin-1')}"
    body = await body_of(request) if fingerprint is None else fingerprint
    digest = idempotency.request_hash(request.method, address, body)
    async with services.pool.acquire() as db:
        claim = await idempotency.claim(db, services.client_id, key, digest, claim_kept=claim_kept)
    match claim:
        case InProgress(retry_after_s):
            raise ApiError(409, BUSY, headers={"Retry-After": str(max(1, math.ceil(retry_after_s)))})
        case Mismatch():
            raise ApiError(422, MISUSED)
    return claim


async def answer_to_error(services: Services, request: AnyRequest, claim: Claim, error: Exception) -> Response[bytes]:
    """The answer that tells of the error, kept under the key: the work was rolled back."""
    response = told(error, request.method, request.scope["path"])
    async with services.pool.acquire() as db:
        await keep(services, db, claim, response)
    return response


async def keep(services: Services, db: Db, claim: Claim, response: Response[bytes]) -> None:
    """Keep the answer for the next same request. Raises ClaimLost."""
    # Sealed: the answer to the creation of a key or a webhook consumer holds a secret.
    sealed = services.vault.seal(response.content, ANSWER_CONTEXT)
    await idempotency.complete(db, claim, response.status_code or 200, sealed)
