"""What becomes of a sync, in the contract's numbers, and which of several counts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import IntEnum
from typing import Final
from uuid import UUID


class SyncCode(IntEnum):
    """Where a sync stands. A platform whose own subscription has run out answers like one that refuses: no vendor tells
    the two apart, so nothing here stands for it."""

    IN_PROGRESS = 1000
    LONG_IN_PROGRESS = 1010
    WRITTEN = 2000
    NOTHING_WRITTEN = 2040
    CONFIGURATION = 4000
    DEAUTHORIZED = 4040
    UNLINKED = 4220
    SERVER = 5000
    DUPLICATE = 5080
    PROCESSING = 5120
    WRITING = 5130


STATUS_WORDS: Final = {
    SyncCode.WRITTEN: "Complete",
    SyncCode.NOTHING_WRITTEN: "Complete",
    SyncCode.CONFIGURATION: "ConfigurationError",
    SyncCode.DEAUTHORIZED: "ConnectionError",
    SyncCode.UNLINKED: "ConnectionError",
    SyncCode.SERVER: "Error",
    SyncCode.DUPLICATE: "ValidationError",
    SyncCode.PROCESSING: "ValidationError",
    SyncCode.WRITING: "PushError",
}

# Nothing but a person can mend the first ones, and whatever else went wrong may follow from them.
_WORST_FIRST: Final = (
    SyncCode.DEAUTHORIZED,
    SyncCode.UNLINKED,
    SyncCode.CONFIGURATION,
    SyncCode.SERVER,
    SyncCode.WRITING,
    SyncCode.PROCESSING,
    SyncCode.DUPLICATE,
)


def duplicates(transaction_ids: Iterable[UUID]) -> str:
    """What is said of transactions that are written already, or on their way."""
    return f"One or more transactions have previously been processed: {', '.join(map(str, transaction_ids))}"


def overall(codes: Collection[int]) -> SyncCode:
    """What the transactions' codes make of their sync: the worst, and success only if there is no failure."""
    for code in _WORST_FIRST:
        if code in codes:
            return code
    return SyncCode.WRITTEN if SyncCode.WRITTEN in codes else SyncCode.NOTHING_WRITTEN
