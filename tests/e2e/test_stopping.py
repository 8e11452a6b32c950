"""`bookbridge up` ended as a service manager ends it: everything in order, and nothing left behind."""

from __future__ import annotations

import os
import re
from pathlib import Path

from bookbridge.emulators.xero import XeroEmulatorSettings
from tests.e2e.installation import Installation, until
from tests.emulators.xero.world import GENEROUS, serve


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_on_sigterm_the_database_ends_last(tmp_path: Path) -> None:
    with serve(XeroEmulatorSettings(limits=GENEROUS)) as world:
        made = Installation(tmp_path, world)
        made.start()
        pids = [made.worker_pid, int((made.data_dir / "postgres/pgdata/postmaster.pid").read_text().split()[0])]
        until(lambda: "worker_started" in made.log(), "the worker")
        assert made.stop() == 0, made.log()
        assert not any(_is_running(pid) for pid in pids)
    log = made.log()
    assert re.search(r"stopping +signal=SIGTERM", log)
    assert log.index("stopping ") < log.index("worker_stopped"), "the worker ends when there is nobody left to serve"
    # A database that went first would be complained of.
    assert "shutting down" not in log
    assert "Traceback" not in log
    database = (made.data_dir / "postgres" / "postgres.log").read_text()
    assert database.rstrip().endswith("database system is shut down")
    assert "received fast shutdown request" in database
