from __future__ import annotations

import json
from decimal import Decimal
from uuid import uuid4

import asyncpg
import pytest

from bookbridge.accounting.dates import parse_contract_datetime
from bookbridge.webhooks import consumers, outbox
from tests.webhooks.conftest import emit, subscribe

URL = "https://example.com/hook"


async def test_nothing_is_told_of_what_was_rolled_back(pool: asyncpg.Pool) -> None:
    await subscribe(pool, URL)
    async with pool.acquire() as db:
        transaction = db.transaction()
        await transaction.start()
        await outbox.emit(db, "company.created", {}, company_id=uuid4(), company_tags={})
        await transaction.rollback()
    for table in ("webhook_messages", "webhook_deliveries", "pgqueuer"):
        assert await pool.fetchval(f"select count(*) from {table}") == 0


async def test_the_envelope(pool: asyncpg.Pool) -> None:
    company_id = uuid4()
    async with pool.acquire() as db, db.transaction():
        message_id = await outbox.emit(
            db,
            "bankFeeds.sourceAccount.connected",
            {"id": company_id, "balance": Decimal("12345678901234567.89")},
            company_id=company_id,
            company_tags={"region": "uk"},
        )
    row = await pool.fetchrow("select * from webhook_messages")
    assert (row["company_id"], row["company_tags"]) == (company_id, ["region:uk"])
    assert '"balance":12345678901234567.89' in row["body"]
    envelope = json.loads(row["body"])
    assert envelope["id"] == str(message_id)
    assert envelope["eventType"] == "bankFeeds.sourceAccount.connected"
    assert parse_contract_datetime(envelope["generatedDate"]) == row["created"]
    assert envelope["payload"]["id"] == str(company_id)


async def test_one_delivery_and_one_ring_for_each_matching_consumer(pool: asyncpg.Pool) -> None:
    async def named(*event_types: str, tags: list[str] | None = None) -> str:
        return str((await subscribe(pool, URL, *event_types, tags=tags))[0].id)

    everything = await named("company.created", "read.completed")
    either = await named("company.created", tags=["region:us", "tier:gold"])
    await named("read.completed")
    await named("company.created", tags=["region:us"])
    await named("company.created", tags=["Tier:gold"])
    await named("company.created", tags=["tier:Gold"])
    disabled = await named("company.created")
    await pool.execute("update webhook_consumers set disabled = true where id = $1::uuid", disabled)

    await emit(pool, "company.created", tier="gold", region="uk")
    delivered = await pool.fetch("select consumer_id::text from webhook_deliveries")
    assert {row["consumer_id"] for row in delivered} == {everything, either}
    rung = await pool.fetch("select entrypoint, payload from pgqueuer")
    assert {(row["entrypoint"], row["payload"].decode()) for row in rung} == {
        ("webhooks.deliver", everything),
        ("webhooks.deliver", either),
    }


async def test_a_company_without_tags_reaches_consumers_without_tags_only(pool: asyncpg.Pool) -> None:
    everything, _ = await subscribe(pool, URL)
    await subscribe(pool, URL, tags=["region:uk"])
    await emit(pool)
    assert await pool.fetchval("select consumer_id from webhook_deliveries") == everything.id


async def test_a_message_is_kept_without_consumers(pool: asyncpg.Pool) -> None:
    message_id = await emit(pool)
    assert await pool.fetchval("select id from webhook_messages") == message_id


async def test_deleting_a_consumer_drops_what_waits_for_it(pool: asyncpg.Pool) -> None:
    consumer, _ = await subscribe(pool, URL)
    await emit(pool)
    async with pool.acquire() as db:
        await consumers.delete(db, consumer.id)
    assert await pool.fetchval("select count(*) from webhook_deliveries") == 0
    assert await pool.fetchval("select count(*) from webhook_messages") == 1


async def test_mistakes_of_the_emitter(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as db:
        with pytest.raises(ValueError, match="unknown event type"):
            await outbox.emit(db, "bill.write.successful", {}, company_id=None, company_tags={})
        with pytest.raises(outbox.BodyTooLarge):
            await outbox.emit(db, "company.created", {"name": "x" * 1024 * 1024}, company_id=None, company_tags={})
