"""Double entry: what a record does to the accounts becomes one journal entry, and a movement per bank account.

It knows legs, not documents. The legs of an entry add up to zero, or it is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bookbridge.emulators.sandbox.book import BASE_CURRENCY, HUNDRED, Book, Json, major, number, refuse

GENERAL_JOURNAL: Final = "GENJ"
_JOURNALS: Final = {
    "bills": "PURJ",
    "billCreditNotes": "PURJ",
    "invoices": "SALJ",
    "creditNotes": "SALJ",
    "billPayments": "CASHJ",
    "payments": "CASHJ",
    "directCosts": "CASHJ",
    "directIncomes": "CASHJ",
    "transfers": "CASHJ",
    "journalEntries": GENERAL_JOURNAL,
}


@dataclass(frozen=True)
class Leg:
    """One side of an entry: an account and an amount in the base currency's minor unit, debits above zero."""

    account: str
    amount: int
    description: str | None = None


def entry_id(book: Book, kind: str, record_id: str) -> str:
    """The id of the journal entry that a record makes; a manual one is its own."""
    return record_id if kind == "journalEntries" else book.derived_id("entry", kind, record_id)


def enter(book: Book, kind: str, record_id: str, day: str, description: str, legs: Sequence[Leg]) -> None:
    """Book a record's legs on a day (the contract's date). Raises Refused unless they add up to zero."""
    legs = [leg for leg in legs if leg.amount]
    if sum(leg.amount for leg in legs):
        raise refuse("", "Debits and credits do not add up to zero.")
    if not legs:
        return
    entry = entry_id(book, kind, record_id)
    book.post(entry, day[:10], [(leg.account, leg.amount) for leg in legs])
    kept = book.get("journalEntries", entry) or {}
    book.put(
        "journalEntries",
        {
            "createdOn": day,
            "recordRef": {"id": record_id, "dataType": kind},
            "description": description,
            **kept,
            "id": entry,
            "postedOn": day,
            "updatedOn": day,
            "journalRef": _journal(book, kind),
            "journalLines": [_line(book, leg) for leg in legs],
        },
    )
    for position, leg in enumerate(legs):
        if book.get("bankAccounts", leg.account) is not None:
            _move_money(book, kind, record_id, day, description, leg, position)


def withdraw(book: Book, kind: str, record_id: str) -> None:
    """Take back what a record did to the accounts; its entry and movements are deleted."""
    entry = book.get("journalEntries", entry_id(book, kind, record_id))
    if entry is None:
        return
    legs = [(line["accountRef"]["id"], int(number(line["netAmount"]) * HUNDRED)) for line in entry["journalLines"]]
    book.unpost(entry["id"], legs)
    for position in range(len(legs)):
        for movement in ("accountTransactions", "bankTransactions"):
            book.remove(movement, book.derived_id(movement, kind, record_id, str(position)))
    book.remove("journalEntries", entry["id"])


def _journal(book: Book, kind: str) -> Json:
    code = _JOURNALS[kind]
    journal_id = book.derived_id("journal", code)
    journal = book.get("journals", journal_id)
    return {"id": journal_id, "name": journal["name"] if journal else code}


def account_ref(book: Book, account_id: object, field: str = "accountRef.id") -> Json:
    """A reference to an account, with its name. Raises Refused for an unknown one."""
    account = book.need("chartOfAccounts", account_id, field)
    return {"id": account["id"], "name": account["name"]}


def _line(book: Book, leg: Leg) -> Json:
    line = {
        "netAmount": major(leg.amount),
        "currency": BASE_CURRENCY,
        "accountRef": account_ref(book, leg.account),
    }
    return {**line, "description": leg.description} if leg.description else line


def _move_money(book: Book, kind: str, record_id: str, day: str, description: str, leg: Leg, position: int) -> None:
    amount = major(leg.amount)
    bank = book.need("bankAccounts", leg.account, "accountRef.id")
    book.put(
        "accountTransactions",
        {
            "id": book.derived_id("accountTransactions", kind, record_id, str(position)),
            "transactionId": record_id,
            "note": description,
            "bankAccountRef": {"id": bank["id"], "name": bank["accountName"]},
            "date": day,
            "status": "Reconciled",
            "currency": BASE_CURRENCY,
            "currencyRate": 1,
            "lines": [{"description": description, "recordRef": {"id": record_id, "dataType": kind}, "amount": amount}],
            "totalAmount": amount,
        },
    )
    book.put(
        "bankTransactions",
        {
            "id": book.derived_id("bankTransactions", kind, record_id, str(position)),
            "accountId": bank["id"],
            "clearedOnDate": day,
            "description": description,
            "reconciled": True,
            "amount": amount,
            "balance": bank["balance"],
            "transactionType": _transaction_type(kind, leg.amount),
        },
    )


def _transaction_type(kind: str, amount: int) -> str:
    if kind == "transfers":
        return "Xfer"
    if kind in {"billPayments", "payments"}:
        return "Payment"
    return "Credit" if amount > 0 else "Debit"
