"""The list of data types, in the order in which they are synced: what others refer to comes first.

Adding a data type is one module in `types/` and one line here. It must not hold anything else about them.
"""

from __future__ import annotations

from typing import Any, Final

from bookbridge.accounting.data_type import DataType
from bookbridge.accounting.types.account_transactions import ACCOUNT_TRANSACTIONS
from bookbridge.accounting.types.accounts import ACCOUNTS
from bookbridge.accounting.types.balance_sheet import BALANCE_SHEET
from bookbridge.accounting.types.bank_accounts import BANK_ACCOUNTS
from bookbridge.accounting.types.bank_transactions import BANK_TRANSACTIONS
from bookbridge.accounting.types.bill_credit_notes import BILL_CREDIT_NOTES
from bookbridge.accounting.types.bill_payments import BILL_PAYMENTS
from bookbridge.accounting.types.bills import BILLS
from bookbridge.accounting.types.cash_flow_statement import CASH_FLOW_STATEMENT
from bookbridge.accounting.types.company_info import COMPANY_INFO
from bookbridge.accounting.types.credit_notes import CREDIT_NOTES
from bookbridge.accounting.types.customers import CUSTOMERS
from bookbridge.accounting.types.direct_costs import DIRECT_COSTS
from bookbridge.accounting.types.direct_incomes import DIRECT_INCOMES
from bookbridge.accounting.types.invoices import INVOICES
from bookbridge.accounting.types.item_receipts import ITEM_RECEIPTS
from bookbridge.accounting.types.items import ITEMS
from bookbridge.accounting.types.journal_entries import JOURNAL_ENTRIES
from bookbridge.accounting.types.journals import JOURNALS
from bookbridge.accounting.types.payment_methods import PAYMENT_METHODS
from bookbridge.accounting.types.payments import PAYMENTS
from bookbridge.accounting.types.profit_and_loss import PROFIT_AND_LOSS
from bookbridge.accounting.types.purchase_orders import PURCHASE_ORDERS
from bookbridge.accounting.types.sales_orders import SALES_ORDERS
from bookbridge.accounting.types.suppliers import SUPPLIERS
from bookbridge.accounting.types.tax_rates import TAX_RATES
from bookbridge.accounting.types.tracking_categories import TRACKING_CATEGORIES
from bookbridge.accounting.types.transfers import TRANSFERS

# Any: the rows differ in their record class, and a list of them can only promise that each is consistent in
# itself.
AnyDataType = DataType[Any]

DATA_TYPES: Final[tuple[AnyDataType, ...]] = (
    COMPANY_INFO,
    ACCOUNTS,
    BANK_ACCOUNTS,
    TAX_RATES,
    TRACKING_CATEGORIES,
    PAYMENT_METHODS,
    JOURNALS,
    SUPPLIERS,
    CUSTOMERS,
    ITEMS,
    PURCHASE_ORDERS,
    ITEM_RECEIPTS,
    SALES_ORDERS,
    BILLS,
    BILL_CREDIT_NOTES,
    BILL_PAYMENTS,
    INVOICES,
    CREDIT_NOTES,
    PAYMENTS,
    DIRECT_COSTS,
    DIRECT_INCOMES,
    TRANSFERS,
    BANK_TRANSACTIONS,
    JOURNAL_ENTRIES,
    ACCOUNT_TRANSACTIONS,
    BALANCE_SHEET,
    PROFIT_AND_LOSS,
    CASH_FLOW_STATEMENT,
)

ALL_KEYS: Final = frozenset(
    {
        "accountTransactions",
        "balanceSheet",
        "bankAccounts",
        "bankTransactions",
        "billCreditNotes",
        "billPayments",
        "bills",
        "cashFlowStatement",
        "chartOfAccounts",
        "company",
        "creditNotes",
        "customers",
        "directCosts",
        "directIncomes",
        "invoices",
        "itemReceipts",
        "items",
        "journalEntries",
        "journals",
        "paymentMethods",
        "payments",
        "profitAndLoss",
        "purchaseOrders",
        "salesOrders",
        "suppliers",
        "taxRates",
        "trackingCategories",
        "transfers",
        "banking-accountBalances",
        "banking-accounts",
        "banking-transactionCategories",
        "banking-transactions",
        "commerce-companyInfo",
        "commerce-customers",
        "commerce-disputes",
        "commerce-locations",
        "commerce-orders",
        "commerce-paymentMethods",
        "commerce-payments",
        "commerce-productCategories",
        "commerce-products",
        "commerce-taxComponents",
        "commerce-transactions",
    }
)
"""Every data type key of the contract, also those not read here: "not supported" is not "no such type"."""


class UnknownDataTypeError(LookupError):
    """No data type of ours has this key or path."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no data type is called {name!r}")
        self.name = name


_BY_KEY: Final = {data_type.key.casefold(): data_type for data_type in DATA_TYPES}
_BY_PATH: Final = {data_type.path.casefold(): data_type for data_type in DATA_TYPES}
_CANONICAL_KEYS: Final = {key.casefold(): key for key in ALL_KEYS}


def by_key(key: str) -> AnyDataType:
    """The data type with this key (`chartOfAccounts`), whatever the case. Raises UnknownDataTypeError."""
    try:
        return _BY_KEY[key.casefold()]
    except KeyError:
        raise UnknownDataTypeError(key) from None


def by_path(path: str) -> AnyDataType:
    """The data type at this path (`accounts`, `financials/balanceSheet`), whatever the case.

    Raises UnknownDataTypeError.
    """
    try:
        return _BY_PATH[path.casefold()]
    except KeyError:
        raise UnknownDataTypeError(path) from None


def canonical_key(key: str) -> str:
    """The contract's own spelling of one of its keys, whatever the case. Raises UnknownDataTypeError."""
    try:
        return _CANONICAL_KEYS[key.casefold()]
    except KeyError:
        raise UnknownDataTypeError(key) from None
