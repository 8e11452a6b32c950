"""Asking for reads: which data types, in which order, over which connection. A worker reads later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bookbridge import jobs
from bookbridge.accounting import catalog
from bookbridge.companies.connections import Connection, Status, hold
from bookbridge.connectors import registry
from bookbridge.store.pool import Db
from bookbridge.sync import datasets, settings
from bookbridge.sync.datasets import Dataset

SYNC_TASK = "sync.connection"
"""The doorbell of the runner; its key is the connection's id."""


class QueueError(Exception):
    """Base: a read cannot be queued; the message says why, for people."""


class ConnectionNotLinked(QueueError):
    """Reading needs a connection that is linked."""


class DataTypeNotSupported(QueueError):
    """The connection's platform does not supply this data type."""


class AlreadyInProgress(QueueError):
    """This data type of this connection is being read already."""


def readable(connection: Connection) -> list[str]:
    """Keys of the data types that the connection's platform supplies, those that others refer to first."""
    connector = registry.connector(connection.integration_key)
    if connector is None:
        return []
    return [row.key for row in catalog.DATA_TYPES if connector.read(row.key) is not None]


async def queue_all(db: Db, connections: Iterable[Connection], *, is_initial: bool = False) -> list[Dataset]:
    """Queue the data types of each linked connection that the settings have read after linking, in their order; what
    is being read already is left as it is, but waits no longer after trouble with the platform."""
    queued = []
    for connection in connections:
        if connection.status is Status.LINKED:
            wanted = (await settings.effective(db, connection.company_id)).first_read(readable(connection))
            queued += await queue_types(db, connection, wanted, is_initial=is_initial)
            if await datasets.wake(db, connection.company_id, connection.id):
                await jobs.ring(db, SYNC_TASK, str(connection.id))
    return queued


async def queue_one(db: Db, connection: Connection, data_type: str) -> Dataset:
    """Queue one data type. Raises ConnectionNotLinked, DataTypeNotSupported or AlreadyInProgress."""
    if connection.status is not Status.LINKED:
        raise not_linked(connection)
    if data_type not in readable(connection):
        raise DataTypeNotSupported(f"Datatype '{data_type}' not supported by platform {connection.integration_key}")
    return await queue_idle_type(db, connection, data_type)


def not_linked(connection: Connection) -> ConnectionNotLinked:
    """The refusal to read a connection that is not linked."""
    return ConnectionNotLinked(
        f"Connection {connection.id} is {connection.status.value}; only a Linked connection can be read."
    )


async def queue_idle_type(db: Db, connection: Connection, data_type: str) -> Dataset:
    """Queue one data type that a linked connection supplies. Raises AlreadyInProgress."""
    queued = await queue_types(db, connection, [data_type], is_initial=False)
    if not queued:
        running = await datasets.open_dataset(db, connection.company_id, connection.id, data_type)
        raise AlreadyInProgress(
            f"DatasetAlreadyInProgressException: Cannot queue {data_type} sync for {connection.company_id} "
            f"as previous sync {running.id if running else ''} is still in progress"
        )
    return queued[0]


async def queue_if_idle(db: Db, connection: Connection, data_type: str) -> None:
    """Queue one data type of a linked connection unless it is being read already."""
    if connection.status is Status.LINKED:
        await queue_types(db, connection, [data_type], is_initial=False)


async def queue_types(db: Db, connection: Connection, data_types: Sequence[str], *, is_initial: bool) -> list[Dataset]:
    """Queue data types that a linked connection supplies as one batch, in the given order; what is being read already
    is left out. Raises ConnectionNotFound when it was deleted meanwhile."""
    # Kept from being deleted until this is committed: what is stored under it after that would stay for ever.
    await hold(db, connection.company_id, connection.id)
    queued = await datasets.insert(
        db,
        company_id=connection.company_id,
        connection_id=connection.id,
        data_types=data_types,
        is_initial=is_initial,
    )
    if queued:
        await jobs.ring(db, SYNC_TASK, str(connection.id))
    return queued
