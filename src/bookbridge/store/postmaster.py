"""The PostgreSQL server as a process: spawn it without root's rights, clear up after a killed one.

Knows processes, users and signals. Must not know SQL, nor what is stored in the data directory.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from bookbridge.store.errors import EmbeddedPostgresError

log = structlog.get_logger(__name__)

POLL_S = 0.005
SCAN_S = 0.05
# What a killed supervisor's server gets for its fast shutdown before we insist, and then before we give up.
LEFTOVER_PATIENCE_S = 10.0
LEFTOVER_LIMIT_S = 30.0
# The postmaster leaves last: without it, what remains is not shutting down but has not noticed its death yet.
ORPHAN_PATIENCE_S = 1.0
# Between the ranges of systemd's human and dynamic users, and below 65536 so that rootless containers map it
# too. No account is created for it: nothing else runs under it, so nothing else can touch the server or its
# files.
SERVER_UID = 60_754
# initdb (unlike the server) insists on a named user; its files are handed to SERVER_UID before first use.
_INITDB_USERS = ("postgres", "nobody", "daemon")
_PR_SET_PDEATHSIG = 1
_SERVER_NAMES = frozenset({"postgres", "postmaster"})


@dataclass(frozen=True, slots=True)
class Owner:
    """The unprivileged user and group that own the server's files and run its programs."""

    uid: int
    gid: int


def server_owner(pgdata: Path) -> Owner | None:
    """Who must run the server: None when that is simply us, because we are not root.

    An existing ``pgdata`` stays with its owner. Raises EmbeddedPostgresError when it belongs to someone else.
    """
    uid = os.geteuid()
    try:
        found = pgdata.stat()
    except FileNotFoundError:
        return None if uid != 0 else Owner(SERVER_UID, SERVER_UID)
    if uid == 0:
        return Owner(found.st_uid, found.st_gid) if found.st_uid != 0 else Owner(SERVER_UID, SERVER_UID)
    if found.st_uid != uid:
        raise EmbeddedPostgresError(
            f"{pgdata} belongs to user id {found.st_uid}, not to the user running this (id {uid}). "
            "Run as that user, or choose another data directory."
        )
    return None


def initdb_owner() -> Owner | None:
    """A named unprivileged user for initdb, None when we are not root. Raises EmbeddedPostgresError."""
    if os.geteuid() != 0:
        return None
    for name in _INITDB_USERS:
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            if account.pw_uid != 0:
                return Owner(account.pw_uid, account.pw_gid)
    raise EmbeddedPostgresError(
        "PostgreSQL refuses to run as root and this system has no user 'nobody' to create its files with. "
        "Run Bookbridge as a normal user, or set DATABASE_URL to a running server."
    )


def spawn(
    command: Sequence[str],
    *,
    output: int,
    owner: Owner | None,
    keep_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start ``command`` as ``owner``, writing to descriptor ``output``; on Linux it gets SIGINT when we die.

    Must be called from the main thread: Linux takes the death
    of the spawning *thread* for that of the parent, so any other thread would take the server down with it.
    Raises EmbeddedPostgresError from another thread, or when the process cannot be started.
    """
    if threading.current_thread() is not threading.main_thread():
        raise EmbeddedPostgresError("the embedded PostgreSQL must be started from the main thread")
    try:
        return subprocess.Popen(  # noqa: S603 - our own fixed arguments, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            # Nothing inherited: PGDATA, PGPORT and the like must not steer our server.
            env={"PATH": os.defpath, "LC_ALL": "C"},
            pass_fds=keep_fds,
            # Own session: Ctrl-C in the terminal must reach us first, so that we can finish our work on the
            # database.
            start_new_session=True,
            umask=0o077,
            user=owner.uid if owner else None,
            group=owner.gid if owner else None,
            extra_groups=[] if owner else None,
            # Runs after the change of user, which would clear the setting again.
            preexec_fn=_die_with_parent(),
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedPostgresError(f"cannot start {command[0]}: {error}") from error


def _die_with_parent() -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    # Looked up before the fork: the child only makes two system calls.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask_for_signal() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGINT), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask_for_signal


async def wait_exit(process: subprocess.Popen[bytes], limit_s: float) -> int | None:
    """The exit code, or None when ``process`` still runs after ``limit_s`` seconds."""
    deadline = time.monotonic() + limit_s
    while (code := process.poll()) is None and time.monotonic() < deadline:  # noqa: ASYNC110 - a process has no event
        await asyncio.sleep(POLL_S)
    return code


def pid_file(pgdata: Path) -> list[str]:
    """The lines of postmaster.pid; empty when there is none or it is unreadable."""
    try:
        return (pgdata / "postmaster.pid").read_text().split("\n")
    except (OSError, UnicodeDecodeError):
        return []


def is_ready(pgdata: Path, pid: int) -> bool:
    """Whether the server ``pid`` says in its pid file that it accepts connections."""
    lines = pid_file(pgdata)
    return len(lines) > 7 and lines[0].strip() == str(pid) and lines[7].startswith("ready")


async def settle_leftovers(pgdata: Path) -> None:
    """Wait until no server process of an earlier, killed supervisor uses ``pgdata``; remove a lying pid file.

    Call only while holding the data directory's lock: a process found here has lost its supervisor, so it may
    be told to stop. Raises EmbeddedPostgresError when it does not go away.
    """
    lines = pid_file(pgdata)
    if not lines:
        return
    postmaster = int(lines[0]) if lines[0].strip().isdigit() else 0
    started = time.monotonic()
    told: set[tuple[int, signal.Signals]] = set()
    while pids := _server_processes(pgdata, postmaster):
        waited_s = time.monotonic() - started
        if waited_s > LEFTOVER_LIMIT_S:
            raise EmbeddedPostgresError(
                f"PostgreSQL processes {sorted(pids)} still use {pgdata} and do not stop. Stop them, then start again."
            )
        # Fast shutdown first (the kernel may have asked for it already); the remains of a killed postmaster
        # that overstay get SIGQUIT, which PostgreSQL answers by leaving at once: recovery then replays the
        # log.
        insist = waited_s > (LEFTOVER_PATIENCE_S if postmaster in pids else ORPHAN_PATIENCE_S)
        for pid in pids if insist else pids & {postmaster}:
            _tell_once(pid, signal.SIGQUIT if insist else signal.SIGINT, told)
        await asyncio.sleep(SCAN_S)
    if told:
        log.info("embedded_postgres_leftover_stopped", postmaster=postmaster)
    # A zombie, or a stranger who got the same process id, would make PostgreSQL believe that it is still
    # running. Should a process have escaped us, PostgreSQL's own shared memory check still refuses a second
    # server.
    if postmaster and _exists(postmaster):
        (pgdata / "postmaster.pid").unlink(missing_ok=True)


def _tell_once(pid: int, what: signal.Signals, told: set[tuple[int, signal.Signals]]) -> None:
    if (pid, what) not in told:
        told.add((pid, what))
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, what)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _server_processes(pgdata: Path, postmaster: int) -> set[int]:
    """Live server processes of ``pgdata``. Never trusts a process id alone: ids are used again.

    Every PostgreSQL process works inside its data directory, so on Linux that is the proof; a zombie has left
    it. Elsewhere the postmaster's command line, which names the directory, has to do.
    """
    if sys.platform != "linux":
        return {postmaster} if postmaster and str(pgdata) in _command_line(postmaster) else set()
    home = pgdata.stat()
    found = set()
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        # Processes end while we look, and other users' cannot be looked into; neither can be ours.
        with contextlib.suppress(OSError):
            if Path(entry.path, "comm").read_text().strip() not in _SERVER_NAMES:
                continue
            cwd = Path(entry.path, "cwd").stat()
            if (cwd.st_dev, cwd.st_ino) == (home.st_dev, home.st_ino):
                found.add(int(entry.name))
    return found


def _command_line(pid: int) -> str:
    answer = subprocess.run(  # noqa: S603
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout
