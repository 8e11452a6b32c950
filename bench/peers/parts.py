"""Contenders of more than one process: all of them import first, then start together at a word.

So what a contender needs to start is counted for none, whatever it is made of.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.peak import peak_bytes

_GATE = "BENCH_GATE"


@dataclass(frozen=True)
class Part:
    """A started process that waits for the word."""

    process: subprocess.Popen[bytes]
    ready: int
    go: int
    peak_file: Path

    def ended(self) -> int:
        """Waits for its end; its peak of memory in bytes. Raises RuntimeError if it failed."""
        if self.process.wait() != 0:
            raise RuntimeError(f"{self.process.args!r} ended with {self.process.returncode}")
        return int(self.peak_file.read_text())


def spawn(role: str, folder: Path, *arguments: str, **streams: Any) -> Part:
    """Start this same program in a role. `streams` are `stdin` and `stdout` of the process."""
    ready, told = os.pipe()
    heard, go = os.pipe()
    peak_file = folder / f"peak.{role}"
    program = [sys.executable, "-m", sys.modules["__main__"].__spec__.name, role, *arguments]
    environment = {**os.environ, _GATE: f"{told},{heard},{peak_file}"}
    process = subprocess.Popen(program, env=environment, pass_fds=(told, heard), **streams)
    os.close(told)
    os.close(heard)
    return Part(process, ready, go, peak_file)


def release(parts: Sequence[Part]) -> float:
    """Wait until all have imported, then let them go; when that was. Raises RuntimeError if one died before."""
    for part in parts:
        if os.read(part.ready, 1) != b".":
            raise RuntimeError(f"{part.process.args!r} did not start")
    started = time.perf_counter()
    for part in parts:
        os.write(part.go, b".")
    return started


def wait_for_word() -> None:
    """In a part: say that everything is imported, and wait. Its peak of memory is noted at its end."""
    told, heard, peak_file = os.environ[_GATE].split(",", 2)
    atexit.register(lambda: Path(peak_file).write_text(str(peak_bytes())))
    os.write(int(told), b".")
    os.read(int(heard), 1)
