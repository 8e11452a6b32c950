"""What a session may do beyond `Session`: hand out a list at the moment of asking, page by page, without a sync.

A sync must see every record of a list; who asks live wants a few that meet a condition, now. The connector lets its
vendor narrow the list where it can, and hands out more than was wanted where it cannot: whoever asks looks again. A
protocol of its own, asked for with `isinstance`; `Connector.live` says which data types it serves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from bookbridge.connectors.kit.session import Reread


@dataclass(frozen=True)
class Wanted:
    """What the records should be like."""

    statuses: frozenset[str] = frozenset()
    """The contract's words for `status`, of which one should apply; empty: any."""
    modified_since: datetime | None = None
    """Records that were not changed at or after this moment are of no interest."""


@dataclass(frozen=True)
class LivePage:
    """A bounded part of a list. It may hold records that are not wanted, and none at all before the end."""

    rereads: Sequence[Reread]
    """The records, as they could be saved."""
    cursor: str | None
    """Continues after this page, in any later session, when the same is wanted; None after the last page. At most
    CURSOR_LENGTH_MAX characters: it travels in an address."""


CURSOR_LENGTH_MAX = 4_000


@runtime_checkable
class LiveReader(Protocol):
    """A session whose vendor's lists can be asked at any moment."""

    async def live(self, data_type: str, wanted: Wanted, cursor: str | None) -> LivePage:
        """One page. `data_type` is a key of the catalogue; of a single record the page holds just that one. Like a
        sync it omits nothing that existed when the first page was asked for, and may repeat what was changed since.
        Raises NotSupported for other data types than the manifest's, or any other VendorError."""
        ...
