"""Callers' Idempotency-Key: the same request with the same key gets the same answer, and is carried out once.

The rules:
- the first answer is kept for ANSWER_KEPT and given again, whatever its status, 4xx and 5xx included;
- except 429, which is no answer: the key is free again (`complete` releases it by itself);
- the same key with another request is a `Mismatch`;
- a key whose first request is still being worked on is `InProgress`;
- a holder that has not answered within CLAIM_KEPT is taken for dead, and the next same request starts afresh;
- a request that waits for a write which it has submitted tells its key so (`bind`). Whoever claims the key after that
  one gave up (`pause`) or died learns of the write (`Claim.operation_id`), and goes on with it, submitting nothing.
  Until it is answered such a key does not expire, however long its write takes: it lives as long as the write, and is
  forgotten with it (`pruning`).

Use: `claim` in a transaction of its own, so that others see it; then the work and `complete` in one transaction, so
that a crash undoes both. `complete` refuses a holder that was taken for dead, which must then roll back its work.
Keys belong to one client of ours; they have nothing to do with the keys that we send to vendors.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from bookbridge.push.errors import BadParameter
from bookbridge.store.pool import Db

HEADER: Final = "Idempotency-Key"
ANSWER_KEPT: Final = timedelta(minutes=90)
CLAIM_KEPT: Final = timedelta(seconds=60)
"""Longer than any request of our API may take."""

ANSWER_SIZE_MAX_BYTES: Final = 2 * 1024 * 1024
PRUNE_BATCH_ROWS: Final = 10_000
STATUS_RATE_LIMITED: Final = 429

# A row that a competitor inserts or deletes between two statements makes one more look necessary, not many.
_CLAIM_ROUNDS_MAX = 5


@dataclass(frozen=True)
class Claim:
    """The right to carry out the request and to answer it."""

    client_id: UUID
    key_hash: bytes
    holder: UUID
    operation_id: UUID | None = None
    """The write that an earlier holder has submitted for this very request."""


@dataclass(frozen=True)
class Replay:
    """The answer that the first request got."""

    status: int
    body: bytes


@dataclass(frozen=True)
class InProgress:
    """The first request is still being worked on (409)."""

    retry_after_s: float


@dataclass(frozen=True)
class Mismatch:
    """The key was used for another request (422)."""


class ClaimLost(Exception):
    """The claim was taken over; the caller must roll back what it did."""


def parse_key(header: str) -> UUID:
    """The key from its header: one GUID in any usual spelling. Raises BadParameter."""
    try:
        return UUID(header.strip())
    except ValueError:
        raise BadParameter(f"{HEADER} must be a GUID", HEADER) from None


def request_hash(method: str, address: str, body: bytes) -> bytes:
    """What makes two requests the same: method, path with query, and body, byte for byte."""
    digest = hashlib.sha256()
    for part in (method.upper().encode(), address.encode(), body):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


async def claim(
    db: Db, client_id: UUID, key: UUID, request: bytes, *, claim_kept: timedelta = CLAIM_KEPT
) -> Claim | Replay | InProgress | Mismatch:
    """Claim a key for a request (`request_hash`), or learn why not. Commit before the work begins."""
    key_hash = hashlib.sha256(key.bytes).digest()
    holder = uuid4()
    for _ in range(_CLAIM_ROUNDS_MAX):
        claimed = await db.fetchrow(
            """
            insert into idempotency_keys as k
                (client_id, key_hash, request_hash, holder, claimed_until, expires)
            values ($1, $2, $3, $4, clock_timestamp() + $5::interval, clock_timestamp() + $6::interval)
            on conflict (client_id, key_hash) do update set
                request_hash = excluded.request_hash, holder = excluded.holder,
                claimed_until = excluded.claimed_until, status = null, body = null,
                expires = case when k.expires = 'infinity' then k.expires else excluded.expires end,
                operation_id = case when k.expires <= clock_timestamp() then null else k.operation_id end
            where k.expires <= clock_timestamp()
               or (k.status is null and k.claimed_until <= clock_timestamp()
                   and k.request_hash = excluded.request_hash)
            returning operation_id""",
            client_id,
            key_hash,
            request,
            holder,
            claim_kept,
            ANSWER_KEPT,
        )
        if claimed:
            return Claim(client_id, key_hash, holder, claimed["operation_id"])
        row = await db.fetchrow(
            """select request_hash, status, body,
                   greatest(0, extract(epoch from claimed_until - clock_timestamp()))::float8 as wait_s
               from idempotency_keys where client_id = $1 and key_hash = $2 and expires > clock_timestamp()""",
            client_id,
            key_hash,
        )
        if row is None:
            continue
        if row["request_hash"] != request:
            return Mismatch()
        if row["status"] is None:
            return InProgress(row["wait_s"])
        return Replay(row["status"], row["body"])
    return InProgress(claim_kept.total_seconds())


_HELD: Final = "client_id = $1 and key_hash = $2 and holder = $3 and status is null"
"""The claim whose parts `_parts` gives is still held, and unanswered."""


def _parts(held: Claim) -> tuple[UUID, bytes, UUID]:
    return held.client_id, held.key_hash, held.holder


async def bind(db: Db, held: Claim, company_id: UUID, operation_id: UUID) -> None:
    """Tell the key which write was submitted for it, in the transaction that submits it. Raises ClaimLost."""
    tag = await db.execute(
        f"""update idempotency_keys set company_id = $4, operation_id = $5, expires = 'infinity'
           where {_HELD}""",  # noqa: S608 - constant
        *_parts(held),
        company_id,
        operation_id,
    )
    if tag != "UPDATE 1":
        raise ClaimLost("another request has taken over this idempotency key")


async def pause(db: Db, held: Claim) -> None:
    """Stop working on the request without an answer: the next same request goes on with what was submitted."""
    await db.execute(
        f"""update idempotency_keys set claimed_until = clock_timestamp()
           where {_HELD}""",  # noqa: S608 - constant
        *_parts(held),
    )


async def complete(db: Db, held: Claim, status: int, body: bytes) -> None:
    """Keep the answer, in the transaction of the work itself. A 429 releases the key instead.

    Raises ClaimLost, ValueError for a body above ANSWER_SIZE_MAX_BYTES.
    """
    if len(body) > ANSWER_SIZE_MAX_BYTES:
        raise ValueError(f"an answer of {len(body)} bytes is too large to be kept")
    if status == STATUS_RATE_LIMITED:
        await release(db, held)
        return
    tag = await db.execute(
        f"""update idempotency_keys set status = $4, body = $5, expires = clock_timestamp() + $6::interval
           where {_HELD}""",  # noqa: S608 - constant
        *_parts(held),
        status,
        body,
        ANSWER_KEPT,
    )
    if tag != "UPDATE 1":
        raise ClaimLost("another request has taken over this idempotency key")


async def release(db: Db, held: Claim) -> None:
    """Give the key back unanswered: the next request with it starts afresh."""
    await db.execute(
        f"""delete from idempotency_keys
           where {_HELD}""",  # noqa: S608 - constant
        *_parts(held),
    )


async def prune(db: Db, *, batch_rows: int = PRUNE_BATCH_ROWS) -> int:
    """Delete expired keys, in batches; returns how many."""
    total = 0
    while True:
        tag = await db.execute(
            """delete from idempotency_keys where (client_id, key_hash) in (
                   select client_id, key_hash from idempotency_keys where expires <= clock_timestamp()
                   limit $1 for update skip locked)""",
            batch_rows,
        )
        deleted = int(tag.rsplit(" ", 1)[1])
        total += deleted
        if deleted < batch_rows:
            return total
