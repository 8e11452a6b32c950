"""What a write came to: the records as Xero now holds them, to be kept as if a sync had read them.

Everything fetched beside the vendor's own answer is a courtesy: its failure does not undo a write that landed.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

import structlog

from bookbridge.accounting.records import ListedRecord
from bookbridge.accounting.references import RecordRef
from bookbridge.connectors.kit.connector import Write
from bookbridge.connectors.kit.errors import VendorError
from bookbridge.connectors.kit.session import Reread, Written
from bookbridge.connectors.xero import payloads
from bookbridge.connectors.xero.chart import Chart
from bookbridge.connectors.xero.client import Client, Rows
from bookbridge.connectors.xero.ledger_payloads import BankTransaction
from bookbridge.connectors.xero.read import READS
from bookbridge.connectors.xero.write_bank import RECEIVE, SPEND

log = structlog.get_logger(__name__)

EXACT_PRICES: Final = {"unitdp": "4"}
"""Xero rounds unit prices to two places unless told that four are meant."""

_MADE_OF: Final = {SPEND: "directCosts", RECEIVE: "directIncomes"}


async def written(client: Client, chart: Chart, write: Write[Any], path: str, rows: Rows[Any]) -> Written:
    """What the first of the rows, Xero's own account of a record of the list at `path`, comes to."""
    first = rows.payloads[0]
    rereads = await of_rows(client, chart, path, rows)
    match first:
        case payloads.Payment():
            # The payment changed the document: what is due, its status, its allocations.
            rereads += await _paid(client, chart, first)
        case BankTransaction(type=str(kind)) if _MADE_OF.get(kind, write.data_type.key) != write.data_type.key:
            made = (RecordRef(id=first.bank_transaction_id, data_type=_MADE_OF[kind]),)
            return Written(first.bank_transaction_id, rereads, changed=made)
    return Written(_id(first), rereads)


def _id(payload: Any) -> str:
    # The first field of every listed payload is its id.
    found: str = getattr(payload, payload.__struct_fields__[0])
    return found


async def _paid(client: Client, chart: Chart, payment: payloads.Payment) -> tuple[Reread, ...]:
    if payment.invoice is None or not payment.invoice.invoice_id:
        return ()
    return await of_record(client, chart, "Invoices", payloads.Invoice, payment.invoice.invoice_id)


async def of_record(client: Client, chart: Chart, path: str, payload: type[Any], record_id: str) -> tuple[Reread, ...]:
    """One record, fetched; nothing if that fails."""
    try:
        rows = await client.rows(f"{path}/{quote(record_id, safe='')}", payload, params=EXACT_PRICES)
    except VendorError as error:
        log.info("touched_record_not_reread", path=path, error=type(error).__name__)
        return ()
    return await of_rows(client, chart, path, rows)


async def of_rows(client: Client, chart: Chart, path: str, rows: Rows[Any]) -> tuple[Reread, ...]:
    """Every row as the record, or records, that it makes of each data type that reads the list at `path`."""
    try:
        await chart.complete(rows.payloads)
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
