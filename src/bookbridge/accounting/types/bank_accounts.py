"""Bank and card accounts that payments are made from."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.problems import Problem, currency_problems, guarded
from bookbridge.accounting.records import ListedRecord, Word


class BankAccountType(Word):
    """Whose money is in the account: the company's (Debit) or the lender's (Credit)."""

    UNKNOWN = "Unknown"
    CREDIT = "Credit"
    DEBIT = "Debit"


class BankAccountStatus(Word):
    """Whether a bank account is in use."""

    UNKNOWN = "Unknown"
    ACTIVE = "Active"
    ARCHIVED = "Archived"
    PENDING = "Pending"


class BankAccount(ListedRecord, frozen=True, kw_only=True):
    """A bank or card account as the books know it."""

    account_name: str | None = None
    """Name of the account in the books."""
    account_type: BankAccountType | None = None
    """Whether money is held (Debit) or borrowed (Credit)."""
    nominal_code: str | None = None
    """Number or code that bookkeepers know the account by."""
    sort_code: str | None = None
    """Code of the bank's branch."""
    account_number: str | None = None
    """Number of the account at the bank; may be partly hidden by the accounting software."""
    iban: str | None = msgspec.field(default=None, name="iBan")
    """International bank account number."""
    currency: str | None = None
    """Currency the account is held in, ISO 4217."""
    balance: Decimal | None = None
    """Balance according to the books."""
    institution: str | None = None
    """Name of the bank."""
    available_balance: Decimal | None = None
    """Balance that can be spent, overdraft included."""
    overdraft_limit: Decimal | None = None
    """How far the account may be overdrawn."""
    status: BankAccountStatus | None = None
    """Whether the account is in use."""


@guarded
def check(account: BankAccount) -> list[Problem]:
    """Form of the currency; an overdraft limit is not negative."""
    found = currency_problems(account.currency, None)
    if account.overdraft_limit is not None and account.overdraft_limit < 0:
        found.append(Problem("overdraftLimit", "An overdraft limit is zero or more."))
    return found


BANK_ACCOUNTS = DataType(
    key="bankAccounts",
    path="bankAccounts",
    record=BankAccount,
    singular="bank account",
    level=Level.CONNECTION,
    links=("chartOfAccounts",),
    check=check,
)
