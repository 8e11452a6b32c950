"""Sync settings over HTTP."""

from __future__ import annotations

import asyncio

from bookbridge.accounting.catalog import ALL_KEYS
from tests.api.conftest import DEADLINE_S, Api, assert_error


async def test_client_and_company(api: Api) -> None:
    company = await api.company()
    before = (await api.http.get("/profile/syncSettings")).json()
    assert {row["dataType"] for row in before["settings"]} == ALL_KEYS
    assert before["clientId"]
    assert before["overridesDefaults"] is False
    one = {"dataType": "invoices", "fetchOnFirstLink": True, "syncSchedule": 24, "syncOrder": 3, "syncFromWindow": 24}
    answer = await api.http.post(
        "/profile/syncSettings",
        json={"clientId": before["clientId"], "settings": [one], "overridesDefaults": True},
    )
    assert (answer.status_code, answer.content) == (204, b"")
    own = {**one, "syncSchedule": 168, "syncFromUtc": "2022-10-23T00:00:00.000Z", "isLocked": None}
    path = f"/companies/{company}/syncSettings"
    assert (await api.http.post(path, json={"settings": [own]})).status_code == 204
    found = (await api.http.get(path)).json()
    assert (found["companyId"], found["overridesDefaults"]) == (company, True)
    [shown] = [row for row in found["settings"] if row["dataType"] == "invoices"]
    assert shown == {
        "dataType": "invoices",
        "fetchOnFirstLink": True,
        "syncSchedule": 168,
        "syncOrder": 3,
        "syncFromUtc": "2022-10-23T00:00:00.0000000Z",
        "syncFromWindow": 24,
        "isLocked": False,
    }
    [report] = [row for row in found["settings"] if row["dataType"] == "balanceSheet"]
    assert report["monthsToSync"] == 24


async def test_refused(api: Api) -> None:
    path = "/profile/syncSettings"
    for wrong in (
        {"dataType": "nonsense"},
        {"dataType": "bills", "syncSchedule": -1},
        {"dataType": "bills", "syncSchedule": "24"},
        {"dataType": "bills", "syncFromUtc": "soon"},
    ):
        assert_error(await api.http.post(path, json={"settings": [wrong]}), 400)
    locked = {"dataType": "bills", "isLocked": True}
    assert (await api.http.post(path, json={"settings": [locked]})).status_code == 204
    body = assert_error(await api.http.post(path, json={"settings": [{"dataType": "bills", "syncOrder": 1}]}), 400)
    assert body["error"].startswith("SyncSettingsValidationException")
    unknown = "00000000-0000-0000-0000-000000000000"
    assert_error(await api.http.get(f"/companies/{unknown}/syncSettings"), 404)
    assert_error(await api.http.post(f"/companies/{unknown}/syncSettings", json={"settings": []}), 404)


async def test_a_schedule_reaches_linked_connections(api: Api) -> None:
    company = await api.company()
    await api.linked(company)
    hourly = {"settings": [{"dataType": "bills", "syncSchedule": 1}]}
    assert (await api.http.post(f"/companies/{company}/syncSettings", json=hourly)).status_code == 204
    async with asyncio.timeout(DEADLINE_S):
        assert await api.pool.fetchval("select every_h from sync_schedule where data_type = 'bills'") == 1
    await api.http.delete(f"/companies/{company}")
    assert await api.pool.fetchval("select count(*) from sync_schedule") == 0
    assert await api.pool.fetchval("select count(*) from company_sync_settings") == 0
