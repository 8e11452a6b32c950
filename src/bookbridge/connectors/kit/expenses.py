"""What a vendor's ledger makes of expenses: the row that a manifest fills in. Facts only.

Which record an expense becomes follows from the manifest's Write rows; this row says what those cannot: who the contact
is, which currencies may meet, what can be changed afterwards. It must not know how expenses are kept or pushed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final

from bookbridge.accounting.types.accounts import AccountType


class SpendType(StrEnum):
    """The kinds of card transactions, in the contract's words. Only with a payment does money leave."""

    PAYMENT = "Payment"
    REFUND = "Refund"
    REWARD = "Reward"
    CHARGEBACK = "Chargeback"


class ExpenseKind(StrEnum):
    """What an expense application sends."""

    SPENDING = "expense-transactions"
    REIMBURSABLE = "reimbursable-expense-transactions"
    TRANSFER = "transfer-transactions"
    ADJUSTMENT = "adjustment-transactions"


class Currencies(Enum):
    """How two currencies stand to the base currency. The first is the bank account's (of a transfer, the one that the
    money leaves), the second the transaction's (of a transfer, the one that it reaches)."""

    ALL_BASE = "both are the base currency"
    SAME_FOREIGN = "both are one foreign currency"
    FIRST_FOREIGN = "the account's currency is foreign, the other is the base currency"
    SECOND_FOREIGN = "the account is in the base currency, the other is foreign"
    ALL_DIFFERENT = "both are foreign, and differ"


class Amounts(Enum):
    """What is made of a transaction's amounts."""

    AS_GIVEN = "they are written in the transaction's currency"
    IN_BANK_CURRENCY = "the ledger knows no other currency than the bank account's: they are taken to be in that"


ACCOUNT_TYPES: Final[Mapping[SpendType, frozenset[AccountType]]] = {
    SpendType.PAYMENT: frozenset({AccountType.EXPENSE, AccountType.ASSET, AccountType.LIABILITY, AccountType.EQUITY}),
    **dict.fromkeys((SpendType.REFUND, SpendType.REWARD, SpendType.CHARGEBACK), frozenset(AccountType)),
}
"""Accounts that lines may be booked to, where a vendor does not say otherwise: nothing is spent on income."""


@dataclass(frozen=True)
class SpendRule:
    """One kind of card transaction."""

    contact: str | None
    """Key of the data type that the contact is of, unless the transaction says otherwise. None: none is written."""
    card_only: bool = False
    """Only on credit cards."""


@dataclass(frozen=True)
class TransferRule:
    """Moving money between accounts."""

    currencies: frozenset[Currencies]
    updates: bool = False


@dataclass(frozen=True)
class ReimbursableRule:
    """What an employee paid and is owed for: a bill."""

    updates: bool = False


@dataclass(frozen=True)
class ExpenseRules:
    """What this vendor's ledger takes of an expense application."""

    spending: Mapping[SpendType, SpendRule]
    """The kinds that it takes."""
    currencies: Mapping[Currencies, Amounts]
    """The combinations that it takes for card transactions; the second is the transaction's currency."""
    updates: bool = False
    """Payments can be changed after they were written."""
    transfers: TransferRule | None = None
    adjustments: bool = False
    reimbursables: ReimbursableRule | None = None
    account_types: Mapping[SpendType, frozenset[AccountType]] = field(default_factory=lambda: ACCOUNT_TYPES)
    always_linked: bool = False
    """Accounts and tax rates that lines may name say so in their links; those without any are for no line."""
    no_tax_rate: str | None = None
    """Id of the tax rate for lines without one. None: the line is written without."""
    bank_entries: bool = False
    """Journal entries may be booked to bank accounts: so money can be moved between a bank account and another, and
    what comes back can be an entry where the ledger has no record for it."""
    negative_costs: bool = False
    """Money that comes back is a cost below zero, where the ledger has no record for direct income."""
    tracked: frozenset[str] = frozenset({"trackingCategories"})
    """Keys of the data types that lines may be counted under."""
    attachments: frozenset[ExpenseKind] = frozenset({ExpenseKind.SPENDING})
    """What files may be attached to, where the ledger takes files beside the record."""
