"""What callers send to be written, and what must be right about it before the ledger is asked. Pure.

Every field may be missing when it arrives, so that each one that must not be is named in the contract's words. Money is
Decimal, to the last digit; whatever else a platform demands is for the push room and the platform to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec

from bookbridge.accounting.dates import parse_contract_datetime
from bookbridge.accounting.money import ZERO, exact_product, exact_sum, is_plain

REFERENCE_LENGTH_MAX: Final = 255
CURRENCY_LENGTH: Final = 3
LINES_MAX: Final = 1_000
STATUS_OF_NEW: Final = "Open"
SUPPLIER_STATUSES: Final = ("Active", "Archived")
ACCOUNT_TYPES: Final = ("Debit", "Credit")
ADDRESS_TYPES: Final = ("Billing", "Delivery", "Unknown")


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with what was sent: the field by its path, and a sentence."""

    field: str
    message: str


class Invalid(Exception):
    """What was sent cannot be written; nothing was."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(" ".join(dict.fromkeys(fault.message for fault in faults)))
        self.message = str(self)
        self.faults = tuple(faults)


class Given(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A piece of what is sent. Anything may be missing; unknown fields are ignored."""


class RefGiven(Given, frozen=True, kw_only=True):
    """A record that is referred to."""

    id: str | None = None
    """Identifier of the record."""


class TrackingRefGiven(Given, frozen=True, kw_only=True):
    """A record that a line is to be counted under."""

    id: str | None = None
    """Identifier of the record."""
    data_type: str | None = None
    """`trackingCategories` or `customers`."""
    is_billable: bool | None = None
    """Of a customer: whether the line will be charged on to them."""


class BillLinePrototype(Given, frozen=True, kw_only=True):
    """A line of a bill to be written. Amounts are without tax."""

    description: str | None = None
    """What was bought, in words."""
    unit_amount: Decimal | None = None
    """Price of one unit."""
    quantity: Decimal | None = None
    """How many units were bought; one, unless given."""
    tax_amount: Decimal | None = None
    """Tax on the line; worked out from the tax rate, unless given."""
    account_ref: RefGiven | None = None
    """Account that the line is booked to."""
    tax_rate_ref: RefGiven | None = None
    """Tax rate that the line is taxed at."""
    tracking_refs: list[TrackingRefGiven] | None = None
    """What the line is counted under."""


class BillPrototype(Given, frozen=True, kw_only=True):
    """A bill to be written: a new one, or a whole one in the place of an open one."""

    reference: str | None = None
    """Reference that people know the bill by, usually the supplier's invoice number."""
    supplier_ref: RefGiven | None = None
    """The supplier that sent the bill. Required."""
    issue_date: str | None = None
    """Date on the bill. Required."""
    due_date: str | None = None
    """Date by which the bill is to be paid. Required."""
    currency: str | None = None
    """Currency of the bill, ISO 4217. Required."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the bill's currency into the company's base currency."""
    line_items: list[BillLinePrototype] | None = None
    """The lines of the bill. Required."""
    status: str | None = None
    """Always `Open`. Required."""


class BillPaymentPrototype(Given, frozen=True, kw_only=True):
    """A payment of a bill, in full or in part."""

    amount: Decimal | None = None
    """What is paid, in the bill's currency. Required."""
    date: str | None = None
    """Date of the payment. Required."""
    reference: str | None = None
    """Reference that people know the payment by."""
    account_ref: RefGiven | None = None
    """Bank or card account that the money comes from. Required."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the bill's currency into the company's base currency."""


class AddressGiven(Given, frozen=True, kw_only=True):
    """A postal address of a supplier."""

    type: str | None = None
    """What the address is used for: `Billing` or `Delivery`."""
    line1: str | None = None
    """First line: house and street."""
    line2: str | None = None
    """Second line."""
    city: str | None = None
    """Town or city."""
    region: str | None = None
    """County, state or province."""
    country: str | None = None
    """Country: a name or a code."""
    postal_code: str | None = None
    """Postal or ZIP code."""


class SupplierPrototype(Given, frozen=True, kw_only=True):
    """A supplier to be written: a new one, or a whole one in the place of another. What is left out is cleared."""

    supplier_name: str | None = None
    """Name of the supplier. Required of a new one; an existing one keeps its name without it."""
    contact_name: str | None = None
    """The person to talk to."""
    email_address: str | None = None
    """Electronic mail address of the supplier."""
    phone: str | None = None
    """Telephone number of the supplier."""
    addresses: list[AddressGiven] | None = None
    """Postal addresses of the supplier."""
    status: str | None = None
    """`Active` or `Archived`. Required."""
    default_currency: str | None = None
    """Currency the supplier usually bills in, ISO 4217."""


class BankAccountPrototype(Given, frozen=True, kw_only=True):
    """A bank or card account to be opened in the books."""

    nominal_code: str | None = None
    """Number or code that bookkeepers will know the account by."""
    name: str | None = None
    """Name of the account in the books. Required."""
    account_type: str | None = None
    """`Debit` for money that is held, `Credit` for money that is borrowed. Required."""
    account_number: str | None = None
    """Number of the account at the bank. Required."""
    sort_code: str | None = None
    """Code of the bank's branch."""
    currency: str | None = None
    """Currency the account is held in, ISO 4217. Required."""


def check_bill(given: BillPrototype) -> None:
    """Raises Invalid."""
    faults = [
        *_ref_faults("supplierRef", "Supplier Ref", given.supplier_ref),
        *_date_faults("issueDate", "Issue Date", given.issue_date),
        *_date_faults("dueDate", "Due Date", given.due_date),
        *_currency_faults("currency", "Currency", given.currency),
        *_above_zero("currencyRate", "Currency Rate", given.currency_rate),
    ]
    if not given.status:
        faults.append(_empty("status", "Status"))
    elif given.status.casefold() != STATUS_OF_NEW.casefold():
        faults.append(Fault("status", f"`Status` must be equal to `{STATUS_OF_NEW}`."))
    if len(given.reference or "") > REFERENCE_LENGTH_MAX:
        message = f"`Reference Length` must be less than or equal to `{REFERENCE_LENGTH_MAX}`."
        faults.append(Fault("reference", message))
    lines = given.line_items
    if not lines:
        faults.append(_empty("lineItems", "Line Items"))
    elif len(lines) > LINES_MAX:
        faults.append(Fault("lineItems", f"A bill may have at most {LINES_MAX} lines."))
    else:
        found = [fault for place, line in enumerate(lines) for fault in _line_faults(f"lineItems[{place}]", line)]
        if not found and exact_sum(line_total(line) for line in lines) < 0:
            found.append(Fault("lineItems", "Sum of `LineItems` must be greater than or equal to `0`."))
        faults += found
    _raise(faults)


def line_total(line: BillLinePrototype) -> Decimal:
    """What the line comes to with the tax that it names, unrounded."""
    quantity = Decimal(1) if line.quantity is None else line.quantity
    return exact_sum((exact_product(line.unit_amount or ZERO, quantity), line.tax_amount or ZERO))


def check_payment(given: BillPaymentPrototype) -> None:
    """Raises Invalid."""
    faults = [] if given.amount is not None else [_empty("amount", "Amount")]
    faults += _above_zero("amount", "Amount", given.amount)
    faults += _date_faults("date", "Date", given.date)
    faults += _ref_faults("accountRef", "Account Ref", given.account_ref)
    faults += _above_zero("currencyRate", "Currency Rate", given.currency_rate)
    if len(given.reference or "") > REFERENCE_LENGTH_MAX:
        message = f"`Reference Length` must be less than or equal to `{REFERENCE_LENGTH_MAX}`."
        faults.append(Fault("reference", message))
    _raise(faults)


def check_supplier(given: SupplierPrototype, *, is_new: bool) -> None:
    """Raises Invalid."""
    faults = [] if given.supplier_name or not is_new else [_empty("supplierName", "Supplier Name")]
    faults += _word_faults("status", "Status", given.status, SUPPLIER_STATUSES)
    if given.default_currency:
        faults += _currency_faults("defaultCurrency", "Default Currency", given.default_currency)
    for place, address in enumerate(given.addresses or ()):
        faults += _word_faults(f"addresses[{place}].type", "Type", address.type, ADDRESS_TYPES)
    _raise(faults)


def check_bank_account(given: BankAccountPrototype) -> None:
    """Raises Invalid."""
    faults = [] if given.name else [_empty("name", "Name")]
    faults += _word_faults("accountType", "Account Type", given.account_type, ACCOUNT_TYPES)
    if not given.account_number:
        faults.append(_empty("accountNumber", "Account Number"))
    faults += _currency_faults("currency", "Currency", given.currency)
    _raise(faults)


def _raise(faults: list[Fault]) -> None:
    if faults:
        raise Invalid(faults)


def _empty(field: str, name: str) -> Fault:
    return Fault(field, f"`{name}` must not be empty.")


def _ref_faults(field: str, name: str, ref: RefGiven | None) -> list[Fault]:
    if ref is None:
        return [_empty(field, name)]
    return [] if ref.id else [_empty(f"{field}.id", f"{name} Id")]


def _date_faults(field: str, name: str, text: str | None) -> list[Fault]:
    if not text:
        return [_empty(field, name)]
    try:
        parse_contract_datetime(text)
    except ValueError:
        return [Fault(field, f"`{name}` must be a date such as 2026-01-31.")]
    return []


def _currency_faults(field: str, name: str, text: str | None) -> list[Fault]:
    if not text:
        return [_empty(field, name)]
    if len(text) != CURRENCY_LENGTH:
        return [Fault(field, f"`{name} Length` must be equal to `{CURRENCY_LENGTH}`.")]
    return [] if text.isascii() and text.isalpha() else [Fault(field, f"`{name}` must be an ISO 4217 code.")]


def _above_zero(field: str, name: str, number: Decimal | None) -> list[Fault]:
    if number is None:
        return []
    if not is_plain(number):
        return [_no_number(field, name)]
    return [] if number > 0 else [Fault(field, f"`{name}` must be greater than `0`.")]


def _word_faults(field: str, name: str, text: str | None, words: tuple[str, ...]) -> list[Fault]:
    if not text:
        return [_empty(field, name)]
    if text.casefold() in {word.casefold() for word in words}:
        return []
    return [Fault(field, f"`{name}` must be one of {', '.join(f'`{word}`' for word in words)}.")]


def _line_faults(field: str, line: BillLinePrototype) -> Iterator[Fault]:
    if line.unit_amount is None:
        yield _empty(f"{field}.unitAmount", "Unit Amount")
    numbers = {
        "unitAmount": ("Unit Amount", line.unit_amount),
        "quantity": ("Quantity", line.quantity),
        "taxAmount": ("Tax Amount", line.tax_amount),
    }
    for key, (name, number) in numbers.items():
        if number is not None and not is_plain(number):
            yield _no_number(f"{field}.{key}", name)
    for place, ref in enumerate(line.tracking_refs or ()):
        where = f"{field}.trackingRefs[{place}]"
        if not ref.id:
            yield _empty(f"{where}.id", "Tracking Ref Id")
        yield from _word_faults(f"{where}.dataType", "Data Type", ref.data_type, ("trackingCategories", "customers"))


def _no_number(field: str, name: str) -> Fault:
    return Fault(field, f"`{name}` must be a number of a size that can be calculated with.")
