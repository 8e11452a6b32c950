"""What callers are told when a group of reads has ended: `read.completed`, and `.initial` after an authorisation."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from bookbridge.accounting.dates import contract_datetime
from bookbridge.companies import companies
from bookbridge.companies.companies import Company
from bookbridge.companies.views import Views
from bookbridge.store.pool import Db
from bookbridge.sync import datasets, validation
from bookbridge.sync.datasets import Dataset
from bookbridge.webhooks import outbox, rules
from bookbridge.webhooks.rules import RuleType


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


OnBatch = Callable[[Db, Sequence[Dataset]], Awaitable[None]]
"""What is called when the last dataset of a batch has ended, in the transaction that ends it."""


def summary(views: Views, company: Company, reads: Sequence[Dataset]) -> dict[str, Any]:
    """What the events tell of reads that have ended."""
    since = [dataset.since for dataset in reads if dataset.since is not None]
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
            for dataset in reads
        ],
    }
    if len(since) == len(reads):
        payload["modifiedFromDate"] = contract_datetime(min(since))
    return payload


async def batch_completed(db: Db, views: Views, ended: Dataset, on_batch: Sequence[OnBatch] = ()) -> None:
    """Raise the events once the last dataset of a batch has ended; call it in the transaction that ended it.

    Datasets of a batch belong to one connection and end one after another, so exactly one of them is the last.
    """
    group = await datasets.batch(db, ended.company_id, ended.batch_id)
    if any(dataset.completed is None for dataset in group):
        return
    company = await companies.get(db, ended.company_id)
    payload = summary(views, company, group)
    names = ["read.completed", "read.completed.initial"] if ended.is_initial else ["read.completed"]
    for name in names:
        await outbox.emit(db, name, payload, company_id=company.id, company_tags=company.tags)
    for hook in on_batch:
        await hook(db, group)
    for dataset in group:
        await _alert(db, dataset)
    if ended.is_initial and any(dataset.is_completed for dataset in group):
        message = f"Company {company.name} was read for the first time after an authorisation."
        await rules.raise_alert(
            db,
            RuleType.COMPANY_SYNCHRONIZED,
            message,
            {},
            company_id=company.id,
            connection_id=ended.connection_id,
        )


async def _alert(db: Db, dataset: Dataset) -> None:
    """Tell the rules that ask for the end of each read."""
    data = {"dataType": dataset.data_type, "datasetId": str(dataset.id)}
    alerts: list[tuple[RuleType, str, dict[str, str]]] = []
    if dataset.is_completed:
        alerts.append((RuleType.SYNC_COMPLETED, f"The read of {dataset.data_type} is complete.", data))
        if dataset.records_written:
            alerts.append((RuleType.DATA_CHANGED, f"Records of {dataset.data_type} have changed.", data))
    elif dataset.is_errored:
        message = f"The read of {dataset.data_type} ended as {dataset.status}."
        alerts.append((RuleType.SYNC_ERROR, message, {**data, "datasetStatus": dataset.status}))
    for kind, message, facts in alerts:
        await rules.raise_alert(
            db, kind, message, facts, company_id=dataset.company_id, connection_id=dataset.connection_id
        )
