"""Products over HTTP, with the events that tell of them."""

from __future__ import annotations

from tests.api.conftest import Api, assert_error


async def events(api: Api) -> list[str]:
    rows = await api.pool.fetch("select event_type from webhook_messages order by created, id")
    return [row["event_type"] for row in rows if ".product." in row["event_type"]]


async def test_give_and_take(api: Api) -> None:
    company = await api.company()
    path = f"/companies/{company}/products/expenses"
    for _ in range(2):
        answer = await api.http.put(path)
        assert (answer.status_code, answer.content) == (204, b"")
    assert (await api.http.get(f"/companies/{company}")).json()["products"] == ["expenses"]
    for _ in range(2):
        assert (await api.http.delete(path)).status_code == 204
    assert (await api.http.get(f"/companies/{company}")).json()["products"] == []
    assert await events(api) == ["company.product.added", "company.product.removed"]
    assert_error(await api.http.put(f"/companies/{company}/products/nonsense"), 404)
    assert_error(await api.http.delete(f"/companies/{company}/products/nonsense"), 404)


async def test_new_companies_get_the_default_products(api: Api) -> None:
    assert (await api.http.put("/profile/defaultProducts", json={"products": ["payables"]})).status_code == 200
    assert (await api.http.get("/profile/defaultProducts")).json() == {"products": ["payables"]}
    company = await api.company()
    assert (await api.http.get(f"/companies/{company}")).json()["products"] == ["payables"]
    own = await api.http.post("/companies", json={"name": "B", "products": ["lending"]})
    assert own.json()["products"] == ["lending"]
    assert_error(await api.http.put("/profile/defaultProducts", json={"products": ["nonsense"]}), 400)


async def test_refresh(api: Api) -> None:
    company = await api.company()
    path = f"/companies/{company}/products/payables/refresh"
    assert_error(await api.http.post(path), 404)
    await api.http.put(f"/companies/{company}/products/payables")
    assert_error(await api.http.post(path), 400)
    await api.linked(company)
    wrong = assert_error(await api.http.post(path, json={"dataTypes": ["invoices"]}), 400)
    assert "bills" in wrong["error"]
    answer = await api.http.post(path, json={"dataTypes": ["Bills", "suppliers"]})
    assert (answer.status_code, answer.content) == (202, b"")
    history = (await api.http.get(f"/companies/{company}/data/history")).json()["results"]
    assert [row["dataType"] for row in history] == ["suppliers", "bills"]
    assert_error(await api.http.post(path), 400)
    assert (await api.http.get(f"/companies/{company}/data/history")).json()["totalResults"] == 2
    assert_error(await api.http.post(path, json={"dataTypes": 7}), 400)
    await api.http.put(f"/companies/{company}/products/bank-feeds")
    assert_error(await api.http.post(f"/companies/{company}/products/bank-feeds/refresh"), 400)
