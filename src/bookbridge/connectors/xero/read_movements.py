"""Shapes of account transactions: what moved on the bank accounts, from the four lists that move it. Pure functions.

A movement has the id of what made it: a payment, a batch of payments, a bank transaction, or one leg of a transfer.
Amounts are in the bank account's currency, money in above zero, money out below.
"""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.money import ZERO
from bookbridge.accounting.reconciliation import ReconciliationStatus
from bookbridge.accounting.records import DELETED, LIVE
from bookbridge.accounting.references import BankAccountRef, PostedDataType, PostedRecordRef
from bookbridge.accounting.types.account_transactions import AccountTransaction, AccountTransactionLine
from bookbridge.connectors.kit.connector import Facts
from bookbridge.connectors.xero.amounts import currency_rate
from bookbridge.connectors.xero.dates import day, moment
from bookbridge.connectors.xero.ledger_payloads import (
    BankAccountSummary,
    BankPayment,
    BankTransaction,
    BankTransfer,
    BatchPayment,
)
from bookbridge.connectors.xero.read_payments import BILL_PAYMENT, INVOICE_PAYMENT, PAYABLE_PAYMENT_TYPES

_SPENT = "SPEND"
_GONE = ("DELETED", "VOIDED")


def payment(payload: BankPayment, facts: Facts) -> AccountTransaction | None:
    """A payment that moved money on a bank account by itself; None for one of a batch, or of another account."""
    if payload.batch_payment_id or payload.paid_from_bank is None:
        return None
    kind = payload.payment_type or ""
    payable = kind in PAYABLE_PAYMENT_TYPES
    # Money goes out to suppliers, and back to customers.
    goes_out = kind == BILL_PAYMENT or not (payable or kind == INVOICE_PAYMENT)
    amount = payload.bank_amount if payload.bank_amount is not None else payload.amount or ZERO
    return _movement(
        payload.payment_id,
        payload.paid_from_bank,
        -amount if goes_out else amount,
        [(PostedDataType.BILL_PAYMENTS if payable else PostedDataType.PAYMENTS, payload.payment_id, None)],
        facts,
        date=payload.date,
        note=payload.reference,
        rate=payload.currency_rate,
        is_reconciled=payload.is_reconciled,
        is_gone=payload.status in _GONE,
        updated=payload.updated_date_utc,
    )


def batch_payment(payload: BatchPayment, facts: Facts) -> AccountTransaction:
    """Several payments that the bank sees as one."""
    outgoing = payload.type == "PAYBATCH"
    sign = Decimal(-1 if outgoing else 1)
    made = PostedDataType.BILL_PAYMENTS if outgoing else PostedDataType.PAYMENTS
    parts = [
        (made, one.payment_id, sign * one.amount if one.amount is not None else None) for one in payload.payments or ()
    ]
    return _movement(
        payload.batch_payment_id,
        payload.account,
        sign * (payload.total_amount or ZERO),
        parts,
        facts,
        date=payload.date,
        note=payload.narrative or payload.reference,
        # Xero makes batches in the base currency only.
        rate=Decimal(1),
        is_reconciled=payload.is_reconciled,
        is_gone=payload.status in _GONE,
        updated=payload.updated_date_utc,
    )


def bank_transaction(payload: BankTransaction, facts: Facts) -> AccountTransaction | None:
    """Money spent or received; None for the legs of transfers, which come with their transfer."""
    kind = payload.type or ""
    if kind.endswith("TRANSFER"):
        return None
    spent = kind.startswith(_SPENT)
    total = payload.total if payload.total is not None else ZERO
    return _movement(
        payload.bank_transaction_id,
        payload.bank_account,
        -total if spent else total,
        [(*_made_by(payload, spent), None)],
        facts,
        date=payload.date,
        note=payload.reference,
        rate=payload.currency_rate,
        currency=payload.currency_code,
        is_reconciled=payload.is_reconciled,
        is_gone=payload.status in _GONE,
        updated=payload.updated_date_utc,
    )


def _made_by(payload: BankTransaction, spent: bool) -> tuple[PostedDataType, str]:
    on_account = payload.overpayment_id or payload.prepayment_id
    if on_account:
        return PostedDataType.BILL_PAYMENTS if spent else PostedDataType.PAYMENTS, on_account
    return PostedDataType.DIRECT_COSTS if spent else PostedDataType.DIRECT_INCOMES, payload.bank_transaction_id


def transfer_legs(payload: BankTransfer, facts: Facts) -> list[AccountTransaction]:
    """Both sides of a transfer; the second one only where its amount is known (see `read_bank.transfer`)."""
    amount = payload.amount if payload.amount is not None else ZERO
    made = (PostedDataType.TRANSFERS, payload.bank_transfer_id, None)
    left, reached = payload.from_bank_account, payload.to_bank_account
    legs = [
        (
            payload.from_bank_transaction_id or f"{payload.bank_transfer_id}-from",
            left,
            -amount,
            payload.from_is_reconciled,
        )
    ]
    base = facts.get("base_currency")
    if (left.currency_code if left else None or base) == (reached.currency_code if reached else None or base):
        leg_id = payload.to_bank_transaction_id or f"{payload.bank_transfer_id}-to"
        legs.append((leg_id, reached, amount, payload.to_is_reconciled))
    return [
        _movement(
            leg_id,
            account,
            moved,
            [made],
            facts,
            date=payload.date,
            note=payload.reference,
            rate=payload.currency_rate,
            is_reconciled=is_reconciled,
            is_gone=payload.status in _GONE,
            updated=None,
        )
        for leg_id, account, moved, is_reconciled in legs
    ]


def _movement(
    movement_id: str,
    account: BankAccountSummary | None,
    total: Decimal,
    parts: list[tuple[PostedDataType, str | None, Decimal | None]],
    facts: Facts,
    *,
    date: str | None,
    note: str | None,
    rate: Decimal | None,
    is_reconciled: bool | None,
    is_gone: bool,
    updated: str | None,
    currency: str | None = None,
) -> AccountTransaction:
    """A part without an amount is the whole movement."""
    base = facts.get("base_currency")
    moved_in = currency or (account.currency_code if account else None) or base
    status = ReconciliationStatus.RECONCILED if is_reconciled else ReconciliationStatus.UNRECONCILED
    return AccountTransaction(
        id=movement_id,
        transaction_id=movement_id,
        note=note or None,
        bank_account_ref=BankAccountRef(id=account.account_id, name=account.name)
        if account and account.account_id
        else None,
        date=day(date),
        status=ReconciliationStatus.VOID if is_gone else status,
        currency=moved_in,
        currency_rate=currency_rate(moved_in, rate, base),
        lines=tuple(
            AccountTransactionLine(
                record_ref=PostedRecordRef(id=made_by, data_type=data_type),
                amount=total if amount is None else amount,
            )
            for data_type, made_by, amount in parts
        ),
        total_amount=total,
        source_modified_date=moment(updated),
        metadata=DELETED if is_gone else LIVE,
    )
