"""What an expense application sends, as shapes for the document.

The bodies are read field by field elsewhere (`products.expenses.requests`), which finds all that is wrong at once and
takes names in any case; nothing is decoded with these classes. A test sends their examples through that reading.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

import msgspec

from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.records import Word
from bookbridge.connectors.kit.expenses import SpendType
from bookbridge.products.expenses.older_requests import DATASETS_MAX
from bookbridge.products.expenses.requests import (
    LINES_MAX,
    REFERENCE_LENGTH_MAX,
    TEXT_LENGTH_MAX,
    TRACKING_MAX,
    TRANSACTIONS_MAX,
)

Text = Annotated[str, msgspec.Meta(max_length=TEXT_LENGTH_MAX)]
ShortText = Annotated[str, msgspec.Meta(max_length=REFERENCE_LENGTH_MAX)]


class _Body(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Base of the shapes."""


class ExpenseContactType(Word):
    """What kind of contact is meant."""

    SUPPLIER = "Supplier"
    CUSTOMER = "Customer"


class ExpenseTrackedType(Word):
    """What a line is counted under."""

    TRACKING_CATEGORIES = "trackingCategories"
    CUSTOMERS = "customers"
    SUPPLIERS = "suppliers"


class ExpenseRecordRef(_Body, frozen=True, kw_only=True):
    """A record of the books."""

    id: str
    """Its identifier."""


class ExpenseContactRef(_Body, frozen=True, kw_only=True):
    """A supplier or a customer."""

    id: str
    """Its identifier."""
    type: ExpenseContactType | None = None
    """Customer if a customer is meant. Else it is what the accounting software has under the identifier."""


class ExpenseTrackingRef(_Body, frozen=True, kw_only=True):
    """A record that a line is counted under."""

    id: str
    """Its identifier."""
    data_type: ExpenseTrackedType | None = None
    """What kind of record it is; a tracking category if absent. Suppliers are for adjustments only."""


TrackingRefs = Annotated[tuple[ExpenseTrackingRef, ...], msgspec.Meta(max_length=TRACKING_MAX)]


class ExpenseLine(_Body, frozen=True, kw_only=True):
    """One line of a card transaction or a reimbursement."""

    net_amount: Decimal
    """Amount without tax, in the transaction's currency: from 0 to 5,000,000, whatever the type."""
    tax_amount: Decimal | None = None
    """Tax on the line; the rate tells it if absent."""
    account_ref: ExpenseRecordRef
    """Account that the line is booked to."""
    tax_rate_ref: ExpenseRecordRef | None = None
    """Tax rate of the line."""
    tracking_refs: TrackingRefs = ()
    """What the line is counted under."""
    description: Text | None = None
    """What was bought, in words."""


ExpenseLines = Annotated[tuple[ExpenseLine, ...], msgspec.Meta(min_length=1, max_length=LINES_MAX)]


class ExpenseTransactionChange(_Body, frozen=True, kw_only=True):
    """What a card transaction is to be from now on."""

    type: SpendType
    """What kind of transaction it is."""
    issue_date: ContractDateTime
    """Day of the transaction."""
    currency: str | None = None
    """Currency of the transaction, ISO 4217; as it was if absent."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the currency into the company's base currency."""
    contact_ref: ExpenseContactRef | None = None
    """Whom the money went to or came from; the company's default if absent."""
    bank_account_ref: ExpenseRecordRef | None = None
    """Account of the card; the company's default if absent."""
    reference: ShortText | None = None
    """Reference that people know the transaction by; of a change, as it was if absent."""
    merchant_name: Text | None = None
    """Name of the merchant."""
    notes: Text | None = None
    """Free text."""
    post_as_draft: bool | None = None
    """Whether it shall be a draft, where the accounting software knows drafts of such transactions."""
    lines: ExpenseLines
    """What it was spent on."""


class ExpenseTransaction(ExpenseTransactionChange, frozen=True, kw_only=True):
    """A card transaction: a payment, refund, reward or chargeback."""

    id: UUID
    """Your identifier of it: sent again under it, it is not written again."""
    currency: str
    """Currency of the transaction, ISO 4217."""


class ReimbursableExpenseChange(_Body, frozen=True, kw_only=True):
    """What a reimbursement is to be from now on."""

    contact_ref: ExpenseRecordRef
    """The employee, known as a supplier."""
    issue_date: ContractDateTime
    """Day of the expense."""
    due_date: ContractDateTime
    """Day by which it is to be paid back."""
    currency: str
    """Currency of the expense, ISO 4217."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the currency into the company's base currency."""
    reference: ShortText | None = None
    """Reference that people know it by."""
    notes: Text | None = None
    """Free text."""
    lines: ExpenseLines
    """What it was spent on."""


class ReimbursableExpense(ReimbursableExpenseChange, frozen=True, kw_only=True):
    """What an employee paid and is owed for."""

    id: UUID
    """Your identifier of it: sent again under it, it is not written again."""


class TransferSide(_Body, frozen=True, kw_only=True):
    """One end of a transfer."""

    account_ref: ExpenseRecordRef
    """The account. One of the two is a bank account."""
    amount: Decimal
    """Amount in that account's currency, greater than zero."""


class TransferTransaction(_Body, frozen=True, kw_only=True):
    """Money moved between two accounts. Its identifier stands in the address."""

    date: ContractDateTime
    """Day of the transfer."""
    from_: TransferSide = msgspec.field(name="from")
    """Where it left."""
    to: Annotated[TransferSide, msgspec.Meta(examples=[{"accountRef": {"id": "another"}, "amount": 100.5}])]
    """Where it arrived: another account."""
    description: Text | None = None
    """What it was for, in words."""


class AdjustmentTransactionLine(_Body, frozen=True, kw_only=True):
    """One line of an adjustment."""

    amount: Decimal
    """Debit above zero, credit below."""
    account_ref: ExpenseRecordRef
    """Account that the line is booked to."""
    tracking_refs: TrackingRefs = ()
    """What the line is counted under."""
    description: Text | None = None
    """What it is for, in words."""


_BALANCED: Final = [
    {"amount": 100.5, "accountRef": {"id": "text"}},
    {"amount": -100.5, "accountRef": {"id": "another"}},
]


class AdjustmentTransaction(_Body, frozen=True, kw_only=True):
    """An entry between accounts, whose lines add up to zero."""

    id: UUID
    """Your identifier of it: sent again under it, it is not written again."""
    date: ContractDateTime
    """Day of the adjustment."""
    currency: str
    """Its currency, ISO 4217."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the currency into the company's base currency."""
    reference: ShortText | None = None
    """Reference that people know it by."""
    lines: Annotated[
        tuple[AdjustmentTransactionLine, ...],
        msgspec.Meta(min_length=1, max_length=LINES_MAX, examples=[_BALANCED]),
    ]
    """Its lines."""


_MANY: Final = msgspec.Meta(min_length=1, max_length=TRANSACTIONS_MAX)

ExpenseTransactions = Annotated[list[ExpenseTransaction], _MANY]
ReimbursableExpenses = Annotated[list[ReimbursableExpense], _MANY]
AdjustmentTransactions = Annotated[list[AdjustmentTransaction], _MANY]


class ExpenseDataset(_Body, frozen=True, kw_only=True):
    """Transactions that wait for a sync, in the older form."""

    items: ExpenseTransactions
    """The transactions."""


class SyncRequest(_Body, frozen=True, kw_only=True):
    """A sync of datasets, in the older form."""

    dataset_ids: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=DATASETS_MAX)]
    """The datasets."""


class ConfigurationBody(_Body, frozen=True, kw_only=True):
    """A company's defaults. An object without an id takes a default away."""

    bank_account: ExpenseDefaultRef
    """Bank account of transactions that name none."""
    supplier: ExpenseDefaultRef
    """Supplier of transactions that name none."""
    customer: ExpenseDefaultRef
    """Customer of transactions that name none."""


class ExpenseDefaultRef(_Body, frozen=True, kw_only=True):
    """A default, or none."""

    id: str | None = None
    """Identifier of the record."""
