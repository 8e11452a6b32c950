"""Whose books expenses go to: the one linked accounting connection of a company, and what its vendor's row says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from bookbridge.companies import companies, connections
from bookbridge.companies.connections import Connection, Status
from bookbridge.connectors.integrations import SourceType, integration
from bookbridge.connectors.kit.connector import Connector, Operation
from bookbridge.connectors.kit.expenses import ExpenseRules
from bookbridge.connectors.registry import connector as connector_of
from bookbridge.products.expenses.errors import NoLedger, Unsupported
from bookbridge.store.pool import Db

NO_LEDGER: Final = "No linked accounting connection was found for company {}."
SEVERAL_LEDGERS: Final = (
    "The company {} has more than one linked accounting connection: nobody can tell which books are meant."
)


@dataclass(frozen=True)
class Ledger:
    """A linked connection, its connector, and what the connector takes of expenses."""

    connection: Connection
    connector: Connector
    rules: ExpenseRules

    def writes(self, data_type: str, operation: Operation = Operation.CREATE) -> bool:
        """Whether the platform takes this write."""
        return self.connector.write(data_type, operation) is not None

    def takes(self, data_type: str, field: str) -> bool:
        """Whether a create of this data type writes the field, by its dotted path."""
        write = self.connector.write(data_type, Operation.CREATE)
        return write is not None and field in write.fields


async def ledger_of(db: Db, company_id: UUID) -> Ledger:
    """The company's books. Raises CompanyNotFound, NoLedger, Unsupported when its vendor takes no expenses."""
    await companies.get(db, company_id)
    found = (await connections.of_companies(db, [company_id])).get(company_id, [])
    linked = [row for row in found if row.status is Status.LINKED and _is_accounting(row)]
    if not linked:
        raise NoLedger(NO_LEDGER.format(company_id))
    if len(linked) > 1:
        raise NoLedger(SEVERAL_LEDGERS.format(company_id))
    return ledger(linked[0])


def ledger(connection: Connection) -> Ledger:
    """The books behind a connection. Raises Unsupported when its vendor takes no expenses."""
    connector = connector_of(connection.integration_key)
    if connector is None or connector.expenses is None:
        raise Unsupported("Expenses are not supported by this accounting software.")
    return Ledger(connection, connector, connector.expenses)


def _is_accounting(connection: Connection) -> bool:
    known = integration(connection.integration_key)
    return known is not None and known.source_type is SourceType.ACCOUNTING
