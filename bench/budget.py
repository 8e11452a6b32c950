"""Five hundred writes to one organisation at 60 calls a minute, beside reads of its books: is the vendor ever asked too
often, and do the writes get what the limit leaves?

Time is compressed: the vendor's minute lasts six seconds, for the vendor (an emulator that refuses the 61st call of its
minute, and the 6th at once) as for us; all else is as shipped. The second that a budget leaves for calls on their way
is not shortened, so that at most 6 of 7 calls can be used here. `python -m bench budget`.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import httpx2
import uvloop
from rich.console import Console
from rich.table import Table
from tests.e2e.installation import POLL_S, STOP_S, Installation, until
from tests.emulators.xero.world import World, serve

from bench.hurried import HURRY
from bench.registry import Check
from bookbridge.emulators.xero import XeroEmulatorSettings, limits
from bookbridge.emulators.xero.settings import RateLimits
from bookbridge.store.embedded import EmbeddedPostgres

WRITES: Final = 500
CALLS_PER_MINUTE: Final = 60
MINUTE_S: Final = 60 / HURRY
DOCUMENTS: Final = 300
READ_AGAIN_S: Final = 5.0
END_WITHIN_S: Final = 300.0
START_WITHIN_S: Final = 60.0
USED_MIN: Final = 0.6
"""Of the calls that the vendor would have taken: a second of every seven is left out, and a window that begins with
its first call is not always where we think."""


class Hurried(Installation):
    """The API and one worker, whose vendor's minutes are short; calls are limited as the vendor says."""

    def __init__(self, directory: Path, world: World, dsn: str) -> None:
        super().__init__(directory, world, dsn=dsn)
        self._processes: list[subprocess.Popen[bytes]] = []

    def _environment(self) -> dict[str, str]:
        made = super()._environment()
        vendors: dict[str, Any] = json.loads(made["BOOKBRIDGE_VENDORS"])
        vendors["gbol"]["options"] = {}
        return {**made, "BOOKBRIDGE_VENDORS": json.dumps(vendors)}

    def _start_on(self, port: int) -> bool:
        for role in ("api", "worker"):
            command = [sys.executable, "-m", "bench.hurried", "up", "--role", role, "--port", str(port)]
            with self._log.open("ab") as log:
                self._processes.append(
                    subprocess.Popen(
                        [*command, "--data-dir", str(self.data_dir)],
                        env={**os.environ, **self._environment()},
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                    )
                )
            if role == "api" and not self._answers(port):
                return False
        return True

    def _answers(self, port: int) -> bool:
        deadline = time.monotonic() + START_WITHIN_S
        while time.monotonic() < deadline and self._processes[-1].poll() is None:
            with contextlib.suppress(httpx2.HTTPError):
                if self.http.get(f"http://127.0.0.1:{port}/health").status_code in (200, 503):
                    return True
            time.sleep(POLL_S)
        return False

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(STOP_S)


def run() -> list[Check]:
    """Print what was asked of the vendor and what it refused."""
    settings = XeroEmulatorSettings(limits=RateLimits(tenant_per_minute=CALLS_PER_MINUTE))
    with (
        tempfile.TemporaryDirectory(prefix="bookbridge-bench-") as directory,
        patch.object(limits, "_MINUTE_S", MINUTE_S),
        serve(settings) as world,
        _started(Path(directory), world) as installation,
    ):
        company, written, took_s, calls = _written(installation, world)
        refused = world.control("GET", "counters")["rate_limited_total"]
        ended = installation.call("GET", f"/companies/{company}/push?query=status=Success&pageSize=1")["totalResults"]
    used = calls / (CALLS_PER_MINUTE * took_s / MINUTE_S)
    table = Table(title=f"{WRITES} writes beside reads at {CALLS_PER_MINUTE} calls a minute of {MINUTE_S:.0f} s")
    for column in ("written", "calls", "seconds", "share of the allowed calls", "429"):
        table.add_column(column, justify="right")
    table.add_row(str(ended), str(calls), f"{took_s:.0f}", f"{used:.2f}", str(refused))
    Console(width=110).print(table)
    return [
        Check("calls refused with 429", refused, 0, at_most=True),
        Check("share of writes that landed", min(ended, written) / WRITES, 1.0),
        Check("share of the allowed calls that was used", used, USED_MIN),
    ]


@contextlib.contextmanager
def _started(folder: Path, world: World) -> Iterator[Hurried]:
    server = EmbeddedPostgres(folder / "postgres")
    dsn = uvloop.run(server.start())
    installation = Hurried(folder, world, dsn)
    try:
        installation.start()
        yield installation
    finally:
        installation.stop()
        uvloop.run(server.stop())


def _written(installation: Hurried, world: World) -> tuple[str, int, float, int]:
    """Hand in all writes at once and read the books again and again until they have ended: the company, how many
    suppliers the ledger took, in which time, with how many calls."""
    organisation = installation.organisation("Limited Ltd", DOCUMENTS)
    company = installation.company()
    connection = installation.linked(company, organisation)
    installation.wait_for_reads(company)
    book = world.emulator.books[organisation]
    before, calls = len(book.contacts), world.control("GET", "counters")["requests"]
    path = f"/companies/{company}/connections/{connection}/push/suppliers?allowSyncOnPushComplete=false"
    began = time.monotonic()
    for number in range(WRITES):
        installation.call("POST", path, {"supplierName": f"Supplier {number}", "status": "Active"})
    again = time.monotonic()

    def is_done() -> bool:
        nonlocal again
        if time.monotonic() > again:
            # Refused while the read before is still waiting for its turn, which is as busy as can be.
            installation.http.post(f"{installation.url}/companies/{company}/data/queue/bills")
            again = time.monotonic() + READ_AGAIN_S
        pending = installation.call("GET", f"/companies/{company}/push?query=status=Pending&pageSize=1")
        return not pending["totalResults"]

    until(is_done, "the end of all writes", within_s=END_WITHIN_S)
    took_s = time.monotonic() - began
    return company, len(book.contacts) - before, took_s, world.control("GET", "counters")["requests"] - calls
