"""What a state directory keeps: everything that was answered, over SIGKILL, torn files and new versions."""

from __future__ import annotations

import base64
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from xero_python.accounting import AccountingApi
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token

from bookbridge.emulators.xero import XeroEmulatorSettings, control, state
from bookbridge.emulators.xero.app import Emulator
from bookbridge.emulators.xero.postings import imbalances
from bookbridge.emulators.xero.render_documents import invoice
from bookbridge.emulators.xero.render_money import journal
from bookbridge.emulators.xero.shapes import Shape
from bookbridge.emulators.xero.snapshot import SnapshotUnreadable, freeze, thaw
from bookbridge.emulators.xero.state import StateDirectory, StateInUse
from tests.emulators.xero.world import CLIENT_ID, CLIENT_SECRET, REDIRECT, World

_DEADLINE_S = 30.0


class Process:
    """The emulator as a process of its own, with a state directory, always at the same port."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: subprocess.Popen[str] | None = None
        self._port = "0"
        self.start()

    def start(self) -> None:
        state = ["--state", str(self._directory)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bookbridge.emulators.xero", "--unlimited", "--port", self._port, *state],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url, "it did not start"
        self._port = str(urlsplit(self.url).port)

    def kill(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def kill_and_start(self) -> None:
        self.kill()
        self.start()


class Caller:
    """An application that signed in once and keeps its tokens."""

    def __init__(self, url: str) -> None:
        # The identity part of World needs no emulator in this process.
        self.world = World(url, None)  # type: ignore[arg-type]
        self.token = self.world.sign_in(pick=2)
        self.tenant = self.connections()[0]["tenantId"]

    def headers(self, **more: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token['access_token']}", "accept": "application/json", **more}

    def connections(self) -> list[dict[str, Any]]:
        return self.world.http.get("/connections", headers=self.headers()).raise_for_status().json()

    def call(self, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = self.headers(**{"xero-tenant-id": self.tenant}, **more.pop("headers", {}))
        return self.world.http.request(method, f"/api.xro/2.0/{path}", headers=headers, **more)

    def all(self, path: str) -> list[dict[str, Any]]:
        return self.call("GET", f"{path}?page=1&pageSize=1000").raise_for_status().json()[path]

    def refresh(self, token: str) -> httpx2.Response:
        return self.world.token(grant_type="refresh_token", refresh_token=token)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    running = Process(tmp_path / "state")
    yield running
    running.kill()


def sdk(caller: Caller) -> AccountingApi:
    oauth = OAuth2Token(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    api_client = ApiClient(Configuration(oauth2_token=oauth), pool_threads=1)
    api_client.oauth2_token_getter(lambda: caller.token)
    return AccountingApi(api_client, base_url=f"{caller.world.base_url}/api.xro/2.0")


def test_a_kill_amid_writes_loses_nothing_that_was_answered(process: Process) -> None:
    caller = Caller(process.url)
    client = sdk(caller)
    answered: dict[str, str] = {}
    enough = threading.Event()

    def write(worker: int) -> None:
        with contextlib.suppress(httpx2.HTTPError):
            for number in range(10_000):
                name = f"Writer {worker} contact {number}"
                answer = caller.call("PUT", "Contacts", json={"Name": name}, headers={"idempotency-key": name})
                answered[name] = answer.raise_for_status().json()["Contacts"][0]["ContactID"]
                if len(answered) >= 60:
                    enough.set()

    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(4)]
    for writer in writers:
        writer.start()
    assert enough.wait(_DEADLINE_S)
    process.kill()
    for writer in writers:
        writer.join(_DEADLINE_S)
    process.start()
    kept = {contact["Name"]: contact["ContactID"] for contact in caller.all("Contacts")}
    assert answered.items() <= kept.items()
    found = client.get_contacts(caller.tenant, page=1, page_size=1000).contacts
    assert {contact.name for contact in found} == set(kept), "the vendor's own client goes on"


def test_books_files_answers_and_identity_come_back_the_same(process: Process) -> None:
    caller = Caller(process.url)
    added = caller.world.control("POST", "organisations", {"name": "Added", "seed": 8, "documents": 40})
    key = {"idempotency-key": "once"}
    refused = caller.call("PUT", "Invoices", json={"Type": "ACCREC"}, headers={"idempotency-key": "bad"})
    contact = caller.all("Contacts")[0]["ContactID"]
    lines = [{"Description": "Work", "Quantity": 2, "UnitAmount": "10.50", "AccountCode": "200"}]
    body = {"Type": "ACCREC", "Contact": {"ContactID": contact}, "Date": "2026-06-01", "DueDate": "2026-07-01"}
    body |= {"Status": "AUTHORISED", "LineItems": lines}
    made = caller.call("PUT", "Invoices", json=body, headers=key)
    assert (refused.status_code, made.status_code) == (400, 200)
    invoice_id = made.json()["Invoices"][0]["InvoiceID"]
    payment = {"Invoice": {"InvoiceID": invoice_id}, "Account": {"Code": "090"}, "Date": "2026-06-02", "Amount": 5}
    assert caller.call("PUT", "Payments", json=payment).status_code == 200
    attachment = f"Invoices/{invoice_id}/Attachments/scan.png"
    assert caller.call("PUT", attachment, content=bytes(range(256)), headers={"content-type": "image/png"}).is_success
    caller.world.control("POST", "clock", {"advance_s": 100})
    caller.world.control("POST", f"organisations/{caller.tenant}/touch", {"resource": "Invoices"})
    lists = ("Invoices", "Payments", "Contacts", "Accounts", "BankTransactions", "CreditNotes", "PurchaseOrders")

    def everything() -> dict[str, Any]:
        shown = {name: caller.all(name) for name in lists}
        shown["Journals"] = caller.call("GET", "Journals?offset=0").json()["Journals"]
        shown["Invoice"] = caller.call("GET", f"Invoices/{invoice_id}").json()["Invoices"]
        return {**shown, "connections": caller.connections()}

    before = everything()
    for _ in range(2):
        process.kill_and_start()
        assert everything() == before
        assert caller.call("GET", attachment).content == bytes(range(256))
        again = caller.call("PUT", "Invoices", json=body, headers=key)
        assert (again.content, again.headers["x-emulator-replayed"]) == (made.content, "true")
        again = caller.call("PUT", "Invoices", json={"Type": "ACCREC"}, headers={"idempotency-key": "bad"})
        assert (again.status_code, again.content) == (400, refused.content)
        organisations = {one["tenant_id"]: one["records"]["Invoices"] for one in caller.world.tenants}
        assert organisations[added["tenant_id"]] == 40
        assert caller.world.control("GET", f"organisations/{caller.tenant}/balance") == {"problems": []}
    later = caller.call("PUT", "Contacts", json={"Name": "Later"}).json()["Contacts"][0]
    assert later["UpdatedDateUTC"] > max(entry["UpdatedDateUTC"] for entry in before["Contacts"])


def test_rotation_grace_codes_and_ends_survive(process: Process) -> None:
    caller = Caller(process.url)
    first = caller.token["refresh_token"]
    second = caller.refresh(first).json()
    code = caller.world.consent()["code"]
    process.kill_and_start()
    third = caller.refresh(first)
    assert third.status_code == 200, "within its grace"
    assert caller.refresh(second["refresh_token"]).status_code == 200
    exchange = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
    assert caller.world.token(**exchange).status_code == 200
    caller.world.control("POST", "clock", {"advance_s": 1_801})
    process.kill_and_start()
    assert caller.refresh(first).json() == {"error": "invalid_grant"}
    assert caller.world.token(**exchange).json() == {"error": "invalid_grant"}
    assert caller.call("GET", "Organisation").status_code == 401, "expired"
    caller.token = caller.refresh(third.json()["refresh_token"]).json()
    ended, kept = caller.connections()
    assert caller.world.http.delete(f"/connections/{ended['id']}", headers=caller.headers()).status_code == 204
    process.kill_and_start()
    assert [entry["id"] for entry in caller.connections()] == [kept["id"]]
    basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    form = {"token": caller.token["refresh_token"]}
    caller.world.http.post("/connect/revocation", data=form, headers={"authorization": f"Basic {basic}"})
    process.kill_and_start()
    assert caller.refresh(caller.token["refresh_token"]).json() == {"error": "invalid_grant"}


def test_reset_clears_the_state_too(process: Process) -> None:
    caller = Caller(process.url)
    caller.call("PUT", "Contacts", json={"Name": "Gone Soon"})
    caller.world.control("POST", "reset")
    process.kill_and_start()
    assert caller.call("GET", "Organisation").status_code == 401
    assert "Gone Soon" not in {contact["Name"] for contact in Caller(process.url).all("Contacts")}


# -- within one process ---------------------------------------------------------------------------


def start(directory: Path) -> tuple[Emulator, StateDirectory]:
    held = StateDirectory(directory)
    return Emulator(XeroEmulatorSettings(), held), held


def touch(emulator: Emulator, resource: str = "Invoices") -> None:
    tenant = next(iter(emulator.books))
    assert emulator.change(control.request(f"organisations/{tenant}/touch", {"resource": resource})).status == 200


def shown(emulator: Emulator) -> list[Any]:
    return [
        (
            [invoice(book, record, Shape()) for record in book.invoices],
            [record.invoice_id for record in book.invoices.changed_after(None)],
            [journal(posting) for posting in book.journals],
            list(book.contact_names),
            imbalances(book),
        )
        for book in emulator.books.values()
    ]


def only(directory: Path, kind: str) -> Path:
    (found,) = directory.glob(f"{kind}.*")
    return found


def test_a_start_after_500_effects_leaves_no_journal_for_the_next(tmp_path: Path) -> None:
    emulator, held = start(tmp_path)
    for _ in range(500):
        touch(emulator)
    before = shown(emulator)
    held.close()
    emulator, _ = start(tmp_path)
    assert shown(emulator) == before
    assert not list(tmp_path.glob("journal.*")), "a new snapshot took its place"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: content[:-1],
        lambda content: content[:-40],
        lambda content: content + b'{"clock":[17',
        lambda content: content + b"\0" * 4096,
        lambda content: content + b"nonsense\n\0\0\n",
    ],
)
def test_a_torn_end_costs_at_most_the_torn_line(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    emulator, held = start(tmp_path)
    touch(emulator)
    touch(emulator)
    before = shown(emulator)
    touch(emulator)
    after = shown(emulator)
    held.close()
    path = only(tmp_path, "journal")
    whole = path.read_bytes()
    path.write_bytes(spoil(whole))
    cut = len(path.read_bytes()) < len(whole)
    emulator, held = start(tmp_path)
    assert shown(emulator) == (before if cut else after)
    touch(emulator)
    before = shown(emulator)
    held.close()
    assert shown(start(tmp_path)[0]) == before


def test_growth_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "MAX_JOURNAL_EFFECTS", 10)
    emulator, held = start(tmp_path)
    for _ in range(35):
        touch(emulator)
        assert len(only(tmp_path, "snapshot").read_bytes()) > 100_000
        assert sum(path.read_bytes().count(b"\n") for path in tmp_path.glob("journal.*")) <= 10
    before = shown(emulator)
    held.close()
    assert shown(start(tmp_path)[0]) == before


def test_a_kill_between_the_steps_of_a_new_snapshot_is_harmless(tmp_path: Path) -> None:
    emulator, held = start(tmp_path)
    touch(emulator)
    snapshot, journal_file = only(tmp_path, "snapshot"), only(tmp_path, "journal")
    old = snapshot.read_bytes(), journal_file.read_bytes()
    emulator._keep_all()
    before = shown(emulator)
    held.close()
    snapshot.write_bytes(old[0])
    journal_file.write_bytes(old[1])
    (tmp_path / "snapshot.partial").write_bytes(b"half")
    emulator, held = start(tmp_path)
    assert shown(emulator) == before
    assert only(tmp_path, "snapshot") != snapshot


def test_a_disk_that_was_full_for_a_while_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    emulator, held = start(tmp_path)
    touch(emulator)

    def full(descriptor: int, content: Any) -> int:
        real(descriptor, bytes(content)[:10])
        raise OSError(28, "No space left on device")

    real = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        tenant = next(iter(emulator.books))
        answer = emulator.change(control.request(f"organisations/{tenant}/touch", {"resource": "Items"}))
        assert answer.status == 507
    touch(emulator)
    before = shown(emulator)
    held.close()
    assert shown(start(tmp_path)[0]) == before


def test_what_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    emulator, held = start(tmp_path)
    fresh = shown(emulator)
    touch(emulator)
    held.close()
    only(tmp_path, "snapshot").write_bytes(b"bookbridge xero emulator 1\nnot really")
    emulator, held = start(tmp_path)
    assert shown(emulator) == fresh
    assert len(list(tmp_path.glob("unreadable-*"))) == 2
    touch(emulator)
    before = shown(emulator)
    held.close()
    assert shown(start(tmp_path)[0]) == before


def test_two_emulators_never_share_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "LOCK_WAIT_S", 0.1)
    _, held = start(tmp_path)
    with pytest.raises(StateInUse):
        StateDirectory(tmp_path)
    held.close()
    StateDirectory(tmp_path).close()


class _Runs:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("reached",)


def test_a_snapshot_cannot_run_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SnapshotUnreadable, match="does not belong"):
        thaw(freeze({"books": _Runs()}))
    assert not (tmp_path / "reached").exists()


def test_state_is_private(tmp_path: Path) -> None:
    emulator, held = start(tmp_path / "state")
    touch(emulator)
    held.close()
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "state").rglob("*")} == {0}
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
