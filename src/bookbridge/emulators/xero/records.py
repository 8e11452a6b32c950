"""The things an organisation's book holds: contacts, accounts, documents, payments.

Field names are the vendor's, in snake case; ``wire_name`` gives the vendor's spelling, which filters use.
Records hold references to each other (an invoice holds its Contact), and collections are tuples that
are replaced, never changed in place, so that an attempted change can be undone. No rule lives here.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec

from bookbridge.emulators.xero.clock import Millis

if TYPE_CHECKING:
    from bookbridge.emulators.xero.journals import Posting

ZERO = Decimal("0.00")
ONE = Decimal(1)
SPEND_TRANSFER, RECEIVE_TRANSFER = "SPEND-TRANSFER", "RECEIVE-TRANSFER"
TRANSFER_TYPES = {SPEND_TRANSFER, RECEIVE_TRANSFER}
"""Types of the bank transactions that are the two sides of a transfer."""

_UPPER = {"id": "ID", "utc": "UTC", "cogs": "COGS"}


def wire_name(attribute: str) -> str:
    """The vendor's spelling of a field: ``updated_date_utc`` -> ``UpdatedDateUTC``."""
    return "".join(_UPPER.get(part, part.capitalize()) for part in attribute.split("_"))


class Record(msgspec.Struct, kw_only=True, eq=False, rename=wire_name):
    """Anything stored in a table; compared by identity."""

    updated_date_utc: Millis = Millis(0)


class Part(msgspec.Struct, kw_only=True, eq=False, rename=wire_name):
    """A piece of a record, with no life of its own."""


class Account(Record, kw_only=True):
    account_id: str
    name: str
    type: str
    code: str | None = None
    status: str = "ACTIVE"
    description: str = ""
    tax_type: str = "NONE"
    class_: str = msgspec.field(default="EXPENSE", name="Class")
    system_account: str = ""
    enable_payments_to_account: bool = False
    show_in_expense_claims: bool = False
    bank_account_number: str | None = None
    bank_account_type: str = ""
    currency_code: str | None = None
    reporting_code: str = ""
    has_attachments: bool = False


class Address(Part, kw_only=True):
    address_type: str
    address_line1: str = ""
    address_line2: str = ""
    address_line3: str = ""
    address_line4: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    attention_to: str = ""


class Phone(Part, kw_only=True):
    phone_type: str
    phone_number: str = ""
    phone_area_code: str = ""
    phone_country_code: str = ""


class ContactPerson(Part, kw_only=True):
    first_name: str = ""
    last_name: str = ""
    email_address: str = ""
    include_in_emails: bool = False


class Contact(Record, kw_only=True):
    contact_id: str
    name: str
    contact_number: str | None = None
    account_number: str | None = None
    contact_status: str = "ACTIVE"
    first_name: str = ""
    last_name: str = ""
    email_address: str = ""
    company_number: str | None = None
    tax_number: str | None = None
    bank_account_details: str = ""
    website: str | None = None
    default_currency: str | None = None
    accounts_payable_tax_type: str | None = None
    accounts_receivable_tax_type: str | None = None
    is_supplier: bool = False
    is_customer: bool = False
    addresses: tuple[Address, ...] = ()
    phones: tuple[Phone, ...] = ()
    contact_persons: tuple[ContactPerson, ...] = ()
    has_attachments: bool = False


class TaxComponent(Part, kw_only=True):
    name: str
    rate: Decimal
    is_compound: bool = False
    is_non_recoverable: bool = False


class TaxRate(Record, kw_only=True):
    tax_type: str
    name: str
    effective_rate: Decimal
    components: tuple[TaxComponent, ...] = msgspec.field(default=(), name="TaxComponents")
    status: str = "ACTIVE"
    report_tax_type: str = ""
    can_apply_to_assets: bool = True
    can_apply_to_equity: bool = True
    can_apply_to_expenses: bool = True
    can_apply_to_liabilities: bool = True
    can_apply_to_revenue: bool = True


class TrackingOption(Record, kw_only=True):
    tracking_option_id: str
    name: str
    status: str = "ACTIVE"


class TrackingCategory(Record, kw_only=True):
    tracking_category_id: str
    name: str
    status: str = "ACTIVE"
    options: tuple[TrackingOption, ...] = ()


class ItemPrice(Part, kw_only=True):
    unit_price: Decimal = ZERO
    account_code: str | None = None
    tax_type: str | None = None
    cogs_account_code: str | None = None


class Item(Record, kw_only=True):
    item_id: str
    code: str
    name: str = ""
    description: str = ""
    purchase_description: str = ""
    is_sold: bool = True
    is_purchased: bool = True
    is_tracked_as_inventory: bool = False
    inventory_asset_account_code: str | None = None
    quantity_on_hand: Decimal = Decimal(0)
    total_cost_pool: Decimal = ZERO
    purchase_details: ItemPrice | None = None
    sales_details: ItemPrice | None = None


class Currency(Record, kw_only=True):
    code: str
    description: str


class BrandingTheme(Record, kw_only=True):
    branding_theme_id: str
    name: str
    sort_order: int = 0


class User(Record, kw_only=True):
    user_id: str
    email_address: str
    first_name: str
    last_name: str
    is_subscriber: bool = True
    organisation_role: str = "STANDARD"


class Line(Part, kw_only=True):
    line_item_id: str
    description: str = ""
    quantity: Decimal = ONE
    unit_amount: Decimal = ZERO
    line_amount: Decimal = ZERO
    tax_amount: Decimal = ZERO
    tax_type: str = "NONE"
    account: Account | None = None
    item: Item | None = None
    discount_rate: Decimal | None = None
    discount_amount: Decimal | None = None
    tracking: tuple[tuple[TrackingCategory, TrackingOption], ...] = ()


class Document(Record, kw_only=True):
    """What invoices, credit notes, bank transactions and orders share. Amounts in ``currency_code``."""

    type: str
    contact: Contact
    date: dt.date
    status: str
    line_amount_types: str = "Exclusive"
    line_items: tuple[Line, ...] = ()
    sub_total: Decimal = ZERO
    total_tax: Decimal = ZERO
    total: Decimal = ZERO
    currency_code: str = "GBP"
    currency_rate: Decimal = ONE
    """Units of the document's currency for one unit of the base currency."""

    reference: str = ""
    has_attachments: bool = False
    postings: tuple[Posting, ...] = ()


class Invoice(Document, kw_only=True):
    invoice_id: str
    invoice_number: str = ""
    due_date: dt.date | None = None
    fully_paid_on_date: dt.date | None = None
    amount_due: Decimal = ZERO
    amount_paid: Decimal = ZERO
    amount_credited: Decimal = ZERO
    payments: tuple[Payment, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    """What credit notes, overpayments and prepayments have paid."""

    url: str | None = None
    sent_to_contact: bool = False
    expected_payment_date: dt.date | None = None
    planned_payment_date: dt.date | None = None
    branding_theme_id: str | None = None


class Credit(Document, kw_only=True):
    """A document that holds credit to allocate: a credit note, an overpayment, a prepayment."""

    remaining_credit: Decimal = ZERO
    allocations: tuple[Allocation, ...] = ()
    payments: tuple[Payment, ...] = ()
    fully_paid_on_date: dt.date | None = None
    bank_transaction: BankTransaction | None = None


class CreditNote(Credit, kw_only=True):
    credit_note_id: str
    credit_note_number: str = ""
    due_date: dt.date | None = None
    sent_to_contact: bool = False
    branding_theme_id: str | None = None


class Overpayment(Credit, kw_only=True):
    overpayment_id: str


class Prepayment(Credit, kw_only=True):
    prepayment_id: str


class Allocation(Part, kw_only=True):
    allocation_id: str
    credit: Credit
    invoice: Invoice
    amount: Decimal
    date: dt.date
    postings: tuple[Posting, ...] = ()


class Payment(Record, kw_only=True):
    payment_id: str
    payment_type: str
    account: Account
    date: dt.date
    amount: Decimal
    """In the currency of the paid document."""

    bank_amount: Decimal
    currency_rate: Decimal = ONE
    reference: str = ""
    status: str = "AUTHORISED"
    is_reconciled: bool = False
    invoice: Invoice | None = None
    credit_note: CreditNote | None = None
    overpayment: Overpayment | None = None
    prepayment: Prepayment | None = None
    batch_payment: BatchPayment | None = None
    postings: tuple[Posting, ...] = ()


class BatchPayment(Record, kw_only=True):
    batch_payment_id: str
    type: str
    account: Account
    date: dt.date
    total_amount: Decimal
    status: str = "AUTHORISED"
    reference: str = ""
    narrative: str = ""
    details: str = ""
    particulars: str = ""
    code: str = ""
    is_reconciled: bool = False
    payments: tuple[Payment, ...] = ()


class BankTransaction(Document, kw_only=True):
    bank_transaction_id: str
    bank_account: Account
    is_reconciled: bool = False
    url: str | None = None
    overpayment_id: str | None = None
    prepayment_id: str | None = None


class BankTransfer(Record, kw_only=True):
    bank_transfer_id: str
    from_bank_account: Account
    to_bank_account: Account
    amount: Decimal
    date: dt.date
    currency_rate: Decimal = ONE
    reference: str = ""
    status: str = "AUTHORISED"
    from_is_reconciled: bool = False
    to_is_reconciled: bool = False
    from_bank_transaction_id: str
    to_bank_transaction_id: str
    created_date_utc: Millis = Millis(0)
    has_attachments: bool = False
    postings: tuple[Posting, ...] = ()


class ManualJournalLine(Part, kw_only=True):
    line_amount: Decimal
    """Debit positive, credit negative."""

    account: Account
    description: str = ""
    tax_type: str = "NONE"
    tax_amount: Decimal = ZERO
    tracking: tuple[tuple[TrackingCategory, TrackingOption], ...] = ()


class ManualJournal(Record, kw_only=True):
    manual_journal_id: str
    narration: str
    date: dt.date
    status: str = "DRAFT"
    line_amount_types: str = "NoTax"
    journal_lines: tuple[ManualJournalLine, ...] = ()
    url: str | None = None
    show_on_cash_basis_reports: bool = True
    has_attachments: bool = False
    postings: tuple[Posting, ...] = ()


class PurchaseOrder(Document, kw_only=True):
    purchase_order_id: str
    purchase_order_number: str = ""
    delivery_date: dt.date | None = None
    expected_arrival_date: dt.date | None = None
    delivery_address: str = ""
    attention_to: str = ""
    telephone: str = ""
    delivery_instructions: str = ""
    sent_to_contact: bool = False


class Organisation(msgspec.Struct, kw_only=True):
    """Whose book it is. Its id is also the tenant id."""

    organisation_id: str
    name: str
    legal_name: str
    base_currency: str
    country_code: str
    version: str
    timezone: str
    registration_number: str
    tax_number: str
    short_code: str
    financial_year_end_day: int
    financial_year_end_month: int
    created_ms: Millis
    period_lock_date: dt.date | None = None
    end_of_year_lock_date: dt.date | None = None
    city: str = ""
    country: str = ""


class Attachment(msgspec.Struct, kw_only=True):
    """A file kept with a record."""

    attachment_id: str
    file_name: str
    mime_type: str
    content: bytes
    include_online: bool = False


class HistoryNote(msgspec.Struct, kw_only=True):
    """One line of a record's history."""

    changes: str
    details: str
    user: str
    date_utc: Millis
