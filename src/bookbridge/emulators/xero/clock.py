"""The emulator's clock: real time plus an offset that tests may advance, and strictly increasing stamps.

It must not be used for the seed books, whose times are fixed by the seed.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import NewType

Millis = NewType("Millis", int)
"""A moment as milliseconds since 1970-01-01 UTC."""


class Clock:
    """Real time, moved forward by ``advance``."""

    def __init__(self) -> None:
        self._offset_s = 0.0
        self._last_ms = 0

    def advance(self, seconds: float) -> None:
        """Move the clock forward; token lives and rate windows move with it."""
        self._offset_s += max(0.0, seconds)

    def now_s(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return time.time() + self._offset_s

    def now(self) -> dt.datetime:
        """The moment, aware, UTC."""
        return dt.datetime.fromtimestamp(self.now_s(), tz=dt.UTC)

    def stamp(self) -> Millis:
        """A moment in milliseconds, later than every stamp given before: no two edits share one."""
        self._last_ms = max(int(self.now_s() * 1000), self._last_ms + 1)
        return Millis(self._last_ms)

    def not_before(self, moment: Millis) -> None:
        """Make later stamps come after ``moment``, which a seed book may have set in our future."""
        self._last_ms = max(self._last_ms, moment)


class SeedClock(Clock):
    """A clock that stands where it is set: the past in which a seed book was written."""

    def __init__(self) -> None:
        super().__init__()
        self._at_s = 0.0

    def set(self, moment: dt.datetime) -> None:
        """Stand at ``moment``."""
        self._at_s = moment.timestamp()

    def now_s(self) -> float:
        return self._at_s
