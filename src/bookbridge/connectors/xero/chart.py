"""The accounts of one organisation: Xero's records name them by code or by id, ours by id; and some of them only in
brief where more must be known.

The chart is fetched once per session, and only when something needs it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bookbridge.connectors.xero.client import Client
from bookbridge.connectors.xero.document_payloads import CreditNote, Invoice, LineItem
from bookbridge.connectors.xero.ledger_payloads import (
    BankAccountSummary,
    BankPayment,
    BankTransaction,
    BankTransfer,
    BatchPayment,
    ManualJournal,
    ManualJournalLine,
    PurchaseOrder,
)
from bookbridge.connectors.xero.payloads import Account, Item, ItemDetails

BANK = "BANK"
INVENTORY = "INVENTORY"


class Chart:
    """The organisation's accounts."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._accounts: list[Account] | None = None

    async def complete(self, payloads: Iterable[Any]) -> None:
        """Put in what the payloads leave out: the ids of accounts that are named by code (items, and lines of
        older documents), and what is known of the bank accounts that money moved on."""
        listed = list(payloads)
        if not listed:
            return
        unnamed = [part for part in _booked_parts(listed) if part.account_code and not part.account_id]
        if unnamed:
            ids = {one.code: one.account_id for one in await self.accounts() if one.code}
            for part in unnamed:
                part.account_id = ids.get(part.account_code or "")
        if isinstance(listed[0], BankTransfer | BatchPayment | BankPayment):
            await self._name_bank_accounts(listed)

    async def _name_bank_accounts(self, payloads: Iterable[Any]) -> None:
        known = {one.account_id.lower(): one for one in await self.accounts()}
        for payload in payloads:
            if isinstance(payload, BankPayment):
                found = known.get(((payload.account.account_id if payload.account else None) or "").lower())
                if found is not None and found.type == BANK:
                    payload.paid_from_bank = BankAccountSummary(
                        found.account_id, found.code, found.name, found.currency_code
                    )
                continue
            for part in _bank_accounts(payload):
                found = known.get((part.account_id or "").lower())
                if found is not None:
                    part.name = part.name or found.name
                    part.currency_code = part.currency_code or found.currency_code

    async def code(self, account_id: str) -> str | None:
        """The code of an account; None if it has none or is not known."""
        return next((one.code for one in await self.accounts() if one.account_id.lower() == account_id.lower()), None)

    async def inventory_code(self) -> str | None:
        """The code of the account that stock is kept in; None if the organisation has none."""
        usable = [one for one in await self.accounts() if one.type == INVENTORY and one.status == "ACTIVE"]
        return next((one.code for one in usable if one.code), None)

    async def accounts(self) -> list[Account]:
        """All accounts, archived ones included."""
        if self._accounts is None:
            self._accounts = (await self._client.rows("Accounts", Account)).payloads
        return self._accounts


def _bank_accounts(payload: Any) -> Iterable[BankAccountSummary]:
    if isinstance(payload, BankTransfer):
        return [part for part in (payload.from_bank_account, payload.to_bank_account) if part]
    if isinstance(payload, BatchPayment):
        return [payload.account] if payload.account else []
    return []


def _booked_parts(payloads: Iterable[Any]) -> Iterable[LineItem | ItemDetails | ManualJournalLine]:
    for payload in payloads:
        if isinstance(payload, Invoice | CreditNote | BankTransaction | PurchaseOrder):
            yield from payload.line_items or ()
        elif isinstance(payload, ManualJournal):
            yield from payload.journal_lines or ()
        elif isinstance(payload, Item):
            for details in (payload.purchase_details, payload.sales_details):
                if details is not None:
                    # Stock is booked to a cost-of-goods account, under its own name.
                    details.account_code = details.account_code or details.cogs_account_code
                    yield details
