"""A company's defaults: the bank account, supplier and customer for transactions that name none. All SQL on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec

from bookbridge.accounting.problems import Problem
from bookbridge.companies.connections import Connection
from bookbridge.products.expenses.books import books_for
from bookbridge.products.expenses.errors import InvalidRequest
from bookbridge.products.expenses.given import Given, parse
from bookbridge.store.pool import Db

_FIELDS: Final = ("bankAccount", "supplier", "customer")


class Reference(msgspec.Struct, frozen=True, omit_defaults=True):
    """The id of a default; none when there is no default."""

    id: str | None = None
    """Identifier of the record."""


class ConfigurationView(msgspec.Struct, frozen=True, rename="camel"):
    """A company's defaults."""

    bank_account: Reference
    """Bank account of transactions that name none."""
    supplier: Reference
    """Supplier of transactions that name none."""
    customer: Reference
    """Customer of transactions that name none."""


@dataclass(frozen=True)
class Configuration:
    """The defaults, as ids of the ledger's records."""

    bank_account_id: str | None = None
    supplier_id: str | None = None
    customer_id: str | None = None

    def view(self) -> ConfigurationView:
        """The defaults as callers see them."""
        return ConfigurationView(
            Reference(self.bank_account_id), Reference(self.supplier_id), Reference(self.customer_id)
        )


async def get(db: Db, company_id: UUID, connection_id: UUID) -> Configuration:
    """The defaults; empty ones when none were ever set."""
    row = await db.fetchrow(
        """select bank_account_id, supplier_id, customer_id from expense_configurations
        where company_id = $1 and connection_id = $2""",
        company_id,
        connection_id,
    )
    return Configuration(**row) if row else Configuration()


async def replace(db: Db, connection: Connection, body: bytes) -> Configuration:
    """Replace the defaults by those in the body. Raises InvalidRequest, also for an id that is not in the books as
    they were last read."""
    problems: list[Problem] = []
    given = Given(parse(body), "", problems)
    bank, supplier, customer = (_reference(given, name) for name in _FIELDS)
    if problems:
        raise InvalidRequest(problems)
    books = await books_for(db, connection, (), bank, supplier, customer)
    if bank is not None and not books.is_bank(bank):
        problems.append(Problem("bankAccount.id", f"There is no bank account with the id '{bank}'."))
    if supplier is not None and supplier not in books.suppliers:
        problems.append(Problem("supplier.id", f"There is no supplier with the id '{supplier}'."))
    if customer is not None and customer not in books.customers:
        problems.append(Problem("customer.id", f"There is no customer with the id '{customer}'."))
    if problems:
        raise InvalidRequest(problems)
    await db.execute(
        """insert into expense_configurations (company_id, connection_id, bank_account_id, supplier_id, customer_id)
        values ($1, $2, $3, $4, $5)
        on conflict (company_id, connection_id) do update set bank_account_id = excluded.bank_account_id,
            supplier_id = excluded.supplier_id, customer_id = excluded.customer_id""",
        connection.company_id,
        connection.id,
        bank,
        supplier,
        customer,
    )
    return Configuration(bank, supplier, customer)


def _reference(given: Given, name: str) -> str | None:
    """The id in an object that must be there, though its id need not."""
    if not given.has(name):
        given.wrong(name, "is required")
        return None
    return given.reference(name)
