"""Reference records as the vendor shows them: accounts, contacts, tax rates, tracking, items, organisation.

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
    drop_none,
    wire_parts,
)
from bookbridge.emulators.xero.wire import wire_date, wire_moment


def account(book: Book, record: r.Account, shape: Shape) -> Out:
    is_bank = record.type == "BANK"
    return drop_none(
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
        "Addresses": wire_parts(record.addresses),
        "Phones": wire_parts(record.phones),
        "UpdatedDateUTC": wire_moment(record.updated_date_utc),
        "ContactGroups": [],
        "IsSupplier": record.is_supplier,
        "IsCustomer": record.is_customer,
        "DefaultCurrency": record.default_currency,
        "HasAttachments": record.has_attachments,
        "HasValidationErrors": False,
    }
    if shape.full:
        out["ContactPersons"] = wire_parts(record.contact_persons)
        out["Website"] = record.website
    return drop_none(out)


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
        "TaxComponents": wire_parts(record.components),
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
    return drop_none(
        {
            "UnitPrice": price.unit_price.quantize(UNITS[shape.unit_decimals], ROUND_HALF_UP),
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
    return drop_none(out)


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
    return drop_none(
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
