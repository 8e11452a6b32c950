"""What the ledgers themselves say of what was written, asked past everything of ours: their bookings, their record."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx2
import msgspec

from bookbridge.companies import connections
from bookbridge.connectors.xero.auth import OAUTH2
from bookbridge.emulators.sandboxes import SANDBOX_SECRET
from tests.connectors.own_ledger import OwnLedger
from tests.connectors.sandbox import Sandbox
from tests.products.bill_pay.conftest import XERO, Payables
from tests.products.expenses.conftest import Expenses

JOURNALS_SCOPE = "accounting.journals.read"
PAGE_SIZE = "500"

Bookings = dict[str, Decimal]
"""Amounts by account, debits above zero, in the base currency."""


@dataclass
class LedgerView:
    """One company's ledger."""

    http: httpx2.AsyncClient
    base: str
    headers: dict[str, str]
    is_xero: bool

    @classmethod
    async def of(cls, expenses: Expenses | Payables, ledger: OwnLedger, sandbox: Sandbox) -> LedgerView:
        async with expenses.api.pool.acquire() as db:
            row = await connections.get(db, UUID(expenses.company), UUID(expenses.connection))
        if expenses.platform == XERO:
            assert row.organisation_id
            token = await sandbox.consent(row.organisation_id, scopes=(*OAUTH2.scopes, JOURNALS_SCOPE))
            headers = {
                "Authorization": f"Bearer {token}",
                "Xero-Tenant-Id": row.organisation_id,
                "Accept": "application/json",
            }
            return cls(sandbox.http, f"{sandbox.url}/api.xro/2.0", headers, is_xero=True)
        headers = {"X-Sandbox-Key": SANDBOX_SECRET}
        return cls(sandbox.http, f"{ledger.url}/organisations/{row.organisation_id}", headers, is_xero=False)

    async def get(self, path: str, **params: str) -> Any:
        """The ledger's answer, with every digit."""
        answer = await self.http.get(f"{self.base}/{path}", headers=self.headers, params=params)
        assert answer.status_code == 200, answer.text
        return msgspec.json.Decoder(float_hook=Decimal).decode(answer.content)

    async def bookings(self, *record_ids: str) -> list[Bookings]:
        """What each record did to the accounts, all its corrections included. Each entry adds up to zero."""
        found: dict[str, Bookings] = {record_id: defaultdict(Decimal) for record_id in record_ids}
        async for source, lines in self.entries():
            assert sum(amount for _, amount in lines) == 0, lines
            if source in found:
                for account, amount in lines:
                    found[source][account] += amount
        return [{account: amount for account, amount in one.items() if amount} for one in found.values()]

    async def amounts(self) -> Counter[Decimal]:
        """How many entries have this as their largest amount."""
        return Counter([max(amount for _, amount in lines) async for _, lines in self.entries()])

    async def entries(self) -> AsyncIterator[tuple[str | None, list[tuple[str, Decimal]]]]:
        """Each entry that stands: the record that made it, and its lines as (account, amount)."""
        if not self.is_xero:
            after: dict[str, str] = {}
            while True:
                page = await self.get("journalEntries", pageSize=PAGE_SIZE, **after)
                for row in page["rows"]:
                    if row["deleted"]:
                        continue
                    record = row["record"]
                    lines = [(one["accountRef"]["id"], Decimal(one["netAmount"])) for one in record["journalLines"]]
                    yield record["recordRef"]["id"], lines
                if page.get("next") is None:
                    return
                after = {"after": page["next"]}
        offset = 0
        while True:
            journals = (await self.get("Journals", offset=str(offset)))["Journals"]
            for one in journals:
                lines = [(line["AccountID"], Decimal(line["NetAmount"])) for line in one["JournalLines"]]
                yield one.get("SourceID"), lines
            if not journals:
                return
            offset = max(one["JournalNumber"] for one in journals)
