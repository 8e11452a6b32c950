"""One ledger as Bill Pay's writes see it: its records by id, and whether what is referred to exists.

What is stored is believed, since the ledger itself refuses what it no longer has. What is not stored is asked for, and
kept as a sync would keep it: the push room then finds it, and the next bill needs no such question.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, TypeVar

import asyncpg

from bookbridge.accounting.catalog import by_key
from bookbridge.accounting.money import ZERO
from bookbridge.accounting.records import ListedRecord
from bookbridge.accounting.types.tax_rates import TaxRate
from bookbridge.companies import connections
from bookbridge.companies.connections import Connection
from bookbridge.connectors.kit.connector import Connector
from bookbridge.connectors.kit.errors import RecordNotFound
from bookbridge.connectors.kit.live import LiveReader, Wanted
from bookbridge.connectors.kit.session import Reread, Session
from bookbridge.push.outcomes import batches_of
from bookbridge.store import records
from bookbridge.store.records import Scope

R = TypeVar("R", bound=ListedRecord)

ASKED_MAX: Final = 10
"""Records of one type that are asked for one by one in a request."""

PAGES_MAX: Final = 10
"""Pages of one list that are asked for in a request."""


@dataclass(frozen=True)
class Ledger:
    """A linked ledger and an open session on it."""

    pool: asyncpg.Pool
    connection: Connection
    connector: Connector
    platform: str
    """What people call it."""
    session: Session

    async def record(self, data_type: str, record_id: str, kind: type[R]) -> R:
        """The record as the ledger holds it now. Raises RecordNotFound, also for a deleted one, or any VendorError."""
        return (await self._found(data_type, record_id, kind))[1]

    async def current(self, data_type: str, record_id: str, kind: type[R]) -> R:
        """The same; an older copy of ours is brought up to date, since the push room will compare with it."""
        found, record = await self._found(data_type, record_id, kind)
        body = await records.get_body(self.pool, self._scope(data_type), record_id)
        if body is not None and by_key(data_type).decode(body).source_modified_date != record.source_modified_date:
            await self._save([found])
        return record

    async def _found(self, data_type: str, record_id: str, kind: type[R]) -> tuple[Reread, R]:
        found = await self.session.record(data_type, record_id)
        if found is None or not isinstance(found.record, kind) or found.record.metadata.is_deleted:
            raise RecordNotFound(f"No {by_key(data_type).singular} was found with ID {record_id[:100]}")
        return found, found.record

    async def missing(self, data_type: str, ids: Collection[str]) -> set[str]:
        """Those of the ids under which the ledger has no record. Raises any VendorError."""
        scope = self._scope(data_type)
        unknown = set(ids) - await records.existing_ids(self.pool, scope, list(ids))
        if not unknown:
            return set()
        found = await self._asked(data_type, unknown)
        await self._keep(scope, found)
        return unknown - {_id(one) for one in found if _is_live(one)}

    async def tax_rates(self, ids: Collection[str]) -> dict[str, Decimal]:
        """The effective rates in per cent of tax rates that are not missing."""
        found: dict[str, Decimal] = {}
        for record_id, body in (await records.bodies_of(self.pool, self._scope("taxRates"), list(ids))).items():
            rate: TaxRate = by_key("taxRates").decode(body)
            per_cent = rate.effective_tax_rate if rate.effective_tax_rate is not None else rate.total_tax_rate
            found[record_id] = per_cent if per_cent is not None else ZERO
        return found

    async def _asked(self, data_type: str, ids: set[str]) -> list[Reread]:
        if isinstance(self.session, LiveReader) and data_type in self.connector.live and data_type != "suppliers":
            # Short lists, of which the next bill needs others: all at once.
            return await self._list(self.session, data_type)
        found = [await self.session.record(data_type, record_id) for record_id in sorted(ids)[:ASKED_MAX]]
        return [one for one in found if one is not None]

    async def _list(self, reader: LiveReader, data_type: str) -> list[Reread]:
        found: list[Reread] = []
        cursor: str | None = None
        for _ in range(PAGES_MAX):
            page = await reader.live(data_type, Wanted(), cursor)
            found += page.rereads
            cursor = page.cursor
            if cursor is None:
                break
        return found

    async def _keep(self, scope: Scope, found: Sequence[Reread]) -> None:
        """Store those of the records that are not stored. What a sync has read tells more than a list that was asked
        for in haste: the balances of accounts."""
        known = await records.existing_ids(self.pool, scope, [_id(one) for one in found])
        await self._save([one for one in found if _id(one) not in known])

    async def _save(self, found: Sequence[Reread]) -> None:
        async with self.pool.acquire() as db, db.transaction():
            now = await connections.hold(db, self.connection.company_id, self.connection.id)
            if now.organisation_id != self.connection.organisation_id:
                return  # linked to other books meanwhile
            await records.save_all(db, batches_of(now.company_id, now.id, found))

    def _scope(self, data_type: str) -> Scope:
        return Scope(self.connection.company_id, data_type, self.connection.id)


def _id(reread: Reread) -> str:
    return (reread.record.id if isinstance(reread.record, ListedRecord) else None) or ""


def _is_live(reread: Reread) -> bool:
    return isinstance(reread.record, ListedRecord) and not reread.record.metadata.is_deleted
