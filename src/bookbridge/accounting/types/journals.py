"""Journals: the books that journal entries are kept in, for example a sales day book."""

from __future__ import annotations

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.problems import Problem, date_problems
from bookbridge.accounting.records import ListedRecord, Word


class JournalStatus(Word):
    """Whether a journal takes new entries."""

    UNKNOWN = "Unknown"
    ACTIVE = "Active"
    ARCHIVED = "Archived"


class Journal(ListedRecord, frozen=True, kw_only=True):
    """A book of journal entries."""

    journal_code: str | None = None
    """Number or code that bookkeepers know the journal by."""
    name: str | None = None
    """Name of the journal."""
    type: str | None = None
    """What the journal is for, in the accounting software's own word."""
    parent_id: str | None = None
    """Identifier of the journal that this one is a part of; absent at the top."""
    has_children: bool | None = None
    """Whether other journals name this one as their parent."""
    created_on: ContractDateTime | None = None
    """When the journal was created in the accounting software."""
    status: JournalStatus | None = None
    """Whether the journal takes new entries."""


def check(journal: Journal) -> list[Problem]:
    """A journal is not its own parent; dates."""
    found = date_problems(createdOn=journal.created_on)
    if journal.parent_id is not None and journal.parent_id == journal.id:
        found.append(Problem("parentId", "A journal cannot be its own parent."))
    return found


JOURNALS = DataType(
    key="journals",
    path="journals",
    record=Journal,
    singular="journal",
    level=Level.COMPANY,
    check=check,
)
