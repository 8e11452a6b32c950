"""The transactions that an expense application sends, as values. Also the form in which they are kept.

Amounts are above zero whatever the kind: the kind tells the direction. Only an adjustment's lines have signs.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

import msgspec

from bookbridge.connectors.kit.expenses import ExpenseKind, SpendType


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A piece of a transaction."""


class Tracked(Value, frozen=True, kw_only=True):
    """A record that a line is counted under. `data_type` is a key of the catalogue."""

    id: str
    data_type: str


class Line(Value, frozen=True, kw_only=True):
    """One line of a card transaction or a reimbursement. Without a tax amount the rate tells it."""

    net_amount: Decimal
    account_id: str
    tax_amount: Decimal | None = None
    tax_rate_id: str | None = None
    description: str | None = None
    tracking: tuple[Tracked, ...] = ()


class Spending(Value, frozen=True, kw_only=True, tag_field="kind", tag=ExpenseKind.SPENDING.value):
    """What was paid by card, or came back to it. Dates are the contract's."""

    id: UUID
    type: SpendType
    issue_date: str
    currency: str
    lines: tuple[Line, ...]
    currency_rate: Decimal | None = None
    contact_id: str | None = None
    contact_type: str | None = None
    bank_account_id: str | None = None
    reference: str | None = None
    merchant_name: str | None = None
    notes: str | None = None


class Reimbursable(Value, frozen=True, kw_only=True, tag_field="kind", tag=ExpenseKind.REIMBURSABLE.value):
    """What an employee, known as a supplier, paid and is owed for."""

    id: UUID
    contact_id: str
    issue_date: str
    due_date: str
    currency: str
    lines: tuple[Line, ...]
    currency_rate: Decimal | None = None
    reference: str | None = None
    notes: str | None = None


class Transfer(Value, frozen=True, kw_only=True, tag_field="kind", tag=ExpenseKind.TRANSFER.value):
    """Money moved between two accounts, each amount in its account's currency. An account that is None is the
    configured bank account."""

    id: UUID
    date: str
    from_id: str | None
    from_amount: Decimal
    to_id: str | None
    to_amount: Decimal
    description: str | None = None


class AdjustmentLine(Value, frozen=True, kw_only=True):
    """A booking: a debit above zero, a credit below. Without an account it is to the configured bank account."""

    amount: Decimal
    account_id: str | None
    description: str | None = None
    tracking: tuple[Tracked, ...] = ()


class Adjustment(Value, frozen=True, kw_only=True, tag_field="kind", tag=ExpenseKind.ADJUSTMENT.value):
    """Bookings that belong together; they add up to zero."""

    id: UUID
    date: str
    currency: str
    lines: tuple[AdjustmentLine, ...]
    currency_rate: Decimal | None = None
    reference: str | None = None


Transaction: TypeAlias = Spending | Reimbursable | Transfer | Adjustment

_DECODER: msgspec.json.Decoder[Transaction] = msgspec.json.Decoder(Transaction)
_LIST_DECODER = msgspec.json.Decoder(list[Transaction])


def encode(transaction: Transaction | list[Transaction]) -> str:
    """The form in which transactions are kept; amounts with every digit."""
    return msgspec.json.encode(transaction).decode()


def decode(content: str) -> Transaction:
    """What `encode` wrote of one transaction."""
    return _DECODER.decode(content)


def decode_list(content: str) -> list[Transaction]:
    """What `encode` wrote of a list."""
    return _LIST_DECODER.decode(content)


def kind_of(transaction: Transaction) -> ExpenseKind:
    """Which kind of transaction it is."""
    match transaction:
        case Spending():
            return ExpenseKind.SPENDING
        case Reimbursable():
            return ExpenseKind.REIMBURSABLE
        case Transfer():
            return ExpenseKind.TRANSFER
        case Adjustment():
            return ExpenseKind.ADJUSTMENT


def date_of(transaction: Transaction) -> str:
    """The day that it counts for in the books."""
    return transaction.date if isinstance(transaction, Transfer | Adjustment) else transaction.issue_date
