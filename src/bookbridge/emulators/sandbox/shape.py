"""Whether a body has the shape of a record, so that what is behind may rely on it: kinds of values, words, dates.

What is missing, refers to nothing or does not add up is found when it is booked.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import msgspec

from bookbridge.accounting.catalog import by_key
from bookbridge.accounting.dates import parse_contract_datetime
from bookbridge.accounting.fields import Field, Kind, fields_of
from bookbridge.accounting.money import is_plain
from bookbridge.accounting.types.bank_transactions import BANK_TRANSACTION_LINES
from bookbridge.emulators.sandbox.book import Json, Problem, Refused

PROBLEMS_MAX: Final = 100


def check_shape(kind: str, body: Json) -> None:
    """Raises Refused for a body whose known fields hold what they cannot. Unknown fields are of no concern."""
    data_type = BANK_TRANSACTION_LINES if kind == BANK_TRANSACTION_LINES.key else by_key(kind)
    problems = list(_problems(data_type.record, body, ""))[:PROBLEMS_MAX]
    if problems:
        raise Refused(*problems)


def _problems(struct: type[msgspec.Struct], content: Json, prefix: str) -> Iterator[Problem]:
    for field in fields_of(struct):
        value, path = content.get(field.json_name), f"{prefix}{field.json_name}"
        if value is None:
            continue
        if field.is_list:
            if isinstance(value, list):
                for position, entry in enumerate(value):
                    yield from _value(field, entry, f"{path}[{position}]")
            else:
                yield Problem(path, f"{path} must be a list.")
        else:
            yield from _value(field, value, path)


def _value(field: Field, value: Any, path: str) -> Iterator[Problem]:
    if field.struct is not None:
        if isinstance(value, dict):
            yield from _problems(field.struct, value, f"{path}.")
        else:
            yield Problem(path, f"{path} must be an object.")
    elif not _fits(field, value):
        expected = f"one of {', '.join(field.words)}" if field.words else f"a {field.kind.value}"
        yield Problem(path, f"{path} must be {expected}.")


def _fits(field: Field, value: Any) -> bool:
    if field.kind is Kind.NUMBER:
        return isinstance(value, int | Decimal) and not isinstance(value, bool) and is_plain(Decimal(value))
    if field.kind is Kind.BOOL:
        return isinstance(value, bool)
    if field.kind is Kind.ENUM:
        return value in field.words
    if field.kind is Kind.MAP:
        return isinstance(value, dict)
    return isinstance(value, str) and (field.kind is not Kind.DATE or _is_date(value))


def _is_date(text: str) -> bool:
    try:
        parse_contract_datetime(text)
    except ValueError:
        return False
    return True
