"""READS: which Xero lists feed which data types, and by which function. Facts only."""

from __future__ import annotations

from typing import Any, Final

from bookbridge.accounting.types.account_transactions import ACCOUNT_TRANSACTIONS
from bookbridge.accounting.types.accounts import ACCOUNTS
from bookbridge.accounting.types.balance_sheet import BALANCE_SHEET
from bookbridge.accounting.types.bank_accounts import BANK_ACCOUNTS
from bookbridge.accounting.types.bill_credit_notes import BILL_CREDIT_NOTES
from bookbridge.accounting.types.bill_payments import BILL_PAYMENTS
from bookbridge.accounting.types.bills import BILLS
from bookbridge.accounting.types.company_info import COMPANY_INFO
from bookbridge.accounting.types.credit_notes import CREDIT_NOTES
from bookbridge.accounting.types.customers import CUSTOMERS
from bookbridge.accounting.types.direct_costs import DIRECT_COSTS
from bookbridge.accounting.types.direct_incomes import DIRECT_INCOMES
from bookbridge.accounting.types.invoices import INVOICES
from bookbridge.accounting.types.items import ITEMS
from bookbridge.accounting.types.journal_entries import JOURNAL_ENTRIES
from bookbridge.accounting.types.payments import PAYMENTS
from bookbridge.accounting.types.profit_and_loss import PROFIT_AND_LOSS
from bookbridge.accounting.types.purchase_orders import PURCHASE_ORDERS
from bookbridge.accounting.types.suppliers import SUPPLIERS
from bookbridge.accounting.types.tax_rates import TAX_RATES
from bookbridge.accounting.types.tracking_categories import TRACKING_CATEGORIES
from bookbridge.accounting.types.transfers import TRANSFERS
from bookbridge.connectors.kit.connector import Read, Source
from bookbridge.connectors.xero import (
    document_payloads,
    ledger_payloads,
    payloads,
    read_bank,
    read_contacts,
    read_documents,
    read_journals,
    read_ledger,
    read_movements,
    read_orders,
    read_payments,
    read_sales,
    read_statements,
)

_PAYABLE_CREDIT = 'Type=="ACCPAYCREDIT"'
_RECEIVABLE_CREDIT = 'Type=="ACCRECCREDIT"'


def _payments_where(types: tuple[str, ...]) -> str:
    return " OR ".join(f'PaymentType=="{word}"' for word in types)


# Xero rounds unit prices to two places unless asked for four.
_EXACT_PRICES: Final = {"unitdp": "4"}

_DELETED_TRANSFERS_TOO: Final = {"includeDeleted": "true"}

# A layout of the business's own may leave accounts out or count them twice.
_STANDARD_LAYOUT: Final = {"standardLayout": "true"}

BILLS_SOURCE: Final = Source(
    name="invoices",
    path="Invoices",
    payload=document_payloads.Invoice,
    shape=read_documents.bill,
    query={"where": 'Type=="ACCPAY"', **_EXACT_PRICES},
    countable=True,
)

SUPPLIERS_SOURCE: Final = Source(
    name="contacts",
    path="Contacts",
    payload=payloads.Contact,
    shape=read_contacts.supplier,
    query={"includeArchived": "true"},
    countable=True,
)

PAYMENTS_SOURCE: Final = Source(
    name="payments",
    path="Payments",
    payload=document_payloads.Payment,
    shape=read_payments.bill_payment,
    query={"where": _payments_where(read_payments.PAYABLE_PAYMENT_TYPES)},
    countable=True,
)

READS: Final[tuple[Read[Any], ...]] = (
    Read(
        COMPANY_INFO,
        (
            Source(
                name="organisation",
                path="Organisation",
                payload=payloads.Organisation,
                shape=read_ledger.company_info,
                paged=False,
                incremental=False,
            ),
        ),
    ),
    Read(
        ACCOUNTS,
        (
            Source(
                name="accounts",
                path="Accounts",
                payload=payloads.Account,
                shape=read_ledger.account,
                paged=False,
                # Balances change without the account.
                incremental=False,
            ),
        ),
        hard_deletes=True,
    ),
    Read(
        BANK_ACCOUNTS,
        (
            Source(
                name="accounts",
                path="Accounts",
                payload=payloads.Account,
                shape=read_ledger.bank_account,
                query={"where": 'Type=="BANK"'},
                paged=False,
                incremental=False,
            ),
        ),
        hard_deletes=True,
    ),
    Read(
        TAX_RATES,
        (
            Source(
                name="taxRates",
                path="TaxRates",
                payload=payloads.TaxRate,
                shape=read_ledger.tax_rate,
                paged=False,
                incremental=False,
            ),
        ),
        hard_deletes=True,
    ),
    Read(
        TRACKING_CATEGORIES,
        (
            Source(
                name="trackingCategories",
                path="TrackingCategories",
                payload=payloads.TrackingCategory,
                shape=read_ledger.tracking_category,
                query={"includeArchived": "true"},
                paged=False,
                incremental=False,
            ),
        ),
        hard_deletes=True,
    ),
    Read(SUPPLIERS, (SUPPLIERS_SOURCE,)),
    Read(
        CUSTOMERS,
        (
            Source(
                name="contacts",
                path="Contacts",
                payload=payloads.Contact,
                shape=read_contacts.customer,
                query={"includeArchived": "true"},
                countable=True,
            ),
        ),
    ),
    Read(
        ITEMS,
        (
            Source(
                name="items",
                path="Items",
                payload=payloads.Item,
                shape=read_ledger.item,
                query=_EXACT_PRICES,
                paged=False,
                # Only a whole list shows what was deleted, and the list is one call anyway.
                incremental=False,
            ),
        ),
        hard_deletes=True,
    ),
    Read(BILLS, (BILLS_SOURCE,)),
    Read(
        BILL_CREDIT_NOTES,
        (
            Source(
                name="creditNotes",
                path="CreditNotes",
                payload=document_payloads.CreditNote,
                shape=read_documents.bill_credit_note,
                query={"where": _PAYABLE_CREDIT, **_EXACT_PRICES},
                countable=True,
            ),
        ),
    ),
    Read(
        BILL_PAYMENTS,
        (
            PAYMENTS_SOURCE,
            Source(
                name="creditNoteAllocations",
                path="CreditNotes",
                payload=document_payloads.CreditNote,
                shape=read_payments.credit_note_use,
                query={"where": _PAYABLE_CREDIT, **_EXACT_PRICES},
            ),
            Source(
                name="overpayments",
                path="Overpayments",
                payload=document_payloads.Overpayment,
                shape=read_payments.overpayment,
                query={"where": 'Type=="SPEND-OVERPAYMENT"'},
                countable=True,
            ),
            Source(
                name="prepayments",
                path="Prepayments",
                payload=document_payloads.Prepayment,
                shape=read_payments.prepayment,
                query={"where": 'Type=="SPEND-PREPAYMENT"'},
                countable=True,
            ),
        ),
    ),
    Read(
        INVOICES,
        (
            Source(
                name="invoices",
                path="Invoices",
                payload=document_payloads.Invoice,
                shape=read_sales.invoice,
                query={"where": 'Type=="ACCREC"', **_EXACT_PRICES},
                countable=True,
            ),
        ),
    ),
    Read(
        CREDIT_NOTES,
        (
            Source(
                name="creditNotes",
                path="CreditNotes",
                payload=document_payloads.CreditNote,
                shape=read_sales.credit_note,
                query={"where": _RECEIVABLE_CREDIT, **_EXACT_PRICES},
                countable=True,
            ),
        ),
    ),
    Read(
        PAYMENTS,
        (
            Source(
                name="payments",
                path="Payments",
                payload=document_payloads.Payment,
                shape=read_payments.payment,
                query={"where": _payments_where(read_payments.RECEIVABLE_PAYMENT_TYPES)},
                countable=True,
            ),
            Source(
                name="creditNoteAllocations",
                path="CreditNotes",
                payload=document_payloads.CreditNote,
                shape=read_payments.customer_credit_note_use,
                query={"where": _RECEIVABLE_CREDIT, **_EXACT_PRICES},
            ),
            Source(
                name="overpayments",
                path="Overpayments",
                payload=document_payloads.Overpayment,
                shape=read_payments.customer_overpayment,
                query={"where": 'Type=="RECEIVE-OVERPAYMENT"'},
                countable=True,
            ),
            Source(
                name="prepayments",
                path="Prepayments",
                payload=document_payloads.Prepayment,
                shape=read_payments.customer_prepayment,
                query={"where": 'Type=="RECEIVE-PREPAYMENT"'},
                countable=True,
            ),
        ),
    ),
    Read(
        PURCHASE_ORDERS,
        (
            Source(
                name="purchaseOrders",
                path="PurchaseOrders",
                payload=ledger_payloads.PurchaseOrder,
                shape=read_orders.purchase_order,
                query=_EXACT_PRICES,
                countable=True,
            ),
        ),
    ),
    Read(
        DIRECT_COSTS,
        (
            Source(
                name="bankTransactions",
                path="BankTransactions",
                payload=ledger_payloads.BankTransaction,
                shape=read_bank.direct_cost,
                query={"where": 'Type=="SPEND"', **_EXACT_PRICES},
                countable=True,
            ),
        ),
    ),
    Read(
        DIRECT_INCOMES,
        (
            Source(
                name="bankTransactions",
                path="BankTransactions",
                payload=ledger_payloads.BankTransaction,
                shape=read_bank.direct_income,
                query={"where": 'Type=="RECEIVE"', **_EXACT_PRICES},
                countable=True,
            ),
        ),
    ),
    Read(
        TRANSFERS,
        (
            Source(
                name="bankTransfers",
                path="BankTransfers",
                payload=ledger_payloads.BankTransfer,
                shape=read_bank.transfer,
                query=_DELETED_TRANSFERS_TOO,
                paged=False,
                # Xero does not tell when a transfer was changed, so only the whole list shows a deletion.
                incremental=False,
            ),
        ),
        hard_deletes=True,
    ),
    Read(
        JOURNAL_ENTRIES,
        (
            Source(
                name="journals",
                path="Journals",
                payload=ledger_payloads.Journal,
                shape=read_journals.journal_entry,
            ),
            Source(
                name="manualJournals",
                path="ManualJournals",
                payload=ledger_payloads.ManualJournal,
                shape=read_journals.manual_journal,
            ),
        ),
    ),
    Read(
        ACCOUNT_TRANSACTIONS,
        (
            Source(
                name="payments",
                path="Payments",
                payload=ledger_payloads.BankPayment,
                shape=read_movements.payment,
            ),
            Source(
                name="batchPayments",
                path="BatchPayments",
                payload=ledger_payloads.BatchPayment,
                shape=read_movements.batch_payment,
                paged=False,
            ),
            Source(
                name="bankTransactions",
                path="BankTransactions",
                payload=ledger_payloads.BankTransaction,
                shape=read_movements.bank_transaction,
            ),
            Source(
                name="bankTransfers",
                path="BankTransfers",
                payload=ledger_payloads.BankTransfer,
                shape=read_movements.transfer_legs,
                query=_DELETED_TRANSFERS_TOO,
                paged=False,
                incremental=False,
            ),
        ),
    ),
    Read(
        BALANCE_SHEET,
        (
            Source(
                name="balanceSheet",
                path="Reports/BalanceSheet",
                payload=ledger_payloads.Statement,
                shape=read_statements.balance_sheet,
                query=_STANDARD_LAYOUT,
                paged=False,
                incremental=False,
            ),
        ),
    ),
    Read(
        PROFIT_AND_LOSS,
        (
            Source(
                name="profitAndLoss",
                path="Reports/ProfitAndLoss",
                payload=ledger_payloads.Statement,
                shape=read_statements.profit_and_loss,
                query=_STANDARD_LAYOUT,
                paged=False,
                incremental=False,
            ),
        ),
    ),
)
