"""One error body for every failure, and hostile input that must never become a server error."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import time
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from litestar.handlers import HTTPRouteHandler
from structlog.testing import capture_logs

from bookbridge.api import http_protocol
from bookbridge.api.app import SUBJECTS
from bookbridge.api.errors import told
from tests.api.conftest import DEADLINE_S, KEY, Api, assert_error, basic

NUL = "a\x00b"
SIZE_BYTES = 20 * 1024 * 1024

PUBLIC = ("/health", "/openapi.json", "/docs", "/integrations/{platform_key:str}/{picture:str}")
"""Routes that ask for no key."""

PLACES = {
    "company_id": "{c}",
    "connection_id": "{k}",
    "platform_key": "gbol",
    "product": "payables",
    "custom_id": "mine",
}
TYPES = {"segment": "bills", "name": "suppliers", "data_type": "bills"}
"""What stands at a place of a path; at any other a UUID that names nothing."""

EXTRA = [
    ("GET", "/companies/{c}/data/info"),
    ("GET", "/companies/{c}/data/invoices/{x}/pdf"),
    ("GET", "/companies/{c}/connections/{k}/data/bankAccounts/1/bankTransactions"),
    ("POST", "/companies/{c}/connections/{k}/push/bankAccounts/1/bankTransactions"),
    ("GET", "/companies/{c}/connections/{k}/data/bills/1"),
    ("POST", "/companies/{c}/data/queue/all"),
]
"""Paths that a route takes otherwise than the one that stands for it."""


def _routes() -> list[tuple[str, str]]:
    """Every route that asks for a key, as the application has it."""
    found = []
    for handler in (handler for subject in SUBJECTS for handler in subject):
        assert isinstance(handler, HTTPRouteHandler)
        for path in sorted(handler.paths):
            if not path.startswith(PUBLIC):
                named = re.sub(r"{(\w+):str}", lambda place: {**PLACES, **TYPES}.get(place[1], "{x}"), path)
                found += [(str(method), named) for method in sorted(handler.http_methods)]
    return found


ROUTES = _routes() + EXTRA
BODIES = {
    "malformed": b'{"name": ',
    "not an object": b'"gbol"',
    "a list": b"[1,2]",
    "wrong types": b'{"name": 7, "platformKey": 7, "status": 7, "url": 7, "redirectUrl": [], "tags": [1]}',
    "deep": b"[" * 100_000,
    "deep object": b'{"a":' * 50_000,
    "huge number": b'{"name": 1e999999, "x": 1e999999}',
    "long digits": b'{"name": ' + b"9" * 10_000 + b"}",
    "half a surrogate pair": b'{"name": "\\ud800", "platformKey": "\\ud800"}',
    "bad utf-8": b'{"name": "\xff\xfe"}',
    "nul": b'{"name": "a\\u0000b", "description": "\\u0000", "tags": {"a\\u0000": "b"}, "platformKey": "\\u0000"}',
    "nul and a good name": b'{"name": "good", "description": "\\u0000"}',
    "empty": b"",
}


async def test_error_shape(api: Api) -> None:
    """Every route, asked for what does not exist, without a key, and with the wrong method."""
    anonymous = {"Authorization": ""}
    for method, template in ROUTES:
        for company in (str(uuid4()), "not-a-uuid", "%00", "a%00b"):
            path = template.format(c=company, k=uuid4(), x=uuid4())
            answer = await api.http.request(method, path, json={} if method in {"POST", "PUT", "PATCH"} else None)
            if answer.status_code >= 400:
                assert answer.status_code < 500, (method, path, answer.text)
                assert_error(answer, answer.status_code)
            if "{c}" in template and method in {"GET", "DELETE"}:
                assert answer.status_code == 404, (method, path, answer.text)
        path = template.format(c=uuid4(), k=uuid4(), x=uuid4())
        refused = await api.http.request(method, path, headers=anonymous)
        assert assert_error(refused, 401)["error"] == "Unauthorized"
        assert refused.headers["www-authenticate"].startswith("Basic")
        assert_error(await api.http.request("TRACE", path), 405)


@pytest.mark.parametrize("name", BODIES)
async def test_hostile_bodies(api: Api, name: str) -> None:
    company = await api.company()
    connection = await api.linked(company)
    for method, template in ROUTES:
        if method not in {"POST", "PUT", "PATCH"} or template.endswith("/authorization"):
            continue
        path = template.format(c=company, k=connection, x=uuid4())
        answer = await api.http.request(
            method, path, content=BODIES[name], headers={"Content-Type": "application/json"}
        )
        assert answer.status_code < 500, (method, path, answer.text)
        if answer.status_code >= 400:
            assert_error(answer, answer.status_code)


@pytest.mark.parametrize(
    "query",
    [
        "query=" + "a" * 3000,
        "query=" + "a" * 17_000,
        "query=%00",
        "query=name%3D%00",
        "query=name%3D%ED%A0%80",
        "query=" + "%7B" * 500,
        "query=created%3E9999-12-31T23:59:59-23:00",
        "query=created%3E0001-01-01T00:00:00%2B23:00",
        "query=created%3D9999-12-31",
        "query=created%3D0001-01-01",
        "query=id%3D1;drop table companies",
        "query='",
        "orderBy='",
        "orderBy=name;",
        "orderBy=%00",
        "page=0",
        "page=-1",
        "page=1e3",
        "page=99999999999999999999",
        "page=%D9%A3",
        "page=1_0",
        "pageSize=5001",
        "pageSize=0",
        "pageSize=x",
        "tags=%00",
        "tags=a",
        "tags=' = '",
        "&".join(f"a{number}=1" for number in range(200)),
        "%",
        "=&=&=",
        "query=%FF",
    ],
)
async def test_hostile_queries(api: Api, query: str) -> None:
    company = await api.company()
    await _queue(api, company)
    paths = ["/companies", f"/companies/{company}/connections", f"/companies/{company}/data/bills", "/integrations"]
    paths += [f"/companies/{company}/data/history", f"/companies/{company}/push"]
    for path in paths:
        answer = await api.http.get(f"{path}?{query}")
        assert answer.status_code < 500, (path, answer.text)
        if answer.status_code >= 400:
            assert_error(answer, answer.status_code)


async def _queue(api: Api, company: str) -> None:
    await api.linked(company)
    assert (await api.http.post(f"/companies/{company}/data/all")).status_code == 204


async def test_pages_up_to_the_contracts_size(api: Api) -> None:
    assert (await api.http.get("/companies?pageSize=5000")).status_code == 200
    assert_error(await api.http.get("/companies?pageSize=5001"), 400)


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("path", ["/companies", "/companies/{c}/connections/{k}/push/bills/1/attachments"])
async def test_huge_bodies_are_not_read(api: Api, announced: bool, path: str) -> None:
    """20 MB get 413 while only a small part of them was taken."""
    company = await api.company()
    path = path.format(c=company, k=await api.linked(company))
    host, port = urlsplit(api.url).hostname, urlsplit(api.url).port
    reader, writer = await asyncio.open_connection(host, port)
    size = f"Content-Length: {SIZE_BYTES}" if announced else "Transfer-Encoding: chunked"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {basic(KEY)}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\n{size}\r\n\r\n"
    )
    writer.write(head.encode())
    began = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
    chunk = b"x" * 65_536
    sent = 0
    answered = asyncio.create_task(reader.readuntil(b"\r\n\r\n"))
    try:
        while sent < SIZE_BYTES and not answered.done():
            piece = began if sent == 0 else chunk
            writer.write(piece if announced else b"%x\r\n%b\r\n" % (len(piece), piece))
            sent += len(piece)
            await writer.drain()
            await asyncio.sleep(0)
            if announced:
                await asyncio.wait([answered], timeout=0.5)
    except ConnectionError:
        pass
    response = await asyncio.wait_for(answered, DEADLINE_S)
    assert response.startswith(b"HTTP/1.1 413"), response
    assert b"x-correlation-id" in response
    assert sent < SIZE_BYTES * 0.75
    writer.close()


async def test_unknown_routes_and_methods(api: Api) -> None:
    for path in ("/nothing", "/companies/a/b/c/d/e", "/groups", "/integrations/gbol/logo.svg/x", "/schema"):
        assert_error(await api.http.get(path), 404)
    assert (await api.http.get("/")).headers["location"] == "/portal/companies"
    answer = await api.http.delete("/companies")
    assert_error(answer, 405)
    assert "GET" in answer.headers["allow"]


async def test_addresses_in_any_case(api: Api) -> None:
    company = await api.company()
    assert (await api.http.get(f"/Companies/{company}/datastatus")).status_code == 200
    assert (await api.http.get("/apikeys")).status_code == 200
    await _queue(api, company)
    assert (await api.http.get(f"/companies/{company}/data/HISTORY")).status_code == 200
    assert assert_error(await api.http.get(f"/companies/{company}/data/BILLS"), 404)["error"].startswith("No data")


@pytest.mark.parametrize(
    "header",
    ["", "Basic", "Basic !!!", "Bearer " + KEY, basic("wrong-key-0123456789"), basic(KEY + ":password"),
     basic(NUL), "Basic " + "A" * 5000, basic(":"), "Basic /////w=="],
)  # fmt: skip
async def test_bad_authorization(api: Api, header: str) -> None:
    assert_error(await api.http.get("/companies", headers={"Authorization": header}), 401)


async def test_good_authorization(api: Api) -> None:
    for header in (basic(KEY), basic(KEY + ":"), basic(KEY).replace("Basic", "basic")):
        assert (await api.http.get("/companies", headers={"Authorization": header})).status_code == 200


async def test_foreign_connection(api: Api) -> None:
    mine, other = await api.company(), await api.company()
    connection = await api.linked(other)
    for method, template in ROUTES:
        if "{k}" in template:
            path = template.format(c=mine, k=connection, x=uuid4())
            files = {"f": ("a.pdf", b"x")} if path.endswith("attachments") and method == "POST" else None
            body = {"status": "Unlinked"} if method in {"POST", "PUT", "PATCH"} and not files else None
            answer = await api.http.request(method, path, json=body, files=files)
            # Bill Pay reads a body before it looks for whom it is; what is wrong with it is no news of the connection.
            wrong_body = body is not None and "/payables/" in path
            assert answer.status_code == (400 if wrong_body else 404), (method, path, answer.text)
            assert_error(answer, answer.status_code)


async def test_database_away(api: Api) -> None:
    """503, and not a stack trace; on pages too, with what leads to the line in the log."""
    link = (await api.http.post("/companies", json={"name": "Acme"})).json()["redirect"]
    await api.pool.close()
    assert_error(await api.http.get("/companies"), 503)
    assert (await api.http.get("/health")).status_code == 503
    page = await api.http.get(link)
    assert page.status_code == 503
    assert "Wait a minute" in page.text
    assert page.headers["x-correlation-id"] in page.text


@pytest.mark.parametrize("error", [ConnectionRefusedError(111, "refused"), FileNotFoundError(2, "no socket")])
def test_a_database_that_is_away_is_one_line_of_the_log(error: Exception) -> None:
    with capture_logs() as logs:
        assert told(error, "GET", "/companies").status_code == 503
    (line,) = logs
    assert line["event"] == "database_unreachable"
    assert "exc_info" not in line


async def test_caller_that_goes_away(api: Api) -> None:
    """A body cut off in the middle harms nobody: the server goes on."""
    host, port = urlsplit(api.url).hostname, urlsplit(api.url).port
    for _ in range(5):
        _, writer = await asyncio.open_connection(host, port)
        head = f"POST /companies HTTP/1.1\r\nHost: x\r\nAuthorization: {basic(KEY)}\r\nContent-Length: 100\r\n\r\n"
        writer.write(head.encode() + b'{"name":')
        await writer.drain()
        writer.close()
    assert (await api.http.get("/companies")).json()["totalResults"] == 0


async def test_answers_are_not_to_be_kept(api: Api) -> None:
    for path in ("/apiKeys", "/nothing"):
        answer = await api.http.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "began",
    [
        "GET /",
        "GET / HTTP/1.1\r\nA: ",
        "POST /companies HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;a=",
        "POST /companies HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ",
    ],
)
async def test_endless_heads_are_cut_off(api: Api, began: str) -> None:
    """Addresses, headers, chunk extensions and trailers without end do not fill the memory."""
    reader, writer = await asyncio.open_connection(urlsplit(api.url).hostname, urlsplit(api.url).port)
    writer.write(began.encode())
    sent = 0
    try:
        while sent < SIZE_BYTES:
            writer.write(b"x" * 16_384)
            await writer.drain()
            sent += 16_384
    except ConnectionError:
        pass
    assert sent < SIZE_BYTES / 2
    if not began.startswith("POST"):
        # The answer may be lost when the connection breaks under what is still being sent.
        with contextlib.suppress(ConnectionError):
            assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 431")
    writer.close()
    assert (await api.http.get("/companies")).status_code == 200


async def test_usual_heads_are_served(api: Api) -> None:
    for _ in range(3):
        assert (await api.http.get("/companies", headers={"X-Long": "x" * 30_000})).status_code == 200


@pytest.mark.parametrize("with_key", [True, False])
@pytest.mark.parametrize("trickles", [True, False])
async def test_bodies_that_never_end_are_cut_off(
    api: Api, monkeypatch: pytest.MonkeyPatch, with_key: bool, trickles: bool
) -> None:
    monkeypatch.setattr(http_protocol, "BODY_WATCH_S", 0.1)
    reader, writer = await asyncio.open_connection(urlsplit(api.url).hostname, urlsplit(api.url).port)
    authorization = f"Authorization: {basic(KEY)}\r\n" if with_key else ""
    writer.write(f"POST /companies HTTP/1.1\r\nHost: x\r\n{authorization}Content-Length: 100000\r\n\r\n{{".encode())

    async def trickle() -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.01)

    trickling = asyncio.create_task(trickle()) if trickles else None
    wanted = b"HTTP/1.1 408" if with_key else b"HTTP/1.1 401"
    try:
        assert (await asyncio.wait_for(reader.readline(), DEADLINE_S)).startswith(wanted)
    except ConnectionError:
        # The answer may be lost when the connection breaks under what is still being sent.
        assert trickles
    if trickling is not None:
        trickling.cancel()
    writer.close()
    assert (await api.http.get("/companies")).status_code == 200


async def test_a_body_that_comes_on_is_waited_for(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "BODY_WATCH_S", 0.8)
    monkeypatch.setattr(http_protocol, "BODY_PROGRESS_MIN_BYTES", 100)
    reader, writer = await asyncio.open_connection(urlsplit(api.url).hostname, urlsplit(api.url).port)
    body = b'{"name": "Slowly"' + b" " * 20_000 + b"}"
    head = f"POST /companies HTTP/1.1\r\nHost: x\r\nAuthorization: {basic(KEY)}\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode())
    began = time.monotonic()
    for start in range(0, len(body), 1_000):
        writer.write(body[start : start + 1_000])
        await writer.drain()
        await asyncio.sleep(0.09)
    assert time.monotonic() - began > 2 * http_protocol.BODY_WATCH_S
    assert (await asyncio.wait_for(reader.readline(), DEADLINE_S)).startswith(b"HTTP/1.1 200")
    writer.close()


ANSWERS = 20
ASK_FOR_MUCH = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * ANSWERS


def _narrow_socket(api: Api) -> socket.socket:
    """A connection that takes little at once."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 * 1024)
    opened.connect((urlsplit(api.url).hostname, urlsplit(api.url).port))
    opened.setblocking(False)
    return opened


async def test_answers_that_nobody_takes_are_dropped(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "ANSWER_WATCH_S", 0.1)
    ended = asyncio.Event()
    lost = http_protocol.BoundedHttpProtocol.connection_lost

    def heard(protocol: http_protocol.BoundedHttpProtocol, error: Exception | None) -> None:
        lost(protocol, error)
        ended.set()

    monkeypatch.setattr(http_protocol.BoundedHttpProtocol, "connection_lost", heard)
    with _narrow_socket(api) as caller:
        await asyncio.get_running_loop().sock_sendall(caller, ASK_FOR_MUCH)
        await asyncio.wait_for(ended.wait(), DEADLINE_S)


async def test_answers_are_given_to_those_who_take_them_slowly(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    one = len((await api.http.get("/openapi.json")).content)
    monkeypatch.setattr(http_protocol, "ANSWER_WATCH_S", 0.5)
    with _narrow_socket(api) as caller:
        loop, taken, began = asyncio.get_running_loop(), 0, time.monotonic()
        await loop.sock_sendall(caller, ASK_FOR_MUCH)
        async with asyncio.timeout(DEADLINE_S):
            while taken < ANSWERS * one:
                piece = await loop.sock_recv(caller, 256 * 1024)
                assert piece
                taken += len(piece)
                await asyncio.sleep(0.003)
        assert time.monotonic() - began > 2 * http_protocol.ANSWER_WATCH_S


async def test_silent_connections_are_closed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_protocol, "HEAD_TIMEOUT_S", 0.1)
    reader, writer = await asyncio.open_connection(urlsplit(api.url).hostname, urlsplit(api.url).port)
    writer.write(b"GET / HTTP/1.1\r\n")
    assert await asyncio.wait_for(reader.read(), DEADLINE_S) == b""
    writer.close()
