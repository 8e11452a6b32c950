"""A made-up event of every type: to show what a receiver will get, and to try one.

Every value is invented. It must not read a company's data.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from bookbridge.accounting.dates import contract_datetime
from bookbridge.store.pool import Db
from bookbridge.webhooks import outbox, replay
from bookbridge.webhooks.events import EVENT_TYPES

_COMPANY_ID: Final = "0b8c5e0a-6f1d-4a53-9c27-3d1f5a7e2b41"
_CONNECTION_ID: Final = "5d2f9a3c-1e74-4b86-a0d5-7c9e4f6b8213"
_OPERATION_ID: Final = "e3a1c7d9-42b5-4f08-8e6a-91d0b2c4f657"
_MOMENT: Final = contract_datetime(datetime(2026, 1, 5, 9, tzinfo=UTC))

_COMPANY: Final = {"id": _COMPANY_ID, "name": "Harbour Street Bakery", "description": "An example company"}
_REFERENCE: Final = {
    **_COMPANY,
    "links": {"portal": f"https://bookbridge.example/companies/{_COMPANY_ID}/summary"},
    "tags": {"region": "uk"},
}

_CONNECTION_STATUSES: Final = {
    "created": "PendingAuth",
    "connected": "Linked",
    "failed": "PendingAuth",
    "disconnected": "Deauthorized",
    "reconnected": "Linked",
    "deleted": "Unlinked",
}


async def send_example(db: Db, consumer_id: UUID, event_type: str) -> UUID:
    """Send the consumer, and nobody else, an example of the event once the caller's transaction has committed.

    It goes out whether or not the consumer subscribes to the type, and is signed and retried as any other. Returns
    the message id. Raises ValueError for an unknown event type, ConsumerNotFound.
    """
    message_id, _ = await outbox.store(db, event_type, example(event_type), company_id=None, tags=[], is_example=True)
    await replay.resend(db, consumer_id, message_id)
    return message_id


def example(event_type: str) -> dict[str, Any]:
    """The payload of an example. Raises ValueError for an unknown event type."""
    if event_type not in EVENT_TYPES:
        raise ValueError(f"unknown event type {event_type!r}")
    first, _, rest = event_type.partition(".")
    match first, rest:
        case "company", "product.added" | "product.removed":
            return _company_product(added=rest == "product.added")
        case "company", _:
            return _company()
        case "connection", change:
            return {"referenceCompany": _REFERENCE, "connection": _connection(_CONNECTION_STATUSES[change])}
        case _, _ if event_type.endswith(("read.completed", "read.completed.initial")):
            return _read()
        case "expenses", _:
            return _expenses(successful=rest.endswith(".successful"))
        case "bankFeeds", _:
            return _source_account(status=rest.rpartition(".")[2])
        case "reports", _:
            return {"id": _OPERATION_ID, "referenceCompany": _COMPANY}
        case "client", _:
            return _rate_limit(reached=rest.endswith(".reached"))
        case _:
            return _write(successful=rest.endswith(".successful"))


def _company() -> dict[str, Any]:
    return {
        **_COMPANY,
        "redirect": f"https://bookbridge.example/link/company/{_COMPANY_ID}",
        "created": _MOMENT,
        "tags": {"region": "uk"},
    }


def _company_product(*, added: bool) -> dict[str, Any]:
    return {
        **_COMPANY,
        "productId": "lending",
        "productName": "Lending",
        "products": ["accounting", "lending"] if added else ["accounting"],
    }


def _connection(status: str) -> dict[str, Any]:
    return {
        "id": _CONNECTION_ID,
        "integrationId": "7f4b2d10-93ae-4c65-b1f8-0a6e5c3d9274",
        "integrationKey": "exmp",
        "sourceId": "c81e0f5b-2a97-4d34-8b6c-f3d7a9e41502",
        "sourceType": "Accounting",
        "platformName": "Example Ledger",
        "linkUrl": f"https://bookbridge.example/companies/{_COMPANY_ID}/connections/{_CONNECTION_ID}/start",
        "status": status,
        "created": _MOMENT,
    }


def _read() -> dict[str, Any]:
    return {
        "referenceCompany": _REFERENCE,
        "modifiedFromDate": None,
        "dataTypes": [
            {
                "connectionId": _CONNECTION_ID,
                "dataType": "invoices",
                "recordsModified": True,
                "status": "Complete",
                "issues": [],
            }
        ],
    }


def _write(*, successful: bool) -> dict[str, Any]:
    return {
        "id": _OPERATION_ID,
        "type": "Create",
        "referenceCompany": _COMPANY,
        "connectionId": _CONNECTION_ID,
        "requestedOnDate": _MOMENT,
        "completedOnDate": _MOMENT,
        "status": "Success" if successful else "Failed",
        "record": {"id": "example-record"} if successful else None,
        "attachmentId": None,
    }


def _expenses(*, successful: bool) -> dict[str, Any]:
    transaction = {
        "id": "a94d6e2f-70c3-4815-9b0e-5f8a1d3c6b72",
        "status": "Completed" if successful else "Failed",
        "errorMessage": None if successful else "The account of this expense is not in the books any more.",
    }
    return {"referenceCompany": _COMPANY, "syncId": _OPERATION_ID, "transactions": [transaction]}


def _source_account(*, status: str) -> dict[str, Any]:
    return {
        "referenceCompany": _REFERENCE,
        "connectionId": _CONNECTION_ID,
        "sourceAccount": {
            "id": "example-account",
            "accountName": "Main account",
            "sortCode": "010203",
            "accountNumber": "12345678",
            "currency": "GBP",
            "balance": 1250,
            "modifiedDate": _MOMENT,
            "status": status,
        },
    }


def _rate_limit(*, reached: bool) -> dict[str, Any]:
    return {"dailyQuota": 12_000, "quotaRemaining": 0 if reached else 12_000, "expiryDate": _MOMENT}
