"""Opens books and lets them grow: each is brought up to today before anything is read or written.

A new book is two years old. It grows by whole days (UTC), so that what was read on a day is all that the story tells
until that day's end.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Final

from bookbridge.emulators.sandbox import cast, chart
from bookbridge.emulators.sandbox.book import BASE_CURRENCY, Book, Json
from bookbridge.emulators.sandbox.storage import Organisation, Storage
from bookbridge.emulators.sandbox.story import SIZES, Story, perform

HISTORY_YEARS: Final = 2
SIZE_DEFAULT: Final = "small"
YEAR_START_MONTH: Final = 4
"""The company's financial year begins with April."""


class UnknownSize(ValueError):
    """A size that is none of SIZES."""


def open_book(storage: Storage, organisation_id: str, seed: str, size: str, today: date) -> Organisation:
    """The organisation under this id, made with two years of books if there is none. Raises UnknownSize."""
    kept = storage.organisation(organisation_id)
    if kept is not None:
        return grow(storage, kept, today)
    if size not in SIZES:
        raise UnknownSize(size)
    chance = Random(seed)
    name = f"{chance.choice(cast.FIRST_NAMES)} & {chance.choice(cast.FIRST_NAMES)} {chance.choice(cast.LAST_NAMES)}"
    opened = date(today.year - HISTORY_YEARS, today.month, 1)
    before = (opened - timedelta(days=1)).isoformat()
    fresh = Organisation(organisation_id, name, seed, size, opened.isoformat(), before, 0)
    book = Book(storage, fresh)
    with storage.transaction():
        chart.lay_out(book, f"{fresh.opened}T00:00:00")
        cast.introduce(book)
        book.flush(_microseconds(opened))
        storage.save_organisation(book.organisation)
        _grow(book, today)
        storage.save_organisation(book.organisation)
    return book.organisation


def grow(storage: Storage, organisation: Organisation, today: date) -> Organisation:
    """Tell the story up to today. Returns the title page as it is now."""
    if date.fromisoformat(organisation.grown_to) >= today:
        return organisation
    book = Book(storage, organisation)
    with storage.transaction():
        _grow(book, today)
        storage.save_organisation(book.organisation)
    return book.organisation


def _grow(book: Book, today: date) -> None:
    organisation = book.organisation
    told = date.fromisoformat(organisation.grown_to)
    story = Story(organisation.seed, organisation.size, date.fromisoformat(organisation.opened))
    for day, steps in story.days(today):
        if day <= told:
            continue
        perform(book, steps)
        _describe(book, day)
        book.flush(_microseconds(day))
    book.organisation = replace(book.organisation, grown_to=today.isoformat())


def _describe(book: Book, day: date) -> None:
    """Tell of the company what is so on a day."""
    told = {"id": "company", **_company(book.organisation, day)}
    if book.get("company", "company") != told:
        book.put("company", told)


def _company(organisation: Organisation, day: date) -> Json:
    host = "".join(letter for letter in organisation.name.lower() if letter.isalpha())
    address = {"type": "Billing", "line1": "Unit 4, Canal Works", "city": "Leeds", "postalCode": "LS1 4AP"}
    return {
        "companyName": organisation.name,
        "companyLegalName": f"{organisation.name} Limited",
        "accountingPlatformRef": organisation.id,
        "addresses": [{**address, "country": "United Kingdom"}],
        "phoneNumbers": [{"type": "Primary", "number": "0113 496 0100"}],
        "webLinks": [{"type": "Website", "url": f"https://{host}.example"}],
        "registrationNumber": "09134457",
        "taxNumber": "GB320451688",
        "financialYearStartDate": f"{day.year - (day.month < YEAR_START_MONTH)}-{YEAR_START_MONTH:02}-01T00:00:00",
        "baseCurrency": BASE_CURRENCY,
        "createdDate": f"{organisation.opened}T00:00:00",
    }


def _microseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000
