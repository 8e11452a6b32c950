"""What the ledger makes of expenses. It takes all of them: whoever tries a product out should find nothing missing."""

from __future__ import annotations

from typing import Final

from bookbridge.connectors.kit.expenses import (
    Amounts,
    Currencies,
    ExpenseKind,
    ExpenseRules,
    ReimbursableRule,
    SpendRule,
    SpendType,
    TransferRule,
)

EXPENSES: Final = ExpenseRules(
    spending={
        SpendType.PAYMENT: SpendRule(contact="suppliers"),
        SpendType.REFUND: SpendRule(contact="customers"),
        SpendType.REWARD: SpendRule(contact="customers"),
        SpendType.CHARGEBACK: SpendRule(contact="customers"),
    },
    # Its bank accounts are in the base currency; what is paid from them may be in any.
    currencies={Currencies.ALL_BASE: Amounts.AS_GIVEN, Currencies.SECOND_FOREIGN: Amounts.AS_GIVEN},
    updates=True,
    transfers=TransferRule(currencies=frozenset({Currencies.ALL_BASE})),
    bank_entries=True,
    adjustments=True,
    reimbursables=ReimbursableRule(updates=True),
    attachments=frozenset({ExpenseKind.SPENDING, ExpenseKind.REIMBURSABLE}),
)
