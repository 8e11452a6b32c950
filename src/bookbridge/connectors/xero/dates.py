"""Xero's dates, `/Date(1563753600000+0000)/`, in and out.

Xero writes milliseconds since 1970 in UTC; a business date is midnight UTC of its day. Unreadable text
becomes None, never an error: one odd date must not stop a whole list. This module must not read the clock.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

from bookbridge.accounting.dates import contract_date, parse_contract_datetime

DATES_CACHED_MAX = 8192
"""Distinct business dates remembered: more than twenty years of days."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PREFIX = "/Date("
_PREFIX_LENGTH = len(_PREFIX)
_MILLISECOND = timedelta(milliseconds=1)
_DAY_MS = 86_400_000


def milliseconds(text: str | None) -> int | None:
    """Milliseconds since 1970 of Xero's form or of an ISO date without zone (UTC); None if unreadable."""
    if not text:
        return None
    try:
        if text.startswith(_PREFIX):
            # The zone after the number is always +0000 and the number is UTC whatever it says. A sign may
            # stand in front of the number, so the search for the zone starts one later.
            end = text.find("+", _PREFIX_LENGTH + 1)
            if end < 0:
                end = text.find(")", _PREFIX_LENGTH)
            return int(text[_PREFIX_LENGTH:end])
        return (parse_contract_datetime(text) - _EPOCH) // _MILLISECOND
    except ValueError:
        return None


def from_milliseconds(value: int) -> datetime:
    """The aware UTC moment. Raises OverflowError beyond the calendar."""
    return _EPOCH + timedelta(milliseconds=value)


def moment(text: str | None) -> str | None:
    """A time of change in the contract's form, or None."""
    value = milliseconds(text)
    if value is None:
        return None
    # Put together from its day, which many records share: a sync writes one such time for every record it reads.
    days, rest = divmod(value, _DAY_MS)
    written = _written_day(days)
    if written is None:
        return None
    seconds, thousandths = divmod(rest, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{written}T{hour:02}:{minute:02}:{second:02}.{thousandths:03}0000Z"


@lru_cache(maxsize=DATES_CACHED_MAX)
def _written_day(days: int) -> str | None:
    """The day so many days after 1970 began, or None beyond the calendar."""
    try:
        return (_EPOCH + timedelta(days=days)).date().isoformat()
    except OverflowError:
        return None


@lru_cache(maxsize=DATES_CACHED_MAX)
def day(text: str | None) -> str | None:
    """A business date in the contract's form, or None."""
    value = milliseconds(text)
    if value is None:
        return None
    try:
        return contract_date(from_milliseconds(value).date())
    except OverflowError:
        return None


def http_date(value: datetime) -> str:
    """The moment for If-Modified-Since; fractions of a second are cut off, since the header has none."""
    return format_datetime(value.astimezone(UTC).replace(microsecond=0), usegmt=True)
