"""What the ledger itself has booked to its accounts, asked past everything of ours, whatever ledger it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal

from tests.connectors.own_ledger import OwnLedger
from tests.connectors.sandbox import Sandbox
from tests.products.bill_pay.conftest import Payables
from tests.products.expenses.ledger_view import LedgerView

PAYABLE, TAX, EXCHANGE = "payable", "tax", "exchange"
"""What both ledgers have, under names of ours; other accounts go by their ids."""

OF_XERO = {"CREDITORS": PAYABLE, "GST": TAX, "REALISEDCURRENCYGAIN": EXCHANGE}
OF_OUR_OWN = {"2100": PAYABLE, "2200": TAX, "7100": EXCHANGE}


class Books:
    """The books of one connection, to which nobody else writes."""

    def __init__(self, payables: Payables, view: LedgerView, roles: dict[str, str]) -> None:
        self.payables = payables
        self.view = view
        self._roles = roles

    @classmethod
    async def open(cls, payables: Payables, ledger: OwnLedger, sandbox: Sandbox) -> Books:
        view = await LedgerView.of(payables, ledger, sandbox)
        if view.is_xero:
            accounts = (await view.get("Accounts"))["Accounts"]
            roles = {one["AccountID"]: OF_XERO.get(one.get("SystemAccount")) for one in accounts}
        else:
            rows = (await view.get("chartOfAccounts", pageSize="1000"))["rows"]
            roles = {row["id"]: OF_OUR_OWN.get(row["record"].get("nominalCode")) for row in rows}
        return cls(payables, view, {account: role for account, role in roles.items() if role})

    async def balances(self) -> defaultdict[str, Decimal]:
        """All that stands booked to each account, in the base currency, debits above zero."""
        found: defaultdict[str, Decimal] = defaultdict(Decimal)
        async for _, lines in self.view.entries():
            assert sum(amount for _, amount in lines) == 0, lines
            for account, amount in lines:
                found[self._roles.get(account, account)] += amount
        return found

    @asynccontextmanager
    async def booking(self, expected: Mapping[str, Decimal | str | int]) -> AsyncIterator[None]:
        """What is done within must change these balances by these amounts, and no others."""
        before = await self.balances()
        yield
        after = await self.balances()
        changes = {one: after[one] - before[one] for one in (*before, *after)}
        found = {one: amount for one, amount in changes.items() if amount}
        wanted = {one: Decimal(amount) for one, amount in expected.items()}
        assert found == wanted, f"booked {found}, expected {wanted}"
