"""What every book starts with: accounts, banks, tax rates, tracking categories, journals, ways to pay. Tables only."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from bookbridge.emulators.sandbox.book import BASE_CURRENCY, Book, Json

RECEIVABLE: Final = "1100"
CURRENT_ACCOUNT: Final = "1200"
SAVINGS: Final = "1210"
CARD: Final = "2300"
EQUIPMENT: Final = "1500"
DEPRECIATION_TO_DATE: Final = "1510"
PAYABLE: Final = "2100"
VAT: Final = "2200"
LOAN: Final = "2400"
SHARE_CAPITAL: Final = "3000"
RETAINED_EARNINGS: Final = "3100"
PRODUCT_SALES: Final = "4000"
SERVICE_SALES: Final = "4100"
INTEREST_RECEIVED: Final = "4900"
MATERIALS: Final = "5000"
SUBCONTRACTORS: Final = "5100"
WAGES: Final = "6000"
RENT: Final = "6100"
UTILITIES: Final = "6200"
SOFTWARE: Final = "6300"
TRAVEL: Final = "6400"
OFFICE: Final = "6500"
MARKETING: Final = "6600"
ADVICE: Final = "6700"
BANK_CHARGES: Final = "6800"
DEPRECIATION: Final = "6900"
INTEREST_PAID: Final = "7000"
EXCHANGE: Final = "7100"

PAYMENT_LINKS: Final = ("Payment.AccountRef.Id", "BillPayment.AccountRef.Id")

ACCOUNTS: Final = (
    (RECEIVABLE, "Accounts receivable", "Asset", "Asset.Current"),
    (CURRENT_ACCOUNT, "Business current account", "Asset", "Asset.Bank"),
    (SAVINGS, "Business savings account", "Asset", "Asset.Bank"),
    (EQUIPMENT, "Office equipment", "Asset", "Asset.Fixed"),
    (DEPRECIATION_TO_DATE, "Depreciation of office equipment", "Asset", "Asset.Fixed"),
    (PAYABLE, "Accounts payable", "Liability", "Liability.Current"),
    (VAT, "VAT", "Liability", "Liability.Current"),
    (CARD, "Company credit card", "Liability", "Liability.CreditCard"),
    (LOAN, "Bank loan", "Liability", "Liability.NonCurrent"),
    (SHARE_CAPITAL, "Share capital", "Equity", "Equity.Capital"),
    (RETAINED_EARNINGS, "Retained earnings", "Equity", "Equity.RetainedEarnings"),
    (PRODUCT_SALES, "Sales of products", "Income", "Income.Operating"),
    (SERVICE_SALES, "Sales of services", "Income", "Income.Operating"),
    (INTEREST_RECEIVED, "Interest received", "Income", "Income.Other"),
    (MATERIALS, "Materials", "Expense", "Expense.CostOfSales"),
    (SUBCONTRACTORS, "Subcontractors", "Expense", "Expense.CostOfSales"),
    (WAGES, "Wages and salaries", "Expense", "Expense.Operating"),
    (RENT, "Rent", "Expense", "Expense.Operating"),
    (UTILITIES, "Electricity, water and telephone", "Expense", "Expense.Operating"),
    (SOFTWARE, "Software subscriptions", "Expense", "Expense.Operating"),
    (TRAVEL, "Travel", "Expense", "Expense.Operating"),
    (OFFICE, "Office supplies", "Expense", "Expense.Operating"),
    (MARKETING, "Marketing", "Expense", "Expense.Operating"),
    (ADVICE, "Legal and accounting advice", "Expense", "Expense.Operating"),
    (BANK_CHARGES, "Bank charges", "Expense", "Expense.Operating"),
    (DEPRECIATION, "Depreciation", "Expense", "Expense.Operating"),
    (INTEREST_PAID, "Interest paid", "Expense", "Expense.Other"),
    (EXCHANGE, "Exchange gains and losses", "Expense", "Expense.Other"),
)
BANKS: Final = (
    (CURRENT_ACCOUNT, "Debit", "20-45-77", "43870912", Decimal(5000)),
    (SAVINGS, "Debit", "20-45-77", "91127743", Decimal(0)),
    (CARD, "Credit", "", "**** 4019", Decimal(0)),
)
CONTROL_ACCOUNTS: Final = frozenset({RECEIVABLE, PAYABLE, VAT})
"""Booked by documents alone: lines may not name them."""

STANDARD_TAX: Final = "standard"
REDUCED_TAX: Final = "reduced"
ZERO_TAX: Final = "zero"
NO_TAX: Final = "none"
TAX_RATES: Final = (
    (STANDARD_TAX, "Standard rate", Decimal(20)),
    (REDUCED_TAX, "Reduced rate", Decimal(5)),
    (ZERO_TAX, "Zero rate", Decimal(0)),
    (NO_TAX, "Outside the scope of VAT", Decimal(0)),
)
TRACKING: Final = (("Department", ("Design", "Workshop", "Office")), ("Region", ("North", "South")))
PAYMENT_METHODS: Final = (
    ("Bank transfer", "BankTransfer"),
    ("Credit card", "CreditCard"),
    ("Cheque", "Check"),
    ("Cash", "Cash"),
)
JOURNALS: Final = (
    ("GENJ", "General journal", "General"),
    ("SALJ", "Sales journal", "Sales"),
    ("PURJ", "Purchases journal", "Purchases"),
    ("CASHJ", "Cash journal", "Cash"),
)


def lay_out(book: Book, opened: str) -> None:
    """Put the tables into a new book. `opened` is its first day, as the contract writes days."""
    put_accounts(book)
    for name, percent_name, percent in TAX_RATES:
        component = {"name": "VAT", "rate": percent, "isCompound": False}
        rate = {"name": percent_name, "code": name.upper(), "status": "Active"}
        rates = {"effectiveTaxRate": percent, "totalTaxRate": percent, "components": [component]}
        book.put("taxRates", {"id": book.derived_id("tax", name), **rate, **rates})
    for category, values in TRACKING:
        parent = book.derived_id("tracking", category)
        book.put("trackingCategories", {"id": parent, "name": category, "status": "Active", "hasChildren": True})
        for value in values:
            child = {"id": book.derived_id("tracking", category, value), "name": value, "status": "Active"}
            book.put("trackingCategories", {**child, "parentId": parent, "hasChildren": False})
    for name, method in PAYMENT_METHODS:
        book.put(
            "paymentMethods",
            {"id": book.derived_id("method", name), "name": name, "type": method, "status": "Active"},
        )
    for code, name, journal in JOURNALS:
        found: dict[str, Any] = {"id": book.derived_id("journal", code), "journalCode": code, "name": name}
        state = {"type": journal, "status": "Active", "hasChildren": False, "createdOn": opened}
        book.put("journals", {**found, **state})


def put_accounts(book: Book) -> None:
    """The chart of accounts, and the bank accounts among them under the same ids."""
    banks = {code for code, *_ in BANKS}
    for code, name, part, category in ACCOUNTS:
        found = account(book.account_id(code), code, name, part, category, is_bank=code in banks)
        if code in CONTROL_ACCOUNTS:
            # No field of any record may name it.
            found["validDatatypeLinks"] = [{"property": "Id", "links": []}]
        book.put("chartOfAccounts", found)
    for code, kind, sort_code, number, overdraft in BANKS:
        name = next(row[1] for row in ACCOUNTS if row[0] == code)
        bank: Json = {"id": book.account_id(code), "accountName": name, "accountType": kind, "nominalCode": code}
        numbers = {"accountNumber": number, **({"sortCode": sort_code} if sort_code else {})}
        money = {"currency": BASE_CURRENCY, "balance": Decimal(0), "overdraftLimit": overdraft}
        book.put("bankAccounts", {**bank, **numbers, **money, "institution": "Northbridge Bank", "status": "Active"})


def account(account_id: str, code: str, name: str, part: str, category: str, *, is_bank: bool = False) -> Json:
    """An account with nothing booked to it yet. Money moves on a bank account; no line of a document names one."""
    links = {"validDatatypeLinks": [{"property": "Id", "links": PAYMENT_LINKS}]} if is_bank else {}
    return {
        "id": account_id,
        "nominalCode": code,
        "name": name,
        "fullyQualifiedCategory": category,
        "fullyQualifiedName": f"{category}.{name}",
        "currency": BASE_CURRENCY,
        "currentBalance": Decimal(0),
        "type": part,
        "status": "Active",
        "isBankAccount": is_bank,
        **links,
    }
