"""Datasets and data type status as callers see them. Absent fields are left out, never null."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from bookbridge.accounting.catalog import ALL_KEYS
from bookbridge.accounting.dates import ContractDateTime, contract_datetime
from bookbridge.companies import connections
from bookbridge.store.pool import Db
from bookbridge.store.query import Compiled, Kind, Property
from bookbridge.sync import queue
from bookbridge.sync.datasets import Dataset


class PullOperation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """One read of one data type."""

    id: UUID
    """Identifier of the read, also called dataset."""
    company_id: UUID
    """The company."""
    connection_id: UUID
    """The connection that is read."""
    data_type: str
    """The data type, by its key."""
    status: str
    """Where the read stands: Queued, Fetching, Complete, or how it ended otherwise."""
    requested: ContractDateTime
    """When it was asked for."""
    progress: int
    """How far it is, in per cent."""
    is_completed: bool
    """Whether it has ended with success."""
    is_errored: bool
    """Whether it has ended in an error; a type that the platform does not have is not one."""
    completed: ContractDateTime | None = None
    """When it ended."""
    status_description: str | None = None
    """The status in words."""
    error_message: str | None = None
    """What went wrong."""


def pull_operation(dataset: Dataset) -> PullOperation:
    """The contract's view of a dataset."""
    return PullOperation(
        id=dataset.id,
        company_id=dataset.company_id,
        connection_id=dataset.connection_id,
        data_type=dataset.data_type,
        status=dataset.status,
        requested=contract_datetime(dataset.requested),
        progress=dataset.progress,
        is_completed=dataset.is_completed,
        is_errored=dataset.is_errored,
        completed=contract_datetime(dataset.completed) if dataset.completed else None,
        status_description=dataset.status_description,
        error_message=dataset.error_message,
    )


DATASET_PROPERTIES: dict[str, Property] = {
    "id": Property(Kind.STRING, "id::text"),
    "connectionId": Property(Kind.STRING, "connection_id::text"),
    "dataType": Property(Kind.STRING, "data_type"),
    "status": Property(Kind.STRING, "status"),
    "statusDescription": Property(Kind.STRING, "status_description"),
    "errorMessage": Property(Kind.STRING, "error_message"),
    "requested": Property(Kind.DATE, "requested"),
    "completed": Property(Kind.DATE, "completed"),
    "progress": Property(Kind.NUMBER, "progress::numeric"),
}
"""What the read history may be queried and ordered by. `isCompleted` is not queryable, as the contract says."""

_COLUMNS = ", ".join(Dataset.__struct_fields__)


async def history(
    db: Db | asyncpg.Pool,
    company_id: UUID,
    *,
    page: int,
    page_size: int,
    where: Compiled | None = None,
    order_by: str | None = None,
) -> tuple[list[PullOperation], int]:
    """One page (from 1) of a company's reads, newest first, and how many there are in all.

    `where` is compiled over DATASET_PROPERTIES with placeholders from $2 on.
    """
    condition = "company_id = $1" if where is None else f"company_id = $1 and {where.sql}"
    arguments: tuple[Any, ...] = (company_id, *(() if where is None else where.arguments))
    total = await db.fetchval(f"select count(*) from datasets where {condition}", *arguments)  # noqa: S608
    order = f"{order_by}, id" if order_by else "requested desc, sync_order, id"
    rows = await db.fetch(
        f"""select {_COLUMNS} from datasets where {condition} order by {order}
        limit {page_size:d} offset {(page - 1) * page_size:d}""",  # noqa: S608
        *arguments,
    )
    return [pull_operation(Dataset(**dict(row))) for row in rows], int(total)


NEVER_READ = "Initial"
"""The contract's word. Callers' libraries demand a status, so it is not left out."""


class DataStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Where a data type of a company stands."""

    data_type: str
    """The data type, by its key."""
    current_status: str
    """Status of the latest read; Initial before the first."""
    latest_sync_id: UUID | None = None
    """The latest read."""
    last_successful_sync: ContractDateTime | None = None
    """When a read last ended with success."""
    latest_successful_sync_id: UUID | None = None
    """The latest read that ended with success."""


async def data_status(db: Db, company_id: UUID) -> dict[str, DataStatus]:
    """The status of every data type that the company's platforms supply or that was read; of one that was never read,
    its name and NEVER_READ. The others are left out: some of callers' libraries demand a last success of each entry."""
    found = (await connections.of_companies(db, [company_id])).get(company_id, [])
    supplied = {key for connection in found for key in queue.readable(connection)}
    status = {key: DataStatus(data_type=key, current_status=NEVER_READ) for key in sorted(supplied)}
    rows = await db.fetch(
        """
        select distinct on (data_type) data_type, status, id from datasets
        where company_id = $1 order by data_type, requested desc, id""",
        company_id,
    )
    successes = await db.fetch(
        """
        select distinct on (data_type) data_type, id, completed from datasets
        where company_id = $1 and status = 'Complete' order by data_type, completed desc, id""",
        company_id,
    )
    last = {row["data_type"]: row for row in successes}
    for row in rows:
        if row["data_type"] not in ALL_KEYS:
            continue  # custom types have no status of their own
        success = last.get(row["data_type"])
        status[row["data_type"]] = DataStatus(
            data_type=row["data_type"],
            current_status=row["status"],
            latest_sync_id=row["id"],
            last_successful_sync=contract_datetime(success["completed"]) if success else None,
            latest_successful_sync_id=success["id"] if success else None,
        )
    return status


class ReadStates(msgspec.Struct, frozen=True):
    """Whether a data type was ever asked for, and whether a read of it has ever ended well."""

    requested: bool
    succeeded: bool


async def read_states(
    db: Db | asyncpg.Pool, company_id: UUID, data_type: str, connection_id: UUID | None = None
) -> ReadStates:
    """The states over all of a company's connections, or over one of them."""
    row = await db.fetchrow(
        """select count(*) > 0 as requested, coalesce(bool_or(status = 'Complete'), false) as succeeded
        from datasets
        where company_id = $1 and data_type = $2 and ($3::uuid is null or connection_id = $3)""",
        company_id,
        data_type,
        connection_id,
    )
    return ReadStates(row["requested"], row["succeeded"])
