"""Supplemental data: more fields of the platform's own record, put beside those of the contract when it is read.

    {"Extra": {"dataSource": "/Contacts", "pullData": {"nickname": "FirstName"}}}
        ──▶  "supplementalData": {"content": {"Extra": {"nickname": "Ada"}}}

Values come from the text that the platform sent for the record. So they are there for lists that the data type is read
from; from any other list every value is null, as where a platform does not answer. Writing is the business of
`push.supplements`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import msgspec

from bookbridge.companies import supplemental
from bookbridge.companies.errors import ValidationProblem
from bookbridge.companies.supplemental import Configuration
from bookbridge.store.pool import Db
from bookbridge.sync import raw_values
from bookbridge.sync.raw_values import Path, path_of, value_at

PARTS_MAX: Final = 20
FIELDS_MAX: Final = 100
TEXT_LENGTH_MAX: Final = 300
FINGERPRINT_SIZE_BYTES: Final = 6

_encoder = msgspec.json.Encoder(decimal_format="number")


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


async def configure(db: Db, integration_key: str, data_type: str, given: Configuration) -> None:
    """Keep the configuration in place of an earlier one; an empty one removes it. The next read is a full one.
    Raises ValidationProblem."""
    _groups(given)
    await supplemental.keep(db, integration_key, data_type, given)


async def of(db: Db | asyncpg.Pool, integration_key: str, data_type: str) -> Supplement | None:
    """What is to be added to records of the data type; None for nothing."""
    given = await supplemental.configured(db, integration_key, data_type)
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
        for mine, theirs in part.push_data.items():
            if not all(isinstance(step, str) for step in path_of(theirs, f"{where}.pushData.{mine}")):
                raise ValidationProblem("Fields of lists cannot be written.", f"{where}.pushData.{mine}")
        fields = {mine: path_of(theirs, f"{where}.pullData.{mine}") for mine, theirs in part.pull_data.items()}
        if fields:
            groups.append(_Group(name, part.list_path, fields))
    return tuple(groups)
