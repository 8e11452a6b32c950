"""Is this body fit to be written? The record's shape, the vendor's rules from its Write row, and known references.

Four sources of errors: the body's shape (`bodies`), what the Write row demands (required fields, lengths, choices,
its own check), the data type's own arithmetic, as far as it is about fields that this vendor takes, and the company's
books (`book_rules`, and `settling` for payments). A reference to a record that we do not hold is an error if we hold
others of its type, a warning if that type was never read.
Nothing is stored here and no vendor is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from bookbridge.accounting import catalog
from bookbridge.accounting.fields import fields_of
from bookbridge.accounting.records import Record
from bookbridge.connectors.kit.connector import Choice, Write
from bookbridge.push import bodies, references, settling
from bookbridge.push.book_rules import BookRules
from bookbridge.push.fields import write_fields
from bookbridge.push.findings import Findings, Validation
from bookbridge.push.references import NamedWrite
from bookbridge.push.supplements import FIELD, Supplied
from bookbridge.store import records
from bookbridge.store.pool import Db
from bookbridge.store.records import Scope

REFERENCES_MAX: Final = 5_000
"""Distinct records of one type that one body may refer to."""

ALLOWED_VALUES_SHOWN_MAX: Final = 20

_POSITION = re.compile(r"\[\d+\]")


async def validate(
    db: Db | asyncpg.Pool,
    write: Write[Any],
    body: bytes,
    *,
    company_id: UUID,
    connection_id: UUID,
    record_id: str | None = None,
    named: Mapping[str, NamedWrite] | None = None,
    supplied: Supplied | None = None,
) -> Validation:
    """Everything that is wrong with a body, or notable about it; without errors it may be written.

    `record_id` names the record that an update is for, `named` are the earlier writes whose keys stand for ids in the
    body, `supplied` is its supplemental data where that is written. Raises MalformedBody for what is not a JSON object.
    """
    content = bodies.parse(body)
    findings = Findings(write.data_type.name)
    if record_id is not None:
        sent_id = content.pop("id", record_id)
        if sent_id not in (record_id, None):
            findings.error("id", "id differs from the record that the address names.")
    if supplied is not None:
        del content[FIELD]
        for problem in supplied.problems:
            findings.error(problem.field, problem.message)
    bodies.warn_of_ignored(write, content, findings)
    record = bodies.checked_record(write, content, findings)
    if record is not None:
        check_record(write, record, findings)
        awaited = _check_named(write, content, named or {}, findings)
        await _check_references(db, write, record, findings, company_id, connection_id, awaited)
        await BookRules(db, company_id, connection_id).check(write.data_type.key, content, findings, record_id)
        await settling.check(db, write, content, findings, company_id=company_id, connection_id=connection_id)
        if record_id is not None:
            await _check_stored(db, write, findings, company_id, connection_id, record_id)
    return findings.validation()


async def validate_deletion(
    db: Db | asyncpg.Pool, write: Write[Any], *, company_id: UUID, connection_id: UUID, record_id: str
) -> Validation:
    """Everything that is wrong with deleting a record, as far as it is known here."""
    findings = Findings(write.data_type.name)
    await _check_stored(db, write, findings, company_id, connection_id, record_id)
    return findings.validation()


async def _check_stored(
    db: Db | asyncpg.Pool,
    write: Write[Any],
    findings: Findings,
    company_id: UUID,
    connection_id: UUID,
    record_id: str,
) -> None:
    """What is known of the record that is to be changed or deleted: it may be booked in a closed period."""
    body = await records.get_body(db, Scope(company_id, write.data_type.key, connection_id), record_id)
    if body is not None:
        rules = BookRules(db, company_id, connection_id)
        await rules.check_period(msgspec.json.decode(body), findings, stored=True)


def check_record(write: Write[Any], record: Record, findings: Findings) -> None:
    """All rules that need nothing but the record. Pure but for the findings that it adds."""
    content = _content(record)
    struct = type(record)
    for path in write.required:
        for where, value in _at(content, struct, path):
            if _is_blank(value):
                findings.error(where, f"{where} is required on this platform.")
    for path, length_max in write.length_max.items():
        for where, value in _at(content, struct, path):
            if isinstance(value, str) and len(value) > length_max:
                findings.error(where, f"{where} must not be longer than {length_max} characters.")
    for path, choice in write.choices.items():
        for where, value in _at(content, struct, path):
            _check_choice(choice, where, value, findings)
    fields = write_fields(write)
    for problem in write.data_type.check(record):
        if fields.concern(_POSITION.sub("", problem.field)):
            findings.error(problem.field, problem.message)
    if write.check is not None:
        for refused in write.check(record):
            findings.error(refused.field, refused.message)


def _check_named(
    write: Write[Any], content: dict[str, Any], named: Mapping[str, NamedWrite], findings: Findings
) -> set[str]:
    """Check the places where an earlier write's key stands for its record; returns them."""
    places = {where: named[key] for where, key in references.names(content).items() if key in named}
    for where, earlier in places.items():
        choice = write.choices.get(_POSITION.sub("", where))
        expected = choice.records_of if choice else None
        if earlier.problem is not None:
            findings.error(where, f"{where}: {earlier.problem}.")
        elif expected not in (None, earlier.data_type):
            findings.error(where, f"{where}: the write {earlier.id} is of {earlier.data_type}, not of {expected}.")
        else:
            findings.inform(where, f"{where} will be the record of the write {earlier.id}.")
    return set(places)


async def _check_references(
    db: Db | asyncpg.Pool,
    write: Write[Any],
    record: Record,
    findings: Findings,
    company_id: UUID,
    connection_id: UUID,
    awaited: Set[str],
) -> None:
    for data_type_key, every in _references(write, record).items():
        named_here = {where: record_id for where, record_id in every.items() if where not in awaited}
        scope = Scope(company_id, data_type_key, connection_id)
        distinct = sorted(set(named_here.values()))
        if len(distinct) > REFERENCES_MAX:
            findings.error("", f"More than {REFERENCES_MAX} {data_type_key} are referred to.")
            continue
        missing = set(distinct) - await records.existing_ids(db, scope, distinct)
        if not missing:
            continue
        held, _ = await records.list_bodies(db, scope, condition=None, order=None, limit=1, offset=0)
        noun = catalog.by_key(data_type_key).singular
        for where, record_id in named_here.items():
            if record_id not in missing:
                continue
            if held:
                findings.error(where, f"{where}: there is no {noun} with the id '{record_id[:100]}'.")
            else:
                findings.warn(where, f"{where} was not checked: {data_type_key} were never read.")


def _references(write: Write[Any], record: Record) -> dict[str, dict[str, str]]:
    """The ids that the record refers to by path, for each data type."""
    content = _content(record)
    found: dict[str, dict[str, str]] = {}
    for path, choice in write.choices.items():
        if choice.records_of is None:
            continue
        for where, value in _at(content, type(record), path):
            if isinstance(value, str) and value:
                found.setdefault(choice.records_of, {})[where] = value
    return found


def _check_choice(choice: Choice, where: str, value: object, findings: Findings) -> None:
    if not choice.values or not isinstance(value, str) or value in choice.values:
        return
    shown = ", ".join(choice.values[:ALLOWED_VALUES_SHOWN_MAX])
    more = ", …" if len(choice.values) > ALLOWED_VALUES_SHOWN_MAX else ""
    findings.error(where, f"{where} must be one of {shown}{more} on this platform.")


def _content(record: Record) -> dict[str, Any]:
    """The record by its JSON names, amounts as Decimal."""
    content: dict[str, Any] = msgspec.to_builtins(record, builtin_types=(Decimal,))
    return content


def _at(content: Any, struct: type[msgspec.Struct], path: str, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Each place that a dotted path means, with list positions, and what is there (None: nothing).

    A path through a list means each of its entries: none, when there are no entries.
    """
    name, _, rest = path.partition(".")
    where = f"{prefix}{name}"
    value = content.get(name)
    if not rest:
        yield where, value
        return
    field = next((one for one in fields_of(struct) if one.json_name == name), None)
    if field is None or field.struct is None:
        raise ValueError(f"{struct.__name__} has no structure at {name!r}")
    if field.is_list:
        for place, entry in enumerate(value or ()):
            yield from _at(entry, field.struct, rest, f"{where}[{place}].")
    else:
        yield from _at(value or {}, field.struct, rest, f"{where}.")


def _is_blank(value: object) -> bool:
    return (
        value is None
        or (isinstance(value, (str, list, tuple)) and not value)
        or (isinstance(value, str) and not value.strip())
    )
