"""Transactions that wait for a sync to be started by hand: rows, and all SQL on them.

A dataset may be synced more than once, so it is not forgotten when it was, but after DATASETS_KEPT. It must not check
what is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

import asyncpg

from bookbridge.companies.connections import Connection
from bookbridge.products.expenses.errors import NotFound
from bookbridge.products.expenses.transactions import Transaction, decode_list, encode
from bookbridge.store.pool import Db

DATASETS_KEPT: Final = timedelta(days=90)
PRUNE_BATCH_ROWS: Final = 1_000


async def keep(db: Db, connection: Connection, transactions: Sequence[Transaction]) -> UUID:
    """Keep transactions for the connection's books; returns the dataset's id."""
    dataset_id = uuid4()
    await db.execute(
        "insert into expense_datasets (company_id, id, connection_id, content) values ($1, $2, $3, $4)",
        connection.company_id,
        dataset_id,
        connection.id,
        encode(list(transactions)),
    )
    return dataset_id


async def transactions_of(db: Db, connection: Connection, dataset_ids: Sequence[UUID]) -> list[Transaction]:
    """The transactions of datasets in the order given; one that is in several counts once, as it was sent first. Raises
    NotFound for a dataset that is unknown, of other books, or forgotten."""
    rows = await db.fetch(
        "select id, content from expense_datasets where company_id = $1 and id = any($2) and connection_id = $3",
        connection.company_id,
        list(dataset_ids),
        connection.id,
    )
    contents = {row["id"]: row["content"] for row in rows}
    found: dict[UUID, Transaction] = {}
    for dataset_id in dataset_ids:
        if dataset_id not in contents:
            raise NotFound(f"No dataset was found with ID {dataset_id}")
        for transaction in decode_list(contents[dataset_id]):
            found.setdefault(transaction.id, transaction)
    return list(found.values())


async def prune(pool: asyncpg.Pool, *, now: datetime | None = None) -> int:
    """Delete datasets that were sent more than DATASETS_KEPT ago, in batches of PRUNE_BATCH_ROWS; returns how many."""
    before = (now or datetime.now(UTC)) - DATASETS_KEPT
    total = 0
    while True:
        tag = await pool.execute(
            """delete from expense_datasets where (company_id, id) in (
                   select company_id, id from expense_datasets where created < $1
                   order by created limit $2 for update skip locked)""",
            before,
            PRUNE_BATCH_ROWS,
        )
        deleted = int(tag.rsplit(" ", 1)[1])
        total += deleted
        if deleted < PRUNE_BATCH_ROWS:
            return total
