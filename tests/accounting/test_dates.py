"""The contract's two date forms, and the forgiving way back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookbridge.accounting.dates import contract_date, contract_datetime, parse_contract_datetime


def test_a_moment_leaves_in_utc_with_seven_decimals() -> None:
    moment = datetime(2026, 1, 5, 11, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))
    assert contract_datetime(moment) == "2026-01-05T09:00:00.1234560Z"


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        contract_datetime(datetime(2026, 1, 5))  # noqa: DTZ001


def test_a_business_date_has_no_zone() -> None:
    assert contract_date(date(2026, 1, 5)) == "2026-01-05T00:00:00"
    assert contract_date(datetime(2026, 1, 5, 23, 59, tzinfo=UTC)) == "2026-01-05T00:00:00"


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_survives_the_round_trip(moment: datetime) -> None:
    assert parse_contract_datetime(contract_datetime(moment)) == moment


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_text_order_is_time_order(first: datetime, second: datetime) -> None:
    assert (contract_datetime(first) < contract_datetime(second)) == (first < second)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05T09:00:00Z",
        "2026-01-05T09:00:00",
        "2026-01-05T09:00",
        "2026-01-05 09:00:00z",
        "2026-01-05T09:00:00.0Z",
        "2026-01-05T09:00:00.0000000Z",
        "2026-01-05T10:30:00+01:30",
        "2026-01-05T04:00:00.000-0500",
    ],
)
def test_reads_the_usual_spellings(text: str) -> None:
    assert parse_contract_datetime(text) == datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_reads_a_date_alone_and_drops_the_seventh_decimal() -> None:
    assert parse_contract_datetime("2026-01-05") == datetime(2026, 1, 5, tzinfo=UTC)
    assert parse_contract_datetime("2026-01-05T00:00:00.1234569Z").microsecond == 123456


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-02-30",
        "2026-13-01",
        "2026-01-05T24:00:00",
        "2026-01-05T09:00:00.00000000Z",
        "2026-01-05\n",
        "20260105",
        "2026-W01-1",
        "٢٠٢٦-01-05",
        "0001-01-01T00:00:00+10:00",
        "2026-01-05T09:00:00Z" + " " * 100,
    ],
)
def test_refuses_everything_else(text: str) -> None:
    with pytest.raises(ValueError):
        parse_contract_datetime(text)
