"""SandboxSession: one book, as the kit's Session asks for it.

Lists are walked by key (time of change and id), never by page number, so that nothing is lost when records move. The
ledger keeps the answer to every idempotency key: a write whose outcome is uncertain is looked up by the key itself.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec

from bookbridge.accounting.attachments import Attachment
from bookbridge.accounting.dates import contract_datetime
from bookbridge.accounting.records import Record
from bookbridge.accounting.references import RecordRef
from bookbridge.connectors.kit.connector import Operation, Source, Write
from bookbridge.connectors.kit.errors import NeedsRelink, NotSupported, RecordNotFound
from bookbridge.connectors.kit.http import Answer
from bookbridge.connectors.kit.live import LivePage, Wanted
from bookbridge.connectors.kit.session import Access, File, Intent, Page, Reread, Written
from bookbridge.connectors.kit.streams import Streamed
from bookbridge.connectors.sandbox import live, payloads
from bookbridge.connectors.sandbox.auth import ORGANISATION_FACT
from bookbridge.connectors.sandbox.client import Client, decode
from bookbridge.connectors.sandbox.read import READS

P = TypeVar("P")

PAGE_SIZE: Final = "500"
METHODS: Final = {Operation.CREATE: "POST", Operation.UPDATE: "PUT", Operation.DELETE: "DELETE"}

_encode = msgspec.json.Encoder(decimal_format="number").encode
_SOURCES: Final = {row.data_type.key: row.sources[0] for row in READS}


class SandboxSession:
    """Implements `kit.session.Session` and `kit.live.LiveReader`."""

    def __init__(self, access: Access) -> None:
        self._client = Client(access)
        self._facts = access.facts
        self._book = access.facts[ORGANISATION_FACT]

    async def pages(
        self, source: Source[P, Any], *, since: datetime | None, cursor: str | None
    ) -> AsyncGenerator[Page[P], None]:
        """All pages of a list in the order of last change; a record that is changed meanwhile comes again."""
        decoder = msgspec.json.Decoder(source.payload)
        while True:
            params = {"pageSize": PAGE_SIZE}
            if cursor is not None:
                params["after"] = cursor
            elif since is not None:
                params["updatedSince"] = contract_datetime(since)
            listing = await self._list(source, params)
            raws = [bytes(raw) for raw in listing.rows]
            total = listing.total if source.countable else None
            yield Page([decoder.decode(raw) for raw in raws], raws, listing.next, total)
            cursor = listing.next
            if cursor is None:
                return

    async def count(self, source: Source[Any, Any]) -> int | None:
        """The ledger's total of a list, now."""
        return (await self._list(source, {"pageSize": "1"})).total if source.countable else None

    async def _list(self, source: Source[Any, Any], params: dict[str, str]) -> payloads.Listing:
        try:
            answer = await self._client.call("GET", f"{self._book}/{source.path}", params=params)
        except RecordNotFound as error:
            raise NeedsRelink("The ledger has no such book any more; connect again to open it.") from error
        return decode(answer, payloads.Listing)

    async def record(self, data_type: str, record_id: str) -> Reread | None:
        """One record as the ledger holds it, with its last content if it was deleted."""
        source = _SOURCES.get(data_type)
        if source is None or not source.incremental:
            raise NotSupported(f"Single records of {data_type} cannot be asked for.")
        try:
            answer = await self._client.call("GET", f"{self._book}/{source.path}/{_named(record_id)}")
        except RecordNotFound:
            return None
        touched = payloads.Touched(data_type, decode(answer, msgspec.Raw))
        return next(iter(self._rereads([touched])))

    async def write(
        self, write: Write[Any], record: Record | None, intent: Intent, *, record_id: str | None = None
    ) -> Written:
        """Send a write under the intent's key, which the ledger honours for ever."""
        path = f"{self._book}/{write.path}" + (f"/{_named(record_id)}" if record_id else "")
        content = None if record is None else _encode(write.shape(record, self._facts))
        key = {"Idempotency-Key": intent.key}
        answer = await self._client.call(METHODS[write.operation], path, effect=True, headers=key, content=content)
        return self._written(answer)

    async def find(
        self, write: Write[Any], record: Record | None, intent: Intent, *, record_id: str | None = None
    ) -> Written | None:
        """The write that landed under the intent's key, if it did."""
        del write, record, record_id
        answer = await self._answer(intent)
        return None if answer is None else self._written(answer)

    def _written(self, answer: Answer) -> Written:
        effect = decode(answer, payloads.Effect, effect=True)
        made = tuple(RecordRef(id=record_id, data_type=effect.kind) for record_id in effect.made)
        return Written(effect.id, tuple(self._rereads(effect.touched)), changed=made)

    def _rereads(self, touched: Iterable[payloads.Touched]) -> Iterable[Reread]:
        for one in touched:
            source, raw = _SOURCES.get(one.kind), bytes(one.row)
            if source is not None:
                record = source.shape(msgspec.json.decode(raw, type=source.payload), self._facts)
                assert isinstance(record, Record)
                yield Reread(one.kind, source.name, record, raw)

    async def _answer(self, intent: Intent) -> Answer | None:
        try:
            return await self._client.call("GET", f"{self._book}/answers/{quote(intent.key, safe='')}")
        except RecordNotFound:
            return None

    # -- files --------------------------------------------------------------------------------------------

    async def attach(self, data_type: str, record_id: str, file: File, intent: Intent) -> Written:
        """Keep a file beside a record."""
        headers = {"Content-Type": file.content_type, "Idempotency-Key": intent.key}
        answer = await self._client.call(
            "POST",
            self._files(data_type, record_id),
            effect=True,
            params={"name": file.name},
            headers=headers,
            content=file.content,
        )
        return Written(record_id, attachment_id=decode(answer, payloads.File, effect=True).id)

    async def find_attachment(self, data_type: str, record_id: str, file: File, intent: Intent) -> Written | None:
        """The file that was kept under the intent's key, if it was."""
        answer = await self._answer(intent)
        return None if answer is None else Written(record_id, attachment_id=decode(answer, payloads.File).id)

    async def attachments(self, data_type: str, record_id: str) -> list[Attachment]:
        """The files beside a record."""
        return [_attachment(one) for one in await self._listed(data_type, record_id)]

    async def download(self, data_type: str, record_id: str, attachment_id: str) -> File:
        """One file."""
        for one in await self._listed(data_type, record_id):
            if one.id == attachment_id:
                path = f"{self._files(data_type, record_id)}/{one.id}"
                content = Streamed(partial(self._pieces, path), one.file_size)
                return File(one.name, one.content_type, content)
        raise RecordNotFound("The record has no such attachment.")

    async def _pieces(self, path: str) -> AsyncIterator[bytes]:
        async with self._client.stream(path) as content:
            async for chunk in content:
                yield chunk

    async def _listed(self, data_type: str, record_id: str) -> list[payloads.File]:
        return decode(await self._client.call("GET", self._files(data_type, record_id)), list[payloads.File])

    def _files(self, data_type: str, record_id: str) -> str:
        return f"{self._book}/{data_type}/{_named(record_id)}/attachments"

    async def live(self, data_type: str, wanted: Wanted, cursor: str | None) -> LivePage:
        """One page of a list as the ledger holds it now; see `live`."""
        return await live.page(self._client, self._facts, data_type, wanted, cursor)

    async def disconnect(self) -> None:
        """Nothing to give back: the book stays, for when the connection is linked again."""


def _named(record_id: str) -> str:
    """A record's id as a part of an address. Raises RecordNotFound for one that would lead to another place: the
    ledger's server takes an encoded slash for a slash."""
    if "/" in record_id:
        raise RecordNotFound("The ledger has no such record.")
    return quote(record_id, safe="")


def _attachment(one: payloads.File) -> Attachment:
    return Attachment(
        id=one.id,
        name=one.name,
        content_type=one.content_type,
        date_created=one.date_created,
        file_size=one.file_size,
        include_when_sent=False,
        source_modified_date=one.date_created,
    )
