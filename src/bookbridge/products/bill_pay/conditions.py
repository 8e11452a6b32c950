"""What a caller wants of a list, in the contract's query language, over records that are in no table.

The language is `store.query`'s, and PostgreSQL decides as it does everywhere else: the records' two properties are
handed to it as arrays. So that the vendor can narrow its list, the condition is also tried on the statuses that there
are, and on the moments around each date that it names: between those moments its answer cannot change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg

from bookbridge.connectors.kit.live import Wanted
from bookbridge.store.pool import Db
from bookbridge.store.query import Compiled, Kind, Property, compile_query

STATUS: Final = "status"
SOURCE_MODIFIED_DATE: Final = "sourceModifiedDate"

_PROPERTIES: Final = {
    STATUS: Property(Kind.STRING, "asked.status"),
    SOURCE_MODIFIED_DATE: Property(Kind.DATE, "asked.modified"),
}
_FIRST_ARGUMENT: Final = 3
_INSTANT: Final = timedelta(microseconds=1)
_LONG_AGO: Final = datetime(1, 1, 2, tzinfo=UTC)

Facts = tuple[str | None, datetime | None]
"""Status and time of change of a record."""


@dataclass(frozen=True)
class Condition:
    """A condition on status and time of change, understood."""

    compiled: Compiled | None
    defaults: frozenset[str]
    """Statuses that are wanted when the condition says nothing of the status; empty: any."""

    @property
    def says_status(self) -> bool:
        """Whether the caller's own condition is about the status."""
        return self.compiled is not None and _PROPERTIES[STATUS].sql in self.compiled.sql

    async def met_by(self, db: Db | asyncpg.Pool, records: Sequence[Facts]) -> list[bool]:
        """Which of the records meet it."""
        shown = [self.says_status or not self.defaults or status in self.defaults for status, _ in records]
        if self.compiled is None or not records:
            return shown
        rows = await db.fetch(
            f"""select coalesce({self.compiled.sql}, false) as met
            from unnest($1::text[], $2::timestamptz[]) with ordinality as asked (status, modified, place)
            order by place""",  # noqa: S608
            [status for status, _ in records],
            [modified for _, modified in records],
            *self.compiled.arguments,
        )
        return [wanted and row["met"] for wanted, row in zip(shown, rows, strict=True)]

    async def wanted(self, db: Db | asyncpg.Pool, statuses: Iterable[str]) -> Wanted | None:
        """The narrowest question to a vendor whose answer holds everything that meets it, given the statuses that its
        records may have; None if no record can meet it."""
        words = [*statuses, None]
        moments = self._moments()
        points: list[Facts] = [(word, moment) for word in words for moment in moments]
        met = [point for point, is_met in zip(points, await self.met_by(db, points), strict=True) if is_met]
        if not met:
            return None
        possible, times = {status for status, _ in met}, {moment for _, moment in met}
        narrowed = frozenset(word for word in possible if word) if None not in possible else frozenset()
        if None in times or _LONG_AGO in times:
            return Wanted(narrowed)
        return Wanted(narrowed, min(moment for moment in times if moment is not None) - _INSTANT)

    def _moments(self) -> list[datetime | None]:
        """Times of change between which the condition cannot tell a difference."""
        named = [one for one in (self.compiled.arguments if self.compiled else ()) if isinstance(one, datetime)]
        # A caller may name the first and the last moments that there are.
        inner = [
            moment for moment in named if datetime(1, 1, 3, tzinfo=UTC) < moment < datetime.max.replace(tzinfo=UTC)
        ]
        return [None, _LONG_AGO, *{near for one in inner for near in (one - _INSTANT, one, one + _INSTANT)}]


def condition(text: str, defaults: frozenset[str], *, of: str) -> Condition:
    """Understand a query; empty text asks for the default statuses. Raises QueryError for any other property than
    `status` and `sourceModifiedDate`, and for what cannot be parsed."""
    compiled = compile_query(text, _PROPERTIES, of=of, first=_FIRST_ARGUMENT) if text.strip() else None
    return Condition(compiled, defaults)
