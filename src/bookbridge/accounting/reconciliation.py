"""Whether a movement in the books has been found on the bank's statement."""

from __future__ import annotations

from bookbridge.accounting.records import Word


class ReconciliationStatus(Word):
    """Where a movement stands between being booked and being found on the bank's statement."""

    UNKNOWN = "Unknown"
    UNRECONCILED = "Unreconciled"
    RECONCILED = "Reconciled"
    VOID = "Void"
