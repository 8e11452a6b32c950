"""The Accounting API's resources: for each its names, table, scopes, and functions.

It must hold facts only; how lists, creations and updates run is in lists.py and writes.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from bookbridge.emulators.xero import (
    accounts,
    bank_transactions,
    bank_transfers,
    batch_payments,
    contacts,
    documents,
    items,
    manual_journals,
    payments,
    purchase_orders,
    reference,
    render_documents,
    render_money,
    render_reference,
)
from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.shapes import Renderer
from bookbridge.emulators.xero.tables import Table

_SETTINGS = ("accounting.settings",)
_INVOICES = ("accounting.transactions", "accounting.invoices")
_PAYMENTS = ("accounting.transactions", "accounting.payments")
_BANK = ("accounting.transactions", "accounting.banktransactions")


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One collection. A missing ``create``, ``update`` or ``delete`` answers 501."""

    name: str
    singular: str
    table: Callable[[Book], Table[Any]]
    render: Renderer
    scopes: tuple[str, ...]
    """Any one of these allows reading and writing; with ``.read`` added, reading."""

    create: Callable[..., Any] | None = None
    one_at_a_time: bool = False
    """Whether only the first element of a body is taken, and the rest passed over."""

    created_by_post: bool = True
    """Whether POST creates too; without it, POST must name the record that it changes."""

    update: Callable[..., None] | None = None
    delete: Callable[..., None] | None = None
    paged: bool = False
    """Whether ``page`` is honoured; without it such lists are summaries with no lines."""

    summary_without_page: bool = False
    since: bool = True
    """Whether If-Modified-Since filters the list."""

    archived_status: tuple[str, str] | None = None
    """Field and value hidden from lists unless ``includeArchived`` is sent."""

    attachments: bool = False


RESOURCES: tuple[Resource, ...] = (
    Resource(
        name="Accounts",
        singular="Account",
        table=lambda book: book.accounts,
        render=render_reference.account,
        scopes=_SETTINGS,
        create=accounts.create_account,
        update=accounts.update_account,
        delete=accounts.delete_account,
        one_at_a_time=True,
        attachments=True,
    ),
    Resource(
        name="Contacts",
        singular="Contact",
        table=lambda book: book.contacts,
        render=render_reference.contact,
        scopes=("accounting.contacts",),
        create=contacts.create_contact,
        update=contacts.update_contact,
        paged=True,
        summary_without_page=True,
        archived_status=("contact_status", "ARCHIVED"),
        attachments=True,
    ),
    Resource(
        name="TaxRates",
        singular="TaxRate",
        table=lambda book: book.tax_rates,
        render=render_reference.tax_rate,
        scopes=_SETTINGS,
        create=reference.create_tax_rate,
        update=reference.update_tax_rate,
        since=False,
    ),
    Resource(
        name="TrackingCategories",
        singular="TrackingCategory",
        table=lambda book: book.tracking_categories,
        render=render_reference.tracking_category,
        scopes=_SETTINGS,
        create=reference.create_tracking_category,
        update=reference.update_tracking_category,
        delete=reference.delete_tracking_category,
        since=False,
        archived_status=("status", "ARCHIVED"),
    ),
    Resource(
        name="Items",
        singular="Item",
        table=lambda book: book.items,
        render=render_reference.item,
        scopes=(*_INVOICES, *_SETTINGS),
        create=items.create_item,
        update=items.update_item,
        delete=items.delete_item,
    ),
    Resource(
        name="Currencies",
        singular="Currency",
        table=lambda book: book.currencies,
        render=render_reference.currency,
        scopes=_SETTINGS,
        create=reference.create_currency,
        since=False,
    ),
    Resource(
        name="BrandingThemes",
        singular="BrandingTheme",
        table=lambda book: book.branding_themes,
        render=render_reference.branding_theme,
        scopes=_SETTINGS,
        since=False,
    ),
    Resource(
        name="Users",
        singular="User",
        table=lambda book: book.users,
        render=render_reference.user,
        scopes=_SETTINGS,
    ),
    Resource(
        name="Invoices",
        singular="Invoice",
        table=lambda book: book.invoices,
        render=render_documents.invoice,
        scopes=_INVOICES,
        create=documents.create_invoice,
        update=documents.update_invoice,
        paged=True,
        summary_without_page=True,
        attachments=True,
    ),
    Resource(
        name="CreditNotes",
        singular="CreditNote",
        table=lambda book: book.credit_notes,
        render=render_documents.credit_note,
        scopes=_INVOICES,
        create=documents.create_credit_note,
        update=documents.update_credit_note,
        paged=True,
        summary_without_page=True,
        attachments=True,
    ),
    Resource(
        name="Overpayments",
        singular="Overpayment",
        table=lambda book: book.overpayments,
        render=render_documents.overpayment,
        scopes=_PAYMENTS,
        paged=True,
        summary_without_page=True,
    ),
    Resource(
        name="Prepayments",
        singular="Prepayment",
        table=lambda book: book.prepayments,
        render=render_documents.prepayment,
        scopes=_PAYMENTS,
        paged=True,
        summary_without_page=True,
    ),
    Resource(
        name="Payments",
        singular="Payment",
        table=lambda book: book.payments,
        render=render_money.payment,
        scopes=_PAYMENTS,
        create=payments.create_payment,
        update=payments.update_payment,
        paged=True,
    ),
    Resource(
        name="BatchPayments",
        singular="BatchPayment",
        table=lambda book: book.batch_payments,
        render=render_money.batch_payment,
        scopes=_PAYMENTS,
        create=batch_payments.create_batch_payment,
        created_by_post=False,
        update=batch_payments.update_batch_payment,
    ),
    Resource(
        name="BankTransactions",
        singular="BankTransaction",
        table=lambda book: book.bank_transactions,
        render=render_documents.bank_transaction,
        scopes=_BANK,
        create=bank_transactions.create_bank_transaction,
        update=bank_transactions.update_bank_transaction,
        paged=True,
        summary_without_page=True,
        attachments=True,
    ),
    Resource(
        name="BankTransfers",
        singular="BankTransfer",
        table=lambda book: book.bank_transfers,
        render=render_money.bank_transfer,
        scopes=_BANK,
        create=bank_transfers.create_bank_transfer,
        created_by_post=False,
        update=bank_transfers.update_bank_transfer,
        attachments=True,
    ),
    Resource(
        name="ManualJournals",
        singular="ManualJournal",
        table=lambda book: book.manual_journals,
        render=render_money.manual_journal,
        scopes=("accounting.transactions", "accounting.manualjournals"),
        create=manual_journals.create_manual_journal,
        update=manual_journals.update_manual_journal,
        paged=True,
        summary_without_page=True,
        attachments=True,
    ),
    Resource(
        name="PurchaseOrders",
        singular="PurchaseOrder",
        table=lambda book: book.purchase_orders,
        render=render_documents.purchase_order,
        scopes=_INVOICES,
        create=purchase_orders.create_purchase_order,
        update=purchase_orders.update_purchase_order,
        paged=True,
        attachments=True,
    ),
)

BY_NAME = {resource.name.casefold(): resource for resource in RESOURCES}


def find_resource(name: str) -> Resource | None:
    """The resource with this path name, whatever its letter case."""
    return BY_NAME.get(name.casefold())
