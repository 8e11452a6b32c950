"""What callers are told when a group of reads has ended: `read.completed`, and `.initial` after an authorisation."""

from __future__ import annotations

from typing import Any

import msgspec

from bookbridge.accounting.dates import contract_datetime
from bookbridge.companies import companies
from bookbridge.companies.views import Views
from bookbridge.store.pool import Db
from bookbridge.sync import datasets, validation
from bookbridge.sync.datasets import Dataset
from bookbridge.webhooks import outbox


async def issues(db: Db, views: Views, dataset: Dataset, deletions_held: int) -> list[dict[str, Any]]:
    """The warnings of a dataset, as the event carries them."""
    found: list[dict[str, Any]] = []
    findings = await validation.count(db, dataset)
    links = {
        "logs": f"{views.base_url}/companies/{dataset.company_id}/sync/{dataset.id}/validation",
        "portal": f"{views.portal_url}/companies/{dataset.company_id}/pull-history",
    }
    if findings:
        message = f"{findings} findings about records of {dataset.data_type}; the records are kept as they are."
        found.append({"type": "warning.validation", "message": message, "links": links})
    if deletions_held:
        message = (
            f"{deletions_held} records of {dataset.data_type} vanished at once. "
            "They stay until somebody confirms that they were deleted."
        )
        found.append({"type": "warning.deletions", "message": message, "links": links})
    return found


async def batch_completed(db: Db, views: Views, ended: Dataset) -> None:
    """Raise the events once the last dataset of a batch has ended; call it in the transaction that ended it.

    Datasets of a batch belong to one connection and end one after another, so exactly one of them is the last.
    """
    group = await datasets.batch(db, ended.company_id, ended.batch_id)
    if any(dataset.completed is None for dataset in group):
        return
    company = await companies.get(db, ended.company_id)
    since = [dataset.since for dataset in group if dataset.since is not None]
    payload: dict[str, Any] = {
        "referenceCompany": msgspec.to_builtins(views.reference(company)),
        "dataTypes": [
            {
                "connectionId": str(dataset.connection_id),
                "dataType": dataset.data_type,
                "recordsModified": dataset.records_written > 0,
                "status": dataset.status,
                "issues": msgspec.json.decode(dataset.issues),
            }
            for dataset in group
        ],
    }
    if len(since) == len(group):
        payload["modifiedFromDate"] = contract_datetime(min(since))
    names = ["read.completed", "read.completed.initial"] if ended.is_initial else ["read.completed"]
    for name in names:
        await outbox.emit(db, name, payload, company_id=company.id, company_tags=company.tags)
