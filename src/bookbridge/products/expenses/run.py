"""Handing a sync's transactions over to be written, and taking note of the end of each.

handle   ONE transaction: each Pending transaction becomes a record, is submitted, and carries its push operation's
         id; what cannot become one is a ValidationError. Dying before it commits leaves the sync accepted, and the
         job comes again; after it, the writes are the business of `push`, which writes each once.
settled  in the transaction that ends a write: its transaction is Completed or a PushError, and if it was the last,
         the sync is done and told of.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec
import structlog

from bookbridge.companies import connections
from bookbridge.companies.connections import Connection, Status
from bookbridge.companies.errors import ConnectionNotFound
from bookbridge.companies.views import Views
from bookbridge.connectors.kit.connector import Operation, Write
from bookbridge.products.expenses import configuration, events, sync_entries, syncs
from bookbridge.products.expenses.books import books_for
from bookbridge.products.expenses.codes import SyncCode, duplicates, overall
from bookbridge.products.expenses.errors import ExpenseError, NotLanded
from bookbridge.products.expenses.landing import Desk, Landed, land
from bookbridge.products.expenses.ledger import ledger
from bookbridge.products.expenses.sync_entries import Entry, TransactionStatus
from bookbridge.products.expenses.syncs import Stage
from bookbridge.products.expenses.transactions import decode
from bookbridge.push.errors import PushError, TooManyPending
from bookbridge.push.fields import WriteFields, write_fields
from bookbridge.push.operations import PushOperation
from bookbridge.push.operations import Status as PushStatus
from bookbridge.push.run import DATABASE_ERRORS
from bookbridge.push.submit import Submission, submit
from bookbridge.store.pool import Db

log = structlog.get_logger(__name__)

CROWDED_WAIT_S: Final = 10.0
"""When the connection has as many writes waiting as it may."""

BEHIND_WAIT_S: Final = 0.2
"""When an earlier change of the same transaction was not handed over yet."""

LOST: Final = {
    Status.UNLINKED: (SyncCode.UNLINKED, "The accounting connection is unlinked."),
    Status.DEAUTHORIZED: (SyncCode.DEAUTHORIZED, "The accounting connection has lost its authorisation."),
    Status.PENDING: (SyncCode.DEAUTHORIZED, "The accounting connection is not authorised."),
}
FAULT: Final = "It met a fault of this installation; it can be sent again."

_encoder = msgspec.json.Encoder(decimal_format="number")


class Runner:
    """Handler of the task `expenses.sync`, and hook of the end of writes."""

    def __init__(self, pool: asyncpg.Pool, views: Views) -> None:
        self._pool = pool
        self._views = views

    async def handle(self, key: str) -> float | None:
        """Hand over the sync that the key names; returns when to try again, if now was not the time."""
        company_id, _, sync_id = key.partition(":")
        wanted = UUID(company_id), UUID(sync_id)
        try:
            async with self._pool.acquire() as db, db.transaction():
                return await self._hand_over(db, *wanted)
        except TooManyPending:
            return CROWDED_WAIT_S
        except ConnectionNotFound:
            return None  # the sync went with it
        except DATABASE_ERRORS:
            raise  # nothing was kept; the job comes again
        except Exception as error:
            log.error("expenses_broke", sync_id=sync_id, exc_info=error)
            async with self._pool.acquire() as db, db.transaction():
                await self._give_up(db, *wanted)
        return None

    async def settled(self, db: Db, operation: PushOperation) -> None:
        """Take note of the end of a write. One that is no transaction's is passed by."""
        entry = await sync_entries.of_operation(db, operation.company_id, operation.id)
        if entry is None or entry.status is not TransactionStatus.PENDING:
            return
        if operation.result_record_id is not None:
            await _completed(db, entry, operation)
        else:
            connection = await connections.get(db, operation.company_id, operation.connection_id)
            code, message = _why(connection, operation)
            await sync_entries.fail(db, entry, TransactionStatus.PUSH_ERROR, code, message)
        await self._settle(db, entry.company_id, entry.sync_id)

    async def _hand_over(self, db: Db, company_id: UUID, sync_id: UUID) -> float | None:
        """Hand the sync over, unless it was or is gone; returns when to try again if an earlier one comes first."""
        found = await syncs.get(db, company_id, sync_id)
        if found is None:
            return None
        # The connection is locked before the sync, in the order of those who delete them.
        connection = await connections.hold(db, company_id, found.connection_id)
        sync = await syncs.lock(db, company_id, sync_id)
        if sync is None or sync.stage is not Stage.ACCEPTED:
            return None
        if await sync_entries.is_behind(db, sync):
            return BEHIND_WAIT_S
        await syncs.begin(db, sync)
        await events.tell_of_start(db, sync)
        pending = [one for one in await sync_entries.of_sync(db, sync) if one.status is TransactionStatus.PENDING]
        if connection.status is Status.LINKED:
            await _Handing(db, self._views, connection).all(pending)
        else:
            code, message = LOST[connection.status]
            for entry in pending:
                await sync_entries.fail(db, entry, TransactionStatus.VALIDATION_ERROR, code, message)
        await self._settle(db, company_id, sync_id)
        return None

    async def _give_up(self, db: Db, company_id: UUID, sync_id: UUID) -> None:
        """End a sync that was never handed over, for a reason that is ours: nothing of it was written."""
        sync = await syncs.lock(db, company_id, sync_id)
        if sync is None or sync.stage is not Stage.ACCEPTED:
            return
        await syncs.begin(db, sync)
        for entry in await sync_entries.of_sync(db, sync):
            if entry.status is TransactionStatus.PENDING:
                await sync_entries.fail(db, entry, TransactionStatus.PUSH_ERROR, SyncCode.SERVER, FAULT)
        await self._settle(db, company_id, sync_id)

    async def _settle(self, db: Db, company_id: UUID, sync_id: UUID) -> None:
        """End the sync if nothing of it is on its way any more."""
        sync = await syncs.lock(db, company_id, sync_id)
        if sync is None or sync.stage is not Stage.PUSHING or await sync_entries.is_pending(db, sync):
            return
        entries = await sync_entries.of_sync(db, sync)
        code = overall({entry.status_code for entry in entries if entry.status_code is not None})
        decisive = [entry for entry in entries if entry.status_code == code]
        message = next((entry.message for entry in decisive), None)
        if code is SyncCode.DUPLICATE:
            message = duplicates(entry.transaction_id for entry in decisive)
        pushed = any(entry.status is TransactionStatus.COMPLETED for entry in entries)
        failed = code not in (SyncCode.WRITTEN, SyncCode.NOTHING_WRITTEN)
        ended = await syncs.end(db, sync, code, message if failed else None, data_pushed=pushed)
        await events.tell(db, self._views, ended, entries)
        log.info("expenses_synced", sync_id=str(sync_id), code=code.value, transactions=len(entries))


class _Handing:
    """One sync's transactions on their way to `push`, in one transaction of the database."""

    def __init__(self, db: Db, views: Views, connection: Connection) -> None:
        self._db = db
        self._views = views
        self._connection = connection

    async def all(self, entries: list[Entry]) -> None:
        """Submit what can become a record, and say why of what cannot."""
        try:
            desk = await self._desk(entries)
        except ExpenseError as error:
            for entry in entries:
                await self._refuse(entry, SyncCode.PROCESSING, error.message)
            return
        for entry in entries:
            try:
                await self._one(desk, entry)
            except NotLanded as error:
                await self._refuse(entry, error.code, error.message)
            except TooManyPending:
                raise
            except PushError as error:
                await self._refuse(entry, SyncCode.WRITING, str(error), TransactionStatus.PUSH_ERROR)

    async def _desk(self, entries: list[Entry]) -> Desk:
        connection = self._connection
        defaults = await configuration.get(self._db, connection.company_id, connection.id)
        transactions = [decode(entry.content) for entry in entries]
        ids = defaults.bank_account_id, defaults.supplier_id, defaults.customer_id
        return Desk(ledger(connection), await books_for(self._db, connection, transactions, *ids), defaults)

    async def _one(self, desk: Desk, entry: Entry) -> None:
        landed = land(desk, decode(entry.content))
        record_id = await self._record_to_change(entry, landed) if entry.is_update else None
        kind = Operation.CREATE if record_id is None else Operation.UPDATE
        write = desk.ledger.connector.write(landed.data_type.key, kind)
        if write is None:
            raise NotLanded.processing(f"This accounting software takes no {landed.data_type.key} this way.")
        operation = await submit(
            self._db,
            self._views,
            desk.ledger.connector,
            entry.company_id,
            entry.connection_id,
            Submission(landed.data_type.key, kind, record_id=record_id, body=_body(write, landed)),
        )
        await sync_entries.hand_over(self._db, entry, landed.data_type.key, operation.id)
        if operation.status is PushStatus.FAILED:
            # Refused on acceptance: nobody will tell of it.
            await self._refuse(entry, SyncCode.WRITING, _said(operation), TransactionStatus.PUSH_ERROR)

    async def _record_to_change(self, entry: Entry, landed: Landed) -> str:
        held = await sync_entries.holder(self._db, entry.company_id, entry.transaction_id)
        if held is None or held.record_id is None or held.data_type != landed.data_type.key:
            raise NotLanded.processing("What was written of this transaction cannot be changed into this.")
        return held.record_id

    async def _refuse(
        self,
        entry: Entry,
        code: SyncCode,
        message: str,
        status: TransactionStatus = TransactionStatus.VALIDATION_ERROR,
    ) -> None:
        await sync_entries.fail(self._db, entry, status, code, message)


async def _completed(db: Db, entry: Entry, operation: PushOperation) -> None:
    verb = "Updated" if entry.is_update else "Created"
    await sync_entries.complete(
        db, entry, operation.result_record_id, f"{verb} {operation.data_type} {operation.result_record_id}"
    )


def _why(connection: Connection, operation: PushOperation) -> tuple[SyncCode, str]:
    lost = LOST.get(connection.status)
    return (lost[0] if lost else SyncCode.WRITING), _said(operation)


def _said(operation: PushOperation) -> str:
    """Why a write failed, with the fields that were found wrong."""
    errors = operation.validation.errors if operation.validation else ()
    details = "; ".join(f"{error.item_id}: {error.message}" if error.item_id else error.message for error in errors)
    return details or operation.error_message or "The platform did not write it."


def _body(write: Write[Any], landed: Landed) -> bytes:
    """The record with what the write takes; what it does not take would only be warned of."""
    content = msgspec.to_builtins(landed.record, builtin_types=(Decimal,))
    fields = write_fields(write)
    return _encoder.encode({name: value for name, value in _taken(content, fields, "").items() if name != "metadata"})


def _taken(content: dict[str, Any], fields: WriteFields, prefix: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in content.items():
        path = f"{prefix}{name}"
        if not fields.concern(path):
            continue
        if isinstance(value, dict):
            found[name] = _taken(value, fields, f"{path}.")
        elif isinstance(value, list | tuple):
            found[name] = [_taken(one, fields, f"{path}.") if isinstance(one, dict) else one for one in value]
        else:
            found[name] = value
    return found
