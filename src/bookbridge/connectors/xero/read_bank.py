"""Shapes of money that moved without a document: direct costs and incomes, and transfers. Pure functions."""

from __future__ import annotations

from bookbridge.accounting.allocations import AllocatedPayment, Allocation, PaymentAllocation
from bookbridge.accounting.money import ZERO
from bookbridge.accounting.reconciliation import ReconciliationStatus
from bookbridge.accounting.records import DELETED, LIVE
from bookbridge.accounting.references import (
    AccountRef,
    ContactDataType,
    ContactRef,
    RecordRef,
    TaxRateRef,
    TrackedDataType,
    TrackingRecordRef,
)
from bookbridge.accounting.tracking import CostTracking
from bookbridge.accounting.types.direct_costs import DirectCost, DirectCostLineItem
from bookbridge.accounting.types.direct_incomes import DirectIncome, DirectIncomeLineItem
from bookbridge.accounting.types.transfers import Transfer, TransferAccount
from bookbridge.connectors.kit.connector import Facts
from bookbridge.connectors.xero import document_payloads, payloads
from bookbridge.connectors.xero.amounts import currency_rate, line_amounts
from bookbridge.connectors.xero.dates import day, moment
from bookbridge.connectors.xero.ledger_payloads import BankAccountSummary, BankTransaction, BankTransfer
from bookbridge.connectors.xero.read_documents import UNDATED, item_ref, tracking_refs

UNKNOWN_CURRENCY = "XXX"
"""ISO 4217's own word for it, where a currency is required and Xero told none (never seen)."""


def direct_cost(payload: BankTransaction, facts: Facts) -> DirectCost | None:
    """A bank transaction of type SPEND; None for all others. A refund keeps its amounts below zero."""
    if payload.type != "SPEND":
        return None
    base = facts.get("base_currency")
    currency = payload.currency_code or base or UNKNOWN_CURRENCY
    return DirectCost(
        id=payload.bank_transaction_id,
        reference=payload.reference or None,
        note=payload.reference or None,
        contact_ref=_contact_ref(payload.contact, ContactDataType.SUPPLIERS),
        issue_date=day(payload.date) or day(payload.updated_date_utc) or UNDATED,
        currency=currency,
        currency_rate=currency_rate(currency, payload.currency_rate, base),
        line_items=tuple(_cost_line(line, payload.line_amount_types, currency) for line in payload.line_items or ()),
        payment_allocations=(_paid_at_once(payload, currency, base),),
        sub_total=payload.sub_total if payload.sub_total is not None else ZERO,
        tax_amount=payload.total_tax if payload.total_tax is not None else ZERO,
        total_amount=payload.total if payload.total is not None else ZERO,
        source_modified_date=moment(payload.updated_date_utc),
        metadata=DELETED if payload.status in ("DELETED", "VOIDED") else LIVE,
    )


def direct_income(payload: BankTransaction, facts: Facts) -> DirectIncome | None:
    """A bank transaction of type RECEIVE; None for all others. A refund keeps its amounts below zero."""
    if payload.type != "RECEIVE":
        return None
    base = facts.get("base_currency")
    currency = payload.currency_code or base or UNKNOWN_CURRENCY
    return DirectIncome(
        id=payload.bank_transaction_id,
        reference=payload.reference or None,
        note=payload.reference or None,
        contact_ref=_contact_ref(payload.contact, ContactDataType.CUSTOMERS),
        issue_date=day(payload.date) or day(payload.updated_date_utc) or UNDATED,
        currency=currency,
        currency_rate=currency_rate(currency, payload.currency_rate, base),
        line_items=tuple(_income_line(line, payload.line_amount_types, currency) for line in payload.line_items or ()),
        payment_allocations=(_paid_at_once(payload, currency, base),),
        sub_total=payload.sub_total if payload.sub_total is not None else ZERO,
        tax_amount=payload.total_tax if payload.total_tax is not None else ZERO,
        total_amount=payload.total if payload.total is not None else ZERO,
        source_modified_date=moment(payload.updated_date_utc),
        metadata=DELETED if payload.status in ("DELETED", "VOIDED") else LIVE,
    )


def _contact_ref(contact: payloads.ContactSummary | None, data_type: ContactDataType) -> ContactRef | None:
    if contact is None or not contact.contact_id:
        return None
    return ContactRef(id=contact.contact_id, data_type=data_type)


def _paid_at_once(payload: BankTransaction, currency: str, base: str | None) -> PaymentAllocation:
    """A bank transaction is its own payment, in full."""
    rate = currency_rate(currency, payload.currency_rate, base)
    on = day(payload.date)
    total = payload.total if payload.total is not None else ZERO
    account = payload.bank_account
    return PaymentAllocation(
        payment=AllocatedPayment(
            id=payload.bank_transaction_id,
            reference=payload.reference or None,
            account_ref=AccountRef(id=account.account_id, name=account.name)
            if account and account.account_id
            else None,
            currency=currency,
            currency_rate=rate,
            paid_on_date=on,
            total_amount=total,
        ),
        allocation=Allocation(currency=currency, currency_rate=rate, allocated_on_date=on, total_amount=total),
    )


def _cost_line(line: document_payloads.LineItem, amount_types: str | None, currency: str) -> DirectCostLineItem:
    amounts = line_amounts(line, amount_types, currency)
    categories = tracking_refs(line)
    return DirectCostLineItem(
        description=line.description,
        unit_amount=amounts.unit,
        quantity=amounts.quantity,
        discount_amount=amounts.discount,
        discount_percentage=amounts.discount_percentage,
        sub_total=amounts.sub_total,
        tax_amount=amounts.tax,
        total_amount=amounts.total,
        account_ref=AccountRef(id=line.account_id) if line.account_id else None,
        tax_rate_ref=TaxRateRef(id=line.tax_type) if line.tax_type else None,
        item_ref=item_ref(line),
        tracking_category_refs=categories,
        tracking=CostTracking(
            record_refs=tuple(
                TrackingRecordRef(id=ref.id, data_type=TrackedDataType.TRACKING_CATEGORIES) for ref in categories
            )
        ),
    )


def _income_line(line: document_payloads.LineItem, amount_types: str | None, currency: str) -> DirectIncomeLineItem:
    amounts = line_amounts(line, amount_types, currency)
    return DirectIncomeLineItem(
        description=line.description,
        unit_amount=amounts.unit,
        quantity=amounts.quantity,
        discount_amount=amounts.discount,
        discount_percentage=amounts.discount_percentage,
        sub_total=amounts.sub_total,
        tax_amount=amounts.tax,
        total_amount=amounts.total,
        account_ref=AccountRef(id=line.account_id) if line.account_id else None,
        tax_rate_ref=TaxRateRef(id=line.tax_type) if line.tax_type else None,
        item_ref=item_ref(line),
        tracking_category_refs=tracking_refs(line),
    )


def transfer(payload: BankTransfer, facts: Facts) -> Transfer:
    """Money moved between two bank accounts. Xero tells no time of change of transfers."""
    base = facts.get("base_currency")
    deleted = payload.status == "DELETED"
    return Transfer(
        id=payload.bank_transfer_id,
        description=payload.reference or None,
        date=day(payload.date),
        from_=_side(payload, payload.from_bank_account, base),
        to=_side(payload, payload.to_bank_account, base),
        status=_reconciled(payload),
        metadata=DELETED if deleted else LIVE,
    )


def _side(payload: BankTransfer, account: BankAccountSummary | None, base: str | None) -> TransferAccount:
    currency = account.currency_code if account else None
    left = payload.from_bank_account.currency_code if payload.from_bank_account else None
    return TransferAccount(
        account_ref=RecordRef(id=account.account_id, data_type="bankAccounts")
        if account and account.account_id
        else None,
        currency=currency or base,
        # Xero tells the amount that left. What reached an account of another currency it does not say.
        amount=payload.amount if (currency or base) == (left or base) else None,
    )


def _reconciled(payload: BankTransfer) -> ReconciliationStatus:
    if payload.status == "DELETED":
        return ReconciliationStatus.VOID
    both = payload.from_is_reconciled and payload.to_is_reconciled
    return ReconciliationStatus.RECONCILED if both else ReconciliationStatus.UNRECONCILED
