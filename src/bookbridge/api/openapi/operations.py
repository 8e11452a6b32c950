"""All operations by subject, in the order of the document. It must not hold rows itself: they are in `rows/`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bookbridge.api.openapi.operation import Operation
from bookbridge.api.openapi.rows.bill_pay import BILL_PAY
from bookbridge.api.openapi.rows.companies import COMPANIES, CONNECTIONS
from bookbridge.api.openapi.rows.expenses import EXPENSES
from bookbridge.api.openapi.rows.reading import CUSTOM_DATA, READS, REPORTS
from bookbridge.api.openapi.rows.records import RECORDS, WRITES
from bookbridge.api.openapi.rows.settings import INTEGRATIONS, SETTINGS, WEBHOOKS


@dataclass(frozen=True)
class Subject:
    """Operations that belong together."""

    name: str
    sentence: str
    operations: tuple[Operation, ...]


SUBJECTS: Final = (
    Subject("Companies", "The businesses whose books are read and written.", COMPANIES),
    Subject("Connections", "Ties between a company and its accounting software.", CONNECTIONS),
    Subject("Reads", "Asking for books to be read, and following it.", READS),
    Subject("Records", "The records of every data type: read, write, files.", RECORDS),
    Subject("Writes", "What may be written, and what became of it.", WRITES),
    Subject("Reports", "Statements and reports drawn up from what was read.", REPORTS),
    Subject("Custom data", "Data types and fields of your own, read from a platform.", CUSTOM_DATA),
    Subject("Bill Pay", "Bills and their payments, in the ledger itself and at once.", BILL_PAY),
    Subject("Expenses", "Expenses of your application, brought into a company's books.", EXPENSES),
    Subject("Webhooks", "Being told of what happens.", WEBHOOKS),
    Subject("Integrations", "The platforms, and what each can do.", INTEGRATIONS),
    Subject("Settings", "How this installation behaves, and who may call it.", SETTINGS),
)


def all_operations() -> Iterator[tuple[Subject, Operation]]:
    """Every row, with its subject."""
    for subject in SUBJECTS:
        for operation in subject.operations:
            yield subject, operation
