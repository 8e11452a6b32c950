"""Reading the ledger's journals, which Xero opens to few apps and lists by number instead of by page.

Journals are never changed, so numbers are safe to count on. Where they are closed, manual journals stand in.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bookbridge.connectors.kit.connector import Source
from bookbridge.connectors.kit.errors import NeedsRelink, NotSupported, VendorUnavailable
from bookbridge.connectors.kit.session import Page
from bookbridge.connectors.xero.client import Client
from bookbridge.connectors.xero.dates import http_date
from bookbridge.connectors.xero.ledger_payloads import Journal
from bookbridge.connectors.xero.paging import OVERLAP_S

P = TypeVar("P")

PATH = "Journals"


class Journals:
    """The journals of one organisation, if they are open to us."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._open: bool | None = None

    async def are_open(self) -> bool:
        """Whether this app and this consent may read them; asked once per session."""
        if self._open is None:
            try:
                await self._client.rows(PATH, Journal, params={"offset": "0"})
                self._open = True
            except (NotSupported, NeedsRelink):
                # If the whole connection is gone, the next call says so.
                self._open = False
        return self._open

    async def pages(
        self, source: Source[P, Any], *, since: datetime | None, cursor: str | None
    ) -> AsyncGenerator[Page[P], None]:
        """All journals, or those written since; nothing where they are closed. The cursor is the last number read."""
        if not await self.are_open():
            yield Page([], [], cursor=None)
            return
        headers = {}
        if since is not None:
            headers["If-Modified-Since"] = http_date(since - timedelta(seconds=OVERLAP_S))
        offset = _number(cursor)
        while True:
            rows = await self._client.rows(PATH, source.payload, params={"offset": str(offset)}, headers=headers)
            if not rows.payloads:
                yield Page([], [], cursor=None)
                return
            reached = max(payload.journal_number for payload in rows.payloads)  # type: ignore[attr-defined]
            if reached <= offset:
                raise VendorUnavailable("Xero listed journals that were read already.")
            offset = reached
            yield Page(rows.payloads, rows.raws, cursor=str(offset))


def _number(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit()):
        raise VendorUnavailable("The stored place in Xero's journals cannot be read.")
    return int(cursor)
