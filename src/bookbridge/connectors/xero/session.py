"""XeroSession: one linked organisation, as the kit's Session asks for it. Lists here, writes beside.

Holds nothing that must survive; a session may be used by one task at a time.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from bookbridge.accounting.attachments import Attachment
from bookbridge.accounting.records import Record
from bookbridge.connectors.kit import http
from bookbridge.connectors.kit.ahead import ahead
from bookbridge.connectors.kit.connector import Source, Write
from bookbridge.connectors.kit.errors import RecordNotFound, Rejected, VendorError
from bookbridge.connectors.kit.live import LivePage, Wanted
from bookbridge.connectors.kit.session import Access, File, Intent, Page, Reread, Written
from bookbridge.connectors.xero import attachments, balances, live, lookup, paging, sending, single, statements
from bookbridge.connectors.xero.chart import Chart
from bookbridge.connectors.xero.client import Client, Rows
from bookbridge.connectors.xero.dates import http_date, milliseconds
from bookbridge.connectors.xero.journals import Journals
from bookbridge.connectors.xero.ledger_payloads import Journal, ManualJournal, Statement
from bookbridge.connectors.xero.places import names_no_account_by_place, placed

P = TypeVar("P")

PAGE_SIZE_DEFAULT = 1_000
"""Xero's largest page. Calls are what is scarce (5,000 a day), and a page that spans more seconds repeats
less of itself in the next one."""
PAGE_SIZE_FALLBACK = 100
"""What every Xero list takes; used when the larger page is refused."""

PAGES_WAITING_MAX = 1
"""With the page that is worked on and the one being fetched, three pages are in memory at most."""

MANUAL_JOURNALS = "manualJournals"
"""The source of journal entries that stands in where the ledger's own journals are closed."""

_NEWEST_LAST = "UpdatedDateUTC ASC"


class XeroSession:
    """Implements `kit.session.Session`, `kit.printing.Printer` and `kit.live.LiveReader`."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._client = Client(access)
        self._page_size = int(access.app.options.get("page_size", PAGE_SIZE_DEFAULT))
        self._chart = Chart(self._client)
        self._journals = Journals(self._client)
        self._totals: dict[str, int] = {}
        """Totals that came with lists of one page, by their address and query, until they are asked for."""

    def pages(
        self, source: Source[P, Any], *, since: datetime | None, cursor: str | None
    ) -> AsyncGenerator[Page[P], None]:
        """All pages of a list. The next pages are fetched while the caller works on this one."""
        if source.payload is Journal:
            walk = self._journals.pages(source, since=since, cursor=cursor)
        else:
            walk = self._walk(source, since, cursor)
        return ahead(walk, waiting_max=PAGES_WAITING_MAX)

    async def _walk(
        self, source: Source[P, Any], since: datetime | None, cursor: str | None
    ) -> AsyncGenerator[Page[P], None]:
        if source.payload is Statement:
            yield await statements.page(self._client, self._chart, source, since)
            return
        if source.payload is ManualJournal and await self._journals.are_open():
            # The ledger's journals hold these too, and are read instead.
            yield Page([], [], cursor=None)
            return
        if not source.paged:
            yield await self._whole_list(source, since)
            return
        position: paging.Position | None
        if cursor is not None:
            position = paging.load(cursor)
        elif since is not None:
            position = paging.Position(int(since.timestamp()) - paging.OVERLAP_S)
        else:
            position = paging.Position()
        while position is not None:
            rows = await self._rows_at(source, position)
            keys = [self._row(payload) for payload in rows.payloads]
            following = position.after(keys, is_last_page=_is_last(rows, position.page))
            fresh = position.fresh(keys)
            total = _total(rows) if position == paging.Position() else None
            if total is not None and following is None:
                self._totals[_address(source)] = total
            if fresh or following is None:
                yield Page(
                    payloads=[rows.payloads[index] for index in fresh],
                    raws=[rows.raws[index] for index in fresh],
                    cursor=None if following is None else following.dump(),
                    expected=total,
                )
            position = following

    async def _rows_at(self, source: Source[P, Any], position: paging.Position) -> Rows[P]:
        headers = {}
        if position.anchor_s is not None:
            headers["If-Modified-Since"] = http_date(datetime.fromtimestamp(position.anchor_s, UTC))
        try:
            rows = await self._page(source, position.page, headers)
        except Rejected:
            if self._page_size <= PAGE_SIZE_FALLBACK or position.page != 1:
                raise
            self._page_size = PAGE_SIZE_FALLBACK
            rows = await self._page(source, position.page, headers)
        await self._chart.complete(rows.payloads)
        return rows

    async def _page(self, source: Source[P, Any], number: int, headers: dict[str, str]) -> Rows[P]:
        # Without `page` Xero answers with every record at once and leaves out their lines.
        params = {
            **source.query,
            "order": _NEWEST_LAST,
            "page": str(number),
            "pageSize": str(self._page_size),
        }
        return await self._client.rows(source.path, source.payload, params=params, headers=headers)

    @staticmethod
    def _row(payload: Any) -> paging.Row:
        updated = milliseconds(payload.updated_date_utc)
        # The first field of every listed payload is its id.
        return paging.Row(
            getattr(payload, payload.__struct_fields__[0]), paging.UNDATED_MS if updated is None else updated
        )

    async def _whole_list(self, source: Source[P, Any], since: datetime | None) -> Page[P]:
        headers = {}
        if source.incremental and since is not None:
            headers["If-Modified-Since"] = http_date(since - timedelta(seconds=paging.OVERLAP_S))
        rows = await self._client.rows(source.path, source.payload, params=source.query, headers=headers)
        await self._chart.complete(rows.payloads)
        await balances.complete(self._client, rows.payloads)
        return Page(rows.payloads, rows.raws, cursor=None)

    async def count(self, source: Source[Any, Any]) -> int | None:
        """Xero's total of a paged list: the one that came with the list, if it was just read as one page, else
        from the smallest page there is. Half of the calls of a first read would be counts otherwise."""
        if not (source.paged and source.countable):
            return None
        told = self._totals.pop(_address(source), None)
        if told is not None:
            return told
        params = {**source.query, "page": "1", "pageSize": "1"}
        rows = await self._client.rows(source.path, source.payload, params=params)
        return _total(rows)

    async def record(self, data_type: str, record_id: str) -> Reread | None:
        """One record as Xero holds it; see `single`."""
        return await single.record(self._client, self._chart, data_type, record_id)

    async def write(
        self, write: Write[Any], record: Record | None, intent: Intent, *, record_id: str | None = None
    ) -> Written:
        """Send a write under the intent's key, which Xero honours; see `sending`."""
        try:
            sent = await sending.send(self._client, self._chart, write, record, intent, record_id)
        except Rejected as refused:
            if record is None:
                raise
            raise await self._placed(refused, record) from refused
        return await self._kept(sent)

    async def _placed(self, refused: Rejected, record: Record) -> Rejected:
        """The refusal with the positions that Xero does not tell; see `places`."""
        found = placed(refused, record)
        if not names_no_account_by_place(found):
            return found
        try:
            codes = {one.account_id.lower(): one.code for one in await self._chart.accounts() if one.code}
        except VendorError:
            return found  # what was refused is known, which matters more than where
        return placed(found, record, codes)

    async def find(
        self, write: Write[Any], record: Record | None, intent: Intent, *, record_id: str | None = None
    ) -> Written | None:
        """Look up a write whose outcome is uncertain; see `lookup`."""
        found = await lookup.find(self._client, self._chart, write, record, intent, record_id)
        return None if found is None else await self._kept(found)

    async def _kept(self, written: Written) -> Written:
        """The effect of a write without manual journals where the ledger's own journals are read: those have them too,
        under other ids."""
        if all(one.source != MANUAL_JOURNALS for one in written.rereads):
            return written
        try:
            has_both = await self._journals.are_open()
        except VendorError:
            # It landed, which is what matters; the next sync reads it in the one form or the other.
            has_both = True
        rereads = tuple(one for one in written.rereads if one.source != MANUAL_JOURNALS)
        return replace(written, rereads=rereads) if has_both else written

    async def attach(self, data_type: str, record_id: str, file: File, intent: Intent) -> Written:
        """Attach a file under its name. A file of the same name is replaced by Xero."""
        return await attachments.attach(self._client, data_type, record_id, file, intent)

    async def find_attachment(self, data_type: str, record_id: str, file: File, intent: Intent) -> Written | None:
        """The attachment of the same name and size, if it is there. Xero tells no time of attachments."""
        del intent
        return await attachments.find(self._client, data_type, record_id, file)

    async def attachments(self, data_type: str, record_id: str) -> list[Attachment]:
        """The files attached to a record."""
        return await attachments.listed(self._client, data_type, record_id)

    async def download(self, data_type: str, record_id: str, attachment_id: str) -> File:
        """One attached file."""
        return await attachments.download(self._client, data_type, record_id, attachment_id)

    async def printed(self, data_type: str, record_id: str) -> File:
        """An invoice as Xero prints it; see `kit.printing.Printer`."""
        return await attachments.printed(self._client, data_type, record_id)

    async def live(self, data_type: str, wanted: Wanted, cursor: str | None) -> LivePage:
        """One page of a list as Xero holds it now; see `live`."""
        return await live.page(self._client, self._chart, data_type, wanted, cursor)

    async def disconnect(self) -> None:
        """Remove this organisation from the app. The authorisation may still serve other organisations."""
        connections = self._access.app.endpoints["connections"].rstrip("/")
        with suppress(RecordNotFound):
            await http.call(
                self._access,
                "DELETE",
                f"{connections}/{self._access.facts['connection_id']}",
                effect=False,
                meaning=http.usual_meaning,
            )


def _is_last(rows: Rows[Any], page: int) -> bool:
    # Without Xero's own word only an empty page proves the end: a short one may be a smaller page size.
    pagination = rows.pagination
    if pagination is None or pagination.page_count is None:
        return not rows.payloads
    return page >= pagination.page_count


def _address(source: Source[Any, Any]) -> str:
    return f"{source.path}?{source.query}"


def _total(rows: Rows[Any]) -> int | None:
    return rows.pagination.item_count if rows.pagination else None
