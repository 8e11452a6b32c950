"""The short way to a list answers as the long way does, and is taken only by callers whose key was just verified."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from bookbridge.api.key_cache import KeyCache
from bookbridge.api.lists import Lists
from bookbridge.api.services import Services
from tests.api.conftest import KEY, Api
from tests.api.test_records import store_bills

LONG_WAY = {"Origin": "https://nobody.example.com"}
QUERIES = (
    "",
    "?page=2&pageSize=10",
    "?page=9&pageSize=10",
    "?query=status%3DOpen&orderBy=-issueDate",
    "?query=nonsense%20%3D",
    "?orderBy=nonsense",
    "?pageSize=0",
    "?pageSize=5001",
    "?page=x",
)


@pytest.mark.parametrize("query", QUERIES)
async def test_both_ways_answer_alike(api: Api, query: str) -> None:
    company = await api.company()
    connection = await api.linked(company)
    await store_bills(api, company, connection, 25)
    for base in (f"/companies/{company}", f"/Companies/{company}/connections/{connection}", f"/companies/{uuid4()}"):
        for segment in ("bills", "BILLS", "suppliers", "info", "history", "nothing"):
            await assert_alike(api, f"{base}/data/{segment}{query}")


async def assert_alike(api: Api, address: str) -> None:
    short = await api.http.get(address)
    long = await api.http.get(address, headers=LONG_WAY)
    assert short.status_code == long.status_code, address
    same = {"x-correlation-id", "date"}
    assert {k: v for k, v in short.headers.items() if k not in same} == {
        k: v for k, v in long.headers.items() if k not in same
    }
    if short.status_code == 200:
        assert short.content == long.content, address
    else:
        assert short.json()["error"] == long.json()["error"]


class LongWay:
    """Counts what is handed on."""

    calls = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1


async def handed_on(services: Services, path: str, *, authorization: str | None, **more: str) -> bool:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("a list has no use for a body")

    long_way = LongWay()
    headers = [(name.encode(), value.encode()) for name, value in more.items()]
    if authorization is not None:
        headers.append((b"authorization", authorization.encode()))
    scope: Any = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers}
    await Lists(long_way, services)(scope, receive, send)
    assert bool(long_way.calls) != bool(sent)
    return bool(long_way.calls)


async def test_only_known_callers_take_the_short_way(api: Api) -> None:
    company = await api.company()
    connection = await api.linked(company)
    await store_bills(api, company, connection, 1)
    path = f"/companies/{company}/data/bills"
    # What a list needs of the services, and no more.
    services: Any = SimpleNamespace(pool=api.pool, key_cache=KeyCache())
    assert await handed_on(services, path, authorization=api.authorization)
    services.key_cache.add(KEY)
    assert not await handed_on(services, path, authorization=api.authorization)
    assert await handed_on(services, path, authorization=api.authorization, origin="https://app.example.com")
    assert await handed_on(services, path, authorization="Basic d3Jvbmc=")
    assert await handed_on(services, path, authorization=None)
    assert await handed_on(services, f"{path}/b-0000", authorization=api.authorization)
    assert await handed_on(services, f"/companies/{company}/data/info", authorization=api.authorization)
