"""What Bill Pay writes: each function checks one request against the ledger and makes of it a push submission.

Nothing is written here. What comes back has been checked as far as anybody can before sending; the push room checks
again by the platform's own rules, and the platform has the last word.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bookbridge.accounting.types.bills import Bill, BillStatus
from bookbridge.accounting.types.suppliers import Supplier
from bookbridge.connectors.kit.connector import Operation
from bookbridge.connectors.kit.session import File
from bookbridge.products.bill_pay import bodies
from bookbridge.products.bill_pay.checks import Fault, Invalid, too_fine
from bookbridge.products.bill_pay.ledger import Ledger
from bookbridge.products.bill_pay.prototypes import (
    BankAccountPrototype,
    BillPaymentPrototype,
    BillPrototype,
    SupplierPrototype,
)
from bookbridge.push.submit import Submission, write_row

_PAYABLE: Final = (BillStatus.OPEN, BillStatus.PARTIALLY_PAID)
_TRACKING_FIELD: Final = "lineItems.tracking."

Places = dict[str, list[str]]
"""Ids that are referred to, and the fields that do."""


async def new_bill(ledger: Ledger, given: BillPrototype) -> Submission:
    """A bill to create. Raises Invalid, NotSupported, any VendorError."""
    return await _bill(ledger, given, Operation.CREATE, None)


async def changed_bill(ledger: Ledger, bill_id: str, given: BillPrototype) -> Submission:
    """A bill to put in the place of an open one. Raises RecordNotFound, Invalid, NotSupported, any VendorError."""
    kept = await ledger.record("bills", bill_id, Bill)
    if kept.status is not BillStatus.OPEN:
        raise Invalid([Fault("status", f"Only an open bill can be updated; this one is {kept.status.value}.")])
    return await _bill(ledger, given, Operation.UPDATE, kept)


async def _bill(ledger: Ledger, given: BillPrototype, operation: Operation, kept: Bill | None) -> Submission:
    row = write_row(ledger.connector, "bills", operation)
    faults: list[Fault] = []
    lines = given.line_items or []
    supplier = given.supplier_ref.id if given.supplier_ref else None
    if supplier:
        faults += await _not_found(ledger, "suppliers", {supplier: ["supplierRef.id"]}, "SupplierRef Id")
    accounts = _places(
        (line.account_ref.id, f"lineItems[{n}].accountRef") for n, line in enumerate(lines) if line.account_ref
    )
    faults += await _not_found(ledger, "chartOfAccounts", accounts, "Account Ref")
    rates = _places(
        (line.tax_rate_ref.id, f"lineItems[{n}].taxRateRef") for n, line in enumerate(lines) if line.tax_rate_ref
    )
    faults += await _not_found(ledger, "taxRates", rates, "Tax Rate Ref")
    refs = [(n, m, ref) for n, line in enumerate(lines) for m, ref in enumerate(line.tracking_refs or ())]
    categories = _places(
        (ref.id, f"lineItems[{n}].trackingRefs[{m}]") for n, m, ref in refs if not bodies.is_customer(ref)
    )
    faults += await _not_found(ledger, "trackingCategories", categories, "Tracking Ref")
    if not any(field.startswith(_TRACKING_FIELD) for field in row.fields):
        # Left out in silence, the cost would never be charged on.
        message = f"Lines cannot be counted under customers in {ledger.platform}."
        faults += [Fault(f"lineItems[{n}].trackingRefs[{m}]", message) for n, m, ref in refs if bodies.is_customer(ref)]
    if faults:
        raise Invalid(faults)
    body = bodies.bill(given, await ledger.tax_rates(rates), kept)
    return _submission("bills", operation, body, kept.id if kept else None)


async def payment(ledger: Ledger, bill_id: str, given: BillPaymentPrototype) -> Submission:
    """A payment of a bill. Raises RecordNotFound, Invalid, NotSupported, any VendorError."""
    write_row(ledger.connector, "billPayments", Operation.CREATE)
    paid = await ledger.current("bills", bill_id, Bill)
    if paid.status not in _PAYABLE:
        raise Invalid([Fault("", f"Only an open or partly paid bill can be paid; this one is {paid.status.value}.")])
    faults: list[Fault] = []
    if given.amount is not None and paid.amount_due is not None and given.amount > paid.amount_due:
        faults.append(Fault("amount", f"`Amount` must be less than or equal to `{paid.amount_due}`, which is due."))
    if given.amount is not None:
        faults += too_fine("amount", "Amount", given.amount, paid.currency)
    account = given.account_ref.id if given.account_ref else None
    if account:
        faults += await _not_found(ledger, "chartOfAccounts", {account: ["accountRef"]}, "Account Ref")
    if faults:
        raise Invalid(faults)
    return _submission("billPayments", Operation.CREATE, bodies.payment(given, paid))


async def new_supplier(ledger: Ledger, given: SupplierPrototype) -> Submission:
    """A supplier to create. Raises NotSupported."""
    write_row(ledger.connector, "suppliers", Operation.CREATE)
    return _submission("suppliers", Operation.CREATE, bodies.supplier(given))


async def changed_supplier(ledger: Ledger, supplier_id: str, given: SupplierPrototype) -> Submission:
    """A supplier to put in the place of another. Raises RecordNotFound, NotSupported, any VendorError."""
    write_row(ledger.connector, "suppliers", Operation.UPDATE)
    kept = await ledger.record("suppliers", supplier_id, Supplier)
    return _submission("suppliers", Operation.UPDATE, bodies.supplier(given, kept), supplier_id)


async def new_bank_account(ledger: Ledger, given: BankAccountPrototype) -> Submission:
    """A bank account to open in the books. Raises NotSupported."""
    write_row(ledger.connector, "bankAccounts", Operation.CREATE)
    return _submission("bankAccounts", Operation.CREATE, bodies.bank_account(given))


async def attachment(ledger: Ledger, bill_id: str, file: File) -> Submission:
    """A file to attach to a bill. Raises RecordNotFound, any VendorError."""
    await ledger.record("bills", bill_id, Bill)
    return Submission("bills", Operation.UPLOAD_ATTACHMENT, record_id=bill_id, file=file, sync_on_complete=False)


def _submission(data_type: str, kind: Operation, body: bytes, record_id: str | None = None) -> Submission:
    # The record is stored with the outcome of the write, so nothing need be read again. An update was compared with
    # the ledger itself just now, not with what was stored of it long ago.
    return Submission(data_type, kind, record_id=record_id, body=body, sync_on_complete=False, force_update=True)


def _places(references: Iterable[tuple[str | None, str]]) -> Places:
    found: Places = {}
    for record_id, field in references:
        if record_id:
            found.setdefault(record_id, []).append(field)
    return found


async def _not_found(ledger: Ledger, data_type: str, places: Places, name: str) -> list[Fault]:
    missing = await ledger.missing(data_type, places) if places else set()
    message = f"{name} was not found in {ledger.platform}."
    return [Fault(field, message) for record_id in places if record_id in missing for field in places[record_id]]
