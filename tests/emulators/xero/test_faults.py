"""Faults over HTTP, seen by a real client."""

from __future__ import annotations

import datetime as dt
import json
import socket
import time
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from bookbridge.emulators.xero import XeroEmulatorSettings
from bookbridge.emulators.xero.http import ASGIApp, Receive, Scope, Send
from tests.emulators.xero.world import GENEROUS, Api, World, serve


def names(api: Api) -> set[str]:
    return {contact.name for contact in api.book.contacts}


def test_drop_before_has_no_effect(world: World, api: Api) -> None:
    world.fault(kind="drop_before", match={"method": "PUT", "path": "/contacts$"})
    with pytest.raises(httpx2.TransportError):
        api.call("PUT", "Contacts", {"Name": "Never There"})
    assert "Never There" not in names(api)
    assert api.call("PUT", "Contacts", {"Name": "Never There"}).status_code == 200


def test_drop_after_keeps_the_effect(world: World, api: Api) -> None:
    world.fault(kind="drop_after", match={"method": "PUT"})
    key = {"idempotency-key": "k"}
    with pytest.raises(httpx2.TransportError):
        api.call("PUT", "Contacts", {"Name": "There"}, headers=key)
    assert "There" in names(api)
    replayed = api.ok("PUT", "Contacts", {"Name": "There"}, headers=key)
    assert replayed["Contacts"][0]["Name"] == "There"
    assert world.control("GET", "counters")["effects"][api.tenant]["PUT Contacts"] == 1
    dropped = [entry for entry in world.control("GET", "requests")["requests"] if entry["status"] is None]
    assert [entry["fault"] for entry in dropped] == ["drop_after"]


def test_a_request_that_was_cut_off_is_none(world: World, api: Api) -> None:
    body = json.dumps({"Name": "Cut Off"}).encode()
    key = {"idempotency-key": "k"}
    told = "".join(f"{name}: {value}\r\n" for name, value in {**api.headers, **key}.items())
    head = f"PUT /api.xro/2.0/Contacts HTTP/1.1\r\nhost: xero\r\ncontent-length: {len(body)}\r\n{told}\r\n".encode()
    address = urlsplit(world.base_url)
    for sent in (head, head + body[:5]):
        with socket.create_connection((address.hostname, address.port)) as client:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1024) == b""
    assert "Cut Off" not in names(api)
    api.ok("PUT", "Contacts", {"Name": "Cut Off"}, headers=key)
    assert "Cut Off" in names(api)


def test_dropping_works_behind_middleware_too() -> None:
    """Where the server's transport cannot be reached, the answer breaks off instead."""

    def wrapped(app: ASGIApp) -> ASGIApp:
        async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
            async def forward(message: MutableMapping[str, Any]) -> None:
                await send(message)

            await app(scope, receive, forward)

        return middleware

    with serve(XeroEmulatorSettings(limits=GENEROUS), wrapped) as world:
        api = world.session()
        world.fault(kind="drop_after", match={"method": "PUT"})
        with pytest.raises(httpx2.TransportError):
            api.call("PUT", "Contacts", {"Name": "There"})
        assert "There" in names(api)


def test_a_dropped_token_answer_leaves_the_rotation_done(world: World, api: Api) -> None:
    world.fault(kind="drop_after", match={"path": "/connect/token"})
    form = {"grant_type": "refresh_token", "refresh_token": api.token["refresh_token"]}
    with pytest.raises(httpx2.TransportError):
        world.token(**form)
    assert world.token(**form).status_code == 200


@pytest.mark.parametrize(
    ("fault", "status", "headers"),
    [
        ({"kind": "rate_limit", "retry_after_s": 7}, 429, {"retry-after": "7", "x-rate-limit-problem": "minute"}),
        ({"kind": "rate_limit", "problem": "day"}, 429, {"x-rate-limit-problem": "day"}),
        ({"kind": "server_error"}, 500, {}),
        ({"kind": "server_error", "status": 504}, 504, {}),
        ({"kind": "unavailable", "retry_after_s": 3}, 503, {"retry-after": "3"}),
        ({"kind": "html"}, 502, {"content-type": "text/html; charset=utf-8"}),
        ({"kind": "html", "match": {"tenant": "somebody-else"}}, 200, {}),
        ({"kind": "html", "match": {"method": "POST"}}, 200, {}),
    ],
)
def test_answers(world: World, api: Api, fault: dict[str, object], status: int, headers: dict[str, str]) -> None:
    world.fault(**fault)
    answer = api.call("GET", "Organisation")
    assert answer.status_code == status
    assert headers.items() <= dict(answer.headers).items()
    world.control("DELETE", "faults")
    assert api.call("GET", "Organisation").status_code == 200


def test_times_and_skip(world: World, api: Api) -> None:
    world.fault(kind="server_error", times=2, skip=1)
    assert [api.call("GET", "Organisation").status_code for _ in range(5)] == [200, 500, 500, 200, 200]
    world.fault(kind="server_error", times=None)
    assert [api.call("GET", "Organisation").status_code for _ in range(3)] == [500, 500, 500]
    assert world.control("GET", "faults")["faults"][0]["struck"] == 3
    assert world.control("GET", "counters")["faults_struck"] == {"server_error": 5}


def test_slow_and_expired_tokens(world: World, api: Api) -> None:
    world.fault(kind="slow", delay_s=0.2, match={"path": "/connect/token"})
    started = time.monotonic()
    token = world.token(grant_type="refresh_token", refresh_token=api.token["refresh_token"]).json()
    assert time.monotonic() - started >= 0.2
    world.fault(kind="expire_token")
    assert api.call("GET", "Organisation").status_code == 401
    world.fault(kind="revoke")
    assert api.call("GET", "Organisation").status_code == 401
    gone = world.token(grant_type="refresh_token", refresh_token=token["refresh_token"])
    assert gone.json() == {"error": "invalid_grant"}


def test_a_record_edited_between_pages_escapes_page_numbers(world: World, api: Api) -> None:
    """The fault that loses a record to whoever trusts page numbers over a moving list."""
    everything = {invoice["InvoiceID"] for invoice in api.get("Invoices")}
    world.fault(kind="edit_between_pages", resource="Invoices", after_page=1)
    walked: list[str] = []
    page = 1
    while found := api.get(f"Invoices?page={page}&pageSize=100"):
        walked += [invoice["InvoiceID"] for invoice in found]
        page += 1
    assert len(everything - set(walked)) == 1
    assert len(walked) == len(everything), "the edited record came twice"
    assert world.control("GET", "counters")["faults_struck"] == {"edit_between_pages": 1}


def newest(api: Api) -> str:
    found: str = api.get("Invoices?page=1&pageSize=1000")[-1]["InvoiceID"]
    return found


def test_who_asks_anew_from_the_last_change_meets_the_edit_too(world: World, api: Api) -> None:
    """Such a client asks for page 1 for ever; the second answer must already show the edit at the list's end."""
    everything = {invoice["InvoiceID"] for invoice in api.get("Invoices")}
    world.fault(kind="edit_between_pages", resource="Invoices")
    walked: list[str] = []
    since = {}
    while found := api.get("Invoices?page=1&pageSize=100", headers=since):
        walked += [invoice["InvoiceID"] for invoice in found]
        moment = dt.datetime.fromtimestamp(int(found[-1]["UpdatedDateUTC"][6:-7]) / 1000, tz=dt.UTC)
        since = {"if-modified-since": moment.isoformat(timespec="milliseconds").removesuffix("+00:00")}
    assert set(walked) == everything
    assert walked[-1] == walked[0], "the first record served came again, at the very end"
    assert len(walked) == len(everything) + 1


def test_the_edit_strikes_before_the_second_answer(world: World, api: Api) -> None:
    world.fault(kind="edit_between_pages", resource="invoices")
    assert api.get("Contacts?page=1")
    assert api.get("Contacts?page=2&pageSize=10"), "another list does not count"
    assert api.get("Invoices?page=1&where=Total<0") == [], "nor does an answer that shows nothing"
    first = api.get("Invoices?page=1&pageSize=5")
    assert world.control("GET", "faults")["faults"][0]["struck"] == 0
    bills = api.get('Invoices?page=1&pageSize=5&where=Type=="ACCPAY"')
    assert bills
    assert world.control("GET", "faults")["faults"] == []
    assert newest(api) == first[0]["InvoiceID"], "though the second answer selects otherwise"
    assert world.control("GET", f"organisations/{api.tenant}/balance") == {"problems": []}


def test_edits_between_all_answers(world: World, api: Api) -> None:
    world.fault(kind="edit_between_pages", resource="Invoices", times=2)
    world.fault(kind="edit_between_pages", resource="Invoices", after_page=2)
    pages = [api.get("Invoices?page=1&pageSize=3") for _ in range(2)]
    assert newest(api) != pages[0][0]["InvoiceID"], "two more were edited meanwhile"
    assert world.control("GET", "counters")["faults_struck"] == {"edit_between_pages": 3}
    assert world.control("GET", "faults")["faults"] == []
    moved = [invoice["InvoiceID"] for invoice in api.get("Invoices?page=1&pageSize=1000")][-3:]
    assert len(set(moved)) == 3, "a record that has moved is not edited again"
    assert moved[0] == pages[0][0]["InvoiceID"]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "nonsense"},
        {"kind": "slow", "delay_s": 10_000},
        {"kind": "html", "match": {"path": "("}},
        {"kind": "html", "status": 200},
        {"kind": "html", "times": 0},
        {"kind": "html", "unknown": 1},
        {"kind": "edit_between_pages"},
        {"kind": "edit_between_pages", "resource": "Invoices", "after_page": 0},
    ],
)
def test_senseless_faults_are_refused(shared_world: World, fault: dict[str, object]) -> None:
    answer = shared_world.http.post("/_emulator/faults", json=fault)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_organisation_switches(world: World, api: Api) -> None:
    world.control("PATCH", f"organisations/{api.tenant}", {"offline": True})
    assert api.call("GET", "Organisation").status_code == 503
    world.control("PATCH", f"organisations/{api.tenant}", {"offline": False})
    before = api.get("Items")
    world.control("POST", f"organisations/{api.tenant}/delete", {"resource": "Items", "id": before[0]["ItemID"]})
    assert len(api.get("Items")) == len(before) - 1
    touched = world.control("POST", f"organisations/{api.tenant}/touch", {"resource": "Contacts"})
    last = api.get("Contacts?page=1&pageSize=1000&includeArchived=true")[-1]
    assert last["ContactID"] == touched["id"]
    assert world.control("GET", f"organisations/{api.tenant}/balance") == {"problems": []}


def test_reset_starts_over(world: World, api: Api) -> None:
    api.ok("PUT", "Contacts", {"Name": "Gone Soon"})
    world.control("POST", "reset")
    assert api.call("GET", "Organisation").status_code == 401
    assert "Gone Soon" not in names(world.session())
    assert world.http.get("/_emulator/nothing").status_code == 404
    assert world.control("GET", "")["accounting_url"].endswith("/api.xro/2.0")
