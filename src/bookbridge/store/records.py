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
from bookbridge.store.query import Kind, Property
from bookbridge.store.record_lists import KEYS, RECORD
from bookbridge.store.record_lists import Scope as Scope
from bookbridge.store.record_lists import list_bodies as list_bodies

HASH_SIZE_BYTES = 16
KEYS_AT_ONCE = 5_000
"""Records whose keys are written in one transaction."""

_OPENING = '{"modifiedDate":"'
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
        self._opening = f'{_OPENING}{contract_datetime(self.modified)}"'

    def add(self, record_id: str, encoded: bytes, raw: bytes, source_modified: datetime | None, deleted: bool) -> None:
        """Add a record by its encoded JSON object; `modifiedDate` is put in here, outside the hash, so that
        an unchanged record keeps the date of its last change. PostgreSQL keeps no NUL character: it is replaced."""
        body = encoded[1:].decode()
        if "\\u0000" in body:
            body = _NUL.sub(rf"\1{_REPLACEMENT}", body)
        self.ids.append(record_id.replace("\0", _REPLACEMENT))
        self.hashes.append(content_hash(encoded))
        self.bodies.append(f"{self._opening},{body}" if body != "}" else self._opening + body)
        # Fields that nobody decoded may hold anything.
        self.source_bodies.append(raw.decode(errors="replace").replace("\0", _REPLACEMENT))
        self.source_modified.append(source_modified)
        self.deleted.append(deleted)


def undated(body: str) -> str:
    """A stored body as it was before `RecordBatch.add` put its `modifiedDate` in."""
    return "{" + body[body.index('"', len(_OPENING)) + 1 :].removeprefix(",")


def content_hash(encoded: bytes) -> bytes:
    """The hash by which a record is known to be unchanged."""
    return hashlib.blake2b(encoded, digest_size=HASH_SIZE_BYTES).digest()


_SAVE_ARGUMENTS = 11


def _saving(first: int) -> str:
    """The call that saves one page and yields how many rows were written; its arguments are numbered from `first`."""
    return f"save_records({', '.join(f'${number}' for number in range(first, first + _SAVE_ARGUMENTS))})"


SAVE = _saving(1)
"""The call that saves one page, with `save_arguments` as $1 to $11. See migration 0007 for how places stay without gaps
and unchanged rows untouched."""


async def save(db: Db, batch: RecordBatch) -> int:
    """Insert or update the batch's records in the caller's transaction; returns how many rows were written.
    An unchanged record costs no write."""
    if not batch.ids:
        return 0
    written: int = await db.fetchval(f"select {SAVE}", *save_arguments(batch))
    return written


async def save_all(db: Db, batches: Sequence[RecordBatch]) -> None:
    """`save` each of a few batches, in their order, in one statement."""
    calls, arguments = saving(batches, first=1)
    if arguments:
        await db.execute(f"select {calls}", *arguments)


def saving(batches: Sequence[RecordBatch], *, first: int) -> tuple[str, list[object]]:
    """`save_all` as an expression of another statement, which yields how many rows were written; and its arguments, the
    first of which is numbered `first`."""
    arguments = [argument for batch in batches if batch.ids for argument in save_arguments(batch)]
    calls = [_saving(number) for number in range(first, first + len(arguments), _SAVE_ARGUMENTS)]
    return " + ".join(calls) or "0", arguments


async def write_keys(db: Db | asyncpg.Pool, scope: Scope) -> int:
    """Write the keys of at most KEYS_AT_ONCE records of the list of the scope's connection, so that queries find them
    by index; they are found all the same before. Returns how many are still to do. Not for the transaction of a
    `save`: it would hold up whoever deletes the list."""
    left: int = await db.fetchval(
        "select key_records($1, $2, $3, $4)", scope.company_id, scope.data_type, scope.connection_id, KEYS_AT_ONCE
    )
    return left


async def lists_without_keys(db: Db | asyncpg.Pool, connection_id: UUID) -> list[Scope]:
    """The lists of a connection that hold records whose keys are still to be written."""
    rows = await db.fetch(
        """select c.company_id, c.data_type from record_counts c
        left join record_keyed w using (company_id, data_type, connection_id)
        where c.connection_id = $1 and c.stored > coalesce(w.through, 0)""",
        connection_id,
    )
    return [Scope(row["company_id"], row["data_type"], connection_id) for row in rows]


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


_NEWEST = "order by modified desc, connection_id limit 1"


async def get_body(db: Db | asyncpg.Pool, scope: Scope, record_id: str) -> str | None:
    """The JSON text of one record, or None; of several connections' records of this id, that which changed last."""
    where, arguments = scope.where()
    body: str | None = await db.fetchval(
        f"select body from records where {where} and record_id = ${len(arguments) + 1} {_NEWEST}",  # noqa: S608
        *arguments,
        record_id,
    )
    return body


async def connection_of(db: Db | asyncpg.Pool, scope: Scope, record_id: str) -> UUID | None:
    """The connection over which the record came that `get_body` gives; None for an unknown record."""
    where, arguments = scope.where()
    found: UUID | None = await db.fetchval(
        f"select connection_id from records where {where} and record_id = ${len(arguments) + 1} {_NEWEST}",  # noqa: S608
        *arguments,
        record_id,
    )
    return found


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
    """Delete the records of one connection's list that the vendor changed last before the moment; returns how many.
    Records without a time of change stay. The list's last records take the places that become free."""
    where = "company_id = $1 and data_type = $2 and connection_id = $3"
    arguments = (scope.company_id, scope.data_type, scope.connection_id)
    # Whoever saves or keys records of the list waits for this row.
    stored = await db.fetchval(f"select stored from record_counts where {where} for update", *arguments)  # noqa: S608
    rows = await db.fetch(
        f"delete from records where {where} and source_modified < $4 returning place",  # noqa: S608
        *arguments,
        moment,
    )
    if not rows:
        return 0
    left = stored - len(rows)
    gone = [row["place"] for row in rows]
    await db.execute(
        f"delete from record_keys where {where} and (place > $4 or place = any($5))",  # noqa: S608
        *arguments,
        left,
        gone,
    )
    moved = await db.fetch(
        f"""with free as (
                select place, row_number() over (order by place) as nth
                from unnest($5::bigint[]) as place where place <= $4),
            last as (
                select record_id, row_number() over (order by place) as nth
                from records where {where} and place > $4)
            update records r set place = free.place from free join last using (nth)
            where r.company_id = $1 and r.data_type = $2 and r.connection_id = $3 and r.record_id = last.record_id
            returning r.place""",  # noqa: S608
        *arguments,
        left,
        gone,
    )
    await db.execute(
        f"""insert into record_keys (company_id, data_type, connection_id, place, modified,
            status, party, issued, due, total, amount_due)
        select r.company_id, r.data_type, r.connection_id, r.place, r.modified, f.*
        from records r cross join lateral keys_of(r.body) as f where {where} and r.place = any($4)""",  # noqa: S608
        *arguments,
        [row["place"] for row in moved],
    )
    await db.execute(f"update record_keyed set through = least(through, $4) where {where}", *arguments, left)  # noqa: S608
    await db.execute(f"update record_counts set stored = $4 where {where}", *arguments, left)  # noqa: S608
    return len(rows)


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


async def bodies_of(db: Db | asyncpg.Pool, scope: Scope, record_ids: Sequence[str]) -> dict[str, str]:
    """The JSON texts of those of the given records that are stored and not deleted, by id."""
    if not record_ids:
        return {}
    where, arguments = scope.where()
    rows = await db.fetch(
        f"select record_id, body from records where {where} and not is_deleted"  # noqa: S608
        f" and record_id = any(${len(arguments) + 1}::text[])",
        *arguments,
        list(record_ids),
    )
    return {row["record_id"]: row["body"] for row in rows}


def properties(data_type: DataType[Any]) -> dict[str, Property]:
    """What may be queried and ordered by on records of a data type, as SQL for `list_bodies`."""
    known = dict(_COLUMNS)
    for paths, key in _KEYS.items():
        declared = [path for path in paths if path in data_type.query_fields]
        # A key that two paths of one type would share tells nothing of either.
        if len(declared) == 1:
            known[declared[0]] = key
    return {path: known.get(path) or _in_body(path, kind) for path, kind in data_type.query_fields.items()}


def _in_body(path: str, kind: QueryKind) -> Property:
    sort, expression = _KINDS[kind]
    return Property(sort, expression.format(f"{RECORD}body::jsonb #>> '{{{path.replace('.', ',')}}}'"))


_COLUMNS = {
    "id": Property(Kind.STRING, f"{RECORD}record_id"),
    "modifiedDate": Property(Kind.DATE, f"{KEYS}modified", nullable=False, indexed=True),
    "sourceModifiedDate": Property(Kind.DATE, f"{RECORD}source_modified"),
    "metadata.isDeleted": Property(Kind.BOOL, f"{RECORD}is_deleted"),
}
# What `keys_of` (migration 0007) takes from each body, by the paths that a key may stand for.
_KEYS = {
    ("status",): Property(Kind.STRING, f"{KEYS}status", folded=True),
    ("supplierRef.id", "customerRef.id", "contactRef.id"): Property(Kind.STRING, f"{KEYS}party", folded=True),
    ("issueDate", "date"): Property(Kind.DATE, f"{KEYS}issued", indexed=True),
    ("dueDate",): Property(Kind.DATE, f"{KEYS}due", indexed=True),
    ("totalAmount",): Property(Kind.NUMBER, f"{KEYS}total"),
    ("amountDue", "remainingCredit"): Property(Kind.NUMBER, f"{KEYS}amount_due"),
}
_KINDS = {
    QueryKind.STRING: (Kind.STRING, "({})"),
    QueryKind.ENUM: (Kind.STRING, "({})"),
    QueryKind.NUMBER: (Kind.NUMBER, "({})::numeric"),
    QueryKind.DATE: (Kind.DATE, "moment_of({})"),
    QueryKind.BOOL: (Kind.BOOL, "({})::boolean"),
}
