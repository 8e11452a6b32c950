"""Creating and changing invoices, bills and credit notes, and the moves their statuses may make.

It must not handle payments or allocations (see payments.py), nor shape answers. Every function raises
ValidationFailed when the vendor would refuse.
"""

from __future__ import annotations

from typing import Any

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.document_fields import (
    changed_document_fields,
    document_fields,
)
from bookbridge.emulators.xero.postings import (
    post_credit_note,
    post_invoice,
)
from bookbridge.emulators.xero.records import (
    ZERO,
    CreditNote,
    Invoice,
)
from bookbridge.emulators.xero.rules import check_open
from bookbridge.emulators.xero.wire import Fields, ValidationFailed

MAX_NUMBER_CHARS = 255
_STATUSES = ("DRAFT", "SUBMITTED", "AUTHORISED", "DELETED", "VOIDED", "PAID")
_EDITABLE = {"DRAFT", "SUBMITTED", "AUTHORISED"}
NOT_MODIFIABLE = "Invoice not of valid status for modification"
NO_DUE_DATE = "The document DueDate field must be specified."
NEGATIVE = "The document total cannot be less than 0"
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
        raise ValidationFailed(NO_DUE_DATE)
    if common["total"] < 0:
        raise ValidationFailed(NEGATIVE)
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
        book.contacts.invalidate()


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
        raise ValidationFailed(NEGATIVE)
    reposts = invoice.status == "AUTHORISED" and _touches_amounts(fields)
    if reposts:
        book.unpost(invoice)
    needs_posting = reposts or (approved and invoice.status != "AUTHORISED")
    if approved and details.get("due_date", invoice.due_date) is None:
        raise ValidationFailed(NO_DUE_DATE)
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
        raise ValidationFailed(NEGATIVE)
    number = fields.text("CreditNoteNumber", limit=MAX_NUMBER_CHARS)
    if kind == "ACCRECCREDIT":
        number = number or book.next_number("CN-")
    _check_unique_note(book, kind, number, None)
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
        _approve_credit_note(book, note)
    book.note(note.credit_note_id, "Created", f"{number or kind} for {note.total}")
    return note


def update_credit_note(book: Book, note: CreditNote, fields: Fields) -> None:
    """Change a credit note, or move it to DELETED or VOIDED."""
    kind = fields.choice("Type", ("ACCPAYCREDIT", "ACCRECCREDIT"))
    if kind is not None and kind != note.type:
        raise ValidationFailed("The Type of a credit note cannot be changed")
    wanted = fields.choice("Status", _STATUSES) or note.status
    settled = bool(note.payments or note.allocations)
    if wanted == "VOIDED" and note.status in {"DRAFT", "SUBMITTED"}:
        wanted = "DELETED"
    _check_move(note.status, wanted, settled=settled)
    check_open(book, note.date)
    if wanted in {"DELETED", "VOIDED"}:
        book.unpost(note)
        book.change(book.credit_notes, note, status=wanted, remaining_credit=ZERO)
        book.note(note.credit_note_id, "Deleted" if wanted == "DELETED" else "Voided")
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
    if changes["total"] < 0:
        raise ValidationFailed(NEGATIVE)
    reposts = note.status == "AUTHORISED" and _touches_amounts(fields)
    if reposts:
        book.unpost(note)
    needs_posting = reposts or (approved and note.status != "AUTHORISED")
    number = fields.text("CreditNoteNumber", limit=MAX_NUMBER_CHARS) or note.credit_note_number
    if number != note.credit_note_number:
        _check_unique_note(book, note.type, number, note)
    book.change(
        book.credit_notes,
        note,
        **{**changes, "status": wanted, "remaining_credit": changes["total"], "credit_note_number": number},
    )
    if needs_posting:
        _approve_credit_note(book, note)
    book.note(note.credit_note_id, "Edited")


def _check_unique_note(book: Book, kind: str, number: str | None, itself: CreditNote | None) -> None:
    if kind != "ACCRECCREDIT" or not number:
        return
    other = book.credit_notes.by_number(number)
    if other is not None and other is not itself and other.type == kind and other.status != "DELETED":
        raise ValidationFailed("Credit Note # must be unique.")


def _approve_credit_note(book: Book, note: CreditNote) -> None:
    post_credit_note(book, note)
    if note.total == 0:
        book.change(book.credit_notes, note, status="PAID", fully_paid_on_date=note.date)
