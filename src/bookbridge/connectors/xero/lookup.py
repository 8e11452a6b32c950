"""Did a write land? The look-up that comes before anything is sent a second time.

Xero keeps our key only to replay an answer and does not let us search by it, so a write is recognised by
what it wrote (`searches`) and by when: a record that was last changed before the intent was recorded is not ours.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from bookbridge.accounting.records import Record
from bookbridge.accounting.types.bill_payments import BillPayment
from bookbridge.accounting.types.payments import Payment
from bookbridge.connectors.kit.connector import Operation, Write
from bookbridge.connectors.kit.session import Intent, Written
from bookbridge.connectors.xero import deleting, document_payloads
from bookbridge.connectors.xero.chart import Chart
from bookbridge.connectors.xero.client import Client, Rows
from bookbridge.connectors.xero.dates import from_milliseconds, http_date, milliseconds
from bookbridge.connectors.xero.deleting import GONE
from bookbridge.connectors.xero.ledger_payloads import BankTransaction, BankTransfer, BatchPayment
from bookbridge.connectors.xero.rereads import ECHOES, EXACT_PRICES, allocated, written
from bookbridge.connectors.xero.searches import Search, search_of

CLOCK_TOLERANCE: Final = timedelta(minutes=2)
"""How far Xero's clock may be behind ours."""

PAGES_MAX: Final = 50
"""Pages of records that one look-up turns, of 100 records each: far more than change while a write is uncertain."""


async def find(
    client: Client,
    chart: Chart,
    write: Write[Any],
    record: Record | None,
    intent: Intent,
    record_id: str | None,
) -> Written | None:
    """The effect of a write whose outcome is uncertain; None if it did not land.

    An update is always None: sending the same whole record again leads to the same state.
    """
    if write.operation is Operation.DELETE and record_id:
        return await deleting.gone(client, chart, write, record_id)
    if write.operation is not Operation.CREATE or record is None:
        return None
    search = search_of(record)
    rows = None if search is None else await _changed_since(client, search, intent)
    if search is None or rows is None:
        return None
    if isinstance(record, BillPayment | Payment) and isinstance(rows.payloads[0], document_payloads.CreditNote):
        uses = rows.payloads[0].allocations or ()
        paid = [use.invoice.invoice_id for use in uses if use.invoice and use.invoice.invoice_id]
        return await allocated(client, chart, rows.payloads[0].credit_note_id, paid)
    return await written(client, chart, write, search.path, rows)


async def _changed_since(client: Client, search: Search, intent: Intent) -> Rows[Any] | None:
    """The first fitting record that was changed after the intent was recorded, as one row."""
    earliest = intent.recorded_at - CLOCK_TOLERANCE
    conditions = {"where": search.where} if search.where else {}
    for page in range(1, PAGES_MAX + 1):
        rows = await client.rows(
            search.path,
            ECHOES[search.path],
            params={**conditions, "page": str(page), "order": _order(search), **EXACT_PRICES},
            headers={"If-Modified-Since": http_date(earliest)},
        )
        for place, one in enumerate(rows.payloads):
            if _may_be_ours(one, earliest, intent) and search.is_ours(one):
                return Rows([one], [rows.raws[place]])
        # An answer without Xero's word on pages is a whole list.
        if rows.pagination is None or rows.pagination.page_count is None or page >= rows.pagination.page_count:
            break
    return None


def _order(search: Search) -> str:
    return "CreatedDateUTC ASC" if search.path == "BankTransfers" else "UpdatedDateUTC ASC"


def _may_be_ours(payload: Any, earliest: datetime, intent: Intent) -> bool:
    is_gone = getattr(payload, "status", None) in GONE
    return not is_gone and _changed(payload) >= earliest and intent.claimed.isdisjoint(_ids(payload))


def _ids(payload: Any) -> set[str]:
    """The ids under which an earlier write of ours may have named what this is."""
    match payload:
        case document_payloads.CreditNote(allocations=uses) if uses:
            # Set against something before: its use is told by amounts and days.
            return set()
        case BatchPayment():
            return {one.payment_id for one in payload.payments or () if one.payment_id}
        case BankTransaction(overpayment_id=str(overpayment_id)):
            return {overpayment_id}
    return {getattr(payload, payload.__struct_fields__[0])}


def _changed(payload: Any) -> datetime:
    # Of a transfer Xero tells only when it was made.
    moment = payload.created_date_utc if isinstance(payload, BankTransfer) else payload.updated_date_utc
    return from_milliseconds(milliseconds(moment) or 0)
