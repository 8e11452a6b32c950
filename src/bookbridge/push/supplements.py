"""Supplemental data of a create: fields of the platform's own record, in the request beside those of the contract.

    {"supplierName": "Ada", "supplementalData": {"content": {"Extra": {"nickname": "Countess"}}}}

Which of the platform's fields each is, the client has configured (`pushData`). They go into the very request that
creates the record, so that it fails or succeeds as a whole; a name that the contract's fields use too is overwritten.
Other writes than creates take none. Nothing here knows what the fields mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import asyncpg
import msgspec

from bookbridge.accounting.records import Record
from bookbridge.companies import supplemental
from bookbridge.companies.supplemental import Configuration
from bookbridge.connectors.kit.connector import Facts, Write
from bookbridge.connectors.kit.connector import Operation as Kind
from bookbridge.connectors.kit.errors import FieldProblem, Rejected
from bookbridge.push import bodies
from bookbridge.store.pool import Db

FIELD: Final = "supplementalData"
VALUES_MAX: Final = 200
"""Values that one body may bring."""

TEXT_LENGTH_MAX: Final = 4_000
STEPS_MAX: Final = 20


@dataclass(frozen=True)
class Extra:
    """One value, and where it stands in the platform's record."""

    path: tuple[str, ...]
    value: str | int | Decimal | bool | None


@dataclass(frozen=True)
class Supplied:
    """What a body brings, and what is wrong with it."""

    extras: tuple[Extra, ...] = ()
    problems: tuple[FieldProblem, ...] = ()


async def supplied(db: Db | asyncpg.Pool, integration_key: str, write: Write[Any], body: bytes) -> Supplied | None:
    """The supplemental data of a body. None where there is none, or nothing is configured to be written: it is then a
    field like any other that the platform does not take. Raises MalformedBody."""
    if f'"{FIELD}"'.encode() not in body or write.operation is not Kind.CREATE:
        return None
    given = bodies.parse(body).get(FIELD)
    if given is None:
        return None
    configuration = await supplemental.configured(db, integration_key, write.data_type.key)
    if not any(part.push_data for part in configuration.supplemental_data_config.values()):
        return None
    extras: list[Extra] = []
    problems: list[FieldProblem] = []
    for found in _read(given, configuration, write.path):
        if isinstance(found, Extra):
            extras.append(found)
        else:
            problems.append(found)
    if len(extras) > VALUES_MAX:
        problems.append(FieldProblem(FIELD, f"At most {VALUES_MAX} values can be written."))
    return Supplied(tuple(extras), tuple(problems))


async def added(
    db: Db | asyncpg.Pool, integration_key: str, write: Write[Any] | None, body: str | None
) -> tuple[Extra, ...]:
    """What the body of an accepted write adds to the request. Raises Rejected when the configuration has changed since,
    so that it no longer fits."""
    if write is None or body is None:
        return ()
    found = await supplied(db, integration_key, write, body.encode())
    if found is not None and found.problems:
        raise Rejected(" ".join(one.message for one in found.problems), found.problems)
    return found.extras if found is not None else ()


def shape_with(shape: Callable[[Any, Facts], Any], extras: Sequence[Extra]) -> Callable[[Record, Facts], Any]:
    """The shape whose payload has the extras too. It raises Rejected for a place within something that is no object."""

    def shaped(record: Record, facts: Facts) -> Any:
        payload = msgspec.to_builtins(shape(record, facts), builtin_types=(Decimal,))
        for extra in extras:
            _put(payload, extra)
        return payload

    return shaped


def _put(payload: Any, extra: Extra) -> None:
    *holders, last = extra.path
    place = payload
    for name in holders:
        inner = place.get(name)
        if inner is None:
            inner = place[name] = {}
        if not isinstance(inner, dict):
            raise Rejected(f"{'.'.join(extra.path)}: '{name}' is no object in the platform's record.")
        place = inner
    place[last] = extra.value


def _read(given: Any, configuration: Configuration, list_path: str) -> Iterator[Extra | FieldProblem]:
    groups = given.get("content") if isinstance(given, Mapping) else None
    if not isinstance(groups, Mapping):
        yield FieldProblem(FIELD, f"{FIELD} must have a content, with the fields of each group by its name.")
        return
    for name, fields in groups.items():
        where = f"{FIELD}.content.{name}"
        part = configuration.supplemental_data_config.get(name)
        if part is None:
            yield FieldProblem(where, f"{where} is not configured for this platform.")
        elif part.list_path != list_path.casefold():
            yield FieldProblem(where, f"{where} is of {part.data_source}, but the record is created in /{list_path}.")
        elif not isinstance(fields, Mapping):
            yield FieldProblem(where, f"{where} must be an object.")
        else:
            for mine, value in fields.items():
                yield _extra(f"{where}.{mine}", part.push_data.get(mine), value)


def _extra(where: str, theirs: str | None, value: Any) -> Extra | FieldProblem:
    if theirs is None:
        return FieldProblem(where, f"{where} is not configured to be written.")
    if isinstance(value, str) and len(value) > TEXT_LENGTH_MAX:
        return FieldProblem(where, f"{where} must not be longer than {TEXT_LENGTH_MAX} characters.")
    if value is not None and not isinstance(value, str | int | Decimal | bool):
        return FieldProblem(where, f"{where} must be a single value.")
    path = tuple(theirs.strip().removeprefix("$").removeprefix(".").split("."))
    if not all(path) or any("[" in step for step in path) or len(path) > STEPS_MAX:
        return FieldProblem(where, f"{where} is configured as '{theirs}', which is no place that can be written to.")
    return Extra(path, value)
