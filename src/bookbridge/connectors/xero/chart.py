"""Account codes and account ids of one organisation: Xero's lines name accounts by either, records by id.

The chart is fetched once per session, and only when something needs it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bookbridge.connectors.xero.client import Client
from bookbridge.connectors.xero.payloads import Account, CreditNote, Invoice, Item, ItemDetails, LineItem


class Chart:
    """The organisation's accounts, as far as names for them go."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._accounts: list[Account] | None = None

    async def name_accounts(self, payloads: Iterable[Any]) -> None:
        """Put the account's id where a payload has only its code (items, and lines of older documents)."""
        unnamed = [part for part in _booked_parts(payloads) if part.account_code and not part.account_id]
        if not unnamed:
            return
        ids = {one.code: one.account_id for one in await self._all() if one.code}
        for part in unnamed:
            part.account_id = ids.get(part.account_code or "")

    async def code(self, account_id: str) -> str | None:
        """The code of an account; None if it has none or is not known."""
        return next((one.code for one in await self._all() if one.account_id.lower() == account_id.lower()), None)

    async def _all(self) -> list[Account]:
        if self._accounts is None:
            self._accounts = (await self._client.rows("Accounts", Account)).payloads
        return self._accounts


def _booked_parts(payloads: Iterable[Any]) -> Iterable[LineItem | ItemDetails]:
    for payload in payloads:
        if isinstance(payload, Invoice | CreditNote):
            yield from payload.line_items or ()
        elif isinstance(payload, Item):
            for details in (payload.purchase_details, payload.sales_details):
                if details is not None:
                    # Stock is booked to a cost-of-goods account, under its own name.
                    details.account_code = details.account_code or details.cogs_account_code
                    yield details
