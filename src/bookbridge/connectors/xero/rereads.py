"""What a write came to: the records as Xero now holds them, to be kept as if a sync had read them.

Everything fetched beside the vendor's own answer is a courtesy: its failure does not undo a write that landed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

import structlog

from bookbridge.accounting.records import ListedRecord
from bookbridge.accounting.references import RecordRef
from bookbridge.connectors.kit.connector import Write
from bookbridge.connectors.kit.errors import VendorError
from bookbridge.connectors.kit.session import Reread, Written
from bookbridge.connectors.xero import balances, document_payloads
from bookbridge.connectors.xero.chart import Chart
from bookbridge.connectors.xero.client import Client, Rows
from bookbridge.connectors.xero.ledger_payloads import BankTransaction, BatchPayment
from bookbridge.connectors.xero.read import READS
from bookbridge.connectors.xero.write_bank import RECEIVE, SPEND

log = structlog.get_logger(__name__)

EXACT_PRICES: Final = {"unitdp": "4"}
"""Xero rounds unit prices to two places unless told that four are meant."""

ECHOES: Final[dict[str, type[Any]]] = {
    source.path: source.payload for read in reversed(READS) for source in reversed(read.sources)
}
"""What Xero answers a write with, by path: what is read of the list there, the plainer payload if there are two."""

IDS_PER_CALL_MAX: Final = 25
"""Records that one filter names by their ids; the address stays well below what servers take."""

_MADE_OF: Final = {SPEND: "directCosts", RECEIVE: "directIncomes"}


async def written(client: Client, chart: Chart, write: Write[Any], path: str, rows: Rows[Any]) -> Written:
    """What the first of the rows, Xero's own account of a record of the list at `path`, comes to."""
    first = rows.payloads[0]
    rereads = await of_rows(client, chart, path, rows)
    match first:
        case document_payloads.Payment():
            return Written(first.payment_id, rereads + await _settled(client, chart, first))
        case BatchPayment():
            return await _batch(client, chart, write, first, rereads)
        case BankTransaction(overpayment_id=str(overpayment_id)):
            made = await of_record(client, chart, "Overpayments", document_payloads.Overpayment, overpayment_id)
            return Written(overpayment_id, rereads + made)
        case BankTransaction(type=str(kind)) if _MADE_OF.get(kind, write.data_type.key) != write.data_type.key:
            became = (RecordRef(id=first.bank_transaction_id, data_type=_MADE_OF[kind]),)
            return Written(first.bank_transaction_id, rereads, changed=became)
    # The first field of every listed payload is its id.
    return Written(getattr(first, first.__struct_fields__[0]), rereads)


async def allocated(client: Client, chart: Chart, credit_id: str, invoice_ids: Sequence[str]) -> Written:
    """A credit note whose use was changed, with the documents that it was set against."""
    note = await of_record(client, chart, "CreditNotes", document_payloads.CreditNote, credit_id)
    paid = await of_ids(client, chart, "Invoices", document_payloads.Invoice, "InvoiceID", invoice_ids)
    return Written(credit_id, note + paid, was_there=True)


async def _settled(client: Client, chart: Chart, payment: document_payloads.Payment) -> tuple[Reread, ...]:
    """The document that a payment changed: what is due or left of it, its status, its allocations."""
    if payment.credit_note and payment.credit_note.credit_note_id:
        return await of_record(
            client, chart, "CreditNotes", document_payloads.CreditNote, payment.credit_note.credit_note_id
        )
    if payment.overpayment and payment.overpayment.overpayment_id:
        return await of_record(
            client, chart, "Overpayments", document_payloads.Overpayment, payment.overpayment.overpayment_id
        )
    if payment.prepayment and payment.prepayment.prepayment_id:
        return await of_record(
            client, chart, "Prepayments", document_payloads.Prepayment, payment.prepayment.prepayment_id
        )
    if payment.invoice and payment.invoice.invoice_id:
        return await of_record(client, chart, "Invoices", document_payloads.Invoice, payment.invoice.invoice_id)
    return ()


async def _batch(
    client: Client, chart: Chart, write: Write[Any], batch: BatchPayment, rereads: tuple[Reread, ...]
) -> Written:
    """A batch is a payment of each document to us, and one movement on the bank account."""
    payment_ids = [one.payment_id for one in batch.payments or () if one.payment_id]
    invoice_ids = [one.invoice.invoice_id for one in batch.payments or () if one.invoice and one.invoice.invoice_id]
    rereads += await of_ids(client, chart, "Payments", document_payloads.Payment, "PaymentID", payment_ids)
    rereads += await of_ids(client, chart, "Invoices", document_payloads.Invoice, "InvoiceID", invoice_ids)
    made = [RecordRef(id=payment_id, data_type=write.data_type.key) for payment_id in payment_ids]
    movement = RecordRef(id=batch.batch_payment_id, data_type="accountTransactions")
    return Written(
        payment_ids[0] if payment_ids else batch.batch_payment_id, rereads, changed=(*made, movement) if made else ()
    )


async def of_record(client: Client, chart: Chart, path: str, payload: type[Any], record_id: str) -> tuple[Reread, ...]:
    """One record, fetched; nothing if that fails."""
    try:
        rows = await client.rows(f"{path}/{quote(record_id, safe='')}", payload, params=EXACT_PRICES)
    except VendorError as error:
        log.info("touched_record_not_reread", path=path, error=type(error).__name__)
        return ()
    return await of_rows(client, chart, path, rows)


async def of_ids(
    client: Client, chart: Chart, path: str, payload: type[Any], id_name: str, ids: Sequence[str]
) -> tuple[Reread, ...]:
    """Several records, fetched a few calls at a time; fewer if that fails."""
    found: tuple[Reread, ...] = ()
    for start in range(0, len(ids), IDS_PER_CALL_MAX):
        wanted = ids[start : start + IDS_PER_CALL_MAX]
        where = " OR ".join(f'{id_name}==guid("{record_id}")' for record_id in wanted)
        try:
            rows = await client.rows(path, payload, params={"where": where, "page": "1", **EXACT_PRICES})
        except VendorError as error:
            log.info("touched_records_not_reread", path=path, error=type(error).__name__)
            continue
        found += await of_rows(client, chart, path, rows)
    return found


async def of_rows(client: Client, chart: Chart, path: str, rows: Rows[Any]) -> tuple[Reread, ...]:
    """Every row as the record, or records, that it makes of each data type that reads the list at `path`."""
    try:
        await chart.complete(rows.payloads)
        await balances.complete(client, rows.payloads)
    except VendorError as error:
        log.info("accounts_not_named", error=type(error).__name__)
    found: list[Reread] = []
    for read in READS:
        for source in read.sources:
            # A data type that reads this list in more detail waits for its next sync.
            if source.path != path or not rows.payloads or source.payload is not type(rows.payloads[0]):
                continue
            for payload, raw in zip(rows.payloads, rows.raws, strict=True):
                shaped = source.shape(payload, client.access.facts)
                if isinstance(shaped, ListedRecord):
                    found.append(Reread(read.data_type.key, source.name, shaped, raw))
    return tuple(found)
