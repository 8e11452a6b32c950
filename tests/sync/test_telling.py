"""What callers learn of reads: the events, the state of each data type, the history, the findings."""

from __future__ import annotations

import itertools
from typing import Any

import msgspec

from bookbridge.store.query import compile_order, compile_query
from bookbridge.sync import queue, validation, views
from bookbridge.sync.datasets import Status
from bookbridge.sync.views import DATASET_PROPERTIES
from tests.sync.conftest import Desk, Veil


async def test_each_batch_is_told_once_and_an_authorisation_once_more(desk: Desk) -> None:
    await desk.queue()
    runs = await desk.work(slice_s=0.0)
    assert runs > 5
    (told,) = await desk.payloads("read.completed")
    assert await desk.payloads("read.completed.initial") == [told]
    assert told["referenceCompany"]["id"] == str(desk.company.id)
    assert told["referenceCompany"]["name"] == "Larkfield"
    assert "modifiedFromDate" not in told
    assert [row["dataType"] for row in told["dataTypes"]] == queue.readable(desk.connection)
    for row in told["dataTypes"]:
        assert row["connectionId"] == str(desk.connection.id)
        assert (row["status"], row["recordsModified"], row["issues"]) == ("Complete", True, [])
    await desk.read("bills")
    told = await desk.payloads("read.completed")
    assert len(told) == 2
    (row,) = told[1]["dataTypes"]
    assert (row["dataType"], row["recordsModified"]) == ("bills", False)
    state = await desk.state("bills")
    assert told[1]["modifiedFromDate"] < views.contract_datetime(state.read_through)
    assert len(await desk.payloads("read.completed.initial")) == 1


async def test_where_a_data_type_stands(desk: Desk) -> None:
    async def stands(key: str) -> dict[str, Any]:
        async with desk.pool.acquire() as db:
            return msgspec.to_builtins((await views.data_status(db, desk.company.id))[key])

    async with desk.pool.acquire() as db:
        assert set(await views.data_status(db, desk.company.id)) == set(queue.readable(desk.connection))
    assert "latestSyncId" not in await stands("bills")
    assert (await views.read_states(desk.pool, desk.company.id, "bills")).requested is False

    (queued,) = await desk.queue("bills")
    shown = await stands("bills")
    assert (shown["currentStatus"], shown["latestSyncId"]) == ("Queued", str(queued.id))
    await desk.fault("unavailable", match={"path": "Invoices"})
    await desk.run()
    assert (await stands("bills"))["currentStatus"] == "Fetching"
    assert "lastSuccessfulSync" not in await stands("bills")
    await desk.work()
    shown = await stands("bills")
    assert (shown["currentStatus"], shown["latestSuccessfulSyncId"]) == ("Complete", str(queued.id))
    succeeded = shown["lastSuccessfulSync"]

    (failing,) = await desk.queue("bills")
    await desk.fault("server_error", times=None, match={"path": "Invoices"})
    await desk.work()
    assert (await stands("bills")) == {
        "dataType": "bills",
        "currentStatus": "FetchError",
        "latestSyncId": str(failing.id),
        "lastSuccessfulSync": succeeded,
        "latestSuccessfulSyncId": str(queued.id),
    }
    states = await views.read_states(desk.pool, desk.company.id, "bills", desk.connection.id)
    assert (states.requested, states.succeeded) == (True, True)


async def test_the_history_is_paged_and_queried(desk: Desk) -> None:
    queued = await desk.queue()
    await desk.work()
    last = await desk.read("bills")

    async def history(query: str | None = None, order: str | None = None, **page: int) -> tuple[list[str], int]:
        where = compile_query(query, DATASET_PROPERTIES, of="Dataset", first=2) if query else None
        order_by = compile_order(order, DATASET_PROPERTIES, of="Dataset") if order else None
        shown, total = await views.history(
            desk.pool,
            desk.company.id,
            page=page.get("page", 1),
            page_size=page.get("page_size", 100),
            where=where,
            order_by=order_by,
        )
        return [str(one.id) for one in shown], total

    newest, total = await history()
    assert total == len(queued) + 1
    assert newest[0] == str(last.id)
    pages = [(await history(page=number, page_size=7))[0] for number in range(1, total // 7 + 2)]
    assert list(itertools.chain(*pages)) == newest
    bills = next(one for one in queued if one.data_type == "bills")
    assert await history("dataType=bills&&status=complete", "completed") == ([str(bills.id), str(last.id)], 2)
    assert await history(f"id={last.id}") == ([str(last.id)], 1)
    assert await history("status=FetchError||progress<100") == ([], 0)
    assert (await history(f"connectionId={desk.connection.id}&&requested>2026-01-01"))[1] == total
    shown = msgspec.to_builtins(views.pull_operation(last))
    assert shown["isCompleted"] is True
    assert shown["isErrored"] is False
    assert None not in shown.values()


async def test_what_a_rule_finds_is_kept_and_stops_nothing(desk: Desk, veil: Veil) -> None:
    veil.alter = lambda payload: msgspec.structs.replace(payload, total=payload.total + 1)
    ended = await desk.read("bills")
    assert ended.status == Status.COMPLETE
    found = await validation.findings(desk.pool, desk.company.id, ended.id, "Warning")
    assert {one.item_id for one in found} == set(await desk.records("bills"))
    assert {one.validator_name for one in found} == {"bills"}
    assert all(one.rule_id.startswith("bills:") and one.message for one in found)
    assert await validation.findings(desk.pool, desk.company.id, ended.id, "Error") == []
    (told,) = (await desk.payloads("read.completed"))[0]["dataTypes"]
    (issue,) = told["issues"]
    assert issue["type"] == "warning.validation"
    assert issue["links"]["logs"].endswith(f"/companies/{desk.company.id}/sync/{ended.id}/validation")
