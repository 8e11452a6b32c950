"""Waiting for a ledger that is slow, away or gone: what the caller is told, and that nothing is written twice."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from bookbridge import app as composition
from bookbridge import jobs
from tests.api.conftest import assert_error
from tests.connectors.sandbox import Sandbox
from tests.products.bill_pay.conftest import XERO, Payables
from tests.waiting import until

SUPPLIERS = {"method": "PUT", "path": ".*/Contacts"}

only_xero = pytest.mark.parametrize("payables", [XERO], indirect=True)
PATIENCE_S = 2.0
"""Enough for a ledger that is well, however busy the machine."""

SLOW_S = 6.0
impatient = pytest.mark.parametrize("patience_s", [PATIENCE_S])


def given(name: str) -> dict[str, Any]:
    return {"supplierName": name, "status": "Active"}


async def named(payables: Payables, name: str) -> int:
    """How many suppliers of this name the ledger has."""
    return sum(one["supplierName"] == name for one in await payables.every("/suppliers"))


@only_xero
@impatient
@pytest.mark.usefixtures("worker")
async def test_a_slow_ledger_is_told_and_the_same_key_gets_the_end(payables: Payables, sandbox: Sandbox) -> None:
    await sandbox.fault("slow", match=SUPPLIERS, delay_s=SLOW_S)
    key = str(uuid4())
    answer = await payables.send("POST", "/suppliers", given("Slow Ltd"), key=key)
    body = assert_error(answer, 409)
    [item] = body["validation"]["errors"]
    assert item["itemId"] == "pushOperationKey"
    assert answer.headers["location"] == f"/companies/{payables.company}/push/{item['message']}"
    assert item["message"] in body["error"]
    assert (await payables.ended(item["message"]))["status"] == "Success"
    again = await payables.done("POST", "/suppliers", given("Slow Ltd"), key=key)
    assert (again["supplierName"], await named(payables, "Slow Ltd")) == ("Slow Ltd", 1)
    assert await payables.done("POST", "/suppliers", given("Slow Ltd"), key=key) == again
    assert_error(await payables.send("POST", "/suppliers", given("Other Ltd"), key=key), 422)


@only_xero
@impatient
@pytest.mark.usefixtures("worker")
async def test_a_ledger_that_is_away_is_told_and_nothing_is_written_later(payables: Payables, sandbox: Sandbox) -> None:
    await sandbox.fault("unavailable", match=SUPPLIERS, times=None)
    key = str(uuid4())
    body = await payables.refused("POST", "/suppliers", given("Away Ltd"), 424, key=key)
    assert "nothing was written" in body["error"].lower()
    await sandbox.clear_faults()
    history = (await payables.api.http.get(f"/companies/{payables.company}/push")).json()["results"]
    assert [row["status"] for row in history] == ["Failed"]
    assert await named(payables, "Away Ltd") == 0
    # Nothing was decided, so the same key serves for the same request.
    await payables.done("POST", "/suppliers", given("Away Ltd"), key=key)
    assert await named(payables, "Away Ltd") == 1


@impatient
async def test_without_a_turn_the_write_is_taken_back(payables: Payables, dsn: str) -> None:
    answer = await payables.send("POST", "/suppliers", given("Queued Ltd"), key=str(uuid4()))
    assert_error(answer, 429)
    assert int(answer.headers["retry-after"]) >= 1
    books, _ = composition.handlers(payables.api.rooms)
    worker = jobs.Worker(dsn, books, concurrency=2)
    working = asyncio.create_task(worker.run())
    await payables.done("POST", "/suppliers", given("Later Ltd"))
    worker.stop()
    await working
    assert (await named(payables, "Queued Ltd"), await named(payables, "Later Ltd")) == (0, 1)


@only_xero
@pytest.mark.usefixtures("worker")
async def test_an_answer_that_is_lost_is_looked_up(payables: Payables, sandbox: Sandbox) -> None:
    await sandbox.fault("drop_after", match=SUPPLIERS)
    made = await payables.done("POST", "/suppliers", given("Lost Ltd"), key=str(uuid4()))
    assert (made["supplierName"], await named(payables, "Lost Ltd")) == ("Lost Ltd", 1)


@only_xero
@pytest.mark.parametrize("patience_s", [0.3])
async def test_a_slow_list_is_told_within_the_time(payables: Payables, sandbox: Sandbox) -> None:
    await sandbox.fault("slow", match={"path": ".*/Contacts"}, delay_s=SLOW_S)
    # Who waits for the ledger gets the list.
    assert_error(await payables.api.http.get(f"{payables.base}/suppliers"), 424)


@pytest.mark.usefixtures("worker")
async def test_the_same_key_at_once_writes_once(payables: Payables) -> None:
    key = str(uuid4())
    answers = await asyncio.gather(*(payables.send("POST", "/suppliers", given("Once Ltd"), key=key) for _ in range(5)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert 201 in {answer.status_code for answer in answers}
    assert await named(payables, "Once Ltd") == 1


async def struck(sandbox: Sandbox) -> None:
    """Wait until the ledger has got the request that it keeps waiting."""

    async def has_come() -> bool:
        return not (await sandbox.control("GET", "faults"))["faults"]

    await until(has_come)


@only_xero
@pytest.mark.usefixtures("worker")
async def test_a_client_that_goes_away_finds_its_write_again(payables: Payables, sandbox: Sandbox) -> None:
    await sandbox.fault("slow", match=SUPPLIERS, delay_s=PATIENCE_S)
    key = str(uuid4())
    asking = asyncio.create_task(payables.send("POST", "/suppliers", given("Gone Ltd"), key=key))
    await struck(sandbox)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    async def answered() -> bool:
        answer = await payables.send("POST", "/suppliers", given("Gone Ltd"), key=key)
        assert answer.status_code in (201, 409), answer.text
        return answer.status_code == 201

    await until(answered)
    assert await named(payables, "Gone Ltd") == 1


@only_xero
@pytest.mark.usefixtures("worker")
async def test_access_that_is_taken_back_while_a_write_waits(payables: Payables, sandbox: Sandbox) -> None:
    """The ledger lets nobody in any more, so the write that is on its way there comes to nothing, and that is told."""
    await sandbox.fault("slow", match=SUPPLIERS, delay_s=PATIENCE_S)
    asking = asyncio.create_task(payables.send("POST", "/suppliers", given("Closed Ltd"), key=str(uuid4())))
    await struck(sandbox)
    connection = f"/companies/{payables.company}/connections/{payables.connection}"
    answer = await payables.api.http.patch(connection, json={"status": "Unlinked"})
    assert answer.status_code == 200, answer.text
    assert "Nothing was written" in assert_error(await asking, 409)["error"]
    (kept,) = (await payables.api.http.get(f"/companies/{payables.company}/push")).json()["results"]
    assert kept["status"] == "Failed"
    await payables.refused("POST", "/suppliers", given("Later Ltd"), 409)


@only_xero
@impatient
@pytest.mark.usefixtures("worker")
async def test_a_connection_that_is_deleted_while_a_write_waits(payables: Payables, sandbox: Sandbox) -> None:
    await sandbox.fault("slow", match=SUPPLIERS, delay_s=SLOW_S)
    asking = asyncio.create_task(payables.send("POST", "/suppliers", given("Deleted Ltd"), key=str(uuid4())))
    await struck(sandbox)
    answer = await payables.api.http.delete(f"/companies/{payables.company}/connections/{payables.connection}")
    assert answer.is_success, answer.text
    assert_error(await asking, 404)


@only_xero
@impatient
@pytest.mark.usefixtures("worker")
async def test_the_platforms_limit_is_told_with_the_time_to_wait(payables: Payables, sandbox: Sandbox) -> None:
    await sandbox.fault("rate_limit", match=SUPPLIERS, retry_after_s=30, times=None)
    key = str(uuid4())
    answer = await payables.send("POST", "/suppliers", given("Limited Ltd"), key=key)
    assert_error(answer, 429)
    assert 5 <= int(answer.headers["retry-after"]) <= 30
    history = (await payables.api.http.get(f"/companies/{payables.company}/push")).json()["results"]
    assert [row["status"] for row in history] == ["Failed"]


@only_xero
@pytest.mark.usefixtures("worker")
async def test_a_ledger_that_is_away_is_told_to_who_reads_and_before_anything_is_written(
    payables: Payables, sandbox: Sandbox
) -> None:
    bill = await payables.bill()
    payment = {"amount": 1, "date": "2026-06-15T00:00:00", "accountRef": {"id": await payables.bank()}}
    prototype = await payables.prototype()
    before = (await payables.api.http.get(f"/companies/{payables.company}/push")).json()["totalResults"]
    await sandbox.fault("unavailable", times=None)
    for path in ("/info", "/bills", "/suppliers", "/mappingOptions/bills", "/mappingOptions/payments"):
        assert_error(await payables.api.http.get(f"{payables.base}{path}"), 424)
    await payables.refused("PUT", f"/bills/{bill['id']}", prototype, 424)
    await payables.refused("POST", f"/bills/{bill['id']}/payment", payment, 424)
    await sandbox.clear_faults()
    after = (await payables.api.http.get(f"/companies/{payables.company}/push")).json()["totalResults"]
    assert after == before
    await payables.done("POST", f"/bills/{bill['id']}/payment", payment)


@only_xero
@pytest.mark.usefixtures("worker")
async def test_a_revoked_authorisation_ends_the_connection(payables: Payables, sandbox: Sandbox) -> None:
    await sandbox.fault("revoke", match=SUPPLIERS)
    await payables.refused("POST", "/suppliers", given("Revoked Ltd"), 409)
    status = await payables.api.http.get(f"/companies/{payables.company}/connections/{payables.connection}")
    assert status.json()["status"] == "Deauthorized"
    await payables.refused("POST", "/suppliers", given("Revoked Ltd"), 409)
