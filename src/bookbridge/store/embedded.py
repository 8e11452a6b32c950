"""The embedded PostgreSQL: a private server that Bookbridge starts, keeps running and stops by itself.

It lives as a child process, listens on a unix socket only, and never survives the process that started it
(Linux asks the kernel for that; elsewhere the next start stops what was left). Must not know any table of
ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import asyncpg
import structlog

from bookbridge.store import cluster
from bookbridge.store.binaries import Binaries, find_binaries, staged
from bookbridge.store.errors import EmbeddedPostgresError
from bookbridge.store.postmaster import (
    POLL_S,
    Owner,
    is_ready,
    server_owner,
    settle_leftovers,
    spawn,
    wait_exit,
)

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError"]

log = structlog.get_logger(__name__)

DATABASE = "bookbridge"
# Crash recovery after heavy writing takes as long as it takes; a server that is silent for this long is
# broken.
START_LIMIT_S = 300.0
CONNECT_LIMIT_S = 10.0
FAST_SHUTDOWN_LIMIT_S = 8.0
IMMEDIATE_SHUTDOWN_LIMIT_S = 3.0
WATCH_S = 0.5
RESTART_BACKOFF_MAX_S = 30.0
LOG_LIMIT_BYTES = 16 * 1024 * 1024
LOG_TAIL_BYTES = 2000

_ALWAYS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": "5432",
    "logging_collector": "off",
}
# For tests: a server whose data is thrown away may lose it in a power cut.
_NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "64MB",
    "max_connections": "400",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "256MB",
}


class EmbeddedPostgres:
    """One embedded server over ``data_dir``, which is created (mode 0700) when missing.

    ``binaries`` overrides the search for an installed PostgreSQL. ``durable=False`` is for tests only.
    Start from the main thread; use from one event loop at a time.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        superuser: str = "bookbridge",
        binaries: Binaries | None = None,
        durable: bool = True,
    ) -> None:
        self._data_dir = data_dir.absolute()
        self._pgdata = self._data_dir / "pgdata"
        self._superuser = superuser
        self._binaries = binaries
        self._durable = durable
        self._lock_fd: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._sockets: Path | None = None
        self._dsn = ""

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def log_path(self) -> Path:
        return self._data_dir / "postgres.log"

    async def start(self) -> str:
        """Start the server, create what is missing, and return its asyncpg URL once it answers.

        Already running: the same URL. Raises EmbeddedPostgresError when another process uses the data
        directory, when no fitting PostgreSQL is installed, or when the server does not come up; then nothing
        is left running.
        """
        if self._lock_fd is not None:
            return self._dsn
        _make_private(self._data_dir)
        self._lock_fd = _lock(self._data_dir / "lock")
        try:
            await self._launch(may_create=True)
        except BaseException:
            await self._end_process()
            self._release()
            raise
        self._watcher = asyncio.create_task(self._keep_running(), name="embedded-postgres")
        return self._dsn

    async def stop(self) -> None:
        """Stop the server, rolling back open transactions, and release the data directory. May be repeated."""
        watcher, self._watcher = self._watcher, None
        # Done already when the loop that started us has been closed.
        if watcher is not None and not watcher.done():
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
        try:
            await self._end_process()
        finally:
            self._release()

    async def _launch(self, *, may_create: bool) -> None:
        began = time.monotonic()
        owner = server_owner(self._pgdata)
        major = cluster.major_version(self._pgdata)
        if major is None and not may_create:
            # Books that vanished under a running server are to be found again, not replaced by empty ones.
            raise EmbeddedPostgresError(f"{self._pgdata} has disappeared")
        binaries = self._choose_binaries(major, owner)
        if major is None:
            await cluster.create(self._pgdata, binaries, superuser=self._superuser, owner=owner, durable=self._durable)
        elif owner is not None and self._pgdata.stat().st_uid != owner.uid:
            cluster.give(self._pgdata, owner)
        await settle_leftovers(self._pgdata)
        self._dsn = await self._run_server(binaries, owner)
        await _ensure_database(self._dsn)
        log.info(
            "embedded_postgres_started",
            version=".".join(map(str, binaries.version)),
            took_s=round(time.monotonic() - began, 3),
            created=major is None,
        )

    def _choose_binaries(self, major: int | None, owner: Owner | None) -> Binaries:
        binaries = self._binaries or find_binaries(major)
        if major is not None and binaries.major != major:
            raise EmbeddedPostgresError(
                f"{self._pgdata} was created by PostgreSQL {major} and cannot be opened by {binaries.major} "
                f"in {binaries.directory}. Use PostgreSQL {major}, or move the data with pg_upgrade."
            )
        return binaries if owner is None else staged(binaries)

    async def _run_server(self, binaries: Binaries, owner: Owner | None) -> str:
        """Spawn the server and wait until it is ready; returns the URL of our database."""
        # Kept over restarts: clients hold on to the URL.
        sockets = self._sockets = self._sockets or cluster.socket_directory(self._data_dir)
        cluster.clear_sockets(sockets, owner)
        _rotate(self.log_path)
        output = os.open(self.log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with (
                cluster.handed_over(self._pgdata, owner) as home,
                cluster.handed_over(sockets, owner) as socket_home,
            ):
                settings = {**_ALWAYS, **({} if self._durable else _NOT_DURABLE)}
                settings["unix_socket_directories"] = _quoted(socket_home.path)
                options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
                self._process = spawn(
                    [str(binaries.postgres), "-D", home.path, *options],
                    output=output,
                    owner=owner,
                    keep_fds=(*home.fds, *socket_home.fds),
                )
        finally:
            os.close(output)
        await self._await_ready(self._process)
        return f"postgresql://{quote(self._superuser)}@/{DATABASE}?host={quote(str(sockets))}&port=5432"

    async def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while not is_ready(self._pgdata, process.pid):
            if process.poll() is not None:
                raise EmbeddedPostgresError(
                    f"PostgreSQL did not start; the end of {self.log_path} says:\n{_tail(self.log_path)}"
                )
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"PostgreSQL is not ready after {START_LIMIT_S:.0f} s; see {self.log_path}")
            await asyncio.sleep(POLL_S)

    async def _keep_running(self) -> None:
        """Start the server again when it dies under us (killed by the kernel, say); bound its log."""
        backoff_s = 1.0
        while True:
            await asyncio.sleep(WATCH_S)
            if self.pid is not None:
                # A full disk must not end the watch.
                with contextlib.suppress(OSError):
                    _rotate(self.log_path)
                continue
            code = self._process.returncode if self._process is not None else None
            log.error("embedded_postgres_died", exit_code=code, log=str(self.log_path))
            try:
                await self._launch(may_create=False)
                backoff_s = 1.0
            except Exception as error:  # whatever it was, the next try may succeed
                log.error("embedded_postgres_restart_failed", error=str(error), retry_after_s=backoff_s)
                await self._end_process()
                await asyncio.sleep(backoff_s)
                backoff_s = min(backoff_s * 2, RESTART_BACKOFF_MAX_S)

    async def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for what, limit_s in (
            (signal.SIGINT, FAST_SHUTDOWN_LIMIT_S),
            (signal.SIGQUIT, IMMEDIATE_SHUTDOWN_LIMIT_S),
            (signal.SIGKILL, IMMEDIATE_SHUTDOWN_LIMIT_S),
        ):
            if process.poll() is None:
                process.send_signal(what)
            if await wait_exit(process, limit_s) is not None:
                return
            log.warning("embedded_postgres_slow_to_stop", signal=what.name, waited_s=limit_s)

    def _release(self) -> None:
        if self._lock_fd is not None:
            cluster.forget_socket_directory(self._data_dir)
            self._sockets = None
            os.close(self._lock_fd)
            self._lock_fd = None


def _make_private(data_dir: Path) -> None:
    """Create ``data_dir`` for us alone. An existing one keeps its mode: what is inside has its own."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = data_dir.stat()
    except OSError as error:
        raise EmbeddedPostgresError(f"cannot use {data_dir} as a data directory: {error}") from error
    if found.st_mode & 0o002:
        raise EmbeddedPostgresError(f"{data_dir} is writable by everyone; run chmod o-w on it, or choose another.")


def _lock(path: Path) -> int:
    """Lock ``path`` until the returned descriptor is closed, by us or by our death."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise EmbeddedPostgresError(f"cannot open {path}: {error}") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(fd, 32).decode(errors="replace").strip()
        os.close(fd)
        raise EmbeddedPostgresError(
            f"{path.parent} is in use by another Bookbridge (process {holder or 'unknown'}). Stop that one "
            "first, or choose another data directory."
        ) from None
    os.ftruncate(fd, 0)
    os.write(fd, f"{os.getpid()}\n".encode())
    return fd


async def _ensure_database(dsn: str) -> None:
    """Make sure that our database exists; having connected also proves that the server answers.

    A new cluster holds an empty database ``postgres``, which gets our name: creating one more costs as much
    again as a fifth of the cold start. Raises EmbeddedPostgresError.
    """
    try:
        try:
            connection = await asyncpg.connect(dsn, timeout=CONNECT_LIMIT_S)
        except asyncpg.InvalidCatalogNameError:
            connection = await asyncpg.connect(dsn, database="template1", timeout=CONNECT_LIMIT_S)
            await connection.execute(f'ALTER DATABASE postgres RENAME TO "{DATABASE}"')
        await connection.close()
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise EmbeddedPostgresError(f"the embedded PostgreSQL started but does not answer: {error}") from error


def _rotate(path: Path) -> None:
    """Keep the log and one older piece, each about LOG_LIMIT_BYTES. The server keeps its file open."""
    try:
        if path.stat().st_size <= LOG_LIMIT_BYTES:
            return
    except FileNotFoundError:
        return
    older = path.with_name(path.name + ".1")
    older.unlink(missing_ok=True)
    shutil.copyfile(path, older)
    older.chmod(0o600)
    # The server appends (O_APPEND), so that it continues at the new beginning.
    os.truncate(path, 0)


def _tail(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
        return file.read().decode(errors="replace").strip()


def _quoted(path: str) -> str:
    """A directory as one element of PostgreSQL's comma-separated list."""
    return '"' + path.replace('"', '""') + '"'
