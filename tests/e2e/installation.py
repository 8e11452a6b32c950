"""`bookbridge up` as real processes, and what a person or an application does with it from outside."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from bookbridge.emulators.sandboxes import SANDBOXES
from tests.e2e.browser import Browser
from tests.emulators.xero.world import CLIENT_ID, CLIENT_SECRET, World
from tests.ports import free_ports

API_KEY = "end-to-end-key-0123456789"
DEADLINE_S = 60.0
POLL_S = 0.02
STOP_S = 30.0
LOG_SHOWN_CHARACTERS = 4_000
TRIES = 3

T = TypeVar("T")


def until(probe: Callable[[], T], what: str, *, within_s: float = DEADLINE_S) -> T:
    """Poll until the probe gives something true, and return it."""
    deadline = time.monotonic() + within_s
    while True:
        found = probe()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: not within {within_s:.0f} s"
        time.sleep(POLL_S)


class Installation:
    """One installation. Without a `world` it serves its own emulators, as shipped; with one it is pointed there,
    and calls are not limited. Without a `dsn` it brings its own PostgreSQL."""

    def __init__(self, directory: Path, world: World | None = None, *, dsn: str | None = None) -> None:
        self._directory = directory
        self._dsn = dsn
        self._world = world
        self._process: subprocess.Popen[bytes] | None = None
        self._log = directory / "up.log"
        self.data_dir = directory / "data"
        self.port = 0
        self.authorization = "Basic " + base64.b64encode(API_KEY.encode()).decode()
        self.http = httpx2.Client(headers={"Authorization": self.authorization}, timeout=DEADLINE_S)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def emulator_url(self) -> str:
        return self._world.base_url if self._world else f"http://127.0.0.1:{self.port + 1}"

    # -- its life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it and wait until every part answers. The port stays the same over restarts."""
        for _ in range(TRIES):
            first = self.port or free_ports(1 + len(SANDBOXES))
            if self._start_on(first):
                self.port = first
                return
        raise AssertionError(f"it does not start:\n{self.log()}")

    def _start_on(self, port: int) -> bool:
        arguments = [sys.executable, "-m", "bookbridge", "up", "--port", str(port), "--data-dir", str(self.data_dir)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                arguments, env=self._environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                return False
            with contextlib.suppress(httpx2.HTTPError):
                if self.http.get(f"http://127.0.0.1:{port}/health").is_success and self._worker(self._process.pid):
                    return True
            time.sleep(POLL_S)
        return False

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BOOKBRIDGE_", "COVERAGE"))}
        given = {"BOOKBRIDGE_API_KEY": API_KEY, "BOOKBRIDGE_WEBHOOK_PRIVATE_ADDRESSES": "true"}
        if self._world is not None:
            url = self._world.base_url
            sandbox = next(one for one in SANDBOXES if one.key == "gbol")
            vendor = {
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "endpoints": sandbox.endpoints(url),
                "options": {"calls_per_60_s": "0", "calls_per_86400_s": "0", "page_size": "100"},
            }
            given["BOOKBRIDGE_VENDORS"] = json.dumps({"gbol": vendor})
            given["BOOKBRIDGE_EMULATORS"] = "false"
        if self._dsn is not None:
            given["BOOKBRIDGE_DATABASE_URL"] = self._dsn
        return {**kept, **given}

    @property
    def worker_pid(self) -> int:
        """The process that works off jobs."""
        assert self._process is not None
        return until(lambda: self._worker(self._process.pid if self._process else 0), "the worker")

    @staticmethod
    def _worker(parent: int) -> int:
        """The child of `up` that runs `up` itself; 0 while there is none."""
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            for child in children.read_text().split():
                with contextlib.suppress(OSError):
                    command = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                    if command[1:4] == [b"-m", b"bookbridge", b"up"]:
                        return int(child)
        return 0

    def kill_worker(self) -> None:
        """SIGKILL the worker; `up` starts another one."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.worker_pid, signal.SIGKILL)

    def kill(self) -> None:
        """SIGKILL the whole of it: nobody gets to say goodbye."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int | None:
        """End it in order, as a service manager does; the exit status, None if it had ended or had to be killed."""
        if self._process is None or self._process.poll() is not None:
            return None
        self._process.terminate()
        try:
            return self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-LOG_SHOWN_CHARACTERS:]

    # -- what an application does -------------------------------------------------------------------------------------

    def call(self, method: str, path: str, body: Any = None, *, status: int | None = None, **more: Any) -> Any:
        """An API call, its answer decoded. It must succeed, or answer with `status`."""
        response = self.http.request(method, self.url + path, json=body, **more)
        assert response.is_success if status is None else response.status_code == status, response.text
        return response.json() if response.content else None

    def company(self, name: str = "Acme") -> str:
        found: str = self.call("POST", "/companies", {"name": name})["id"]
        return found

    def linked(self, company: str, organisation_id: str) -> str:
        """A new connection, linked as a person would link it; its id."""
        connection = self.call("POST", f"/companies/{company}/connections", {"platformKey": "gbol"})
        page = Browser().link(connection["linkUrl"], organisation_id)
        assert "is connected" in page.text, page.text
        found: str = connection["id"]
        return found

    def linked_to_sandbox(self, company: str) -> str:
        """A new connection to a book of the Sandbox platform, linked as a person would link it; its id."""
        connection = self.call("POST", f"/companies/{company}/connections", {"platformKey": "mqjo"})
        browser = Browser()
        page = browser.press(browser.open(connection["linkUrl"]), "Connect")
        assert "is connected" in page.text, page.text
        found: str = connection["id"]
        return found

    def total(self, company: str, data_type: str, query: str = "") -> int:
        """How many records are stored; 0 before the first read."""
        path = f"/companies/{company}/data/{data_type}"
        response = self.http.get(self.url + path, params={"pageSize": 1, **({"query": query} if query else {})})
        return int(response.json()["totalResults"]) if response.is_success else 0

    def reads(self, company: str) -> dict[str, str]:
        """The status of each data type's newest read."""
        status = self.call("GET", f"/companies/{company}/dataStatus")
        return {key: row["currentStatus"] for key, row in status.items() if "latestSyncId" in row}

    def wait_for_reads(self, company: str) -> None:
        """Wait until every read is complete."""
        until(lambda: set(self.reads(company).values()) == {"Complete"}, f"the reads {self.reads(company)}")

    def push(self, company: str, connection: str, segment: str, body: Any = None, **more: Any) -> str:
        """Hand in a write; its key."""
        operation = self.call("POST", f"/companies/{company}/connections/{connection}/push/{segment}", body, **more)
        assert operation["status"] == "Pending", operation
        key: str = operation["pushOperationKey"]
        return key

    def outcome(self, company: str, key: str) -> dict[str, Any]:
        """The write, once it has ended."""

        def ended() -> dict[str, Any] | None:
            operation: dict[str, Any] = self.call("GET", f"/companies/{company}/push/{key}")
            return None if operation["status"] == "Pending" else operation

        return until(ended, "the end of a write") or {}

    # -- the sandbox --------------------------------------------------------------------------------------------------

    def emulator(self, method: str, path: str, body: Any = None) -> Any:
        """The emulator's control API."""
        response = self.http.request(method, f"{self.emulator_url}/_emulator/{path}", json=body)
        assert response.is_success, response.text
        return response.json()

    def organisation(self, name: str, documents: int = 0) -> str:
        """A new organisation in the emulator; its id."""
        found: str = self.emulator("POST", "organisations", {"name": name, "documents": documents})["tenant_id"]
        return found
