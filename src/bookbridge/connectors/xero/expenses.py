"""What Xero makes of expenses. Bank transactions are in the currency of their bank account, whatever was paid in."""

from __future__ import annotations

from typing import Final

from bookbridge.connectors.kit.expenses import (
    Amounts,
    Currencies,
    ExpenseKind,
    ExpenseRules,
    SpendRule,
    SpendType,
    TransferRule,
)

NO_TAX: Final = "NONE"

EXPENSES: Final = ExpenseRules(
    spending={
        SpendType.PAYMENT: SpendRule(contact="suppliers"),
        SpendType.REFUND: SpendRule(contact="customers"),
        SpendType.REWARD: SpendRule(contact="customers"),
        SpendType.CHARGEBACK: SpendRule(contact="customers"),
    },
    currencies={
        Currencies.ALL_BASE: Amounts.AS_GIVEN,
        Currencies.SAME_FOREIGN: Amounts.AS_GIVEN,
        Currencies.FIRST_FOREIGN: Amounts.IN_BANK_CURRENCY,
        Currencies.SECOND_FOREIGN: Amounts.IN_BANK_CURRENCY,
        Currencies.ALL_DIFFERENT: Amounts.IN_BANK_CURRENCY,
    },
    updates=True,
    # Manual journals cannot touch a bank account, so money moves between bank accounts only.
    transfers=TransferRule(currencies=frozenset({Currencies.ALL_BASE, Currencies.SAME_FOREIGN})),
    adjustments=True,
    always_linked=True,
    no_tax_rate=NO_TAX,
    attachments=frozenset({ExpenseKind.SPENDING}),
)
