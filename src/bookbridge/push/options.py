"""What may be written, as a tree that an application can draw a form from.

The widest tree comes from the record class (`accounting.options`); here it is narrowed by the platform's Write row and
filled with the choices that exist in this company's books. It tells what `validation` will demand, from the same rows,
and what the platform is known to demand: a form drawn from it, with what it calls required filled in, is accepted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from bookbridge.accounting import catalog
from bookbridge.accounting.data_type import DataType
from bookbridge.accounting.fields import fields_of
from bookbridge.accounting.options import (
    PushFieldNote,
    PushOption,
    PushOptionChoice,
    PushOptionType,
    PushValidation,
    choice,
    model_options,
)
from bookbridge.connectors.kit.connector import Choice, Connector, Write
from bookbridge.connectors.kit.connector import Operation as Kind
from bookbridge.push.book_rules import CURRENCY_FIELDS, BookRules
from bookbridge.push.errors import NotSupported
from bookbridge.push.fields import WriteFields, read_only, write_fields
from bookbridge.push.submit import supported_key
from bookbridge.store import records
from bookbridge.store.pool import Db
from bookbridge.store.query import compile_query
from bookbridge.store.records import Scope

CHOICES_MAX: Final = 500
"""Above this many records a field lists none of them: an incomplete list would forbid the rest."""

GONE_STATUSES: Final = ("Archived", "Void")
"""Statuses of records that nothing new should refer to."""

# What people know a record by, in order of preference.
_NAME_FIELDS: Final = ("name", "supplierName", "customerName", "accountName", "companyName", "reference")


async def options(
    db: Db | asyncpg.Pool, connector: Connector, company_id: UUID, connection_id: UUID, data_type: str
) -> PushOption:
    """What a create of this data type takes on the connection's platform, or an update where nothing is created.

    Raises UnknownDataType, or NotSupported when the platform takes neither.
    """
    key = supported_key(connector, data_type)
    write = connector.write(key, Kind.CREATE) or connector.write(key, Kind.UPDATE)
    if write is None:
        raise NotSupported(key, connector.key)
    listed: dict[Choice, tuple[PushOptionChoice, ...] | None] = {}
    for allowed in write.choices.values():
        if allowed not in listed:
            listed[allowed] = await _choices(db, company_id, connection_id, allowed)
    choices = {path: listed[allowed] for path, allowed in write.choices.items()}
    widest = model_options(write.data_type.record, display_name=write.data_type.name, omit=read_only(write))
    currencies = await BookRules(db, company_id, connection_id).known_currencies()
    return _Narrowing(write, write_fields(write), choices, currencies).narrow(widest, "")


def only(option: PushOption, name: str, value: str) -> PushOption:
    """The option of an object in whose field `name` only one value may stand: the others of its choices are gone."""
    properties = dict(option.properties or {})
    if name in properties:
        listed = tuple(one for one in properties[name].options if one.value == value) or (choice(value),)
        properties[name] = msgspec.structs.replace(properties[name], options=listed)
    return msgspec.structs.replace(option, properties=properties)


class _Narrowing:
    """Narrows a tree from the top down; `choices` holds None where there are too many to list."""

    def __init__(
        self,
        write: Write[Any],
        fields: WriteFields,
        choices: Mapping[str, tuple[PushOptionChoice, ...] | None],
        currencies: Sequence[str],
    ) -> None:
        self._write = write
        self._fields = fields
        self._choices = choices
        self._currencies = currencies

    def narrow(self, option: PushOption, path: str) -> PushOption:
        """The option at this path with only what the platform takes, and all that it demands."""
        properties = None
        if option.properties is not None:
            inner = {f"{path}.{name}" if path else name: (name, child) for name, child in option.properties.items()}
            properties = {
                name: self.narrow(child, child_path)
                for child_path, (name, child) in inner.items()
                if child_path in self._fields.shown
            }
            if path and option.type is PushOptionType.OBJECT and len(properties) == 1:
                # A reference of which nothing but the id is taken says nothing without it.
                properties = {name: msgspec.structs.replace(child, required=True) for name, child in properties.items()}
        listed = self._choices.get(path, option.options)
        return msgspec.structs.replace(
            option,
            required=option.required or self._is_demanded(path),
            properties=properties,
            options=() if listed is None else listed,
            validation=self._rules(path, unlisted=listed is None),
        )

    def _is_demanded(self, path: str) -> bool:
        """Demanded itself, or an object of which a part is. An entry's field does not demand that there are
        entries."""
        demanded = (*self._write.required, *self._write.usual)
        if path in demanded:
            return True
        if not path:
            return False
        record = self._write.data_type.record
        return any(
            required.startswith(f"{path}.") and not _crosses_list(record, path, required) for required in demanded
        )

    def _rules(self, path: str, *, unlisted: bool) -> PushValidation | None:
        name = path.rpartition(".")[2]
        warnings: tuple[PushFieldNote, ...] = ()
        information: tuple[PushFieldNote, ...] = ()
        if path in self._write.length_max:
            length_max = self._write.length_max[path]
            warnings = (PushFieldNote(field=name, details=f"Must not be longer than {length_max} characters."),)
        if path in self._write.notes:
            note = PushFieldNote(field=name, details=self._write.notes[path])
            if path in self._write.usual:
                information = (note,)
            else:
                warnings = (*warnings, note)
        if unlisted:
            kind = self._write.choices[path].records_of
            details = f"There are too many {kind} to list here; any of their ids may be sent."
            information = (*information, PushFieldNote(field=name, details=details))
        if name in CURRENCY_FIELDS and path not in self._write.choices and self._currencies:
            # Any currency may be sent, so none is listed: a list would forbid the others.
            base, others = self._currencies[0], ", ".join(self._currencies[1:])
            known = f"The books are in {base}" + (f", with bank accounts in {others} too." if others else ".")
            information = (*information, PushFieldNote(field=name, details=known))
        if not warnings and not information:
            return None
        return PushValidation(warnings=warnings, information=information)


def _crosses_list(record: type[msgspec.Struct], path: str, inner: str) -> bool:
    """Whether a list lies between the field at `path` (itself included) and the field within it at `inner`."""
    struct: type[msgspec.Struct] | None = record
    depth = path.count(".")
    for place, name in enumerate(inner.split(".")[:-1]):
        field = next((one for one in fields_of(struct) if one.json_name == name), None) if struct else None
        if field is None:
            return False
        if place >= depth and field.is_list:
            return True
        struct = field.struct
    return False


async def _choices(
    db: Db | asyncpg.Pool, company_id: UUID, connection_id: UUID, allowed: Choice
) -> tuple[PushOptionChoice, ...] | None:
    if allowed.records_of is None:
        return tuple(choice(value) for value in allowed.values)
    data_type = catalog.by_key(allowed.records_of)
    scope = Scope(company_id, data_type.key, connection_id)
    condition = compile_query(
        _usable(data_type, allowed.where),
        records.properties(data_type),
        of=data_type.name,
        first=len(scope.where()[1]) + 1,
    )
    bodies, total = await records.list_bodies(db, scope, condition=condition, order=None, limit=CHOICES_MAX, offset=0)
    if total > CHOICES_MAX:
        return None
    found = [content for body in bodies if _may_be_named(content := msgspec.json.decode(body), allowed.linked)]
    return tuple(sorted(map(_record_choice, found), key=lambda one: (one.display_name.casefold(), one.value)))


def _usable(data_type: DataType[Any], where: str) -> str:
    """The query for records that something new may refer to."""
    words = data_type.enum_values.get("status", ())
    gone = [f"status!={status}" for status in GONE_STATUSES if status in words]
    return "&&".join(["metadata.isDeleted=false", *gone, *filter(None, (where,))])


def _may_be_named(content: dict[str, Any], linked: str | None) -> bool:
    """Whether the record says that the field may name it. One that says nothing may be named where nothing asks for a
    link; one that lists no field at all may be named nowhere."""
    links = content.get("validDatatypeLinks")
    if not links:
        return linked is None
    fields = {field for link in links for field in link.get("links", ())}
    return bool(fields) if linked is None else linked in fields


def _record_choice(content: dict[str, Any]) -> PushOptionChoice:
    record_id = str(content["id"])
    name = next((str(content[field]) for field in _NAME_FIELDS if content.get(field)), record_id)
    return PushOptionChoice(
        value=record_id, type=PushOptionType.STRING, display_name=name, description=None, required=False
    )
