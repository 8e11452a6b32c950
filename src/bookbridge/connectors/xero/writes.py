"""WRITES: all that can be written to Xero, in the order in which records refer to each other.

What each write takes and demands is beside its shape, in the `write_*` modules. Not there because Xero cannot: lines of
bank statements, credit-card accounts, journals.
"""

from __future__ import annotations

from typing import Any, Final

from bookbridge.connectors.kit.connector import Write
from bookbridge.connectors.xero.write_bank import BANK_WRITES
from bookbridge.connectors.xero.write_contacts import CONTACT_WRITES
from bookbridge.connectors.xero.write_journals import JOURNAL_WRITES
from bookbridge.connectors.xero.write_ledger import LEDGER_WRITES
from bookbridge.connectors.xero.write_orders import ORDER_WRITES
from bookbridge.connectors.xero.write_payments import PAYMENT_WRITES
from bookbridge.connectors.xero.write_purchases import PURCHASE_WRITES
from bookbridge.connectors.xero.write_sales import SALES_WRITES

WRITES: Final[tuple[Write[Any], ...]] = (
    *LEDGER_WRITES,
    *CONTACT_WRITES,
    *ORDER_WRITES,
    *PURCHASE_WRITES,
    *SALES_WRITES,
    *PAYMENT_WRITES,
    *BANK_WRITES,
    *JOURNAL_WRITES,
)
