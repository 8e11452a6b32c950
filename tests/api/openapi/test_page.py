"""The pages: open to everybody, whole, under a policy that loads nothing, and readable for a browser."""

from __future__ import annotations

import json
import re

import pytest

from bookbridge.api.openapi.document import document
from bookbridge.api.openapi.page import breakable, with_code
from tests.api.conftest import Api

NO_KEY = {"Authorization": ""}


async def test_the_document_is_served_to_everybody_and_kept_by_those_who_have_it(api: Api) -> None:
    answer = await api.http.get("/openapi.json", headers=NO_KEY)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == json.loads(json.dumps(document()))
    again = await api.http.get("/openapi.json", headers={**NO_KEY, "If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_every_operation_and_schema_has_a_page_that_leads_on(api: Api) -> None:
    index = await api.http.get("/docs", headers=NO_KEY)
    assert index.status_code == 200
    assert index.headers["content-type"].startswith("text/html")
    links = set(re.findall(r'href="(/docs/[^"]+)"', index.text))
    ids = {one["operationId"] for methods in document()["paths"].values() for one in methods.values()}
    assert {f"/docs/operations/{one}" for one in ids} <= links
    assert {f"/docs/schemas/{one}" for one in document()["components"]["schemas"]} <= links
    followed = set(links)
    for link in sorted(links):
        page = await api.http.get(link, headers=NO_KEY)
        assert page.status_code == 200, link
        found = set(re.findall(r'href="(/docs/[^"#]+)"', page.text))
        assert found <= followed, link


async def test_nothing_is_loaded_from_elsewhere(api: Api) -> None:
    for path in ("/docs", "/docs/operations/create-bill", "/docs/schemas/Bill", "/docs/operations/nonsense"):
        page = await api.http.get(path, headers=NO_KEY)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert not re.search(r"<script|style=|https?://(?!app\.example\.com)", page.text), path


async def test_the_stylesheet_is_kept_for_good_and_another_name_is_not_it(api: Api) -> None:
    index = await api.http.get("/docs", headers=NO_KEY)
    [address] = re.findall(r'<link rel="stylesheet" href="([^"]+)"', index.text)
    style = await api.http.get(address, headers=NO_KEY)
    assert style.headers["content-type"].startswith("text/css")
    assert "immutable" in style.headers["cache-control"]
    assert (await api.http.get("/docs/style.000000000000.css", headers=NO_KEY)).status_code == 404


@pytest.mark.parametrize("path", ["/docs/operations/<script>", "/docs/schemas/bill%22", "/docs/nothing"])
async def test_what_is_not_there_is_told_on_a_page(api: Api, path: str) -> None:
    page = await api.http.get(path, headers=NO_KEY)
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "<script>" not in page.text


async def test_a_page_tells_all_of_an_operation(api: Api) -> None:
    page = (await api.http.get("/docs/operations/create-bill", headers=NO_KEY)).text
    assert "<h1>Create a bill</h1>" in page
    assert "Idempotency-Key" in page
    assert '<a href="/docs/schemas/BillToWrite">BillToWrite</a>' in page
    assert "&#34;totalAmount&#34;: 100.5" in page
    listed = (await api.http.get("/docs/operations/list-bills", headers=NO_KEY)).text
    assert "<code>supplierRef.supplierName</code>" in listed


def test_text_is_escaped_before_it_becomes_html() -> None:
    assert with_code("a `<b>` & <i>") == "a <code>&lt;b&gt;</code> &amp; &lt;i&gt;"
    assert breakable("/a/<b>") == "<wbr>/a<wbr>/&lt;b&gt;"
