"""Telling of the end of a write: `{dataType}.write.successful` and `.write.unsuccessful`.

Called in the transaction that ends the operation, so that an event exists exactly if the outcome does.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from bookbridge.accounting.dates import contract_datetime
from bookbridge.companies.companies import Company
from bookbridge.companies.views import CompanyReference, Views
from bookbridge.connectors.kit.connector import Operation as Kind
from bookbridge.push.operations import PushOperation, Status
from bookbridge.store.pool import Db
from bookbridge.webhooks import events, outbox, rules
from bookbridge.webhooks.rules import RuleType


class WrittenRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The record that was written, or to which a file was to be attached."""

    id: str


class WriteEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Payload of the write events."""

    id: UUID
    type: str
    reference_company: CompanyReference
    connection_id: UUID
    requested_on_date: str
    completed_on_date: str | None = None
    status: str
    record: WrittenRecord | None = None
    attachment_id: str | None = None


async def tell(db: Db, views: Views, operation: PushOperation, company: Company, *, successful: bool) -> None:
    """Emit the event for an operation of the company that has just ended or timed out. A data type for which the
    contract has no write events is passed over in silence."""
    await _alert(db, operation)
    if operation.data_type not in events.WRITE_DATA_TYPES:
        return
    await outbox.emit(
        db,
        events.write_event(operation.data_type, successful=successful),
        WriteEvent(
            id=operation.id,
            type=operation.kind.value,
            reference_company=views.reference(company),
            connection_id=operation.connection_id,
            requested_on_date=contract_datetime(operation.requested),
            completed_on_date=contract_datetime(operation.completed) if operation.completed else None,
            status=operation.status.value,
            record=_record(operation, successful=successful),
            attachment_id=operation.attachment_id if successful else None,
        ),
        company_id=company.id,
        company_tags=dict(company.tags),
    )


async def _alert(db: Db, operation: PushOperation) -> None:
    """Tell the rules that ask for it."""
    where = {"company_id": operation.company_id, "connection_id": operation.connection_id}
    data = {"dataType": operation.data_type, "pushOperationKey": str(operation.id)}
    if operation.status is Status.TIMED_OUT:
        message = f"The write of {operation.data_type} timed out."
        await rules.raise_alert(
            db, RuleType.WRITE_TIMED_OUT, message, {**data, "pushOperationGuid": str(operation.id)}, **where
        )
    status = operation.status.value
    message = f"The write of {operation.data_type} is now {status}."
    await rules.raise_alert(db, RuleType.WRITE_STATUS, message, {**data, "status": status}, **where)


def _record(operation: PushOperation, *, successful: bool) -> WrittenRecord | None:
    """On success the record as the platform names it; of a failed attachment the record that it was meant for."""
    if successful and operation.result_record_id is not None:
        return WrittenRecord(id=operation.result_record_id)
    if operation.kind is Kind.UPLOAD_ATTACHMENT and operation.record_id is not None:
        return WrittenRecord(id=operation.record_id)
    return None
