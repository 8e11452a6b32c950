"""What must be right about what callers send before the ledger is asked, in the contract's words. Pure.

Whatever else a platform demands is for the push room and the platform to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bookbridge.accounting.currencies import is_currency
from bookbridge.accounting.dates import parse_contract_datetime
from bookbridge.accounting.money import ZERO, currency_places, exact_product, exact_sum, is_plain, round_half_up
from bookbridge.products.bill_pay.prototypes import (
    BankAccountPrototype,
    BillLinePrototype,
    BillPaymentPrototype,
    BillPrototype,
    RefGiven,
    SupplierPrototype,
)

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
        found = [
            fault
            for place, line in enumerate(lines)
            for fault in _line_faults(f"lineItems[{place}]", line, given.currency)
        ]
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
    return [] if is_currency(text) else [Fault(field, f"No currency exists for code `{text}`.")]


def too_fine(field: str, name: str, amount: Decimal, currency: str | None) -> list[Fault]:
    """A fault if the amount is smaller than the currency's coins: what moves is money."""
    places = currency_places(currency)
    if round_half_up(amount, places) == amount:
        return []
    return [Fault(field, f"`{name}` must have at most `{places}` decimal places in {(currency or '').upper()}.")]


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


def _line_faults(field: str, line: BillLinePrototype, currency: str | None) -> Iterator[Fault]:
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
    if line.tax_amount is not None and is_plain(line.tax_amount):
        yield from too_fine(f"{field}.taxAmount", "Tax Amount", line.tax_amount, currency)
    for place, ref in enumerate(line.tracking_refs or ()):
        where = f"{field}.trackingRefs[{place}]"
        if not ref.id:
            yield _empty(f"{where}.id", "Tracking Ref Id")
        yield from _word_faults(f"{where}.dataType", "Data Type", ref.data_type, ("trackingCategories", "customers"))


def _no_number(field: str, name: str) -> Fault:
    return Fault(field, f"`{name}` must be a number of a size that can be calculated with.")
