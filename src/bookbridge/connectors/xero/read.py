"""READS: which Xero lists feed which data types, and by which function. Facts only."""

from __future__ import annotations

from typing import Any, Final

from bookbridge.accounting.types.accounts import ACCOUNTS
from bookbridge.accounting.types.bank_accounts import BANK_ACCOUNTS
from bookbridge.accounting.types.bill_credit_notes import BILL_CREDIT_NOTES
from bookbridge.accounting.types.bill_payments import BILL_PAYMENTS
from bookbridge.accounting.types.bills import BILLS
from bookbridge.accounting.types.company_info import COMPANY_INFO
from bookbridge.accounting.types.credit_notes import CREDIT_NOTES
from bookbridge.accounting.types.customers import CUSTOMERS
from bookbridge.accounting.types.invoices import INVOICES
from bookbridge.accounting.types.items import ITEMS
from bookbridge.accounting.types.payments import PAYMENTS
from bookbridge.accounting.types.suppliers import SUPPLIERS
from bookbridge.accounting.types.tax_rates import TAX_RATES
from bookbridge.accounting.types.tracking_categories import TRACKING_CATEGORIES
from bookbridge.connectors.kit.connector import Read, Source
from bookbridge.connectors.xero import (
    payloads,
    read_contacts,
    read_documents,
    read_ledger,
    read_payments,
    read_sales,
)

_PAYABLE_CREDIT = 'Type=="ACCPAYCREDIT"'
_RECEIVABLE_CREDIT = 'Type=="ACCRECCREDIT"'


def _payments_where(types: tuple[str, ...]) -> str:
    return " OR ".join(f'PaymentType=="{word}"' for word in types)


# Xero rounds unit prices to two places unless asked for four.
_EXACT_PRICES: Final = {"unitdp": "4"}

BILLS_SOURCE: Final = Source(
    name="invoices",
    path="Invoices",
    payload=payloads.Invoice,
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
    payload=payloads.Payment,
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
            ),
        ),
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
            ),
        ),
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
                payload=payloads.CreditNote,
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
                payload=payloads.CreditNote,
                shape=read_payments.credit_note_use,
                query={"where": _PAYABLE_CREDIT, **_EXACT_PRICES},
            ),
            Source(
                name="overpayments",
                path="Overpayments",
                payload=payloads.Overpayment,
                shape=read_payments.overpayment,
                query={"where": 'Type=="SPEND-OVERPAYMENT"'},
                countable=True,
            ),
            Source(
                name="prepayments",
                path="Prepayments",
                payload=payloads.Prepayment,
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
                payload=payloads.Invoice,
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
                payload=payloads.CreditNote,
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
                payload=payloads.Payment,
                shape=read_payments.payment,
                query={"where": _payments_where(read_payments.RECEIVABLE_PAYMENT_TYPES)},
                countable=True,
            ),
            Source(
                name="creditNoteAllocations",
                path="CreditNotes",
                payload=payloads.CreditNote,
                shape=read_payments.customer_credit_note_use,
                query={"where": _RECEIVABLE_CREDIT, **_EXACT_PRICES},
            ),
            Source(
                name="overpayments",
                path="Overpayments",
                payload=payloads.Overpayment,
                shape=read_payments.customer_overpayment,
                query={"where": 'Type=="RECEIVE-OVERPAYMENT"'},
                countable=True,
            ),
            Source(
                name="prepayments",
                path="Prepayments",
                payload=payloads.Prepayment,
                shape=read_payments.customer_prepayment,
                query={"where": 'Type=="RECEIVE-PREPAYMENT"'},
                countable=True,
            ),
        ),
    ),
)
