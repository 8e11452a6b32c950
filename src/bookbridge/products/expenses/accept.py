"""Accepting transactions: checked, kept and rung for in the caller's transaction, so that they are on their way exactly
if the caller is told so.

A transaction that is written already, or on its way, is kept as refused beside those that are not; the sync tells it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar
from uuid import UUID

from bookbridge import jobs
from bookbridge.companies import companies
from bookbridge.connectors.kit.expenses import ExpenseKind, SpendType
from bookbridge.products.expenses import datasets, older_requests, requests, sync_entries, syncs
from bookbridge.products.expenses.books import books_for
from bookbridge.products.expenses.checks import check, check_supported
from bookbridge.products.expenses.codes import SyncCode, duplicates
from bookbridge.products.expenses.errors import NotFound, NotUpdatable
from bookbridge.products.expenses.ledger import Ledger, ledger_of
from bookbridge.products.expenses.sync_entries import TransactionStatus
from bookbridge.products.expenses.syncs import Sync
from bookbridge.products.expenses.transactions import Reimbursable, Spending, Transaction, decode
from bookbridge.products.expenses.validity import updates
from bookbridge.store.pool import Db

SYNC_TASK: Final = "expenses.sync"
"""Key: company id and sync id, joined by a colon. Handler: `run.Runner`."""

T = TypeVar("T", bound=Transaction)


async def accept(db: Db, company_id: UUID, transactions: Sequence[Transaction], *, one: bool = False) -> Sync:
    """Start a sync of new transactions. Raises CompanyNotFound and any ExpenseError."""
    ledger = await ledger_of(db, company_id)
    check(ledger, await books_for(db, ledger.connection, transactions), transactions, one=one)
    return await _start(db, ledger, transactions)


async def change_spending(db: Db, company_id: UUID, transaction_id: UUID, body: bytes) -> Sync:
    """Start a sync that changes what a card transaction was written as. Raises CompanyNotFound and any ExpenseError."""
    ledger = await ledger_of(db, company_id)
    earlier = await _written(db, company_id, transaction_id, Spending)
    changed = requests.changed_spending(body, earlier)
    _check_updatable(ledger, ExpenseKind.SPENDING)
    if SpendType.PAYMENT not in ledger.rules.spending or changed.type is not SpendType.PAYMENT:
        raise NotUpdatable("Only transactions of the type Payment can be updated.")
    if earlier.type is not SpendType.PAYMENT:
        raise NotUpdatable(f"A transaction of the type {earlier.type} cannot be updated.")
    return await _change(db, ledger, changed)


async def change_reimbursable(db: Db, company_id: UUID, transaction_id: UUID, body: bytes) -> Sync:
    """Start a sync that changes the bill of a reimbursement. Raises CompanyNotFound and any ExpenseError."""
    ledger = await ledger_of(db, company_id)
    check_supported(ledger, ExpenseKind.REIMBURSABLE)
    await _written(db, company_id, transaction_id, Reimbursable)
    changed = requests.changed_reimbursable(body, transaction_id)
    _check_updatable(ledger, ExpenseKind.REIMBURSABLE)
    return await _change(db, ledger, changed)


async def put_transfer(db: Db, company_id: UUID, transaction_id: UUID, body: bytes) -> Sync:
    """Start a sync of a transfer: a new one, or the change of one that is written where the ledger takes that. Raises
    CompanyNotFound and any ExpenseError."""
    ledger = await ledger_of(db, company_id)
    transfer = requests.transfer(body, transaction_id)
    held = await sync_entries.holder(db, company_id, transaction_id)
    if held is not None and held.status is TransactionStatus.COMPLETED and updates(ledger, ExpenseKind.TRANSFER):
        return await _change(db, ledger, transfer)
    return await accept(db, company_id, [transfer], one=True)


async def keep_dataset(db: Db, company_id: UUID, body: bytes) -> UUID:
    """Keep transactions for a sync that is started by hand; returns the dataset's id. Raises CompanyNotFound and any
    ExpenseError."""
    ledger = await ledger_of(db, company_id)
    transactions = older_requests.older_spendings(body)
    check(ledger, await books_for(db, ledger.connection, transactions), transactions)
    return await datasets.keep(db, ledger.connection, transactions)


async def start_datasets(db: Db, company_id: UUID, body: bytes) -> Sync:
    """Start a sync of datasets. Raises CompanyNotFound, NotFound for an unknown dataset, and any ExpenseError."""
    ledger = await ledger_of(db, company_id)
    found = await datasets.transactions_of(db, ledger.connection, older_requests.dataset_ids(body))
    return await _start(db, ledger, found)


async def _start(db: Db, ledger: Ledger, transactions: Sequence[Transaction]) -> Sync:
    connection = ledger.connection
    sync = await syncs.insert(db, connection.company_id, connection.id)
    held = set(await sync_entries.add(db, sync, transactions))
    for position, transaction in enumerate(transactions):
        if transaction.id in held:
            message = duplicates([transaction.id])
            await sync_entries.refuse(db, sync, position, transaction, SyncCode.DUPLICATE, message)
    await _ring(db, sync)
    return sync


async def _change(db: Db, ledger: Ledger, transaction: Transaction) -> Sync:
    check(ledger, await books_for(db, ledger.connection, [transaction]), [transaction], one=True)
    sync = await syncs.insert(db, ledger.connection.company_id, ledger.connection.id)
    await sync_entries.add(db, sync, [transaction], is_update=True)
    await _ring(db, sync)
    return sync


async def _ring(db: Db, sync: Sync) -> None:
    await jobs.ring(db, SYNC_TASK, f"{sync.company_id}:{sync.id}")


async def _written(db: Db, company_id: UUID, transaction_id: UUID, kind: type[T]) -> T:
    """The transaction as it was first sent. Raises NotFound, NotUpdatable while it is not written."""
    held = await sync_entries.holder(db, company_id, transaction_id)
    if held is None:
        if await sync_entries.is_known(db, company_id, transaction_id):
            raise NotUpdatable("The transaction was never written: send it again instead.")
        raise NotFound(f"No transaction was found with ID {transaction_id}")
    if held.status is not TransactionStatus.COMPLETED:
        raise NotUpdatable("The transaction is still on its way.")
    earlier = decode(held.content)
    if not isinstance(earlier, kind):
        raise NotFound(f"No transaction of this kind was found with ID {transaction_id}")
    return earlier


def _check_updatable(ledger: Ledger, kind: ExpenseKind) -> None:
    if not updates(ledger, kind):
        raise NotUpdatable(f"This accounting software does not support updates of {kind.value}.")


async def sync_of(db: Db, company_id: UUID, sync_id: UUID) -> Sync:
    """A sync of the company. Raises CompanyNotFound, NotFound."""
    await companies.get(db, company_id)
    found = await syncs.get(db, company_id, sync_id)
    if found is None:
        raise NotFound(f"No sync was found with ID {sync_id}")
    return found
