"""Creating and changing documents: invoices and bills, credit notes, bank transactions, purchase orders,
manual journals; and the moves their statuses may make.

It must not handle payments or allocations (see payments.py), nor shape answers. Every function raises
ValidationFailed when the vendor would refuse.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.postings import (
    post_bank_transaction,
    post_credit_note,
    post_invoice,
    post_manual_journal,
)
from bookbridge.emulators.xero.records import (
    ZERO,
    Account,
    BankTransaction,
    CreditNote,
    Invoice,
    ManualJournal,
    ManualJournalLine,
    Overpayment,
    Prepayment,
    PurchaseOrder,
)
from bookbridge.emulators.xero.rules import (
    build_lines,
    changed_document_fields,
    check_open,
    document_fields,
    resolve_account,
    resolve_contact,
    resolve_currency,
    resolve_tax_rate,
    resolve_tracking,
    totals,
)
from bookbridge.emulators.xero.wire import Fields, ValidationFailed

MAX_NUMBER_CHARS = 255
_STATUSES = ("DRAFT", "SUBMITTED", "AUTHORISED", "DELETED", "VOIDED", "PAID")
_EDITABLE = {"DRAFT", "SUBMITTED", "AUTHORISED"}
NOT_MODIFIABLE = "Invoice not of valid status for modification"
HAS_PAYMENTS = "This document cannot be edited as it has a payment or credit note allocated to it."


def _new_status(fields: Fields) -> str:
    status = fields.choice("Status", _STATUSES) or "DRAFT"
    if status not in _EDITABLE:
        raise ValidationFailed(f"A document cannot be created with status {status}")
    return status


def _check_move(current: str, wanted: str, *, settled: bool) -> None:
    """Raise ValidationFailed unless a document may go from ``current`` to ``wanted``."""
    allowed = {
        "DRAFT": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
        "SUBMITTED": {"DRAFT", "SUBMITTED", "AUTHORISED", "DELETED"},
        "AUTHORISED": {"AUTHORISED", "VOIDED"},
        "PAID": {"PAID"},
    }
    if wanted not in allowed.get(current, set()):
        raise ValidationFailed(HAS_PAYMENTS if current == "PAID" else NOT_MODIFIABLE)
    if settled and wanted == "VOIDED":
        raise ValidationFailed(HAS_PAYMENTS)


# -- invoices and bills ---------------------------------------------------------------------------


def create_invoice(book: Book, fields: Fields) -> Invoice:
    """A new invoice (ACCREC) or bill (ACCPAY)."""
    kind = fields.choice("Type", ("ACCPAY", "ACCREC"))
    if kind is None:
        raise ValidationFailed("Invoice Type must be specified")
    status = _new_status(fields)
    sells = kind == "ACCREC"
    common = document_fields(book, fields, approved=status == "AUTHORISED", sells=sells)
    due = fields.date("DueDate")
    if due is None and status == "AUTHORISED":
        due = common["date"]
    if common["total"] < 0:
        raise ValidationFailed("The document total cannot be less than 0")
    number = fields.text("InvoiceNumber", limit=MAX_NUMBER_CHARS)
    if not number and sells:
        number = _free_invoice_number(book)
    _check_unique_number(book, kind, number, None)
    invoice = Invoice(
        invoice_id=book.new_id(),
        type=kind,
        status=status,
        invoice_number=number or "",
        due_date=due,
        amount_due=common["total"],
        url=fields.text("Url"),
        sent_to_contact=fields.boolean("SentToContact") or False,
        expected_payment_date=fields.date("ExpectedPaymentDate"),
        planned_payment_date=fields.date("PlannedPaymentDate"),
        branding_theme_id=fields.guid("BrandingThemeID"),
        **common,
    )
    book.add(book.invoices, invoice)
    _mark_contact(book, invoice.contact.contact_id, sells=sells)
    if status == "AUTHORISED":
        _approve_invoice(book, invoice)
    book.note(invoice.invoice_id, "Created", f"{number or kind} for {invoice.total}")
    return invoice


def _free_invoice_number(book: Book) -> str:
    while True:
        number = book.next_number("INV-")
        if book.invoices.by_number(number) is None:
            return number


def _check_unique_number(book: Book, kind: str, number: str | None, itself: Invoice | None) -> None:
    if kind != "ACCREC" or not number:
        return
    other = book.invoices.by_number(number)
    if other is not None and other is not itself and other.type == "ACCREC" and other.status != "DELETED":
        raise ValidationFailed("Invoice # must be unique.")


def _mark_contact(book: Book, contact_id: str, *, sells: bool) -> None:
    contact = book.contacts.get(contact_id)
    if contact is not None:
        book.adjust(contact, **({"is_customer": True} if sells else {"is_supplier": True}))


def _approve_invoice(book: Book, invoice: Invoice) -> None:
    post_invoice(book, invoice)
    if invoice.total == 0:
        book.change(book.invoices, invoice, status="PAID", fully_paid_on_date=invoice.date)


def update_invoice(book: Book, invoice: Invoice, fields: Fields) -> None:
    """Change an invoice or bill, or move it to DELETED or VOIDED."""
    kind = fields.choice("Type", ("ACCPAY", "ACCREC"))
    if kind is not None and kind != invoice.type:
        raise ValidationFailed("The Type of an invoice cannot be changed")
    wanted = fields.choice("Status", _STATUSES) or invoice.status
    settled = bool(invoice.payments or invoice.allocations)
    if invoice.status in {"DELETED", "VOIDED"}:
        raise ValidationFailed(NOT_MODIFIABLE)
    if wanted == "VOIDED" and invoice.status in {"DRAFT", "SUBMITTED"}:
        wanted = "DELETED"
    _check_move(invoice.status, wanted, settled=settled)
    check_open(book, invoice.date)
    if wanted in {"DELETED", "VOIDED"}:
        book.unpost(invoice)
        book.change(book.invoices, invoice, status=wanted, amount_due=ZERO)
        book.note(invoice.invoice_id, "Deleted" if wanted == "DELETED" else "Voided")
        return
    changes = _invoice_details(book, invoice, fields)
    if settled:
        if _touches_amounts(fields):
            raise ValidationFailed(HAS_PAYMENTS)
        book.change(book.invoices, invoice, **changes)
        return
    _rewrite_invoice(book, invoice, fields, wanted, changes)


def _touches_amounts(fields: Fields) -> bool:
    return any(fields.has(name) for name in ("LineItems", "Contact", "Date", "CurrencyCode", "LineAmountTypes"))


def _invoice_details(book: Book, invoice: Invoice, fields: Fields) -> dict[str, Any]:
    """Changes that a paid invoice allows too."""
    changes: dict[str, Any] = {}
    for wire, name in (
        ("DueDate", "due_date"),
        ("ExpectedPaymentDate", "expected_payment_date"),
        ("PlannedPaymentDate", "planned_payment_date"),
    ):
        if fields.has(wire):
            changes[name] = fields.date(wire)
    if fields.has("Reference"):
        changes["reference"] = fields.text("Reference", limit=255) or ""
    if fields.has("Url"):
        changes["url"] = fields.text("Url")
    if fields.has("SentToContact"):
        changes["sent_to_contact"] = fields.boolean("SentToContact") or False
    number = fields.text("InvoiceNumber", limit=MAX_NUMBER_CHARS)
    if number is not None and number != invoice.invoice_number:
        _check_unique_number(book, invoice.type, number, invoice)
        changes["invoice_number"] = number
    return changes


def _rewrite_invoice(book: Book, invoice: Invoice, fields: Fields, wanted: str, details: dict[str, Any]) -> None:
    approved = wanted == "AUTHORISED"
    sells = invoice.type == "ACCREC"
    changes = changed_document_fields(book, invoice, fields, approved=approved, sells=sells)
    if changes["total"] < 0:
        raise ValidationFailed("The document total cannot be less than 0")
    reposts = invoice.status == "AUTHORISED" and _touches_amounts(fields)
    if reposts:
        book.unpost(invoice)
    needs_posting = reposts or (approved and invoice.status != "AUTHORISED")
    if approved and invoice.due_date is None:
        details.setdefault("due_date", changes.get("date", invoice.date))
    book.change(book.invoices, invoice, **{**changes, **details, "status": wanted, "amount_due": changes["total"]})
    if needs_posting:
        _approve_invoice(book, invoice)
    book.note(invoice.invoice_id, "Edited")


# -- credit notes ---------------------------------------------------------------------------------


def create_credit_note(book: Book, fields: Fields) -> CreditNote:
    """A new credit note, to a customer (ACCRECCREDIT) or from a supplier (ACCPAYCREDIT)."""
    kind = fields.choice("Type", ("ACCPAYCREDIT", "ACCRECCREDIT"))
    if kind is None:
        raise ValidationFailed("Credit Note Type must be specified")
    status = _new_status(fields)
    common = document_fields(book, fields, approved=status == "AUTHORISED", sells=kind == "ACCRECCREDIT")
    if common["total"] < 0:
        raise ValidationFailed("The document total cannot be less than 0")
    number = fields.text("CreditNoteNumber", limit=MAX_NUMBER_CHARS)
    if kind == "ACCRECCREDIT":
        number = number or book.next_number("CN-")
        other = book.credit_notes.by_number(number)
        if other is not None and other.type == kind and other.status != "DELETED":
            raise ValidationFailed("Credit Note # must be unique.")
    note = CreditNote(
        credit_note_id=book.new_id(),
        type=kind,
        status=status,
        credit_note_number=number or "",
        due_date=fields.date("DueDate"),
        remaining_credit=common["total"],
        sent_to_contact=fields.boolean("SentToContact") or False,
        branding_theme_id=fields.guid("BrandingThemeID"),
        **common,
    )
    book.add(book.credit_notes, note)
    if status == "AUTHORISED":
        post_credit_note(book, note)
    book.note(note.credit_note_id, "Created", f"{number or kind} for {note.total}")
    return note


def update_credit_note(book: Book, note: CreditNote, fields: Fields) -> None:
    """Change a credit note, or move it to DELETED or VOIDED."""
    wanted = fields.choice("Status", _STATUSES) or note.status
    settled = bool(note.payments or note.allocations)
    _check_move(note.status, wanted, settled=settled)
    check_open(book, note.date)
    if wanted in {"DELETED", "VOIDED"}:
        book.unpost(note)
        book.change(book.credit_notes, note, status=wanted, remaining_credit=ZERO)
        return
    if settled:
        if _touches_amounts(fields):
            raise ValidationFailed(HAS_PAYMENTS)
        reference = fields.text("Reference", limit=255)
        book.change(book.credit_notes, note, reference=note.reference if reference is None else reference)
        return
    approved = wanted == "AUTHORISED"
    sells = note.type == "ACCRECCREDIT"
    changes = changed_document_fields(book, note, fields, approved=approved, sells=sells)
    reposts = note.status == "AUTHORISED" and _touches_amounts(fields)
    if reposts:
        book.unpost(note)
    needs_posting = reposts or (approved and note.status != "AUTHORISED")
    number = fields.text("CreditNoteNumber", limit=MAX_NUMBER_CHARS) or note.credit_note_number
    book.change(
        book.credit_notes,
        note,
        **{**changes, "status": wanted, "remaining_credit": changes["total"], "credit_note_number": number},
    )
    if needs_posting:
        post_credit_note(book, note)


# -- bank transactions ----------------------------------------------------------------------------

_BANK_TYPES = (
    "SPEND", "RECEIVE", "SPEND-OVERPAYMENT", "RECEIVE-OVERPAYMENT", "SPEND-PREPAYMENT", "RECEIVE-PREPAYMENT",
)  # fmt: skip


def resolve_bank_account(book: Book, fields: Fields | None) -> Account:
    """The bank account that a body names; raises ValidationFailed unless it is one."""
    account = None if fields is None else resolve_account(book, fields, code_name="Code")
    if account is None:
        raise ValidationFailed("A bank account must be specified")
    if account.type != "BANK":
        raise ValidationFailed("The account type is invalid: a BANK account is needed")
    return account


def create_bank_transaction(book: Book, fields: Fields) -> BankTransaction:
    """Money spent or received; the over- and prepayment types also create the credit."""
    kind = fields.choice("Type", _BANK_TYPES)
    if kind is None:
        raise ValidationFailed("The Type of the bank transaction must be specified")
    account = resolve_bank_account(book, fields.child("BankAccount"))
    common = _bank_fields(book, fields, account, kind)
    transaction = BankTransaction(
        bank_transaction_id=book.new_id(),
        type=kind,
        status="AUTHORISED",
        bank_account=account,
        is_reconciled=fields.boolean("IsReconciled") or False,
        url=fields.text("Url"),
        **common,
    )
    book.add(book.bank_transactions, transaction)
    post_bank_transaction(book, transaction)
    if "-" in kind:
        create_advance(book, transaction)
    return transaction


def _bank_fields(book: Book, fields: Fields, account: Account, kind: str) -> dict[str, Any]:
    sells = kind.startswith("RECEIVE")
    if kind.endswith("OVERPAYMENT"):
        return _overpayment_fields(book, fields, account)
    common = document_fields(book, fields, approved=True, sells=sells)
    currency = account.currency_code or book.organisation.base_currency
    rate = fields.decimal("CurrencyRate") or book.day_rate(currency) or Decimal(1)
    common["currency_code"] = currency
    common["currency_rate"] = Decimal(1) if currency == book.organisation.base_currency else rate
    if common["total"] < 0:
        raise ValidationFailed("The document total cannot be less than 0")
    return common


def _overpayment_fields(book: Book, fields: Fields, account: Account) -> dict[str, Any]:
    """An overpayment has a single line on debtors or creditors, without tax."""
    given = fields.children("LineItems") or []
    if len(given) != 1:
        raise ValidationFailed("An overpayment must have exactly one line item")
    plain = Fields({k: v for k, v in given[0].raw.items() if k not in {"AccountCode", "AccountID", "TaxType"}})
    lines = build_lines(book, [plain], "NoTax", approved=False, sells=True)
    day = fields.date("Date") or book.clock.now().date()
    check_open(book, day)
    currency = account.currency_code or book.organisation.base_currency
    code, rate = resolve_currency(
        book, Fields({"CurrencyCode": currency, "CurrencyRate": fields.raw.get("CurrencyRate")})
    )
    return {
        "contact": resolve_contact(book, fields.child("Contact")),
        "date": day,
        "line_amount_types": "NoTax",
        "line_items": lines,
        "currency_code": code,
        "currency_rate": rate,
        "reference": fields.text("Reference", limit=255) or "",
        **totals(lines, "NoTax"),
    }


def create_advance(book: Book, transaction: BankTransaction) -> Overpayment | Prepayment:
    """The overpayment or prepayment that a bank transaction brings into being."""
    common: dict[str, Any] = {
        name: getattr(transaction, name)
        for name in (
            "type", "contact", "date", "status", "line_amount_types", "line_items", "sub_total", "total_tax",
            "total", "currency_code", "currency_rate", "reference",
        )
    }  # fmt: skip
    common |= {"remaining_credit": transaction.total, "bank_transaction": transaction}
    if transaction.type.endswith("OVERPAYMENT"):
        over = book.add(book.overpayments, Overpayment(overpayment_id=book.new_id(), **common))
        book.adjust(transaction, overpayment_id=over.overpayment_id)
        return over
    pre = book.add(book.prepayments, Prepayment(prepayment_id=book.new_id(), **common))
    book.adjust(transaction, prepayment_id=pre.prepayment_id)
    return pre


def update_bank_transaction(book: Book, transaction: BankTransaction, fields: Fields) -> None:
    """Change or delete a bank transaction; reconciled ones refuse, but may be un-reconciled."""
    wanted = fields.choice("Status", ("AUTHORISED", "DELETED", "VOIDED")) or transaction.status
    if transaction.status != "AUTHORISED":
        raise ValidationFailed("This Bank Transaction cannot be edited as it is not of valid status")
    reconciled = fields.boolean("IsReconciled")
    if transaction.is_reconciled and reconciled is not False:
        raise ValidationFailed(
            "This Bank Transaction cannot be edited as it has been reconciled with a Bank Statement."
        )
    check_open(book, transaction.date)
    if wanted != "AUTHORISED":
        _delete_bank_transaction(book, transaction)
        return
    if "-" in transaction.type:
        raise ValidationFailed("Overpayments and prepayments cannot be edited through the bank transaction")
    kind = fields.choice("Type", ("SPEND", "RECEIVE")) or transaction.type
    account = transaction.bank_account
    if fields.has("BankAccount"):
        account = resolve_bank_account(book, fields.child("BankAccount"))
    sells = kind == "RECEIVE"
    changes = changed_document_fields(book, transaction, fields, approved=True, sells=sells)
    if changes["total"] < 0:
        raise ValidationFailed("The document total cannot be less than 0")
    currency = account.currency_code or book.organisation.base_currency
    if currency != transaction.currency_code:
        changes |= {"currency_code": currency, "currency_rate": book.day_rate(currency) or Decimal(1)}
    else:
        changes["currency_code"] = currency
    book.unpost(transaction)
    book.change(
        book.bank_transactions,
        transaction,
        **{
            **changes,
            "type": kind,
            "bank_account": account,
            "is_reconciled": transaction.is_reconciled if reconciled is None else reconciled,
        },
    )
    post_bank_transaction(book, transaction)


def _delete_bank_transaction(book: Book, transaction: BankTransaction) -> None:
    over = book.overpayments.get(transaction.overpayment_id or "")
    pre = book.prepayments.get(transaction.prepayment_id or "")
    if any(credit is not None and (credit.allocations or credit.payments) for credit in (over, pre)):
        raise ValidationFailed(HAS_PAYMENTS)
    if over is not None:
        book.change(book.overpayments, over, status="VOIDED", remaining_credit=ZERO)
    if pre is not None:
        book.change(book.prepayments, pre, status="VOIDED", remaining_credit=ZERO)
    book.unpost(transaction)
    book.change(book.bank_transactions, transaction, status="DELETED")


# -- purchase orders ------------------------------------------------------------------------------

_ORDER_STATUSES = ("DRAFT", "SUBMITTED", "AUTHORISED", "BILLED", "DELETED")


def create_purchase_order(book: Book, fields: Fields) -> PurchaseOrder:
    """A new purchase order; it posts nothing."""
    status = fields.choice("Status", _ORDER_STATUSES) or "DRAFT"
    if status == "DELETED":
        raise ValidationFailed("A document cannot be created with status DELETED")
    common = document_fields(book, fields, approved=False, sells=False)
    if not common["line_items"]:
        raise ValidationFailed("One or more line items must be specified")
    order = PurchaseOrder(
        purchase_order_id=book.new_id(),
        type="PURCHASEORDER",
        status=status,
        purchase_order_number=fields.text("PurchaseOrderNumber", limit=MAX_NUMBER_CHARS) or book.next_number("PO-"),
        **{**common, **_order_details(fields)},
    )
    return book.add(book.purchase_orders, order)


def _order_details(fields: Fields) -> dict[str, Any]:
    details: dict[str, Any] = {}
    for wire, name in (("DeliveryDate", "delivery_date"), ("ExpectedArrivalDate", "expected_arrival_date")):
        if fields.has(wire):
            details[name] = fields.date(wire)
    for wire, name in (
        ("DeliveryAddress", "delivery_address"),
        ("AttentionTo", "attention_to"),
        ("Telephone", "telephone"),
        ("DeliveryInstructions", "delivery_instructions"),
    ):
        if fields.has(wire):
            details[name] = fields.text(wire) or ""
    if fields.has("SentToContact"):
        details["sent_to_contact"] = fields.boolean("SentToContact") or False
    return details


def update_purchase_order(book: Book, order: PurchaseOrder, fields: Fields) -> None:
    """Change a purchase order; billed and deleted ones refuse."""
    if order.status in {"BILLED", "DELETED"}:
        raise ValidationFailed("Purchase order not of valid status for modification")
    wanted = fields.choice("Status", _ORDER_STATUSES) or order.status
    changes = changed_document_fields(book, order, fields, approved=False, sells=False)
    book.change(book.purchase_orders, order, **{**changes, **_order_details(fields), "status": wanted})


# -- manual journals ------------------------------------------------------------------------------


def create_manual_journal(book: Book, fields: Fields) -> ManualJournal:
    """A new manual journal; POSTED ones must balance."""
    narration = (fields.text("Narration") or "").strip()
    if not narration:
        raise ValidationFailed("Narration must be specified")
    status = fields.choice("Status", ("DRAFT", "POSTED")) or "DRAFT"
    day = fields.date("Date") or book.clock.now().date()
    check_open(book, day)
    lines = _journal_lines(book, fields.children("JournalLines") or [])
    show = fields.boolean("ShowOnCashBasisReports")
    journal = ManualJournal(
        manual_journal_id=book.new_id(),
        narration=narration,
        date=day,
        status=status,
        line_amount_types=fields.choice("LineAmountTypes", ("Exclusive", "Inclusive", "NoTax")) or "NoTax",
        journal_lines=lines,
        url=fields.text("Url"),
        show_on_cash_basis_reports=True if show is None else show,
    )
    book.add(book.manual_journals, journal)
    if status == "POSTED":
        post_manual_journal(book, journal)
    return journal


def _journal_lines(book: Book, fields: list[Fields]) -> tuple[ManualJournalLine, ...]:
    lines: list[ManualJournalLine] = []
    for entry in fields:
        account = resolve_account(book, entry)
        if account is None:
            raise ValidationFailed("Account code '' is not a valid code for this document.")
        if account.type == "BANK" or account.system_account in {"DEBTORS", "CREDITORS"}:
            raise ValidationFailed(f"Account code '{account.code}' is not a valid code for this document.")
        amount = entry.decimal("LineAmount") or ZERO
        tax_type = entry.text("TaxType") or "NONE"
        resolve_tax_rate(book, tax_type)
        lines.append(
            ManualJournalLine(
                line_amount=amount.quantize(Decimal("0.01")),
                account=account,
                description=entry.text("Description", limit=4_000) or "",
                tax_type=tax_type,
                tracking=resolve_tracking(book, entry.children("Tracking")),
            )
        )
    if len(lines) < 2:
        raise ValidationFailed("At least two journal lines are needed")
    total = sum((line.line_amount for line in lines), ZERO)
    if total:
        raise ValidationFailed(f"The total debits must equal total credits: they differ by {total}")
    return tuple(lines)


def update_manual_journal(book: Book, journal: ManualJournal, fields: Fields) -> None:
    """Change a manual journal, or move it to DELETED (drafts) or VOIDED (posted ones)."""
    if journal.status in {"DELETED", "VOIDED"}:
        raise ValidationFailed("Manual journal not of valid status for modification")
    wanted = fields.choice("Status", ("DRAFT", "POSTED", "DELETED", "VOIDED")) or journal.status
    if (journal.status, wanted) in {("POSTED", "DRAFT"), ("POSTED", "DELETED"), ("DRAFT", "VOIDED")}:
        raise ValidationFailed(f"A {journal.status} manual journal cannot become {wanted}")
    day: dt.date = fields.date("Date") or journal.date
    check_open(book, journal.date)
    check_open(book, day)
    given = fields.children("JournalLines")
    lines = journal.journal_lines if given is None else _journal_lines(book, given)
    narration = fields.text("Narration")
    book.unpost(journal)
    book.change(
        book.manual_journals,
        journal,
        status=wanted,
        date=day,
        journal_lines=lines,
        narration=narration or journal.narration,
    )
    if wanted == "POSTED":
        post_manual_journal(book, journal)
