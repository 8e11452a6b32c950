"""The records of Bill Pay as they leave, in the contract's shapes. Classes only.

They differ from the accounting records of the same names: fewer fields, other names for some, and a bill's lines are
tracked by references of one kind.
"""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.addresses import Address
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.records import Part, Word
from bookbridge.accounting.references import SupplierRef
from bookbridge.accounting.types.bank_accounts import BankAccountType
from bookbridge.accounting.types.bills import BillStatus
from bookbridge.accounting.types.suppliers import SupplierStatus

UNKNOWN_CURRENCY = "XXX"
"""The contract's word, and ISO 4217's, where a ledger names no currency."""


class UseStatus(Word):
    """Whether something can be chosen for new records."""

    ACTIVE = "Active"
    ARCHIVED = "Archived"


class IdRef(Part, frozen=True, kw_only=True):
    """A record that is referred to by nothing but its id."""

    id: str
    """Identifier of the record."""


class TrackedType(Word):
    """The kinds of record that a line of a bill can be counted under."""

    TRACKING_CATEGORIES = "trackingCategories"
    CUSTOMERS = "customers"


class TrackingRef(Part, frozen=True, kw_only=True):
    """A record that a line of a bill is counted under."""

    id: str
    """Identifier of the record."""
    data_type: TrackedType
    """Key of the data type that the record is of."""
    is_billable: bool | None = None
    """Of a customer: whether the line will be charged on to them."""


class BillLine(Part, frozen=True, kw_only=True):
    """One line of a bill. Amounts are without tax, but for the total."""

    description: str | None = None
    """What was bought, in words."""
    unit_amount: Decimal | None = None
    """Price of one unit."""
    quantity: Decimal | None = None
    """How many units were bought."""
    tax_amount: Decimal | None = None
    """Tax on the line."""
    total_amount: Decimal | None = None
    """Amount of the line, tax included."""
    account_ref: IdRef | None = None
    """Account that the line is booked to."""
    tax_rate_ref: IdRef | None = None
    """Tax rate that the line is taxed at."""
    tracking_refs: tuple[TrackingRef, ...] = ()
    """What the line is counted under."""


class Bill(Part, frozen=True, kw_only=True):
    """A bill received from a supplier."""

    id: str
    """Identifier given by the accounting software."""
    issue_date: ContractDateTime
    """Date on the bill."""
    due_date: ContractDateTime
    """Date by which the bill is to be paid; the date on the bill where the ledger knows none."""
    currency: str
    """Currency of the bill, ISO 4217."""
    status: BillStatus
    """Where the bill stands between being written and being paid."""
    supplier_ref: SupplierRef | None = None
    """The supplier that sent the bill."""
    reference: str | None = None
    """Reference that people know the bill by, usually the supplier's invoice number."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the bill's currency into the company's base currency."""
    line_items: tuple[BillLine, ...] = ()
    """The lines of the bill."""
    total_amount: Decimal | None = None
    """Amount of the whole bill, tax included."""
    amount_due: Decimal | None = None
    """What is still to be paid."""
    source_modified_date: ContractDateTime | None = None
    """When the accounting software last changed the bill."""


class BillPayment(Part, frozen=True, kw_only=True):
    """A payment of one bill."""

    id: str
    """Identifier given by the accounting software."""
    amount: Decimal
    """What was paid, in the bill's currency."""
    date: ContractDateTime
    """Date of the payment."""
    reference: str | None = None
    """Reference that people know the payment by."""
    account_ref: IdRef | None = None
    """Account that the money came from."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the bill's currency into the company's base currency."""


class Supplier(Part, frozen=True, kw_only=True):
    """A person or business that sends the company bills."""

    id: str
    """Identifier given by the accounting software."""
    supplier_name: str
    """Name of the supplier."""
    status: SupplierStatus
    """Whether the company still deals with the supplier."""
    contact_name: str | None = None
    """The person to talk to."""
    email_address: str | None = None
    """Electronic mail address of the supplier."""
    phone: str | None = None
    """Telephone number of the supplier."""
    addresses: tuple[Address, ...] = ()
    """Postal addresses of the supplier."""
    default_currency: str | None = None
    """Currency the supplier usually bills in, ISO 4217."""
    source_modified_date: ContractDateTime | None = None
    """When the accounting software last changed the supplier."""


class BankAccount(Part, frozen=True, kw_only=True):
    """A bank or card account that bills can be paid from."""

    id: str
    """Identifier given by the accounting software."""
    name: str | None = None
    """Name of the account in the books."""
    account_type: BankAccountType = BankAccountType.UNKNOWN
    """Whether money is held (Debit) or borrowed (Credit)."""
    account_number: str | None = None
    """Number of the account at the bank; may be partly hidden by the accounting software."""
    sort_code: str | None = None
    """Code of the bank's branch."""
    nominal_code: str | None = None
    """Number or code that bookkeepers know the account by."""
    currency: str | None = None
    """Currency the account is held in, ISO 4217."""
    status: UseStatus | None = None
    """Whether the account is in use."""
    source_modified_date: ContractDateTime | None = None
    """When the accounting software last changed the account."""


class AccountOption(Part, frozen=True, kw_only=True):
    """An account that a line of a bill can be booked to."""

    id: str
    """Identifier given by the accounting software."""
    nominal_code: str | None = None
    """Number or code that bookkeepers know the account by."""
    name: str | None = None
    """Name of the account."""
    type: str | None = None
    """The part of the reports that the account belongs to."""
    currency: str | None = None
    """Currency the account is kept in, ISO 4217."""
    status: UseStatus | None = None
    """Whether the account can be booked to."""
    source_modified_date: ContractDateTime | None = None
    """When the accounting software last changed the account."""


class TaxRateOption(Part, frozen=True, kw_only=True):
    """A rate that a line of a bill can be taxed at."""

    id: str
    """Identifier given by the accounting software."""
    name: str | None = None
    """Name of the rate."""
    code: str | None = None
    """Code the accounting software knows the rate by."""
    effective_tax_rate: Decimal | None = None
    """The rate in per cent that is really paid, compounding included."""
    total_tax_rate: Decimal | None = None
    """The plain sum of the components' rates in per cent."""
    status: UseStatus | None = None
    """Whether the rate can be used on new lines."""


class CompanyInformation(Part, frozen=True, kw_only=True):
    """The company whose books these are."""

    company_name: str | None = None
    """Name the company trades under."""
    base_currency: str | None = None
    """Currency the books are kept in, ISO 4217."""


class Pagination(Part, frozen=True, kw_only=True):
    """How to get at the next page."""

    continuation_token: str | None = None
    """To be handed back for the next page; absent on the last one."""


class Bills(Part, frozen=True, kw_only=True):
    """A page of bills."""

    results: list[Bill]
    """The bills of this page."""
    pagination: Pagination
    """How to get at the next page."""


class Suppliers(Part, frozen=True, kw_only=True):
    """A page of suppliers."""

    results: list[Supplier]
    """The suppliers of this page."""
    pagination: Pagination
    """How to get at the next page."""


class BillMappingOptions(Part, frozen=True, kw_only=True):
    """What lines of bills can be booked to and taxed at, a page of it."""

    accounts: list[AccountOption]
    """Accounts of the chart."""
    tax_rates: list[TaxRateOption]
    """Tax rates."""
    pagination: Pagination
    """How to get at the next page."""


class PaymentMappingOptions(Part, frozen=True, kw_only=True):
    """What bills can be paid from, a page of it."""

    bank_accounts: list[BankAccount]
    """Bank and card accounts."""
    pagination: Pagination
    """How to get at the next page."""
