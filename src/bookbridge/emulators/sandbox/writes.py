"""What can be written: one function per kind of record, and what changing or deleting one means.

The story that grows a book writes through here too, so that seeded and sent records obey the same rules. Idempotency
and HTTP are not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Final

from bookbridge.emulators.sandbox import chart
from bookbridge.emulators.sandbox.book import BASE_CURRENCY, Book, Json, Missing, minor, number, refuse
from bookbridge.emulators.sandbox.documents import KINDS, book_document, completed, needed_date
from bookbridge.emulators.sandbox.entries import Leg, account_ref, enter, withdraw
from bookbridge.emulators.sandbox.settlement import PAYMENTS, cancel, pay

NAME_LENGTH_MAX: Final = 255
ENTRY_LINES_MAX: Final = 500
STATEMENT_LINES_MAX: Final = 1_000
SEVERAL_AT_ONCE: Final = frozenset({"bankTransactions"})
"""Kinds of which one write makes several records."""

_CONTROL_ACCOUNTS: Final = frozenset({chart.RECEIVABLE, chart.PAYABLE})

Writer = Callable[[Book, Json, str], None]


def create(book: Book, kind: str, body: Json, record_id: str) -> None:
    """Book a new record. Raises Refused, Missing for a kind that cannot be created."""
    writer = _CREATE.get(kind)
    if writer is None:
        raise Missing
    writer(book, body, record_id)


def update(book: Book, kind: str, body: Json, record_id: str) -> None:
    """Replace a record by what was sent. Raises Refused, Missing."""
    kept = book.get(kind, record_id)
    if kind not in UPDATABLE or kept is None:
        raise Missing
    if kind in KINDS:
        # What was paid at once has its payment in itself; on all others it is something set against them.
        settled = KINDS[kind].party != "contactRef" and kept.get("paymentAllocations")
        if kept.get("status") in {"Paid", "PartiallyPaid"} or settled:
            raise refuse("status", "A document that something was set against cannot be changed.")
        withdraw(book, kind, record_id)
    _CREATE[kind](book, body, record_id)


def delete(book: Book, kind: str, record_id: str) -> None:
    """Delete a record and what it did to the accounts. Raises Refused, Missing."""
    kept = book.get(kind, record_id)
    if kind not in DELETABLE or kept is None:
        raise Missing
    if kind in PAYMENTS:
        cancel(book, PAYMENTS[kind], kept)
        book.remove(kind, record_id)
        return
    if kind == "journalEntries":
        if kept["recordRef"]["id"] != record_id:
            raise refuse("id", "Only entries that were written as such can be deleted; delete the document instead.")
    elif KINDS[kind].due and kept.get("paymentAllocations"):
        raise refuse("id", "Something was set against this; delete the payment first.")
    withdraw(book, kind, record_id)
    book.remove(kind, record_id)


def void(book: Book, kind: str, record_id: str) -> None:
    """Void a document that nothing was set against: it stays, and is worth nothing. Raises Refused."""
    kept = book.need(kind, record_id, "id")
    due = KINDS[kind].due
    if due is None or kept.get("paymentAllocations"):
        raise refuse("id", "This cannot be voided.")
    withdraw(book, kind, record_id)
    book.put(kind, {**kept, "status": "Void", due: Decimal(0)})


# -- one function per kind --------------------------------------------------------------------------------


def _document(key: str, book: Book, sent: Json, record_id: str) -> None:
    kind = KINDS[key]
    record = completed(book, kind, sent, record_id)
    number_ = record.get(kind.number)
    record = record if number_ else {**record, kind.number: f"{key[:3].upper()}-{record_id[:8]}"}
    book_document(book, kind, record)
    book.put(key, record)


def _payment(key: str, book: Book, sent: Json, record_id: str) -> None:
    pay(book, PAYMENTS[key], sent, record_id)


def _contact(key: str, name: str, book: Book, sent: Json, record_id: str) -> None:
    record = {**_named(sent, name), "id": record_id, "status": sent.get("status") or "Active"}
    record["defaultCurrency"] = str(sent.get("defaultCurrency") or BASE_CURRENCY).upper()
    taken = ("contactName", "emailAddress", "phone", "addresses", "registrationNumber", "taxNumber", "contacts")
    record |= {field: sent[field] for field in taken if sent.get(field)}
    book.put(key, record)


def _account(book: Book, sent: Json, record_id: str) -> None:
    name = _named(sent, "name")["name"]
    if not sent.get("nominalCode"):
        raise refuse("nominalCode", "An account needs a code.")
    if sent.get("type") not in {"Asset", "Expense", "Income", "Liability", "Equity"}:
        raise refuse("type", "The type must be one of Asset, Expense, Income, Liability, Equity.")
    if sent.get("currency") not in (None, BASE_CURRENCY):
        raise refuse("currency", f"Accounts are kept in {BASE_CURRENCY}.")
    category = sent.get("fullyQualifiedCategory") or f"{sent['type']}.Other"
    record = chart.account(record_id, sent["nominalCode"], name, sent["type"], category)
    book.put("chartOfAccounts", {**record, **({"description": sent["description"]} if sent.get("description") else {})})


def _bank_account(book: Book, sent: Json, record_id: str) -> None:
    name = _named(sent, "accountName")["accountName"]
    if sent.get("currency") not in (None, BASE_CURRENCY):
        raise refuse("currency", f"Accounts are kept in {BASE_CURRENCY}.")
    kind = sent.get("accountType") or "Debit"
    if kind not in {"Debit", "Credit"}:
        raise refuse("accountType", "The account type must be Debit or Credit.")
    kept = book.get("bankAccounts", record_id) or {"balance": Decimal(0)}
    record: Json = {"id": record_id, "accountName": name, "accountType": kind, "status": sent.get("status") or "Active"}
    record |= {"currency": BASE_CURRENCY, "balance": kept["balance"]}
    taken = ("nominalCode", "sortCode", "accountNumber", "iBan", "institution", "overdraftLimit")
    record |= {field: sent[field] for field in taken if sent.get(field) is not None}
    code = str(record.setdefault("nominalCode", f"12{record_id[:4]}"))
    side = ("Liability", "Liability.CreditCard") if kind == "Credit" else ("Asset", "Asset.Bank")
    account = chart.account(record_id, code, name, *side, is_bank=True)
    ledger = book.get("chartOfAccounts", record_id)
    book.put("chartOfAccounts", {**account, "currentBalance": ledger["currentBalance"]} if ledger else account)
    book.put("bankAccounts", record)


def _item(book: Book, sent: Json, record_id: str) -> None:
    record: Json = {**_named(sent, "name"), "id": record_id}
    record |= {"itemStatus": sent.get("itemStatus") or "Active", "type": sent.get("type") or "Service"}
    record |= {field: sent[field] for field in ("code",) if sent.get(field)}
    for side, flag in (("billItem", "isBillItem"), ("invoiceItem", "isInvoiceItem")):
        details = sent.get(side)
        record[flag] = details is not None
        if details is None:
            continue
        kept = {field: details[field] for field in ("description", "unitPrice") if details.get(field) is not None}
        if details.get("accountRef"):
            kept["accountRef"] = account_ref(book, details["accountRef"].get("id"), f"{side}.accountRef.id")
        if details.get("taxRateRef"):
            rate = book.need("taxRates", details["taxRateRef"].get("id"), f"{side}.taxRateRef.id")
            kept["taxRateRef"] = {"id": rate["id"], "name": rate["name"], "effectiveTaxRate": rate["effectiveTaxRate"]}
        record[side] = kept
    book.put("items", record)


def _transfer(book: Book, sent: Json, record_id: str) -> None:
    day = needed_date(sent, "date")
    sides: Json = {}
    amounts = []
    for side in ("from", "to"):
        given = sent.get(side) or {}
        account = (given.get("accountRef") or {}).get("id")
        if book.get("bankAccounts", account) is None:
            raise refuse(f"{side}.accountRef.id", "Money is transferred between bank accounts.")
        amount = number(given.get("amount"))
        if amount <= 0:
            raise refuse(f"{side}.amount", "The amount must be greater than zero.")
        if given.get("currency") not in (None, BASE_CURRENCY):
            raise refuse(f"{side}.currency", f"Accounts are kept in {BASE_CURRENCY}.")
        ref = {"id": account, "dataType": "bankAccounts"}
        sides[side] = {"accountRef": ref, "currency": BASE_CURRENCY, "amount": amount}
        amounts.append(minor(amount, Decimal(1)))
    if amounts[0] != amounts[1]:
        raise refuse("to.amount", "What leaves one account reaches the other.")
    if sides["from"]["accountRef"] == sides["to"]["accountRef"]:
        raise refuse("to.accountRef.id", "A transfer goes to another account than it came from.")
    text = sent.get("description") or "Transfer"
    record: Json = {"id": record_id, "description": text, "date": day, **sides, "status": "Reconciled"}
    legs = [Leg(sides["from"]["accountRef"]["id"], -amounts[0]), Leg(sides["to"]["accountRef"]["id"], amounts[1])]
    enter(book, "transfers", record_id, day, text, legs)
    book.put("transfers", record)


def _journal(book: Book, sent: Json, record_id: str) -> None:
    record: Json = {**_named(sent, "name"), "id": record_id, "status": "Active", "hasChildren": False}
    if sent.get("parentId"):
        parent = book.need("journals", sent["parentId"], "parentId")
        record["parentId"] = parent["id"]
        book.put("journals", {**parent, "hasChildren": True})
    record |= {field: sent[field] for field in ("journalCode", "type", "createdOn") if sent.get(field)}
    book.put("journals", record)


def _journal_entry(book: Book, sent: Json, record_id: str) -> None:
    day = needed_date(sent, "postedOn")
    lines = sent.get("journalLines") or []
    if not 2 <= len(lines) <= ENTRY_LINES_MAX:
        raise refuse("journalLines", f"An entry has between 2 and {ENTRY_LINES_MAX} lines.")
    legs = []
    for position, line in enumerate(lines):
        field = f"journalLines[{position}]."
        account = book.need("chartOfAccounts", (line.get("accountRef") or {}).get("id"), f"{field}accountRef.id")
        if account["nominalCode"] in _CONTROL_ACCOUNTS:
            raise refuse(f"{field}accountRef.id", "What is owed is booked by documents, not by entries.")
        if line.get("currency") not in (None, BASE_CURRENCY):
            raise refuse(f"{field}currency", f"Entries are in {BASE_CURRENCY}.")
        amount = minor(number(line.get("netAmount")), Decimal(1))
        if not amount:
            raise refuse(f"{field}netAmount", "A line must not be zero.")
        legs.append(Leg(account["id"], amount, line.get("description")))
    if sum(leg.amount for leg in legs):
        raise refuse("journalLines", "Debits and credits must add up to zero.")
    enter(book, "journalEntries", record_id, day, str(sent.get("description") or "Journal entry"), legs)


def _bank_transactions(book: Book, sent: Json, record_id: str) -> None:
    """Lines of a statement, waiting to be reconciled: they move no account. The first has the record's id, unless the
    lines bring their own."""
    bank = book.need("bankAccounts", sent.get("accountId"), "accountId")
    lines = sent.get("transactions") or []
    if not 0 < len(lines) <= STATEMENT_LINES_MAX:
        raise refuse("transactions", f"There must be between 1 and {STATEMENT_LINES_MAX} lines.")
    for position, line in enumerate(lines):
        field = f"transactions[{position}]."
        amount = number(line.get("amount"))
        if not amount:
            raise refuse(f"{field}amount", "An amount is required.")
        own = line.get("id") or (record_id if position == 0 else book.derived_id(record_id, str(position)))
        if book.get("bankTransactions", own) is not None:
            raise refuse(f"{field}id", "There is a line with this id already.")
        record: Json = {"id": own, "accountId": bank["id"], "amount": amount, "reconciled": False}
        record["clearedOnDate"] = needed_date(line, "date", field)
        record["balance"] = line["balance"] if line.get("balance") is not None else number(bank["balance"]) + amount
        record["description"] = line.get("description") or "Statement line"
        record["transactionType"] = "Credit" if amount > 0 else "Debit"
        book.put("bankTransactions", record)


def _named(sent: Json, field: str) -> Json:
    name = sent.get(field)
    if not isinstance(name, str) or not name.strip() or len(name) > NAME_LENGTH_MAX:
        raise refuse(field, f"{field} is required, with at most {NAME_LENGTH_MAX} characters.")
    return {field: name.strip()}


_CREATE: Final[dict[str, Writer]] = {
    "chartOfAccounts": _account,
    "bankAccounts": _bank_account,
    "suppliers": partial(_contact, "suppliers", "supplierName"),
    "customers": partial(_contact, "customers", "customerName"),
    "items": _item,
    **{key: partial(_document, key) for key in KINDS},
    **{key: partial(_payment, key) for key in PAYMENTS},
    "transfers": _transfer,
    "journals": _journal,
    "journalEntries": _journal_entry,
    "bankTransactions": _bank_transactions,
}
UPDATABLE: Final = frozenset(
    {
        "bankAccounts",
        "billCreditNotes",
        "bills",
        "creditNotes",
        "customers",
        "directCosts",
        "invoices",
        "purchaseOrders",
        "salesOrders",
        "suppliers",
    }
)
DELETABLE: Final = frozenset({"billPayments", "payments", "bills", "directCosts", "invoices", "journalEntries"})
