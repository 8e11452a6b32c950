"""Values out of a vendor's own JSON, by the dotted paths that applications write: `$.Contact.Name`, `Lines[0].Id`.

Numbers keep every digit. A path that leads nowhere, or to an object or a list, yields None: content never makes a
path raise.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final, TypeAlias

import msgspec

from bookbridge.companies.errors import ValidationProblem

PATH_LENGTH_MAX: Final = 300
STEPS_MAX: Final = 20

Scalar: TypeAlias = str | int | Decimal | bool | None
Path: TypeAlias = tuple[str | int, ...]

_STEP = re.compile(r"(?P<name>[^.\[\]\x00]+)(?P<places>(\[[0-9]{1,6}\])*)")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def decode(raw: bytes) -> Any:
    """A vendor's JSON text with its numbers as int and Decimal. Raises msgspec.DecodeError."""
    return _decoder.decode(raw)


def path_of(text: str, field: str) -> Path:
    """The steps of a path. Raises ValidationProblem, which names the `field`."""
    bare = text.strip().removeprefix("$").removeprefix(".")
    steps: list[str | int] = []
    if len(text) <= PATH_LENGTH_MAX and bare:
        for part in bare.split("."):
            step = _STEP.fullmatch(part)
            if step is None:
                break
            steps.append(step["name"])
            steps += [int(place) for place in re.findall(r"[0-9]+", step["places"])]
        else:
            if len(steps) <= STEPS_MAX:
                return tuple(steps)
    raise ValidationProblem(f"'{text[:50]}' is not a path such as $.Contact.Name.", field)


def value_at(content: Any, path: Path) -> Scalar:
    """The value at the path, if it is text, a number or a truth value."""
    for step in path:
        if isinstance(step, str):
            content = content.get(step) if isinstance(content, dict) else None
        else:
            content = content[step] if isinstance(content, list) and step < len(content) else None
    return content if isinstance(content, str | int | Decimal | bool) else None
