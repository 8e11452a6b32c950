"""One write bound to a session: sending it, and looking up whether an earlier sending landed.

The same two questions for records and for attachments. When to ask which is decided in `run`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from bookbridge.accounting.records import Record
from bookbridge.connectors.kit.connector import Connector
from bookbridge.connectors.kit.connector import Operation as Kind
from bookbridge.connectors.kit.errors import Rejected
from bookbridge.connectors.kit.session import File, Intent, Session, Written
from bookbridge.push import bodies
from bookbridge.push.operations import Content
from bookbridge.push.submit import write_row
from bookbridge.push.supplements import Extra, shape_with


@dataclass(frozen=True)
class Sending:
    """A write with all that it takes to send it."""

    session: Session
    connector: Connector
    data_type: str
    kind: Kind
    record_id: str | None
    content: Content
    intent: Intent
    extras: tuple[Extra, ...] = ()
    """What supplemental data adds to the request."""

    async def send(self) -> Written:
        """Send the write with its intent."""
        if self.kind is Kind.UPLOAD_ATTACHMENT:
            record_id, file = self._attachment()
            return await self.session.attach(self.data_type, record_id, file, self.intent)
        row = write_row(self.connector, self.data_type, self.kind)
        if self.extras:
            row = replace(row, shape=shape_with(row.shape, self.extras))
        return await self.session.write(row, self._record(), self.intent, record_id=self.record_id)

    async def find(self) -> Written | None:
        """Look up whether an earlier sending landed."""
        found = await self._find()
        if found is None or found.was_there:
            return found
        # What another write of ours made proves nothing about this one, even if the connector overlooked that.
        return None if (found.attachment_id or found.record_id) in self.intent.claimed else found

    async def _find(self) -> Written | None:
        if self.kind is Kind.UPLOAD_ATTACHMENT:
            record_id, file = self._attachment()
            return await self.session.find_attachment(self.data_type, record_id, file, self.intent)
        row = write_row(self.connector, self.data_type, self.kind)
        return await self.session.find(row, self._record(), self.intent, record_id=self.record_id)

    def _record(self) -> Record | None:
        if self.content.body is None:
            return None
        row = write_row(self.connector, self.data_type, self.kind)
        try:
            return bodies.record_of(row, self.content.body)
        except msgspec.ValidationError as error:
            # It was valid when it was accepted: the record's shape has changed with an upgrade since.
            raise Rejected(f"The record is no longer valid: {error}") from error

    def _attachment(self) -> tuple[str, File]:
        if self.content.file is None or self.record_id is None:
            raise Rejected("The file to attach is gone.")
        return self.record_id, self.content.file
