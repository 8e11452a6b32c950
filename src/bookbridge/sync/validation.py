"""What the data types' own rules find in records that were read. A finding never stops a sync."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from bookbridge.accounting.data_type import DataType
from bookbridge.accounting.records import Record
from bookbridge.store.pool import Db
from bookbridge.sync.datasets import Dataset

FINDINGS_PER_DATASET_MAX = 1_000
"""More would be the same finding over and over; the first ones are kept."""


class Finding(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One thing that was found about the records of a read."""

    item_id: str
    """The record, or the field of it."""
    rule_id: str
    """The rule that was broken."""
    message: str
    """What is wrong."""
    validator_name: str
    """What kind of record it is about."""


class Findings:
    """Findings of one page, collected while its records are shaped."""

    def __init__(self, data_type: DataType[Any]) -> None:
        self.data_type = data_type
        self.rows: list[tuple[str, str, str]] = []

    def add(self, record_id: str, record: Record) -> None:
        """Check one record."""
        for problem in self.data_type.check(record):
            self.rows.append((record_id, f"{self.data_type.key}:{problem.field}", problem.message.replace("\0", "")))

    async def save(self, db: Db, dataset: Dataset) -> None:
        """Store the findings with the page."""
        if not self.rows:
            return
        await db.executemany(
            """insert into validation_findings (company_id, dataset_id, record_id, rule_id, severity, message)
            select $1, $2, $3, $4, 'Warning', $5
            where (select count(*) from validation_findings where company_id = $1 and dataset_id = $2) < $6
            on conflict do nothing""",
            [
                (dataset.company_id, dataset.id, *row, FINDINGS_PER_DATASET_MAX)
                for row in self.rows[:FINDINGS_PER_DATASET_MAX]
            ],
        )


async def findings(db: Db | asyncpg.Pool, company_id: UUID, dataset_id: UUID, severity: str) -> list[Finding]:
    """The stored findings of a dataset."""
    rows = await db.fetch(
        """select f.record_id, f.rule_id, f.message, d.data_type
        from validation_findings f join datasets d on d.company_id = f.company_id and d.id = f.dataset_id
        where f.company_id = $1 and f.dataset_id = $2 and f.severity = $3 order by f.record_id, f.rule_id""",
        company_id,
        dataset_id,
        severity,
    )
    return [
        Finding(
            item_id=row["record_id"],
            rule_id=row["rule_id"],
            message=row["message"],
            validator_name=row["data_type"],
        )
        for row in rows
    ]


async def count(db: Db, dataset: Dataset) -> int:
    """How many findings a dataset has."""
    return int(
        await db.fetchval(
            "select count(*) from validation_findings where company_id = $1 and dataset_id = $2",
            dataset.company_id,
            dataset.id,
        )
    )
