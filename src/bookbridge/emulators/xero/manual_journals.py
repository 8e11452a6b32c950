"""Manual journals: lines that must sum to zero.

It must not post to bank or control accounts, as the vendor does not. Every function raises ValidationFailed
when the vendor would refuse.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from bookbridge.emulators.xero.books import Book
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
