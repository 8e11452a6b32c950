"""Taking a record back at Xero, and telling whether it was taken back.

Xero deletes hardly anything: a record gets the status DELETED, or VOIDED once it was approved. What reads as one of our
payments may be several things there: a payment, a batch of them, or the use of a credit note.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from bookbridge.connectors.kit.connector import Write
from bookbridge.connectors.kit.errors import RecordNotFound, Rejected, Uncertain
from bookbridge.connectors.kit.session import Intent, Written
from bookbridge.connectors.xero import document_payloads
from bookbridge.connectors.xero.chart import Chart
from bookbridge.connectors.xero.client import Client, Rows, decode, encode
from bookbridge.connectors.xero.read_payments import PAYABLE_PAYMENT_TYPES
from bookbridge.connectors.xero.rereads import ECHOES, EXACT_PRICES, allocated, written
from bookbridge.connectors.xero.write_bank import RECEIVE, SPEND

GONE: Final = frozenset({"DELETED", "VOIDED"})

_NEVER_APPROVED: Final = frozenset({"DRAFT", "SUBMITTED"})
_VOIDED_ONCE_APPROVED: Final = frozenset({"Invoices", "ManualJournals"})
_BATCH_TO_SUPPLIERS: Final = "PAYBATCH"
_SUPPLIERS_CREDIT: Final = "ACCPAYCREDIT"

_PATHS: Final = {"billPayments": ("Payments", "BatchPayments", "CreditNotes")}
"""Where a record of the type may be, if not only where it is written."""

_KINDS: Final = {
    "bills": frozenset({"ACCPAY"}),
    "invoices": frozenset({"ACCREC"}),
    "directCosts": frozenset({SPEND, RECEIVE}),
    "billPayments": frozenset({*PAYABLE_PAYMENT_TYPES, _BATCH_TO_SUPPLIERS, _SUPPLIERS_CREDIT}),
}
"""Types of the records that an id may name, where Xero keeps others under the same address."""


@dataclass(frozen=True)
class _Found:
    """The record at Xero, as one row, and the path of its list."""

    path: str
    rows: Rows[Any]

    @property
    def payload(self) -> Any:
        return self.rows.payloads[0]

    @property
    def uses(self) -> list[document_payloads.Allocation]:
        """What a credit note is set against now."""
        return [one for one in self.payload.allocations or () if one.allocation_id and not one.is_deleted]

    @property
    def is_gone(self) -> bool:
        if isinstance(self.payload, document_payloads.CreditNote):
            return not self.uses
        return self.payload.status in GONE


async def delete(client: Client, chart: Chart, write: Write[Any], intent: Intent, record_id: str) -> Written:
    """Take the record back; one that was taken back before is success.

    Raises RecordNotFound, Rejected for what Xero takes back only as a whole, Uncertain when it may have happened.
    """
    found = await _found(client, write, record_id)
    if found.is_gone:
        return await _outcome(client, chart, write, found)
    if isinstance(found.payload, document_payloads.CreditNote):
        return await _set_free(client, chart, found, intent)
    if isinstance(found.payload, document_payloads.Payment) and found.payload.batch_payment_id:
        batch_id = found.payload.batch_payment_id
        raise Rejected(f"It was paid in a batch, which Xero deletes as a whole: delete {batch_id} instead.")
    content = write.shape(None, client.access.facts)
    if found.path in _VOIDED_ONCE_APPROVED and found.payload.status not in _NEVER_APPROVED:
        content = {"Status": "VOIDED"}
    answer = await client.call(
        "POST",
        f"{found.path}/{quote(record_id, safe='')}",
        effect=True,
        params=EXACT_PRICES,
        headers={"Idempotency-Key": intent.key, "Content-Type": "application/json"},
        content=encode(content),
    )
    rows: Rows[Any] = decode(answer, found.path, ECHOES[found.path], effect=True)
    if not rows.payloads:
        raise Uncertain("Xero answered a deletion without the record.")
    return await _outcome(client, chart, write, _Found(found.path, rows))


async def gone(client: Client, chart: Chart, write: Write[Any], record_id: str) -> Written | None:
    """The effect of a deletion whose outcome is uncertain; None if it did not happen."""
    try:
        found = await _found(client, write, record_id)
    except RecordNotFound:
        return Written(record_id)
    return await _outcome(client, chart, write, found) if found.is_gone else None


async def _found(client: Client, write: Write[Any], record_id: str) -> _Found:
    for path in _PATHS.get(write.data_type.key, (write.path,)):
        try:
            rows = await client.rows(f"{path}/{quote(record_id, safe='')}", ECHOES[path], params=EXACT_PRICES)
        except RecordNotFound:
            continue
        if rows.payloads and _is_meant(write, rows.payloads[0], record_id):
            return _Found(path, rows)
    raise RecordNotFound(f"Xero has no such {write.data_type.singular}.")


def _is_meant(write: Write[Any], payload: Any, record_id: str) -> bool:
    # A number is as good as an id to Xero, but not to us.
    if getattr(payload, payload.__struct_fields__[0]).lower() != record_id.lower():
        return False
    kinds = _KINDS.get(write.data_type.key)
    return (
        kinds is None
        or (payload.payment_type if isinstance(payload, document_payloads.Payment) else payload.type) in kinds
    )


async def _set_free(client: Client, chart: Chart, found: _Found, intent: Intent) -> Written:
    """Take back the use of a credit note: one allocation, since Xero takes them back one by one."""
    if len(found.uses) > 1:
        count = len(found.uses)
        raise Rejected(f"The credit note is set against {count} documents, and Xero takes back one at a time only.")
    [use] = found.uses
    credit_id = found.payload.credit_note_id
    await client.call(
        "DELETE",
        f"CreditNotes/{quote(credit_id, safe='')}/Allocations/{quote(use.allocation_id or '', safe='')}",
        effect=True,
        headers={"Idempotency-Key": intent.key},
    )
    invoice_id = use.invoice.invoice_id if use.invoice else None
    return await allocated(client, chart, credit_id, [invoice_id] if invoice_id else [])


async def _outcome(client: Client, chart: Chart, write: Write[Any], found: _Found) -> Written:
    if isinstance(found.payload, document_payloads.CreditNote):
        return await allocated(client, chart, found.payload.credit_note_id, ())
    return await written(client, chart, write, found.path, found.rows)
