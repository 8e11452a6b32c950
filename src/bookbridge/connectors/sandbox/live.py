"""The ledger's lists at the moment of asking: the same walk by key as a sync's, in smaller pages."""

from __future__ import annotations

from typing import Final

import msgspec

from bookbridge.accounting.dates import contract_datetime
from bookbridge.accounting.records import Record
from bookbridge.connectors.kit.connector import Facts
from bookbridge.connectors.kit.errors import NeedsRelink, NotSupported, RecordNotFound
from bookbridge.connectors.kit.live import LivePage, Wanted
from bookbridge.connectors.kit.session import Reread
from bookbridge.connectors.sandbox import payloads
from bookbridge.connectors.sandbox.auth import ORGANISATION_FACT
from bookbridge.connectors.sandbox.client import Client, decode
from bookbridge.connectors.sandbox.read import READS

PAGE_SIZE: Final = 200

LIVE: Final = ("company", "bills", "suppliers", "chartOfAccounts", "bankAccounts", "taxRates", "trackingCategories")
_SOURCES: Final = {row.data_type.key: row.sources[0] for row in READS if row.data_type.key in LIVE}


async def page(client: Client, facts: Facts, data_type: str, wanted: Wanted, cursor: str | None) -> LivePage:
    """One page; see `kit.live.LiveReader`. The ledger narrows by time only."""
    source = _SOURCES.get(data_type)
    if source is None:
        raise NotSupported(f"{data_type} cannot be asked for at the moment.")
    params = {"pageSize": str(PAGE_SIZE)}
    if cursor is not None:
        params["after"] = cursor
    elif wanted.modified_since is not None and source.incremental:
        params["updatedSince"] = contract_datetime(wanted.modified_since)
    try:
        answer = await client.call("GET", f"{facts[ORGANISATION_FACT]}/{source.path}", params=params)
    except RecordNotFound as error:
        raise NeedsRelink("The ledger has no such book any more; connect again to open it.") from error
    listing = decode(answer, payloads.Listing)
    found: list[Reread] = []
    for raw in listing.rows:
        record = source.shape(msgspec.json.decode(raw, type=source.payload), facts)
        if isinstance(record, Record):
            found.append(Reread(data_type, source.name, record, bytes(raw)))
    return LivePage(found, listing.next)
