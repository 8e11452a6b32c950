"""Did a write land? The look-up that comes before anything is sent a second time.

Xero keeps our key only to replay an answer and does not let us search by it, so a write is recognised by
what it wrote and by when: a record that was last changed before the intent was recorded is not ours.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from bookbridge.accounting.records import Record
from bookbridge.accounting.types.bill_payments import BillPayment
from bookbridge.accounting.types.bills import Bill
from bookbridge.accounting.types.suppliers import Supplier
from bookbridge.connectors.kit.connector import Operation, Write
from bookbridge.connectors.kit.errors import RecordNotFound
from bookbridge.connectors.kit.session import Intent, Written
from bookbridge.connectors.xero import payloads
from bookbridge.connectors.xero.chart import Chart
from bookbridge.connectors.xero.client import Client, Rows
from bookbridge.connectors.xero.dates import day, from_milliseconds, http_date, milliseconds
from bookbridge.connectors.xero.sending import written

P = TypeVar("P")

CLOCK_TOLERANCE = timedelta(minutes=2)
"""How far Xero's clock may be behind ours."""

_GONE = frozenset({"DELETED", "VOIDED"})


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
        return await _deleted(client, chart, write, record_id)
    if write.operation is not Operation.CREATE:
        return None
    rows: Rows[Any] | None = None
    if isinstance(record, Supplier):
        rows = await _supplier(client, record, intent)
    elif isinstance(record, Bill):
        rows = await _bill(client, record, intent)
    elif isinstance(record, BillPayment):
        rows = await _payment(client, record, intent)
    return None if rows is None else await written(client, chart, write, rows)


async def _deleted(client: Client, chart: Chart, write: Write[Any], record_id: str) -> Written | None:
    payload: type[Any] = payloads.Payment if write.path == "Payments" else payloads.Invoice
    try:
        rows = await client.rows(f"{write.path}/{quote(record_id, safe='')}", payload)
    except RecordNotFound:
        return Written(record_id)
    if rows.payloads and rows.payloads[0].status in _GONE:
        return await written(client, chart, write, rows)
    return None


async def _supplier(client: Client, record: Supplier, intent: Intent) -> Rows[payloads.Contact] | None:
    # Names are unique among Xero's contacts, whatever their case.
    name = (record.supplier_name or "").casefold()
    return await _changed_since(
        client,
        "Contacts",
        payloads.Contact,
        f"Name=={text(record.supplier_name or '')}",
        intent,
        lambda one: (one.name or "").casefold() == name,
    )


async def _bill(client: Client, record: Bill, intent: Intent) -> Rows[payloads.Invoice] | None:
    supplier_id = record.supplier_ref.id if record.supplier_ref else ""
    conditions = [
        'Type=="ACCPAY"',
        f"Contact.ContactID=={guid(supplier_id)}",
        f"Date=={moment(record.issue_date)}",
    ]
    if record.reference:
        conditions.append(f"InvoiceNumber=={text(record.reference)}")

    def is_ours(one: payloads.Invoice) -> bool:
        # Xero works the tax out again, so the net total is as good a proof as the gross one.
        same_amount = one.total == record.total_amount or one.sub_total == record.sub_total
        return same_amount and one.status not in _GONE and (one.invoice_number or "") == (record.reference or "")

    return await _changed_since(client, "Invoices", payloads.Invoice, " AND ".join(conditions), intent, is_ours)


async def _payment(client: Client, record: BillPayment, intent: Intent) -> Rows[payloads.Payment] | None:
    bill_id = record.lines[0].links[0].id or ""
    conditions = (
        f"Invoice.InvoiceID=={guid(bill_id)}",
        f"Date=={moment(record.date)}",
        f"Amount=={record.total_amount:f}",
    )

    def is_ours(one: payloads.Payment) -> bool:
        return (
            one.status not in _GONE
            and one.amount == record.total_amount
            and day(one.date) == record.date[:10] + "T00:00:00"
            and (one.reference or "") == (record.reference or "")
        )

    return await _changed_since(client, "Payments", payloads.Payment, " AND ".join(conditions), intent, is_ours)


async def _changed_since(
    client: Client,
    path: str,
    payload: type[P],
    where: str,
    intent: Intent,
    is_ours: Callable[[P], bool],
) -> Rows[P] | None:
    """The first fitting record that was changed after the intent was recorded, as one row."""
    earliest = intent.recorded_at - CLOCK_TOLERANCE
    rows = await client.rows(
        path,
        payload,
        params={"where": where, "page": "1", "order": "UpdatedDateUTC ASC", "unitdp": "4"},
        headers={"If-Modified-Since": http_date(earliest)},
    )
    for place, one in enumerate(rows.payloads):
        if is_ours(one) and _updated(one) >= earliest and _id(one) not in intent.claimed:
            return Rows([one], [rows.raws[place]])
    return None


def _id(payload: Any) -> str:
    match payload:
        case payloads.Contact():
            return payload.contact_id or ""
        case payloads.Invoice():
            return payload.invoice_id
        case payloads.Payment():
            return payload.payment_id
    raise TypeError(f"{type(payload).__name__} is not looked up")


def _updated(payload: Any) -> datetime:
    value = milliseconds(payload.updated_date_utc)
    return from_milliseconds(value or 0)


def text(value: str) -> str:
    """A text literal of Xero's `where` language: nothing in the value can end it."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def guid(value: str) -> str:
    """An id literal. Characters that no id has are dropped."""
    return f'guid("{"".join(letter for letter in value if letter.isalnum() or letter == "-")}")'


def moment(value: str) -> str:
    """A date literal of the day of a contract date. Raises ValueError for a day that no calendar has."""
    on = date.fromisoformat(value[:10])
    return f"DateTime({on.year:04},{on.month:02},{on.day:02})"
