"""What is known of a company's books: the accounts, rates and contacts that transactions refer to, as last read.

Nothing here asks the vendor. It must not decide what a transaction may refer to; that is `checks`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from bookbridge.accounting.data_type import DataType
from bookbridge.accounting.records import Record
from bookbridge.accounting.types.accounts import ACCOUNTS, Account
from bookbridge.accounting.types.bank_accounts import BANK_ACCOUNTS, BankAccount
from bookbridge.accounting.types.company_info import COMPANY_INFO
from bookbridge.accounting.types.customers import CUSTOMERS, Customer
from bookbridge.accounting.types.suppliers import SUPPLIERS, Supplier
from bookbridge.accounting.types.tax_rates import TAX_RATES, TaxRate
from bookbridge.accounting.types.tracking_categories import TRACKING_CATEGORIES, TrackingCategory
from bookbridge.companies.connections import Connection
from bookbridge.products.expenses.transactions import Adjustment, Reimbursable, Spending, Transaction, Transfer
from bookbridge.store import records
from bookbridge.store.pool import Db
from bookbridge.store.records import Scope

BASE_CURRENCY_FACT: Final = "base_currency"
LIST_MAX: Final = 20_000
"""Accounts, rates or categories of one company that are listed."""

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Books:
    """A part of the books, by id. What is not in it was not asked for, or is not there."""

    base_currency: str | None
    lock_date: str | None
    """The contract's date up to which the books are closed."""
    accounts: Mapping[str, Account] = field(default_factory=dict)
    banks: Mapping[str, BankAccount] = field(default_factory=dict)
    tax_rates: Mapping[str, TaxRate] = field(default_factory=dict)
    tracking: Mapping[str, TrackingCategory] = field(default_factory=dict)
    suppliers: Mapping[str, Supplier] = field(default_factory=dict)
    customers: Mapping[str, Customer] = field(default_factory=dict)

    def is_bank(self, account_id: str) -> bool:
        """Whether it is a bank or card account."""
        account = self.accounts.get(account_id)
        return account_id in self.banks or (account is not None and account.is_bank_account is True)

    def currency_of(self, account_id: str) -> str | None:
        """The currency that an account is kept in; the base currency where its record does not say."""
        bank, account = self.banks.get(account_id), self.accounts.get(account_id)
        known = (bank.currency if bank else None) or (account.currency if account else None)
        return known or self.base_currency


async def books_for(db: Db, connection: Connection, transactions: Iterable[Transaction], *more: str | None) -> Books:
    """What these transactions refer to, and whatever else has one of the ids in `more`."""
    wanted = sorted({one for transaction in transactions for one in references(transaction)} | {*filter(None, more)})
    base, lock = await _closing(db, connection)
    return Books(
        base,
        lock,
        accounts=await _known(db, connection, ACCOUNTS, wanted),
        banks=await _known(db, connection, BANK_ACCOUNTS, wanted),
        tax_rates=await _known(db, connection, TAX_RATES, wanted),
        tracking=await _known(db, connection, TRACKING_CATEGORIES, wanted),
        suppliers=await _known(db, connection, SUPPLIERS, wanted),
        customers=await _known(db, connection, CUSTOMERS, wanted),
    )


async def listed_books(db: Db, connection: Connection) -> Books:
    """All accounts, rates and categories, but no contacts."""
    base, lock = await _closing(db, connection)
    return Books(
        base,
        lock,
        accounts=await _all(db, connection, ACCOUNTS),
        banks=await _all(db, connection, BANK_ACCOUNTS),
        tax_rates=await _all(db, connection, TAX_RATES),
        tracking=await _all(db, connection, TRACKING_CATEGORIES),
    )


def references(transaction: Transaction) -> set[str]:
    """The ids of all records that a transaction names."""
    found: set[str | None]
    match transaction:
        case Spending():
            found = {transaction.contact_id, transaction.bank_account_id}
        case Reimbursable():
            found = {transaction.contact_id}
        case Transfer():
            found = {transaction.from_id, transaction.to_id}
        case Adjustment():
            found = set()
    for line in () if isinstance(transaction, Transfer) else transaction.lines:
        found |= {line.account_id, getattr(line, "tax_rate_id", None), *(one.id for one in line.tracking)}
    return {one for one in found if one}


async def _closing(db: Db, connection: Connection) -> tuple[str | None, str | None]:
    """The base currency, and the day up to which the books are closed."""
    scope = Scope(connection.company_id, COMPANY_INFO.key, connection.id)
    body = await records.get_body(db, scope, COMPANY_INFO.key)
    info = COMPANY_INFO.decode(body) if body is not None else None
    base = connection.facts.get(BASE_CURRENCY_FACT) or (info.base_currency if info else None)
    return base.upper() if base else None, info.ledger_lock_date if info else None


async def _known(db: Db, connection: Connection, data_type: DataType[R], wanted: list[str]) -> dict[str, R]:
    scope = Scope(connection.company_id, data_type.key, connection.id)
    found = await records.bodies_of(db, scope, wanted)
    return {record_id: data_type.decode(body) for record_id, body in found.items()}


async def _all(db: Db, connection: Connection, data_type: DataType[Any]) -> dict[str, Any]:
    scope = Scope(connection.company_id, data_type.key, connection.id)
    bodies, _ = await records.list_bodies(db, scope, condition=None, order=None, limit=LIST_MAX, offset=0)
    decoded = [data_type.decode(body) for body in bodies]
    return {data_type.record_id(one): one for one in decoded if not one.metadata.is_deleted}
