"""Rules: what may be asked for, whom an alert reaches, and how it is tried again."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import asyncpg
import pytest

from bookbridge.webhooks import rules
from bookbridge.webhooks.alerts import AlertSender, Identity
from bookbridge.webhooks.consumers import InvalidConsumer
from bookbridge.webhooks.delivery import DeliverySettings
from bookbridge.webhooks.rules import Notifiers, Rule, RuleDraft, RuleType
from tests.webhooks.conftest import Receiver

CLIENT = Identity(uuid4(), "Me", "Bearer of alerts")


async def identity() -> Identity:
    return CLIENT


def sender(pool: asyncpg.Pool) -> AlertSender:
    settings = DeliverySettings(private_addresses_allowed=True)
    return AlertSender(pool, identity, settings=settings, waits_s=(0.0, 0.0, 3_600.0))


async def rule(pool: asyncpg.Pool, url: str, kind: str = "Data sync completed", company_id: UUID | None = None) -> Rule:
    async with pool.acquire() as db:
        draft = RuleDraft(type=kind, notifiers=Notifiers(webhook=url), company_id=company_id)
        return await rules.create(db, draft, private_addresses_allowed=True)


async def tell(pool: asyncpg.Pool, company_id: UUID) -> None:
    async with pool.acquire() as db, db.transaction():
        await rules.raise_alert(
            db,
            RuleType.SYNC_COMPLETED,
            "Done.",
            {"dataType": "bills"},
            company_id=company_id,
            connection_id=UUID(int=7),
        )


async def test_an_alert_is_sent_once_in_the_older_form(pool: asyncpg.Pool, receiver: Receiver) -> None:
    made = await rule(pool, receiver.url)
    company_id = uuid4()
    await tell(pool, company_id)
    assert await sender(pool)(str(made.id)) is None
    assert await sender(pool)(str(made.id)) is None
    [request] = receiver.requests
    assert request.headers["x-codat-clientid"] == str(CLIENT.client_id)
    assert request.headers["authorization"] == "Bearer of alerts"
    body = json.loads(request.body)
    assert UUID(body.pop("AlertId"))
    assert body == {
        "RuleId": str(made.id),
        "RuleType": "Data sync completed",
        "Type": "Data sync completed",
        "ClientId": str(CLIENT.client_id),
        "ClientName": "Me",
        "CompanyId": str(company_id),
        "DataConnectionId": str(UUID(int=7)),
        "Message": "Done.",
        "Data": {"dataType": "bills"},
    }
    assert "Bearer" not in repr(CLIENT)


async def test_only_rules_of_the_type_and_the_company(pool: asyncpg.Pool, receiver: Receiver) -> None:
    company_id = uuid4()
    wanted = await rule(pool, receiver.url, "DATASYNCCOMPLETED", company_id)
    others = [
        await rule(pool, receiver.url, "Data sync completed", uuid4()),
        await rule(pool, receiver.url, "Dataset data changed"),
    ]
    await tell(pool, company_id)
    for each in (wanted, *others):
        await sender(pool)(str(each.id))
    assert [json.loads(request.body)["RuleId"] for request in receiver.requests] == [str(wanted.id)]


@pytest.mark.parametrize(
    ("statuses", "requests", "status"),
    [([503, 200], 2, "Success"), ([429, 502], 2, "Attempting"), ([500], 1, "Failure"), ([302], 1, "Failure")],
)
async def test_what_may_pass_is_tried_again(
    pool: asyncpg.Pool, receiver: Receiver, statuses: list[int], requests: int, status: str
) -> None:
    receiver.statuses = statuses
    made = await rule(pool, receiver.url)
    await tell(pool, uuid4())
    wait_s: float | None = 0.0
    while wait_s is not None and wait_s < 1:
        wait_s = await sender(pool)(str(made.id))
    assert len(receiver.requests) == requests
    assert await pool.fetchval("select status from rule_alerts") == status


@pytest.mark.parametrize(
    "draft",
    [
        RuleDraft(type="nonsense", notifiers=Notifiers()),
        RuleDraft(type="Data sync completed", notifiers=Notifiers(webhook="ftp://a.b")),
        RuleDraft(type="Data sync completed", notifiers=Notifiers(webhook="https://127.0.0.1/x")),
        RuleDraft(type="Data sync completed", notifiers=Notifiers(emails=["a@b.c"] * 21)),
    ],
)
async def test_refused(pool: asyncpg.Pool, draft: RuleDraft) -> None:
    async with pool.acquire() as db:
        with pytest.raises(InvalidConsumer):
            await rules.create(db, draft)
