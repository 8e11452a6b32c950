"""WRITES: what Xero takes and demands, then one pure function per type from our record to its payload.

Amounts are sent exclusive of tax, as our records have them. Discounts are not written: Xero knows none on
purchases.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

from bookbridge.accounting.addresses import Address, AddressType
from bookbridge.accounting.types.bill_payments import (
    BILL_PAYMENTS,
    BillPayment,
    BillPaymentLineLinkType,
)
from bookbridge.accounting.types.bills import BILLS, Bill, BillLineItem, BillStatus
from bookbridge.accounting.types.suppliers import SUPPLIERS, Supplier, SupplierStatus
from bookbridge.connectors.kit.connector import Choice, Facts, Operation, Write
from bookbridge.connectors.kit.errors import FieldProblem
from bookbridge.connectors.xero.amounts import ONE, currency_rate

REFERENCE_LENGTH_MAX = 255
DESCRIPTION_LENGTH_MAX = 4_000
NAME_LENGTH_MAX = 255
COMPANY_NUMBER_LENGTH_MAX = 50
TRACKING_PER_LINE_MAX = 2
DATE_LENGTH = len("2026-01-31")

Json = dict[str, Any]
"""A payload about to be encoded: text, Decimal, lists and objects of the same."""


def supplier(record: Supplier, facts: Facts) -> Json:
    """A contact. What the record lacks is left alone."""
    del facts
    first_name, _, last_name = (record.contact_name or "").partition(" ")
    return _without_absent(
        {
            "Name": record.supplier_name,
            "FirstName": first_name or None,
            "LastName": last_name or None,
            "EmailAddress": record.email_address,
            "CompanyNumber": record.registration_number,
            "TaxNumber": record.tax_number,
            "DefaultCurrency": record.default_currency,
            "Phones": [_phone(record.phone)] if record.phone else None,
            "Addresses": [_address(address) for address in record.addresses] or None,
        }
    )


def supplier_update(record: Supplier, facts: Facts) -> Json:
    """A contact as a whole: what the record lacks is emptied, except the name."""
    given = {address["AddressType"]: address for address in map(_address, record.addresses)}
    emptied: Json = {
        "FirstName": "",
        "LastName": "",
        "EmailAddress": "",
        "CompanyNumber": "",
        "TaxNumber": "",
        "Phones": [_phone("")],
        "ContactStatus": "ARCHIVED" if record.status is SupplierStatus.ARCHIVED else "ACTIVE",
    }
    # Xero keeps an address until another of its kind is sent.
    addresses = [{**_EMPTY_ADDRESS, "AddressType": kind, **given.get(kind, {})} for kind in ("POBOX", "STREET")]
    return {**emptied, **supplier(record, facts), "Addresses": addresses}


_EMPTY_ADDRESS = dict.fromkeys(
    (
        "AddressLine1",
        "AddressLine2",
        "AddressLine3",
        "AddressLine4",
        "City",
        "Region",
        "PostalCode",
        "Country",
    ),
    "",
)


def _phone(number: str) -> Json:
    # Our number is whole; codes that Xero holds beside it would be put in front of it.
    return {"PhoneType": "DEFAULT", "PhoneNumber": number, "PhoneAreaCode": "", "PhoneCountryCode": ""}


def _address(address: Address) -> Json:
    return _without_absent(
        {
            "AddressType": "STREET" if address.type is AddressType.DELIVERY else "POBOX",
            "AddressLine1": address.line1,
            "AddressLine2": address.line2,
            "City": address.city,
            "Region": address.region,
            "PostalCode": address.postal_code,
            "Country": address.country,
        }
    )


def check_supplier(record: Supplier) -> list[FieldProblem]:
    """Xero keeps one address of each kind."""
    kinds = Counter("delivery" if one.type is AddressType.DELIVERY else "billing" for one in record.addresses)
    return [
        FieldProblem("addresses", f"Xero keeps one {kind} address, not {count}.")
        for kind, count in kinds.items()
        if count > 1
    ]


def bill(record: Bill, facts: Facts) -> Json:
    """An invoice of type ACCPAY. Without a rate Xero takes its own rate of the day."""
    return _without_absent(
        {
            "Type": "ACCPAY",
            "Contact": {"ContactID": record.supplier_ref.id} if record.supplier_ref else None,
            "InvoiceNumber": record.reference or None,
            "Date": _date(record.issue_date),
            "DueDate": _date(record.due_date),
            "LineAmountTypes": "Exclusive",
            "CurrencyCode": record.currency,
            "CurrencyRate": _vendor_rate(record, facts),
            "Status": "DRAFT" if record.status is BillStatus.DRAFT else "AUTHORISED",
            "LineItems": [_bill_line(line) for line in record.line_items],
        }
    )


def bill_update(record: Bill, facts: Facts) -> Json:
    """A bill as a whole: its lines replace all that were there."""
    return {"InvoiceNumber": "", **bill(record, facts)}


def _bill_line(line: BillLineItem) -> Json:
    return _without_absent(
        {
            "Description": line.description,
            "Quantity": line.quantity,
            "UnitAmount": line.unit_amount,
            "TaxAmount": line.tax_amount,
            "TaxType": line.tax_rate_ref.id if line.tax_rate_ref else None,
            "AccountID": line.account_ref.id if line.account_ref else None,
            "Tracking": [{"TrackingOptionID": ref.id} for ref in line.tracking_category_refs] or None,
        }
    )


def check_bill(record: Bill) -> list[FieldProblem]:
    """An approved bill needs an account on each line; at most two tracking categories per line."""
    found: list[FieldProblem] = []
    for position, line in enumerate(record.line_items):
        prefix = f"lineItems[{position}]"
        if record.status is BillStatus.OPEN and not (line.account_ref and line.account_ref.id):
            found.append(FieldProblem(f"{prefix}.accountRef.id", "An open bill needs an account on each line."))
        if len(line.tracking_category_refs) > TRACKING_PER_LINE_MAX:
            message = f"At most {TRACKING_PER_LINE_MAX} tracking categories can be put on a line."
            found.append(FieldProblem(f"{prefix}.trackingCategoryRefs", message))
    return found


def bill_payment(record: BillPayment, facts: Facts) -> Json:
    """A payment of one bill, from a bank account or another account that takes payments."""
    return _without_absent(
        {
            "Invoice": {"InvoiceID": record.lines[0].links[0].id},
            "Account": {"AccountID": record.account_ref.id} if record.account_ref else None,
            "Date": _date(record.date),
            "Amount": record.total_amount,
            "Reference": record.reference,
            "CurrencyRate": _vendor_rate(record, facts),
        }
    )


def check_bill_payment(record: BillPayment) -> list[FieldProblem]:
    """One line, linked to one bill, for the whole amount."""
    if len(record.lines) != 1 or len(record.lines[0].links) != 1:
        return [FieldProblem("lines", "A payment in Xero pays one bill: one line with one link.")]
    line = record.lines[0]
    link = line.links[0]
    found: list[FieldProblem] = []
    if link.type is not BillPaymentLineLinkType.BILL:
        found.append(FieldProblem("lines[0].links[0].type", "The link must be of type Bill."))
    if not link.id:
        found.append(FieldProblem("lines[0].links[0].id", "The link must name the bill."))
    if record.total_amount is None or record.total_amount <= 0:
        found.append(FieldProblem("totalAmount", "The amount must be greater than zero."))
    elif line.amount != record.total_amount:
        found.append(FieldProblem("lines[0].amount", "The line's amount must be the payment's total."))
    return found


def deleted_payment(record: None, facts: Facts) -> Json:
    """What takes a payment back: the bill is due again."""
    del record, facts
    return {"Status": "DELETED"}


def deleted_bill(record: None, facts: Facts) -> Json:
    """What removes a bill that was never approved; one that was is voided instead (see `sending`)."""
    del record, facts
    return {"Status": "DELETED"}


def _date(text: str | None) -> str | None:
    # Xero reads a date with a time and a zone as a moment and may store the day before.
    return text[:DATE_LENGTH] if text else None


def _vendor_rate(record: Bill | BillPayment, facts: Facts) -> Any:
    """Xero's rate is the inverse of ours; in the base currency there is none to send."""
    base = facts.get("base_currency")
    if record.currency_rate is None or record.currency in (None, base) or record.currency_rate == ONE:
        return None
    return currency_rate(record.currency, record.currency_rate, base)


def _without_absent(payload: Json) -> Json:
    return {name: value for name, value in payload.items() if value is not None}


_SUPPLIER_FIELDS = (
    "supplierName",
    "contactName",
    "emailAddress",
    "phone",
    "addresses.type",
    "addresses.line1",
    "addresses.line2",
    "addresses.city",
    "addresses.region",
    "addresses.postalCode",
    "addresses.country",
    "registrationNumber",
    "taxNumber",
    "defaultCurrency",
    "status",
)
_SUPPLIER_LENGTHS = {
    "supplierName": NAME_LENGTH_MAX,
    "contactName": NAME_LENGTH_MAX,
    "emailAddress": 255,
    "phone": 50,
    "registrationNumber": COMPANY_NUMBER_LENGTH_MAX,
    "taxNumber": 50,
    "addresses.line1": 500,
    "addresses.line2": 500,
    "addresses.city": 255,
    "addresses.region": 255,
    "addresses.postalCode": 50,
    "addresses.country": 50,
}
_SUPPLIER_CHOICES = {"addresses.type": Choice(("Billing", "Delivery"))}

_BILL_FIELDS = (
    "supplierRef.id",
    "reference",
    "issueDate",
    "dueDate",
    "currency",
    "currencyRate",
    "status",
    "subTotal",
    "taxAmount",
    "totalAmount",
    "lineItems.description",
    "lineItems.quantity",
    "lineItems.unitAmount",
    "lineItems.subTotal",
    "lineItems.taxAmount",
    "lineItems.totalAmount",
    "lineItems.accountRef.id",
    "lineItems.taxRateRef.id",
    "lineItems.trackingCategoryRefs.id",
)
"""Sub totals and totals are not sent, but checked against the lines before anything is."""

_BILL_REQUIRED = (
    "supplierRef.id",
    "issueDate",
    "dueDate",
    "status",
    "lineItems",
    "lineItems.description",
    "lineItems.quantity",
    "lineItems.unitAmount",
    "lineItems.taxAmount",
)
_BILL_CHOICES = {
    "status": Choice(("Draft", "Open")),
    "supplierRef.id": Choice(records_of="suppliers"),
    "lineItems.accountRef.id": Choice(records_of="chartOfAccounts"),
    "lineItems.taxRateRef.id": Choice(records_of="taxRates"),
    "lineItems.trackingCategoryRefs.id": Choice(records_of="trackingCategories"),
}
_BILL_LENGTHS = {"reference": REFERENCE_LENGTH_MAX, "lineItems.description": DESCRIPTION_LENGTH_MAX}

WRITES: Final[tuple[Write[Any], ...]] = (
    Write(
        SUPPLIERS,
        Operation.CREATE,
        "Contacts",
        supplier,
        fields=_SUPPLIER_FIELDS,
        required=("supplierName",),
        choices={**_SUPPLIER_CHOICES, "status": Choice(("Active",))},
        length_max=_SUPPLIER_LENGTHS,
        check=check_supplier,
    ),
    Write(
        SUPPLIERS,
        Operation.UPDATE,
        "Contacts",
        supplier_update,
        fields=_SUPPLIER_FIELDS,
        required=("supplierName",),
        choices={**_SUPPLIER_CHOICES, "status": Choice(("Active", "Archived"))},
        length_max=_SUPPLIER_LENGTHS,
        check=check_supplier,
    ),
    Write(
        BILLS,
        Operation.CREATE,
        "Invoices",
        bill,
        fields=_BILL_FIELDS,
        required=_BILL_REQUIRED,
        choices=_BILL_CHOICES,
        length_max=_BILL_LENGTHS,
        check=check_bill,
    ),
    Write(
        BILLS,
        Operation.UPDATE,
        "Invoices",
        bill_update,
        fields=_BILL_FIELDS,
        required=_BILL_REQUIRED,
        choices=_BILL_CHOICES,
        length_max=_BILL_LENGTHS,
        check=check_bill,
    ),
    Write(BILLS, Operation.DELETE, "Invoices", deleted_bill, fields=()),
    Write(
        BILL_PAYMENTS,
        Operation.CREATE,
        "Payments",
        bill_payment,
        fields=(
            "supplierRef.id",
            "accountRef.id",
            "totalAmount",
            "currency",
            "currencyRate",
            "date",
            "reference",
            "lines.amount",
            "lines.allocatedOnDate",
            "lines.links.type",
            "lines.links.id",
            "lines.links.amount",
        ),
        required=("accountRef.id", "totalAmount", "date", "lines", "lines.links"),
        choices={
            "accountRef.id": Choice(records_of="chartOfAccounts"),
            "lines.links.type": Choice(("Bill",)),
            "lines.links.id": Choice(records_of="bills"),
        },
        length_max={"reference": REFERENCE_LENGTH_MAX},
        check=check_bill_payment,
    ),
    Write(BILL_PAYMENTS, Operation.DELETE, "Payments", deleted_payment, fields=()),
)
