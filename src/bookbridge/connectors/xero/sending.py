"""Carrying out a write at Xero: one request under the intent's key, and the record as Xero then holds it."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from bookbridge.accounting.records import Record
from bookbridge.accounting.types.journal_entries import JournalEntry
from bookbridge.connectors.kit.connector import Operation, Write
from bookbridge.connectors.kit.errors import FieldProblem, NotSupported, RecordNotFound, Uncertain
from bookbridge.connectors.kit.session import Intent, Written
from bookbridge.connectors.xero.chart import Chart
from bookbridge.connectors.xero.client import Client, Rows, decode, encode
from bookbridge.connectors.xero.completing import complete, rejected
from bookbridge.connectors.xero.read import READS
from bookbridge.connectors.xero.rereads import EXACT_PRICES, written
from bookbridge.connectors.xero.write_bank import RECEIVE, SPEND
from bookbridge.connectors.xero.write_journals import currency_problems

ECHOES: Final[dict[str, type[Any]]] = {
    source.path: source.payload for read in reversed(READS) for source in reversed(read.sources)
}
"""What Xero answers a write with, by path: what is read of the list there, the plainer payload if there are two."""

GONE: Final = frozenset({"DELETED", "VOIDED"})

_NEVER_APPROVED: Final = frozenset({"DRAFT", "SUBMITTED"})
_KINDS: Final = {
    "bills": frozenset({"ACCPAY"}),
    "invoices": frozenset({"ACCREC"}),
    "directCosts": frozenset({SPEND, RECEIVE}),
}
"""Types of the records that an id may name, where Xero keeps others under the same address."""


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
        return await _delete(client, chart, write, intent, _named(record_id))
    if record is None:
        raise NotSupported("There is nothing to write.")
    if problems := _problems(record, client.access.facts.get("base_currency")):
        raise rejected(problems)
    content = write.shape(record, client.access.facts)
    await complete(client, chart, content)
    if write.operation is Operation.CREATE:
        return await _request(client, chart, write, "PUT", write.path, content, intent)
    path = f"{write.path}/{quote(_named(record_id), safe='')}"
    return await _request(client, chart, write, "POST", path, content, intent)


def _problems(record: Record, base_currency: str | None) -> list[FieldProblem]:
    """What a check without the organisation's facts cannot tell."""
    return currency_problems(record, base_currency) if isinstance(record, JournalEntry) else []


def _named(record_id: str | None) -> str:
    if not record_id:
        raise NotSupported("The record to change was not named.")
    return record_id


async def _delete(client: Client, chart: Chart, write: Write[Any], intent: Intent, record_id: str) -> Written:
    path = f"{write.path}/{quote(record_id, safe='')}"
    content = write.shape(None, client.access.facts)
    rows = await client.rows(path, ECHOES[write.path], params=EXACT_PRICES)
    if not rows.payloads or not _is_of(write, rows.payloads[0]):
        raise RecordNotFound(f"Xero has no such {write.data_type.singular}.")
    status = rows.payloads[0].status
    if status in GONE:
        return await written(client, chart, write, write.path, rows)
    if write.path in ("Invoices", "ManualJournals") and status not in _NEVER_APPROVED:
        content = {"Status": "VOIDED"}
    return await _request(client, chart, write, "POST", path, content, intent)


def _is_of(write: Write[Any], payload: Any) -> bool:
    kinds = _KINDS.get(write.data_type.key)
    return kinds is None or payload.type in kinds


async def _request(
    client: Client,
    chart: Chart,
    write: Write[Any],
    method: str,
    path: str,
    content: Any,
    intent: Intent,
) -> Written:
    answer = await client.call(
        method,
        path,
        effect=True,
        params=EXACT_PRICES,
        headers={"Idempotency-Key": intent.key, "Content-Type": "application/json"},
        content=encode(content),
        fields=write.fields,
    )
    rows: Rows[Any] = decode(answer, write.path, ECHOES[write.path], effect=True)
    if not rows.payloads:
        raise Uncertain("Xero answered a write without the record.")
    return await written(client, chart, write, write.path, rows)
