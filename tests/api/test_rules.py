"""Rules over HTTP, and the alerts that changes of a connection raise."""

from __future__ import annotations

import json
from uuid import uuid4

from tests.api.conftest import Api, assert_error

HOOK = "https://hooks.example.com/a"


async def test_create_get_list(api: Api) -> None:
    company = await api.company()
    draft = {
        "type": "Data Sync Completed",
        "companyId": company,
        "notifiers": {"webhook": HOOK, "emails": ["a@example.com"]},
    }
    created = await api.http.post("/rules", json=draft)
    assert created.status_code == 200
    body = created.json()
    assert body == {**draft, "type": "Data sync completed", "id": body["id"]}
    assert (await api.http.get(f"/rules/{body['id']}")).json() == body
    listed = (await api.http.get("/rules?query=type=data sync completed")).json()
    assert (listed["results"], listed["totalResults"]) == ([body], 1)
    assert (await api.http.get("/rules?query=type=x")).json()["results"] == []
    assert_error(await api.http.get("/rules/alerts"), 404)
    assert_error(await api.http.post("/rules", json={**draft, "type": "x"}), 400)
    assert_error(await api.http.post("/rules", json={**draft, "companyId": str(uuid4())}), 404)
    assert_error(await api.http.post("/rules", json={"type": "Data sync completed"}), 400)
    await api.http.delete(f"/companies/{company}")
    assert_error(await api.http.get(f"/rules/{body['id']}"), 404)


async def test_the_life_of_a_connection(api: Api) -> None:
    await api.http.post("/rules", json={"type": "DataConnectionStatusChanged", "notifiers": {"webhook": HOOK}})
    company = await api.company()
    connection = await api.linked(company)
    await api.http.patch(f"/companies/{company}/connections/{connection}", json={"status": "Unlinked"})
    rows = await api.pool.fetch("select body from rule_alerts order by created, id")
    changes = [json.loads(row["body"])["Data"] for row in rows]
    assert [(change["oldStatus"], change["newStatus"]) for change in changes] == [
        ("", "PendingAuth"),
        ("PendingAuth", "Linked"),
        ("Linked", "Unlinked"),
    ]
    assert {change["platformKey"] for change in changes} == {"gbol"}


async def test_the_header_that_goes_with_alerts(api: Api) -> None:
    profile = (await api.http.get("/profile")).json()
    assert "alertAuthHeader" not in profile
    answer = await api.http.put("/profile", json={**profile, "alertAuthHeader": "Bearer secret"})
    assert answer.json()["alertAuthHeader"] == "Bearer secret"
    assert (await api.http.get("/profile")).json() == answer.json()
    assert b"secret" not in await api.pool.fetchval("select sealed_alert_auth_header from client")
    assert_error(await api.http.put("/profile", json={**profile, "alertAuthHeader": "a\r\nb: c"}), 400)
    assert "alertAuthHeader" not in (await api.http.put("/profile", json=profile)).json()
