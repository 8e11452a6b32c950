"""Companies over HTTP, in today's forms and in the older ones."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from tests.api.conftest import Api, assert_error


async def test_create_get_list(api: Api) -> None:
    created = await api.http.post("/companies", json={"name": "Example Company (Codat[1])", "tags": {"region": "uk"}})
    assert created.status_code == 200
    body = created.json()
    assert body["name"] == "Example Company Codat1"
    assert body["platform"] == ""
    assert body["tags"] == {"region": "uk"}
    assert body["dataConnections"] == []
    assert body["redirect"].startswith(f"{api.url}/link/company/{body['id']}")
    assert "lastSync" not in body
    assert "description" not in body
    got = await api.http.get(f"/companies/{body['id']}")
    assert got.status_code == 200
    assert got.json()["id"] == body["id"]
    listed = (await api.http.get("/companies?page=1&pageSize=10")).json()
    assert [row["id"] for row in listed["results"]] == [body["id"]]
    assert listed["totalResults"] == 1
    assert listed["_links"] == {"self": {"href": "/companies"}, "current": {"href": "/companies?page=1&pageSize=10"}}


async def test_paging_links_keep_the_query(api: Api) -> None:
    for number in range(5):
        await api.company(f"Company {number}")
    answer = await api.http.get(
        "/companies", params={"page": 2, "pageSize": 2, "query": "name~Company", "orderBy": "-name"}
    )
    body = answer.json()
    assert [row["name"] for row in body["results"]] == ["Company 2", "Company 1"]
    links = {name: link["href"] for name, link in body["_links"].items()}
    tail = "pageSize=2&query=name~Company&orderBy=-name"
    assert links == {
        "self": "/companies",
        "current": f"/companies?page=2&{tail}",
        "next": f"/companies?page=3&{tail}",
        "previous": f"/companies?page=1&{tail}",
    }
    beyond = (await api.http.get("/companies?page=9")).json()
    assert beyond["results"] == []
    assert beyond["totalResults"] == 5


async def test_query_tags_and_connections(api: Api) -> None:
    first = (await api.http.post("/companies", json={"name": "A", "tags": {"region": "uk"}})).json()["id"]
    await api.http.post("/companies", json={"name": "B", "tags": {"region": "us"}})
    await api.connection(first)
    for params in (
        {"tags": "region = uk"},
        {"query": "dataConnections.status=pendingauth"},
        {"tags": "region=uk", "query": "name=a"},
    ):
        found = (await api.http.get("/companies", params=params)).json()["results"]
        assert [row["id"] for row in found] == [first], params
    assert_error(await api.http.get("/companies", params={"query": "nonsense=1"}), 400, service="ClientsApi")
    assert_error(await api.http.get("/companies", params={"query": "name="}), 400)
    assert_error(await api.http.get("/companies", params={"orderBy": "nonsense"}), 400)


async def test_replace_and_change(api: Api) -> None:
    company = (await api.http.post("/companies", json={"name": "A", "description": "d", "tags": {"a": "b"}})).json()[
        "id"
    ]
    changed = (await api.http.patch(f"/companies/{company}", json={"name": "B", "tags": None})).json()
    assert (changed["name"], changed["description"], changed["tags"]) == ("B", "d", {"a": "b"})
    replaced = (await api.http.put(f"/companies/{company}", json={"name": "C"})).json()
    assert (replaced["name"], replaced.get("description"), replaced["tags"]) == ("C", None, {})
    older = (await api.http.put("/companies", json={"id": company, "name": "D"})).json()
    assert older["name"] == "D"
    assert_error(await api.http.put("/companies", json={"name": "D"}), 404)
    assert_error(await api.http.put(f"/companies/{company}", json={}), 400)


async def test_delete(api: Api) -> None:
    company = await api.company()
    await api.linked(company)
    deleted = await api.http.delete(f"/companies/{company}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    body = assert_error(await api.http.get(f"/companies/{company}"), 404, service="ClientsApi")
    assert body["error"] == f"No company was found with ID {company}"


async def test_one_call_form_creates_the_connection(api: Api) -> None:
    answer = await api.http.post("/companies", json={"name": "Old", "platformType": "GBOL"})
    assert answer.status_code == 200
    body = answer.json()
    [connection] = body["dataConnections"]
    assert body["platform"] == "gbol"
    assert body["status"] == connection["status"] == "PendingAuth"
    assert body["linkURL"] == connection["linkUrl"]
    assert_error(await api.http.post("/companies", json={"name": "Old", "platformType": "zzzz"}), 400)
    assert (await api.http.get("/companies")).json()["totalResults"] == 1


async def test_parents(api: Api) -> None:
    parent = await api.company("Parent")
    child = await api.http.post("/companies", json={"name": "Child", "referenceParentCompany": {"id": parent}})
    assert child.json()["referenceParentCompany"]["id"] == parent
    subsidiaries = (await api.http.get(f"/companies/{parent}")).json()["referenceSubsidiaryCompanies"]
    assert [company["id"] for company in subsidiaries] == [child.json()["id"]]
    assert_error(
        await api.http.patch(f"/companies/{parent}", json={"referenceParentCompany": {"id": child.json()["id"]}}), 400
    )


async def test_idempotency(api: Api) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first, second = await asyncio.gather(
        *(api.http.post("/companies", json={"name": "Once"}, headers=key) for _ in range(2))
    )
    assert {first.status_code, second.status_code} <= {200, 409}
    again = await api.http.post("/companies", json={"name": "Once"}, headers=key)
    assert again.content in {first.content, second.content}
    assert (await api.http.get("/companies")).json()["totalResults"] == 1
    assert_error(await api.http.post("/companies", json={"name": "Other"}, headers=key), 422)
    assert_error(await api.http.post("/companies", json={"name": "X"}, headers={"Idempotency-Key": "no-guid"}), 400)
    refused = {"Idempotency-Key": str(uuid4())}
    answers = [await api.http.post("/companies", json={"name": "***"}, headers=refused) for _ in range(2)]
    assert_error(answers[0], 400, service="ClientsApi")
    assert answers[1].content == answers[0].content
