"""Manual journals: lines in the base currency that, with their tax, must sum to zero.

It must not post to bank or control accounts, as the vendor does not. Every function raises ValidationFailed
when the vendor would refuse.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.document_fields import LINE_AMOUNT_TYPES
from bookbridge.emulators.xero.journals import round_money
from bookbridge.emulators.xero.lines import MAX_DESCRIPTION_CHARS, check_tax_amount, check_tax_fits, line_tax
from bookbridge.emulators.xero.postings import (
    post_manual_journal,
)
from bookbridge.emulators.xero.records import (
    ZERO,
    ManualJournal,
    ManualJournalLine,
)
from bookbridge.emulators.xero.rules import (
    check_open,
    resolve_account,
    resolve_tax_rate,
    resolve_tracking,
)
from bookbridge.emulators.xero.wire import Fields, ValidationFailed

MAX_NARRATION_CHARS = 4_000
_MOVES = {"DRAFT": {"DRAFT", "POSTED", "DELETED"}, "POSTED": {"POSTED", "VOIDED"}}
_CLOSED = {"DEBTORS", "CREDITORS", "UNPAIDEXPCLM"}
"""System accounts whose balance is that of documents, so that nobody may journal to them."""


def create_manual_journal(book: Book, fields: Fields) -> ManualJournal:
    """A new manual journal, a draft or posted at once."""
    narration = (fields.text("Narration", limit=MAX_NARRATION_CHARS) or "").strip()
    if not narration:
        raise ValidationFailed("Narration must be specified")
    status = fields.choice("Status", ("DRAFT", "POSTED")) or "DRAFT"
    day = fields.date("Date") or book.clock.now().date()
    check_open(book, day)
    kind = fields.choice("LineAmountTypes", LINE_AMOUNT_TYPES) or "NoTax"
    lines = _journal_lines(book, fields.children("JournalLines") or [], kind)
    show = fields.boolean("ShowOnCashBasisReports")
    journal = ManualJournal(
        manual_journal_id=book.new_id(),
        narration=narration,
        date=day,
        status=status,
        line_amount_types=kind,
        journal_lines=lines,
        url=fields.text("Url"),
        show_on_cash_basis_reports=True if show is None else show,
    )
    book.add(book.manual_journals, journal)
    if status == "POSTED":
        post_manual_journal(book, journal)
    return journal


def _journal_lines(book: Book, fields: list[Fields], kind: str) -> tuple[ManualJournalLine, ...]:
    lines = tuple(_journal_line(book, entry, kind) for entry in fields)
    if len(lines) < 2:
        raise ValidationFailed("At least two journal lines are needed")
    _check_balance(lines, kind)
    return lines


def _journal_line(book: Book, fields: Fields, kind: str) -> ManualJournalLine:
    account = resolve_account(book, fields)
    if account is None:
        raise ValidationFailed("Account code '' is not a valid code for this document.")
    if account.type == "BANK" or account.system_account in _CLOSED:
        raise ValidationFailed(f"Account code '{account.code or account.name}' is not a valid code for this document.")
    amount = round_money(fields.decimal("LineAmount") or ZERO)
    rate = resolve_tax_rate(book, fields.text("TaxType") or (account.tax_type if kind != "NoTax" else "NONE"))
    check_tax_fits(account, rate)
    tax = line_tax(amount, rate.effective_rate, kind)
    check_tax_amount(fields, tax)
    return ManualJournalLine(
        line_amount=amount,
        account=account,
        description=fields.text("Description", limit=MAX_DESCRIPTION_CHARS) or "",
        tax_type=rate.tax_type,
        tax_amount=tax,
        tracking=resolve_tracking(book, fields.children("Tracking")),
    )


def _check_balance(lines: tuple[ManualJournalLine, ...], kind: str) -> None:
    total = sum((line.line_amount + (line.tax_amount if kind == "Exclusive" else ZERO) for line in lines), ZERO)
    if total:
        raise ValidationFailed(f"The total debits must equal total credits: they differ by {total}")


def _retaxed(book: Book, lines: tuple[ManualJournalLine, ...], kind: str) -> tuple[ManualJournalLine, ...]:
    """The same lines under another meaning of their amounts."""
    changed = tuple(
        msgspec.structs.replace(
            line, tax_amount=line_tax(line.line_amount, resolve_tax_rate(book, line.tax_type).effective_rate, kind)
        )
        for line in lines
    )
    _check_balance(changed, kind)
    return changed


def update_manual_journal(book: Book, journal: ManualJournal, fields: Fields) -> None:
    """Change a manual journal, or move it to DELETED (drafts) or VOIDED (posted ones)."""
    if journal.status in {"DELETED", "VOIDED"}:
        raise ValidationFailed("Manual journal not of valid status for modification")
    wanted = fields.choice("Status", ("DRAFT", "POSTED", "DELETED", "VOIDED")) or journal.status
    if wanted not in _MOVES[journal.status]:
        raise ValidationFailed(f"A {journal.status} manual journal cannot become {wanted}")
    day: dt.date = fields.date("Date") or journal.date
    check_open(book, journal.date)
    check_open(book, day)
    kind = fields.choice("LineAmountTypes", LINE_AMOUNT_TYPES) or journal.line_amount_types
    given = fields.children("JournalLines")
    lines = journal.journal_lines
    if given is not None:
        lines = _journal_lines(book, given, kind)
    elif kind != journal.line_amount_types:
        lines = _retaxed(book, lines, kind)
    narration = fields.text("Narration", limit=MAX_NARRATION_CHARS)
    show = fields.boolean("ShowOnCashBasisReports")
    book.unpost(journal)
    book.change(
        book.manual_journals,
        journal,
        status=wanted,
        date=day,
        line_amount_types=kind,
        journal_lines=lines,
        narration=(narration or "").strip() or journal.narration,
        url=fields.text("Url") if fields.has("Url") else journal.url,
        show_on_cash_basis_reports=journal.show_on_cash_basis_reports if show is None else show,
    )
    if wanted == "POSTED":
        post_manual_journal(book, journal)
