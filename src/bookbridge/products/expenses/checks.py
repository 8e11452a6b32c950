"""Whether what a request refers to is there and may be used so. All of it is found before anything is kept.

What depends on the company's defaults, on currencies or on closed books is found when a transaction is handed over; see
`landing`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bookbridge.accounting.money import currency_places
from bookbridge.accounting.problems import Problem
from bookbridge.accounting.types.bank_accounts import BankAccountType
from bookbridge.accounting.types.suppliers import SupplierStatus
from bookbridge.accounting.types.tax_rates import TaxRateStatus
from bookbridge.connectors.kit.expenses import ExpenseKind
from bookbridge.products.expenses.books import Books
from bookbridge.products.expenses.errors import InvalidRequest, Unsupported
from bookbridge.products.expenses.ledger import Ledger
from bookbridge.products.expenses.transactions import (
    Adjustment,
    AdjustmentLine,
    Line,
    Reimbursable,
    Spending,
    Tracked,
    Transaction,
    Transfer,
    kind_of,
)
from bookbridge.products.expenses.validity import may_name, spend_types_of_account, spend_types_of_tax_rate, supported


def check(ledger: Ledger, books: Books, transactions: Sequence[Transaction], *, one: bool = False) -> None:
    """Raise InvalidRequest with everything that is wrong, Unsupported for a kind that the ledger does not take. Places
    are named within a list unless there is only `one`."""
    problems: list[Problem] = []
    for position, transaction in enumerate(transactions):
        check_supported(ledger, kind_of(transaction))
        prefix = "" if one else f"Items[{position}]."
        problems += [Problem(prefix + found.field, found.message) for found in _problems(ledger, books, transaction)]
    if problems:
        raise InvalidRequest(problems)


def check_supported(ledger: Ledger, kind: ExpenseKind) -> None:
    """Raise Unsupported for a kind that the ledger does not take."""
    if not supported(ledger, kind):
        raise Unsupported(f"This accounting software does not support {kind.value}.")


def _problems(ledger: Ledger, books: Books, transaction: Transaction) -> Iterator[Problem]:
    match transaction:
        case Spending():
            yield from _spending_problems(ledger, books, transaction)
        case Reimbursable():
            yield from _reimbursable_problems(ledger, books, transaction)
        case Transfer():
            yield from _transfer_problems(ledger, books, transaction)
        case Adjustment():
            for position, line in enumerate(transaction.lines):
                yield from _adjustment_line_problems(ledger, books, line, f"Lines[{position}]")


def _spending_problems(ledger: Ledger, books: Books, spending: Spending) -> Iterator[Problem]:
    rule = ledger.rules.spending.get(spending.type)
    if rule is None:
        yield Problem("Type", f"The type {spending.type} is not supported by this accounting software.")
        return
    bank = spending.bank_account_id
    if bank is not None:
        if not books.is_bank(bank):
            yield _unknown("BankAccountRef.Id", "bank account", bank)
        elif rule.card_only and not is_card(books, bank):
            yield Problem("BankAccountRef.Id", f"A {spending.type} is written on credit card accounts only.")
    contact = spending.contact_id
    if rule.contact is not None and contact is not None:
        # Libraries say Supplier unasked, of customers too; nobody says Customer without meaning it.
        if spending.contact_type == "customers" and contact not in books.customers:
            yield _unknown("ContactRef.Id", "customer", contact)
        elif contact not in {*books.suppliers, *books.customers}:
            yield _unknown("ContactRef.Id", "supplier or customer", contact)
    for position, line in enumerate(spending.lines):
        where = f"Lines[{position}]"
        account = books.accounts.get(line.account_id)
        if account is None:
            yield _unknown(f"{where}.AccountRef.Id", "account", line.account_id)
        elif spending.type not in spend_types_of_account(ledger, books, account):
            yield Problem(f"{where}.AccountRef.Id", f"The account '{account.name}' is not valid for {spending.type}.")
        yield from _tax_problems(ledger, books, line, where, spending)
        yield from _tracking_problems(ledger, books, line.tracking, where)


def _reimbursable_problems(ledger: Ledger, books: Books, reimbursable: Reimbursable) -> Iterator[Problem]:
    supplier = books.suppliers.get(reimbursable.contact_id)
    if supplier is None:
        yield _unknown("ContactRef.Id", "supplier", reimbursable.contact_id)
    elif supplier.status is SupplierStatus.ARCHIVED:
        yield Problem("ContactRef.Id", "The supplier is archived.")
    elif supplier.default_currency and supplier.default_currency.upper() != reimbursable.currency:
        yield Problem("Currency", f"The supplier is paid in {supplier.default_currency}, not {reimbursable.currency}.")
    for position, line in enumerate(reimbursable.lines):
        where = f"Lines[{position}]"
        yield from _account_problems(ledger, books, ExpenseKind.REIMBURSABLE, line.account_id, where)
        yield from _tax_problems(ledger, books, line, where, None)
        yield from _tracking_problems(ledger, books, line.tracking, where)


def _transfer_problems(ledger: Ledger, books: Books, transfer: Transfer) -> Iterator[Problem]:
    sides = (("From", transfer.from_id, transfer.from_amount), ("To", transfer.to_id, transfer.to_amount))
    for name, account_id, amount in sides:
        if account_id is None:
            continue
        yield from _account_problems(ledger, books, ExpenseKind.TRANSFER, account_id, name)
        places = currency_places(books.currency_of(account_id))
        if amount != round(amount, places):
            yield Problem(f"{name}.Amount", f"The field Amount must not have more than {places} decimal places.")
    # The configured account, which None stands for, is a bank account.
    if not any(account_id is None or books.is_bank(account_id) for _, account_id, _ in sides):
        yield Problem("From.AccountRef.Id", "One of the two accounts must be a bank account.")


def _adjustment_line_problems(ledger: Ledger, books: Books, line: AdjustmentLine, where: str) -> Iterator[Problem]:
    # The older form moves money on a bank account; the configured one is not known yet.
    if line.account_id is not None and not books.is_bank(line.account_id):
        yield from _account_problems(ledger, books, ExpenseKind.ADJUSTMENT, line.account_id, where)
    elif line.account_id is not None and not ledger.rules.bank_entries:
        yield Problem(f"{where}.AccountRef.Id", "Adjustments cannot be booked to bank accounts.")
    if line.tracking and not ledger.takes("journalEntries", "journalLines.tracking.recordRefs.id"):
        yield Problem(f"{where}.TrackingRefs", "Adjustments cannot be counted under anything in this software.")
        return
    yield from _tracking_problems(ledger, books, line.tracking, where)


def _account_problems(
    ledger: Ledger, books: Books, kind: ExpenseKind, account_id: str, where: str
) -> Iterator[Problem]:
    account = books.accounts.get(account_id)
    if account is None and not books.is_bank(account_id):
        yield _unknown(f"{where}.AccountRef.Id", "account", account_id)
    elif account is not None and not may_name(ledger, books, kind, account):
        yield Problem(f"{where}.AccountRef.Id", f"The account '{account.name}' is not valid for {kind.value}.")


def _tax_problems(ledger: Ledger, books: Books, line: Line, where: str, spending: Spending | None) -> Iterator[Problem]:
    if line.tax_rate_id is None:
        if line.tax_amount:
            yield Problem(f"{where}.TaxRateRef", "The field TaxRateRef is required where there is tax.")
        return
    rate = books.tax_rates.get(line.tax_rate_id)
    if rate is None or rate.status is TaxRateStatus.ARCHIVED:
        yield _unknown(f"{where}.TaxRateRef.Id", "tax rate", line.tax_rate_id)
    elif spending is not None and spending.type not in spend_types_of_tax_rate(ledger, rate):
        yield Problem(f"{where}.TaxRateRef.Id", f"The tax rate '{rate.name}' is not valid for {spending.type}.")


def _tracking_problems(ledger: Ledger, books: Books, tracking: Sequence[Tracked], where: str) -> Iterator[Problem]:
    for position, ref in enumerate(tracking):
        place = f"{where}.TrackingRefs[{position}]"
        if ref.data_type not in ledger.rules.tracked:
            yield Problem(f"{place}.DataType", f"Lines cannot be counted under {ref.data_type} in this software.")
            continue
        category = books.tracking.get(ref.id)
        if category is None:
            yield _unknown(f"{place}.Id", "tracking category", ref.id)
        elif category.has_children:
            yield Problem(f"{place}.Id", f"'{category.name}' is a group: name one of its categories.")


def is_card(books: Books, bank_account_id: str) -> bool:
    """Whether a bank account is a credit card."""
    bank = books.banks.get(bank_account_id)
    return bank is not None and bank.account_type is BankAccountType.CREDIT


def _unknown(field: str, what: str, record_id: str) -> Problem:
    return Problem(field, f"There is no {what} with the id '{record_id}'.")
