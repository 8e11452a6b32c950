"""The walk over a moving list, against a list that moves between any two requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookbridge.connectors.kit.errors import VendorUnavailable
from bookbridge.connectors.xero import paging
from bookbridge.connectors.xero.paging import Position, Row

REQUESTS_MAX = 2_000
START_MS = 1_700_000_000_000


@dataclass
class MovingList:
    """A vendor's list: in order of change, filtered by If-Modified-Since, cut into numbered pages."""

    updated: dict[str, int]
    page_size: int
    strict: bool
    """Whether the filter leaves out records changed at exactly the given second."""
    tells_pages: bool = True
    requests: int = 0
    now_ms: int = field(init=False)

    def __post_init__(self) -> None:
        self.now_ms = max(self.updated.values(), default=START_MS) + 60_000

    def edit(self, record_id: str) -> None:
        self.now_ms += 1
        self.updated[record_id] = self.now_ms

    def page(self, position: Position) -> tuple[list[Row], bool]:
        self.requests += 1
        assert self.requests < REQUESTS_MAX, "the walk does not end"
        since_ms = -1 if position.anchor_s is None else position.anchor_s * 1000
        rows = sorted(
            (
                Row(record_id, updated)
                for record_id, updated in self.updated.items()
                if updated > since_ms or (updated == since_ms and not self.strict)
            ),
            key=lambda row: (row.updated_ms, row.id),
        )
        start = (position.page - 1) * self.page_size
        rows_here = rows[start : start + self.page_size]
        is_last = start + self.page_size >= len(rows) if self.tells_pages else not rows_here
        return rows_here, is_last


def walk(vendor: MovingList, position: Position | None) -> Iterator[tuple[list[Row], Position | None]]:
    """What the session does with positions: fresh rows of each page, and the place after it."""
    while position is not None:
        rows, is_last = vendor.page(position)
        fresh = [rows[index] for index in position.fresh(rows)]
        position = position.after(rows, is_last_page=is_last)
        yield fresh, position


moments = st.lists(
    # Few distinct seconds, so that whole pages fall into one.
    st.builds(lambda second, part: START_MS + second * 1000 + part, st.integers(0, 6), st.integers(0, 999)),
    max_size=120,
)


@settings(max_examples=300, deadline=None)
@given(
    moments,
    st.integers(1, 12),
    st.booleans(),
    st.booleans(),
    st.lists(st.one_of(st.none(), st.integers(0, 119)), max_size=40),
    st.booleans(),
)
def test_nothing_is_missed_whatever_is_edited_meanwhile(
    updated: list[int],
    page_size: int,
    strict: bool,
    tells_pages: bool,
    edits: list[int | None],
    resume_each_time: bool,
) -> None:
    vendor = MovingList({f"r{number}": when for number, when in enumerate(updated)}, page_size, strict, tells_pages)
    pending = list(edits)
    latest: dict[str, int] = {}
    position: Position | None = Position()
    while position is not None:
        rows, following = next(walk(vendor, position))
        latest.update((row.id, row.updated_ms) for row in rows)
        if pending and vendor.updated and (edited := pending.pop(0)) is not None:
            vendor.edit(f"r{edited % len(vendor.updated)}")
        position = following
        if resume_each_time and position is not None:
            position = paging.load(position.dump())
    assert latest.keys() == vendor.updated.keys()


def test_a_thousand_records_of_one_second_with_an_edit_at_each_step() -> None:
    vendor = MovingList({f"r{n}": START_MS + n % 7 for n in range(1000)}, 100, strict=True)
    seen: set[str] = set()
    edited = 0
    for rows, _ in walk(vendor, Position()):
        seen.update(row.id for row in rows)
        if edited < 40:
            vendor.edit(f"r{edited}")
            edited += 1
    assert len(seen) == 1000


def test_a_quiet_list_repeats_almost_nothing() -> None:
    vendor = MovingList({f"r{n}": START_MS + n * 2_500 for n in range(1000)}, 100, strict=False)
    handed_out = [row.id for rows, _ in walk(vendor, Position()) for row in rows]
    assert sorted(handed_out) == sorted(vendor.updated)
    assert vendor.requests <= 12


def test_every_cursor_leads_to_the_rest() -> None:
    updated = {f"r{n}": START_MS + (n // 40) * 1000 for n in range(300)}
    whole = list(walk(MovingList(dict(updated), 25, strict=False), Position()))
    for place, (_, position) in enumerate(whole):
        if position is None:
            continue
        before = {row.id for rows, _ in whole[: place + 1] for row in rows}
        rest = walk(MovingList(dict(updated), 25, strict=False), paging.load(position.dump()))
        after = {row.id for rows, _ in rest for row in rows}
        assert before | after == updated.keys()


def test_records_without_a_time_are_read_too() -> None:
    vendor = MovingList({f"r{n}": paging.UNDATED_MS for n in range(35)}, 10, strict=False)
    vendor.now_ms = START_MS

    def page(position: Position) -> tuple[list[Row], bool]:
        rows = [Row(key, value) for key, value in vendor.updated.items()]
        start = (position.page - 1) * 10
        return rows[start : start + 10], start + 10 >= len(rows)

    position: Position | None = Position()
    seen: set[str] = set()
    for _ in range(50):
        if position is None:
            break
        rows, is_last = page(position)
        seen.update(row.id for row in rows)
        position = position.after(rows, is_last_page=is_last)
    assert position is None
    assert len(seen) == 35


def test_a_cursor_stays_small() -> None:
    crowded = Position(5, seen={f"00000000-0000-0000-0000-{n:012}": n for n in range(5_000)})
    assert len(crowded.dump()) < 200
    few = Position(5, 3, seen={"a": 1})
    assert paging.load(few.dump()) == few


@pytest.mark.parametrize("cursor", ["", "{", "[]", '{"p":"x"}', "null"])
def test_a_cursor_of_another_make_is_refused(cursor: str) -> None:
    with pytest.raises(VendorUnavailable):
        paging.load(cursor)
