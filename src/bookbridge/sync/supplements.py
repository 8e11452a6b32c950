"""Supplemental data: more fields of the platform's own record, put beside those of the contract when it is read.

    {"Extra": {"dataSource": "/Contacts", "pullData": {"nickname": "FirstName"}}}
        ──▶  "supplementalData": {"content": {"Extra": {"nickname": "Ada"}}}

Values come from the text that the platform sent for the record. So they are there for lists that the data type is read
from; from any other list every value is null, as where a platform does not answer. Nothing is written to platforms:
`pushData` is kept and shown only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import msgspec

from bookbridge.companies.errors import ValidationProblem
from bookbridge.store.pool import Db
from bookbridge.sync import raw_values
from bookbridge.sync.raw_values import Path, path_of, value_at

PARTS_MAX: Final = 20
FIELDS_MAX: Final = 100
TEXT_LENGTH_MAX: Final = 300
FINGERPRINT_SIZE_BYTES: Final = 6

_encoder = msgspec.json.Encoder(decimal_format="number")


class Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One named group of fields from one list of the platform."""

    data_source: str = ""
    """A list of the platform, below its API address."""
    pull_data: dict[str, str] = {}
    """Your field, and the path of the platform's that is read into it."""
    push_data: dict[str, str] = {}
    """The same for writing. It is kept and shown; nothing is written by it."""


class Configuration(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is added to the records of a data type, by groups; empty: nothing."""

    supplemental_data_config: dict[str, Part] = {}
    """The groups of fields, by your names for them."""


@dataclass(frozen=True)
class _Group:
    name: str
    path: str
    fields: dict[str, Path]


@dataclass(frozen=True)
class Supplement:
    """What is added to the records of one data type of one platform."""

    fingerprint: str
    """The same for the same configuration."""
    groups: tuple[_Group, ...]

    def added(self, encoded: bytes, raw: bytes, list_path: str) -> bytes:
        """The encoded record with its supplemental data; `raw` is the row of `list_path` that it was made of."""
        content: Any = None
        here = list_path.casefold()
        found: dict[str, dict[str, raw_values.Scalar]] = {}
        for group in self.groups:
            if content is None and group.path == here:
                content = raw_values.decode(raw)
            row = content if group.path == here else None
            found[group.name] = {name: value_at(row, path) for name, path in group.fields.items()}
        return b'%b,"supplementalData":%b}' % (encoded[:-1], _encoder.encode({"content": found}))


async def configured(db: Db | asyncpg.Pool, integration_key: str, data_type: str) -> Configuration:
    """What was configured; empty for nothing."""
    text = await db.fetchval(
        "select configuration from supplemental_data where integration_key = $1 and data_type = $2",
        integration_key,
        data_type,
    )
    return Configuration() if text is None else msgspec.json.decode(text, type=Configuration)


async def configure(db: Db, integration_key: str, data_type: str, given: Configuration) -> None:
    """Keep the configuration in place of an earlier one; an empty one removes it. The next read is a full one.
    Raises ValidationProblem."""
    _groups(given)
    if not given.supplemental_data_config:
        await db.execute(
            "delete from supplemental_data where integration_key = $1 and data_type = $2", integration_key, data_type
        )
        return
    await db.execute(
        """insert into supplemental_data (integration_key, data_type, configuration) values ($1, $2, $3)
        on conflict (integration_key, data_type) do update set configuration = excluded.configuration""",
        integration_key,
        data_type,
        msgspec.json.encode(given).decode(),
    )


async def of(db: Db | asyncpg.Pool, integration_key: str, data_type: str) -> Supplement | None:
    """What is to be added to records of the data type; None for nothing."""
    given = await configured(db, integration_key, data_type)
    groups = _groups(given)
    if not groups:
        return None
    digest = hashlib.blake2b(msgspec.json.encode(given, order="sorted"), digest_size=FINGERPRINT_SIZE_BYTES)
    return Supplement(digest.hexdigest(), groups)


def _groups(given: Configuration) -> tuple[_Group, ...]:
    """The groups of fields that are read. Raises ValidationProblem."""
    if len(given.supplemental_data_config) > PARTS_MAX:
        raise ValidationProblem(f"At most {PARTS_MAX} sources can be configured.", "supplementalDataConfig")
    groups = []
    for name, part in given.supplemental_data_config.items():
        where = f"supplementalDataConfig.{name[:50]}"
        texts = (name, part.data_source, *part.pull_data, *part.push_data, *part.push_data.values())
        if any(len(text) > TEXT_LENGTH_MAX or "\x00" in text for text in texts):
            raise ValidationProblem(f"Each text has at most {TEXT_LENGTH_MAX} characters, and no NUL.", where)
        if len(part.pull_data) > FIELDS_MAX or len(part.push_data) > FIELDS_MAX:
            raise ValidationProblem(f"At most {FIELDS_MAX} fields can be named.", where)
        fields = {mine: path_of(theirs, f"{where}.pullData.{mine}") for mine, theirs in part.pull_data.items()}
        if fields:
            groups.append(_Group(name, part.data_source.strip().strip("/").casefold(), fields))
    return tuple(groups)
