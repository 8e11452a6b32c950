"""What a connector is given and what it must do: the whole seam between a vendor and the rest of us.

A `Session` serves one linked organisation. It is opened for a bounded piece of work and holds nothing
that must survive: cursors are handed out with each page and handed back on resumption.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

import httpx2

from bookbridge.accounting.attachments import Attachment
from bookbridge.accounting.records import Record
from bookbridge.accounting.references import RecordRef
from bookbridge.connectors.kit.connector import Facts, Source, Write
from bookbridge.connectors.kit.streams import Content, Streamed, chunks_of

P = TypeVar("P")


class Authorizer(Protocol):
    """Keeps the credentials of one connection; refreshes them once for all callers."""

    async def headers(self) -> Mapping[str, str]:
        """Headers that authorise a request now. Raises NeedsRelink when nothing valid is left,
        VendorUnavailable when the token endpoint cannot be reached."""
        ...

    async def renew(self, rejected: Mapping[str, str]) -> bool:
        """Called after a 401. `rejected` are the headers that were refused. True: try again, the
        credentials are newer now."""
        ...

    async def credential(self, name: str) -> str | None:
        """A single stored credential (of a credentials form, or `access_token`)."""
        ...


class Budget(Protocol):
    """The call budget of one organisation at one vendor, shared by all our processes."""

    def __call__(self) -> AbstractAsyncContextManager[None]:
        """Reserve one call and hold an in-flight place while inside. Raises RateLimited."""
        ...

    async def block(self, retry_after_s: float) -> None:
        """The vendor said to wait: nobody calls before that."""
        ...

    async def observe(self, window_s: int, remaining: int) -> None:
        """The vendor told how many calls are left in the window; never assume more."""
        ...


@dataclass(frozen=True)
class VendorApp:
    """Our registration at the vendor, and where the vendor is."""

    client_id: str
    client_secret: str
    endpoints: Mapping[str, str]
    options: Mapping[str, str] = field(default_factory=dict)
    """Vendor settings that nobody could verify or that differ by installation (page size, scopes, …)."""


@dataclass(frozen=True)
class Access:
    """The ingredients of a session."""

    http: httpx2.AsyncClient
    app: VendorApp
    authorizer: Authorizer
    budget: Budget
    facts: Facts
    dry_run: bool = False
    """Reads are made as ever; what would write raises `WouldSend` instead of leaving."""


@dataclass(frozen=True)
class Organisation:
    """An organisation that an authorisation opens. `facts` are kept with the connection and given back
    to every session and every shape function."""

    id: str
    name: str
    facts: Facts


@dataclass(frozen=True)
class Page(Generic[P]):
    """One answer of a vendor's list. `cursor` continues after this page, in this or any later session;
    None after the last page. `raws[i]` is the exact JSON text of `payloads[i]`."""

    payloads: Sequence[P]
    raws: Sequence[bytes]
    cursor: str | None
    expected: int | None = None
    """The vendor's own total for this list as of this page, where it tells one."""


@dataclass(frozen=True)
class Intent:
    """What was recorded before the first byte of a write leaves. `key` goes to the vendor wherever it
    honours one; `recorded_at` bounds the look-up after an uncertain outcome."""

    key: str
    recorded_at: datetime
    claimed: frozenset[str] = frozenset()
    """Ids (of attachments for an upload) that other writes of ours are known to have made lately: two equal writes
    look alike, and a look-up must not take the one's record for the other's."""


@dataclass(frozen=True)
class Reread:
    """A record as the vendor now holds it, to be saved as if a sync had read it."""

    data_type: str
    source: str
    record: Record
    raw: bytes


@dataclass(frozen=True)
class Written:
    """The effect of a write at the vendor."""

    record_id: str
    rereads: tuple[Reread, ...] = ()
    attachment_id: str | None = None
    changed: tuple[RecordRef, ...] = ()
    """What the write made, where that is not just one record of the type that was written: a batch makes several, and
    what was paid back may be of another type. The first one is `record_id`."""
    was_there: bool = False
    """The record is older than the write (a credit note that is set against a bill): that another write of ours named
    it too proves nothing."""


@dataclass(frozen=True)
class File:
    """A file to attach, or one that a vendor gave. Its content may come in pieces, and then only while the session that
    gave it is open; what is to be attached can be walked through more than once."""

    name: str
    content_type: str
    content: Content

    @property
    def size_bytes(self) -> int | None:
        """The length of the content; None when a vendor did not tell."""
        return self.content.size_bytes if isinstance(self.content, Streamed) else len(self.content)

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """The content in pieces."""
        return chunks_of(self.content)


class Session(Protocol):
    """What each vendor implements. Every method may raise any VendorError."""

    def pages(
        self, source: Source[P, Any], *, since: datetime | None, cursor: str | None
    ) -> AsyncGenerator[Page[P], None]:
        """All pages of a list, from the cursor if there is one; with `since`, only what changed since. Of a report,
        `since` is where its period begins."""
        ...

    async def count(self, source: Source[Any, Any]) -> int | None:
        """The vendor's total for a countable list, now; None if it does not tell."""
        ...

    async def record(self, data_type: str, record_id: str) -> Reread | None:
        """One record as the vendor holds it now, deleted ones as such. None: the vendor has no such record. `data_type`
        is a key of the catalogue. Raises NotSupported for a type whose records cannot be asked for one by one."""
        ...

    async def write(
        self, write: Write[Any], record: Record | None, intent: Intent, *, record_id: str | None = None
    ) -> Written:
        """Send a write. `record_id` names the record to update or delete; a deletion has no `record`.
        Raises Uncertain when it may have landed without an answer."""
        ...

    async def find(
        self, write: Write[Any], record: Record | None, intent: Intent, *, record_id: str | None = None
    ) -> Written | None:
        """Look up a write whose outcome is uncertain. None: it did not land."""
        ...

    async def attach(self, data_type: str, record_id: str, file: File, intent: Intent) -> Written:
        """Attach a file to a record. Raises Uncertain like `write`."""
        ...

    async def find_attachment(self, data_type: str, record_id: str, file: File, intent: Intent) -> Written | None:
        """Look up an attachment whose upload is uncertain."""
        ...

    async def attachments(self, data_type: str, record_id: str) -> list[Attachment]:
        """The files attached to a record."""
        ...

    async def download(self, data_type: str, record_id: str, attachment_id: str) -> File:
        """One attached file. Raises RecordNotFound before its content is asked for; reading the content may raise any
        VendorError."""
        ...

    async def disconnect(self) -> None:
        """Give the access back at the vendor. Already gone is success."""
        ...
