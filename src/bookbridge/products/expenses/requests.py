"""From the JSON of each request to transactions; the older form is read by `older_requests`. Knows shapes only: whether
ids exist is said by `checks`.

Every function raises InvalidRequest with all that is wrong, and never returns a part of what was sent.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from bookbridge.accounting.money import exact_sum
from bookbridge.accounting.problems import Problem
from bookbridge.connectors.kit.expenses import SpendType
from bookbridge.products.expenses.errors import InvalidRequest
from bookbridge.products.expenses.given import ID_LENGTH_MAX, Given, listed, parse
from bookbridge.products.expenses.transactions import (
    Adjustment,
    AdjustmentLine,
    Line,
    Reimbursable,
    Spending,
    Tracked,
    Transaction,
    Transfer,
)

TRANSACTIONS_MAX: Final = 50
LINES_MAX: Final = 100
TRACKING_MAX: Final = 10
TEXT_LENGTH_MAX: Final = 4_000
REFERENCE_LENGTH_MAX: Final = 255

_NOT_WRITTEN: Final = ("ItemRef", "InvoiceTo")
"""Of a line. Refused rather than passed over: a cost that nobody charges on would be lost in silence."""

_CATEGORIES: Final = "trackingCategories"
_LINE_TRACKED: Final = (_CATEGORIES, "customers")
_ADJUSTMENT_TRACKED: Final = (_CATEGORIES, "customers", "suppliers")
_CONTACTS: Final = {
    "supplier": "suppliers",
    "suppliers": "suppliers",
    "customer": "customers",
    "customers": "customers",
}
OLD_TYPES: Final = {
    "transferin": "Transfer In/Out",
    "transferout": "Transfer In/Out",
    "adjustmentin": "Adjustment In/Out",
    "adjustmentout": "Adjustment In/Out",
}
OLD_TYPE: Final = "{} transaction type is no longer supported. Please use the 'Create transfer transactions' endpoint."

T = TypeVar("T", bound=Transaction)


def spendings(body: bytes) -> list[Transaction]:
    """A list of card transactions."""
    return _all(parse(body), spending)


def reimbursables(body: bytes) -> list[Transaction]:
    """A list of reimbursements."""
    return _all(parse(body), _reimbursable)


def adjustments(body: bytes) -> list[Transaction]:
    """A list of adjustments."""
    return _all(parse(body), _adjustment)


def changed_spending(body: bytes, earlier: Spending) -> Spending:
    """The new content of a card transaction. Its currency and its reference, which the contract's form of a change
    cannot name, stay unless it says others."""
    found = _one(body, lambda given: spending(given, earlier.id, earlier.currency))
    return found if found.reference else msgspec.structs.replace(found, reference=earlier.reference)


def changed_reimbursable(body: bytes, transaction_id: UUID) -> Reimbursable:
    """The new content of a reimbursement."""
    return _one(body, lambda given: _reimbursable(given, transaction_id))


def transfer(body: bytes, transaction_id: UUID) -> Transfer:
    """A transfer; its id is in the address."""
    return _one(body, lambda given: _transfer(given, transaction_id))


def _all(content: object, read: Callable[[Given], Transaction | None]) -> list[Transaction]:
    problems: list[Problem] = []
    found = [read(given) for given in listed(content, "Items", 1, TRANSACTIONS_MAX, problems)]
    return whole(found, problems)


def whole(found: list[Transaction | None], problems: list[Problem]) -> list[Transaction]:
    """All that was read, unless something is wrong; no two with one id."""
    seen: set[UUID] = set()
    for position, transaction in enumerate(found):
        if transaction is not None and transaction.id in seen:
            problems.append(Problem(f"Items[{position}].Id", "The field Id must differ between transactions."))
        elif transaction is not None:
            seen.add(transaction.id)
    if problems:
        raise InvalidRequest(problems)
    return [transaction for transaction in found if transaction is not None]


def _one(body: bytes, read: Callable[[Given], T | None]) -> T:
    problems: list[Problem] = []
    found = read(Given(parse(body), "", problems))
    if problems or found is None:
        raise InvalidRequest(problems)
    return found


# -- one function per kind: None only where a problem was noted -------------------------------------------


def spending(given: Given, known_id: UUID | None = None, currency: str | None = None) -> Spending | None:
    """A card transaction, its id and currency unless they are known."""
    transaction_id = known_id or given.uuid("Id")
    kind = _spend_type(given)
    day = given.day("IssueDate")
    currency = given.currency("Currency", required=currency is None) or currency
    contact, contact_type = _contact(given)
    bank = given.reference("BankAccountRef")
    lines = lines_of(given, currency)
    rate = given.rate("CurrencyRate")
    reference = given.text("Reference", REFERENCE_LENGTH_MAX)
    merchant, notes = given.text("MerchantName", TEXT_LENGTH_MAX), given.text("Notes", TEXT_LENGTH_MAX)
    # Drafts are for ledgers that know them; on all others the flag says nothing.
    given.flag("PostAsDraft")
    if transaction_id is None or kind is None or day is None or currency is None or not lines:
        return None
    return Spending(
        id=transaction_id,
        type=kind,
        issue_date=day,
        currency=currency,
        currency_rate=rate,
        contact_id=contact,
        contact_type=contact_type,
        bank_account_id=bank,
        reference=reference,
        merchant_name=merchant,
        notes=notes,
        lines=lines,
    )


def _spend_type(given: Given) -> SpendType | None:
    text = given.text("Type", ID_LENGTH_MAX)
    old = OLD_TYPES.get((text or "").casefold())
    if old is not None:
        given.problems.append(Problem(given.where("Type"), OLD_TYPE.format(old)))
        return None
    return given.word("Type", SpendType)


def _contact(given: Given) -> tuple[str | None, str | None]:
    """The contact's id, and the key of its data type if it was told."""
    ref = given.object("ContactRef")
    if ref is None:
        return None, None
    contact = ref.text("Id", ID_LENGTH_MAX, required=True)
    # The older form has another name for it.
    name = "Type" if ref.has("Type") else "ContactType"
    told = ref.text(name, ID_LENGTH_MAX)
    kind = _CONTACTS.get((told or "").casefold())
    if told and kind is None:
        ref.wrong(name, "must be Supplier or Customer")
    return contact, kind


def lines_of(given: Given, currency: str | None) -> tuple[Line, ...]:
    """The lines of a card transaction or a reimbursement."""
    found = []
    for line in given.objects("Lines", 1, LINES_MAX):
        net = line.spent("NetAmount", currency, required=True)
        tax = line.spent("TaxAmount", currency)
        for name in _NOT_WRITTEN:
            if line.reference(name) is not None:
                line.wrong(name, "is not supported by this accounting software")
        account = line.reference("AccountRef", required=True)
        rate = line.reference("TaxRateRef")
        tracking = _tracking(line, _LINE_TRACKED)
        text = line.text("Description", TEXT_LENGTH_MAX)
        if net is not None and account is not None:
            found.append(
                Line(
                    net_amount=net,
                    tax_amount=tax,
                    account_id=account,
                    tax_rate_id=rate,
                    tracking=tracking,
                    description=text,
                )
            )
    return tuple(found)


def _tracking(line: Given, allowed: tuple[str, ...]) -> tuple[Tracked, ...]:
    found = []
    for ref in line.objects("TrackingRefs", 0, TRACKING_MAX):
        record = ref.text("Id", ID_LENGTH_MAX, required=True)
        told = (ref.text("DataType", ID_LENGTH_MAX) or _CATEGORIES).casefold()
        kind = next((key for key in allowed if key.casefold() == told), None)
        if kind is None:
            ref.wrong("DataType", f"must be one of {', '.join(allowed)}")
        elif record is not None:
            found.append(Tracked(id=record, data_type=kind))
    return tuple(found)


def _reimbursable(given: Given, known_id: UUID | None = None) -> Reimbursable | None:
    transaction_id = known_id or given.uuid("Id")
    contact = given.reference("ContactRef", required=True)
    day, due = given.day("IssueDate"), given.day("DueDate")
    currency = given.currency("Currency")
    lines = lines_of(given, currency)
    rate = given.rate("CurrencyRate")
    reference, notes = given.text("Reference", REFERENCE_LENGTH_MAX), given.text("Notes", TEXT_LENGTH_MAX)
    if day is not None and due is not None and due < day:
        given.wrong("DueDate", "must not be before IssueDate")
    if transaction_id is None or contact is None or day is None or due is None or currency is None or not lines:
        return None
    return Reimbursable(
        id=transaction_id,
        contact_id=contact,
        issue_date=day,
        due_date=due,
        currency=currency,
        currency_rate=rate,
        reference=reference,
        notes=notes,
        lines=lines,
    )


def _transfer(given: Given, transaction_id: UUID) -> Transfer | None:
    day = given.day("Date")
    text = given.text("Description", TEXT_LENGTH_MAX)
    sides: list[tuple[str, Decimal]] = []
    for name in ("From", "To"):
        side = given.object(name, required=True)
        if side is None:
            continue
        account = side.reference("AccountRef", required=True)
        amount = side.moved("Amount")
        if account is not None and amount is not None:
            sides.append((account, amount))
    if day is None or len(sides) < 2:
        return None
    (source, sent), (target, received) = sides
    if source == target:
        given.wrong("To", "must be another account than From")
    return Transfer(
        id=transaction_id,
        date=day,
        description=text,
        from_id=source,
        from_amount=sent,
        to_id=target,
        to_amount=received,
    )


def _adjustment(given: Given) -> Transaction | None:
    transaction_id, day, currency = given.uuid("Id"), given.day("Date"), given.currency("Currency")
    rate, reference = given.rate("CurrencyRate"), given.text("Reference", REFERENCE_LENGTH_MAX)
    lines = []
    for line in given.objects("Lines", 1, LINES_MAX):
        amount = line.booked("Amount", currency)
        account = line.reference("AccountRef", required=True)
        text = line.text("Description", TEXT_LENGTH_MAX)
        tracking = _tracking(line, _ADJUSTMENT_TRACKED)
        if line.reference("InvoiceTo") is not None:
            line.wrong("InvoiceTo", "is not supported by this accounting software")
        if amount is not None and account is not None:
            lines.append(AdjustmentLine(amount=amount, account_id=account, description=text, tracking=tracking))
    balance = exact_sum(line.amount for line in lines)
    if balance and not given.problems:
        given.wrong("Lines", f"must add up to zero, not {balance}")
    if transaction_id is None or day is None or currency is None or not lines:
        return None
    return Adjustment(
        id=transaction_id, date=day, currency=currency, currency_rate=rate, reference=reference, lines=tuple(lines)
    )
