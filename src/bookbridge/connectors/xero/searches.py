"""By what a record of ours is recognised at Xero, when nobody knows whether its creation landed. Pure.

Xero does not let us search by our key, so a record is told by what was written: a filter that narrows the list, and a
comparison that decides. When it was changed, and whether it is another write's, is `lookup`'s business.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bookbridge.accounting.money import ZERO, exact_difference
from bookbridge.accounting.records import Record
from bookbridge.accounting.types.accounts import Account
from bookbridge.accounting.types.bank_accounts import BankAccount
from bookbridge.accounting.types.bill_credit_notes import BillCreditNote
from bookbridge.accounting.types.bill_payments import BillPayment
from bookbridge.accounting.types.bills import Bill
from bookbridge.accounting.types.credit_notes import CreditNote
from bookbridge.accounting.types.customers import Customer
from bookbridge.accounting.types.direct_costs import DirectCost
from bookbridge.accounting.types.direct_incomes import DirectIncome
from bookbridge.accounting.types.invoices import Invoice
from bookbridge.accounting.types.items import Item
from bookbridge.accounting.types.journal_entries import JournalEntry
from bookbridge.accounting.types.payments import Payment
from bookbridge.accounting.types.purchase_orders import PurchaseOrder
from bookbridge.accounting.types.suppliers import Supplier
from bookbridge.accounting.types.transfers import Transfer
from bookbridge.connectors.xero import document_payloads, ledger_payloads, payloads
from bookbridge.connectors.xero.dates import day
from bookbridge.connectors.xero.payment_cases import Case, case_of
from bookbridge.connectors.xero.write_bank import direct_cost, direct_income
from bookbridge.connectors.xero.write_journals import journal_entry
from bookbridge.connectors.xero.write_orders import purchase_order
from bookbridge.connectors.xero.write_parts import DATE_LENGTH, Json
from bookbridge.connectors.xero.write_payments import bill_payment, credit_id, payment, side_of
from bookbridge.connectors.xero.write_purchases import bill, bill_credit_note
from bookbridge.connectors.xero.write_sales import credit_note, invoice


@dataclass(frozen=True)
class Search:
    """Where a record would be, and how it is told from its neighbours. `where` may be empty."""

    path: str
    where: str
    is_ours: Callable[[Any], bool]


def search_of(record: Record) -> Search | None:
    """How to find a record that was created; None for one that cannot be."""
    match record:
        case Account():
            return _named("Accounts", record.name)
        case BankAccount():
            return _named("Accounts", record.account_name)
        case Item():
            return _item(record.code)
        case Supplier():
            return _named("Contacts", record.supplier_name)
        case Customer():
            return _named("Contacts", record.customer_name)
        case Bill():
            sent = bill(record, {})
            return _document("Invoices", sent, "InvoiceNumber", record.total_amount, record.sub_total)
        case Invoice():
            return _invoice(record)
        case BillCreditNote():
            sent = bill_credit_note(record, {})
            return _document("CreditNotes", sent, "CreditNoteNumber", record.total_amount, record.sub_total)
        case CreditNote():
            sent = credit_note(record, {})
            return _document("CreditNotes", sent, "CreditNoteNumber", record.total_amount, record.sub_total)
        case PurchaseOrder():
            return _order(purchase_order(record, {}))
        case BillPayment():
            return _payment(record, bill_payment(record, {}))
        case Payment():
            return _payment(record, payment(record, {}))
        case DirectCost():
            return _bank_transaction(direct_cost(record, {}), record.total_amount, record.sub_total)
        case DirectIncome():
            return _bank_transaction(direct_income(record, {}), record.total_amount, record.sub_total)
        case Transfer():
            return _transfer(record)
        case JournalEntry():
            return _manual_journal(journal_entry(record, {}))
    return None


def _named(path: str, name: str | None) -> Search:
    """By its name: names are unique among Xero's contacts and among its accounts, whatever their case."""
    folded = (name or "").casefold()

    def is_ours(one: payloads.Contact | payloads.Account) -> bool:
        return (one.name or "").casefold() == folded

    return Search(path, f"Name=={text(name or '')}", is_ours)


def _item(code: str | None) -> Search:
    folded = (code or "").casefold()

    def is_ours(one: payloads.Item) -> bool:
        return (one.code or "").casefold() == folded

    return Search("Items", f"Code=={text(code or '')}", is_ours)


def _document(path: str, sent: Json, number: str, total: Decimal, sub_total: Decimal) -> Search:
    """A document by its contact, day and amount, and by its number if we gave it one."""
    conditions = [
        f"Type=={text(sent['Type'])}",
        f"Contact.ContactID=={guid(sent['Contact']['ContactID'])}",
    ]
    if "Date" in sent:
        conditions.append(f"Date=={moment(sent['Date'])}")
    if number in sent:
        conditions.append(f"{number}=={text(sent[number])}")
    # Xero numbers what is sold by itself, and leaves what is bought without a number.
    given = sent.get(number, None if sent["Type"].startswith("ACCREC") else "")

    def is_ours(one: document_payloads.Invoice | document_payloads.CreditNote) -> bool:
        has = (one.invoice_number if isinstance(one, document_payloads.Invoice) else one.credit_note_number) or ""
        same_words = (one.reference or "") == sent.get("Reference", "")
        return _same_amount(one, total, sub_total) and same_words and (given is None or has == given)

    return Search(path, " AND ".join(conditions), is_ours)


def _invoice(record: Invoice) -> Search:
    total, tax = record.total_amount, record.total_tax_amount
    sub_total = exact_difference(total, tax) if record.sub_total is None else record.sub_total
    return _document("Invoices", invoice(record, {}), "InvoiceNumber", total, sub_total)


def _order(sent: Json) -> Search:
    lines = sorted(map(_amounts_sent, sent["LineItems"]))

    def is_ours(one: ledger_payloads.PurchaseOrder) -> bool:
        same_contact = ((one.contact.contact_id if one.contact else None) or "").lower() == contact_id
        same_number = sent.get("PurchaseOrderNumber") in (None, one.purchase_order_number)
        held = sorted((line.unit_amount or ZERO, line.quantity or ZERO) for line in one.line_items or ())
        return same_contact and same_number and held == lines

    contact_id = str(sent["Contact"]["ContactID"]).lower()
    # Xero takes no filter on orders.
    return Search("PurchaseOrders", "", is_ours)


def _amounts_sent(line: Json) -> tuple[Decimal, Decimal]:
    return line.get("UnitAmount", ZERO), line.get("Quantity", ZERO)


def _payment(record: BillPayment | Payment, sent: Json) -> Search:
    """What a payment became: see `payment_cases`."""
    side = side_of(record)
    total = record.total_amount or ZERO
    match case_of(record, side):
        case Case.BATCH:
            return _batch(sent)
        case Case.ALLOCATION:
            return _allocation(credit_id(record, side), sent)
        case Case.ON_ACCOUNT:
            return _bank_transaction(sent, total, total)
        case Case.CREDIT_REFUND:
            return _moved(sent, f"PaymentType=={text(side.refund_types[0])}")
        case Case.ADVANCE_REFUND:
            return _moved(sent, " OR ".join(f"PaymentType=={text(word)}" for word in side.refund_types[1:]))
    return _moved(sent, f"Invoice.InvoiceID=={guid(sent['Invoice']['InvoiceID'] or '')}")


def _moved(sent: Json, of: str) -> Search:
    """Money that moved for one document, credit note, over- or prepayment."""
    [linked] = [str(value).lower() for name in _SETTLED for value in sent.get(name, {}).values()]

    def is_ours(one: document_payloads.Payment) -> bool:
        settled = (
            one.invoice and one.invoice.invoice_id,
            one.credit_note and one.credit_note.credit_note_id,
            one.overpayment and one.overpayment.overpayment_id,
            one.prepayment and one.prepayment.prepayment_id,
        )
        return (
            linked in {(settled_id or "").lower() for settled_id in settled}
            and one.amount == sent["Amount"]
            and day(one.date) == sent["Date"] + "T00:00:00"
            and (one.reference or "") == (sent.get("Reference") or "")
        )

    where = f"({of}) AND Date=={moment(sent['Date'])} AND Amount=={sent['Amount']:f}"
    return Search("Payments", where, is_ours)


_SETTLED = ("Invoice", "CreditNote", "Overpayment")


def _batch(sent: Json) -> Search:
    paid = sorted((str(one["Invoice"]["InvoiceID"]).lower(), one["Amount"]) for one in sent["Payments"])

    def is_ours(one: ledger_payloads.BatchPayment) -> bool:
        held = sorted(
            ((part.invoice.invoice_id if part.invoice else None) or "", part.amount or ZERO)
            for part in one.payments or ()
        )
        account_id = (one.account.account_id if one.account else None) or ""
        same_account = account_id.lower() == str(sent["Account"]["AccountID"]).lower()
        return same_account and [(invoice_id.lower(), amount) for invoice_id, amount in held] == paid

    return Search("BatchPayments", f"Date=={moment(sent['Date'])}", is_ours)


def _allocation(credit_note_id: str, sent: Json) -> Search:
    wanted = {(str(one["Invoice"]["InvoiceID"]).lower(), one["Amount"], one["Date"]) for one in sent["Allocations"]}

    def is_ours(one: document_payloads.CreditNote) -> bool:
        held = {
            ((use.invoice.invoice_id if use.invoice else None) or "", use.amount, (day(use.date) or "")[:DATE_LENGTH])
            for use in one.allocations or ()
            if not use.is_deleted
        }
        return wanted <= {(invoice_id.lower(), amount, on) for invoice_id, amount, on in held}

    return Search("CreditNotes", f"CreditNoteID=={guid(credit_note_id)}", is_ours)


def _bank_transaction(sent: Json, total: Decimal, sub_total: Decimal) -> Search:
    conditions = (
        f"Type=={text(sent['Type'])}",
        f"Contact.ContactID=={guid(sent['Contact']['ContactID'])}",
        f"Date=={moment(sent['Date'])}",
    )

    def is_ours(one: ledger_payloads.BankTransaction) -> bool:
        account_id = one.bank_account.account_id if one.bank_account else None
        return (
            _same_amount(one, total.copy_abs(), sub_total.copy_abs())
            and (account_id or "").lower() == str(sent["BankAccount"]["AccountID"]).lower()
            and (one.reference or "") == sent.get("Reference", "")
        )

    return Search("BankTransactions", " AND ".join(conditions), is_ours)


def _same_amount(one: Any, total: Decimal, sub_total: Decimal) -> bool:
    # Xero works the tax out again, so the net total is as good a proof as the gross one.
    return bool(one.total == total or one.sub_total == sub_total)


def _transfer(record: Transfer) -> Search:
    sides = tuple(
        (side.account_ref.id or "").lower() if side and side.account_ref else "" for side in (record.from_, record.to)
    )

    def is_ours(one: ledger_payloads.BankTransfer) -> bool:
        accounts = tuple(
            ((side.account_id or "") if side else "").lower() for side in (one.from_bank_account, one.to_bank_account)
        )
        same_words = (one.reference or "") == (record.description or "")
        return accounts == sides and one.amount == (record.from_.amount if record.from_ else None) and same_words

    return Search("BankTransfers", f"Date=={moment(record.date)}" if record.date else "", is_ours)


def _manual_journal(sent: Json) -> Search:
    written = sorted((line["LineAmount"], line.get("Description", "")) for line in sent["JournalLines"])

    def is_ours(one: ledger_payloads.ManualJournal) -> bool:
        lines = sorted((line.line_amount or Decimal(0), line.description or "") for line in one.journal_lines or ())
        return one.narration == sent["Narration"] and lines == written

    return Search("ManualJournals", f"Date=={moment(sent['Date'])}" if "Date" in sent else "", is_ours)


def text(value: str) -> str:
    """A text literal of Xero's `where` language: nothing in the value can end it."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def guid(value: str) -> str:
    """An id literal. Characters that no id has are dropped."""
    return f'guid("{"".join(letter for letter in value if letter.isalnum() or letter == "-")}")'


def moment(value: str) -> str:
    """A date literal of the day of a contract date. Raises ValueError for a day that no calendar has."""
    on = date.fromisoformat(value[:10])
    return f"DateTime({on.year:04},{on.month:02},{on.day:02})"
