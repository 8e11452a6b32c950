"""Transfers between two bank accounts of one currency.

It must not touch documents. Every function raises ValidationFailed when the vendor would refuse.
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
    BankTransfer,
)
from bookbridge.emulators.xero.rules import check_open
from bookbridge.emulators.xero.wire import Fields, ValidationFailed


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
    post_transfer(book, transfer)
    return transfer


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
