"""Records that vanished: found by a full read that no longer lists them.

A vendor that answers an empty list by mistake must not wipe a customer's books here: when too many vanish at once they
are held until a person confirms (or the next full read lists them again).
"""

from __future__ import annotations

from typing import Any

import msgspec

from bookbridge.accounting.data_type import DataType
from bookbridge.accounting.records import DELETED, ListedRecord
from bookbridge.store import records
from bookbridge.store.pool import Db
from bookbridge.sync.datasets import Dataset

HELD_FROM_RECORDS = 20
HELD_FROM_SHARE = 0.5
"""At least this many records, and this share of all, vanishing at once is a mass deletion."""

BATCH_RECORDS = 1_000


async def note_listed(db: Db, dataset: Dataset, record_ids: list[str]) -> None:
    """Remember that the vendor listed these records during this dataset."""
    await db.execute(
        """insert into listed_records (company_id, dataset_id, record_id)
        select distinct $1::uuid, $2::uuid, unnest($3::text[]) on conflict do nothing""",
        dataset.company_id,
        dataset.id,
        record_ids,
    )


_VANISHED = """
from records r
where r.company_id = $1 and r.data_type = $2 and r.connection_id = $3 and not r.is_absent and r.modified < $5
  and not exists (select from listed_records l
                  where l.company_id = $1 and l.dataset_id = $4 and l.record_id = r.record_id)
"""


async def apply(db: Db, dataset: Dataset, data_type: DataType[Any], *, confirmed: int) -> int:
    """Mark what a full read did not list as deleted; returns how many are held back instead.

    `confirmed` is how many vanished records a person has seen and confirmed: more may be the vendor's mistake.

    A record that was saved after the dataset started (by a write of ours) is left alone: the list may be older.
    """
    if data_type.single:
        return 0
    arguments = (dataset.company_id, dataset.data_type, dataset.connection_id, dataset.id, dataset.started)
    vanished = await db.fetchval(f"select count(*) {_VANISHED}", *arguments)
    if vanished == 0:
        return 0
    stored = await db.fetchval(
        """select count(*) from records
        where company_id = $1 and data_type = $2 and connection_id = $3 and not is_absent""",
        *arguments[:3],
    )
    if vanished > confirmed and vanished >= HELD_FROM_RECORDS and vanished >= stored * HELD_FROM_SHARE:
        return int(vanished)
    while rows := await db.fetch(
        f"select r.record_id, r.source, r.source_modified, r.body, r.source_body {_VANISHED} limit {BATCH_RECORDS}",
        *arguments,
    ):
        await _mark(db, dataset, data_type, rows)
    return 0


async def _mark(db: Db, dataset: Dataset, data_type: DataType[Any], rows: list[Any]) -> None:
    now = await db.fetchval("select clock_timestamp()")
    for row in rows:
        record = data_type.decode(row["body"])
        if not isinstance(record, ListedRecord):
            continue
        batch = records.RecordBatch(dataset.company_id, dataset.connection_id, dataset.data_type, row["source"], now)
        gone = data_type.encode(_deleted(record))
        batch.add(row["record_id"], gone, row["source_body"].encode(), row["source_modified"], deleted=True)
        await records.save(db, batch)
    await db.execute(
        """update records set is_absent = true
        where company_id = $1 and data_type = $2 and connection_id = $3 and record_id = any($4::text[])""",
        dataset.company_id,
        dataset.data_type,
        dataset.connection_id,
        [row["record_id"] for row in rows],
    )


def _deleted(record: ListedRecord) -> ListedRecord:
    return msgspec.structs.replace(record, metadata=DELETED)
