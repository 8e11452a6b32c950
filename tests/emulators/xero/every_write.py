"""One good write of every kind, in an order in which each finds what it needs: for tests that ask the same of all.

A step's body is made from what came before, so the steps can be played on any organisation in pounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

Made = dict[str, dict[str, Any]]
"""What the steps so far were answered, by their names."""


class Step(NamedTuple):
    """One write. ``name`` is what its answer is known by; without one the answer is not needed again."""

    method: str
    path: str
    body: Any
    name: str = ""


DAY, LATER = "2026-06-10", "2026-06-20"
BANK, SAVINGS = {"Code": "090"}, {"Code": "091"}
COST = {"Description": "Cost", "Quantity": 1, "UnitAmount": 100, "AccountCode": "429", "TaxType": "INPUT2"}
SALE = {"Description": "Sale", "Quantity": 2, "UnitAmount": 50, "AccountCode": "200", "TaxType": "OUTPUT2"}
SUPPLIER, CUSTOMER = {"Name": "Heron Supplies"}, {"Name": "Avocet Stores"}
GONE = {"Status": "DELETED"}


def a_document(kind: str, **more: Any) -> dict[str, Any]:
    sells = kind == "ACCREC"
    return {
        "Type": kind,
        "Contact": CUSTOMER if sells else SUPPLIER,
        "Date": DAY,
        "DueDate": LATER,
        "Status": "AUTHORISED",
        "LineItems": [SALE if sells else COST],
        **more,
    }


def a_note(kind: str) -> dict[str, Any]:
    sells = kind == "ACCRECCREDIT"
    body = a_document("ACCREC" if sells else "ACCPAY", Type=kind)
    del body["DueDate"]
    return body


def bank_money(kind: str, **more: Any) -> dict[str, Any]:
    sells = kind.startswith("RECEIVE")
    body = {
        "Type": kind,
        "Contact": CUSTOMER if sells else SUPPLIER,
        "BankAccount": BANK,
        "Date": DAY,
        "LineItems": [SALE if sells else COST],
    }
    return {**body, **more}


def a_payment(document: dict[str, Any], id_name: str, amount: int) -> dict[str, Any]:
    kind = id_name.removesuffix("ID")
    return {kind: {id_name: document[id_name]}, "Account": BANK, "Date": LATER, "Amount": amount}


def a_batch(*invoices: dict[str, Any]) -> dict[str, Any]:
    parts = [{"Invoice": {"InvoiceID": one["InvoiceID"]}, "Amount": 10} for one in invoices]
    return {"Account": BANK, "Date": LATER, "Narrative": "Run", "Payments": parts}


def an_allocation(invoice: dict[str, Any], amount: int) -> dict[str, Any]:
    return {"Allocations": [{"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": amount, "Date": LATER}]}


JOURNAL = {
    "Narration": "Accrual",
    "Date": DAY,
    "Status": "POSTED",
    "JournalLines": [
        {"AccountCode": "469", "LineAmount": 80, "Description": "Rent"},
        {"AccountCode": "835", "LineAmount": -80, "Description": "Rent"},
    ],
}


def _reference(made: Made) -> Iterator[Step]:
    yield Step("PUT", "Accounts", {"Code": "4291", "Name": "Snacks", "Type": "OVERHEADS"}, "account")
    yield Step("POST", f"Accounts/{made['account']['AccountID']}", {"Name": "Fruit"})
    bank = {"Name": "Euro Account", "Type": "BANK", "BankAccountNumber": "20445512340000", "CurrencyCode": "EUR"}
    yield Step("PUT", "Accounts", {**bank, "Code": "095"}, "bank")
    yield Step("PUT", "Contacts", {"Name": "Dunlin Ltd", "EmailAddress": "d@example.com"}, "contact")
    yield Step("POST", "Contacts", {"ContactID": made["contact"]["ContactID"], "FirstName": "Dee"})
    yield Step("PUT", "Items", {"Code": "OAT", "SalesDetails": {"UnitPrice": 5, "AccountCode": "200"}}, "item")
    yield Step("POST", f"Items/{made['item']['ItemID']}", {"Name": "Oats"})
    yield Step("DELETE", f"Items/{made['item']['ItemID']}", None)
    yield Step("PUT", "TaxRates", {"Name": "Odd", "TaxComponents": [{"Name": "Odd", "Rate": "7.5"}]}, "rate")
    yield Step("POST", "TaxRates", {"TaxType": made["rate"]["TaxType"], "Name": "Odder"})
    yield Step("PUT", "Currencies", {"Code": "JPY"})


def _documents(made: Made) -> Iterator[Step]:
    for name, kind in (("bill", "ACCPAY"), ("bill2", "ACCPAY"), ("sale", "ACCREC"), ("sale2", "ACCREC")):
        yield Step("PUT", "Invoices", a_document(kind), name)
    yield Step("POST", "Invoices", {"InvoiceID": made["sale"]["InvoiceID"], "Reference": "PO 7"})
    yield Step("PUT", "Invoices", a_document("ACCREC", Status="DRAFT"), "draft")
    yield Step("POST", f"Invoices/{made['draft']['InvoiceID']}", GONE)
    yield Step("PUT", "Invoices", a_document("ACCPAY"), "wrong")
    yield Step("POST", f"Invoices/{made['wrong']['InvoiceID']}", {"Status": "VOIDED"})
    yield Step("PUT", "CreditNotes", a_note("ACCPAYCREDIT"), "debit")
    yield Step("PUT", "CreditNotes", a_note("ACCRECCREDIT"), "credit")
    yield Step("POST", f"CreditNotes/{made['credit']['CreditNoteID']}", {"Reference": "Returned"})
    order = {"Contact": SUPPLIER, "Date": DAY, "LineItems": [COST], "Status": "AUTHORISED"}
    yield Step("PUT", "PurchaseOrders", order, "order")
    yield Step("POST", f"PurchaseOrders/{made['order']['PurchaseOrderID']}", {"Status": "BILLED"})


def _settlements(made: Made) -> Iterator[Step]:
    yield Step(
        "PUT", f"CreditNotes/{made['debit']['CreditNoteID']}/Allocations", an_allocation(made["bill"], 40), "used"
    )
    path = f"CreditNotes/{made['debit']['CreditNoteID']}/Allocations/{made['used']['AllocationID']}"
    yield Step("DELETE", path, None)
    yield Step("PUT", f"CreditNotes/{made['credit']['CreditNoteID']}/Allocations", an_allocation(made["sale"], 30))
    yield Step("PUT", "Payments", a_payment(made["credit"], "CreditNoteID", 20))
    yield Step("PUT", "Payments", a_payment(made["bill"], "InvoiceID", 15), "payment")
    yield Step("POST", f"Payments/{made['payment']['PaymentID']}", GONE)
    yield Step("POST", "Payments", a_payment(made["sale"], "InvoiceID", 15))
    yield Step("PUT", "BatchPayments", a_batch(made["bill"], made["bill2"]), "batch")
    yield Step("POST", "BatchPayments", {"BatchPaymentID": made["batch"]["BatchPaymentID"], **GONE})
    yield Step("PUT", "BatchPayments", a_batch(made["sale"], made["sale2"]))


def _bank(made: Made) -> Iterator[Step]:
    for kind in ("SPEND", "RECEIVE"):
        yield Step("PUT", "BankTransactions", bank_money(kind), kind)
    yield Step("POST", f"BankTransactions/{made['SPEND']['BankTransactionID']}", {"LineItems": [COST, COST]})
    yield Step("POST", "BankTransactions", {"BankTransactionID": made["RECEIVE"]["BankTransactionID"], **GONE})
    for side, target in (("SPEND", "bill2"), ("RECEIVE", "sale2")):
        for credit in ("Overpayment", "Prepayment"):
            kind = f"{side}-{credit.upper()}"
            yield Step("PUT", "BankTransactions", bank_money(kind), kind)
            credit_id = made[kind][f"{credit}ID"]
            yield Step("PUT", f"{credit}s/{credit_id}/Allocations", an_allocation(made[target], 5), f"{kind} used")
            yield Step("PUT", "Payments", a_payment({f"{credit}ID": credit_id}, f"{credit}ID", 10))
            yield Step("DELETE", f"{credit}s/{credit_id}/Allocations/{made[f'{kind} used']['AllocationID']}", None)
    transfer = {"FromBankAccount": BANK, "ToBankAccount": SAVINGS, "Amount": 25, "Date": DAY, "Reference": "Save"}
    yield Step("PUT", "BankTransfers", transfer)
    yield Step("PUT", "BankTransfers", transfer, "transfer")
    yield Step("POST", f"BankTransfers/{made['transfer']['BankTransferID']}", GONE)


def _journals(made: Made) -> Iterator[Step]:
    yield Step("PUT", "ManualJournals", JOURNAL, "journal")
    yield Step("POST", f"ManualJournals/{made['journal']['ManualJournalID']}", {"Narration": "Accrual, June"})
    yield Step("POST", "ManualJournals", {**JOURNAL, "Status": "DRAFT"}, "sketch")
    yield Step("POST", f"ManualJournals/{made['sketch']['ManualJournalID']}", GONE)
    yield Step("POST", f"ManualJournals/{made['journal']['ManualJournalID']}", {"Status": "VOIDED"})


_TELLERS = (_reference, _documents, _settlements, _bank, _journals)


def play(send: Callable[[Step], dict[str, Any] | None]) -> Made:
    """Play all steps through ``send``, which returns the answered element, and return the named ones."""
    made: Made = {}
    for tell in _TELLERS:
        for step in tell(made):
            answered = send(step)
            if step.name:
                assert answered is not None, step
                made[step.name] = answered
    return made


def element(step: Step, payload: dict[str, Any]) -> dict[str, Any]:
    """The first element of an answer: of the list that the path ends with."""
    names = [part for part in step.path.split("?")[0].split("/") if part and part[0].isupper() and "-" not in part]
    found: list[dict[str, Any]] = payload[names[-1]]
    return found[0]
