"""Carrying out a write at Xero: one request under the intent's key, and the record as Xero then holds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import structlog

from bookbridge.accounting.records import ListedRecord, Record
from bookbridge.connectors.kit.connector import Operation, Write
from bookbridge.connectors.kit.errors import FieldProblem, NotSupported, Rejected, Uncertain, VendorError
from bookbridge.connectors.kit.session import Intent, Reread, Written
from bookbridge.connectors.xero import payloads
from bookbridge.connectors.xero.chart import Chart
from bookbridge.connectors.xero.client import Client, Rows, decode, encode
from bookbridge.connectors.xero.read import BILLS_SOURCE, PAYMENTS_SOURCE, READS, SUPPLIERS_SOURCE

log = structlog.get_logger(__name__)

# Xero rounds unit prices to two places unless told that four are meant.
_PARAMS = {"unitdp": "4"}

_ECHOES: dict[str, type[Any]] = {
    source.path: source.payload for source in (BILLS_SOURCE, PAYMENTS_SOURCE, SUPPLIERS_SOURCE)
}
_NEVER_APPROVED = frozenset({"DRAFT", "SUBMITTED"})
_GONE = frozenset({"DELETED", "VOIDED"})


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
    content = write.shape(record, client.access.facts)
    await _complete_lines(client, chart, content)
    if write.operation is Operation.CREATE:
        return await _request(client, chart, write, "PUT", write.path, content, intent)
    path = f"{write.path}/{quote(_named(record_id), safe='')}"
    return await _request(client, chart, write, "POST", path, content, intent)


def _named(record_id: str | None) -> str:
    if not record_id:
        raise NotSupported("The record to change was not named.")
    return record_id


async def _delete(client: Client, chart: Chart, write: Write[Any], intent: Intent, record_id: str) -> Written:
    path = f"{write.path}/{quote(record_id, safe='')}"
    content = write.shape(None, client.access.facts)
    if write.path == BILLS_SOURCE.path:
        rows = await client.rows(path, payloads.Invoice, params=_PARAMS)
        status = rows.payloads[0].status if rows.payloads else None
        if status in _GONE:
            return await written(client, chart, write, rows)
        if status not in _NEVER_APPROVED:
            content = {"Status": "VOIDED"}
    return await _request(client, chart, write, "POST", path, content, intent)


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
        params=_PARAMS,
        headers={"Idempotency-Key": intent.key, "Content-Type": "application/json"},
        content=encode(content),
        fields=write.fields,
    )
    rows = decode(answer, write.path, _ECHOES[write.path], effect=True)
    if not rows.payloads:
        raise Uncertain("Xero answered a write without the record.")
    return await written(client, chart, write, rows)


async def written(client: Client, chart: Chart, write: Write[Any], rows: Rows[Any]) -> Written:
    """What the first of the rows, the vendor's own account of the record, comes to.

    Everything fetched beside it is a courtesy: its failure does not undo a write that landed.
    """
    rereads = await _rereads(client, chart, write.path, rows)
    paid = rows.payloads[0].invoice if isinstance(rows.payloads[0], payloads.Payment) else None
    if paid is not None and paid.invoice_id:
        # The payment changed the bill: what is due, its status, its allocations.
        try:
            bill = await client.rows(
                f"{BILLS_SOURCE.path}/{quote(paid.invoice_id, safe='')}", payloads.Invoice, params=_PARAMS
            )
            rereads += await _rereads(client, chart, BILLS_SOURCE.path, bill)
        except VendorError as error:
            log.info("paid_bill_not_reread", error=type(error).__name__)
    first = rows.payloads[0]
    return Written(getattr(first, first.__struct_fields__[0]), rereads)


async def _rereads(client: Client, chart: Chart, path: str, rows: Rows[Any]) -> tuple[Reread, ...]:
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
            record = source.shape(rows.payloads[0], client.access.facts)
            if isinstance(record, ListedRecord):
                found.append(Reread(read.data_type.key, source.name, record, rows.raws[0]))
    return tuple(found)


async def _complete_lines(client: Client, chart: Chart, content: dict[str, Any]) -> None:
    """What a line needs and the record does not have: the category of each tracking option, and the
    account's code where the option `line_account` is `code`."""
    lines: Sequence[dict[str, Any]] = content.get("LineItems", ())
    if client.access.app.options.get("line_account") == "code":
        for line in lines:
            if "AccountID" in line and (code := await chart.code(line["AccountID"])):
                del line["AccountID"]
                line["AccountCode"] = code
    if any("Tracking" in line for line in lines):
        await _complete_tracking(client, lines)


async def _complete_tracking(client: Client, lines: Sequence[dict[str, Any]]) -> None:
    categories = await client.rows("TrackingCategories", payloads.TrackingCategory)
    category_of = {
        option.tracking_option_id: category.tracking_category_id
        for category in categories.payloads
        for option in category.options or ()
    }
    problems: list[FieldProblem] = []
    for position, line in enumerate(lines):
        used: set[str] = set()
        for place, entry in enumerate(line.get("Tracking", ())):
            field = f"lineItems[{position}].trackingCategoryRefs[{place}].id"
            category = category_of.get(entry["TrackingOptionID"])
            if category is None:
                problems.append(FieldProblem(field, "Only an active option of a tracking category can be used."))
            elif category in used:
                problems.append(FieldProblem(field, "Two options of the same tracking category on one line."))
            else:
                used.add(category)
                entry["TrackingCategoryID"] = category
    if problems:
        raise Rejected(" ".join(dict.fromkeys(problem.message for problem in problems)), tuple(problems))
