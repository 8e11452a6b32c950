"""The chart of accounts: where amounts are booked to."""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.problems import Problem, currency_problems
from bookbridge.accounting.records import ListedRecord, Word
from bookbridge.accounting.tax_details import ValidDatatypeLink


class AccountType(Word):
    """The part of the balance sheet or of the profit and loss that an account belongs to."""

    UNKNOWN = "Unknown"
    ASSET = "Asset"
    EXPENSE = "Expense"
    INCOME = "Income"
    LIABILITY = "Liability"
    EQUITY = "Equity"


class AccountStatus(Word):
    """Whether an account can be booked to."""

    UNKNOWN = "Unknown"
    ACTIVE = "Active"
    ARCHIVED = "Archived"
    PENDING = "Pending"


class Account(ListedRecord, frozen=True, kw_only=True):
    """An account in the general ledger."""

    nominal_code: str | None = None
    """Number or code that bookkeepers know the account by."""
    name: str | None = None
    """Name of the account."""
    description: str | None = None
    """What the account is for."""
    fully_qualified_category: str | None = None
    """Where the account stands in the reports, outermost part first, separated by dots."""
    fully_qualified_name: str | None = None
    """The category followed by the account's own name."""
    currency: str | None = None
    """Currency the account is kept in, ISO 4217."""
    current_balance: Decimal | None = None
    """Balance, positive on the account's natural side: debit for assets and expenses, else credit."""
    type: AccountType | None = None
    """The part of the reports that the account belongs to."""
    status: AccountStatus | None = None
    """Whether the account can be booked to."""
    is_bank_account: bool | None = None
    """Whether the account stands for money at a bank, so that payments can be made from it."""
    valid_datatype_links: tuple[ValidDatatypeLink, ...] = ()
    """Fields of other records that may refer to this account, where the accounting software restricts it."""


def check(account: Account) -> list[Problem]:
    """Form of the currency."""
    return currency_problems(account.currency, None)


ACCOUNTS = DataType(
    key="chartOfAccounts",
    path="accounts",
    record=Account,
    singular="account",
    level=Level.COMPANY,
    check=check,
)
