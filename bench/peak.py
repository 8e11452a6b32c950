"""How much memory a process took at most. Standard library only: contenders of other environments use it too."""

from __future__ import annotations

from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_bytes(status: Path = STATUS) -> int:
    """The most memory that was resident at one time. The kernel's own count of this program alone: `getrusage` would
    also count the process that started it."""
    for line in status.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"{status} tells no VmHWM")
