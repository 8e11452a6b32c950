"""Transfers between two bank accounts of one currency, and the bank transaction on each side.

It must not touch other documents. Every function raises ValidationFailed when the vendor would refuse.
"""

from __future__ import annotations

from bookbridge.emulators.xero.bank_transactions import resolve_bank_account
from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.journals import round_money
from bookbridge.emulators.xero.postings import (
    post_transfer,
)
from bookbridge.emulators.xero.records import (
    ONE,
    RECEIVE_TRANSFER,
    SPEND_TRANSFER,
    BankTransaction,
    BankTransfer,
    Contact,
)
from bookbridge.emulators.xero.rules import check_open
from bookbridge.emulators.xero.wire import Fields, ValidationFailed

_NOBODY = Contact(contact_id="", name="")
"""Stands for the contact that a transfer does not have, and is never shown."""


def create_bank_transfer(book: Book, fields: Fields) -> BankTransfer:
    """Move money between two bank accounts of the same currency."""
    source = resolve_bank_account(book, fields.child("FromBankAccount"))
    target = resolve_bank_account(book, fields.child("ToBankAccount"))
    amount = fields.decimal("Amount")
    if amount is None or amount <= 0:
        raise ValidationFailed("The transfer amount must be greater than zero")
    if source is target:
        raise ValidationFailed("The accounts of a transfer must differ")
    if source.currency_code != target.currency_code:
        raise ValidationFailed("The accounts of a transfer must have the same currency")
    day = fields.date("Date") or book.clock.now().date()
    check_open(book, day)
    base = book.organisation.base_currency
    rate = book.day_rate(source.currency_code or base) or ONE
    transfer = BankTransfer(
        bank_transfer_id=book.new_id(),
        from_bank_account=source,
        to_bank_account=target,
        amount=round_money(amount),
        date=day,
        currency_rate=rate,
        reference=fields.text("Reference", limit=255) or "",
        from_is_reconciled=fields.boolean("FromIsReconciled") or False,
        to_is_reconciled=fields.boolean("ToIsReconciled") or False,
        from_bank_transaction_id=book.new_id(),
        to_bank_transaction_id=book.new_id(),
    )
    book.add(book.bank_transfers, transfer)
    book.adjust(transfer, created_date_utc=transfer.updated_date_utc)
    _add_leg(book, transfer, spends=True)
    _add_leg(book, transfer, spends=False)
    post_transfer(book, transfer)
    return transfer


def _add_leg(book: Book, transfer: BankTransfer, *, spends: bool) -> None:
    """One side of a transfer as the list of bank transactions shows it. Only the transfer itself posts."""
    account = transfer.from_bank_account if spends else transfer.to_bank_account
    leg = BankTransaction(
        bank_transaction_id=transfer.from_bank_transaction_id if spends else transfer.to_bank_transaction_id,
        type=SPEND_TRANSFER if spends else RECEIVE_TRANSFER,
        status="AUTHORISED",
        contact=_NOBODY,
        date=transfer.date,
        line_amount_types="NoTax",
        sub_total=transfer.amount,
        total=transfer.amount,
        currency_code=account.currency_code or book.organisation.base_currency,
        currency_rate=transfer.currency_rate,
        reference=transfer.reference,
        bank_account=account,
        is_reconciled=transfer.from_is_reconciled if spends else transfer.to_is_reconciled,
    )
    book.add(book.bank_transactions, leg)


def update_bank_transfer(book: Book, transfer: BankTransfer, fields: Fields) -> None:
    """Delete a transfer: the only change that the vendor allows."""
    if (fields.text("Status") or "").upper() != "DELETED":
        raise ValidationFailed("A bank transfer can only be changed by setting its Status to DELETED")
    if transfer.status == "DELETED":
        raise ValidationFailed("The bank transfer has already been deleted")
    if transfer.from_is_reconciled or transfer.to_is_reconciled:
        raise ValidationFailed("The bank transfer cannot be deleted as it has been reconciled")
    check_open(book, transfer.date)
    book.unpost(transfer)
    book.change(book.bank_transfers, transfer, status="DELETED")
    for leg_id in (transfer.from_bank_transaction_id, transfer.to_bank_transaction_id):
        leg = book.bank_transactions.get(leg_id)
        if leg is not None:
            book.change(book.bank_transactions, leg, status="DELETED")
