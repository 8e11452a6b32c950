"""What a transaction becomes in the books: one accounting record, worked out from the transaction, the company's
defaults and the ledger's rules. Pure, so that the same transaction always becomes the same record.

    Payment ──▶ direct cost          Refund, Reward, Chargeback ──▶ direct income, else a cost below zero, else an entry
    transfer ──▶ transfer, else an entry     adjustment ──▶ journal entry     reimbursement ──▶ bill

Which of them the platform takes is read off its manifest's Write rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bookbridge.accounting.data_type import DataType
from bookbridge.accounting.money import exact_sum
from bookbridge.accounting.records import Record
from bookbridge.accounting.references import AccountRef, RecordRef, TrackedDataType, TrackingRecordRef
from bookbridge.accounting.tracking import RecordTracking
from bookbridge.accounting.types.direct_costs import DIRECT_COSTS
from bookbridge.accounting.types.direct_incomes import DIRECT_INCOMES
from bookbridge.accounting.types.journal_entries import JOURNAL_ENTRIES, JournalEntry, JournalLine
from bookbridge.accounting.types.transfers import TRANSFERS, TransferAccount
from bookbridge.accounting.types.transfers import Transfer as TransferRecord
from bookbridge.connectors.kit.expenses import Currencies, SpendType
from bookbridge.products.expenses import documents
from bookbridge.products.expenses.books import Books
from bookbridge.products.expenses.checks import is_card
from bookbridge.products.expenses.configuration import Configuration
from bookbridge.products.expenses.currencies import combination, denominated, in_base, written_in
from bookbridge.products.expenses.errors import NotLanded
from bookbridge.products.expenses.ledger import Ledger
from bookbridge.products.expenses.transactions import (
    Adjustment,
    Reimbursable,
    Spending,
    Tracked,
    Transaction,
    Transfer,
    date_of,
)

DAY_LENGTH = len("2026-01-31")


@dataclass(frozen=True)
class Landed:
    """The record that a transaction becomes."""

    data_type: DataType[Any]
    record: Record


@dataclass(frozen=True)
class Desk:
    """What a transaction is worked out with."""

    ledger: Ledger
    books: Books
    defaults: Configuration

    def bank(self, account_id: str | None) -> str:
        """The bank account that is named, else the configured one. Raises NotLanded."""
        chosen = account_id or self.defaults.bank_account_id
        if chosen is None:
            raise NotLanded.configuration("No bank account: neither the transaction names one nor the configuration.")
        if not self.books.is_bank(chosen):
            raise NotLanded.configuration(f"There is no bank account with the id '{chosen}' any more.")
        return chosen

    def contact(self, spending: Spending) -> documents.Contact | None:
        """The contact that is named, else the configured one; None where the ledger takes none. Raises NotLanded."""
        kind = self.ledger.rules.spending[spending.type].contact
        if kind is None:
            return None
        if spending.contact_id is not None:
            usual = "customers" if spending.contact_type == "customers" else kind
            return documents.Contact(spending.contact_id, self._kind_of(spending, usual))
        chosen = self.defaults.supplier_id if kind == "suppliers" else self.defaults.customer_id
        if chosen is None:
            noun = kind.removesuffix("s")
            raise NotLanded.configuration(f"No {noun}: neither the transaction names one nor the configuration.")
        if chosen not in (self.books.suppliers if kind == "suppliers" else self.books.customers):
            raise NotLanded.configuration(f"There is no {kind.removesuffix('s')} with the id '{chosen}' any more.")
        return documents.Contact(chosen, kind)

    def _kind_of(self, spending: Spending, usual: str) -> str:
        """Of which kind the named contact is: the usual one if it is of both."""
        kinds = [
            kind
            for kind, held in (("suppliers", self.books.suppliers), ("customers", self.books.customers))
            if spending.contact_id in held
        ]
        if not kinds:
            raise NotLanded.processing(f"There is no contact with the id '{spending.contact_id}' any more.")
        return usual if usual in kinds else kinds[0]


def land(desk: Desk, transaction: Transaction) -> Landed:
    """The record. Raises NotLanded when there can be none."""
    lock, day = desk.books.lock_date, date_of(transaction)
    if lock is not None and day[:DAY_LENGTH] <= lock[:DAY_LENGTH]:
        raise NotLanded.processing(f"The books are closed up to {lock[:DAY_LENGTH]}; nothing can be dated {day[:10]}.")
    match transaction:
        case Spending():
            return _spending(desk, transaction)
        case Reimbursable():
            return _bill(desk, transaction)
        case Transfer():
            return _transfer(desk, transaction)
        case Adjustment():
            return _adjustment(desk, transaction)


def _spending(desk: Desk, spending: Spending) -> Landed:
    bank = desk.bank(spending.bank_account_id)
    rules, books = desk.ledger.rules, desk.books
    rule = rules.spending.get(spending.type)
    if rule is None or (rule.card_only and not is_card(books, bank)):
        raise NotLanded.processing(f"A {spending.type} cannot be written on this account.")
    given = written_in(
        desk.ledger, books.base_currency, books.currency_of(bank), spending.currency, spending.currency_rate
    )
    drawn = documents.Drawn(spending, bank, given, desk.contact(spending), books, rules.no_tax_rate)
    if spending.type is SpendType.PAYMENT:
        if desk.ledger.writes(DIRECT_COSTS.key):
            return Landed(DIRECT_COSTS, documents.direct_cost(drawn))
    elif desk.ledger.writes(DIRECT_INCOMES.key):
        return Landed(DIRECT_INCOMES, documents.direct_income(drawn))
    elif rules.negative_costs and desk.ledger.writes(DIRECT_COSTS.key):
        return Landed(DIRECT_COSTS, documents.direct_cost(drawn, sign=-1))
    if rules.bank_entries and desk.ledger.writes(JOURNAL_ENTRIES.key):
        return Landed(JOURNAL_ENTRIES, _entry_of(desk, drawn))
    raise NotLanded.processing(f"This accounting software has no record for a {spending.type}.")


def _entry_of(desk: Desk, drawn: documents.Drawn) -> JournalEntry:
    """A card transaction as bookings: the bank account against the lines."""
    lines, spending = drawn.lines, drawn.spending
    if any(line.tax for line in lines):
        raise NotLanded.processing("Tax cannot be told in a journal entry, which this accounting software needs here.")
    sign = 1 if spending.type is SpendType.PAYMENT else -1
    amounts = [line.net.copy_sign(Decimal(sign)) for line in lines]
    booked = in_base([*amounts, exact_sum(amounts).copy_negate()], drawn.given, desk.books.base_currency)
    accounts = [*(line.source.account_id for line in lines), drawn.bank]
    tracking = [*(line.source.tracking for line in lines), ()]
    return _entry(desk, spending.issue_date, drawn.text, accounts, booked, tracking, [drawn.text] * len(booked))


def _bill(desk: Desk, reimbursable: Reimbursable) -> Landed:
    """A bill of the employee."""
    given = denominated(desk.books.base_currency, reimbursable.currency, reimbursable.currency_rate)
    return Landed(documents.BILLS, documents.bill(reimbursable, given, desk.books, desk.ledger.rules.no_tax_rate))


def _transfer(desk: Desk, transfer: Transfer) -> Landed:
    source = transfer.from_id or desk.bank(None)
    target = transfer.to_id or desk.bank(None)
    if source == target:
        raise NotLanded.processing("A transfer goes to another account than it came from.")
    rule, books = desk.ledger.rules.transfers, desk.books
    sent_in, received_in = books.currency_of(source), books.currency_of(target)
    found = combination(books.base_currency, sent_in, received_in)
    if rule is None or found not in rule.currencies:
        raise NotLanded.processing(f"A transfer from {sent_in} to {received_in} is not supported by this software.")
    if sent_in == received_in and transfer.from_amount != transfer.to_amount:
        raise NotLanded.processing("Within one currency, what leaves one account reaches the other.")
    if books.is_bank(source) and books.is_bank(target):
        return Landed(
            TRANSFERS,
            TransferRecord(
                date=transfer.date,
                description=transfer.description,
                from_=_side(source, transfer.from_amount, sent_in),
                to=_side(target, transfer.to_amount, received_in),
            ),
        )
    if found is not Currencies.ALL_BASE:
        raise NotLanded.processing("Between a bank account and another account, only the base currency can move.")
    text = transfer.description or "Transfer"
    amounts = [transfer.from_amount.copy_negate(), transfer.to_amount]
    return Landed(JOURNAL_ENTRIES, _entry(desk, transfer.date, text, [source, target], amounts, [(), ()], [text, text]))


def _side(account_id: str, amount: Decimal, currency: str | None) -> TransferAccount:
    ref = RecordRef(id=account_id, data_type="bankAccounts")
    return TransferAccount(account_ref=ref, amount=amount, currency=currency)


def _adjustment(desk: Desk, adjustment: Adjustment) -> Landed:
    given = denominated(desk.books.base_currency, adjustment.currency, adjustment.currency_rate)
    amounts = in_base([line.amount for line in adjustment.lines], given, desk.books.base_currency)
    accounts = [line.account_id or desk.bank(None) for line in adjustment.lines]
    if not desk.ledger.rules.bank_entries and any(desk.books.is_bank(account) for account in accounts):
        raise NotLanded.processing("This accounting software takes no journal entries on bank accounts.")
    text = adjustment.reference or next((line.description for line in adjustment.lines if line.description), None)
    described = [line.description for line in adjustment.lines]
    tracking = [line.tracking for line in adjustment.lines]
    return Landed(
        JOURNAL_ENTRIES,
        _entry(desk, adjustment.date, text or "Adjustment", accounts, amounts, tracking, described),
    )


def _entry(
    desk: Desk,
    day: str,
    text: str,
    accounts: Sequence[str],
    amounts: Sequence[Decimal],
    tracking: Sequence[Sequence[Tracked]],
    described: Sequence[str | None],
) -> JournalEntry:
    currency = desk.books.base_currency
    lines = [
        JournalLine(
            account_ref=AccountRef(id=account),
            net_amount=amount,
            currency=currency,
            description=words,
            tracking=_tracking(tracked),
        )
        for account, amount, tracked, words in zip(accounts, amounts, tracking, described, strict=True)
        if amount
    ]
    return JournalEntry(posted_on=day, description=text, journal_lines=tuple(lines))


def _tracking(tracked: Sequence[Tracked]) -> RecordTracking | None:
    refs = tuple(TrackingRecordRef(id=one.id, data_type=TrackedDataType(one.data_type)) for one in tracked)
    return RecordTracking(record_refs=refs) if refs else None
