"""Bank transactions: lines of a bank account's statement, as the books have imported them.

They are listed under their bank account, never all together. Written they are some at once, and each as a part of
its account: `BANK_TRANSACTION_LINES` is what an application sends, and is never read.
"""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.problems import Problem, date_problems
from bookbridge.accounting.records import ListedRecord, Part, Record, Word


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


class BankTransactionLine(Part, frozen=True, kw_only=True):
    """A statement line as it is written."""

    id: str | None = None
    """Identifier of the line at whoever sends it; one is made up where there is none."""
    amount: Decimal | None = None
    """Amount of the line: money in above zero, money out below."""
    date: ContractDateTime | None = None
    """Date on which the bank booked the line."""
    description: str | None = None
    """The bank's text."""
    balance: Decimal | None = None
    """Balance of the bank account after the line."""


class BankTransactions(Record, frozen=True, kw_only=True):
    """Lines of one bank account's statement, as they are written."""

    account_id: str | None = None
    """Identifier of the bank account that the lines are from."""
    transactions: tuple[BankTransactionLine, ...] = ()
    """The lines."""


def check_lines(written: BankTransactions) -> list[Problem]:
    """Dates of the lines, and that no two of them have the same id."""
    found: list[Problem] = []
    seen: set[str] = set()
    for place, line in enumerate(written.transactions):
        found += date_problems(**{f"transactions[{place}].date": line.date})
        if line.id is not None and line.id in seen:
            found.append(Problem(f"transactions[{place}].id", f"transactions[{place}].id is there twice."))
        seen.add(line.id or "")
    return found


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

BANK_TRANSACTION_LINES = DataType(
    key=BANK_TRANSACTIONS.key,
    path=BANK_TRANSACTIONS.path,
    record=BankTransactions,
    singular="list of bank transactions",
    level=Level.CONNECTION,
    check=check_lines,
    parent=BANK_TRANSACTIONS.parent,
    parent_field=BANK_TRANSACTIONS.parent_field,
)
"""What is written of bank transactions: not in the catalogue, since no list holds such records."""
