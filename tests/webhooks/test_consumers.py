from __future__ import annotations

import asyncio
from functools import partial
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from bookbridge.webhooks import consumers, integration_keys
from bookbridge.webhooks.consumers import (
    ConsumerDraft,
    ConsumerNotFound,
    InvalidConsumer,
    TooManyConsumers,
    check,
)
from bookbridge.webhooks.events import EVENT_TYPES, write_event
from tests.waiting import somebody_waits_for_a_lock, until
from tests.webhooks.conftest import emit, open_, seal, subscribe

GOOD = ConsumerDraft(url="https://example.com/hook", event_types=["read.completed"])


async def test_a_consumer_is_stored_listed_and_deleted(pool: asyncpg.Pool) -> None:
    created, secret = await subscribe(
        pool, "https://example.com/hook", "read.completed", tags=["region:uk", "region:uk"]
    )
    assert secret.startswith("whsec_")
    assert await consumers.list_all(pool) == [created]
    assert await consumers.get(pool, created.id) == created
    assert await consumers.secret(pool, created.id, open_=open_) == secret
    assert msgspec.to_builtins(created.view()) == {
        "id": str(created.id),
        "url": "https://example.com/hook",
        "disabled": False,
        "eventTypes": ["read.completed"],
        "companyTags": ["region:uk"],
    }
    await consumers.delete(pool, created.id)
    assert await consumers.list_all(pool) == []


async def test_the_secret_is_not_stored_in_the_clear(pool: asyncpg.Pool) -> None:
    _, secret = await subscribe(pool, "https://example.com/hook")
    assert secret.encode() not in await pool.fetchval("select secret from webhook_consumers")


async def test_what_does_not_exist_is_said_so(pool: asyncpg.Pool) -> None:
    with pytest.raises(ConsumerNotFound):
        await consumers.get(pool, uuid4())
    with pytest.raises(ConsumerNotFound):
        await consumers.secret(pool, uuid4(), open_=open_)
    async with pool.acquire() as db:
        with pytest.raises(ConsumerNotFound):
            await consumers.delete(db, uuid4())
        with pytest.raises(ConsumerNotFound):
            await consumers.set_disabled(db, uuid4(), True)
        with pytest.raises(ConsumerNotFound):
            await consumers.replace(db, uuid4(), GOOD)


async def test_replacing_keeps_secret_and_state(pool: asyncpg.Pool) -> None:
    created, secret = await subscribe(pool, "https://example.com/hook")
    draft = ConsumerDraft(url="https://example.com/other", event_types=["read.completed"], description="ERP")
    async with pool.acquire() as db:
        replaced = await consumers.replace(db, created.id, draft)
    assert (replaced.url, replaced.description, replaced.created) == (draft.url, "ERP", created.created)
    assert await consumers.secret(pool, created.id, open_=open_) == secret


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "ftp://example.com/",
        "https://",
        "/hook",
        "http://example.com/hook",
        "https://user:password@example.com/",
        "https://example.com/#part",
        "https://example.com/a b",
        "https://example.com/\x00",
        "https://example.com:99999/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/",
        "https://example.com/" + "a" * 3000,
    ],
)
def test_urls_that_are_refused(url: str | None) -> None:
    with pytest.raises(InvalidConsumer) as refused:
        check(msgspec.structs.replace(GOOD, url=url), private_addresses_allowed=False)
    assert {problem.field for problem in refused.value.problems} == {"url"}


@pytest.mark.parametrize("url", ["http://localhost:8080/hook", "http://10.0.0.7/hook", "http://[::1]:80/"])
def test_private_urls_need_the_permission(url: str) -> None:
    draft = msgspec.structs.replace(GOOD, url=url)
    check(draft, private_addresses_allowed=True)
    with pytest.raises(InvalidConsumer):
        check(draft, private_addresses_allowed=False)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event_types", None),
        ("event_types", []),
        ("event_types", ["read.completed", "no.such.event"]),
        ("event_types", ["*"]),
        ("company_tags", ["no-colon"]),
        ("company_tags", [":value"]),
        ("company_tags", ["key:"]),
        ("company_tags", ["key:" + "v" * 125]),
        ("company_tags", ["key:\x00"]),
        ("company_tags", [f"key:{number}" for number in range(11)]),
        ("description", "d" * 300),
    ],
)
def test_other_fields_that_are_refused(field: str, value: object) -> None:
    with pytest.raises(InvalidConsumer) as refused:
        check(msgspec.structs.replace(GOOD, **{field: value}), private_addresses_allowed=False)
    assert len(refused.value.problems) == 1


def test_the_longest_tags_are_accepted() -> None:
    tags = [f"{number}:" + "v" * 126 for number in range(10)]
    check(msgspec.structs.replace(GOOD, company_tags=tags), private_addresses_allowed=False)


async def test_fifty_consumers_even_if_all_come_at_once(pool: asyncpg.Pool) -> None:
    async def one() -> bool:
        try:
            await subscribe(pool, "https://example.com/hook")
        except TooManyConsumers:
            return False
        return True

    created = await asyncio.gather(*(one() for _ in range(55)))
    assert sum(created) == 50


async def test_a_consumer_deleted_in_mid_emit_does_not_fail_the_emitter(pool: asyncpg.Pool) -> None:
    created, _ = await subscribe(pool, "https://example.com/hook")
    async with pool.acquire() as db:
        deletion = db.transaction()
        await deletion.start()
        await consumers.delete(db, created.id)
        emitting = asyncio.create_task(emit(pool))
        await until(partial(somebody_waits_for_a_lock, pool))
        await deletion.commit()
    emitted = await emitting
    assert await pool.fetchval("select id from webhook_messages") == emitted
    assert await pool.fetchval("select count(*) from webhook_deliveries") == 0


async def test_a_new_integration_key_revokes_the_one_before(pool: asyncpg.Pool) -> None:
    assert not await integration_keys.is_valid(pool, "")
    first = await integration_keys.rotate(pool)
    second = await integration_keys.rotate(pool)
    assert second.startswith("sk_integ_")
    assert not await integration_keys.is_valid(pool, first)
    assert await integration_keys.is_valid(pool, second)


def test_the_catalogue_names_the_write_events() -> None:
    assert write_event("bills", successful=True) in EVENT_TYPES
    assert write_event("chartOfAccounts", successful=False) in EVENT_TYPES
    with pytest.raises(ValueError, match="no write events"):
        write_event("companyInfo", successful=True)


def test_seal_is_bound_to_its_row() -> None:
    sealed = seal(b"s", consumers.secret_context(uuid4()))
    with pytest.raises(AssertionError):
        open_(sealed, consumers.secret_context(uuid4()))
