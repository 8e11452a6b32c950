"""How one record points at another: an id, and a name for people where the vendor gives one.

A reference is never the record itself. Names in references may be out of date; the id decides.
"""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.records import Part, Word


class SupplierRef(Part, frozen=True, kw_only=True):
    """The supplier that a record belongs to."""

    id: str
    """Identifier of the supplier."""
    supplier_name: str | None = None
    """Name of the supplier, for display."""


class CustomerRef(Part, frozen=True, kw_only=True):
    """The customer that a record or a line belongs to."""

    id: str
    """Identifier of the customer."""
    company_name: str | None = None
    """Name of the customer, for display."""


class AccountRef(Part, frozen=True, kw_only=True):
    """The account in the chart of accounts that an amount is booked to."""

    id: str | None = None
    """Identifier of the account."""
    name: str | None = None
    """Name of the account, for display."""


class TaxRateRef(Part, frozen=True, kw_only=True):
    """The tax rate that was applied to a line."""

    id: str | None = None
    """Identifier of the tax rate."""
    name: str | None = None
    """Name of the tax rate, for display."""
    effective_tax_rate: Decimal | None = None
    """The rate in per cent after compounding, as it was when the line was taxed."""


class ItemRef(Part, frozen=True, kw_only=True):
    """The product or service that a line is about."""

    id: str
    """Identifier of the item."""
    name: str | None = None
    """Name of the item, for display."""


class TrackingCategoryRef(Part, frozen=True, kw_only=True):
    """A tracking category (a department, a class, a location) that a line is counted under."""

    id: str
    """Identifier of the tracking category."""
    name: str | None = None
    """Name of the tracking category, for display."""


class ProjectRef(Part, frozen=True, kw_only=True):
    """The project that a line is counted under."""

    id: str
    """Identifier of the project."""
    name: str | None = None
    """Name of the project, for display."""


class PaymentMethodRef(Part, frozen=True, kw_only=True):
    """The way in which a payment was made."""

    id: str
    """Identifier of the payment method."""
    name: str | None = None
    """Name of the payment method, for display."""


class PurchaseOrderRef(Part, frozen=True, kw_only=True):
    """A purchase order that a bill was raised from."""

    id: str | None = None
    """Identifier of the purchase order."""
    purchase_order_number: str | None = None
    """The number printed on the purchase order."""


class SalesOrderDataType(Word):
    """The one kind of record that a sales order reference points at."""

    SALES_ORDERS = "salesOrders"


class SalesOrderRef(Part, frozen=True, kw_only=True):
    """A sales order that an invoice was raised from."""

    id: str | None = None
    """Identifier of the sales order."""
    data_type: SalesOrderDataType | None = None
    """Key of the data type: always `salesOrders`."""


class BankAccountRef(Part, frozen=True, kw_only=True):
    """The bank account that money moved on."""

    id: str | None = None
    """Identifier of the bank account."""
    name: str | None = None
    """Name of the bank account, for display."""


class JournalRef(Part, frozen=True, kw_only=True):
    """The journal that an entry is kept in."""

    id: str
    """Identifier of the journal."""
    name: str | None = None
    """Name of the journal, for display."""


class ContactDataType(Word):
    """The kinds of record that a contact can be."""

    CUSTOMERS = "customers"
    SUPPLIERS = "suppliers"


class ContactRef(Part, frozen=True, kw_only=True):
    """The customer or supplier on the other side of a record."""

    id: str
    """Identifier of the customer or supplier."""
    data_type: ContactDataType | None = None
    """Key of the data type that the contact is of."""


class TrackedDataType(Word):
    """The kinds of record that a line can be counted under."""

    CUSTOMERS = "customers"
    SUPPLIERS = "suppliers"
    TRACKING_CATEGORIES = "trackingCategories"


class TrackingRecordRef(Part, frozen=True, kw_only=True):
    """A record that a line is counted under."""

    id: str | None = None
    """Identifier of the record."""
    data_type: TrackedDataType | None = None
    """Key of the data type that the record is of."""


class PostedDataType(Word):
    """The kinds of record that bookings come from."""

    BANK_TRANSACTIONS = "bankTransactions"
    BILL_CREDIT_NOTES = "billCreditNotes"
    BILL_PAYMENTS = "billPayments"
    BILLS = "bills"
    CREDIT_NOTES = "creditNotes"
    DIRECT_COSTS = "directCosts"
    DIRECT_INCOMES = "directIncomes"
    INVOICES = "invoices"
    JOURNAL_ENTRIES = "journalEntries"
    PAYMENTS = "payments"
    TRANSFERS = "transfers"


class PostedRecordRef(Part, frozen=True, kw_only=True):
    """The record that a booking came from."""

    id: str | None = None
    """Identifier of the record."""
    data_type: PostedDataType | None = None
    """Key of the data type that the record is of."""


class RecordRef(Part, frozen=True, kw_only=True):
    """Any record, told apart by its data type."""

    id: str | None = None
    """Identifier of the record."""
    data_type: str | None = None
    """Key of the data type that the record is of, for example `bills`."""


class RecordLineRef(Part, frozen=True, kw_only=True):
    """One line of another record."""

    id: str | None = None
    """Identifier of the record that holds the line."""
    data_type: str | None = None
    """Key of the data type that the record is of: `purchaseOrders` or `bills`."""
    line_number: str | None = None
    """Number of the line within that record."""
