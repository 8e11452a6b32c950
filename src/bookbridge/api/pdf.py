"""An invoice as a PDF: as the vendor prints it, or drawn plainly from what is stored where the vendor prints none."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote
from uuid import UUID

from litestar import Response, get
from litestar.types import ControllerRouterHandler

from bookbridge.accounting.types.invoices import INVOICES, Invoice
from bookbridge.api.attachments import session_of
from bookbridge.api.drawing import plain_pdf
from bookbridge.api.errors import HEADERS, PULL, not_found
from bookbridge.api.parameters import ID_LENGTH_SHOWN, company_id_of, record_id_of
from bookbridge.api.records import text_of_one
from bookbridge.api.services import Given, Services
from bookbridge.connectors.kit.errors import NotSupported
from bookbridge.connectors.kit.http import RESPONSE_SIZE_MAX_BYTES
from bookbridge.connectors.kit.printing import Printer
from bookbridge.connectors.kit.streams import whole
from bookbridge.store import records
from bookbridge.store.records import Scope

PDF: Final = "application/pdf"
DESCRIPTION_CHARACTERS: Final = 44


# The router enters a literal segment for good, so `invoices` cannot stand here: its own list would be lost.
@get("/companies/{company_id:str}/data/{segment:str}/{record_id:str}/pdf")
async def get_invoice_pdf(company_id: str, segment: str, record_id: str, services: Given) -> Response[bytes]:
    """The invoice, to be saved: what a vendor made must not run in our origin."""
    if segment.casefold() != INVOICES.path:
        raise not_found(f"Records of '{segment[:ID_LENGTH_SHOWN]}' are not printed.", PULL)
    company, wanted = company_id_of(company_id), record_id_of(record_id)
    scope = Scope(company, INVOICES.key)
    # First of all it must be an invoice of this company, whatever the vendor would show.
    stored = INVOICES.decode(await text_of_one(services, INVOICES, scope, wanted))
    connection = await records.connection_of(services.pool, scope, wanted)
    content = None if connection is None else await _printed(services, company, connection, wanted)
    name = quote(f"{stored.invoice_number or wanted}.pdf", safe="")
    return Response(
        plain_pdf(lines_of(stored)) if content is None else content,
        status_code=200,
        media_type=PDF,
        headers={**HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


async def _printed(services: Services, company_id: UUID, connection_id: UUID, record_id: str) -> bytes | None:
    """The vendor's own PDF; None where it has none. Raises VendorError."""
    try:
        async with session_of(services, company_id, connection_id) as session:
            if isinstance(session, Printer):
                printed = await session.printed(INVOICES.key, record_id)
                return await whole(printed.content, RESPONSE_SIZE_MAX_BYTES)
    except NotSupported:
        pass
    return None


def lines_of(invoice: Invoice) -> list[str]:
    """The invoice as lines of text."""
    customer = invoice.customer_ref.company_name if invoice.customer_ref else None
    currency = invoice.currency or ""
    head = [
        f"Invoice {invoice.invoice_number or invoice.id}",
        "",
        f"Customer:  {customer or '-'}",
        f"Issued:    {invoice.issue_date[:10]}",
        f"Due:       {(invoice.due_date or '-')[:10]}",
        f"Status:    {invoice.status.value}",
        "",
        f"{'Description':<{DESCRIPTION_CHARACTERS}}{'Quantity':>12}{'Price':>13}{'Total':>13}",
    ]
    rows = [
        f"{(line.description or '')[: DESCRIPTION_CHARACTERS - 1]:<{DESCRIPTION_CHARACTERS}}"
        f"{line.quantity.normalize():>12f}{line.unit_amount:>13}{_or_dash(line.total_amount):>13}"
        for line in invoice.line_items
    ]
    totals = [
        ("Sub total", invoice.sub_total),
        ("Tax", invoice.total_tax_amount),
        (f"Total {currency}", invoice.total_amount),
        (f"Due {currency}", invoice.amount_due),
    ]
    width = DESCRIPTION_CHARACTERS + 25
    return [*head, *rows, "", *(f"{name:>{width}}{_or_dash(amount):>13}" for name, amount in totals)]


def _or_dash(amount: object) -> str:
    return "-" if amount is None else str(amount)


ROUTES: list[ControllerRouterHandler] = [get_invoice_pdf]
