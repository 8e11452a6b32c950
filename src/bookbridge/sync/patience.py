"""How often a read is tried that meets trouble, and how long it waits in between. A page that arrives starts the count
anew; what the vendor itself says of waiting is kept instead, and is none of this module's business."""

from __future__ import annotations

from typing import Final

ATTEMPTS_MAX: Final = 10
BACKOFF_FIRST_S: Final = 5.0
BACKOFF_FACTOR: Final = 3.0
BACKOFF_MAX_S: Final = 8 * 3_600.0
"""Ten attempts are over after half a day, which is longer than platforms are away."""

OUR_ATTEMPTS_MAX: Final = 5
"""A fault of ours seldom mends itself: five attempts are over after some minutes."""


def backoff_s(attempts: int) -> float:
    """How long to wait after a failed attempt that so many have come before."""
    wait_s: float = BACKOFF_FIRST_S * BACKOFF_FACTOR**attempts
    return min(wait_s, BACKOFF_MAX_S)
