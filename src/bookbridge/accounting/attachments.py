"""A file attached to a record: what is known about it, not its bytes."""

from __future__ import annotations

from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.records import Record


class Attachment(Record, frozen=True, kw_only=True):
    """A file that the accounting software keeps beside a record."""

    id: str | None = None
    """Identifier of the attachment, a UUID."""
    name: str | None = None
    """File name with its extension."""
    content_type: str | None = None
    """Media type of the file, for example `application/pdf`."""
    date_created: ContractDateTime | None = None
    """When the file was attached."""
    file_size: int | None = None
    """Size in bytes."""
    include_when_sent: bool | None = None
    """Whether the file goes out with the record when that is sent to someone."""
    source_modified_date: ContractDateTime | None = None
    """When the accounting software last changed the attachment; absent when it does not say."""
