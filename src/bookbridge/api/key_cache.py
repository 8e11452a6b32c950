"""API keys that were verified a moment ago, so that a burst of requests asks the database once.

Keys are held as hashes only. It must not decide what a key may do.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

KEPT_S = 2.0
"""A key deleted by another process is refused after at most this long; in this process at once."""

ENTRIES_MAX = 64


class KeyCache:
    """Remembers hashes of good keys for KEPT_S."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._good_until: dict[bytes, float] = {}

    def holds(self, key: str) -> bool:
        """Whether the key was found good within the last KEPT_S."""
        return self._good_until.get(_digest(key), 0.0) > self._now()

    def add(self, key: str) -> None:
        """Remember a key that was just found good."""
        if len(self._good_until) >= ENTRIES_MAX:
            self._good_until.clear()
        self._good_until[_digest(key)] = self._now() + KEPT_S

    def forget_all(self) -> None:
        """Ask the database again for every key."""
        self._good_until.clear()


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
