"""Files for transactions that were written, answered when the accounting software has them."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.types import ControllerRouterHandler

from bookbridge.api.awaited import AwaitedWrite, carried_out
from bookbridge.api.bodies import AnyRequest, answer
from bookbridge.api.expense_syncs import SYNC
from bookbridge.api.parameters import company_id_of, id_of
from bookbridge.api.services import Given
from bookbridge.api.uploads import UPLOAD_SIZE_MAX_BYTES, upload_of
from bookbridge.connectors.kit.connector import Connector, Operation
from bookbridge.products.expenses.attachments import attached_to
from bookbridge.push.operations import PushOperation
from bookbridge.push.submit import Submission


class AttachmentKept(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A file that was attached to a transaction."""

    company_id: UUID
    """The company."""
    id: str | None
    """The attachment, by the accounting software's own id."""
    transaction_id: UUID
    """The transaction that it belongs to."""


@post(
    SYNC + "/transactions/{transaction_id:str}/attachments",
    status_code=200,
    request_max_body_size=UPLOAD_SIZE_MAX_BYTES,
)
async def upload_expense_attachment(
    request: AnyRequest, company_id: str, sync_id: str, transaction_id: str, services: Given
) -> Response[bytes]:
    """Attach a file to a completed transaction: the first part of the form that is a file, whatever its name."""
    company, sync = company_id_of(company_id), id_of(sync_id, "sync")
    transaction = id_of(transaction_id, "transaction")
    async with services.pool.acquire() as db:
        place = await attached_to(db, company, sync, transaction)
    sent = await upload_of(request, place.rule)

    async def prepared() -> tuple[Connector, Submission]:
        return place.connector, Submission(
            place.data_type, Operation.UPLOAD_ATTACHMENT, record_id=place.record_id, file=sent.file
        )

    async def answered(ended: PushOperation) -> Response[bytes]:
        return answer(AttachmentKept(company_id=company, id=ended.attachment_id, transaction_id=transaction))

    write = AwaitedWrite(company, place.connection_id, prepared, answered)
    return await carried_out(services, request, write, fingerprint=sent.fingerprint)


ROUTES: list[ControllerRouterHandler] = [upload_expense_attachment]
