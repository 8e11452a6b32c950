"""Account transactions: what moved on the bank accounts in the books, and the records that moved it."""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.money import exact_sum
from bookbridge.accounting.problems import Problem, currency_problems, date_problems, guarded
from bookbridge.accounting.reconciliation import ReconciliationStatus
from bookbridge.accounting.records import ListedRecord, Part
from bookbridge.accounting.references import BankAccountRef, PostedRecordRef


class AccountTransactionLine(Part, frozen=True, kw_only=True):
    """The part of a movement that one record made."""

    description: str | None = None
    """What this part was for, in words."""
    record_ref: PostedRecordRef | None = None
    """The record that moved the money."""
    amount: Decimal | None = None
    """Amount of this part."""


class AccountTransaction(ListedRecord, frozen=True, kw_only=True):
    """A movement on a bank account in the books."""

    transaction_id: str | None = None
    """Identifier of the movement in the accounting software."""
    note: str | None = None
    """Free text on the movement."""
    bank_account_ref: BankAccountRef | None = None
    """The bank account that the money moved on."""
    date: ContractDateTime | None = None
    """Date of the movement."""
    status: ReconciliationStatus | None = None
    """Whether the movement has been found on the bank's statement."""
    currency: str | None = None
    """Currency of the movement, ISO 4217."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the movement's currency into the company's base currency."""
    lines: tuple[AccountTransactionLine, ...] = ()
    """The parts of the movement, one for each record that made it."""
    total_amount: Decimal | None = None
    """Amount of the whole movement, tax included."""


@guarded
def check(transaction: AccountTransaction) -> list[Problem]:
    """Total against lines, whatever their sign; dates and currency."""
    found = currency_problems(transaction.currency, transaction.currency_rate)
    found += date_problems(date=transaction.date)
    amounts = [line.amount for line in transaction.lines if line.amount is not None]
    if not amounts or len(amounts) < len(transaction.lines) or transaction.total_amount is None:
        return found
    # Some vendors write the parts by what they do to the debt and the total by what it does to the bank.
    total = exact_sum(amounts)
    if total.copy_abs() != transaction.total_amount.copy_abs():
        message = f"Stated as {transaction.total_amount}, but its parts add up to {total}."
        found.append(Problem("totalAmount", message))
    return found


ACCOUNT_TRANSACTIONS = DataType(
    key="accountTransactions",
    path="accountTransactions",
    record=AccountTransaction,
    singular="account transaction",
    level=Level.CONNECTION,
    links=(
        "bankAccounts",
        "billCreditNotes",
        "billPayments",
        "bills",
        "creditNotes",
        "invoices",
        "payments",
        "directCosts",
        "directIncomes",
        "transfers",
        "bankTransactions",
        "journalEntries",
    ),
    check=check,
)
