"""A refresh of a product is told once, when the last of its reads over all connections has ended."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any
from uuid import UUID

from bookbridge.products import read_events
from bookbridge.store.pool import Db
from bookbridge.sync import datasets, events
from bookbridge.sync.datasets import Status
from tests.api.conftest import Api, api, assert_error
from tests.waiting import somebody_waits_for_a_lock, until

__all__ = ["api"]

EVENT = "payables.read.completed"
DEADLINE_S = 30.0


async def told(api: Api) -> list[dict[str, Any]]:
    rows = await api.pool.fetch("select body from webhook_messages where event_type = $1 order by created", EVENT)
    return [json.loads(row["body"])["payload"] for row in rows]


async def refreshed(api: Api, *data_types: str) -> tuple[str, list[str]]:
    """A company with the product and two linked connections, of which the data types are being read."""
    company = await api.company()
    await api.http.put(f"/companies/{company}/products/payables")
    linked = [await api.linked(company), await api.linked(company)]
    answer = await api.http.post(f"/companies/{company}/products/payables/refresh", json={"dataTypes": data_types})
    assert answer.status_code == 202
    return company, linked


async def end(api: Api, db: Db, connection: str, status: Status = Status.COMPLETE) -> None:
    """End all reads of a connection, as the worker does."""
    hook = partial(read_events.batch_ended, api.rooms.views)
    while (dataset := await datasets.next_open(db, UUID(connection))) is not None:
        ended = await datasets.end(db, dataset, status)
        assert ended is not None
        await events.batch_completed(db, api.rooms.views, ended, (hook,))


async def test_once_all_connections_are_read(api: Api) -> None:
    company, (first, second) = await refreshed(api, "bills", "suppliers")
    async with api.pool.acquire() as db:
        async with db.transaction():
            await end(api, db, first)
        assert await told(api) == []
        async with db.transaction():
            await end(api, db, second, Status.FETCH_ERROR)
    (payload,) = await told(api)
    assert payload["referenceCompany"]["id"] == company
    found = {(row["connectionId"], row["dataType"], row["status"]) for row in payload["dataTypes"]}
    assert found == {
        *((first, name, "Complete") for name in ("bills", "suppliers")),
        *((second, name, "FetchError") for name in ("bills", "suppliers")),
    }
    assert await api.pool.fetchval("select count(*) from product_reads") == 0
    async with api.pool.acquire() as db, db.transaction():
        await datasets.insert(
            db, company_id=UUID(company), connection_id=UUID(first), data_types=["bills"], is_initial=False
        )
        await end(api, db, first)
    assert len(await told(api)) == 1


async def test_two_workers_that_end_it_at_once_tell_it_once(api: Api) -> None:
    _, (first, second) = await refreshed(api, "bills")

    async def at_once(db: Db) -> None:
        async with db.transaction():
            await end(api, db, second)

    async with api.pool.acquire() as one, api.pool.acquire() as other:
        held = one.transaction()
        await held.start()
        await end(api, one, first)
        ending = asyncio.create_task(at_once(other))
        await until(partial(somebody_waits_for_a_lock, api.pool))
        assert not ending.done()
        await held.commit()
        async with asyncio.timeout(DEADLINE_S):
            await ending
    assert len(await told(api)) == 1


async def test_a_deleted_connection_is_waited_for_no_longer(api: Api) -> None:
    company, (first, second) = await refreshed(api, "bills")
    assert (await api.http.delete(f"/companies/{company}/connections/{first}")).status_code == 200
    async with api.pool.acquire() as db, db.transaction():
        await end(api, db, second)
    (payload,) = await told(api)
    assert [row["connectionId"] for row in payload["dataTypes"]] == [second]


async def test_the_last_read_may_go_with_its_connection(api: Api) -> None:
    company, (first, second) = await refreshed(api, "bills")
    async with api.pool.acquire() as db, db.transaction():
        await end(api, db, second)
    assert await read_events.tell_left_over(api.pool, api.rooms.views) == 0
    assert (await api.http.delete(f"/companies/{company}/connections/{first}")).status_code == 200
    assert await told(api) == []
    await asyncio.gather(*(read_events.tell_left_over(api.pool, api.rooms.views) for _ in range(3)))
    (payload,) = await told(api)
    assert [row["connectionId"] for row in payload["dataTypes"]] == [second]
    assert await read_events.tell_left_over(api.pool, api.rooms.views) == 0


async def test_a_product_of_which_nothing_can_be_read_is_refused(api: Api) -> None:
    company = await api.company()
    await api.linked(company)
    await api.http.put(f"/companies/{company}/products/commerce")
    refused = assert_error(await api.http.post(f"/companies/{company}/products/commerce/refresh"), 400)
    assert "supplies" in refused["error"]
