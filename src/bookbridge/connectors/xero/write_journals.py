"""Writes of journal entries, as manual journals: the ones that people write. Pure functions.

The ledger's own journals are Xero's business, and there is one generic journal that nothing can be added to.
"""

from __future__ import annotations

from typing import Any, Final

from bookbridge.accounting.references import TrackedDataType
from bookbridge.accounting.types.journal_entries import JOURNAL_ENTRIES, JournalEntry, JournalLine
from bookbridge.connectors.kit.connector import Choice, Facts, Operation, Write
from bookbridge.connectors.kit.errors import FieldProblem
from bookbridge.connectors.xero.write_lines import COUNTED_UNDER, LINE_ACCOUNTS, TRACKING_PER_LINE_MAX
from bookbridge.connectors.xero.write_parts import (
    DESCRIPTION_LENGTH_MAX,
    NO_TAX,
    Json,
    deleted,
    kept_whole,
    vendor_date,
    without_absent,
)

LINES_MIN: Final = 2


def journal_entry(record: JournalEntry, facts: Facts) -> Json:
    """A posted manual journal without tax, in the base currency. Without a date Xero takes today."""
    del facts
    return without_absent(
        {
            "Narration": _narration(record),
            "Date": vendor_date(record.posted_on),
            "Status": "POSTED",
            "LineAmountTypes": "NoTax",
            "JournalLines": [_line(line) for line in record.journal_lines],
        }
    )


def _narration(record: JournalEntry) -> str | None:
    """What the entry is for: its own words, or those of its first line that has some."""
    return record.description or next((line.description for line in record.journal_lines if line.description), None)


def _line(line: JournalLine) -> Json:
    return without_absent(
        {
            "LineAmount": line.net_amount,
            "AccountID": line.account_ref.id if line.account_ref else None,
            "Description": line.description or None,
            "TaxType": NO_TAX,
            "Tracking": [{"TrackingOptionID": option} for option in _options(line)] or None,
        }
    )


def _options(line: JournalLine) -> list[str]:
    return [ref.id for ref in line.tracking.record_refs if ref.id] if line.tracking else []


def check_journal_entry(record: JournalEntry) -> list[FieldProblem]:
    """Two lines or more, none of them zero, tracked against tracking categories only, and words to know it by."""
    found: list[FieldProblem] = []
    if _narration(record) is None:
        found.append(FieldProblem("description", "Xero needs a description of the entry, or of one of its lines."))
    if len(record.journal_lines) < LINES_MIN:
        found.append(FieldProblem("journalLines", f"An entry has at least {LINES_MIN} lines."))
    for position, line in enumerate(record.journal_lines):
        found += _line_problems(line, f"journalLines[{position}]")
    return found


def _line_problems(line: JournalLine, prefix: str) -> list[FieldProblem]:
    found = kept_whole(f"{prefix}.netAmount", line.net_amount)
    if not line.net_amount:
        found.append(FieldProblem(f"{prefix}.netAmount", "A line without an amount books nothing."))
    refs = line.tracking.record_refs if line.tracking else ()
    for place, ref in enumerate(refs):
        if ref.data_type not in (None, TrackedDataType.TRACKING_CATEGORIES):
            message = "Journal lines are tracked against tracking categories only."
            found.append(FieldProblem(f"{prefix}.tracking.recordRefs[{place}].dataType", message))
    if len(refs) > TRACKING_PER_LINE_MAX:
        message = f"At most {TRACKING_PER_LINE_MAX} tracking categories can be put on a line."
        found.append(FieldProblem(f"{prefix}.tracking.recordRefs", message))
    return found


def currency_problems(record: JournalEntry, base_currency: str | None) -> list[FieldProblem]:
    """The lines that are not in the base currency: Xero's manual journals know no other."""
    message = f"Journal lines are in the base currency, {base_currency}."
    return [
        FieldProblem(f"journalLines[{position}].currency", message)
        for position, line in enumerate(record.journal_lines)
        if line.currency is not None and base_currency is not None and line.currency.upper() != base_currency
    ]


JOURNAL_WRITES: Final[tuple[Write[Any], ...]] = (
    Write(
        JOURNAL_ENTRIES,
        Operation.CREATE,
        "ManualJournals",
        journal_entry,
        fields=(
            "description",
            "postedOn",
            "journalLines.description",
            "journalLines.netAmount",
            "journalLines.currency",
            "journalLines.accountRef.id",
            "journalLines.tracking.recordRefs.id",
            "journalLines.tracking.recordRefs.dataType",
        ),
        required=("journalLines", "journalLines.accountRef.id"),
        usual=("description",),
        notes={
            "description": "May be left out if one of the lines has a description.",
            "journalLines.netAmount": "Debits are above zero, credits below; together the lines are zero.",
        },
        choices={
            "journalLines.accountRef.id": LINE_ACCOUNTS,
            "journalLines.tracking.recordRefs.id": COUNTED_UNDER,
            "journalLines.tracking.recordRefs.dataType": Choice((TrackedDataType.TRACKING_CATEGORIES.value,)),
        },
        length_max={"description": DESCRIPTION_LENGTH_MAX, "journalLines.description": DESCRIPTION_LENGTH_MAX},
        check=check_journal_entry,
    ),
    Write(JOURNAL_ENTRIES, Operation.DELETE, "ManualJournals", deleted, fields=()),
)
