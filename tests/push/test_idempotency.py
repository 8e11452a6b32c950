"""Callers' keys: replay, mismatch, in progress, release, expiry, and a holder that died."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from bookbridge.push import idempotency
from bookbridge.push.errors import BadParameter
from bookbridge.push.idempotency import Claim, ClaimLost, InProgress, Mismatch, Replay
from tests.push.conftest import Desk, supplier

CLIENT = UUID(int=1)
KEY = UUID(int=2)
REQUEST = idempotency.request_hash("POST", "/push/bills?x=1", b"{}")
OTHER = idempotency.request_hash("POST", "/push/bills?x=1", b"{ }")
AT_ONCE = timedelta(0)

Claimed = Claim | Replay | InProgress | Mismatch


async def claim(
    pool: asyncpg.Pool,
    request: bytes = REQUEST,
    *,
    client: UUID = CLIENT,
    key: UUID = KEY,
    kept: timedelta = idempotency.CLAIM_KEPT,
) -> Claimed:
    async with pool.acquire() as db:
        return await idempotency.claim(db, client, key, request, claim_kept=kept)


async def held(pool: asyncpg.Pool, **more: timedelta) -> Claim:
    claimed = await claim(pool, **more)
    assert isinstance(claimed, Claim)
    return claimed


async def complete(pool: asyncpg.Pool, claimed: Claim, status: int = 200, body: bytes = b"done") -> None:
    async with pool.acquire() as db, db.transaction():
        await idempotency.complete(db, claimed, status, body)


async def expire(pool: asyncpg.Pool) -> None:
    await pool.execute("update idempotency_keys set expires = now()")


@pytest.mark.parametrize("status", [200, 400, 404, 500, 503])
async def test_the_first_answer_is_given_again_whatever_it_was(pool: asyncpg.Pool, status: int) -> None:
    await complete(pool, await held(pool), status, b"\x00answer")
    assert await claim(pool) == Replay(status, b"\x00answer")
    assert await claim(pool) == Replay(status, b"\x00answer")


async def test_another_request_under_the_same_key_is_a_mismatch(pool: asyncpg.Pool) -> None:
    claimed = await held(pool)
    assert isinstance(await claim(pool, OTHER), Mismatch)
    await complete(pool, claimed)
    assert isinstance(await claim(pool, OTHER), Mismatch)


async def test_a_request_that_is_being_worked_on_is_in_progress(pool: asyncpg.Pool) -> None:
    await held(pool)
    found = await claim(pool)
    assert isinstance(found, InProgress)
    assert 0 < found.retry_after_s <= idempotency.CLAIM_KEPT.total_seconds()


async def test_of_many_at_once_one_may_work(pool: asyncpg.Pool) -> None:
    found = await asyncio.gather(*(claim(pool) for _ in range(10)))
    assert sorted(type(one).__name__ for one in found) == ["Claim"] + ["InProgress"] * 9


async def test_keys_belong_to_a_client(pool: asyncpg.Pool) -> None:
    await complete(pool, await held(pool))
    assert isinstance(await claim(pool, client=uuid4()), Claim)
    assert isinstance(await claim(pool, key=uuid4()), Claim)


async def test_a_rate_limited_answer_frees_the_key(pool: asyncpg.Pool) -> None:
    await complete(pool, await held(pool), 429)
    assert isinstance(await claim(pool, OTHER), Claim)


async def test_answers_expire(pool: asyncpg.Pool) -> None:
    await complete(pool, await held(pool))
    left_s = await pool.fetchval("select extract(epoch from expires - now())::float8 from idempotency_keys")
    assert left_s == pytest.approx(90 * 60, abs=5)
    await expire(pool)
    assert isinstance(await claim(pool, OTHER), Claim)


async def test_a_dead_holder_is_followed_by_the_same_request_only(pool: asyncpg.Pool) -> None:
    dead = await held(pool, kept=AT_ONCE)
    assert isinstance(await claim(pool, OTHER), Mismatch)
    follower = await held(pool)
    with pytest.raises(ClaimLost):
        await complete(pool, dead)
    await complete(pool, follower, 200, b"second")
    with pytest.raises(ClaimLost):
        await complete(pool, follower)
    assert await claim(pool) == Replay(200, b"second")


async def test_release_frees_only_what_is_held(pool: asyncpg.Pool) -> None:
    dead = await held(pool, kept=AT_ONCE)
    await held(pool)
    async with pool.acquire() as db:
        await idempotency.release(db, dead)
    assert isinstance(await claim(pool), InProgress)


async def test_work_and_answer_are_undone_together(desk: Desk) -> None:
    """A holder that was taken for dead leaves no operation behind."""
    dead = await held(desk.pool, kept=AT_ONCE)
    await held(desk.pool)

    async def answer() -> None:
        async with desk.pool.acquire() as db, db.transaction():
            await desk.submit_in(db, body=supplier("Papers Ltd"))
            await idempotency.complete(db, dead, 200, b"")

    with pytest.raises(ClaimLost):
        await answer()
    assert await desk.pool.fetchval("select count(*) from push_operations") == 0
    assert await desk.rings("push.connection") == 0


async def test_pruning_is_bounded(pool: asyncpg.Pool) -> None:
    for _ in range(3):
        await claim(pool, key=uuid4())
    await expire(pool)
    await held(pool)
    async with pool.acquire() as db:
        assert [await idempotency.prune(db, batch_rows=2) for _ in range(2)] == [3, 0]
    assert await pool.fetchval("select count(*) from idempotency_keys") == 1


async def test_an_answer_that_is_too_large_is_not_kept(pool: asyncpg.Pool) -> None:
    claimed = await held(pool)
    with pytest.raises(ValueError):
        await complete(pool, claimed, 200, b"x" * (idempotency.ANSWER_SIZE_MAX_BYTES + 1))


@pytest.mark.parametrize("header", ["6f1c2a3e-0b7d-4d7c-9a65-2f4f4e0b6c11", " {6F1C2A3E0B7D4D7C9A652F4F4E0B6C11} "])
def test_a_key_is_a_guid_in_any_spelling(header: str) -> None:
    assert idempotency.parse_key(header) == UUID("6f1c2a3e-0b7d-4d7c-9a65-2f4f4e0b6c11")


@pytest.mark.parametrize("header", ["", "order-7", "6f1c2a3e-0b7d-4d7c-9a65-2f4f4e0b6c1", "a" * 10_000])
def test_anything_else_is_refused(header: str) -> None:
    with pytest.raises(BadParameter):
        idempotency.parse_key(header)


def test_requests_differ_in_method_address_and_body() -> None:
    hashes = {
        idempotency.request_hash(method, address, body)
        for method in ("POST", "PUT")
        for address in ("/a", "/a?b")
        for body in (b"", b"b")
    }
    assert len(hashes) == 8
    assert idempotency.request_hash("post", "/ab", b"") == idempotency.request_hash("POST", "/ab", b"")
    assert idempotency.request_hash("POST", "/ab", b"c") != idempotency.request_hash("POST", "/a", b"bc")
