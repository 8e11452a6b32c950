"""Which accounts and tax rates which transactions may name. The mapping options show it, and `checks` demands it.

An account that the vendor restricts (a debtors' account, say) carries links to the fields that may hold it. What one
without any may be used for is the vendor's to say: everything, or nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bookbridge.accounting.tax_details import ValidDatatypeLink
from bookbridge.accounting.types.accounts import Account, AccountStatus, AccountType
from bookbridge.accounting.types.tax_rates import TaxRate
from bookbridge.connectors.kit.connector import Operation
from bookbridge.connectors.kit.expenses import ExpenseKind, SpendType
from bookbridge.products.expenses.books import Books
from bookbridge.products.expenses.ledger import Ledger

_ACCOUNT_FIELD: Final = ".lineitems.accountref.id"
_TAX_FIELD: Final = ".lineitems.taxrateref.id"
_PURCHASES: Final = ("bill", "billcreditnote", "directcost", "purchaseorder")

_REIMBURSED_TO: Final = frozenset({AccountType.EXPENSE, AccountType.ASSET, AccountType.LIABILITY, AccountType.EQUITY})


def spend_types_of_account(ledger: Ledger, books: Books, account: Account) -> tuple[SpendType, ...]:
    """The card transactions whose lines may be booked to the account."""
    if not _takes_lines(ledger, books, account):
        return ()
    rules = ledger.rules
    return tuple(kind for kind in rules.spending if account.type in rules.account_types.get(kind, ()))


def spend_types_of_tax_rate(ledger: Ledger, rate: TaxRate) -> tuple[SpendType, ...]:
    """The card transactions whose lines may have the rate: a rate for sales alone taxes nothing that was bought."""
    fields = [link for link in _fields(rate.valid_datatype_links) if link.endswith(_TAX_FIELD)]
    unrestricted = not rate.valid_datatype_links and not ledger.rules.always_linked
    if unrestricted or any(field.startswith(_PURCHASES) for field in fields):
        return tuple(ledger.rules.spending)
    return tuple(kind for kind in ledger.rules.spending if fields and kind is not SpendType.PAYMENT)


def kinds_of_account(ledger: Ledger, books: Books, account: Account) -> tuple[str, ...]:
    """What an account may be named in, in the contract's words."""
    found = [f"{ExpenseKind.SPENDING}.{kind}" for kind in spend_types_of_account(ledger, books, account)]
    kinds = (ExpenseKind.REIMBURSABLE, ExpenseKind.TRANSFER, ExpenseKind.ADJUSTMENT)
    return (*found, *(kind.value for kind in kinds if may_name(ledger, books, kind, account)))


def may_name(ledger: Ledger, books: Books, kind: ExpenseKind, account: Account) -> bool:
    """Whether a transaction that is not a card's may name the account."""
    rules = ledger.rules
    is_bank = books.is_bank(account.id or "")
    match kind:
        case ExpenseKind.TRANSFER:
            if rules.transfers is None:
                return False
            return is_bank or (
                rules.bank_entries and ledger.writes("journalEntries") and _takes_lines(ledger, books, account)
            )
        case ExpenseKind.REIMBURSABLE:
            return (
                rules.reimbursables is not None
                and _takes_lines(ledger, books, account)
                and account.type in _REIMBURSED_TO
            )
        case ExpenseKind.ADJUSTMENT:
            return rules.adjustments and _takes_lines(ledger, books, account)
        case ExpenseKind.SPENDING:
            return bool(spend_types_of_account(ledger, books, account))


def is_usable(status: AccountStatus | None) -> bool:
    """Whether new lines may be booked."""
    return status is not AccountStatus.ARCHIVED


def supported(ledger: Ledger, kind: ExpenseKind) -> bool:
    """Whether the ledger takes this kind of transaction at all."""
    rules = ledger.rules
    match kind:
        case ExpenseKind.SPENDING:
            return bool(rules.spending)
        case ExpenseKind.TRANSFER:
            return rules.transfers is not None and ledger.writes("transfers")
        case ExpenseKind.ADJUSTMENT:
            return rules.adjustments and ledger.writes("journalEntries")
        case ExpenseKind.REIMBURSABLE:
            return rules.reimbursables is not None and ledger.writes("bills")


def updates(ledger: Ledger, kind: ExpenseKind) -> bool:
    """Whether the ledger takes changes of what was written of this kind."""
    rules = ledger.rules
    match kind:
        case ExpenseKind.SPENDING:
            return rules.updates and ledger.writes("directCosts", Operation.UPDATE)
        case ExpenseKind.TRANSFER:
            transferred = rules.transfers
            return transferred is not None and transferred.updates and ledger.writes("transfers", Operation.UPDATE)
        case ExpenseKind.REIMBURSABLE:
            reimbursed = rules.reimbursables
            return reimbursed is not None and reimbursed.updates and ledger.writes("bills", Operation.UPDATE)
        case ExpenseKind.ADJUSTMENT:
            return False


def _takes_lines(ledger: Ledger, books: Books, account: Account) -> bool:
    if books.is_bank(account.id or "") or not is_usable(account.status):
        return False
    links = account.valid_datatype_links
    if not links:
        return not ledger.rules.always_linked
    return any(field.endswith(_ACCOUNT_FIELD) for field in _fields(links))


def _fields(links: Iterable[ValidDatatypeLink]) -> list[str]:
    return [field.casefold() for link in links for field in link.links]
