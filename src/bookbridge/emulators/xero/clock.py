"""The emulator's clock: real time plus an offset that tests may advance, and strictly increasing stamps.

It must not be used for the seed books, whose times are fixed by the seed.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NewType

import msgspec

Millis = NewType("Millis", int)
"""A moment as milliseconds since 1970-01-01 UTC."""


class ClockReading(msgspec.Struct, frozen=True):
    """All that a clock's next answers depend on."""

    at_s: float
    """Seconds since 1970-01-01 UTC."""

    last_ms: int
    """The last stamp given."""

    offset_s: float
    """How far the clock has been moved forward from real time."""


class Clock:
    """Real time, moved forward by ``advance``."""

    def __init__(self) -> None:
        self._offset_s = 0.0
        self._last_ms = 0
        self._stands_s: float | None = None

    def advance(self, seconds: float) -> None:
        """Move the clock forward; token lives and rate windows move with it."""
        forward_s = max(0.0, seconds)
        self._offset_s += forward_s
        if self._stands_s is not None:
            self._stands_s += forward_s

    def now_s(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return time.time() + self._offset_s if self._stands_s is None else self._stands_s

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

    def read(self) -> ClockReading:
        """What to ``stand`` at, or to ``restore``, for the same stamps to come again."""
        return ClockReading(self.now_s(), self._last_ms, self._offset_s)

    @contextmanager
    def stand(self, reading: ClockReading) -> Iterator[None]:
        """Inside, the clock stands still at ``reading``; then real time goes on."""
        self._stands_s, self._last_ms = reading.at_s, reading.last_ms
        try:
            yield
        finally:
            self._stands_s = None

    def restore(self, reading: ClockReading) -> None:
        """Go on after a restart: moved forward as before, and no stamp given twice."""
        self._offset_s, self._last_ms = reading.offset_s, reading.last_ms


class SeedClock(Clock):
    """A clock that stands where it is set: the past in which a seed book was written."""

    def __init__(self) -> None:
        super().__init__()
        self._stands_s = 0.0

    def set(self, moment: dt.datetime) -> None:
        """Stand at ``moment``."""
        self._stands_s = moment.timestamp()
