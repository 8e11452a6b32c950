"""Documents as the vendor shows them: ``full``, or as summaries without lines.

It must not change a record.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP

from bookbridge.emulators.xero import records as r
from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.shapes import (
    UNITS,
    Out,
    Shape,
    account_ref,
    contact_ref,
    drop_none,
    tracking_pairs,
    wire_rate,
)
from bookbridge.emulators.xero.wire import put_date, wire_date, wire_moment


def _line(line: r.Line, shape: Shape) -> Out:
    out: Out = {
        "LineItemID": line.line_item_id,
        "Description": line.description,
        "UnitAmount": line.unit_amount.quantize(UNITS[shape.unit_decimals], ROUND_HALF_UP),
        "TaxType": line.tax_type,
        "TaxAmount": line.tax_amount,
        "LineAmount": line.line_amount,
        "Quantity": line.quantity.quantize(UNITS[4], ROUND_HALF_UP),
        "Tracking": tracking_pairs(line.tracking),
        "ValidationErrors": [],
    }
    if line.account is not None:
        out["AccountCode"] = line.account.code
        out["AccountID"] = line.account.account_id
    if line.item is not None:
        out["ItemCode"] = line.item.code
        out["Item"] = {"ItemID": line.item.item_id, "Name": line.item.name, "Code": line.item.code}
    if line.discount_rate is not None:
        out["DiscountRate"] = line.discount_rate
    if line.discount_amount is not None:
        out["DiscountAmount"] = line.discount_amount
    return drop_none(out)


def _document(record: r.Document, shape: Shape) -> Out:
    out: Out = {
        "Type": record.type,
        "Contact": contact_ref(record.contact),
        "Reference": record.reference,
        "Status": record.status,
        "LineAmountTypes": record.line_amount_types,
        "SubTotal": record.sub_total,
        "TotalTax": record.total_tax,
        "Total": record.total,
        "UpdatedDateUTC": wire_moment(record.updated_date_utc),
        "CurrencyCode": record.currency_code,
        "CurrencyRate": wire_rate(record.currency_rate),
        "HasAttachments": record.has_attachments,
        "LineItems": [_line(line, shape) for line in record.line_items] if shape.full else [],
    }
    put_date(out, "Date", record.date)
    return out


def _applied_payments(payments: tuple[r.Payment, ...]) -> list[Out]:
    return [
        {
            "PaymentID": payment.payment_id,
            "Date": wire_date(payment.date),
            "Amount": payment.amount,
            "Reference": payment.reference,
            "CurrencyRate": wire_rate(payment.currency_rate),
            "HasAccount": False,
            "HasValidationErrors": False,
        }
        for payment in payments
    ]


def invoice(book: Book, record: r.Invoice, shape: Shape) -> Out:
    out = _document(record, shape)
    out["InvoiceID"] = record.invoice_id
    out["InvoiceNumber"] = record.invoice_number
    out["AmountDue"] = record.amount_due
    out["AmountPaid"] = record.amount_paid
    out["AmountCredited"] = record.amount_credited
    out["SentToContact"] = record.sent_to_contact
    out["IsDiscounted"] = any(line.discount_rate or line.discount_amount for line in record.line_items)
    out["HasErrors"] = False
    out["InvoicePaymentServices"] = []
    out["InvoiceAddresses"] = []
    put_date(out, "DueDate", record.due_date)
    for name, day in (
        ("ExpectedPaymentDate", record.expected_payment_date),
        ("PlannedPaymentDate", record.planned_payment_date),
    ):
        put_date(out, name, day)
    if record.fully_paid_on_date is not None:
        out["FullyPaidOnDate"] = wire_date(record.fully_paid_on_date)
    if record.branding_theme_id:
        out["BrandingThemeID"] = record.branding_theme_id
    if record.url:
        out["Url"] = record.url
    out["Payments"] = _applied_payments(record.payments)
    for name, kind in (
        ("CreditNotes", r.CreditNote),
        ("Overpayments", r.Overpayment),
        ("Prepayments", r.Prepayment),
    ):
        out[name] = [_applied_credit(a) for a in record.allocations if isinstance(a.credit, kind)]
    return out


def _applied_credit(allocation: r.Allocation) -> Out:
    credit = allocation.credit
    out: Out = {
        "AppliedAmount": allocation.amount,
        "Date": wire_date(allocation.date),
        "DateString": f"{allocation.date.isoformat()}T00:00:00",
        "CurrencyRate": wire_rate(credit.currency_rate),
        "Total": credit.total,
        "HasErrors": False,
    }
    if isinstance(credit, r.CreditNote):
        out["CreditNoteID"] = credit.credit_note_id
        out["CreditNoteNumber"] = credit.credit_note_number
        out["ID"] = credit.credit_note_id
    elif isinstance(credit, r.Overpayment):
        out["OverpaymentID"] = credit.overpayment_id
        out["ID"] = credit.overpayment_id
    elif isinstance(credit, r.Prepayment):
        out["PrepaymentID"] = credit.prepayment_id
        out["ID"] = credit.prepayment_id
    return out


def allocation(record: r.Allocation) -> Out:
    """An allocation, seen from the credit."""
    return {
        "AllocationID": record.allocation_id,
        "Amount": record.amount,
        "Date": wire_date(record.date),
        "Invoice": {
            "InvoiceID": record.invoice.invoice_id,
            "InvoiceNumber": record.invoice.invoice_number,
            "CurrencyRate": wire_rate(record.invoice.currency_rate),
            "HasErrors": False,
            "ValidationErrors": [],
        },
        "IsDeleted": False,
    }


def _credit(record: r.Credit, shape: Shape) -> Out:
    out = _document(record, shape)
    out["RemainingCredit"] = record.remaining_credit
    out["Allocations"] = [allocation(a) for a in record.allocations]
    out["Payments"] = _applied_payments(record.payments)
    out["HasErrors"] = False
    if record.fully_paid_on_date is not None:
        out["FullyPaidOnDate"] = wire_date(record.fully_paid_on_date)
    return out


def credit_note(book: Book, record: r.CreditNote, shape: Shape) -> Out:
    out = _credit(record, shape)
    out["CreditNoteID"] = record.credit_note_id
    out["CreditNoteNumber"] = record.credit_note_number
    out["SentToContact"] = record.sent_to_contact
    put_date(out, "DueDate", record.due_date)
    return out


def overpayment(book: Book, record: r.Overpayment, shape: Shape) -> Out:
    return {"OverpaymentID": record.overpayment_id, **_credit(record, shape)}


def prepayment(book: Book, record: r.Prepayment, shape: Shape) -> Out:
    return {"PrepaymentID": record.prepayment_id, **_credit(record, shape)}


def bank_transaction(book: Book, record: r.BankTransaction, shape: Shape) -> Out:
    out = _document(record, shape)
    out["BankTransactionID"] = record.bank_transaction_id
    out["BankAccount"] = account_ref(record.bank_account)
    out["IsReconciled"] = record.is_reconciled
    for name, value in (("OverpaymentID", record.overpayment_id), ("PrepaymentID", record.prepayment_id)):
        if value:
            out[name] = value
    if record.url:
        out["Url"] = record.url
    if record.type in r.TRANSFER_TYPES:
        del out["Contact"]
    return out


def purchase_order(book: Book, record: r.PurchaseOrder, shape: Shape) -> Out:
    out = _document(record, shape)
    del out["Type"]
    out["PurchaseOrderID"] = record.purchase_order_id
    out["PurchaseOrderNumber"] = record.purchase_order_number
    out["DeliveryAddress"] = record.delivery_address
    out["AttentionTo"] = record.attention_to
    out["Telephone"] = record.telephone
    out["DeliveryInstructions"] = record.delivery_instructions
    out["SentToContact"] = record.sent_to_contact
    out["IsDiscounted"] = any(line.discount_rate for line in record.line_items)
    put_date(out, "DeliveryDate", record.delivery_date)
    if record.expected_arrival_date is not None:
        out["ExpectedArrivalDate"] = wire_date(record.expected_arrival_date)
    return out
