"""The application itself as a source of expenses: one connection of a company, Linked from the start."""

from __future__ import annotations

from uuid import UUID

from bookbridge.companies import companies, connections, lifecycle
from bookbridge.companies.connections import Connection, Status
from bookbridge.companies.views import Views
from bookbridge.connectors.integrations import PARTNER_EXPENSE_KEY
from bookbridge.store.pool import Db


async def ensure(db: Db, views: Views, company_id: UUID) -> Connection:
    """The company's partner expense connection; created if there is none that is Linked. Raises CompanyNotFound,
    Conflict when the company has too many connections."""
    await companies.get(db, company_id)
    # Two calls at once must not make two.
    await db.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"partner-expense:{company_id}")
    for row in (await connections.of_companies(db, [company_id])).get(company_id, []):
        if row.integration_key == PARTNER_EXPENSE_KEY and row.status is Status.LINKED:
            return row
    return await lifecycle.created(db, views, company_id, PARTNER_EXPENSE_KEY)
