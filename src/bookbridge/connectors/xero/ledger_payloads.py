"""What Xero sends of money and of the general ledger: bank transactions, transfers, orders, journals, reports.

As in `payloads`: only what we read, everything but ids may be absent, amounts are Decimal, and the first field
of a listed payload is its id. This module must not know our records.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from bookbridge.connectors.xero.document_payloads import InvoiceSummary, LineItem, LineTracking, Payment
from bookbridge.connectors.xero.payloads import Account, ContactSummary, Payload


class BankAccountSummary(Payload):
    """A bank account inside another record; `currency_code` is put in from the chart where Xero leaves it out."""

    account_id: str | None = None
    code: str | None = None
    name: str | None = None
    currency_code: str | None = None


class BankTransaction(Payload):
    bank_transaction_id: str
    type: str | None = None
    status: str | None = None
    bank_account: BankAccountSummary | None = None
    contact: ContactSummary | None = None
    reference: str | None = None
    date: str | None = None
    is_reconciled: bool | None = None
    currency_code: str | None = None
    currency_rate: Decimal | None = None
    line_amount_types: str | None = None
    line_items: tuple[LineItem, ...] | None = None
    sub_total: Decimal | None = None
    total_tax: Decimal | None = None
    total: Decimal | None = None
    overpayment_id: str | None = None
    prepayment_id: str | None = None
    updated_date_utc: str | None = None


class BankTransfer(Payload):
    bank_transfer_id: str
    created_date_utc: str | None = None
    status: str | None = None
    date: str | None = None
    from_bank_account: BankAccountSummary | None = None
    to_bank_account: BankAccountSummary | None = None
    amount: Decimal | None = None
    currency_rate: Decimal | None = None
    reference: str | None = None
    from_bank_transaction_id: str | None = None
    to_bank_transaction_id: str | None = None
    from_is_reconciled: bool | None = None
    to_is_reconciled: bool | None = None


class BankPayment(Payment):
    """A payment as a movement on a bank account. `paid_from_bank` is put in from the chart: Xero does not say
    here whether the account is a bank account."""

    bank_amount: Decimal | None = None
    is_reconciled: bool | None = None
    paid_from_bank: BankAccountSummary | None = None


class BatchedPayment(Payload):
    payment_id: str | None = None
    amount: Decimal | None = None
    bank_amount: Decimal | None = None
    invoice: InvoiceSummary | None = None


class BatchPayment(Payload):
    batch_payment_id: str
    type: str | None = None
    status: str | None = None
    date: str | None = None
    account: BankAccountSummary | None = None
    reference: str | None = None
    narrative: str | None = None
    total_amount: Decimal | None = None
    is_reconciled: bool | None = None
    payments: tuple[BatchedPayment, ...] | None = None
    updated_date_utc: str | None = None


class PurchaseOrder(Payload):
    purchase_order_id: str
    purchase_order_number: str | None = None
    status: str | None = None
    contact: ContactSummary | None = None
    date: str | None = None
    delivery_date: str | None = None
    expected_arrival_date: str | None = None
    delivery_address: str | None = None
    attention_to: str | None = None
    telephone: str | None = None
    delivery_instructions: str | None = None
    reference: str | None = None
    currency_code: str | None = None
    currency_rate: Decimal | None = None
    line_amount_types: str | None = None
    line_items: tuple[LineItem, ...] | None = None
    sub_total: Decimal | None = None
    total_tax: Decimal | None = None
    total: Decimal | None = None
    updated_date_utc: str | None = None


class JournalLine(Payload):
    account_id: str | None = None
    account_name: str | None = None
    description: str | None = None
    net_amount: Decimal | None = None
    tracking_categories: tuple[LineTracking, ...] | None = None


class Journal(Payload):
    journal_id: str
    journal_number: int
    journal_date: str | None = None
    created_date_utc: str | None = None
    reference: str | None = None
    source_id: str | None = None
    source_type: str | None = None
    journal_lines: tuple[JournalLine, ...] | None = None


class ManualJournalLine(Payload):
    account_id: str | None = None
    account_code: str | None = None
    description: str | None = None
    line_amount: Decimal | None = None
    tracking: tuple[LineTracking, ...] | None = None


class ManualJournal(Payload):
    manual_journal_id: str
    narration: str | None = None
    status: str | None = None
    date: str | None = None
    journal_lines: tuple[ManualJournalLine, ...] | None = None
    updated_date_utc: str | None = None


class ReportAttribute(Payload):
    id: str | None = msgspec.field(default=None, name="Id")
    value: str | None = None


class ReportCell(Payload):
    value: str | None = None
    attributes: tuple[ReportAttribute, ...] | None = None


class ReportRow(Payload):
    row_type: str | None = None
    title: str | None = None
    cells: tuple[ReportCell, ...] | None = None
    rows: tuple[ReportRow, ...] | None = None


class Report(Payload):
    report_id: str | None = None
    rows: tuple[ReportRow, ...] | None = None


class MonthlyReport(Payload):
    """One answer of Xero, which holds the months up to `last_month` (`2026-05`), newest first."""

    last_month: str
    months: int
    report: Report


class Statement(Payload):
    """A financial statement as it was put together from several answers, with the accounts that its rows name.

    Not Xero's own shape: Xero tells at most twelve months at a time, and names accounts without their class.
    """

    monthly_reports: tuple[MonthlyReport, ...]
    accounts: tuple[Account, ...]
