"""Where in a record a refusal belongs: the positions in its lists, which Xero does not tell.

A list of one entry leaves no doubt. Of several, the entry is meant whose value the message quotes; if that cannot be
told, the field is named without a position. Nothing is decided by it but where a message is shown. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from bookbridge.accounting.records import Record
from bookbridge.connectors.kit.errors import FieldProblem, Rejected

_SEGMENT: Final = re.compile(r"(?P<name>\w+)(\[(?P<place>\d+)\])?")
_UNPLACED: Final = re.compile(r"^(lineItems|journalLines)\.accountRef\.id$")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_SIDES: Final = ("billItem.", "invoiceItem.")
"""An item is bought and sold; Xero's messages do not say which of the two they mean."""


def placed(refused: Rejected, record: Record, codes: Mapping[str, str] | None = None) -> Rejected:
    """The refusal with the positions that the record gives away. `codes` are those of accounts, by id: a message may
    quote the one where the record has the other."""
    content: dict[str, Any] = msgspec.to_builtins(record, builtin_types=(Decimal,))
    coded = _coded(content, codes) if codes else content
    problems = tuple(
        FieldProblem(_placed(_side(problem.field, problem.message, coded), problem.message, coded), problem.message)
        for problem in refused.fields
    )
    return Rejected(refused.message, problems)


def names_no_account_by_place(refused: Rejected) -> bool:
    """Whether it is about an account of one of several lines, and does not say which."""
    return any(_UNPLACED.search(problem.field) for problem in refused.fields)


def _coded(content: Any, codes: Mapping[str, str]) -> Any:
    """The content with the codes of accounts for their ids."""
    if isinstance(content, Mapping):
        return {name: _coded(value, codes) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [_coded(value, codes) for value in content]
    return codes.get(content.lower(), content) if isinstance(content, str) else content


def _placed(field: str, message: str, content: Any) -> str:
    """The dotted path with positions, as far as they can be told."""
    name, _, rest = field.partition(".")
    segment = _SEGMENT.fullmatch(name)
    value = content.get(segment["name"]) if segment and isinstance(content, Mapping) else None
    if segment is None or value is None:
        return field
    if isinstance(value, list | tuple):
        place = int(segment["place"]) if segment["place"] else _place(value, rest, message)
        if place is None or place >= len(value):
            return field
        name, value = f"{segment['name']}[{place}]", value[place]
    return f"{name}.{_placed(rest, message, value)}" if rest else name


def _place(entries: list[Any] | tuple[Any, ...], rest: str, message: str) -> int | None:
    if len(entries) == 1:
        return 0
    meant = [place for place, entry in enumerate(entries) if _is_said(_at(entry, rest), message)]
    return meant[0] if meant else None


def _side(field: str, message: str, content: Mapping[str, Any]) -> str:
    """A field of an item on the side that has a value, or whose value the message quotes."""
    if not field.startswith(_SIDES[0]):
        return field
    values = {side: _at(content, side + field.removeprefix(_SIDES[0])) for side in _SIDES}
    told = [side for side, value in values.items() if value is not None]
    quoted = [side for side in told if _is_said(values[side], message)]
    return next(iter(quoted or told), _SIDES[0]) + field.removeprefix(_SIDES[0])


def _at(content: Any, path: str) -> Any:
    for name in path.split("."):
        if isinstance(content, list | tuple):
            content = content[0] if content else None
        content = content.get(name) if isinstance(content, Mapping) else None
    return content


def _is_said(value: Any, message: str) -> bool:
    if isinstance(value, Decimal):
        return value in {Decimal(number) for number in _NUMBER.findall(message)}
    if not isinstance(value, str) or not value:
        return False
    return re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", message, re.IGNORECASE) is not None
