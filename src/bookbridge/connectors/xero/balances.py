"""What the accounts hold today. Xero's list of accounts tells no balances: they are in the trial balance. (The balance
sheet is of the end of a month, so this month's holds what is dated ahead as well.)

Of income and expenses there is no balance, only a result of a period. Neither is there one of accounts in a foreign
currency: the report is in the organisation's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import structlog

from bookbridge.accounting.money import ZERO, exact_difference
from bookbridge.connectors.kit.errors import NotSupported
from bookbridge.connectors.xero.client import Client
from bookbridge.connectors.xero.ledger_payloads import Report
from bookbridge.connectors.xero.payloads import Account
from bookbridge.connectors.xero.read_statements import account_rows

log = structlog.get_logger(__name__)

REPORT: Final = "Reports/TrialBalance"
SIDES: Final = {"ASSET": 1, "LIABILITY": -1, "EQUITY": -1}
"""Classes of accounts that hold something, and whether debits or credits make it more."""

_DEBIT, _CREDIT = 2, 3
"""Columns of what was booked until the day; the two before them are of its month."""


async def complete(client: Client, payloads: Sequence[Any]) -> None:
    """Put the balance into each account that has one, in one call. Where the connection may not read reports, none is
    put in. Other payloads are left alone. Raises VendorError."""
    holding = [one for one in payloads if isinstance(one, Account) and _holds(one, client.access.facts)]
    if not holding:
        return
    try:
        balances = await _balances(client)
    except NotSupported:
        log.info("balances_not_permitted")
        return
    for account in holding:
        account.balance = balances.get(account.account_id.lower(), ZERO) * SIDES[account.class_ or ""]


def _holds(account: Account, facts: Any) -> bool:
    return account.class_ in SIDES and account.currency_code in (None, facts.get("base_currency"))


async def _balances(client: Client) -> dict[str, Decimal]:
    """Debits less credits by account, in lower case. An account that is not in the report holds nothing."""
    rows = await client.rows(REPORT, Report, params={"date": datetime.now(UTC).date().isoformat()})
    return {
        row.account_id.lower(): exact_difference(row.values[_DEBIT], row.values[_CREDIT])
        for report in rows.payloads
        for row in account_rows(report)
        if row.account_id and len(row.values) > _CREDIT
    }
