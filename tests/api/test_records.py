"""Records over HTTP: pages of stored text, queries, single records, and why a list may not exist."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec

from bookbridge.accounting import catalog
from bookbridge.accounting.types.bills import Bill, BillStatus
from bookbridge.store import records
from bookbridge.store.records import RecordBatch
from bookbridge.sync import datasets, states
from bookbridge.sync.datasets import Status
from bookbridge.sync.states import Completeness
from tests.api.conftest import Api, assert_error

EXACT = "12345678901234567.89"
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def bill(number: int) -> Bill:
    return Bill(
        id=f"b-{number:04}",
        reference=f"Reference {number}",
        issue_date="2026-01-05T00:00:00",
        currency="GBP",
        status=BillStatus.OPEN if number % 2 else BillStatus.PAID,
        sub_total=Decimal(EXACT) if number == 0 else Decimal(number),
        tax_amount=Decimal(0),
        total_amount=Decimal(EXACT) if number == 0 else Decimal(number),
    )


async def store_bills(api: Api, company: str, connection: str, count: int) -> None:
    data_type = catalog.by_key("bills")
    async with api.pool.acquire() as db, db.transaction():
        batch = RecordBatch(UUID(company), UUID(connection), "bills", "bills", START)
        for number in range(count):
            encoded = data_type.encode(bill(number))
            batch.add(f"b-{number:04}", encoded, b"{}", START + timedelta(days=number), number == 3)
        await records.save(db, batch)
    await read(api, company, connection, "bills", Status.COMPLETE)


async def read(api: Api, company: str, connection: str, data_type: str, status: Status) -> None:
    """Have a data type read by nobody, with the given end."""
    async with api.pool.acquire() as db, db.transaction():
        found = await datasets.insert(
            db, company_id=UUID(company), connection_id=UUID(connection), data_types=[data_type], is_initial=False
        )
        await datasets.end(db, found[0], status)


async def test_pages_are_the_stored_text(api: Api) -> None:
    company = await api.company()
    connection = await api.linked(company)
    await store_bills(api, company, connection, 25)
    answer = await api.http.get(f"/companies/{company}/data/bills?page=2&pageSize=10")
    assert answer.status_code == 200
    body = answer.json()
    assert [row["id"] for row in body["results"]] == [f"b-{number:04}" for number in range(10, 20)]
    assert (body["pageNumber"], body["pageSize"], body["totalResults"]) == (2, 10, 25)
    path = f"/companies/{company}/data/bills"
    assert body["_links"] == {
        "self": {"href": path},
        "current": {"href": f"{path}?page=2&pageSize=10"},
        "next": {"href": f"{path}?page=3&pageSize=10"},
        "previous": {"href": f"{path}?page=1&pageSize=10"},
    }
    assert body["results"][0]["metadata"] == {"isDeleted": False}
    first = await api.http.get(f"/companies/{company}/data/bills/b-0000")
    assert f'"totalAmount":{EXACT}'.encode() in first.content
    assert msgspec.json.decode(first.content, type=dict)["modifiedDate"] == "2026-01-05T09:00:00.0000000Z"


async def test_both_levels_and_any_case(api: Api) -> None:
    company = await api.company()
    connection = await api.linked(company)
    await store_bills(api, company, connection, 2)
    for base in (f"/companies/{company}", f"/companies/{company}/connections/{connection}"):
        assert (await api.http.get(f"{base}/data/Bills")).json()["totalResults"] == 2
        assert (await api.http.get(f"{base}/data/bills/b-0001")).json()["id"] == "b-0001"
        assert_error(await api.http.get(f"{base}/data/bills/none"), 404)
        assert_error(await api.http.get(f"{base}/data/bills/%00"), 400)
        assert_error(await api.http.get(f"{base}/data/bills/%ED%A0%80"), 404)


async def test_queries(api: Api) -> None:
    company = await api.company()
    await store_bills(api, company, await api.linked(company), 10)

    async def ids(**params: str) -> list[str]:
        answer = await api.http.get(f"/companies/{company}/data/bills", params=params)
        assert answer.status_code == 200, answer.text
        return [row["id"] for row in answer.json()["results"]]

    assert await ids(query="totalAmount>7&&status=open") == ["b-0009"]
    assert await ids(query=f"totalAmount={EXACT}") == ["b-0000"]
    assert await ids(query="metadata.isDeleted=true") == ["b-0003"]
    assert await ids(query="sourceModifiedDate>=2026-01-13", orderBy="-totalAmount") == ["b-0009", "b-0008"]
    assert await ids(query="{reference~ence 1 || id=b-0002} && status!=Open") == ["b-0002"]
    assert await ids(query="id=nothing") == []
    for query in ("lineItems.unitAmount=1", "status>Open", "totalAmount=x", "id"):
        answer = await api.http.get(f"/companies/{company}/data/bills", params={"query": query})
        assert_error(answer, 400)


async def test_why_there_is_no_list(api: Api) -> None:
    company = await api.company()
    path = f"/companies/{company}/data/bills"
    assert assert_error(await api.http.get(path), 409)["error"] == "The data set has not been requested."
    connection = await api.linked(company)
    await read(api, company, connection, "bills", Status.FETCH_ERROR)
    assert assert_error(await api.http.get(path), 404)["error"].startswith("No data available for bills")
    await read(api, company, connection, "bills", Status.COMPLETE)
    assert (await api.http.get(path)).json()["results"] == []
    assert_error(await api.http.get(f"/companies/{company}/data/salesOrders"), 404)
    assert_error(await api.http.get(f"/companies/{company}/data/nonsense"), 404)
    other = await api.company()
    await api.connection(other, "qhyg")
    refused = assert_error(await api.http.get(f"/companies/{other}/data/bills"), 404)
    assert refused["error"] == "Datatype bills not supported by platform(s) qhyg"


async def test_reads_are_queued_and_followed(api: Api) -> None:
    company = await api.company()
    assert_error(await api.http.post(f"/companies/{company}/data/all"), 400, service="PullApi")
    connection = await api.linked(company)
    queued = await api.http.post(f"/companies/{company}/data/queue/ChartOfAccounts")
    assert queued.status_code == 200
    operation = queued.json()
    assert operation["dataType"] == "chartOfAccounts"
    assert operation["connectionId"] == connection
    assert operation["status"] == "Queued"
    assert not operation["isCompleted"]
    again = await api.http.post(f"/companies/{company}/data/queue/chartOfAccounts?connectionId={connection}")
    assert assert_error(again, 400, service="PullApi")["error"].startswith("DatasetAlreadyInProgressException")
    assert_error(await api.http.post(f"/companies/{company}/data/queue/salesOrders"), 400)
    assert (await api.http.post(f"/companies/{company}/data/queue/all")).status_code == 204
    history = (await api.http.get(f"/companies/{company}/data/history?query=dataType=bills")).json()
    assert [row["dataType"] for row in history["results"]] == ["bills"]
    one = await api.http.get(f"/companies/{company}/data/history/{operation['id']}")
    assert one.json()["id"] == operation["id"]
    refused = await api.http.get(f"/companies/{company}/data/history?query=isCompleted=true")
    message = "Error parsing query - Could not resolve property isCompleted on Dataset"
    assert assert_error(refused, 400, service="PullApi")["error"] == message
    refused = await api.http.get(f"/companies/{company}/data/history?orderBy=isCompleted")
    assert_error(refused, 400, service="PullApi")
    status = (await api.http.get(f"/companies/{company}/dataStatus")).json()
    assert status["chartOfAccounts"]["latestSyncId"] == operation["id"]
    findings = await api.http.get(f"/companies/{company}/sync/{operation['id']}/validation")
    assert findings.json() == {"errors": [], "warnings": []}


async def test_several_suppliers_need_a_name(api: Api) -> None:
    company = await api.company()
    first, _ = await api.linked(company), await api.linked(company)
    assert "connectionId" in assert_error(await api.http.post(f"/companies/{company}/data/queue/bills"), 400)["error"]
    named = await api.http.post(f"/companies/{company}/data/queue/bills?connectionId={first}")
    assert named.json()["connectionId"] == first


async def test_completeness_and_held_deletions(api: Api) -> None:
    company = await api.company()
    connection = await api.linked(company)
    path = f"/companies/{company}/data/completeness"
    assert_error(await api.http.post(f"{path}/bills/confirmDeletions"), 409)
    async with api.pool.acquire() as db, db.transaction():
        await states.put(
            db,
            UUID(company),
            UUID(connection),
            "bills",
            read_through=START,
            full_read=START,
            expected=10,
            stored=10,
            completeness=Completeness.COMPLETE,
            method="counted",
            deletions_held=4,
        )
    [state] = (await api.http.get(path)).json()["results"]
    assert (state["completeness"], state["deletionsHeld"], state["deletionsConfirmed"]) == ("Complete", 4, False)
    confirmed = await api.http.post(f"{path}/bills/confirmDeletions?connectionId={connection}")
    assert (confirmed.status_code, confirmed.content) == (204, b"")
    assert (await api.http.get(path)).json()["results"][0]["deletionsConfirmed"]
