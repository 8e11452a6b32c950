"""What an expense application may offer its people: accounts, tax rates and tracking categories, each with its uses."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import msgspec

from bookbridge.accounting.money import ZERO
from bookbridge.accounting.types.accounts import Account, AccountType
from bookbridge.accounting.types.tax_rates import TaxRate, TaxRateStatus, effective_rate
from bookbridge.accounting.types.tracking_categories import TrackingCategory, TrackingCategoryStatus
from bookbridge.connectors.integrations import PARTNER_EXPENSE_KEY, integration
from bookbridge.products.expenses.books import Books, listed_books
from bookbridge.products.expenses.ledger import Ledger
from bookbridge.products.expenses.validity import (
    is_usable,
    kinds_of_account,
    spend_types_of_account,
    spend_types_of_tax_rate,
)
from bookbridge.store.pool import Db


class _Option(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Base of the contract's objects: absent fields left out."""


class AccountOption(_Option, frozen=True, kw_only=True):
    """An account, and what it may be named in."""

    id: str
    """Identifier of the account."""
    name: str
    """Name of the account."""
    currency: str
    """Currency of the account, ISO 4217."""
    account_type: str
    """The part of the reports that it belongs to."""
    fully_qualified_category: str
    """Where it stands in the reports."""
    is_bank_account: bool
    """Whether it stands for money at a bank."""
    valid_transaction_types: tuple[str, ...]
    """Kinds of card transactions whose lines may name it."""
    valid_for: tuple[str, ...]
    """All that may name it: `expense-transactions.Payment` and its like, and the other kinds of transactions."""
    nominal_code: str | None = None
    """Number or code that bookkeepers know it by."""


class TaxRateOption(_Option, frozen=True, kw_only=True):
    """A tax rate in per cent, and the card transactions that may have it."""

    id: str
    """Identifier of the tax rate."""
    name: str
    """Name of the tax rate."""
    effective_tax_rate: Decimal
    """Rate in per cent, as it is charged."""
    total_tax_rate: Decimal
    """Rate in per cent, as the sum of its parts."""
    valid_transaction_types: tuple[str, ...]
    """Kinds of card transactions whose lines may name it."""
    code: str | None = None
    """Code that bookkeepers know it by."""


class TrackingOption(_Option, frozen=True, kw_only=True):
    """A tracking category. Those without children go on lines."""

    id: str
    """Identifier of the category."""
    name: str
    """Name of the category."""
    has_children: bool
    """Whether it stands only for the categories below it."""
    parent_id: str | None = None
    """The category above it."""


class MappingOptions(_Option, frozen=True, kw_only=True):
    """What transactions may name."""

    expense_provider: str
    """Name of the source of the expenses, which is your application."""
    accounts: tuple[AccountOption, ...]
    """The accounts."""
    tracking_categories: tuple[TrackingOption, ...]
    """The tracking categories."""
    tax_rates: tuple[TaxRateOption, ...]
    """The tax rates."""


_TYPES: Final = frozenset(
    {AccountType.ASSET, AccountType.LIABILITY, AccountType.INCOME, AccountType.EXPENSE, AccountType.EQUITY}
)


async def mapping_options(db: Db, ledger: Ledger) -> MappingOptions:
    """The options of the books as they were last read; archived ones are left out."""
    books = await listed_books(db, ledger.connection)
    provider = integration(PARTNER_EXPENSE_KEY)
    return MappingOptions(
        expense_provider=provider.name if provider else "",
        accounts=tuple(
            _account(ledger, books, one)
            for one in books.accounts.values()
            if one.type in _TYPES and is_usable(one.status)
        ),
        tracking_categories=tuple(
            _tracking(one) for one in books.tracking.values() if one.status is not TrackingCategoryStatus.ARCHIVED
        ),
        tax_rates=tuple(
            _tax_rate(ledger, one) for one in books.tax_rates.values() if one.status is not TaxRateStatus.ARCHIVED
        ),
    )


def _account(ledger: Ledger, books: Books, account: Account) -> AccountOption:
    return AccountOption(
        id=account.id or "",
        nominal_code=account.nominal_code,
        name=account.name or "",
        currency=account.currency or books.base_currency or "",
        account_type=account.type.value if account.type else "",
        fully_qualified_category=account.fully_qualified_category or "",
        is_bank_account=books.is_bank(account.id or ""),
        valid_transaction_types=tuple(kind.value for kind in spend_types_of_account(ledger, books, account)),
        valid_for=kinds_of_account(ledger, books, account),
    )


def _tax_rate(ledger: Ledger, rate: TaxRate) -> TaxRateOption:
    total = rate.total_tax_rate if rate.total_tax_rate is not None else rate.effective_tax_rate
    effective = rate.effective_tax_rate
    if effective is None:
        effective = effective_rate(rate.components) if rate.components else total
    return TaxRateOption(
        id=rate.id or "",
        name=rate.name or "",
        code=rate.code,
        effective_tax_rate=effective if effective is not None else ZERO,
        total_tax_rate=total if total is not None else ZERO,
        valid_transaction_types=tuple(kind.value for kind in spend_types_of_tax_rate(ledger, rate)),
    )


def _tracking(category: TrackingCategory) -> TrackingOption:
    return TrackingOption(
        id=category.id or "",
        name=category.name or "",
        has_children=category.has_children or False,
        parent_id=category.parent_id,
    )
