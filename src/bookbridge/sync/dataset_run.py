"""Reads one dataset through a session: page → records → one transaction with the cursor.

Dying at any line costs at most the page in hand: the cursor is saved with the records of its page, and reading goes
on from it. Nothing here retries; the runner decides that from the class of the error.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from bookbridge.accounting.records import ListedRecord, Record
from bookbridge.connectors.kit.connector import Connector, Facts, Read, Source
from bookbridge.connectors.kit.session import Page, Session
from bookbridge.store import records
from bookbridge.store.pool import Db
from bookbridge.store.records import RecordBatch, Scope
from bookbridge.sync import datasets, deletions, extents, keys, settings, states
from bookbridge.sync.datasets import Dataset
from bookbridge.sync.extents import Extent
from bookbridge.sync.states import Completeness
from bookbridge.sync.supplements import Supplement
from bookbridge.sync.validation import Findings

INCREMENTAL_OVERLAP = timedelta(minutes=5)
"""An incremental read starts this much before the last one did: clocks differ, and vendors publish late."""

ROWS_AT_ONCE = 25
"""Rows shaped before the network gets a turn: under a millisecond."""

SavePage = Callable[[Source[Any, Any], Page[Any], int], Awaitable[None]]

ROUNDS_MAX = 3
"""Re-reads within one dataset after counts that do not match, before it is reported."""


class SliceOver(Exception):
    """The time slice ended at a checkpoint; the dataset is to be resumed."""


class Ended(Exception):
    """Somebody else ended or deleted the dataset; there is nothing left to do."""


class CountMismatch(Exception):
    """The vendor's total and ours still differ after re-reading; the message gives both."""


class ShapeError(Exception):
    """A vendor's row could not be turned into a record; the message names the row, not its content."""


@dataclass(frozen=True)
class Finished:
    """What a dataset came to: what goes into its state and its last row."""

    dataset: Dataset
    expected: int | None
    stored: int | None
    completeness: Completeness
    method: str
    deletions_held: int
    full_read: datetime | None


@dataclass
class DatasetRun:
    """One attempt (or resumption) at one dataset."""

    pool: asyncpg.Pool
    connector: Connector
    session: Session
    facts: Facts
    read: Read[Any]
    deadline: float
    """Monotonic time at which to stop at the next checkpoint."""
    _supplement: Supplement | None = None

    async def run(self, dataset: Dataset) -> Finished:
        """Read until the end and prove it. Raises VendorError, SliceOver, Ended, CountMismatch or ShapeError."""
        state = await states.get(self.pool, dataset.company_id, dataset.connection_id, dataset.data_type)
        extent = await extents.of(
            self.pool, dataset.company_id, self.connector.key, dataset.data_type, datetime.now(UTC)
        )
        self._supplement = extent.supplement
        started = await datasets.start(
            self.pool,
            dataset,
            since=None if self.read.hard_deletes else self._since(state, extent),
            lists_ids=self.read.hard_deletes,
            extent=extent.name,
            read_from=extent.read_from,
        )
        if started is None:
            raise Ended
        dataset = started
        while True:
            dataset = await self._read_sources(dataset)
            finished = await self._prove(dataset, state.confirmed_deletions if state else 0)
            if isinstance(finished, Finished):
                return finished
            dataset = finished

    def _since(self, state: states.DataTypeState | None, extent: Extent) -> datetime | None:
        """Where an incremental read starts; None for a full one. Only what was proved complete is built upon, and
        only if it was read to the same extent."""
        if state is None or state.read_through is None or state.completeness is not Completeness.COMPLETE:
            return None
        return state.read_through if state.extent == extent.name else None

    async def _read_sources(self, dataset: Dataset) -> Dataset:
        for place, source in enumerate(self.read.sources):
            if source.name in dataset.sources_done:
                continue
            cursor = dataset.cursor if dataset.source == source.name else None
            since = _later(dataset.since, dataset.read_from) if source.incremental else self._period_start(dataset)
            progress = place * 100 // len(self.read.sources)
            await self._read_source(dataset, source, since, cursor, progress)
        current = await datasets.get(self.pool, dataset.company_id, dataset.id)
        if current is None or current.completed is not None:
            raise Ended
        return current

    async def _read_source(
        self,
        dataset: Dataset,
        source: Source[Any, Any],
        since: datetime | None,
        cursor: str | None,
        progress: int,
    ) -> None:
        """Read one list. While a page is being saved, the next one is shaped and the one after it fetched."""
        async with (
            self.pool.acquire() as db,
            self._saving(db, dataset) as save,
            aclosing(self.session.pages(source, since=since, cursor=cursor)) as pages,
        ):
            async for page in pages:
                await save(source, page, progress)
                if page.cursor is not None and time.monotonic() > self.deadline:
                    raise SliceOver

    @asynccontextmanager
    async def _saving(self, db: Db, dataset: Dataset) -> AsyncIterator[SavePage]:
        """A function that shapes a page at once and saves it in the background, one at a time and in order."""
        # Records and cursor are lost or kept together, so a power cut may take the last pages: they are read again.
        # What ends a dataset is committed durably, and that flushes these too.
        # A plan that was made while the table was small would be kept, and scan it for each row, when it has grown.
        under_way: asyncio.Task[None] | None = None

        async def save(source: Source[Any, Any], page: Page[Any], progress: int) -> None:
            nonlocal under_way
            batch, findings = await self._shape(dataset, source, page)
            if under_way is not None:
                await under_way
            under_way = asyncio.create_task(_save(db, dataset, batch, findings, page, progress))
            await asyncio.sleep(0)  # lets the statement leave before the next page keeps this thread busy

        try:
            await db.execute("set synchronous_commit = off; set enable_seqscan = off")
            yield save
        finally:
            try:
                if under_way is not None:
                    await under_way
                    await keys.ring(db, dataset.connection_id)
            finally:
                await _untune(db)

    async def _prove(self, dataset: Dataset, confirmed_deletions: int) -> Finished | Dataset:
        """Check what was read against the vendor's totals. A Dataset: read again first."""
        held = 0
        if dataset.lists_ids:
            async with self.pool.acquire() as db, db.transaction():
                await self._forget_earlier(db, dataset)
                held = await deletions.apply(db, dataset, self.read.data_type, confirmed=confirmed_deletions)
        elif dataset.read_from is not None:
            async with self.pool.acquire() as db, db.transaction():
                await self._forget_earlier(db, dataset)
        expected, stored = await self._totals(dataset)
        full = dataset.started if dataset.since is None or dataset.rounds else None
        if expected is None or stored is None:
            method = "every list was read to its end" if full else "every change was read"
            stored = await records.count_all(self.pool, self._scope(dataset))
        if held:
            method = f"{held} records vanished at once; waiting for a person to confirm"
            return Finished(dataset, expected, stored, Completeness.SHORT, method, held, full)
        if expected is None:
            return Finished(dataset, None, stored, Completeness.COMPLETE, method, held, full)
        if expected == stored:
            return Finished(
                dataset,
                expected,
                stored,
                Completeness.COMPLETE,
                "the vendor's total was compared",
                held,
                full,
            )
        if dataset.rounds >= ROUNDS_MAX:
            raise CountMismatch(
                f"The platform lists {expected} {dataset.data_type} and {stored} were read; "
                "what was read is kept, and the next read starts from the beginning."
            )
        return await self._again(dataset, vanished=stored > expected)

    async def _totals(self, dataset: Dataset) -> tuple[int | None, int | None]:
        if dataset.read_from is not None:
            return None, None  # the vendor counts records that are not kept
        scope = self._scope(dataset)
        expected = stored = 0
        counted = False
        for source in self.read.sources:
            if not source.countable:
                continue
            total = await self.session.count(source)
            if total is None:
                continue
            counted = True
            expected += total
            stored += await records.count(self.pool, scope, source.name)
        return (expected, stored) if counted else (None, None)

    async def _forget_earlier(self, db: Db, dataset: Dataset) -> None:
        """Drop what was kept by an earlier, wider read, or has grown older than a window that moves on."""
        if dataset.read_from is not None:
            await records.forget_before(db, self._scope(dataset), dataset.read_from)

    @staticmethod
    def _period_start(dataset: Dataset) -> datetime | None:
        """Where the period of a report begins; connectors are told it in place of a last read. None for any other
        list."""
        return dataset.read_from if dataset.data_type in settings.REPORTS else None

    @staticmethod
    def _scope(dataset: Dataset) -> Scope:
        return Scope(dataset.company_id, dataset.data_type, dataset.connection_id)

    async def _again(self, dataset: Dataset, *, vanished: bool) -> Dataset:
        """Another round. What we hold too much vanished over there: a full read that notes every id finds it.
        What we lack after a full read came while it ran; what we lack otherwise takes a full read to find."""
        since: datetime | None = None
        lists_ids = self.read.hard_deletes or vanished
        if not vanished and dataset.since is None and dataset.started is not None:
            since, lists_ids = dataset.started - INCREMENTAL_OVERLAP, False
        async with self.pool.acquire() as db, db.transaction():
            again = await datasets.read_again(db, dataset, since=since, lists_ids=lists_ids)
        if again is None:
            raise Ended
        return again

    async def _shape(self, dataset: Dataset, source: Source[Any, Any], page: Page[Any]) -> tuple[RecordBatch, Findings]:
        """Turn a vendor's page into rows and findings, letting the network have its turn in between."""
        key = self.read.data_type.key
        batch = RecordBatch(dataset.company_id, dataset.connection_id, key, source.name, datetime.now(UTC))
        findings = Findings(self.read.data_type)
        for first in range(0, len(page.payloads), ROWS_AT_ONCE):
            places = range(first, first + ROWS_AT_ONCE)
            shape_rows(
                self.read,
                source,
                page,
                places,
                self.facts,
                batch,
                findings,
                keep_from=dataset.read_from,
                supplement=self._supplement,
            )
            await asyncio.sleep(0)
        return batch, findings


async def _untune(db: Db) -> None:
    """Make the connection fit for others again, or close it: the next user's intent to write must survive a power
    cut."""
    try:
        await db.execute("reset synchronous_commit; reset enable_seqscan")
    except BaseException:
        db.terminate()
        raise


async def _save(
    db: Db, dataset: Dataset, batch: RecordBatch, findings: Findings, page: Page[Any], progress: int
) -> None:
    async def page_only() -> None:
        read = len(page.payloads)
        if not await datasets.save_page(db, dataset, batch, cursor=page.cursor, read=read, progress=progress):
            raise Ended

    if not dataset.lists_ids and not findings.rows:
        await page_only()
        return
    async with db.transaction():
        await page_only()
        if dataset.lists_ids:
            await deletions.note_listed(db, dataset, batch.ids)
        await findings.save(db, dataset)


def _later(first: datetime | None, second: datetime | None) -> datetime | None:
    return max(first, second) if first and second else first or second


def read_through(dataset: Dataset) -> datetime:
    """Up to when changes are stored once this dataset is complete."""
    return (dataset.started or datetime.now(UTC)) - INCREMENTAL_OVERLAP


def shape_rows(
    read: Read[Any],
    source: Source[Any, Any],
    page: Page[Any],
    places: range,
    facts: Facts,
    batch: RecordBatch,
    findings: Findings,
    *,
    keep_from: datetime | None = None,
    supplement: Supplement | None = None,
) -> None:
    """Add the records of some rows of a page to the batch, and what is wrong with them to the findings. Places
    beyond the page's end are ignored, and records that are known to have changed last before `keep_from`.
    Raises ShapeError."""
    data_type = read.data_type
    encode, record_id, shape, shape_raw = data_type.encode, data_type.record_id, source.shape, source.shape_raw
    for place in places[: len(page.payloads) - places.start]:
        try:
            shaped = shape(page.payloads[place], facts) if shape_raw is None else shape_raw(page.raws[place])
        except (ValueError, KeyError, ArithmeticError, TypeError, AttributeError) as error:
            raise ShapeError(
                f"Row {place + 1} of a page of {source.name} could not be understood ({type(error).__name__})."
            ) from error
        if shaped is None:
            continue
        found: Sequence[Record] = shaped if isinstance(shaped, (list, tuple)) else (shaped,)
        for record in found:
            identifier = record_id(record)
            modified, deleted = None, False
            if isinstance(record, ListedRecord):
                deleted = record.metadata.is_deleted
                if record.source_modified_date is not None:
                    modified = datetime.fromisoformat(record.source_modified_date)
            if keep_from is not None and modified is not None and modified < keep_from:
                continue
            encoded = encode(record)
            if supplement is not None and not deleted:
                encoded = supplement.added(encoded, page.raws[place], source.path)
            batch.add(identifier, encoded, page.raws[place], modified, deleted)
            findings.add(batch.ids[-1], record)
