"""A dry run of a write: everything is checked and worked out as if it were sent, and nothing is sent or stored.

The very code that writes is run up to its first request that would write (see `kit.errors.WouldSend`), so that what is
shown cannot differ from what is sent. The platform may be read on the way, as it would be. A write of several requests
shows the first.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import asyncpg
import msgspec

from bookbridge.accounting import catalog
from bookbridge.companies.connections import Connection
from bookbridge.connectors.kit.connector import Connector
from bookbridge.connectors.kit.connector import Operation as Kind
from bookbridge.connectors.kit.errors import NotSupported, RecordNotFound, Rejected, VendorError, WouldSend
from bookbridge.connectors.kit.session import File, Intent, Session
from bookbridge.connectors.kit.streams import Streamed
from bookbridge.push import freshness, references, supplements
from bookbridge.push.findings import Findings, Validation, ValidationItem
from bookbridge.push.operations import Content
from bookbridge.push.sending import Sending
from bookbridge.push.submit import Prepared, Submission
from bookbridge.store.records import Scope

NOTHING_TO_SEND: Final = "Nothing would be sent: the platform already holds what this write asks for."


class Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What would be sent, without the vendor's host and without headers, which hold credentials."""

    method: str
    """The HTTP method."""
    path: str
    """The address below the platform's host."""
    query: dict[str, str] = {}
    """The query string, by name."""
    payload: Any = None
    """The body as JSON; of a file its name, type and size; absent where nothing is sent along."""


class Rehearsal(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a dry run."""

    data_type: str
    requested: datetime
    validation: Validation
    request: Request | None = None
    error_message: str | None = None
    """Why the write would fail; None: it would be sent."""


def refused(prepared: Prepared, requested: datetime) -> Rehearsal:
    """The dry run of a write that would not even be accepted."""
    return Rehearsal(
        data_type=prepared.data_type,
        requested=requested,
        validation=prepared.validation or Validation(),
        error_message=prepared.refusal,
    )


async def rehearse(
    pool: asyncpg.Pool,
    session: Session,
    connector: Connector,
    connection: Connection,
    submission: Submission,
    prepared: Prepared,
) -> Rehearsal:
    """The dry run of a prepared write over a session that was opened for it. Raises the VendorErrors that say nothing
    about the write: the platform is away, busy, or no longer lets us in."""
    requested = datetime.now(UTC)
    rehearsal = refused(prepared, requested)
    if prepared.refusal is not None:
        return rehearsal
    content, record_id = _with_made(prepared, submission)
    try:
        if submission.kind is Kind.UPDATE and not submission.force_update:
            scope = Scope(connection.company_id, prepared.data_type, connection.id)
            await freshness.compare(pool, session, scope, record_id or "")
        row = connector.write(prepared.data_type, submission.kind)
        extras = await supplements.added(pool, connection.integration_key, row, content.body)
        intent = Intent(str(uuid4()), requested)
        sending = Sending(session, connector, prepared.data_type, submission.kind, record_id, content, intent, extras)
        await sending.send()
    except WouldSend as sent:
        return msgspec.structs.replace(rehearsal, request=_request(sent, content.file))
    except (Rejected, RecordNotFound, NotSupported) as error:
        validation = _refusals(prepared, error)
        return msgspec.structs.replace(rehearsal, validation=validation, error_message=error.message)
    findings = Findings(catalog.by_key(prepared.data_type).name)
    findings.inform("", NOTHING_TO_SEND)
    told = rehearsal.validation.information or ()
    notes = (*told, *findings.information.values())
    return msgspec.structs.replace(
        rehearsal, validation=msgspec.structs.replace(rehearsal.validation, information=notes)
    )


def _with_made(prepared: Prepared, submission: Submission) -> tuple[Content, str | None]:
    """The content and the record's id with what earlier writes have made; what they still have to make stays named by
    their keys."""
    content, record_id = prepared.content, submission.record_id
    if content.body is not None and prepared.named:
        content = Content(body=references.replaced(content.body, prepared.named))
    earlier = prepared.named.get((record_id or "").lower())
    return content, (earlier.record_id if earlier else None) or record_id


def _request(sent: WouldSend, file: File | None) -> Request:
    return Request(method=sent.method, path=sent.path, query=dict(sent.params), payload=_payload(sent.content, file))


def _payload(content: object, file: File | None) -> Any:
    if file is not None:
        return {"fileName": file.name, "contentType": file.content_type, "sizeBytes": file.size_bytes}
    if content is None or isinstance(content, Streamed) or not isinstance(content, bytes):
        return None
    try:
        msgspec.json.decode(content)
    except msgspec.DecodeError:
        return content.decode("utf-8", "replace")
    # The very text: numbers keep their digits.
    return msgspec.Raw(content)


def _refusals(prepared: Prepared, error: VendorError) -> Validation:
    found = prepared.validation or Validation()
    name = catalog.by_key(prepared.data_type).name
    fields = error.fields if isinstance(error, Rejected) else ()
    errors = [
        ValidationItem(item_id=one.field or None, message=one.message, validator_name=name) for one in fields
    ] or [ValidationItem(message=error.message, validator_name=name)]
    return msgspec.structs.replace(found, errors=tuple(errors))
