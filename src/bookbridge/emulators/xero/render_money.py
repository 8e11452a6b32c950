"""Payments, batches, transfers, manual journals and ledger journals as the vendor shows them.

It must not change a record.
"""

from __future__ import annotations

from bookbridge.emulators.xero import records as r
from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.journals import Posting, round_money
from bookbridge.emulators.xero.shapes import (
    Out,
    Shape,
    account_ref,
    drop_none,
    tracking_pairs,
    wire_rate,
)
from bookbridge.emulators.xero.wire import put_date, wire_date, wire_moment


def _paid_document(record: r.Document) -> Out:
    out: Out = {
        "Type": record.type,
        "Contact": {"ContactID": record.contact.contact_id, "Name": record.contact.name},
        "CurrencyCode": record.currency_code,
        "HasErrors": False,
    }
    if isinstance(record, r.Invoice):
        out["InvoiceID"], out["InvoiceNumber"] = record.invoice_id, record.invoice_number
        out["IsDiscounted"] = False
    elif isinstance(record, r.CreditNote):
        out["CreditNoteID"], out["CreditNoteNumber"] = record.credit_note_id, record.credit_note_number
    elif isinstance(record, r.Overpayment):
        out["OverpaymentID"] = record.overpayment_id
    elif isinstance(record, r.Prepayment):
        out["PrepaymentID"] = record.prepayment_id
    return out


def payment(book: Book, record: r.Payment, shape: Shape) -> Out:
    out: Out = {
        "PaymentID": record.payment_id,
        "BatchPaymentID": record.batch_payment.batch_payment_id if record.batch_payment else None,
        "Date": wire_date(record.date),
        "BankAmount": record.bank_amount,
        "Amount": record.amount,
        "Reference": record.reference,
        "CurrencyRate": wire_rate(record.currency_rate),
        "PaymentType": record.payment_type,
        "Status": record.status,
        "UpdatedDateUTC": wire_moment(record.updated_date_utc),
        "HasAccount": True,
        "IsReconciled": record.is_reconciled,
        "HasValidationErrors": False,
        "Account": {
            **account_ref(record.account),
            **({"CurrencyCode": record.account.currency_code} if record.account.currency_code else {}),
        },
    }
    for name, document in (
        ("Invoice", record.invoice),
        ("CreditNote", record.credit_note),
        ("Overpayment", record.overpayment),
        ("Prepayment", record.prepayment),
    ):
        if document is not None:
            out[name] = _paid_document(document)
    if record.batch_payment is not None:
        out["BatchPayment"] = {
            "BatchPaymentID": record.batch_payment.batch_payment_id,
            "Type": record.batch_payment.type,
            "TotalAmount": record.batch_payment.total_amount,
        }
    return drop_none(out)


def batch_payment(book: Book, record: r.BatchPayment, shape: Shape) -> Out:
    return {
        "BatchPaymentID": record.batch_payment_id,
        "Account": {"AccountID": record.account.account_id},
        "Date": wire_date(record.date),
        "DateString": f"{record.date.isoformat()}T00:00:00",
        "Reference": record.reference,
        "Narrative": record.narrative,
        "Details": record.details,
        "Particulars": record.particulars,
        "Code": record.code,
        "Type": record.type,
        "Status": record.status,
        "TotalAmount": record.total_amount,
        "IsReconciled": record.is_reconciled,
        "UpdatedDateUTC": wire_moment(record.updated_date_utc),
        "Payments": [
            {
                "PaymentID": part.payment_id,
                "Amount": part.amount,
                "Invoice": {"InvoiceID": part.invoice.invoice_id if part.invoice else None},
            }
            for part in record.payments
        ],
    }


def bank_transfer(book: Book, record: r.BankTransfer, shape: Shape) -> Out:
    out: Out = {
        "BankTransferID": record.bank_transfer_id,
        "CreatedDateUTC": wire_moment(record.created_date_utc),
        "FromBankAccount": account_ref(record.from_bank_account),
        "ToBankAccount": account_ref(record.to_bank_account),
        "Amount": record.amount,
        "FromBankTransactionID": record.from_bank_transaction_id,
        "ToBankTransactionID": record.to_bank_transaction_id,
        "FromIsReconciled": record.from_is_reconciled,
        "ToIsReconciled": record.to_is_reconciled,
        "Reference": record.reference,
        "CurrencyRate": wire_rate(record.currency_rate),
        "Status": record.status,
        "HasAttachments": record.has_attachments,
    }
    put_date(out, "Date", record.date)
    return out


def manual_journal(book: Book, record: r.ManualJournal, shape: Shape) -> Out:
    out: Out = {
        "ManualJournalID": record.manual_journal_id,
        "Narration": record.narration,
        "Date": wire_date(record.date),
        "LineAmountTypes": record.line_amount_types,
        "Status": record.status,
        "ShowOnCashBasisReports": record.show_on_cash_basis_reports,
        "HasAttachments": record.has_attachments,
        "UpdatedDateUTC": wire_moment(record.updated_date_utc),
        "JournalLines": [],
    }
    if record.url:
        out["Url"] = record.url
    if shape.full:
        out["JournalLines"] = [
            {
                "Description": line.description,
                "TaxType": line.tax_type,
                "TaxAmount": line.tax_amount,
                "LineAmount": line.line_amount,
                "AccountCode": line.account.code or "",
                "AccountID": line.account.account_id,
                "Tracking": tracking_pairs(line.tracking),
                "IsBlank": False,
            }
            for line in record.journal_lines
        ]
    return out


def journal(posting: Posting) -> Out:
    """One posting of the ledger."""
    number = posting.number
    return {
        "JournalID": posting.journal_id,
        "JournalDate": wire_date(posting.date),
        "JournalNumber": number,
        "CreatedDateUTC": wire_moment(posting.created_ms),
        "Reference": posting.reference,
        "SourceID": posting.source_id,
        "SourceType": posting.source_type,
        "JournalLines": [
            drop_none(
                {
                    "JournalLineID": f"{posting.journal_id[:24]}{index:012x}",
                    "AccountID": line.account.account_id,
                    "AccountCode": line.account.code,
                    "AccountType": line.account.type,
                    "AccountName": line.account.name,
                    "Description": line.description,
                    "NetAmount": round_money(line.net_amount),
                    "GrossAmount": round_money(line.net_amount + line.tax_amount),
                    "TaxAmount": round_money(line.tax_amount),
                    "TaxType": line.tax_type or None,
                    "TrackingCategories": tracking_pairs(line.tracking),
                }
            )
            for index, line in enumerate(posting.lines(), 1)
        ],
    }
