"""Writes of what documents refer to: accounts of the chart, bank accounts, items. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bookbridge.accounting.types.accounts import ACCOUNTS, Account, AccountType
from bookbridge.accounting.types.bank_accounts import BANK_ACCOUNTS, BankAccount
from bookbridge.accounting.types.items import ITEMS, BillItem, InvoiceItem, Item, ItemType
from bookbridge.connectors.kit.connector import Choice, Facts, Operation, Write
from bookbridge.connectors.kit.errors import FieldProblem
from bookbridge.connectors.xero.write_lines import BOUGHT_RATES, LINE_ACCOUNTS, SOLD_RATES
from bookbridge.connectors.xero.write_parts import (
    DESCRIPTION_LENGTH_MAX,
    PRICE_PLACES,
    Json,
    kept_whole,
    without_absent,
)

ACCOUNT_CODE_LENGTH_MAX: Final = 10
ACCOUNT_NAME_LENGTH_MAX: Final = 150
ITEM_CODE_LENGTH_MAX: Final = 30
ITEM_NAME_LENGTH_MAX: Final = 50
BANK_NUMBER_LENGTH_MAX: Final = 50
UK_SORT_CODE_DIGITS: Final = 6
UK_ACCOUNT_DIGITS: Final = 8

PAYMENTS_ENABLED: Final = ".PaymentsEnabled"
"""Ending of a category of accounts that payments may be made from, beside bank accounts."""

_TYPES: Final[Mapping[str, str]] = {
    "Asset.Current": "CURRENT",
    "Asset.Fixed": "FIXED",
    "Asset.Inventory": "INVENTORY",
    "Asset.NonCurrent": "NONCURRENT",
    "Asset.Prepayment": "PREPAYMENT",
    "Equity.Equity": "EQUITY",
    "Expense.Depreciation": "DEPRECIATN",
    "Expense.DirectCosts": "DIRECTCOSTS",
    "Expense.Expense": "EXPENSE",
    "Expense.Overhead": "OVERHEADS",
    "Income.Other": "OTHERINCOME",
    "Income.Revenue": "REVENUE",
    "Income.Sales": "SALES",
    "Liability.Current": "CURRLIAB",
    "Liability.Liability": "LIABILITY",
    "Liability.NonCurrent": "TERMLIAB",
}
"""Categories that an account can be created in, in the words that accounts are read with. Xero's own types that only
its payroll or its countries know are not there."""

_CATEGORIES: Final = tuple(f"{category}{ending}" for category in _TYPES for ending in ("", PAYMENTS_ENABLED))


def account(record: Account, facts: Facts) -> Json:
    """An account of the chart, in the base currency, with Xero's tax rate for accounts of its type."""
    del facts
    category = record.fully_qualified_category or ""
    return without_absent(
        {
            "Code": record.nominal_code,
            "Name": record.name,
            "Type": _TYPES.get(category.removesuffix(PAYMENTS_ENABLED)),
            "Description": record.description or None,
            "EnablePaymentsToAccount": True if category.endswith(PAYMENTS_ENABLED) else None,
        }
    )


def check_account(record: Account) -> list[FieldProblem]:
    """The type is the one that the category says."""
    stated = (record.fully_qualified_category or "").partition(".")[0]
    if record.type in (None, AccountType.UNKNOWN) or record.type.value == stated:
        return []
    message = f"The category {record.fully_qualified_category} is not one of {record.type.value} accounts."
    return [FieldProblem("type", message)]


def bank_account(record: BankAccount, facts: Facts) -> Json:
    """A bank account. Xero keeps a UK sort code and the account number as one."""
    del facts
    return without_absent(
        {
            "Type": "BANK",
            "BankAccountType": "BANK",
            "Name": record.account_name,
            "Code": record.nominal_code or None,
            "BankAccountNumber": _plain(record.sort_code) + (record.account_number or ""),
            "CurrencyCode": record.currency,
        }
    )


def bank_account_update(record: BankAccount, facts: Facts) -> Json:
    """A bank account with what may change: its currency and kind may not."""
    return {name: value for name, value in bank_account(record, facts).items() if name not in _NEVER_CHANGED}


# The type is sent all the same: Xero refuses to change it, so no other account can be taken for a bank account.
_NEVER_CHANGED: Final = frozenset({"BankAccountType", "CurrencyCode"})


def _plain(sort_code: str | None) -> str:
    return (sort_code or "").replace("-", "").replace(" ", "")


def check_bank_account(record: BankAccount) -> list[FieldProblem]:
    """A sort code belongs to a UK account: only then can it be told apart again."""
    sort_code, number = _plain(record.sort_code), record.account_number or ""
    if not sort_code:
        return []
    found = []
    if not (len(sort_code) == UK_SORT_CODE_DIGITS and sort_code.isdigit()):
        found.append(FieldProblem("sortCode", f"A sort code has {UK_SORT_CODE_DIGITS} digits."))
    if not (len(number) == UK_ACCOUNT_DIGITS and number.isdigit()):
        message = f"The number of an account with a sort code has {UK_ACCOUNT_DIGITS} digits."
        found.append(FieldProblem("accountNumber", message))
    if record.currency not in (None, "GBP"):
        found.append(FieldProblem("sortCode", "Only accounts in GBP have a sort code."))
    return found


def item(record: Item, facts: Facts) -> Json:
    """A product or service. Accounts lack their code, and stock the account it is kept in: `completing` adds both."""
    del facts
    return without_absent(
        {
            "Code": record.code,
            "Name": record.name,
            "IsSold": record.is_invoice_item,
            "IsPurchased": record.is_bill_item,
            "IsTrackedAsInventory": True if record.type is ItemType.INVENTORY else None,
            "Description": record.invoice_item.description if record.invoice_item else None,
            "PurchaseDescription": record.bill_item.description if record.bill_item else None,
            "PurchaseDetails": _details(record.bill_item),
            "SalesDetails": _details(record.invoice_item),
        }
    )


def _details(details: BillItem | InvoiceItem | None) -> Json | None:
    if details is None:
        return None
    return without_absent(
        {
            "UnitPrice": details.unit_price,
            "AccountID": details.account_ref.id if details.account_ref else None,
            "TaxType": details.tax_rate_ref.id if details.tax_rate_ref else None,
        }
    )


def check_item(record: Item) -> list[FieldProblem]:
    """Prices that Xero keeps; stock is bought to an account."""
    found = []
    for field, details in (("billItem", record.bill_item), ("invoiceItem", record.invoice_item)):
        if details is not None:
            found += kept_whole(f"{field}.unitPrice", details.unit_price, PRICE_PLACES)
    bought_to = record.bill_item.account_ref if record.bill_item else None
    if record.type is ItemType.INVENTORY and not (bought_to and bought_to.id):
        found.append(FieldProblem("billItem.accountRef.id", "Stock needs the account that its cost is booked to."))
    return found


_BANK_LENGTHS: Final = {
    "accountName": ACCOUNT_NAME_LENGTH_MAX,
    "nominalCode": ACCOUNT_CODE_LENGTH_MAX,
    "accountNumber": BANK_NUMBER_LENGTH_MAX,
}

_BANK_NOTES: Final = {
    "sortCode": f"{UK_SORT_CODE_DIGITS} digits, of accounts in GBP only; the number then has {UK_ACCOUNT_DIGITS}.",
}

LEDGER_WRITES: Final[tuple[Write[Any], ...]] = (
    Write(
        ACCOUNTS,
        Operation.CREATE,
        "Accounts",
        account,
        fields=("nominalCode", "name", "description", "fullyQualifiedCategory", "type", "status"),
        required=("nominalCode", "name", "fullyQualifiedCategory"),
        choices={"fullyQualifiedCategory": Choice(_CATEGORIES), "status": Choice(("Active",))},
        length_max={
            "nominalCode": ACCOUNT_CODE_LENGTH_MAX,
            "name": ACCOUNT_NAME_LENGTH_MAX,
            "description": DESCRIPTION_LENGTH_MAX,
        },
        check=check_account,
    ),
    Write(
        BANK_ACCOUNTS,
        Operation.CREATE,
        "Accounts",
        bank_account,
        fields=("accountName", "accountType", "nominalCode", "sortCode", "accountNumber", "currency", "status"),
        required=("accountName", "accountNumber"),
        choices={"accountType": Choice(("Debit",)), "status": Choice(("Active",))},
        length_max=_BANK_LENGTHS,
        notes=_BANK_NOTES,
        check=check_bank_account,
    ),
    Write(
        BANK_ACCOUNTS,
        Operation.UPDATE,
        "Accounts",
        bank_account_update,
        fields=("accountName", "nominalCode", "sortCode", "accountNumber"),
        required=("accountName", "accountNumber"),
        length_max=_BANK_LENGTHS,
        notes=_BANK_NOTES,
        check=check_bank_account,
    ),
    Write(
        ITEMS,
        Operation.CREATE,
        "Items",
        item,
        fields=(
            "code",
            "name",
            "type",
            "itemStatus",
            "isBillItem",
            "isInvoiceItem",
            "billItem.description",
            "billItem.unitPrice",
            "billItem.accountRef.id",
            "billItem.taxRateRef.id",
            "invoiceItem.description",
            "invoiceItem.unitPrice",
            "invoiceItem.accountRef.id",
            "invoiceItem.taxRateRef.id",
        ),
        required=("code", "name"),
        choices={
            "type": Choice(("Unknown", "Inventory")),
            "itemStatus": Choice(("Unknown", "Active")),
            "billItem.accountRef.id": LINE_ACCOUNTS,
            "billItem.taxRateRef.id": BOUGHT_RATES,
            "invoiceItem.accountRef.id": LINE_ACCOUNTS,
            "invoiceItem.taxRateRef.id": SOLD_RATES,
        },
        length_max={
            "code": ITEM_CODE_LENGTH_MAX,
            "name": ITEM_NAME_LENGTH_MAX,
            "billItem.description": DESCRIPTION_LENGTH_MAX,
            "invoiceItem.description": DESCRIPTION_LENGTH_MAX,
        },
        notes={"billItem.accountRef.id": "Required for an item of type Inventory."},
        check=check_item,
    ),
)
