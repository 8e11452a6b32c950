"""Reading what an application sent, field by field, until everything that is wrong with it is known.

Names are taken whatever their case, since published examples differ in it, and problems name fields the way the
contract's errors do: `Items[0].Lines[0].NetAmount`. It must not know any one transaction.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec

from bookbridge.accounting.dates import contract_date, parse_contract_datetime
from bookbridge.accounting.money import RATE_PLACES, currency_places, is_plain
from bookbridge.accounting.problems import Problem
from bookbridge.products.expenses.errors import InvalidRequest

SPENT_MAX: Final = Decimal(5_000_000)
"""Of a line's net amount or tax, in the transaction's currency."""

MOVED_MAX: Final = Decimal(10**12)
"""Of a transfer's or an adjustment's amount, in its currency: in some of them a million is small money."""

RATE_MAX: Final = Decimal(10**7)
CURRENCY_PLACES_MAX: Final = 4

ID_LENGTH_MAX: Final = 255
CURRENCY_LENGTH: Final = 3

E = TypeVar("E", bound=StrEnum)

_EXACT_DECODER = msgspec.json.Decoder(float_hook=Decimal)


def parse(body: bytes) -> object:
    """The JSON in a body, numbers as int and Decimal. Raises InvalidRequest."""
    try:
        return _EXACT_DECODER.decode(body)
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
        raise InvalidRequest([Problem("Body", f"The body is not valid JSON ({str(error)[:200]}).")]) from error


class Given:
    """One object of a body. Whatever is wrong is added to `problems`; a reading that failed returns None (or nothing),
    so that reading can go on and find the rest."""

    def __init__(self, content: object, place: str, problems: list[Problem]) -> None:
        self.place = place
        self.problems = problems
        self._fields: dict[str, Any] = {}
        if isinstance(content, dict):
            self._fields = {str(name).casefold(): value for name, value in content.items() if value is not None}
        else:
            self.wrong("", "must be an object")

    def where(self, name: str) -> str:
        """A field as problems name it."""
        return ".".join(part for part in (self.place, name) if part)

    def wrong(self, name: str, what: str) -> None:
        """Note that a field is wrong."""
        where = self.where(name)
        self.problems.append(Problem(where, f"The field {name or where or 'Body'} {what}."))

    def has(self, name: str) -> bool:
        """Whether a field was sent, and not as null."""
        return name.casefold() in self._fields

    def text(self, name: str, length_max: int, *, required: bool = False) -> str | None:
        """Text without surrounding space; None for blank."""
        value = self._of_type(name, str, "must be text", required=required)
        if value is None:
            return None
        text = str(value).strip()
        if "\x00" in text or len(text) > length_max:
            self.wrong(name, f"must be text of at most {length_max} characters, without the character NUL")
            return None
        if not text and required:
            self.wrong(name, "is required")
        return text or None

    def uuid(self, name: str) -> UUID | None:
        """A UUID, which is required."""
        text = self.text(name, ID_LENGTH_MAX, required=True)
        if text is None:
            return None
        try:
            return UUID(text)
        except ValueError:
            self.wrong(name, "must be a UUID")
            return None

    def word(self, name: str, words: type[E]) -> E | None:
        """One of the words, whatever its case; required."""
        text = self.text(name, ID_LENGTH_MAX, required=True)
        if text is None:
            return None
        found = next((word for word in words if word.value.casefold() == text.casefold()), None)
        if found is None:
            self.wrong(name, f"must be one of {', '.join(word.value for word in words)}")
        return found

    def day(self, name: str) -> str | None:
        """A required date, as the contract writes days: the day as it was written, whatever its zone."""
        text = self.text(name, ID_LENGTH_MAX, required=True)
        if text is None:
            return None
        try:
            parse_contract_datetime(text)
            return contract_date(parse_contract_datetime(text[:10]))
        except ValueError:
            self.wrong(name, "must be a date such as 2026-01-31 or 2026-01-31T00:00:00Z")
            return None

    def currency(self, name: str, *, required: bool = True) -> str | None:
        """A currency's three letters, as capitals."""
        text = self.text(name, ID_LENGTH_MAX, required=required)
        if text is None:
            return None
        if len(text) != CURRENCY_LENGTH or not (text.isascii() and text.isalpha()):
            self.wrong(name, "must be a currency code of three letters")
            return None
        return text.upper()

    def spent(self, name: str, currency: str | None, *, required: bool = False) -> Decimal | None:
        """A net amount or tax: at least zero, with no more places than the currency has."""
        return self._amount(name, Decimal(0), SPENT_MAX, currency_places(currency), required=required)

    def moved(self, name: str) -> Decimal | None:
        """A required amount above zero. How many places it may have is for its account's currency to say."""
        value = self._amount(name, Decimal(0), MOVED_MAX, CURRENCY_PLACES_MAX, required=True)
        if value == 0:
            self.wrong(name, "must be greater than zero")
            return None
        return value

    def booked(self, name: str, currency: str | None) -> Decimal | None:
        """A required amount with a sign, with no more places than the currency has."""
        return self._amount(name, -MOVED_MAX, MOVED_MAX, currency_places(currency), required=True)

    def _amount(self, name: str, least: Decimal, most: Decimal, places: int, *, required: bool) -> Decimal | None:
        value = self.number(name, required=required)
        if value is None:
            return None
        if not least <= value <= most:
            self.wrong(name, f"must be between {least} and {most}")
            return None
        if value != round(value, places):
            self.wrong(name, f"must not have more than {places} decimal places")
            return None
        return value

    def rate(self, name: str) -> Decimal | None:
        """An exchange rate that multiplies into the base currency."""
        value = self.number(name)
        if value is None:
            return None
        if value <= 0 or value > RATE_MAX or value != round(value, RATE_PLACES):
            self.wrong(name, f"must be greater than zero, with at most {RATE_PLACES} decimal places")
            return None
        return value

    def number(self, name: str, *, required: bool = False) -> Decimal | None:
        """A number within our limits of digits."""
        value = self._of_type(name, (int, Decimal), "must be a number (not in quotes)", required=required)
        if value is None:
            return None
        number = Decimal(value)
        if not is_plain(number):
            self.wrong(name, "must be a number of bearable size")
            return None
        return number

    def flag(self, name: str) -> bool:
        """True or false; false when absent."""
        return bool(self._of_type(name, bool, "must be true or false", required=False))

    def reference(self, name: str, *, required: bool = False) -> str | None:
        """The id in an object that refers to a record."""
        inner = self.object(name, required=required)
        return inner.text("Id", ID_LENGTH_MAX, required=required) if inner is not None else None

    def object(self, name: str, *, required: bool = False) -> Given | None:
        """An object within this one."""
        value = self._of_type(name, dict, "must be an object", required=required)
        return None if value is None else Given(value, self.where(name), self.problems)

    def objects(self, name: str, at_least: int, at_most: int) -> list[Given]:
        """A list of objects; an absent list is empty."""
        value = self._of_type(name, list, "must be a list", required=at_least > 0)
        return listed(value, self.where(name), at_least, at_most, self.problems) if value is not None else []

    def texts(self, name: str, at_least: int, at_most: int) -> list[str]:
        """A list of texts."""
        value = self._of_type(name, list, "must be a list", required=at_least > 0)
        if value is None:
            return []
        if not at_least <= len(value) <= at_most or not all(isinstance(entry, str) for entry in value):
            self.wrong(name, f"must be a list of {at_least} to {at_most} texts")
            return []
        return list(value)

    def _of_type(self, name: str, kind: Any, expected: str, *, required: bool) -> Any:
        value = self._fields.get(name.casefold())
        if value is None:
            if required:
                self.wrong(name, "is required")
            return None
        # To Python true is a number; to whoever reads a ledger it is not.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            self.wrong(name, expected)
            return None
        return value


def listed(content: object, place: str, at_least: int, at_most: int, problems: list[Problem]) -> list[Given]:
    """The objects of a list at a place, none of a list that is too short or too long."""
    if not isinstance(content, list):
        problems.append(Problem(place, f"The field {place} must be a list."))
        return []
    if not at_least <= len(content) <= at_most:
        message = f"The field {place} must have between {at_least} and {at_most} entries, not {len(content)}."
        problems.append(Problem(place, message))
        return []
    return [Given(entry, f"{place}[{position}]", problems) for position, entry in enumerate(content)]
