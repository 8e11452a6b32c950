"""The event types of the contract: what a consumer may subscribe to and what may be emitted.

The only list of their names. It must not know payloads' sources nor who subscribed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

WRITE_DATA_TYPES: Final = (
    "bankAccounts",
    "bankTransactions",
    "billCreditNotes",
    "billPayments",
    "bills",
    "chartOfAccounts",
    "creditNotes",
    "customers",
    "directCosts",
    "directIncomes",
    "invoices",
    "items",
    "journalEntries",
    "journals",
    "payments",
    "purchaseOrders",
    "suppliers",
    "transfers",
)
"""Data type keys, as the contract spells them, that have write events."""

READ_PRODUCTS: Final = {
    "accounting": "the accounting product",
    "lending": "the lending product",
    "payables": "Bill Pay",
    "expenses": "the expenses product",
    "expenses-v1": "the older expenses product",
}
"""Products that read something, and what people call them."""

_REPORTS = {
    "categorizedBankStatement": "The categorised bank statement",
    "creditModel": "The credit model report",
    "spendAnalysis": "The spend analysis report",
}


@dataclass(frozen=True)
class EventType:
    """One kind of event. `group` is the heading under which people find it."""

    name: str
    group: str
    description: str


def _write_event_types() -> list[EventType]:
    rows = []
    for key in WRITE_DATA_TYPES:
        rows.append(EventType(f"{key}.write.successful", "Writes", f"A write of {key} reached the platform."))
        rows.append(EventType(f"{key}.write.unsuccessful", "Writes", f"A write of {key} failed or timed out."))
    return rows


def _report_event_types() -> list[EventType]:
    rows = []
    for key, title in _REPORTS.items():
        rows.append(EventType(f"reports.{key}.generate.successful", "Reports", f"{title} is ready."))
        rows.append(EventType(f"reports.{key}.generate.unsuccessful", "Reports", f"{title} could not be generated."))
    return rows


EVENT_TYPES: Final[dict[str, EventType]] = {
    row.name: row
    for row in [
        EventType("company.created", "Companies", "A company was created."),
        EventType("company.deleted", "Companies", "A company was deleted with all that was held of it."),
        EventType("company.product.added", "Companies", "A product was switched on for a company."),
        EventType("company.product.removed", "Companies", "A product was switched off for a company."),
        EventType("connection.created", "Connections", "A connection was created and waits for authorisation."),
        EventType("connection.connected", "Connections", "A connection was authorised for the first time."),
        EventType("connection.failed", "Connections", "An authorisation was refused or could not be completed."),
        EventType("connection.disconnected", "Connections", "A connection was unlinked, or lost its access."),
        EventType("connection.reconnected", "Connections", "A disconnected connection was authorised again."),
        EventType("connection.deleted", "Connections", "A connection was deleted."),
        EventType("read.completed", "Reads", "A batch of reads ended, each with success or failure."),
        EventType("read.completed.initial", "Reads", "The first reads after an authorisation ended."),
        *(
            EventType(f"{product}.read.completed", "Reads", f"All reads that {title} was refreshed with ended.")
            for product, title in READ_PRODUCTS.items()
        ),
        *_write_event_types(),
        EventType("expenses.sync.successful", "Expenses", "Every transaction of a sync reached the platform."),
        EventType("expenses.sync.unsuccessful", "Expenses", "A sync ended with at least one error or warning."),
        EventType("bankFeeds.sourceAccount.connected", "Bank feeds", "A source account was mapped."),
        EventType("bankFeeds.sourceAccount.disconnected", "Bank feeds", "A source account lost its mapping."),
        *_report_event_types(),
        EventType("client.rateLimit.reached", "Installation", "The daily quota of API requests is used up."),
        EventType("client.rateLimit.reset", "Installation", "The daily quota of API requests is full again."),
    ]
}
"""By name, in the order in which a person should see them."""


def product_read_event(product: str) -> str:
    """The name of the event for the end of all reads of a product. Raises ValueError for one that has none."""
    if product not in READ_PRODUCTS:
        raise ValueError(f"{product!r} has no read events")
    return f"{product}.read.completed"


def write_event(data_type: str, *, successful: bool) -> str:
    """The name of the event for the end of a write. Raises ValueError for a type without write events."""
    if data_type not in WRITE_DATA_TYPES:
        raise ValueError(f"{data_type!r} has no write events")
    return f"{data_type}.write.{'successful' if successful else 'unsuccessful'}"
