"""Times and dates in the contract's text form, and back.

Records hold dates as text already in that form: they are compared, stored and sent far more often than
calculated with. This module is the only place that knows the form. It must not read the clock.

Two forms, both fixed in width so that text order is time order:

- a moment: `2026-01-05T09:00:00.0000000Z`, always UTC. Seven decimals, because that is what readers of this
  contract already receive, and because microseconds must survive: a client that asks for `modifiedDate >
  <the last one it saw>` would otherwise be given the same record for ever;
- a business date (an issue date, a due date): `2026-01-05T00:00:00`, without a zone, because an invoice is
  dated by the calendar on the wall of its issuer.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Final, TypeAlias

import msgspec

DATETIME_CHARACTERS_MAX: Final = 40

# `$(?!\n)` rather than `\Z`: the pattern is published in JSON Schema, whose dialect lacks `\Z`, and a bare
# `$` would let a trailing newline through.
DATETIME_PATTERN: Final = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"([T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,7})?)?"
    r"(Z|z|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])?)?$(?!\n)"
)
_PATTERN = re.compile(DATETIME_PATTERN)

ContractDateTime: TypeAlias = Annotated[
    str,
    msgspec.Meta(
        pattern=DATETIME_PATTERN,
        max_length=DATETIME_CHARACTERS_MAX,
        description="ISO 8601 date and time; UTC where no offset is given.",
        extra={"kind": "date"},
    ),
]
"""Text in one of the contract's two date forms. Checked when decoded, trusted when built by our own code."""


def contract_datetime(moment: datetime) -> str:
    """The moment as `YYYY-MM-DDTHH:MM:SS.fffffffZ`, in UTC. Raises ValueError for a moment without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone; convert vendor times with parse_contract_datetime")
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(timespec="microseconds") + "0Z"


def contract_date(day: date) -> str:
    """The calendar day as `YYYY-MM-DDT00:00:00`. Of a datetime, the day as written, whatever its zone."""
    if isinstance(day, datetime):
        day = day.date()
    return f"{day.isoformat()}T00:00:00"


def parse_contract_datetime(text: str) -> datetime:
    """The moment that the text names, aware, in UTC.

    Accepts a date alone, zero to seven decimals of a second (the seventh is dropped), `Z`, an offset, or no
    zone at all, which means UTC. Raises ValueError for anything else, also for days that no calendar has.
    """
    if len(text) > DATETIME_CHARACTERS_MAX or not _PATTERN.match(text):
        raise ValueError(f"not a date or date-time: {text[:DATETIME_CHARACTERS_MAX]!r}")
    moment = datetime.fromisoformat(text.upper())
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"date-time out of range: {text!r}") from error
