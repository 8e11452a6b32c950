"""A payment is checked against what it settles, on either side of the books, before it can reach a platform."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import asyncpg
import pytest

from bookbridge.companies.connections import Connection
from bookbridge.connectors.kit.connector import Operation, Write
from bookbridge.connectors.xero.manifest import CONNECTOR
from bookbridge.push.settling import OWN_RATE
from bookbridge.push.validation import validate
from tests.push.conftest import keep

SIDES = {
    "billPayments": ("supplierRef", "Bill", "bills"),
    "payments": ("customerRef", "Invoice", "invoices"),
}


def row(data_type: str) -> Write[Any]:
    found = CONNECTOR.write(data_type, Operation.CREATE)
    assert found is not None
    return found


async def refused(pool: asyncpg.Pool, connection: Connection, write: Write[Any], body: dict[str, Any]) -> list[str]:
    """The fields of the errors of a body."""
    of = {"company_id": connection.company_id, "connection_id": connection.id}
    found = await validate(pool, write, json.dumps(body).encode(), **of)
    return [one.item_id or "" for one in found.errors]


@pytest.fixture(params=SIDES)
async def payment(request: pytest.FixtureRequest, pool: asyncpg.Pool, connection: Connection) -> dict[str, Any]:
    """A payment of two stored documents of one contact, in dollars; with its data type under `type`."""
    party, word, documents = SIDES[request.param]
    for one in ("d1", "d2"):
        await keep(pool, connection, documents, {"id": one, party: {"id": "C-1"}, "currency": "USD"})
    lines = [{"amount": 5, "links": [{"type": word, "id": one, "amount": -5}]} for one in ("d1", "d2")]
    body = {"date": "2026-06-01T00:00:00", "accountRef": {"id": "b1"}, "totalAmount": 10, "lines": lines}
    return {"type": request.param, "party": party, "body": body}


async def test_what_agrees_or_says_nothing_passes(
    pool: asyncpg.Pool, connection: Connection, payment: dict[str, Any]
) -> None:
    write, party = row(payment["type"]), payment["party"]
    for more in ({}, {party: {"id": "c-1"}}, {"currency": "usd"}, {party: {"id": "C-1"}, "currency": "USD"}):
        assert await refused(pool, connection, write, {**payment["body"], **more}) == []
    unknown = json.loads(json.dumps(payment["body"]).replace('"d1"', '"d8"').replace('"d2"', '"d9"'))
    assert await refused(pool, connection, write, {**unknown, party: {"id": "other"}, "currency": "GBP"}) == []


async def test_what_disagrees_is_told_for_each_document(
    pool: asyncpg.Pool, connection: Connection, payment: dict[str, Any]
) -> None:
    write, party = row(payment["type"]), payment["party"]
    wrong = {**payment["body"], party: {"id": "c-2"}, "currency": "GBP"}
    assert sorted(await refused(pool, connection, write, wrong)) == ["currency", "currency", *[f"{party}.id"] * 2]
    # A platform that takes a rate for each link pays documents in other currencies.
    converting = replace(write, fields=(*write.fields, OWN_RATE))
    assert await refused(pool, connection, converting, wrong) == [f"{party}.id"] * 2
