"""From what callers send to the accounting records that the push room writes, as JSON. Pure.

An update replaces what Bill Pay knows of a record and keeps what it does not know (a bill's note, a supplier's tax
number): callers cannot mean to clear what they cannot see.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from bookbridge.accounting.money import (
    ZERO,
    currency_places,
    exact_product,
    exact_sum,
    round_half_up,
)
from bookbridge.accounting.types.bills import Bill
from bookbridge.accounting.types.suppliers import Supplier
from bookbridge.products.bill_pay.prototypes import (
    BankAccountPrototype,
    BillLinePrototype,
    BillPaymentPrototype,
    BillPrototype,
    SupplierPrototype,
    TrackingRefGiven,
)

PER_CENT: Final = Decimal("0.01")

Json = dict[str, Any]
Rates = Mapping[str, Decimal]
"""Tax rates in per cent by their ids."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


def bill(given: BillPrototype, rates: Rates, kept: Bill | None = None) -> bytes:
    """A bill with its amounts worked out. `kept` is the bill that it replaces. For content that was checked."""
    lines = [_line(line, given.currency, rates) for line in given.line_items or ()]
    note = kept.note if kept else None
    orders = [msgspec.to_builtins(ref) for ref in kept.purchase_order_refs] if kept else []
    body = {
        "supplierRef": {"id": given.supplier_ref.id if given.supplier_ref else None},
        "reference": given.reference,
        "issueDate": given.issue_date,
        "dueDate": given.due_date,
        "currency": given.currency.upper() if given.currency else None,
        "currencyRate": given.currency_rate,
        "status": "Open",
        "subTotal": exact_sum(line["subTotal"] for line in lines),
        "taxAmount": exact_sum(line["taxAmount"] for line in lines),
        "totalAmount": exact_sum(line["totalAmount"] for line in lines),
        "lineItems": lines,
        "note": note,
        "purchaseOrderRefs": orders or None,
    }
    return _encode(_present(body))


def _line(line: BillLinePrototype, currency: str | None, rates: Rates) -> Json:
    places = currency_places(currency)
    quantity = Decimal(1) if line.quantity is None else line.quantity
    unit_amount = line.unit_amount or ZERO
    sub_total = round_half_up(exact_product(unit_amount, quantity), places)
    rate_id = line.tax_rate_ref.id if line.tax_rate_ref else None
    tax = line.tax_amount
    if tax is None:
        per_cent = rates.get(rate_id, ZERO) if rate_id else ZERO
        tax = round_half_up(exact_product(exact_product(sub_total, per_cent), PER_CENT), places)
    refs = line.tracking_refs or []
    return _present(
        {
            "description": line.description,
            "unitAmount": unit_amount,
            "quantity": quantity,
            "subTotal": sub_total,
            "taxAmount": tax,
            "totalAmount": exact_sum((sub_total, tax)),
            "accountRef": {"id": line.account_ref.id} if line.account_ref and line.account_ref.id else None,
            "taxRateRef": {"id": rate_id} if rate_id else None,
            "trackingCategoryRefs": [{"id": ref.id} for ref in refs if not is_customer(ref)] or None,
            "tracking": _tracking(refs),
        }
    )


def is_customer(ref: TrackingRefGiven) -> bool:
    """Whether a line is to be counted under a customer rather than a category."""
    return (ref.data_type or "").casefold() == "customers"


def _tracking(refs: list[TrackingRefGiven]) -> Json | None:
    customer = next((ref for ref in refs if is_customer(ref)), None)
    if customer is None:
        return None
    return {
        "categoryRefs": [{"id": ref.id} for ref in refs if not is_customer(ref)],
        "customerRef": {"id": customer.id},
        "isBilledTo": "Customer",
        "isRebilledTo": "Customer" if customer.is_billable else "NotApplicable",
    }


def payment(given: BillPaymentPrototype, paid: Bill) -> bytes:
    """A payment of one bill, from one account. For content that was checked."""
    amount = given.amount or ZERO
    body = {
        "supplierRef": {"id": paid.supplier_ref.id} if paid.supplier_ref else None,
        "accountRef": {"id": given.account_ref.id if given.account_ref else None},
        "totalAmount": amount,
        "currency": paid.currency,
        "currencyRate": given.currency_rate,
        "date": given.date,
        "reference": given.reference,
        "lines": [{"amount": amount, "links": [{"type": "Bill", "id": paid.id, "amount": amount.copy_negate()}]}],
    }
    return _encode(_present(body))


def supplier(given: SupplierPrototype, kept: Supplier | None = None) -> bytes:
    """A supplier. `kept` is the one that it replaces. For content that was checked."""
    addresses = [
        _present({**msgspec.to_builtins(address), "type": _word(address.type)}) for address in given.addresses or ()
    ]
    body = {
        "supplierName": given.supplier_name or (kept.supplier_name if kept else None),
        "contactName": given.contact_name or None,
        "emailAddress": given.email_address or None,
        "phone": given.phone or None,
        "addresses": addresses or None,
        "status": _word(given.status),
        "defaultCurrency": given.default_currency.upper() if given.default_currency else None,
        "registrationNumber": kept.registration_number if kept else None,
        "taxNumber": kept.tax_number if kept else None,
    }
    return _encode(_present(body))


def bank_account(given: BankAccountPrototype) -> bytes:
    """A bank account. For content that was checked."""
    body = {
        "accountName": given.name,
        "accountType": _word(given.account_type),
        "nominalCode": given.nominal_code or None,
        "sortCode": given.sort_code or None,
        "accountNumber": given.account_number,
        "currency": given.currency.upper() if given.currency else None,
    }
    return _encode(_present(body))


def _word(text: str | None) -> str | None:
    """A word in the contract's spelling, whatever case it was sent in."""
    return text.capitalize() if text else None


def _present(content: Json) -> Json:
    return {name: value for name, value in content.items() if value is not None}
