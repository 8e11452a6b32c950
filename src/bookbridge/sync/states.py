"""What is known of each data type of each connection: how far it was read, and whether that was proved complete."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import asyncpg
import msgspec

from bookbridge.store.pool import Db


class Completeness(StrEnum):
    """Whether what we hold was proved to be all that the vendor has."""

    UNKNOWN = "Unknown"
    COMPLETE = "Complete"
    SHORT = "Short"


class DataTypeState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What is known of one data type of one connection, and how it was proved."""

    connection_id: UUID
    """The connection."""
    data_type: str
    """The data type, by its key."""
    read_through: datetime | None = None
    """Everything that changed before this moment was read."""
    last_full_read: datetime | None = None
    """When everything was last read."""
    expected: int | None = None
    """How many records the platform says there are."""
    stored: int | None = None
    """How many records are held."""
    completeness: Completeness
    """Whether what is held was proved to be all."""
    completeness_method: str | None = None
    """How it was proved."""
    completeness_checked: datetime | None = None
    """When it was last checked."""
    deletions_held: int
    """Vanished records whose deletion waits for a person to confirm it."""
    deletions_confirmed: bool
    """Whether a person has confirmed them."""
    extent: str = ""
    """What was read, in words, where it is not simply everything."""

    @property
    def confirmed_deletions(self) -> int:
        """How many vanished records a person has confirmed; 0 while nobody has."""
        return self.deletions_held if self.deletions_confirmed else 0


_COLUMNS = ", ".join(DataTypeState.__struct_fields__)


def _state(row: asyncpg.Record) -> DataTypeState:
    return msgspec.convert({_camel(key): value for key, value in row.items()}, DataTypeState)


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.title() for word in tail)


async def get(db: Db | asyncpg.Pool, company_id: UUID, connection_id: UUID, data_type: str) -> DataTypeState | None:
    """The state of one data type, or None before its first read ended."""
    row = await db.fetchrow(
        f"""select {_COLUMNS} from data_type_states
        where company_id = $1 and connection_id = $2 and data_type = $3""",  # noqa: S608
        company_id,
        connection_id,
        data_type,
    )
    return _state(row) if row else None


async def of_company(db: Db | asyncpg.Pool, company_id: UUID) -> list[DataTypeState]:
    """The states of all data types of a company."""
    rows = await db.fetch(
        f"select {_COLUMNS} from data_type_states where company_id = $1 order by connection_id, data_type",  # noqa: S608
        company_id,
    )
    return [_state(row) for row in rows]


async def put(
    db: Db,
    company_id: UUID,
    connection_id: UUID,
    data_type: str,
    *,
    read_through: datetime | None,
    full_read: datetime | None,
    expected: int | None,
    stored: int | None,
    completeness: Completeness,
    method: str,
    deletions_held: int,
    extent: str = "",
) -> None:
    """Record the end of a read. `read_through` and `full_read` are kept from before where None is given."""
    await db.execute(
        """
        insert into data_type_states as s (company_id, connection_id, data_type, read_through, last_full_read,
            expected, stored, completeness, completeness_method, completeness_checked, deletions_held, extent)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now(), $10, $11)
        on conflict (company_id, connection_id, data_type) do update set
            read_through = coalesce(excluded.read_through, s.read_through),
            last_full_read = coalesce(excluded.last_full_read, s.last_full_read),
            expected = excluded.expected, stored = excluded.stored, completeness = excluded.completeness,
            completeness_method = excluded.completeness_method, completeness_checked = excluded.completeness_checked,
            deletions_held = excluded.deletions_held, extent = excluded.extent,
            -- What was confirmed during the read stays so, unless more vanished than was confirmed.
            deletions_confirmed = s.deletions_confirmed and excluded.deletions_held between 1 and s.deletions_held""",
        company_id,
        connection_id,
        data_type,
        read_through,
        full_read,
        expected,
        stored,
        completeness.value,
        method,
        deletions_held,
        extent,
    )


async def confirm_deletions(db: Db | asyncpg.Pool, company_id: UUID, connection_id: UUID, data_type: str) -> bool:
    """A person confirms that the held deletions are real; the next read applies them. False: none are held."""
    tag = await db.execute(
        """update data_type_states set deletions_confirmed = true
        where company_id = $1 and connection_id = $2 and data_type = $3 and deletions_held > 0""",
        company_id,
        connection_id,
        data_type,
    )
    return bool(tag == "UPDATE 1")
