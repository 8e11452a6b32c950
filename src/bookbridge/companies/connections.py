"""Connections: the rows and how they are found. Changes of status are in `lifecycle.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from bookbridge.companies.errors import ConnectionNotFound
from bookbridge.companies.views import ConnectionErrorView
from bookbridge.store.pool import Db
from bookbridge.store.query import Compiled, Kind, Property


class Status(StrEnum):
    """A connection's status, in the contract's words."""

    PENDING = "PendingAuth"
    LINKED = "Linked"
    UNLINKED = "Unlinked"
    DEAUTHORIZED = "Deauthorized"


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `connections`."""

    company_id: UUID
    id: UUID
    integration_key: str
    status: Status
    created: datetime
    last_sync: datetime | None
    linked_first: datetime | None
    linked_last: datetime | None
    """When it was last authorised: two that differ in it do not stand for the same authorisation."""
    organisation_id: str | None
    organisation_name: str | None
    facts: Mapping[str, str]
    connection_info: Mapping[str, Any] | None
    errors: tuple[ConnectionErrorView, ...]
    link_generation: int


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a connection's timeline. `event` is Created, Started, Completed, Failed, Unlinked or
    Deauthorized; `detail` says why, for people."""

    at: datetime
    event: str
    detail: str | None


CONNECTION_PROPERTIES: Mapping[str, Property] = {
    "id": Property(Kind.STRING, "k.id::text"),
    "status": Property(Kind.STRING, "k.status"),
    "integrationKey": Property(Kind.STRING, "k.integration_key"),
    "created": Property(Kind.DATE, "k.created"),
    "lastSync": Property(Kind.DATE, "k.last_sync"),
}
"""What connections may be queried and ordered by."""

COLUMNS = ", ".join(f"k.{name}" for name in Connection.__struct_fields__)
"""What `connection_of` makes a connection of."""
COLUMNS_AS_K = ", ".join(f"k.{name} as k_{name}" for name in Connection.__struct_fields__)
"""The same beside another table's columns, for `connection_as_k`."""
TIMELINE_MAX = 200


async def get(db: Db, company_id: UUID, connection_id: UUID) -> Connection:
    """The connection. Raises ConnectionNotFound."""
    return await _one(db, company_id, connection_id, "")


async def lock(db: Db, company_id: UUID, connection_id: UUID) -> Connection:
    """The connection, locked until the caller's transaction ends: its status cannot change meanwhile.
    Raises ConnectionNotFound."""
    return await _one(db, company_id, connection_id, "for update")


async def hold(db: Db, company_id: UUID, connection_id: UUID) -> Connection:
    """The connection, kept from being deleted until the caller's transaction ends; many may hold it at once.
    For rooms that store something under it. Raises ConnectionNotFound."""
    return await _one(db, company_id, connection_id, "for key share")


async def hold_if_free(db: Db, company_id: UUID, connection_id: UUID) -> Connection | None:
    """Like `hold`, without waiting: None if it is being changed or deleted at this moment, or is gone. For callers
    who hold locks already that its deletion waits for."""
    try:
        return await _one(db, company_id, connection_id, "for key share skip locked")
    except ConnectionNotFound:
        return None


async def list_page(
    db: Db,
    company_id: UUID,
    *,
    page: int,
    page_size: int,
    where: Compiled | None = None,
    order_by: str | None = None,
) -> tuple[list[Connection], int]:
    """One page (from 1) of a company's connections, oldest first, and how many there are in all.

    `where` is compiled over CONNECTION_PROPERTIES with placeholders from $2 on.
    """
    condition = "k.company_id = $1" if where is None else f"k.company_id = $1 and ({where.sql})"
    arguments = (company_id, *(() if where is None else where.arguments))
    total = await db.fetchval(f"select count(*) from connections k where {condition}", *arguments)  # noqa: S608
    order = "k.created, k.id" if order_by is None else f"{order_by}, k.id"
    rows = await db.fetch(
        f"select {COLUMNS} from connections k where {condition} order by {order}"  # noqa: S608
        f" limit ${len(arguments) + 1} offset ${len(arguments) + 2}",
        *arguments,
        page_size,
        (page - 1) * page_size,
    )
    return [connection_of(row) for row in rows], total


async def of_companies(db: Db, company_ids: Sequence[UUID]) -> dict[UUID, list[Connection]]:
    """All connections of the companies, by company, oldest first."""
    rows = await db.fetch(
        f"select {COLUMNS} from connections k where k.company_id = any($1) order by k.created, k.id",  # noqa: S608
        list(company_ids),
    )
    found: dict[UUID, list[Connection]] = {}
    for row in rows:
        found.setdefault(row["company_id"], []).append(connection_of(row))
    return found


async def locate(db: Db, connection_id: UUID) -> Connection:
    """The connection by its id alone, for callers that were told no company. Raises ConnectionNotFound."""
    row = await db.fetchrow(f"select {COLUMNS} from connections k where k.id = $1", connection_id)  # noqa: S608
    if row is None:
        raise ConnectionNotFound(connection_id)
    return connection_of(row)


async def linked_after(db: Db, after: tuple[UUID, UUID] | None, limit: int) -> list[Connection]:
    """The first linked connections after one (its company's id and its own), in the order of these ids."""
    company_id, connection_id = after or (UUID(int=0), UUID(int=0))
    rows = await db.fetch(
        f"select {COLUMNS} from connections k where k.status = 'Linked'"  # noqa: S608
        " and (k.company_id, k.id) > ($1, $2) order by k.company_id, k.id limit $3",
        company_id,
        connection_id,
        limit,
    )
    return [connection_of(row) for row in rows]


async def synced(db: Db, company_id: UUID, connection_id: UUID, moment: datetime) -> None:
    """Record a successful sync on the connection and its company; never moves `lastSync` back."""
    # The company is locked first, as by its deletion, so that the two cannot wait for each other.
    await db.execute("update companies set last_sync = greatest(last_sync, $2) where id = $1", company_id, moment)
    await db.execute(
        "update connections set last_sync = greatest(last_sync, $3) where company_id = $1 and id = $2",
        company_id,
        connection_id,
        moment,
    )


async def timeline(db: Db, company_id: UUID, connection_id: UUID) -> list[Moment]:
    """The newest TIMELINE_MAX entries, newest first."""
    rows = await db.fetch(
        "select at, event, detail from connection_events where company_id = $1 and connection_id = $2"
        " order by id desc limit $3",
        company_id,
        connection_id,
        TIMELINE_MAX,
    )
    return [Moment(at=row["at"], event=row["event"], detail=row["detail"]) for row in rows]


def connection_of(row: Mapping[str, Any]) -> Connection:
    """The connection from a row of COLUMNS."""
    values = dict(row)
    values["status"] = Status(values["status"])
    values["facts"] = msgspec.json.decode(values["facts"], type=dict[str, str])
    values["errors"] = msgspec.json.decode(values["errors"], type=tuple[ConnectionErrorView, ...])
    if values["connection_info"] is not None:
        values["connection_info"] = msgspec.json.decode(values["connection_info"], type=dict[str, Any])
    return Connection(**values)


def connection_as_k(row: Mapping[str, Any]) -> Connection:
    """The connection from a row that holds COLUMNS_AS_K among others."""
    return connection_of({name: row[f"k_{name}"] for name in Connection.__struct_fields__})


async def _one(db: Db, company_id: UUID, connection_id: UUID, locking: str) -> Connection:
    row = await db.fetchrow(
        f"select {COLUMNS} from connections k where k.company_id = $1 and k.id = $2 {locking}",  # noqa: S608
        company_id,
        connection_id,
    )
    if row is None:
        raise ConnectionNotFound(connection_id)
    return connection_of(row)
