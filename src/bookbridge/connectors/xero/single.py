"""One record as Xero holds it now, by its id. Reading lists is `session`'s business."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import quote

from bookbridge.accounting.records import ListedRecord
from bookbridge.connectors.kit.connector import Facts, Source
from bookbridge.connectors.kit.errors import NotSupported, RecordNotFound
from bookbridge.connectors.kit.session import Reread
from bookbridge.connectors.xero import balances
from bookbridge.connectors.xero.chart import Chart
from bookbridge.connectors.xero.client import Client, Rows
from bookbridge.connectors.xero.read import READS

_ONLY_AS_LISTS: Final = frozenset({"TaxRates", "TrackingCategories"})
"""Short lists of which Xero gives no single record, or not under the id that we know it by."""

_NEVER: Final = frozenset({"accountTransactions"})
"""Their ids are those of two lists mixed, and some are made up of two."""


async def record(client: Client, chart: Chart, data_type: str, record_id: str) -> Reread | None:
    """The record, a deleted one as such; None if Xero has none under this id. A type that several lists feed is looked
    for in each of them. Raises NotSupported for statements, the company, and movements on bank accounts."""
    read = next((one for one in READS if one.data_type.key == data_type), None)
    if read is None or read.data_type.single or data_type in _NEVER:
        raise NotSupported(f"Single records of {data_type} cannot be asked for.")
    for source in read.sources:
        try:
            rows = await _rows(client, source, record_id)
        except RecordNotFound:
            continue
        except NotSupported:
            # A list that the consent does not open feeds nothing that we could have been asked for.
            if len(read.sources) == 1:
                raise
            continue
        await chart.complete(rows.payloads)
        await balances.complete(client, rows.payloads)
        for payload, raw in zip(rows.payloads, rows.raws, strict=True):
            for found in _shaped(source, payload, client.access.facts):
                # An invoice's number is as good as its id to Xero, but not to us.
                if found.id is not None and found.id.lower() == record_id.lower():
                    return Reread(data_type, source.name, found, raw)
    return None


async def _rows(client: Client, source: Source[Any, Any], record_id: str) -> Rows[Any]:
    if source.path in _ONLY_AS_LISTS:
        return await client.rows(source.path, source.payload, params=source.query)
    params = {"unitdp": source.query["unitdp"]} if "unitdp" in source.query else {}
    return await client.rows(f"{source.path}/{quote(record_id, safe='')}", source.payload, params=params)


def _shaped(source: Source[Any, Any], payload: Any, facts: Facts) -> Sequence[ListedRecord]:
    shaped = source.shape(payload, facts)
    found = shaped if isinstance(shaped, Sequence) else [shaped]
    return [one for one in found if isinstance(one, ListedRecord)]
