"""What an earlier authorisation was told must not end the one that took its place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg

from bookbridge.companies import connections, credentials, lifecycle
from bookbridge.companies.companies import Company
from bookbridge.companies.connections import Connection, Status
from bookbridge.companies.vault import Vault
from bookbridge.companies.views import Views


async def link(pool: asyncpg.Pool, vault: Vault, views: Views, connection: Connection, token: str) -> Connection:
    async with pool.acquire() as db, db.transaction():
        expires = datetime.now(UTC) + timedelta(hours=1)
        grant = credentials.Grant(access_token=token)
        await credentials.store(db, vault, connection.company_id, connection.id, grant, expires)
        return await lifecycle.linked(
            db, views, connection, organisation_id="org-1", organisation_name="Ledger One", facts={}
        )


async def test_a_refusal_of_an_earlier_authorisation_does_not_end_a_fresh_one(
    pool: asyncpg.Pool, vault: Vault, views: Views, company: Company
) -> None:
    async with pool.acquire() as db, db.transaction():
        pending = await lifecycle.created(db, views, company.id, "gbol")
    earlier = await link(pool, vault, views, pending, "earlier")
    fresh = await link(pool, vault, views, pending, "fresh")
    async with pool.acquire() as db, db.transaction():
        after = await lifecycle.deauthorized(db, views, earlier, reason="The vendor refused the earlier token.")
    assert after.status is Status.LINKED
    async with pool.acquire() as db:
        stored = await credentials.load(db, vault, fresh.company_id, fresh.id)
        assert stored is not None
        assert stored.current == credentials.Grant(access_token="fresh")
        async with db.transaction():
            await lifecycle.deauthorized(db, views, fresh, reason="The vendor refused the fresh one too.")
        assert (await connections.get(db, fresh.company_id, fresh.id)).status is Status.DEAUTHORIZED
