"""Custom and supplemental data over HTTP."""

from __future__ import annotations

from tests.api.conftest import Api, assert_error

CUSTOM = {"dataSource": "/Contacts", "requiredData": {"name": "$.Name"}, "keyBy": ["$.ContactID"]}


async def test_custom_types(api: Api) -> None:
    path = "/integrations/gbol/dataTypes/custom/people"
    assert_error(await api.http.get(path), 404)
    put = await api.http.put(path, json=CUSTOM)
    assert put.status_code == 200
    assert put.json() == CUSTOM
    assert (await api.http.get(path.replace("dataTypes", "datatypes"))).json() == put.json()
    assert_error(await api.http.put("/integrations/zzzz/dataTypes/custom/people", json=CUSTOM), 404)
    assert_error(await api.http.put(path, json={**CUSTOM, "keyBy": []}), 400)
    assert_error(await api.http.put(path, json={**CUSTOM, "dataSource": "https://evil.example"}), 400)
    assert_error(await api.http.put("/integrations/gbol/dataTypes/custom/a%20b", json=CUSTOM), 400)
    company = await api.company()
    connection = await api.connection(company)
    base = f"/companies/{company}/connections/{connection}/data"
    assert_error(await api.http.get(f"{base}/custom/nothing"), 404)
    assert_error(await api.http.get(f"{base}/custom/people"), 409)
    assert_error(await api.http.post(f"{base}/queue/custom/people"), 400)
    assert_error(await api.http.post(f"{base}/queue/custom/nothing"), 404)
    linked = await api.linked(company)
    base = f"/companies/{company}/connections/{linked}/data"
    queued = await api.http.post(f"{base}/queue/custom/people")
    assert queued.status_code == 200
    assert queued.json()["dataType"] == "custom/people"
    assert (await api.http.get(f"{base}/custom/people?page=1")).json()["results"] == []
    assert "custom/people" not in (await api.http.get(f"/companies/{company}/dataStatus")).json()
    assert_error(await api.http.post(f"{base}/queue/custom/people"), 400)


async def test_supplemental_data(api: Api) -> None:
    path = "/integrations/gbol/dataTypes/suppliers/supplementalDataConfig"
    assert (await api.http.get(path)).json() == {"supplementalDataConfig": {}}
    part = {"dataSource": "/Contacts", "pullData": {"a": "B.C"}, "pushData": {"a": "B"}}
    body = {"supplementalDataConfig": {"mine": part}}
    put = await api.http.put(path.replace("dataTypes", "datatypes"), json=body)
    assert (put.status_code, put.content) == (200, b"")
    assert (await api.http.get(path)).json() == body
    assert (await api.http.put(path, json={})).status_code == 200
    assert (await api.http.get(path)).json() == {"supplementalDataConfig": {}}
    assert_error(await api.http.get(path.replace("suppliers", "nonsense")), 404)
    wrong = {"supplementalDataConfig": {"mine": {**part, "pullData": {"a": ""}}}}
    assert_error(await api.http.put(path, json=wrong), 400)
