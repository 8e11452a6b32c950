"""What must hold across a company's books: rules over sets of records, where `check` sees one at a time.

For books that are meant to be right: seed books of an emulator, a full sync of a test company. Every rule is
a pure function that reports findings, named `bills[bill-1].amountDue`; none raises for odd content, and none
knows where the records came from. Real books break some of these rules for honest reasons (a report taken
in the middle of a month, a revaluation of foreign balances), so a sync does not apply them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from bookbridge.accounting.dates import parse_contract_datetime
from bookbridge.accounting.money import (
    ZERO,
    exact_difference,
    exact_product,
    exact_sum,
    minor_unit,
)
from bookbridge.accounting.problems import Problem, allocated_amount, guarded, rounding_tolerance
from bookbridge.accounting.statements import account_lines, value_of, value_of_accounts
from bookbridge.accounting.sub_ledgers import RECEIVABLE, Document, Rated, SubLedger, payables, receivables
from bookbridge.accounting.types import balance_sheet as balance_sheets
from bookbridge.accounting.types import profit_and_loss as profit_and_losses
from bookbridge.accounting.types.balance_sheet import BalanceSheet, BalanceSheetReport
from bookbridge.accounting.types.bill_credit_notes import BillCreditNote
from bookbridge.accounting.types.bill_payments import BillPayment
from bookbridge.accounting.types.bills import Bill
from bookbridge.accounting.types.credit_notes import CreditNote
from bookbridge.accounting.types.invoices import Invoice
from bookbridge.accounting.types.journal_entries import JournalEntry
from bookbridge.accounting.types.payments import Payment
from bookbridge.accounting.types.profit_and_loss import ProfitAndLoss

RATE_NEAR_ONE: Final = Decimal("1.25")
"""Between its inverse and this, a rate and its inverse are too alike to tell which way round one is."""


@dataclass(frozen=True, kw_only=True)
class Books:
    """A company's books, as far as they are at hand. What is left out is not checked."""

    base_currency: str
    journal_entries: tuple[JournalEntry, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    credit_notes: tuple[CreditNote, ...] = ()
    payments: tuple[Payment, ...] = ()
    bills: tuple[Bill, ...] = ()
    bill_credit_notes: tuple[BillCreditNote, ...] = ()
    bill_payments: tuple[BillPayment, ...] = ()
    balance_sheet: BalanceSheet | None = None
    profit_and_loss: ProfitAndLoss | None = None
    receivable_account_id: str | None = None
    """The control account of what customers owe."""
    payable_account_id: str | None = None
    """The control account of what is owed to suppliers."""
    capital_account_ids: frozenset[str] = frozenset()
    """Accounts of equity that owners pay into and draw from: what changes there is no profit."""
    reference_rates: Mapping[str, Decimal] = field(default_factory=dict)
    """For each foreign currency, roughly what one unit is worth in the base currency."""


def book_problems(books: Books) -> list[Problem]:
    """Everything that does not hold across the books. The records' own checks are not repeated."""
    found = trial_balance(books.journal_entries)
    if books.balance_sheet is not None:
        found += balance_sheet_balances(books.balance_sheet)
        found += balance_sheet_agrees_with_ledger(books.balance_sheet, books.journal_entries)
        if books.profit_and_loss is not None:
            found += profit_ties_to_balance_sheet(books.profit_and_loss, books.balance_sheet, books.capital_account_ids)
    owed_to_us = receivables(books.invoices, books.credit_notes, books.payments)
    owed_by_us = payables(books.bills, books.bill_credit_notes, books.bill_payments)
    for ledger, account_id in (
        (owed_to_us, books.receivable_account_id),
        (owed_by_us, books.payable_account_id),
    ):
        found += allocations_agree(ledger)
        if account_id is not None:
            found += _control_problems(books, ledger, account_id)
        for key, records in (
            (ledger.side.documents, ledger.documents),
            (ledger.side.credits, ledger.credits),
            (ledger.side.payments, ledger.payments),
        ):
            found += rate_direction(key, records, books.base_currency, books.reference_rates)
    return found


@guarded
def _control_problems(books: Books, ledger: SubLedger, account_id: str) -> list[Problem]:
    balance = account_balances(books.journal_entries).get(account_id, ZERO)
    return control_account_agrees(ledger, balance, books.base_currency)


# The general ledger


def account_balances(entries: Iterable[JournalEntry], up_to: date | None = None) -> dict[str, Decimal]:
    """Balance of each account by its id, in the base currency: debits above zero. Deleted entries do not count.

    With `up_to`, only what was posted on that day or before it; an entry without a date counts. Raises
    ArithmeticError for numbers that cannot be calculated with.
    """
    amounts: dict[str, list[Decimal]] = defaultdict(list)
    for entry in _existing(entries):
        posted = _day(entry.posted_on)
        if up_to is not None and posted is not None and posted > up_to:
            continue
        for line in entry.journal_lines:
            if line.account_ref is not None and line.account_ref.id is not None:
                amounts[line.account_ref.id].append(line.net_amount)
    return {account_id: exact_sum(booked) for account_id, booked in amounts.items()}


@guarded
def trial_balance(entries: Iterable[JournalEntry]) -> list[Problem]:
    """Debits equal credits in every entry, and every booking has an account: so the ledger adds up to zero."""
    found = []
    for entry in _existing(entries):
        place = f"journalEntries[{entry.id}].journalLines"
        rest = exact_sum(line.net_amount for line in entry.journal_lines)
        if rest != 0:
            found.append(Problem(place, f"Debits and credits differ by {rest}."))
        for position, line in enumerate(entry.journal_lines):
            if line.account_ref is None or line.account_ref.id is None:
                found.append(Problem(f"{place}[{position}].accountRef", "The booking is to no account."))
    return found


# The statements


def balance_sheet_balances(sheet: BalanceSheet) -> list[Problem]:
    """Assets less liabilities are the net assets, and equity is the same, on every day of the statement."""
    return [_within("balanceSheet", problem) for problem in balance_sheets.check(sheet)]


@guarded
def balance_sheet_agrees_with_ledger(sheet: BalanceSheet, entries: Iterable[JournalEntry]) -> list[Problem]:
    """Each account among the assets and liabilities has the balance that was booked to it up to that day.

    Equity is left out: profit reaches it without a booking in most software. Silent without entries.
    """
    booked = list(entries)
    found: list[Problem] = []
    if not booked:
        return found
    for position, report in enumerate(sheet.reports):
        day = _day(report.date)
        if day is None:
            continue
        balances = account_balances(booked, up_to=day)
        for name, section, sign in (("assets", report.assets, 1), ("liabilities", report.liabilities, -1)):
            for line in account_lines(section):
                expected = exact_product(balances.get(line.account_id or "", ZERO), Decimal(sign))
                own = exact_difference(line.value, exact_sum(item.value for item in line.items))
                if expected not in (line.value, own):
                    place = f"balanceSheet.reports[{position}].{name}"
                    message = f"Account {line.account_id} stands at {line.value}, but {expected} was booked to it."
                    found.append(Problem(place, message))
    return found


@guarded
def profit_ties_to_balance_sheet(
    statement: ProfitAndLoss, sheet: BalanceSheet, capital_account_ids: frozenset[str] = frozenset()
) -> list[Problem]:
    """Between two balance sheets, equity grows by the profit of the time between, capital movements aside.

    A period is compared where there is a balance sheet of its last day and one of the day before its first.
    """
    found = [_within("profitAndLoss", problem) for problem in profit_and_losses.check(statement)]
    by_day = {_day(report.date): report for report in sheet.reports}
    for position, period in enumerate(statement.reports):
        first, last = _day(period.from_date), _day(period.to_date)
        if first is None or last is None:
            continue
        opening, closing = by_day.get(first - timedelta(days=1)), by_day.get(last)
        if opening is None or closing is None:
            continue
        grown = exact_difference(_earned(closing, capital_account_ids), _earned(opening, capital_account_ids))
        if exact_difference(grown, period.net_profit).copy_abs() > minor_unit(statement.currency):
            message = f"The profit is {period.net_profit}, but equity grew by {grown}."
            found.append(Problem(f"profitAndLoss.reports[{position}].netProfit", message))
    return found


def _earned(report: BalanceSheetReport, capital_account_ids: frozenset[str]) -> Decimal:
    total = report.net_assets if report.equity is None else value_of(report.equity)
    return exact_difference(total, value_of_accounts(report.equity, capital_account_ids))


# Customers and suppliers


@guarded
def control_account_agrees(ledger: SubLedger, control_balance: Decimal, base_currency: str) -> list[Problem]:
    """What is open with all customers (or suppliers) is the balance of the control account in the general ledger.

    Open is what is due on documents, less credit that remains and money that was set against nothing, each at
    the rate of its own record. `control_balance` is in the base currency, debits above zero.
    """
    found: list[Problem] = []
    amounts: list[Decimal] = []
    roundings = 0
    for place, record, amount, bookings in _open_amounts(ledger):
        if amount is None:
            found.append(Problem(place, "Nothing says how much of this is open."))
        elif amount == 0:
            continue
        elif record.currency in (None, base_currency):
            amounts.append(amount)
        elif record.currency_rate is None:
            found.append(Problem(place, f"An amount in {record.currency} without a rate cannot be compared."))
        else:
            amounts.append(exact_product(amount, record.currency_rate))
            roundings += bookings
    total = exact_sum(amounts)
    stated = control_balance if ledger.side is RECEIVABLE else control_balance.copy_negate()
    # Each booking of a foreign amount was rounded to the base currency by itself.
    tolerance = rounding_tolerance(base_currency, roundings) if roundings else ZERO
    if exact_difference(stated, total).copy_abs() > tolerance:
        message = f"The control account stands at {stated}, but {total} is open."
        found.append(Problem(ledger.side.documents, message))
    return found


def _open_amounts(ledger: SubLedger) -> Iterable[tuple[str, Rated, Decimal | None, int]]:
    """Place, record, what is open on it in its own currency, and how many bookings that is the sum of."""
    side = ledger.side
    for document in ledger.documents:
        bookings = 1 + len(ledger.links.get((side.document_link, document.id or ""), ()))
        yield f"{side.documents}[{document.id}].amountDue", document, document.amount_due, bookings
    for credit in ledger.credits:
        bookings = 1 + len(ledger.links.get((side.credit_link, credit.id or ""), ()))
        remaining = credit.remaining_credit
        negated = None if remaining is None else remaining.copy_negate()
        yield f"{side.credits}[{credit.id}].remainingCredit", credit, negated, bookings
    for payment in ledger.payments:
        unallocated = ledger.unallocated_amount(payment).copy_negate()
        yield f"{side.payments}[{payment.id}].totalAmount", payment, unallocated, 1 + len(payment.lines)


@guarded
def allocations_agree(ledger: SubLedger) -> list[Problem]:
    """Payments and documents tell the same story: what was paid by the one is no longer due on the other.

    Each link points at a document that exists; what is due is the total less all links; the allocations that
    a document lists come to the same as the links that point at it, in sum and for each payment.
    """
    side = ledger.side
    found: list[Problem] = []
    for link_type, records in ((side.document_link, ledger.documents), (side.credit_link, ledger.credits)):
        known = {record.id for record in records}
        for (linked_type, record_id), placed in ledger.links.items():
            if linked_type is link_type and record_id not in known:
                message = f"There is no booked {link_type.value} with id {record_id}."
                found += [Problem(f"{one.field}.id", message) for one in placed]
    for document in ledger.documents:
        found += _document_problems(ledger, document)
    for credit in ledger.credits:
        used = ledger.linked_amount(side.credit_link, credit.id)
        if credit.remaining_credit is not None and exact_sum((credit.remaining_credit, used)) != credit.total_amount:
            message = f"{credit.remaining_credit} remains of {credit.total_amount}, but payments used {used}."
            found.append(Problem(f"{side.credits}[{credit.id}].remainingCredit", message))
    return found


def _document_problems(ledger: SubLedger, document: Document) -> list[Problem]:
    side = ledger.side
    place = f"{side.documents}[{document.id}]"
    paid = ledger.linked_amount(side.document_link, document.id).copy_negate()
    found = []
    if document.amount_due is not None:
        open_ = exact_difference(document.total_amount, paid)
        withheld = exact_sum(tax.amount for tax in document.withholding_tax)
        if document.amount_due not in (open_, exact_difference(open_, withheld)):
            message = f"{document.amount_due} is due of {document.total_amount}, but payments paid {paid}."
            found.append(Problem(f"{place}.amountDue", message))
    if not document.payment_allocations:
        return found
    listed = allocated_amount(document.payment_allocations, document.currency)
    if listed is not None and listed.copy_abs() != paid.copy_abs():
        message = f"The allocations come to {listed}, but payments paid {paid}."
        found.append(Problem(f"{place}.paymentAllocations", message))
    return found + _each_payment_problems(ledger, document, place)


def _each_payment_problems(ledger: SubLedger, document: Document, place: str) -> list[Problem]:
    paid: dict[str, list[Decimal]] = defaultdict(list)
    for placed in ledger.links.get((ledger.side.document_link, document.id or ""), []):
        if placed.payment_id is not None and placed.link.amount is not None:
            paid[placed.payment_id].append(placed.link.amount)
    # An allocation may also name the credit note that was used, which is no payment: only the sum tells then.
    known = {payment.id for payment in ledger.payments}
    listed: dict[str, list[Decimal]] = defaultdict(list)
    for entry in document.payment_allocations:
        if entry.payment.id in known and entry.payment.id is not None and entry.allocation.total_amount is not None:
            listed[entry.payment.id].append(entry.allocation.total_amount)
    return [
        Problem(
            f"{place}.paymentAllocations",
            f"{exact_sum(amounts)} of payment {payment_id} is listed, but the payment says otherwise.",
        )
        for payment_id, amounts in listed.items()
        if exact_sum(amounts).copy_abs() != exact_sum(paid[payment_id]).copy_abs()
    ]


@guarded
def rate_direction(
    key: str, records: Iterable[Rated], base_currency: str, reference_rates: Mapping[str, Decimal]
) -> list[Problem]:
    """Rates multiply the record's currency into the base currency, not the other way round.

    A rate and the reference rate lie on the same side of one. Currencies worth about the same as the base
    currency cannot be told this way and are left alone, as are those without a reference. A record in the base
    currency has the rate 1, or none.
    """
    found = []
    for record in records:
        rate, reference = record.currency_rate, reference_rates.get(record.currency or "")
        place = f"{key}[{record.id}].currencyRate"
        if rate is None:
            continue
        if record.currency == base_currency:
            if rate != 1:
                found.append(Problem(place, f"In the base currency a rate is 1, not {rate}."))
        elif reference is not None and _is_telling(reference) and (rate > 1) != (reference > 1):
            message = f"One {record.currency} is about {reference} {base_currency}, not {rate}: is the rate inverted?"
            found.append(Problem(place, message))
    return found


def _is_telling(reference: Decimal) -> bool:
    return reference > RATE_NEAR_ONE or exact_product(reference, RATE_NEAR_ONE) < 1


# Small things


def _existing(entries: Iterable[JournalEntry]) -> Iterable[JournalEntry]:
    return (entry for entry in entries if not entry.metadata.is_deleted)


def _day(text: str | None) -> date | None:
    """The day of a contract date; None also for what is no date, which is a finding of the record's own check."""
    if text is None:
        return None
    try:
        return parse_contract_datetime(text).date()
    except ValueError:
        return None


def _within(key: str, problem: Problem) -> Problem:
    return Problem(f"{key}.{problem.field}", problem.message)
