"""Where the files of a transaction go: to the record that it was written as.

Uploading is `push`'s business. It must not read a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from bookbridge.companies import connections
from bookbridge.connectors.kit.connector import AttachmentRule, Connector
from bookbridge.products.expenses import sync_entries
from bookbridge.products.expenses.accept import sync_of
from bookbridge.products.expenses.errors import NotFound, Unsupported
from bookbridge.products.expenses.ledger import ledger
from bookbridge.products.expenses.sync_entries import TransactionStatus
from bookbridge.products.expenses.transactions import decode, kind_of
from bookbridge.store.pool import Db


@dataclass(frozen=True)
class AttachedTo:
    """A written record that takes files."""

    connector: Connector
    connection_id: UUID
    data_type: str
    record_id: str
    rule: AttachmentRule


async def attached_to(db: Db, company_id: UUID, sync_id: UUID, transaction_id: UUID) -> AttachedTo:
    """The record that a transaction of a sync was written as. Raises CompanyNotFound, NotFound, and Unsupported when it
    was not written, or takes no files."""
    sync = await sync_of(db, company_id, sync_id)
    entry = await sync_entries.get(db, sync, transaction_id)
    if entry is None:
        raise NotFound(f"No transaction was found with ID {transaction_id}")
    if entry.status is not TransactionStatus.COMPLETED or entry.record_id is None or entry.data_type is None:
        raise Unsupported("Files can be attached to completed transactions only.")
    books = ledger(await connections.get(db, company_id, entry.connection_id))
    kind = kind_of(decode(entry.content))
    rule = books.connector.attachment_rule(entry.data_type)
    if kind not in books.rules.attachments or rule is None:
        raise Unsupported(f"This accounting software takes no files with {kind.value}.")
    return AttachedTo(books.connector, entry.connection_id, entry.data_type, entry.record_id, rule)
