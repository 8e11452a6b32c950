"""Reading a list that changes while it is read, without missing a record.

Xero's lists are read in order of `UpdatedDateUTC`. A record that is edited meanwhile moves to the end, all
others move one place forward, and a reader who counts pages skips one. So pages are not counted: each next
request asks for what was modified since the last record seen (`If-Modified-Since`, one second earlier,
since the header has whole seconds only), always page 1. Nothing can move past that anchor unseen.

One case leaves no choice: more records than a page holds in the same second (an import). There pages are
stepped *upwards* until that second is behind us, and then once more *downwards*. Downwards is safe: places
only ever move forward, so a record not yet read cannot slip onto a page already read.

Records may come more than once (never less); most repetitions are dropped here. This module is arithmetic
on positions: it makes no calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import msgspec

from bookbridge.connectors.kit.errors import VendorUnavailable

OVERLAP_S: Final = 1
SEEN_IN_CURSOR_MAX: Final = 300
"""Records of the anchor's seconds that a cursor remembers, to drop them when they come again. If there are
more, the cursor remembers none: they are then handed out twice, which costs a comparison each."""

UNDATED_MS: Final = -1
"""Stands for a record without a time of change."""


class Direction(StrEnum):
    """Where the pages go: on by anchor or upwards within one, down again, a last look at the top."""

    UP = "u"
    DOWN = "d"
    CHECK = "c"


@dataclass(frozen=True)
class Row:
    """A record's id and its time of change in milliseconds since 1970."""

    id: str
    updated_ms: int


class _Stored(
    msgspec.Struct,
    rename={"anchor_s": "a", "page": "p", "direction": "d", "top": "t", "resume_s": "r", "seen": "s"},
    omit_defaults=True,
):
    anchor_s: int | None = None
    page: int = 1
    direction: Direction = Direction.UP
    top: int = 0
    resume_s: int | None = None
    seen: list[tuple[str, int]] = []


_decoder = msgspec.json.Decoder(_Stored)


@dataclass(frozen=True)
class Position:
    """The next request to make, and what was handed out already."""

    anchor_s: int | None = None
    """Seconds since 1970 for If-Modified-Since; None for the whole list."""
    page: int = 1
    direction: Direction = Direction.UP
    top: int = 0
    """Highest page reached within this anchor, while going down."""
    resume_s: int | None = None
    """The anchor to go on from after the way down."""
    seen: dict[str, int] = field(default_factory=dict)

    def fresh(self, rows: Sequence[Row]) -> list[int]:
        """Indexes of the rows that were not handed out yet in this version."""
        return [index for index, row in enumerate(rows) if self.seen.get(row.id) != row.updated_ms]

    def after(self, rows: Sequence[Row], *, is_last_page: bool) -> Position | None:
        """The next request, given what this one answered; None at the end of the list."""
        known = {**self.seen, **{row.id: row.updated_ms for row in rows}}
        if self.direction is Direction.DOWN:
            return self._after_down(known)
        if self.direction is Direction.CHECK:
            if is_last_page and not self.fresh(rows):
                return None
            return _anchored(self._beyond(), known)
        if is_last_page and self.page == 1:
            return None
        newest_ms = max((row.updated_ms for row in rows), default=UNDATED_MS)
        next_anchor_s = newest_ms // 1000 - OVERLAP_S
        moves = newest_ms != UNDATED_MS and (self.anchor_s is None or next_anchor_s > self.anchor_s)
        if moves and self.page == 1:
            return _anchored(next_anchor_s, known)
        if not moves and not is_last_page:
            return Position(self.anchor_s, self.page + 1, seen=known)
        return Position(
            self.anchor_s,
            self.page - 1,
            Direction.DOWN,
            self.page,
            next_anchor_s if moves and not is_last_page else None,
            known,
        )

    def _after_down(self, known: dict[str, int]) -> Position | None:
        if self.page > 1:
            return Position(self.anchor_s, self.page - 1, Direction.DOWN, self.top, self.resume_s, known)
        if self.resume_s is not None:
            return _anchored(self.resume_s, known)
        # The list ended on the way up. Whatever was edited since stands at its end now.
        return Position(self.anchor_s, self.top, Direction.CHECK, self.top, None, known)

    def _beyond(self) -> int | None:
        return None if self.anchor_s is None else self.anchor_s + 1

    def dump(self) -> str:
        """The position as text for a checkpoint."""
        seen = list(self.seen.items()) if len(self.seen) <= SEEN_IN_CURSOR_MAX else []
        stored = _Stored(self.anchor_s, self.page, self.direction, self.top, self.resume_s, seen)
        return msgspec.json.encode(stored).decode()


def _anchored(anchor_s: int | None, known: dict[str, int]) -> Position:
    if anchor_s is None:
        return Position(seen=known)
    since_ms = anchor_s * 1000
    return Position(anchor_s, seen={key: updated for key, updated in known.items() if updated >= since_ms})


def load(cursor: str) -> Position:
    """The position that `dump` wrote. Raises VendorUnavailable for anything else: the read starts anew."""
    try:
        stored = _decoder.decode(cursor)
    except msgspec.DecodeError as error:
        raise VendorUnavailable("The stored place in Xero's list cannot be read.") from error
    return Position(stored.anchor_s, stored.page, stored.direction, stored.top, stored.resume_s, dict(stored.seen))
