"""Xero's lists at the moment of asking. The same sources and shapes as a sync; Xero narrows by status and time.

Longer lists are walked as a sync walks them (`paging`), in smaller pages: whoever asks waits for the answer. Lists
without pages come whole, and are cut by id.
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from bookbridge.accounting.records import ListedRecord, Record
from bookbridge.connectors.kit.connector import Source
from bookbridge.connectors.kit.errors import NotSupported, VendorUnavailable
from bookbridge.connectors.kit.live import LivePage, Wanted
from bookbridge.connectors.kit.session import Reread
from bookbridge.connectors.xero import paging
from bookbridge.connectors.xero.chart import Chart
from bookbridge.connectors.xero.client import Client, Rows
from bookbridge.connectors.xero.dates import http_date, milliseconds
from bookbridge.connectors.xero.read import BILLS_SOURCE, READS, SUPPLIERS_SOURCE

PAGE_SIZE: Final = 100
"""What every Xero list takes, and what comes back within a second or two."""

WHOLE_LIST_PAGE_SIZE: Final = 500
SEEN_MAX: Final = 150
"""Records of the anchor's seconds that a cursor remembers, so that they are not repeated: more would not fit into an
address. Then they are repeated."""

_OLDEST_FIRST: Final = "UpdatedDateUTC ASC"
_DIGEST_SIZE_BYTES: Final = 5


@dataclass(frozen=True)
class _Narrowing:
    """How a list with pages is told which statuses are wanted."""

    words: dict[str, str] = field(default_factory=dict)
    """The contract's word → Xero's, for the parameter `Statuses`; several may be joined by commas."""
    archived: str | None = None
    """The contract's word for what the list holds only when asked to."""


_PAGED: Final = {
    "bills": _Narrowing(
        {
            "Open": "AUTHORISED",
            "PartiallyPaid": "AUTHORISED",
            "Paid": "PAID",
            "Void": "VOIDED",
            "Draft": "DRAFT,SUBMITTED",
        }
    ),
    "suppliers": _Narrowing(archived="Archived"),
}
_SOURCES: Final[dict[str, Source[Any, Any]]] = {
    "bills": BILLS_SOURCE,
    "suppliers": SUPPLIERS_SOURCE,
    **{
        read.data_type.key: read.sources[0]
        for read in READS
        if read.data_type.key in ("company", "chartOfAccounts", "bankAccounts", "taxRates", "trackingCategories")
    },
}
LIVE: Final = tuple(_SOURCES)


async def page(client: Client, chart: Chart, data_type: str, wanted: Wanted, cursor: str | None) -> LivePage:
    """One page; see `kit.live.LiveReader`."""
    source = _SOURCES.get(data_type)
    if source is None:
        raise NotSupported(f"{data_type} cannot be asked for at the moment.")
    narrowing = _PAGED.get(data_type)
    if narrowing is None:
        return _cut(
            _rereads(client, data_type, source, await client.rows(source.path, source.payload, params=source.query)),
            cursor,
        )
    position = _first(wanted) if cursor is None else _load(cursor)
    rows = await _rows(client, source, narrowing, wanted, position)
    await chart.complete(rows.payloads)
    keys = [_key(payload) for payload in rows.payloads]
    fresh = position.fresh(keys)
    following = position.after(keys, is_last_page=_is_last(rows, position.page))
    shown = Rows([rows.payloads[place] for place in fresh], [rows.raws[place] for place in fresh])
    return LivePage(_rereads(client, data_type, source, shown), None if following is None else _dump(following))


async def _rows(
    client: Client, source: Source[Any, Any], narrowing: _Narrowing, wanted: Wanted, position: paging.Position
) -> Rows[Any]:
    params = {**source.query, "order": _OLDEST_FIRST, "page": str(position.page), "pageSize": str(PAGE_SIZE)}
    if wanted.statuses and narrowing.words:
        words = {narrowing.words[one] for one in wanted.statuses if one in narrowing.words}
        if words and wanted.statuses <= narrowing.words.keys():
            params["Statuses"] = ",".join(sorted(words))
    if wanted.statuses and narrowing.archived is not None and narrowing.archived not in wanted.statuses:
        params.pop("includeArchived", None)
    headers = {}
    if position.anchor_s is not None:
        headers["If-Modified-Since"] = http_date(datetime.fromtimestamp(position.anchor_s, UTC))
    return await client.rows(source.path, source.payload, params=params, headers=headers)


def _rereads(client: Client, data_type: str, source: Source[Any, Any], rows: Rows[Any]) -> list[Reread]:
    found: list[Reread] = []
    for payload, raw in zip(rows.payloads, rows.raws, strict=True):
        shaped = source.shape(payload, client.access.facts)
        every = shaped if isinstance(shaped, Sequence) else (shaped,)
        found += [Reread(data_type, source.name, record, raw) for record in every if isinstance(record, Record)]
    return found


def _cut(rereads: Sequence[Reread], cursor: str | None) -> LivePage:
    """The part of a whole list that comes after an id."""
    rest = sorted((one for one in rereads if cursor is None or _id(one) > cursor), key=_id)
    shown = rest[:WHOLE_LIST_PAGE_SIZE]
    return LivePage(shown, _id(shown[-1]) if len(rest) > len(shown) else None)


def _id(reread: Reread) -> str:
    # Details of the company are one record without an id.
    return (reread.record.id if isinstance(reread.record, ListedRecord) else None) or ""


def _first(wanted: Wanted) -> paging.Position:
    if wanted.modified_since is None:
        return paging.Position()
    return paging.Position(max(0, int(wanted.modified_since.timestamp()) - paging.OVERLAP_S))


def _key(payload: Any) -> paging.Row:
    updated = milliseconds(payload.updated_date_utc)
    # The first field of every listed payload is its id; a digest of it is enough to know it again.
    record_id = str(getattr(payload, payload.__struct_fields__[0]))
    digest = hashlib.blake2b(record_id.encode(), digest_size=_DIGEST_SIZE_BYTES).hexdigest()
    return paging.Row(digest, paging.UNDATED_MS if updated is None else updated)


def _is_last(rows: Rows[Any], page: int) -> bool:
    if rows.pagination is None or rows.pagination.page_count is None:
        return not rows.payloads
    return page >= rows.pagination.page_count


def _dump(position: paging.Position) -> str:
    seen = position.seen if len(position.seen) <= SEEN_MAX else {}
    return urlsafe_b64encode(zlib.compress(replace(position, seen=seen).dump().encode())).decode()


def _load(cursor: str) -> paging.Position:
    try:
        return paging.load(zlib.decompress(urlsafe_b64decode(cursor)).decode())
    except (ValueError, zlib.error) as error:
        raise VendorUnavailable("The place in Xero's list cannot be read; ask for the first page again.") from error
