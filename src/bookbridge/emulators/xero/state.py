"""Where the emulator's world is kept between runs: a directory with one snapshot and the journal after it.

Each effect is one line, handed to the operating system before its answer is sent: killing the process loses
nothing; a power cut may lose the last moments. From time to time a new snapshot replaces both files. Snapshot
and journal carry the same number; putting the snapshot in place is the moment that counts. This module must
not know what effects mean or what a snapshot holds.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path

import msgspec
import structlog

from bookbridge.emulators.xero.effects import Effect

log = structlog.get_logger(__name__)

LOCK_WAIT_S = 15.0
"""How long to wait for an emulator that is still ending to let go of the directory."""

MAX_JOURNAL_EFFECTS = 2_000
"""A new snapshot is due after so many effects: replaying them would make the next start slow."""

MIN_JOURNAL_BYTES = 32 * 1024 * 1024
"""Nor is one due before the journal has this size, or the snapshot's if that is larger."""

_LOCK_FILE = "lock"
_FIRST = 1


class StateInUse(Exception):
    """Another process keeps its state in this directory."""


class StateDirectory:
    """One process's hold on a directory of kept state."""

    def __init__(self, directory: Path) -> None:
        """Create the directory if need be and take hold of it. Raises StateInUse after LOCK_WAIT_S, OSError."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._directory = directory
        self._lock = os.open(directory / _LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._take()
        self._number = max(self._numbers(), default=0)
        self._sweep()
        self._journal: int | None = None
        self._bytes = self._effects = self._snapshot_bytes = 0
        self._behind = False

    def _take(self) -> None:
        deadline = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    os.close(self._lock)
                    raise StateInUse(f"another emulator keeps its state in {self._directory}") from None
                time.sleep(0.05)
            else:
                return

    def _numbers(self) -> list[int]:
        return [int(path.suffix[1:]) for path in self._directory.glob("snapshot.*") if path.suffix[1:].isdigit()]

    def _sweep(self) -> None:
        """Remove what a kill between two steps of ``replace`` left behind."""
        for path in (*self._directory.glob("snapshot.*"), *self._directory.glob("journal.*")):
            if path.suffix == ".partial" or (path.suffix[1:].isdigit() and int(path.suffix[1:]) < self._number):
                path.unlink()

    def _path(self, kind: str) -> Path:
        return self._directory / f"{kind}.{self._number}"

    # -- reading ----------------------------------------------------------------------------------

    def snapshot(self) -> bytes | None:
        """The latest snapshot; None in a new directory."""
        if self._number < _FIRST:
            return None
        content = self._path("snapshot").read_bytes()
        self._snapshot_bytes = len(content)
        return content

    def effects(self) -> list[Effect]:
        """What happened after the snapshot. A damaged end, as a kill leaves it, is cut off and logged."""
        path = self._path("journal")
        if not path.exists():
            return []
        content = path.read_bytes()
        found: list[Effect] = []
        sound = 0
        for line in content.splitlines(keepends=True):
            try:
                if not line.endswith(b"\n"):
                    break
                found.append(msgspec.json.decode(line, type=Effect))
            except msgspec.DecodeError:
                break
            sound += len(line)
        if sound < len(content):
            self._cut(path, content, sound)
        self._bytes, self._effects = sound, len(found)
        return found

    def _cut(self, path: Path, content: bytes, sound: int) -> None:
        lost = content[sound:]
        log.warning("emulator.journal_cut", dropped_bytes=len(lost), dropped_lines=lost.count(b"\n") + 1)
        if b"\n" in lost:
            # More than one torn line: not what a kill leaves, so it is kept for whoever wants to look.
            path.with_name(f"{path.name}.damaged").write_bytes(content)
        os.truncate(path, sound)

    def set_aside(self) -> None:
        """Put files that cannot be read out of the way, so that a new world can begin."""
        for kind in ("snapshot", "journal"):
            path = self._path(kind)
            if path.exists():
                path.rename(path.with_name(f"unreadable-{path.name}"))

    # -- writing ----------------------------------------------------------------------------------

    @property
    def snapshot_due(self) -> bool:
        """Whether the journal has grown enough, or failed: a snapshot is to be put in place instead of appending."""
        too_large = self._bytes > max(MIN_JOURNAL_BYTES, self._snapshot_bytes)
        return self._behind or self._effects >= MAX_JOURNAL_EFFECTS or too_large

    def append(self, effect: Effect) -> None:
        """Keep one effect. Raises OSError when it could not be kept; a snapshot is due then."""
        line = msgspec.json.encode(effect) + b"\n"
        self._behind = True
        if self._journal is None:
            self._journal = os.open(self._path("journal"), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._journal, rest) :]
        except OSError:
            # What follows must not be glued to half a line.
            os.truncate(self._journal, self._bytes)
            raise
        self._behind = False
        self._bytes += len(line)
        self._effects += 1

    def replace(self, snapshot: bytes) -> None:
        """Put a new snapshot in the place of the one before and its journal. Raises OSError."""
        self._behind = True
        before = [self._path("snapshot"), self._path("journal")]
        partial = self._directory / "snapshot.partial"
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(snapshot)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(self._directory / f"snapshot.{self._number + 1}")
        self._sync_directory()
        self._number += 1
        if self._journal is not None:
            os.close(self._journal)
            self._journal = None
        self._bytes = self._effects = 0
        self._snapshot_bytes, self._behind = len(snapshot), False
        for path in before:
            path.unlink(missing_ok=True)

    def _sync_directory(self) -> None:
        directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def close(self) -> None:
        """Let go of the directory."""
        for descriptor in (self._journal, self._lock):
            if descriptor is not None:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
        self._journal = None
