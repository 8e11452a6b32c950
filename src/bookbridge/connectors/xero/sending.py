"""Carrying out a write at Xero: one request under the intent's key, and the record as Xero then holds it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from bookbridge.accounting.records import Record
from bookbridge.accounting.types.bill_payments import BillPayment
from bookbridge.accounting.types.journal_entries import JournalEntry
from bookbridge.accounting.types.payments import Payment
from bookbridge.connectors.kit.connector import Operation, Write
from bookbridge.connectors.kit.errors import FieldProblem, NotSupported, Uncertain
from bookbridge.connectors.kit.session import Intent, Written
from bookbridge.connectors.xero import deleting, document_payloads
from bookbridge.connectors.xero.chart import Chart
from bookbridge.connectors.xero.client import Client, Rows, decode, element_name, encode
from bookbridge.connectors.xero.completing import complete, rejected
from bookbridge.connectors.xero.payment_cases import Case, case_of
from bookbridge.connectors.xero.rereads import ECHOES, EXACT_PRICES, allocated, written
from bookbridge.connectors.xero.write_journals import currency_problems
from bookbridge.connectors.xero.write_payments import batch_currency_problems, credit_id, payment_path, side_of


async def send(
    client: Client,
    chart: Chart,
    write: Write[Any],
    record: Record | None,
    intent: Intent,
    record_id: str | None,
) -> Written:
    """Send the write. Raises Rejected with the contract's fields, Uncertain when it may have landed."""
    if write.operation is Operation.DELETE:
        return await deleting.delete(client, chart, write, intent, _named(record_id))
    if record is None:
        raise NotSupported("There is nothing to write.")
    if problems := _problems(record, client.access.facts.get("base_currency")):
        raise rejected(problems)
    content = write.shape(record, client.access.facts)
    await complete(client, chart, content)
    if write.operation is Operation.UPDATE:
        path = f"{write.path}/{quote(_named(record_id), safe='')}"
        rows = await _request(client, write, "POST", path, content, intent)
        return await written(client, chart, write, write.path, rows)
    path = payment_path(record) if isinstance(record, BillPayment | Payment) else write.path
    rows = await _request(client, write, "PUT", path, content, intent)
    if isinstance(record, BillPayment | Payment) and case_of(record, side_of(record)) is Case.ALLOCATION:
        invoice_ids = [entry["Invoice"]["InvoiceID"] for entry in content["Allocations"]]
        return await allocated(client, chart, credit_id(record, side_of(record)), invoice_ids)
    return await written(client, chart, write, path, rows)


def _problems(record: Record, base_currency: str | None) -> list[FieldProblem]:
    """What a check without the organisation's facts cannot tell."""
    match record:
        case JournalEntry():
            return currency_problems(record, base_currency)
        case BillPayment() | Payment():
            return batch_currency_problems(record, base_currency)
    return []


def _named(record_id: str | None) -> str:
    if not record_id:
        raise NotSupported("The record to change was not named.")
    return record_id


async def _request(
    client: Client, write: Write[Any], method: str, path: str, content: Any, intent: Intent
) -> Rows[Any]:
    answer = await client.call(
        method,
        path,
        effect=True,
        params=EXACT_PRICES,
        headers={"Idempotency-Key": intent.key, "Content-Type": "application/json"},
        content=encode(content),
        fields=write.fields,
    )
    name = element_name(path)
    rows: Rows[Any] = decode(answer, name, ECHOES.get(name, document_payloads.Allocation), effect=True)
    if not rows.payloads:
        raise Uncertain("Xero answered a write without the record.")
    return rows
