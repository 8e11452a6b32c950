"""Taking a file away from a record: the contract has it, and no platform that is served so far lets us do it.

The address answers as the contract does for what a platform does not take, after the same checks as any write. The
first connector that can delete a file makes this a write like the others.
"""

from __future__ import annotations

from typing import Final

from litestar import Response, delete
from litestar.types import ControllerRouterHandler

from bookbridge.api.errors import PUSH, not_found
from bookbridge.api.parameters import ID_LENGTH_SHOWN, company_id_of, connection_id_of
from bookbridge.api.services import Given
from bookbridge.companies import companies, connections

PATH: Final = (
    "/companies/{company_id:str}/connections/{connection_id:str}/push/{segment:str}/{record_id:str}"
    "/attachments/{attachment_id:str}"
)


@delete(PATH, status_code=200)
async def delete_attachment(
    company_id: str, connection_id: str, segment: str, record_id: str, attachment_id: str, services: Given
) -> Response[bytes]:
    """Take a file away from a record. No platform that is served so far can; the answer says so."""
    del record_id, attachment_id
    of_company, of_connection = company_id_of(company_id), connection_id_of(connection_id)
    async with services.pool.acquire() as db:
        await companies.get(db, of_company)
        connection = await connections.get(db, of_company, of_connection)
    raise not_found(
        f"Deleting attachments of '{segment[:ID_LENGTH_SHOWN]}' not supported by platform"
        f" '{connection.integration_key}'",
        PUSH,
    )


ROUTES: list[ControllerRouterHandler] = [delete_attachment]
