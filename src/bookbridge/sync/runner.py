"""Works off the open datasets of one connection, one after another, for a bounded time slice.

The doorbell guarantees one runner per connection at a time. Whatever goes wrong is decided here by the class of the
error: wait and go on, end the dataset, or end them all because the authorisation is gone.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec
import structlog

from bookbridge.accounting.dates import contract_datetime
from bookbridge.companies import connections, lifecycle
from bookbridge.companies.connections import Connection
from bookbridge.companies.connections import Status as ConnectionStatus
from bookbridge.companies.errors import ConnectionNotFound
from bookbridge.companies.sessions import Sessions
from bookbridge.companies.views import Views
from bookbridge.connectors import registry
from bookbridge.connectors.kit.connector import Connector
from bookbridge.connectors.kit.errors import (
    NeedsRelink,
    NotSupported,
    RateLimited,
    VendorError,
    VendorUnavailable,
    Waiting,
)
from bookbridge.connectors.kit.session import Session
from bookbridge.store.pool import DATABASE_AWAY, Db
from bookbridge.sync import custom_data, datasets, events, schedule, states
from bookbridge.sync.dataset_run import (
    CountMismatch,
    DatasetRun,
    Ended,
    Finished,
    ShapeError,
    SliceOver,
    read_through,
)
from bookbridge.sync.datasets import Dataset, Status
from bookbridge.sync.events import OnBatch
from bookbridge.sync.patience import ATTEMPTS_MAX, OUR_ATTEMPTS_MAX, backoff_s
from bookbridge.sync.states import Completeness

log = structlog.get_logger(__name__)

SLICE_S = 20.0
"""A connection gives its worker back after this long, at the next checkpoint: a big one cannot starve others."""

WAITING_S = 600.0
OUR_FAULT = "It met a fault of this installation."
NOT_LINKED = "The connection is no longer linked; it must be authorised again before it can be read."


class Runner:
    """Handler of the task `sync.connection`."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        sessions: Sessions,
        views: Views,
        *,
        slice_s: float = SLICE_S,
        on_batch: Sequence[OnBatch] = (),
    ) -> None:
        """`on_batch` is called at the end of each batch, in the transaction that ends it."""
        self.on_batch = on_batch
        self.pool = pool
        self.sessions = sessions
        self.views = views
        self.slice_s = slice_s

    async def handle(self, key: str) -> float | None:
        """Read what is due for the connection `key`. Returns seconds to be run again, or None when done."""
        connection_id = UUID(key)
        if await datasets.next_open(self.pool, connection_id) is None:
            return await datasets.waiting_s(self.pool, connection_id)
        try:
            async with self.pool.acquire() as db:
                connection = await connections.locate(db, connection_id)
        except ConnectionNotFound:
            return None
        if connection.status is not ConnectionStatus.LINKED:
            return await self._end_unlinked(connection, NOT_LINKED)
        connector = registry.connector(connection.integration_key)
        if connector is None:
            await self._end_all(connection, Status.NOT_SUPPORTED, None)
            return None
        deadline = time.monotonic() + self.slice_s
        try:
            async with self.sessions.open(connection) as session:
                return await self._work_off(connection, connector, session, deadline)
        except NeedsRelink as error:
            return await self._deauthorize(connection, error)
        except RateLimited as error:
            return await self._pause_next(connection, error.retry_after_s, error)
        except VendorError as error:
            return await self._pause_next(connection, None, error)

    async def _work_off(
        self, connection: Connection, connector: Connector, session: Session, deadline: float
    ) -> float | None:
        is_first = True  # however long opening took, a run gets something done
        while dataset := await datasets.next_open(self.pool, connection.id):
            if (time.monotonic() > deadline and not is_first) or await self._changed(connection):
                return 0.0
            is_first = False
            again = await self._one(connection, connector, session, dataset, deadline)
            if again is not None:
                return again
        return await datasets.waiting_s(self.pool, connection.id)

    async def _changed(self, connection: Connection) -> bool:
        """Whether the connection is no longer what the session was opened on: unlinked, deleted, or linked to
        another organisation. Asked after the dataset was picked, since linking another one deletes all datasets."""
        try:
            async with self.pool.acquire() as db:
                now = await connections.get(db, connection.company_id, connection.id)
        except ConnectionNotFound:
            return True
        return now.status is not ConnectionStatus.LINKED or now.organisation_id != connection.organisation_id

    async def _one(
        self,
        connection: Connection,
        connector: Connector,
        session: Session,
        dataset: Dataset,
        deadline: float,
    ) -> float | None:
        """One dataset; seconds to wait if the whole connection has to, None if others may be read now."""
        read = await custom_data.read_of(self.pool, connector, dataset.data_type)
        if read is None:
            await self._end(connection, dataset, Status.NOT_SUPPORTED, None)
            return None
        run = DatasetRun(self.pool, connector, session, connection.facts, read, deadline)
        try:
            await self._complete(connection, await run.run(dataset))
        except (SliceOver, Ended):
            return 0.0
        except RateLimited as error:
            return await self._pause(dataset, error.retry_after_s, error, failed=False)
        except Waiting as error:
            return await self._pause(dataset, WAITING_S, error, failed=False)
        except VendorUnavailable as error:
            await self._retry(connection, dataset, Status.FETCH_ERROR, error, ATTEMPTS_MAX)
        except NotSupported:
            await self._end(connection, dataset, Status.NOT_SUPPORTED, None)
        except NeedsRelink:
            raise
        except CountMismatch as error:
            await self._end(connection, dataset, Status.FETCH_ERROR, str(error), is_short=True)
        except ShapeError as error:
            log.warning("dataset_not_understood", dataset_id=str(dataset.id), error=str(error), exc_info=error)
            await self._end(connection, dataset, Status.MAP_ERROR, str(error))
        except VendorError as error:
            await self._end(connection, dataset, Status.FETCH_ERROR, error.message)
        except Exception as error:
            # A call may time out as well, and what cannot be encoded for the database is the driver's own error.
            if isinstance(error, DATABASE_AWAY) and not isinstance(error, TimeoutError | ValueError):
                raise  # the job comes again, and goes on from the checkpoint
            # Raised on, it would come again for ever, and hold up everything else that is to be read.
            log.error("dataset_broke", dataset_id=str(dataset.id), data_type=dataset.data_type, exc_info=error)
            fault = VendorUnavailable(OUR_FAULT)
            await self._retry(connection, dataset, Status.INTERNAL_ERROR, fault, OUR_ATTEMPTS_MAX)
        return None

    async def _retry(
        self, connection: Connection, dataset: Dataset, status: Status, error: VendorUnavailable, attempts_max: int
    ) -> None:
        """Try the dataset again later, or end it with the status after so many attempts without a page."""
        if dataset.attempts + 1 >= attempts_max:
            await self._end(connection, dataset, status, error.message)
            return
        wait_s = error.retry_after_s or backoff_s(dataset.attempts)
        await self._pause(dataset, wait_s, error, failed=True)

    async def _complete(self, connection: Connection, finished: Finished) -> None:
        dataset = finished.dataset
        async with self.pool.acquire() as db, db.transaction():
            # The connection is locked before the dataset, in the order of those who delete them.
            await connections.synced(db, dataset.company_id, dataset.connection_id, datetime.now(UTC))
            issues = await events.issues(db, self.views, dataset, finished.deletions_held)
            ended = await datasets.end(db, dataset, Status.COMPLETE, issues=msgspec.json.encode(issues).decode())
            if ended is None:
                raise Ended
            await states.put(
                db,
                dataset.company_id,
                dataset.connection_id,
                dataset.data_type,
                read_through=read_through(dataset),
                full_read=finished.full_read,
                expected=finished.expected,
                stored=finished.stored,
                completeness=finished.completeness,
                method=finished.method,
                deletions_held=finished.deletions_held,
                extent=dataset.extent,
            )
            await schedule.after_read(db, dataset)
            await events.batch_completed(db, self.views, ended, self.on_batch)
        log.info(
            "dataset_complete",
            dataset_id=str(dataset.id),
            data_type=dataset.data_type,
            connection_id=str(connection.id),
            read=dataset.records_read,
            written=dataset.records_written,
        )

    async def _end(
        self,
        connection: Connection,
        dataset: Dataset,
        status: Status,
        error_message: str | None,
        *,
        is_short: bool = False,
    ) -> None:
        """End a dataset without success. `is_short`: what is stored was found to be less, or more, than there is."""
        async with self.pool.acquire() as db, db.transaction():
            await self._end_in(db, connection, dataset, status, error_message, is_short=is_short)

    async def _end_in(
        self,
        db: Db,
        connection: Connection,
        dataset: Dataset,
        status: Status,
        error_message: str | None,
        *,
        is_short: bool = False,
    ) -> None:
        ended = await datasets.end(db, dataset, status, error_message=error_message)
        if ended is not None:
            if is_short:
                await states.put(
                    db,
                    dataset.company_id,
                    dataset.connection_id,
                    dataset.data_type,
                    read_through=None,
                    full_read=None,
                    expected=None,
                    stored=None,
                    completeness=Completeness.SHORT,
                    method=error_message or "",
                    deletions_held=0,
                    extent=dataset.extent,
                )
            await schedule.after_read(db, dataset)
            await events.batch_completed(db, self.views, ended, self.on_batch)
        log.info(
            "dataset_ended",
            dataset_id=str(dataset.id),
            data_type=dataset.data_type,
            connection_id=str(connection.id),
            status=status.value,
            why=error_message,
        )

    async def _end_all(self, connection: Connection, status: Status, error_message: str | None) -> None:
        while dataset := await datasets.next_open(self.pool, connection.id, even_waiting=True):
            await self._end(connection, dataset, status, error_message)

    async def _deauthorize(self, connection: Connection, error: NeedsRelink) -> float | None:
        try:
            async with self.pool.acquire() as db, db.transaction():
                await lifecycle.deauthorized(db, self.views, connection, reason=error.message)
        except ConnectionNotFound:
            return None
        return await self._end_unlinked(connection, error.message)

    async def _end_unlinked(self, connection: Connection, error_message: str) -> float | None:
        """End what is open on a connection that is not Linked. 0.0: it was linked anew meanwhile, and what was queued
        by that is to be read."""
        while dataset := await datasets.next_open(self.pool, connection.id, even_waiting=True):
            try:
                async with self.pool.acquire() as db, db.transaction():
                    now = await connections.lock(db, connection.company_id, connection.id)
                    if now.status is ConnectionStatus.LINKED:
                        return 0.0
                    await self._end_in(db, connection, dataset, Status.AUTH_ERROR, error_message)
            except ConnectionNotFound:
                return None
        return None

    async def _pause(self, dataset: Dataset, wait_s: float, error: VendorError, *, failed: bool) -> float:
        until = contract_datetime(datetime.now(UTC) + timedelta(seconds=wait_s))
        description = f"Paused until {until}: {error.message}"
        await datasets.pause(self.pool, dataset, description, failed_wait_s=wait_s if failed else None)
        log.info(
            "dataset_waits",
            dataset_id=str(dataset.id),
            data_type=dataset.data_type,
            connection_id=str(dataset.connection_id),
            wait_s=round(wait_s, 1),
            attempts=dataset.attempts + failed,
            why=error.message,
        )
        return wait_s

    async def _pause_next(self, connection: Connection, wait_s: float | None, error: VendorError) -> float | None:
        """The session could not even be opened: the next dataset waits, so long or as after a failed attempt, or gives
        up."""
        dataset = await datasets.next_open(self.pool, connection.id)
        if dataset is None:
            return None
        if wait_s is not None:
            return await self._pause(dataset, wait_s, error, failed=False)
        if dataset.attempts + 1 >= ATTEMPTS_MAX:
            await self._end(connection, dataset, Status.FETCH_ERROR, error.message)
            return 0.0
        return await self._pause(dataset, backoff_s(dataset.attempts), error, failed=True)
