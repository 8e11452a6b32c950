"""The records table: saving pages, marking deletions, and reading lists as raw JSON text.

Callers decide what a record is; here it is text with a few indexed columns. Nothing is decoded on the way out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from bookbridge.accounting.data_type import DataType, QueryKind
from bookbridge.accounting.dates import contract_datetime
from bookbridge.store.pool import Db
from bookbridge.store.query import Compiled, Kind, Property

HASH_SIZE_BYTES = 16

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@dataclass
class RecordBatch:
    """Records of one data type on their way into the table, as parallel lists (one SQL array each)."""

    company_id: UUID
    connection_id: UUID
    data_type: str
    source: str
    modified: datetime
    ids: list[str] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    source_bodies: list[str] = field(default_factory=list)
    source_modified: list[datetime | None] = field(default_factory=list)
    deleted: list[bool] = field(default_factory=list)
    _opening: str = ""

    def __post_init__(self) -> None:
        self._opening = f'{{"modifiedDate":"{contract_datetime(self.modified)}",'

    def add(self, record_id: str, encoded: bytes, raw: bytes, source_modified: datetime | None, deleted: bool) -> None:
        """Add a record by its encoded JSON object; `modifiedDate` is put in here, outside the hash, so that
        an unchanged record keeps the date of its last change. PostgreSQL keeps no NUL character: it is replaced."""
        body = encoded[1:].decode()
        if "\\u0000" in body:
            body = _NUL.sub(rf"\1{_REPLACEMENT}", body)
        self.ids.append(record_id.replace("\0", _REPLACEMENT))
        self.hashes.append(content_hash(encoded))
        self.bodies.append(self._opening + body)
        # Fields that nobody decoded may hold anything.
        self.source_bodies.append(raw.decode(errors="replace").replace("\0", _REPLACEMENT))
        self.source_modified.append(source_modified)
        self.deleted.append(deleted)


def content_hash(encoded: bytes) -> bytes:
    """The hash by which a record is known to be unchanged."""
    return hashlib.blake2b(encoded, digest_size=HASH_SIZE_BYTES).digest()


# `guard` is a condition under which anything is saved at all, for a statement that this one is a part of.
# The look-up of the hash keeps unchanged rows wholly untouched: ON CONFLICT alone would lock each of them, and a row
# lock is a write. It is a scalar subquery because that is always an index look-up per row; an anti-join may be
# planned as a hash of the whole table. An absent row never counts as unchanged: it is listed again.
# `distinct on` because a vendor may list a record twice in one page, which ON CONFLICT refuses.
SAVE = """
insert into records as r
    (company_id, data_type, connection_id, record_id, source, modified, source_modified, is_deleted, hash, body,
     source_body)
select distinct on (n.record_id)
    $1, $2, $3, n.record_id, $4, $5, n.source_modified, n.is_deleted, n.hash, n.body, n.source_body
from unnest($6::text[], $7::timestamptz[], $8::boolean[], $9::bytea[], $10::text[], $11::text[]) with ordinality
    as n (record_id, source_modified, is_deleted, hash, body, source_body, place)
where {guard} and n.hash is distinct from (
    select k.hash from records k
    where k.company_id = $1 and k.data_type = $2 and k.record_id = n.record_id and k.connection_id = $3
      and not k.is_absent)
order by n.record_id, n.place desc
on conflict (company_id, data_type, record_id, connection_id) do update set
    source = excluded.source, modified = excluded.modified, source_modified = excluded.source_modified,
    is_deleted = excluded.is_deleted, hash = excluded.hash, body = excluded.body,
    source_body = excluded.source_body, is_absent = false
-- A page that was read earlier may be saved later (a stalled worker, a write's re-read): never go back in time.
where r.source_modified is null or excluded.source_modified is null
   or excluded.source_modified >= r.source_modified
"""


async def save(db: Db, batch: RecordBatch) -> int:
    """Insert or update the batch's records in the caller's transaction; returns how many rows were written.
    An unchanged record costs no write."""
    if not batch.ids:
        return 0
    tag = await db.execute(SAVE.format(guard="true"), *save_arguments(batch))
    return int(tag.rsplit(" ", 1)[1])


def save_arguments(batch: RecordBatch) -> tuple[object, ...]:
    """The arguments $1 to $11 of SAVE."""
    return (
        batch.company_id,
        batch.data_type,
        batch.connection_id,
        batch.source,
        batch.modified,
        batch.ids,
        batch.source_modified,
        batch.deleted,
        batch.hashes,
        batch.bodies,
        batch.source_bodies,
    )


@dataclass(frozen=True)
class Scope:
    """Which records a caller may see: one company's records of one type, perhaps over one connection."""

    company_id: UUID
    data_type: str
    connection_id: UUID | None = None

    def where(self) -> tuple[str, list[object]]:
        """The condition and its arguments, from $1 on."""
        if self.connection_id is None:
            return "company_id = $1 and data_type = $2", [self.company_id, self.data_type]
        return (
            "company_id = $1 and data_type = $2 and connection_id = $3",
            [self.company_id, self.data_type, self.connection_id],
        )


async def list_bodies(
    db: Db | asyncpg.Pool,
    scope: Scope,
    *,
    condition: Compiled | None,
    order: str | None,
    limit: int,
    offset: int,
) -> tuple[list[str], int]:
    """The JSON texts of one page, and the total of all pages. `condition` was compiled with
    `first = len(scope.where()[1]) + 1`."""
    where, arguments = scope.where()
    if condition is not None:
        where += f" and {condition.sql}"
        arguments.extend(condition.arguments)
    ordering = f"{order}, record_id" if order else "record_id"
    # Conditions and orders are compiled from a fixed list of properties; values are bound.
    rows = await db.fetch(
        f"select body from records where {where} order by {ordering} limit {limit:d} offset {offset:d}",  # noqa: S608
        *arguments,
    )
    if offset == 0 and len(rows) < limit:
        return [row["body"] for row in rows], len(rows)
    total = await db.fetchval(f"select count(*) from records where {where}", *arguments)  # noqa: S608
    return [row["body"] for row in rows], total


async def get_body(db: Db | asyncpg.Pool, scope: Scope, record_id: str) -> str | None:
    """The JSON text of one record, or None."""
    where, arguments = scope.where()
    body: str | None = await db.fetchval(
        f"select body from records where {where} and record_id = ${len(arguments) + 1} limit 1",  # noqa: S608
        *arguments,
        record_id,
    )
    return body


async def count(db: Db | asyncpg.Pool, scope: Scope, source: str) -> int:
    """How many records of this scope one vendor list is known to hold, soft-deleted ones included."""
    where, arguments = scope.where()
    total: int = await db.fetchval(
        f"select count(*) from records where {where} and not is_absent and source = ${len(arguments) + 1}",  # noqa: S608
        *arguments,
        source,
    )
    return total


async def count_all(db: Db | asyncpg.Pool, scope: Scope) -> int:
    """How many records of this scope the vendor is known to hold, soft-deleted ones included."""
    where, arguments = scope.where()
    total: int = await db.fetchval(
        f"select count(*) from records where {where} and not is_absent",  # noqa: S608
        *arguments,
    )
    return total


async def forget_before(db: Db, scope: Scope, moment: datetime) -> int:
    """Delete the records of this scope that the vendor changed last before the moment; returns how many. Records
    without a time of change stay."""
    where, arguments = scope.where()
    tag = await db.execute(
        f"delete from records where {where} and source_modified < ${len(arguments) + 1}",  # noqa: S608
        *arguments,
        moment,
    )
    return int(tag.rsplit(" ", 1)[1])


async def existing_ids(db: Db | asyncpg.Pool, scope: Scope, record_ids: Sequence[str]) -> set[str]:
    """Those of the given ids that are stored and not deleted."""
    where, arguments = scope.where()
    rows = await db.fetch(
        f"select record_id from records where {where} and not is_deleted"  # noqa: S608
        f" and record_id = any(${len(arguments) + 1}::text[])",
        *arguments,
        list(record_ids),
    )
    return {row["record_id"] for row in rows}


def properties(data_type: DataType[Any]) -> dict[str, Property]:
    """What may be queried and ordered by on records of a data type, as SQL over this table."""
    found: dict[str, Property] = {}
    for path, kind in data_type.query_fields.items():
        text = "body::jsonb #>> '{" + path.replace(".", ",") + "}'"
        if path == "id":
            found[path] = Property(Kind.STRING, "record_id")
        elif path == "modifiedDate":
            found[path] = Property(Kind.DATE, "modified")
        elif path == "sourceModifiedDate":
            found[path] = Property(Kind.DATE, "source_modified")
        elif path == "metadata.isDeleted":
            found[path] = Property(Kind.BOOL, "is_deleted")
        else:
            sort, cast = _KINDS[kind]
            found[path] = Property(sort, f"({text}){cast}")
    return found


_KINDS = {
    QueryKind.STRING: (Kind.STRING, ""),
    QueryKind.ENUM: (Kind.STRING, ""),
    QueryKind.NUMBER: (Kind.NUMBER, "::numeric"),
    QueryKind.DATE: (Kind.DATE, "::timestamptz"),
    QueryKind.BOOL: (Kind.BOOL, "::boolean"),
}
