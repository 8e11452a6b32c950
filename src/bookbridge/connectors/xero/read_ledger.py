"""Shapes of the ledger's own lists: the organisation, accounts, tax rates, tracking, items. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from bookbridge.accounting.addresses import PhoneNumber, PhoneNumberType, WebLink, WebLinkType
from bookbridge.accounting.dates import contract_date
from bookbridge.accounting.records import DELETED, LIVE
from bookbridge.accounting.references import AccountRef, TaxRateRef
from bookbridge.accounting.tax_details import ValidDatatypeLink
from bookbridge.accounting.types.accounts import Account, AccountStatus, AccountType
from bookbridge.accounting.types.bank_accounts import BankAccount, BankAccountStatus, BankAccountType
from bookbridge.accounting.types.company_info import CompanyInfo
from bookbridge.accounting.types.items import BillItem, InvoiceItem, Item, ItemStatus, ItemType
from bookbridge.accounting.types.tax_rates import TaxRate, TaxRateComponent, TaxRateStatus
from bookbridge.accounting.types.tracking_categories import TrackingCategory, TrackingCategoryStatus
from bookbridge.connectors.kit.connector import Facts
from bookbridge.connectors.xero import payloads
from bookbridge.connectors.xero.dates import day, moment
from bookbridge.connectors.xero.read_contacts import addresses, phone_number

DASHBOARD_URL = "https://go.xero.com/organisationlogin/default.aspx?shortcode="
REPORTS_URL = "https://reporting.xero.com/"

UK_SORT_CODE_DIGITS = 6
UK_ACCOUNT_DIGITS = 14
"""A UK bank account in Xero is the sort code and the account number written as one."""

_ACCOUNT_TYPES = {
    "ASSET": AccountType.ASSET,
    "EXPENSE": AccountType.EXPENSE,
    "REVENUE": AccountType.INCOME,
    "LIABILITY": AccountType.LIABILITY,
    "EQUITY": AccountType.EQUITY,
}

_CATEGORY_WORDS = {
    "BANK": "Bank",
    "CURRENT": "Current",
    "CURRLIAB": "Current",
    "DEPRECIATN": "Depreciation",
    "DIRECTCOSTS": "DirectCosts",
    "EQUITY": "Equity",
    "EXPENSE": "Expense",
    "FIXED": "Fixed",
    "INVENTORY": "Inventory",
    "LIABILITY": "Liability",
    "NONCURRENT": "NonCurrent",
    "OTHERINCOME": "Other",
    "OVERHEADS": "Overhead",
    "PAYG": "PayAsYouGo",
    "PAYGLIABILITY": "PayAsYouGo",
    "PREPAYMENT": "Prepayment",
    "REVENUE": "Revenue",
    "SALES": "Sales",
    "SUPERANNUATIONEXPENSE": "Superannuation",
    "SUPERANNUATIONLIABILITY": "Superannuation",
    "TERMLIAB": "NonCurrent",
    "WAGESEXPENSE": "Wages",
    "WAGESPAYABLELIABILITY": "WagesPayable",
}

_WEB_LINK_TYPES = {
    "Website": WebLinkType.WEBSITE,
    **dict.fromkeys(("Facebook", "GooglePlus", "LinkedIn", "Twitter"), WebLinkType.SOCIAL),
}

_PHONE_TYPES = {
    "DEFAULT": PhoneNumberType.PRIMARY,
    "OFFICE": PhoneNumberType.PRIMARY,
    "DDI": PhoneNumberType.LANDLINE,
    "MOBILE": PhoneNumberType.MOBILE,
    "FAX": PhoneNumberType.FAX,
}

# Control accounts and gains on currencies are booked by Xero itself: documents may not name them on a line.
_CONTROL_ACCOUNTS = frozenset(
    {
        "DEBTORS",
        "CREDITORS",
        "GST",
        "HISTORICAL",
        "ROUNDING",
        "TRACKINGTRANSFERS",
        "UNPAIDEXPCLM",
        "REALISEDCURRENCYGAIN",
        "UNREALISEDCURRENCYGAIN",
        "BANKCURRENCYGAIN",
    }
)
_PAYMENT_LINKS = ("Payment.AccountRef.Id", "BillPayment.AccountRef.Id")
_LINE_LINKS = (
    "Bill.LineItems.AccountRef.Id",
    "BillCreditNote.LineItems.AccountRef.Id",
    "Invoice.LineItems.AccountRef.Id",
    "CreditNote.LineItems.AccountRef.Id",
)
_PURCHASE_TAX_LINKS = ("Bill.LineItems.TaxRateRef.Id", "BillCreditNote.LineItems.TaxRateRef.Id")
_SALES_TAX_LINKS = ("Invoice.LineItems.TaxRateRef.Id", "CreditNote.LineItems.TaxRateRef.Id")


def company_info(payload: payloads.Organisation, facts: Facts) -> CompanyInfo:
    """The organisation itself. `facts["today"]` (ISO) fixes the day that "current year" is told by."""
    today = date.fromisoformat(facts["today"]) if "today" in facts else datetime.now(UTC).date()
    return CompanyInfo(
        company_name=payload.name,
        accounting_platform_ref=payload.organisation_id,
        company_legal_name=payload.legal_name,
        addresses=addresses(payload.addresses),
        phone_numbers=tuple(_phones(payload.phones or ())),
        web_links=tuple(_web_link(link) for link in payload.external_links or () if link.url),
        ledger_lock_date=day(payload.period_lock_date),
        registration_number=payload.registration_number,
        tax_number=payload.tax_number,
        financial_year_start_date=financial_year_start(
            payload.financial_year_end_day, payload.financial_year_end_month, today
        ),
        base_currency=payload.base_currency,
        source_urls=_source_urls(payload.short_code),
        created_date=moment(payload.created_date_utc),
    )


def financial_year_start(end_day: int | None, end_month: int | None, today: date) -> str | None:
    """The day after the latest past year end; None when the year end is not told or not a day."""
    if not end_day or not end_month or not (1 <= end_month <= 12 and 1 <= end_day <= 31):
        return None
    for year in (today.year, today.year - 1):
        start = _last_day_until(year, end_month, end_day) + timedelta(days=1)
        if start <= today:
            return contract_date(start)
    return None


def _last_day_until(year: int, month: int, end_day: int) -> date:
    # Xero keeps "29 February" or "31" as the year end whatever the month's length.
    for candidate in range(end_day, 27, -1):
        try:
            return date(year, month, candidate)
        except ValueError:
            continue
    return date(year, month, min(end_day, 28))


def _source_urls(short_code: str | None) -> dict[str, str] | None:
    if not short_code:
        return None
    return {"dashboard": f"{DASHBOARD_URL}{short_code}", "reports": f"{REPORTS_URL}{short_code}"}


def _phones(phones: Iterable[payloads.Phone]) -> Iterable[PhoneNumber]:
    for phone in phones:
        number = phone_number(phone)
        if number:
            kind = _PHONE_TYPES.get(phone.phone_type or "", PhoneNumberType.UNKNOWN)
            yield PhoneNumber(type=kind, number=number)


def _web_link(link: payloads.ExternalLink) -> WebLink:
    return WebLink(type=_WEB_LINK_TYPES.get(link.link_type or "", WebLinkType.UNKNOWN), url=link.url)


def account(payload: payloads.Account, facts: Facts) -> Account:
    """An account of the chart."""
    kind = _ACCOUNT_TYPES.get(payload.class_ or "", AccountType.UNKNOWN)
    word = _CATEGORY_WORDS.get(payload.type or "", payload.type or "")
    category = f"{kind.value}.{word}" if word else kind.value
    active = payload.status == "ACTIVE"
    return Account(
        id=payload.account_id,
        nominal_code=payload.code,
        name=payload.name,
        description=payload.description,
        fully_qualified_category=category,
        fully_qualified_name=f"{category}.{payload.name}" if payload.name else None,
        currency=payload.currency_code or facts.get("base_currency"),
        current_balance=payload.balance,
        type=kind,
        status=AccountStatus.ACTIVE if active else AccountStatus.ARCHIVED,
        is_bank_account=payload.type == "BANK",
        valid_datatype_links=_account_links(payload),
        source_modified_date=moment(payload.updated_date_utc),
        metadata=DELETED if payload.status == "DELETED" else LIVE,
    )


def _account_links(payload: payloads.Account) -> tuple[ValidDatatypeLink, ...]:
    links: tuple[str, ...] = ()
    if payload.type == "BANK" or payload.enable_payments_to_account:
        links += _PAYMENT_LINKS
    if payload.type != "BANK" and payload.system_account not in _CONTROL_ACCOUNTS:
        links += _LINE_LINKS
    # Those that nothing can be booked to say so, rather than nothing.
    return (ValidDatatypeLink(property="Id", links=links),)


def bank_account(payload: payloads.Account, facts: Facts) -> BankAccount | None:
    """An account of type BANK; None for all others."""
    if payload.type != "BANK":
        return None
    currency = payload.currency_code or facts.get("base_currency")
    sort_code, number = _bank_number(payload.bank_account_number, currency)
    credit = payload.bank_account_type == "CREDITCARD"
    return BankAccount(
        id=payload.account_id,
        account_name=payload.name,
        account_type=BankAccountType.CREDIT if credit else BankAccountType.DEBIT,
        nominal_code=payload.code,
        sort_code=sort_code,
        account_number=number,
        currency=currency,
        balance=payload.balance,
        status=BankAccountStatus.ACTIVE if payload.status == "ACTIVE" else BankAccountStatus.ARCHIVED,
        source_modified_date=moment(payload.updated_date_utc),
        metadata=DELETED if payload.status == "DELETED" else LIVE,
    )


def _bank_number(number: str | None, currency: str | None) -> tuple[str | None, str | None]:
    if number and currency == "GBP" and len(number) == UK_ACCOUNT_DIGITS and number.isdigit():
        return number[:UK_SORT_CODE_DIGITS], number[UK_SORT_CODE_DIGITS:]
    return None, number or None


def tax_rate(payload: payloads.TaxRate, facts: Facts) -> TaxRate:
    """A tax rate. Xero gives it no GUID: its type (`INPUT2`, `TAX001`) is both id and code."""
    del facts
    return TaxRate(
        id=payload.tax_type,
        code=payload.tax_type,
        name=payload.name,
        status=TaxRateStatus.ACTIVE if payload.status == "ACTIVE" else TaxRateStatus.ARCHIVED,
        effective_tax_rate=payload.effective_rate,
        total_tax_rate=payload.display_tax_rate,
        components=tuple(
            TaxRateComponent(name=part.name, rate=part.rate, is_compound=part.is_compound or False)
            for part in payload.tax_components or ()
        ),
        valid_datatype_links=_tax_links(payload),
        metadata=DELETED if payload.status == "DELETED" else LIVE,
    )


def _tax_links(payload: payloads.TaxRate) -> tuple[ValidDatatypeLink, ...]:
    purchases = payload.can_apply_to_expenses or payload.can_apply_to_assets
    links: tuple[str, ...] = _PURCHASE_TAX_LINKS if purchases else ()
    links += _SALES_TAX_LINKS if payload.can_apply_to_revenue else ()
    return (ValidDatatypeLink(property="Id", links=links),)


def tracking_category(payload: payloads.TrackingCategory, facts: Facts) -> list[TrackingCategory]:
    """The category, and each of its options as a child: only options can be put on a line."""
    del facts
    parent = TrackingCategory(
        id=payload.tracking_category_id,
        name=payload.name,
        status=_tracking_status(payload.status),
        has_children=True,
        metadata=DELETED if payload.status == "DELETED" else LIVE,
    )
    options = [
        TrackingCategory(
            id=option.tracking_option_id,
            name=option.name,
            status=_tracking_status(option.status),
            parent_id=payload.tracking_category_id,
            has_children=False,
            metadata=DELETED if option.status == "DELETED" else LIVE,
        )
        for option in payload.options or ()
    ]
    return [parent, *options]


def _tracking_status(status: str | None) -> TrackingCategoryStatus:
    return TrackingCategoryStatus.ACTIVE if status == "ACTIVE" else TrackingCategoryStatus.ARCHIVED


def item(payload: payloads.Item, facts: Facts) -> Item:
    """A product or service. Xero tells no status of items."""
    del facts
    purchase, sale = payload.purchase_details, payload.sales_details
    is_bought = payload.is_purchased if payload.is_purchased is not None else purchase is not None
    is_sold = payload.is_sold if payload.is_sold is not None else sale is not None
    return Item(
        id=payload.item_id,
        code=payload.code,
        name=payload.name,
        item_status=ItemStatus.UNKNOWN,
        type=ItemType.INVENTORY if payload.is_tracked_as_inventory else ItemType.UNKNOWN,
        is_bill_item=is_bought,
        is_invoice_item=is_sold,
        bill_item=BillItem(
            description=payload.purchase_description,
            unit_price=purchase.unit_price if purchase else None,
            account_ref=_details_account(purchase),
            tax_rate_ref=_details_tax(purchase),
        )
        if is_bought
        else None,
        invoice_item=InvoiceItem(
            description=payload.description,
            unit_price=sale.unit_price if sale else None,
            account_ref=_details_account(sale),
            tax_rate_ref=_details_tax(sale),
        )
        if is_sold
        else None,
        source_modified_date=moment(payload.updated_date_utc),
    )


def _details_account(details: payloads.ItemDetails | None) -> AccountRef | None:
    return AccountRef(id=details.account_id) if details and details.account_id else None


def _details_tax(details: payloads.ItemDetails | None) -> TaxRateRef | None:
    return TaxRateRef(id=details.tax_type) if details and details.tax_type else None
