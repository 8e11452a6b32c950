"""Bank transactions: lines of a bank account's statement, as the books have imported them.

They are listed under their bank account, never all together.
"""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.problems import Problem, date_problems
from bookbridge.accounting.records import ListedRecord, Word


class BankTransactionType(Word):
    """What kind of movement a bank calls a statement line."""

    UNKNOWN = "Unknown"
    CREDIT = "Credit"
    DEBIT = "Debit"
    INT = "Int"
    DIV = "Div"
    FEE = "Fee"
    SER_CHG = "SerChg"
    DEP = "Dep"
    ATM = "Atm"
    POS = "Pos"
    XFER = "Xfer"
    CHECK = "Check"
    PAYMENT = "Payment"
    CASH = "Cash"
    DIRECT_DEP = "DirectDep"
    DIRECT_DEBIT = "DirectDebit"
    REPEAT_PMT = "RepeatPmt"
    OTHER = "Other"


class BankTransaction(ListedRecord, frozen=True, kw_only=True):
    """One line of a bank statement."""

    account_id: str | None = None
    """Identifier of the bank account that the line is from."""
    cleared_on_date: ContractDateTime | None = None
    """Date on which the bank booked the line."""
    description: str | None = None
    """The bank's text."""
    reconciled: bool | None = None
    """Whether the line has been matched with the books."""
    amount: Decimal | None = None
    """Amount of the line: money in above zero, money out below."""
    balance: Decimal | None = None
    """Balance of the bank account after the line."""
    transaction_type: BankTransactionType | None = None
    """What kind of movement it was."""


def check(transaction: BankTransaction) -> list[Problem]:
    """Dates."""
    return date_problems(clearedOnDate=transaction.cleared_on_date)


BANK_TRANSACTIONS = DataType(
    key="bankTransactions",
    path="bankTransactions",
    record=BankTransaction,
    singular="bank transaction",
    level=Level.CONNECTION,
    links=("bankAccounts",),
    check=check,
    parent="bankAccounts",
    parent_field="accountId",
)
