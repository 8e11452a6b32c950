"""From accounting records to the records of Bill Pay. Pure functions, one per type."""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.records import Word
from bookbridge.accounting.references import SupplierRef
from bookbridge.accounting.tracking import BilledTo
from bookbridge.accounting.types import accounts, bank_accounts, bill_payments, bills, suppliers, tax_rates
from bookbridge.accounting.types.bank_accounts import BankAccountType
from bookbridge.accounting.types.company_info import CompanyInfo
from bookbridge.products.bill_pay.records import (
    UNKNOWN_CURRENCY,
    AccountOption,
    BankAccount,
    Bill,
    BillLine,
    BillPayment,
    CompanyInformation,
    IdRef,
    Supplier,
    TaxRateOption,
    TrackedType,
    TrackingRef,
    UseStatus,
)


def company_information(record: CompanyInfo) -> CompanyInformation:
    """Name and currency of the company."""
    return CompanyInformation(company_name=record.company_name, base_currency=record.base_currency)


def bill(record: bills.Bill) -> Bill:
    """A bill of the ledger."""
    ref = record.supplier_ref
    return Bill(
        id=record.id or "",
        reference=record.reference or None,
        supplier_ref=SupplierRef(id=ref.id, supplier_name=ref.supplier_name) if ref is not None and ref.id else None,
        issue_date=record.issue_date,
        due_date=record.due_date or record.issue_date,
        currency=record.currency or UNKNOWN_CURRENCY,
        currency_rate=record.currency_rate,
        line_items=tuple(_line(line) for line in record.line_items),
        status=record.status,
        total_amount=record.total_amount,
        amount_due=record.amount_due,
        source_modified_date=record.source_modified_date,
    )


def _line(line: bills.BillLineItem) -> BillLine:
    return BillLine(
        description=line.description,
        unit_amount=line.unit_amount,
        quantity=line.quantity,
        tax_amount=line.tax_amount,
        total_amount=line.total_amount,
        account_ref=_id_ref(line.account_ref.id if line.account_ref else None),
        tax_rate_ref=_id_ref(line.tax_rate_ref.id if line.tax_rate_ref else None),
        tracking_refs=tuple(_tracking(line)),
    )


def _tracking(line: bills.BillLineItem) -> list[TrackingRef]:
    found = [TrackingRef(id=ref.id, data_type=TrackedType.TRACKING_CATEGORIES) for ref in line.tracking_category_refs]
    tracking = line.tracking
    if tracking is not None and tracking.customer_ref is not None:
        billable = tracking.is_rebilled_to is BilledTo.CUSTOMER
        found.append(TrackingRef(id=tracking.customer_ref.id, data_type=TrackedType.CUSTOMERS, is_billable=billable))
    return found


def bill_payment(record: bill_payments.BillPayment) -> BillPayment:
    """A payment of a bill."""
    return BillPayment(
        id=record.id or "",
        amount=record.total_amount if record.total_amount is not None else Decimal(0),
        date=record.date,
        reference=record.reference or None,
        account_ref=_id_ref(record.account_ref.id if record.account_ref else None),
        currency_rate=record.currency_rate,
    )


def supplier(record: suppliers.Supplier) -> Supplier:
    """A supplier. What the company owes it is for its bills to tell."""
    return Supplier(
        id=record.id or "",
        supplier_name=record.supplier_name or record.contact_name or "",
        status=record.status,
        contact_name=record.contact_name,
        email_address=record.email_address,
        phone=record.phone,
        addresses=record.addresses,
        default_currency=record.default_currency,
        source_modified_date=record.source_modified_date,
    )


def bank_account(record: bank_accounts.BankAccount) -> BankAccount:
    """A bank account, as an option and as what was created."""
    return BankAccount(
        id=record.id or "",
        name=record.account_name,
        account_type=record.account_type or BankAccountType.UNKNOWN,
        account_number=record.account_number,
        sort_code=record.sort_code,
        nominal_code=record.nominal_code,
        currency=record.currency,
        status=use_status(record.status),
        source_modified_date=record.source_modified_date,
    )


def account_option(record: accounts.Account) -> AccountOption:
    """An account of the chart as a choice for lines of bills."""
    return AccountOption(
        id=record.id or "",
        nominal_code=record.nominal_code,
        name=record.name,
        type=record.type.value if record.type else None,
        currency=record.currency,
        status=use_status(record.status),
        source_modified_date=record.source_modified_date,
    )


def tax_rate_option(record: tax_rates.TaxRate) -> TaxRateOption:
    """A tax rate as a choice for lines of bills."""
    return TaxRateOption(
        id=record.id or "",
        name=record.name,
        code=record.code,
        effective_tax_rate=record.effective_tax_rate,
        total_tax_rate=record.total_tax_rate,
        status=use_status(record.status),
    )


def use_status(status: Word | None) -> UseStatus | None:
    """Whether it can be chosen. A ledger that does not say archives nothing; one that says something else (pending,
    unknown) says neither."""
    if status is None:
        return UseStatus.ACTIVE
    return next((word for word in UseStatus if word.value == status.value), None)


def _id_ref(record_id: str | None) -> IdRef | None:
    return IdRef(id=record_id) if record_id else None
