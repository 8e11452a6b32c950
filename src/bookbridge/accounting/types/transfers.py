"""Transfers: money moved between two of the company's own accounts."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.problems import Problem, currency_problems, date_problems, guarded
from bookbridge.accounting.reconciliation import ReconciliationStatus
from bookbridge.accounting.records import ListedRecord, Part
from bookbridge.accounting.references import ContactRef, RecordRef, TrackingCategoryRef


class TransferAccount(Part, frozen=True, kw_only=True):
    """One side of a transfer."""

    account_ref: RecordRef | None = None
    """The account: a bank account, or one of the chart of accounts."""
    currency: str | None = None
    """Currency of the amount, ISO 4217."""
    amount: Decimal | None = None
    """Amount that left or reached the account, always above zero."""


class Transfer(ListedRecord, frozen=True, kw_only=True):
    """Money moved from one account to another."""

    description: str | None = None
    """What the transfer was for, in words."""
    contact_ref: ContactRef | None = None
    """The customer or supplier that the transfer was for."""
    date: ContractDateTime | None = None
    """Date of the transfer."""
    from_: TransferAccount | None = msgspec.field(default=None, name="from")
    """The account that the money left."""
    to: TransferAccount | None = None
    """The account that the money reached."""
    status: ReconciliationStatus | None = None
    """Whether the transfer has been found on the bank's statement."""
    tracking_category_refs: tuple[TrackingCategoryRef, ...] = ()
    """Tracking categories of the transfer."""
    deposited_record_refs: tuple[RecordRef, ...] = ()
    """Receipts that were collected in a holding account and went to the bank with this transfer."""


@guarded
def check(transfer: Transfer) -> list[Problem]:
    """Both sides above zero, equal in one currency, and different accounts; dates and currencies."""
    found = date_problems(date=transfer.date)
    for field, side in (("from", transfer.from_), ("to", transfer.to)):
        if side is None:
            continue
        found += currency_problems(side.currency, None, f"{field}.currency")
        if side.amount is not None and side.amount <= 0:
            found.append(Problem(f"{field}.amount", f"A transferred amount is above zero, not {side.amount}."))
    if transfer.from_ is not None and transfer.to is not None:
        found += _two_sided_problems(transfer.from_, transfer.to)
    return found


def _two_sided_problems(left: TransferAccount, reached: TransferAccount) -> list[Problem]:
    found = []
    amounts_known = left.amount is not None and reached.amount is not None
    if amounts_known and left.currency == reached.currency and left.amount != reached.amount:
        message = f"{left.amount} left the one account, but {reached.amount} reached the other."
        found.append(Problem("to.amount", message))
    if left.account_ref is not None and left.account_ref.id and left.account_ref == reached.account_ref:
        found.append(Problem("to.accountRef", "A transfer goes to another account than it came from."))
    return found


TRANSFERS = DataType(
    key="transfers",
    path="transfers",
    record=Transfer,
    singular="transfer",
    level=Level.CONNECTION,
    # Deposited records may be journal entries too; those refer to transfers themselves, and come after them.
    links=(
        "customers",
        "suppliers",
        "chartOfAccounts",
        "bankAccounts",
        "trackingCategories",
        "payments",
        "directIncomes",
    ),
    check=check,
    attachments=True,
)
