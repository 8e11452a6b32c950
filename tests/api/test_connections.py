"""Connections, platforms, keys, webhooks, profile and expenses over HTTP."""

from __future__ import annotations

import asyncio

import httpx2

from bookbridge.api.integrations import PICTURES
from tests.api.conftest import Api, assert_error, basic


async def test_life(api: Api) -> None:
    company = await api.company()
    path = f"/companies/{company}/connections"
    created = await api.http.post(path, json={"platformKey": "gbol"})
    assert created.status_code == 200
    body = created.json()
    assert body["status"] == "PendingAuth"
    assert body["integrationKey"] == "gbol"
    assert body["sourceType"] == "Accounting"
    assert body["linkUrl"].startswith(f"{api.url}{path}/{body['id']}/start?otp=")
    assert None not in body.values()
    given_up = await api.connection(company)
    for status in (200, 400):
        assert (await api.http.patch(f"{path}/{given_up}", json={"status": "Unlinked"})).status_code == status
    await api.http.delete(f"{path}/{given_up}")
    linked = await api.linked(company)
    assert_error(await api.http.patch(f"{path}/{linked}", json={"status": "Linked"}), 400)
    unlinked = await api.http.patch(f"{path}/{linked}", json={"status": "unlinked"})
    assert unlinked.json()["status"] == "Unlinked"
    listed = (await api.http.get(path, params={"query": "status=Unlinked"})).json()
    assert [row["id"] for row in listed["results"]] == [linked]
    deleted = await api.http.delete(f"{path}/{linked}")
    assert (deleted.status_code, deleted.content) == (200, b"")
    assert assert_error(await api.http.get(f"{path}/{linked}"), 404)["error"] == f"Data connection {linked} not found"
    assert_error(await api.http.delete(f"{path}/{linked}"), 404)
    shown = (await api.http.get(f"/companies/{company}")).json()["dataConnections"]
    assert [row["id"] for row in shown] == [body["id"]]


async def test_bad_creations(api: Api) -> None:
    path = f"/companies/{await api.company()}/connections"
    refused = await api.http.post(path, json="gbol")
    assert assert_error(refused, 400)["error"] == "Push object DataConnectionArgs must be provided"
    for body in ({}, {"platformKey": "zzzz"}, {"platformKey": 7}, []):
        assert_error(await api.http.post(path, json=body), 400)


async def test_authorisation_by_the_application(api: Api) -> None:
    company = await api.company()
    path = f"/companies/{company}/connections"
    pending = await api.connection(company)
    assert_error(await api.http.put(f"{path}/{pending}/authorization", json={}), 400)
    assert_error(await api.http.put(f"{path}/{pending}/authorization", json={"accessToken": 7}), 400)
    without_connector = await api.connection(company, "qhyg")
    assert_error(await api.http.put(f"{path}/{without_connector}/authorization", json={"a": "b"}), 404)
    assert_error(await api.http.put(f"{path}/{await api.linked(company)}/authorization", json={"a": "b"}), 409)


async def test_partner_expense(api: Api) -> None:
    company = await api.company()
    path = f"/companies/{company}/sync/expenses/connections/partnerExpense"
    answers = await asyncio.gather(*(api.http.post(path) for _ in range(3)))
    bodies = [answer.json() for answer in answers]
    assert {body["id"] for body in bodies} == {bodies[0]["id"]}
    assert (bodies[0]["status"], bodies[0]["platformName"]) == ("Linked", "Partner Expense")
    assert bodies[0]["sourceType"] == "Expense"


async def test_integrations(api: Api) -> None:
    listed = (await api.http.get("/integrations")).json()
    assert listed["totalResults"] == len(listed["results"]) >= 8
    one = next(row for row in listed["results"] if row["key"] == "gbol")
    assert one["enabled"] is True
    bills = next(row for row in one["datatypeFeatures"] if row["datatype"] == "bills")
    assert {"featureType": "Get", "featureState": "Release"} in bills["supportedFeatures"]
    query = {"query": "sourceType=accounting&&enabled=true", "orderBy": "-name"}
    assert "gbol" in [row["key"] for row in (await api.http.get("/integrations", params=query)).json()["results"]]
    second = (await api.http.get("/integrations?page=2&pageSize=3")).json()
    assert [row["key"] for row in second["results"]] == [row["key"] for row in listed["results"]][3:6]
    assert_error(await api.http.get("/integrations/zzzz"), 404)
    assert_error(await api.http.get("/integrations/zzzz/branding"), 404)


async def test_pictures_are_ours_and_public(api: Api) -> None:
    branding = (await api.http.get("/integrations/GBOL/branding")).json()
    urls = [
        branding["logo"]["full"]["image"]["src"],
        branding["logo"]["square"]["image"]["src"],
        branding["button"]["default"]["image"]["src"],
        branding["button"]["hover"]["image"]["src"],
        (await api.http.get("/integrations/gbol")).json()["logoUrl"],
    ]
    async with httpx2.AsyncClient() as browser:
        for url in urls:
            picture = await browser.get(url)
            assert picture.status_code == 200, url
            assert picture.headers["content-type"].startswith("image/svg+xml")
            assert "max-age" in picture.headers["cache-control"]
            again = await browser.get(url, headers={"If-None-Match": picture.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
        assert_error(await browser.get(f"{api.url}/integrations/gbol/other.svg"), 404)
    for row in (await api.http.get("/integrations")).json()["results"]:
        for name in PICTURES:
            assert (await api.http.get(f"/integrations/{row['key']}/{name}")).status_code == 200, row["key"]


async def test_keys(api: Api) -> None:
    [first] = (await api.http.get("/apiKeys")).json()["results"]
    assert_error(await api.http.delete(f"/apiKeys/{first['id']}"), 409)
    created = await api.http.post("/apiKeys", json={"name": "second"})
    assert created.status_code == 201
    second = created.json()
    header = {"Authorization": basic(second["apiKey"])}
    assert (await api.http.get("/companies", headers=header)).status_code == 200
    deleted = await api.http.delete(f"/apiKeys/{second['id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert_error(await api.http.get("/companies", headers=header), 401)
    assert_error(await api.http.delete(f"/apiKeys/{second['id']}"), 404)
    assert_error(await api.http.post("/apiKeys", json={"name": "x" * 51}), 400)
    for number in range(9):
        await api.http.post("/apiKeys", json={"name": f"key {number}"})
    assert assert_error(await api.http.post("/apiKeys", json={"name": "one more"}), 409)["error"].startswith("Maximum")


async def test_webhooks(api: Api) -> None:
    draft = {"url": "https://example.com/hook", "eventTypes": ["read.completed"], "companyTags": ["region:uk"]}
    created = await api.http.post("/webhooks", json=draft)
    assert created.status_code == 201
    consumer = created.json()
    assert consumer.pop("secret").startswith("whsec_")
    assert consumer == {"id": consumer["id"], "disabled": False, **draft}
    assert (await api.http.get("/webhooks")).json() == {"results": [consumer]}
    refused = assert_error(await api.http.post("/webhooks", json={"url": "ftp://x", "eventTypes": ["no"]}), 400)
    assert {entry["itemId"] for entry in refused["validation"]["errors"]} == {"url", "eventTypes"}
    assert (await api.http.delete(f"/webhooks/{consumer['id']}")).status_code == 204
    assert_error(await api.http.delete(f"/webhooks/{consumer['id']}"), 404)
    keys = [(await api.http.post("/webhooks/integrationKeys/zapier")) for _ in range(2)]
    assert {key.status_code for key in keys} == {201}
    assert keys[0].json()["key"].startswith("sk_integ_")
    assert keys[0].json() != keys[1].json()


async def test_secrets_of_repeated_requests_are_sealed(api: Api) -> None:
    header = {"Idempotency-Key": "8f6f0f0e-0000-4000-8000-000000000001"}
    answers = [await api.http.post("/apiKeys", json={"name": "twice"}, headers=header) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert [answer.status_code for answer in answers] == [201, 201]
    async with api.pool.acquire() as db:
        kept = await db.fetchval("select body from idempotency_keys")
    assert answers[0].json()["apiKey"].encode() not in kept


async def test_profile(api: Api) -> None:
    profile = {"name": "Acme Pay", "redirectUrl": "https://acme.example/{companyId}", "whiteListUrls": []}
    assert (await api.http.put("/profile", json=profile)).status_code == 200
    shown = (await api.http.get("/profile")).json()
    assert (shown["name"], shown["redirectUrl"]) == (profile["name"], profile["redirectUrl"])
    assert_error(await api.http.put("/profile", json={"name": "x"}), 400)
    assert_error(await api.http.put("/profile", json={**profile, "redirectUrl": "javascript:alert(1)"}), 400)


async def test_health(api: Api) -> None:
    async with httpx2.AsyncClient() as anybody:
        answer = await anybody.get(f"{api.url}/health")
        assert (await anybody.head(f"{api.url}/health")).status_code == 200
    assert answer.status_code == 200
    assert answer.json()["status"] == answer.json()["database"] == "ok"
