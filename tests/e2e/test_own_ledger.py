"""The Sandbox platform as shipped: linked with a form of ours, read whole, written to, and still there after a kill."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bookbridge.accounting import catalog
from bookbridge.connectors.kit.connector import Operation
from tests.connectors.golden import write_samples
from tests.e2e.installation import Installation

PLATFORM = "mqjo"
SETTLED = {"billPayments", "payments"}
"""Their samples settle documents that are paid by now."""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Installation]:
    """An installation of this test's own. Its log is shown when the test fails."""
    made = Installation(tmp_path)
    made.start()
    yield made
    made.stop()
    print(made.log())


def first(own: Installation, company: str, data_type: str, query: str) -> dict[str, Any]:
    """The first record that a query finds."""
    found = own.call("GET", f"/companies/{company}/data/{data_type}?pageSize=1&query={query}")["results"]
    record: dict[str, Any] = found[0]
    return record


def written(own: Installation, company: str, connection: str, segment: str, body: dict[str, Any]) -> str:
    """Write a record and see it through; its id."""
    outcome = own.outcome(company, own.push(company, connection, segment, body))
    assert outcome["status"] == "Success", outcome
    record_id: str = outcome["changes"][0]["recordRef"]["id"]
    return record_id


def test_everything_is_read_and_written_and_outlives_a_kill(own: Installation) -> None:
    company = own.company()
    connection = own.linked_to_sandbox(company)
    own.wait_for_reads(company)
    assert {data_type.key for data_type in catalog.DATA_TYPES} <= set(own.reads(company))
    before = {key: own.total(company, key) for key in ("bills", "invoices", "journalEntries", "suppliers")}
    assert all(count > 10 for count in before.values())

    account = first(own, company, "accounts", "nominalCode=5000")
    bank = first(own, company, "accounts", "nominalCode=1200")
    rate = first(own, company, "taxRates", "code=STANDARD")
    supplier = written(own, company, connection, "suppliers", {"supplierName": "Wharfe Glass", "status": "Active"})
    line = {
        "description": "Panes",
        "quantity": 4,
        "unitAmount": 12.5,
        "taxAmount": 10,
        "accountRef": {"id": account["id"]},
        "taxRateRef": {"id": rate["id"]},
    }
    bill = {
        "supplierRef": {"id": supplier},
        "issueDate": "2026-01-05T00:00:00",
        "dueDate": "2026-02-05T00:00:00",
        "status": "Open",
        "subTotal": 50,
        "taxAmount": 10,
        "totalAmount": 60,
        "lineItems": [line],
    }
    bill_id = written(own, company, connection, "bills", bill)
    link = {"type": "Bill", "id": bill_id, "amount": -60}
    payment = {
        "date": "2026-01-20T00:00:00",
        "accountRef": {"id": bank["id"]},
        "totalAmount": 60,
        "lines": [{"amount": 60, "links": [link]}],
    }
    written(own, company, connection, "billPayments", payment)
    path = f"/companies/{company}/connections/{connection}/push/bills/{bill_id}/attachments"
    upload = own.call("POST", path, files={"file": ("scan.pdf", b"%PDF-1.7", "application/pdf")})
    assert own.outcome(company, upload["pushOperationKey"])["status"] == "Success"

    own.kill()
    own.start()
    own.call("POST", f"/companies/{company}/data/all")
    own.wait_for_reads(company)
    kept = own.call("GET", f"/companies/{company}/data/bills/{bill_id}")
    assert (kept["status"], kept["amountDue"]) == ("Paid", 0)
    files = own.call("GET", f"/companies/{company}/connections/{connection}/data/bills/{bill_id}/attachments")
    assert [one["name"] for one in files["attachments"]] == ["scan.pdf"]
    assert own.total(company, "bills") == before["bills"] + 1
    assert own.total(company, "suppliers") == before["suppliers"] + 1


class OfSamples(Installation):
    """An installation whose sandbox tells the story that the connector's samples are from: their ids exist."""

    def _environment(self) -> dict[str, str]:
        return {
            **super()._environment(),
            "BOOKBRIDGE_VENDORS": json.dumps({PLATFORM: {"options": {"seed": "samples"}}}),
        }


def test_an_application_is_told_what_each_write_takes_and_each_is_taken(tmp_path: Path) -> None:
    own = OfSamples(tmp_path)
    own.start()
    try:
        company = own.company()
        connection = own.linked_to_sandbox(company)
        own.wait_for_reads(company)
        keys = {}
        for sample in write_samples():
            data_type = sample.write.data_type
            of_ours = sample.connector.key == PLATFORM and sample.write.operation is Operation.CREATE
            if not of_ours or data_type.key in SETTLED or data_type.parent:
                continue
            options = own.call("GET", f"/companies/{company}/connections/{connection}/options/{data_type.key}")
            assert options["properties"], data_type.key
            body = json.loads(data_type.encode(sample.records()[0]))
            keys[data_type.key] = own.push(company, connection, data_type.path, body)
        assert len(keys) > 12
        outcomes = {data_type: own.outcome(company, key) for data_type, key in keys.items()}
        assert {data_type: one for data_type, one in outcomes.items() if one["status"] != "Success"} == {}
    finally:
        own.stop()
        print(own.log())


def test_a_refusal_of_the_ledger_names_the_field(own: Installation) -> None:
    company = own.company()
    connection = own.linked_to_sandbox(company)
    own.wait_for_reads(company)
    bill = first(own, company, "bills", "status=Paid")
    outcome = own.outcome(
        company,
        own.push(
            company,
            connection,
            "journalEntries",
            {
                "postedOn": "2026-01-05T00:00:00",
                "journalLines": [
                    {"netAmount": 5, "accountRef": {"id": first(own, company, "accounts", "nominalCode=2100")["id"]}},
                    {"netAmount": -5, "accountRef": bill["lineItems"][0]["accountRef"]},
                ],
            },
        ),
    )
    assert outcome["status"] == "Failed"
    assert outcome["validation"]["errors"][0]["itemId"] == "journalLines[0].accountRef.id"
