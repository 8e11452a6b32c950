"""Journal entries: every booking in the general ledger, each in balance.

Debits are above zero, credits below, and the lines of an entry add up to zero in the company's base currency.
"""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.money import ZERO
from bookbridge.accounting.problems import Problem, currency_problems, date_problems, guarded, sum_problem
from bookbridge.accounting.records import ListedRecord, Part
from bookbridge.accounting.references import AccountRef, ContactRef, JournalRef, PostedRecordRef
from bookbridge.accounting.tracking import RecordTracking


class JournalLine(Part, frozen=True, kw_only=True):
    """One booking to one account."""

    net_amount: Decimal
    """Amount in the base currency: a debit above zero, a credit below."""
    description: str | None = None
    """What the booking is for, in words."""
    transaction_amount: Decimal | None = None
    """The same amount in the currency that the deal was made in."""
    currency: str | None = None
    """Currency of the net amount, ISO 4217."""
    transaction_currency: str | None = None
    """Currency that the deal was made in, ISO 4217."""
    account_ref: AccountRef | None = None
    """Account that is booked to."""
    tracking: RecordTracking | None = None
    """Records that the booking is tracked against."""
    contact_ref: ContactRef | None = None
    """The customer or supplier that the booking is about."""


class JournalEntry(ListedRecord, frozen=True, kw_only=True):
    """A set of bookings that belong together and balance."""

    description: str | None = None
    """What the entry is for, in words."""
    posted_on: ContractDateTime | None = None
    """Date that the entry counts for in the ledger."""
    created_on: ContractDateTime | None = None
    """When the entry was created in the accounting software."""
    updated_on: ContractDateTime | None = None
    """When the entry was last changed in the accounting software."""
    journal_ref: JournalRef | None = None
    """The journal that the entry is kept in."""
    journal_lines: tuple[JournalLine, ...] = ()
    """The bookings."""
    record_ref: PostedRecordRef | None = None
    """The record that the entry was booked for; absent for an entry made by hand."""


@guarded
def check(entry: JournalEntry) -> list[Problem]:
    """Debits equal credits; a booking in another currency has the same sign in both; dates and currencies."""
    found = date_problems(postedOn=entry.posted_on, createdOn=entry.created_on, updatedOn=entry.updated_on)
    if entry.journal_lines:
        found += sum_problem("journalLines", ZERO, [line.net_amount for line in entry.journal_lines], ZERO)
    for position, line in enumerate(entry.journal_lines):
        prefix = f"journalLines[{position}]."
        found += currency_problems(line.currency, None, f"{prefix}currency")
        found += currency_problems(line.transaction_currency, None, f"{prefix}transactionCurrency")
        # A revaluation books a difference in the base currency alone: zero on one side is no contradiction.
        other = line.transaction_amount
        if other and line.net_amount and (other > 0) != (line.net_amount > 0):
            message = f"{other} and {line.net_amount} cannot be one amount in two currencies."
            found.append(Problem(f"{prefix}transactionAmount", message))
    return found


JOURNAL_ENTRIES = DataType(
    key="journalEntries",
    path="journalEntries",
    record=JournalEntry,
    singular="journal entry",
    level=Level.COMPANY,
    links=(
        "chartOfAccounts",
        "journals",
        "trackingCategories",
        "suppliers",
        "customers",
        "bills",
        "billCreditNotes",
        "billPayments",
        "invoices",
        "creditNotes",
        "payments",
        "directCosts",
        "directIncomes",
        "transfers",
        "bankTransactions",
    ),
    check=check,
)
