"""What all documents take from a body alike: contact, date, currency, lines and totals, new or changed.

It must not store anything, and raises ValidationFailed with the vendor's kind of message.
"""

from __future__ import annotations

from typing import Any

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.lines import build_lines, check_totals, line_tax, totals
from bookbridge.emulators.xero.records import Document, Line
from bookbridge.emulators.xero.rules import check_open, resolve_contact, resolve_currency, resolve_tax_rate
from bookbridge.emulators.xero.wire import Fields, ValidationFailed

LINE_AMOUNT_TYPES = ("Exclusive", "Inclusive", "NoTax")


def document_fields(book: Book, fields: Fields, *, approved: bool, sells: bool) -> dict[str, Any]:
    """What a new document needs from a body: contact, lines, totals, currency, reference, date."""
    contact = resolve_contact(book, fields.child("Contact"))
    day = fields.date("Date") or book.clock.now().date()
    check_open(book, day)
    kind = fields.choice("LineAmountTypes", LINE_AMOUNT_TYPES) or "Exclusive"
    given = fields.children("LineItems") or []
    if approved and not given:
        raise ValidationFailed("One or more line items must be specified")
    lines = build_lines(book, given, kind, approved=approved, sells=sells)
    computed = totals(lines, kind)
    check_totals(fields, computed)
    currency, rate = resolve_currency(book, fields, contact.default_currency)
    return {
        "contact": contact,
        "date": day,
        "line_amount_types": kind,
        "line_items": lines,
        "currency_code": currency,
        "currency_rate": rate,
        "reference": fields.text("Reference", limit=255) or "",
        **computed,
    }


def changed_document_fields(
    book: Book, document: Document, fields: Fields, *, approved: bool, sells: bool
) -> dict[str, Any]:
    """What a body changes of an existing document; what it does not name stays."""
    changes: dict[str, Any] = {}
    if fields.has("Contact"):
        changes["contact"] = resolve_contact(book, fields.child("Contact"))
    if fields.has("Date"):
        changes["date"] = fields.date("Date") or document.date
    check_open(book, document.date)
    check_open(book, changes.get("date", document.date))
    if fields.has("Reference"):
        changes["reference"] = fields.text("Reference", limit=255) or ""
    if fields.has("CurrencyCode") or fields.has("CurrencyRate"):
        code, rate = resolve_currency(book, fields, document.currency_code)
        changes["currency_code"], changes["currency_rate"] = code, rate
    kind = fields.choice("LineAmountTypes", LINE_AMOUNT_TYPES) or document.line_amount_types
    given = fields.children("LineItems")
    lines = document.line_items
    if given is not None:
        lines = build_lines(book, given, kind, approved=approved, sells=sells, previous=lines)
    elif kind != document.line_amount_types:
        lines = tuple(_retaxed(book, line, kind) for line in lines)
    if approved and not lines:
        raise ValidationFailed("One or more line items must be specified")
    if approved and any(line.account is None and line.line_amount for line in lines):
        raise ValidationFailed("Account code '' is not a valid code for this document.")
    computed = totals(lines, kind)
    if given is not None:
        check_totals(fields, computed)
    return {**changes, "line_amount_types": kind, "line_items": lines, **computed}


def _retaxed(book: Book, line: Line, line_amount_types: str) -> Line:
    rate = resolve_tax_rate(book, line.tax_type)
    values = {name: getattr(line, name) for name in line.__struct_fields__}
    values["tax_amount"] = line_tax(line.line_amount, rate.effective_rate, line_amount_types)
    return Line(**values)
