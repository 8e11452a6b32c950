"""Custom data types: an application names a list of the platform and the fields it wants; each row becomes a record.

A custom type is read over one connection when asked for, always whole, and only from platforms whose lists are JSON
(`Connector.custom_lists`). It is kept like any other data type, under the key `custom/<id>`. Where a list also feeds a
data type, it is paged as that one is; another list is read with one call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl

import asyncpg
import msgspec

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import contract_datetime, parse_contract_datetime
from bookbridge.accounting.records import ListedRecord
from bookbridge.companies.connections import Connection, Status
from bookbridge.companies.errors import ValidationProblem
from bookbridge.connectors import registry
from bookbridge.connectors.kit.connector import Connector, Read, Source
from bookbridge.store.pool import Db
from bookbridge.sync import queue, raw_values
from bookbridge.sync.datasets import Dataset
from bookbridge.sync.raw_values import Path, Scalar, path_of, value_at

PREFIX: Final = "custom/"
FIELDS_MAX: Final = 100
KEYS_MAX: Final = 10
SOURCE_LENGTH_MAX: Final = 1_000

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_LIST_PATH = re.compile(r"[A-Za-z0-9_-]+([/.][A-Za-z0-9_-]+)*")


class CustomDataType(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """How a custom data type is drawn from a list of the platform's."""

    data_source: str
    """A list of the platform, below its API address: `Contacts`, `/Contacts?where=…`."""
    required_data: dict[str, str] = {}
    """Our field → the path of the platform's."""
    key_by: list[str]
    """Paths whose values together tell rows apart."""
    source_modified_date: list[str] | None = None
    """Paths of the time of change; the first that holds one counts."""


class CustomRecord(ListedRecord, frozen=True, kw_only=True):
    """A row of a custom data type."""

    content: dict[str, Any]
    """The wanted fields; null where the platform has none, or something that is not a single value."""


@dataclass(frozen=True)
class _Plan:
    """A checked configuration."""

    path: str
    query: dict[str, str]
    fields: dict[str, Path]
    keys: tuple[Path, ...]
    modified: tuple[Path, ...]


async def configured(db: Db | asyncpg.Pool, integration_key: str, custom_id: str) -> CustomDataType | None:
    """The configuration, or None."""
    text = await db.fetchval(
        "select configuration from custom_data_types where integration_key = $1 and id = $2",
        integration_key,
        custom_id,
    )
    return None if text is None else msgspec.json.decode(text, type=CustomDataType)


async def configure(db: Db, integration_key: str, custom_id: str, given: CustomDataType) -> None:
    """Keep the configuration, in place of an earlier one of this id. Raises ValidationProblem."""
    if not _ID.fullmatch(custom_id):
        raise ValidationProblem(
            "An identifier has 1 to 100 letters, digits, hyphens or underscores.", "customDataIdentifier"
        )
    _plan(given)
    await db.execute(
        """insert into custom_data_types (integration_key, id, configuration) values ($1, $2, $3)
        on conflict (integration_key, id) do update set configuration = excluded.configuration""",
        integration_key,
        custom_id,
        msgspec.json.encode(given).decode(),
    )


async def queue_read(db: Db, connection: Connection, custom_id: str) -> Dataset:
    """Queue a read. Raises the errors of `queue`, and LookupError for a type that is not configured."""
    if await configured(db, connection.integration_key, custom_id) is None:
        raise LookupError(custom_id)
    connector = registry.connector(connection.integration_key)
    if connector is None or not connector.custom_lists:
        raise queue.DataTypeNotSupported(
            f"Custom data types are not supported by platform {connection.integration_key}"
        )
    if connection.status is not Status.LINKED:
        raise queue.not_linked(connection)
    return await queue.queue_idle_type(db, connection, PREFIX + custom_id)


async def read_of(db: Db | asyncpg.Pool, connector: Connector, data_type: str) -> Read[Any] | None:
    """How the connector reads a data type, a custom one included; None when it cannot."""
    if not data_type.startswith(PREFIX):
        return connector.read(data_type)
    found = await configured(db, connector.key, data_type.removeprefix(PREFIX))
    if found is None or not connector.custom_lists:
        return None
    plan = _plan(found)
    row = DataType(key=data_type, path=data_type, record=CustomRecord, singular="custom record", level=Level.CONNECTION)
    return Read(row, (_source(connector, data_type, plan),), hard_deletes=True)


def _source(connector: Connector, name: str, plan: _Plan) -> Source[Any, CustomRecord]:
    shape = _shape(plan)
    same_list = (
        source for read in connector.reads for source in read.sources if source.path.casefold() == plan.path.casefold()
    )
    known = next(same_list, None)
    if known is not None:
        query = plan.query or known.query
        return replace(known, name=name, query=query, countable=False, shape_raw=shape)
    return Source(
        name=name,
        path=plan.path,
        payload=msgspec.Raw,
        shape=_never,
        query=plan.query,
        paged=False,
        incremental=False,
        shape_raw=shape,
    )


def _never(payload: object, facts: object) -> None:
    """Stands where `shape_raw` counts."""
    del payload, facts


def _shape(plan: _Plan) -> Callable[[bytes], CustomRecord]:
    def record(raw: bytes) -> CustomRecord:
        content = raw_values.decode(raw)
        keys = [value_at(content, path) for path in plan.keys]
        if any(key in (None, "") for key in keys):
            raise ValueError("a row lacks a value that it is told apart by")
        return CustomRecord(
            id="|".join(_text(key) for key in keys),
            source_modified_date=_moment(value_at(content, path) for path in plan.modified),
            content={name: value_at(content, path) for name, path in plan.fields.items()},
        )

    return record


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SLASHED_DATE = re.compile(r"/Date\((?P<ms>-?[0-9]{1,15})([+-][0-9]{4})?\)/")


def _moment(values: Iterable[Scalar]) -> str | None:
    """The first of the values that is a time, in the contract's form."""
    for value in values:
        if not isinstance(value, str):
            continue
        slashed = _SLASHED_DATE.fullmatch(value)
        try:
            if slashed:
                return contract_datetime(_EPOCH + timedelta(milliseconds=int(slashed["ms"])))
            return contract_datetime(parse_contract_datetime(value))
        except (ValueError, OverflowError, OSError):
            continue
    return None


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plan(given: CustomDataType) -> _Plan:
    """The configuration, checked. Raises ValidationProblem."""
    if len(given.required_data) > FIELDS_MAX:
        raise ValidationProblem(f"At most {FIELDS_MAX} fields can be required.", "requiredData")
    if not 1 <= len(given.key_by) <= KEYS_MAX:
        raise ValidationProblem(f"1 to {KEYS_MAX} properties tell rows apart.", "keyBy")
    modified = given.source_modified_date or []
    if len(modified) > KEYS_MAX:
        raise ValidationProblem(f"At most {KEYS_MAX} properties can be named.", "sourceModifiedDate")
    path, _, query = given.data_source.strip().removeprefix("/").partition("?")
    # Whatever is written here is asked of the platform with the customer's authorisation: lists only, and only there.
    if len(given.data_source) > SOURCE_LENGTH_MAX or not _LIST_PATH.fullmatch(path):
        raise ValidationProblem("dataSource is the path of a list, such as Contacts.", "dataSource")
    if any("\x00" in name for name in given.required_data) or "\x00" in given.data_source:
        raise ValidationProblem("Text may not contain the character NUL.", "requiredData")
    return _Plan(
        path=path,
        query=dict(parse_qsl(query, keep_blank_values=True, max_num_fields=FIELDS_MAX)),
        fields={name: path_of(text, f"requiredData.{name}") for name, text in given.required_data.items()},
        keys=tuple(path_of(text, "keyBy") for text in given.key_by),
        modified=tuple(path_of(text, "sourceModifiedDate") for text in modified),
    )
