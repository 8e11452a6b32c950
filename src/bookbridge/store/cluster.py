"""The files of an embedded PostgreSQL: creates them whole or not at all, and hands them to the server's user.

Must not start a server that accepts connections.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bookbridge.store.binaries import Binaries
from bookbridge.store.errors import EmbeddedPostgresError
from bookbridge.store.postmaster import Owner, initdb_owner, spawn, wait_exit

INITDB_LIMIT_S = 120.0
# sun_path less its final zero: 107 on Linux, 103 on macOS; the smaller one, so that a directory works on
# both.
SOCKET_PATH_LIMIT_BYTES = 103
SOCKET_NAME = ".s.PGSQL.5432"
_SHORT_DIRECTORY_PREFIX = "bookbridge-"

# Written once, at creation, so that an operator may tune them in postgresql.conf afterwards.
_SETTINGS = """
# Bookbridge: a small private server.
shared_buffers = 128MB
max_connections = 100
max_wal_size = 1GB
checkpoint_timeout = 15min
wal_compression = on
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
# Details of an error may show a row's contents, which do not belong in a log.
log_error_verbosity = terse
"""


@dataclass(frozen=True, slots=True)
class Handle:
    """A directory as the server is to name it: ``path``; ``fd`` must be passed on to it when not None."""

    path: str
    fd: int | None

    @property
    def fds(self) -> tuple[int, ...]:
        return () if self.fd is None else (self.fd,)


@contextlib.contextmanager
def handed_over(directory: Path, owner: Owner | None) -> Iterator[Handle]:
    """A name for ``directory`` that the server's user can use, in processes spawned inside the ``with``.

    As root the parents (/root, say) are closed to the server's user. An open descriptor, named through /proc,
    leads to the directory without passing them; PostgreSQL 15 to 18 and all their child processes accept such
    a name.
    """
    if owner is None:
        yield Handle(str(directory), None)
        return
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield Handle(f"/proc/self/fd/{fd}", fd)
    finally:
        os.close(fd)


def major_version(pgdata: Path) -> int | None:
    """The PostgreSQL major version that created ``pgdata``; None when there is no cluster there yet.

    Raises EmbeddedPostgresError when the directory holds something else.
    """
    try:
        return int((pgdata / "PG_VERSION").read_text().strip())
    except FileNotFoundError:
        if pgdata.exists():
            raise EmbeddedPostgresError(f"{pgdata} exists but holds no PostgreSQL cluster; move it away.") from None
        return None
    except ValueError as error:
        raise EmbeddedPostgresError(f"{pgdata}/PG_VERSION is unreadable: {error}") from error


async def create(pgdata: Path, binaries: Binaries, *, superuser: str, owner: Owner | None, durable: bool) -> None:
    """Create the cluster ``pgdata``, owned by ``owner``. A crash on the way leaves nothing under that name.

    Only local connections are accepted, and without a password: what protects the socket is its private
    directory. Raises EmbeddedPostgresError with initdb's own words.
    """
    for abandoned in pgdata.parent.glob(pgdata.name + ".new-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    # A new name each time: the initdb of a killed starter may still be at work on the old one.
    scratch = Path(tempfile.mkdtemp(prefix=pgdata.name + ".new-", dir=pgdata.parent))
    creator = initdb_owner()
    if creator is not None:
        os.chown(scratch, creator.uid, creator.gid)
    await _initdb(scratch, binaries, superuser=superuser, creator=creator, durable=durable)
    with (scratch / "postgresql.conf").open("a") as settings:
        settings.write(_SETTINGS)
        settings.flush()
        os.fsync(settings.fileno())
    if owner is not None:
        give(scratch, owner)
    _publish(scratch, pgdata)


async def _initdb(directory: Path, binaries: Binaries, *, superuser: str, creator: Owner | None, durable: bool) -> None:
    command = [
        *("--username", superuser, "--encoding", "UTF8"),
        *("--auth-local", "trust", "--auth-host", "reject"),
        # Code point order everywhere; from 17 on PostgreSQL brings it itself, whatever the operating system
        # has.
        *(
            ("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8")
            if binaries.major >= 17
            else ("--locale", "C.UTF-8")
        ),
        *(() if durable else ("--no-sync",)),
    ]
    with handed_over(directory, creator) as handle, tempfile.TemporaryFile() as output:
        process = spawn(
            [str(binaries.initdb), "--pgdata", handle.path, *command],
            output=output.fileno(),
            owner=creator,
            keep_fds=handle.fds,
        )
        try:
            code = await wait_exit(process, INITDB_LIMIT_S)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        output.seek(0)
        words = output.read().decode(errors="replace").strip()
    if code != 0:
        raise EmbeddedPostgresError(f"initdb failed in {directory}: {words[-2000:]}")


def _publish(scratch: Path, pgdata: Path) -> None:
    """Give the finished cluster its name, for good."""
    scratch.rename(pgdata)
    fd = os.open(pgdata.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def give(tree: Path, owner: Owner) -> None:
    """Make ``owner`` the owner of everything in ``tree``. Follows no symbolic link, wherever it may point."""
    try:
        for _, directories, files, fd in os.fwalk(tree):
            for name in (*directories, *files):
                os.chown(name, owner.uid, owner.gid, dir_fd=fd, follow_symlinks=False)
            os.fchown(fd, owner.uid, owner.gid)
    except OSError as error:
        raise EmbeddedPostgresError(
            f"cannot give {tree} to user id {owner.uid}: {error}. PostgreSQL does not run as root: run "
            "Bookbridge as a normal user, or set DATABASE_URL to a running server."
        ) from error


def socket_directory(data_dir: Path) -> Path:
    """A private directory for the server's socket: ``data_dir``/run, or a short one if that path is too long.

    The short one is remembered in ``data_dir``, and removed by ``forget_socket_directory``.
    """
    forget_socket_directory(data_dir)
    usual = data_dir / "run"
    if _fits(usual):
        usual.mkdir(mode=0o700, exist_ok=True)
        usual.chmod(0o700)
        return usual
    for base in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):  # noqa: S108 - mkdtemp inside
        if base and os.access(base, os.W_OK | os.X_OK) and _fits(Path(base, _SHORT_DIRECTORY_PREFIX + "12345678", "s")):
            # Ours alone on the outside; only the inner one is given to the server's user.
            private = Path(tempfile.mkdtemp(prefix=_SHORT_DIRECTORY_PREFIX, dir=base))
            (data_dir / "socket_directory").write_text(str(private))
            inner = private / "s"
            inner.mkdir(mode=0o700)
            return inner
    raise EmbeddedPostgresError(f"no directory is short enough for a unix socket; {usual} is too long a path")


def clear_sockets(sockets: Path, owner: Owner | None) -> None:
    """Remove what a killed server left in ``sockets``, and make it ``owner``'s.

    The socket's lock file names the dead server's process id, which by now may be anyone's.
    """
    for name in (SOCKET_NAME, SOCKET_NAME + ".lock"):
        (sockets / name).unlink(missing_ok=True)
    if owner is not None:
        give(sockets, owner)


def forget_socket_directory(data_dir: Path) -> None:
    """Remove the short socket directory that an earlier start made, if there is one."""
    note = data_dir / "socket_directory"
    with contextlib.suppress(OSError, UnicodeDecodeError):
        private = Path(note.read_text())
        found = private.lstat()
        if private.name.startswith(_SHORT_DIRECTORY_PREFIX) and found.st_uid == os.geteuid():
            shutil.rmtree(private)
    note.unlink(missing_ok=True)


def _fits(directory: Path) -> bool:
    # A comma separates hosts in a connection string.
    path = os.fsencode(directory / SOCKET_NAME)
    return len(path) <= SOCKET_PATH_LIMIT_BYTES and b"," not in path
