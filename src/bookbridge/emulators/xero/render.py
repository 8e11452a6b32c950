"""Records as the vendor shows them: one function per kind, ``full`` or as a summary without lines.

It must not change a record. Amounts keep two decimals; unit amounts two, or four when asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from bookbridge.emulators.xero import records as r
from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.journals import Posting, round_money
from bookbridge.emulators.xero.wire import put_date, wire_date, wire_moment

_UNITS = {2: Decimal("0.01"), 4: Decimal("0.0001")}
_RATE = Decimal("0.000001")
Out = dict[str, Any]


class Shape(msgspec.Struct, frozen=True):
    """How much to show: ``full`` with lines, and the decimals of unit amounts."""

    full: bool = True
    unit_decimals: int = 2


def _drop_none(out: Out) -> Out:
    return {name: value for name, value in out.items() if value is not None}


def _rate(value: Decimal) -> Decimal:
    return Decimal("1.0") if value == 1 else value.quantize(_RATE, ROUND_HALF_UP)


def _parts(parts: tuple[r.Part, ...]) -> list[Out]:
    return [{field.encode_name: getattr(part, field.name) for field in msgspec.structs.fields(part)} for part in parts]


# -- reference records ----------------------------------------------------------------------------


def account(book: Book, record: r.Account, shape: Shape) -> Out:
    is_bank = record.type == "BANK"
    return _drop_none(
        {
            "AccountID": record.account_id,
            "Code": record.code,
            "Name": record.name,
            "Status": record.status,
            "Type": record.type,
            "TaxType": record.tax_type,
            "Description": record.description or None,
            "Class": record.class_,
            "SystemAccount": record.system_account or None,
            "EnablePaymentsToAccount": record.enable_payments_to_account,
            "ShowInExpenseClaims": record.show_in_expense_claims,
            "BankAccountNumber": (record.bank_account_number or "") if is_bank else None,
            "BankAccountType": record.bank_account_type if is_bank else "",
            "CurrencyCode": record.currency_code if is_bank else None,
            "ReportingCode": record.reporting_code or None,
            "HasAttachments": record.has_attachments,
            "UpdatedDateUTC": wire_moment(record.updated_date_utc),
            "AddToWatchlist": False,
        }
    )


def _account_ref(record: r.Account) -> Out:
    return _drop_none({"AccountID": record.account_id, "Code": record.code, "Name": record.name})


def contact(book: Book, record: r.Contact, shape: Shape) -> Out:
    out: Out = {
        "ContactID": record.contact_id,
        "ContactNumber": record.contact_number,
        "AccountNumber": record.account_number,
        "ContactStatus": record.contact_status,
        "Name": record.name,
        "FirstName": record.first_name,
        "LastName": record.last_name,
        "CompanyNumber": record.company_number,
        "EmailAddress": record.email_address,
        "BankAccountDetails": record.bank_account_details,
        "TaxNumber": record.tax_number,
        "AccountsReceivableTaxType": record.accounts_receivable_tax_type,
        "AccountsPayableTaxType": record.accounts_payable_tax_type,
        "Addresses": _parts(record.addresses),
        "Phones": _parts(record.phones),
        "UpdatedDateUTC": wire_moment(record.updated_date_utc),
        "ContactGroups": [],
        "IsSupplier": record.is_supplier,
        "IsCustomer": record.is_customer,
        "DefaultCurrency": record.default_currency,
        "HasAttachments": record.has_attachments,
        "HasValidationErrors": False,
    }
    if shape.full:
        out["ContactPersons"] = _parts(record.contact_persons)
        out["Website"] = record.website
    return _drop_none(out)


def _contact_ref(record: r.Contact) -> Out:
    return {
        "ContactID": record.contact_id,
        "Name": record.name,
        "Addresses": [],
        "Phones": [],
        "ContactGroups": [],
        "ContactPersons": [],
        "HasValidationErrors": False,
    }


def tax_rate(book: Book, record: r.TaxRate, shape: Shape) -> Out:
    return {
        "Name": record.name,
        "TaxType": record.tax_type,
        "ReportTaxType": record.report_tax_type,
        "CanApplyToAssets": record.can_apply_to_assets,
        "CanApplyToEquity": record.can_apply_to_equity,
        "CanApplyToExpenses": record.can_apply_to_expenses,
        "CanApplyToLiabilities": record.can_apply_to_liabilities,
        "CanApplyToRevenue": record.can_apply_to_revenue,
        "DisplayTaxRate": record.effective_rate,
        "EffectiveRate": record.effective_rate,
        "Status": record.status,
        "TaxComponents": _parts(record.components),
    }


def tracking_option(record: r.TrackingOption) -> Out:
    return {
        "TrackingOptionID": record.tracking_option_id,
        "Name": record.name,
        "Status": record.status,
        "HasValidationErrors": False,
        "IsDeleted": record.status == "DELETED",
        "IsArchived": record.status == "ARCHIVED",
        "IsActive": record.status == "ACTIVE",
    }


def tracking_category(book: Book, record: r.TrackingCategory, shape: Shape) -> Out:
    return {
        "Name": record.name,
        "Status": record.status,
        "TrackingCategoryID": record.tracking_category_id,
        "Options": [tracking_option(option) for option in record.options],
    }


def _item_price(price: r.ItemPrice | None, shape: Shape) -> Out:
    if price is None:
        return {}
    return _drop_none(
        {
            "UnitPrice": price.unit_price.quantize(_UNITS[shape.unit_decimals], ROUND_HALF_UP),
            "AccountCode": price.account_code,
            "COGSAccountCode": price.cogs_account_code,
            "TaxType": price.tax_type,
        }
    )


def item(book: Book, record: r.Item, shape: Shape) -> Out:
    out: Out = {
        "ItemID": record.item_id,
        "Code": record.code,
        "Name": record.name,
        "Description": record.description or None,
        "PurchaseDescription": record.purchase_description or None,
        "UpdatedDateUTC": wire_moment(record.updated_date_utc),
        "PurchaseDetails": _item_price(record.purchase_details, shape),
        "SalesDetails": _item_price(record.sales_details, shape),
        "IsTrackedAsInventory": record.is_tracked_as_inventory,
        "IsSold": record.is_sold,
        "IsPurchased": record.is_purchased,
    }
    if record.is_tracked_as_inventory:
        out["InventoryAssetAccountCode"] = record.inventory_asset_account_code
        out["QuantityOnHand"] = record.quantity_on_hand
        out["TotalCostPool"] = record.total_cost_pool
    return _drop_none(out)


def currency(book: Book, record: r.Currency, shape: Shape) -> Out:
    return {"Code": record.code, "Description": record.description}


def branding_theme(book: Book, record: r.BrandingTheme, shape: Shape) -> Out:
    return {
        "BrandingThemeID": record.branding_theme_id,
        "Name": record.name,
        "Type": "INVOICE",
        "SortOrder": record.sort_order,
        "CreatedDateUTC": wire_moment(record.updated_date_utc),
    }


def user(book: Book, record: r.User, shape: Shape) -> Out:
    return {
        "UserID": record.user_id,
        "EmailAddress": record.email_address,
        "FirstName": record.first_name,
        "LastName": record.last_name,
        "UpdatedDateUTC": wire_moment(record.updated_date_utc),
        "IsSubscriber": record.is_subscriber,
        "OrganisationRole": record.organisation_role,
    }


def organisation(book: Book) -> Out:
    """The organisation that the book belongs to."""
    record = book.organisation
    return _drop_none(
        {
            "Name": record.name,
            "LegalName": record.legal_name,
            "PaysTax": True,
            "Version": record.version,
            "OrganisationType": "COMPANY",
            "BaseCurrency": record.base_currency,
            "CountryCode": record.country_code,
            "IsDemoCompany": True,
            "OrganisationStatus": "ACTIVE",
            "RegistrationNumber": record.registration_number,
            "TaxNumber": record.tax_number,
            "FinancialYearEndDay": record.financial_year_end_day,
            "FinancialYearEndMonth": record.financial_year_end_month,
            "SalesTaxBasis": "ACCRUALS",
            "SalesTaxPeriod": "QUARTERLY",
            "DefaultSalesTax": "Tax Exclusive",
            "DefaultPurchasesTax": "Tax Exclusive",
            "PeriodLockDate": wire_date(record.period_lock_date) if record.period_lock_date else None,
            "EndOfYearLockDate": wire_date(record.end_of_year_lock_date) if record.end_of_year_lock_date else None,
            "CreatedDateUTC": wire_moment(record.created_ms),
            "OrganisationEntityType": "COMPANY",
            "Timezone": record.timezone,
            "ShortCode": record.short_code,
            "OrganisationID": record.organisation_id,
            "Edition": "BUSINESS",
            "Class": "PREMIUM",
            "Addresses": [
                {
                    "AddressType": "STREET",
                    "AddressLine1": "14 Mill Lane",
                    "City": record.city,
                    "Region": "",
                    "PostalCode": "",
                    "Country": record.country,
                    "AttentionTo": "",
                }
            ],
            "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": "5550100", "PhoneAreaCode": "020"}],
            "ExternalLinks": [],
            "PaymentTerms": {},
        }
    )


# -- documents ------------------------------------------------------------------------------------


def _tracking(pairs: tuple[tuple[r.TrackingCategory, r.TrackingOption], ...]) -> list[Out]:
    return [
        {
            "Name": category.name,
            "Option": option.name,
            "TrackingCategoryID": category.tracking_category_id,
            "TrackingOptionID": option.tracking_option_id,
        }
        for category, option in pairs
    ]


def _line(line: r.Line, shape: Shape) -> Out:
    out: Out = {
        "LineItemID": line.line_item_id,
        "Description": line.description,
        "UnitAmount": line.unit_amount.quantize(_UNITS[shape.unit_decimals], ROUND_HALF_UP),
        "TaxType": line.tax_type,
        "TaxAmount": line.tax_amount,
        "LineAmount": line.line_amount,
        "Quantity": line.quantity.quantize(_UNITS[4], ROUND_HALF_UP),
        "Tracking": _tracking(line.tracking),
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
    return _drop_none(out)


def _document(record: r.Document, shape: Shape) -> Out:
    out: Out = {
        "Type": record.type,
        "Contact": _contact_ref(record.contact),
        "Reference": record.reference,
        "Status": record.status,
        "LineAmountTypes": record.line_amount_types,
        "SubTotal": record.sub_total,
        "TotalTax": record.total_tax,
        "Total": record.total,
        "UpdatedDateUTC": wire_moment(record.updated_date_utc),
        "CurrencyCode": record.currency_code,
        "CurrencyRate": _rate(record.currency_rate),
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
            "CurrencyRate": _rate(payment.currency_rate),
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
        "CurrencyRate": _rate(credit.currency_rate),
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
            "CurrencyRate": _rate(record.invoice.currency_rate),
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
    out["BankAccount"] = _account_ref(record.bank_account)
    out["IsReconciled"] = record.is_reconciled
    for name, value in (("OverpaymentID", record.overpayment_id), ("PrepaymentID", record.prepayment_id)):
        if value:
            out[name] = value
    if record.url:
        out["Url"] = record.url
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


# -- money moved ----------------------------------------------------------------------------------


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
        "CurrencyRate": _rate(record.currency_rate),
        "PaymentType": record.payment_type,
        "Status": record.status,
        "UpdatedDateUTC": wire_moment(record.updated_date_utc),
        "HasAccount": True,
        "IsReconciled": record.is_reconciled,
        "HasValidationErrors": False,
        "Account": {
            **_account_ref(record.account),
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
    return _drop_none(out)


def batch_payment(book: Book, record: r.BatchPayment, shape: Shape) -> Out:
    return {
        "BatchPaymentID": record.batch_payment_id,
        "Account": {"AccountID": record.account.account_id},
        "Date": wire_date(record.date),
        "DateString": f"{record.date.isoformat()}T00:00:00",
        "Reference": record.reference,
        "Narrative": record.narrative,
        "Details": record.details,
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
        "FromBankAccount": _account_ref(record.from_bank_account),
        "ToBankAccount": _account_ref(record.to_bank_account),
        "Amount": record.amount,
        "FromBankTransactionID": record.from_bank_transaction_id,
        "ToBankTransactionID": record.to_bank_transaction_id,
        "FromIsReconciled": record.from_is_reconciled,
        "ToIsReconciled": record.to_is_reconciled,
        "Reference": record.reference,
        "CurrencyRate": _rate(record.currency_rate),
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
                "TaxAmount": r.ZERO,
                "LineAmount": line.line_amount,
                "AccountCode": line.account.code or "",
                "AccountID": line.account.account_id,
                "Tracking": _tracking(line.tracking),
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
            _drop_none(
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
                    "TrackingCategories": _tracking(line.tracking),
                }
            )
            for index, line in enumerate(posting.lines(), 1)
        ],
    }


Renderer = Callable[[Book, Any, Shape], Out]
