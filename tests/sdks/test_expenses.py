"""Expenses from the configuration to a changed payment with the npm library, which sends the contract's older form."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.installation import Installation, until
from tests.sdks.programs import Calls

DAY = "2026-06-01T00:00:00"
IN_PROGRESS = (1000, 1010)


@pytest.fixture(scope="module")
def company(shipped: Installation) -> str:
    """A company on the Sandbox platform, its books read."""
    made = shipped.company("Expenses")
    shipped.linked_to_sandbox(made)
    shipped.wait_for_reads(made)
    return made


class Npm:
    """The library on one company."""

    def __init__(self, calls: Calls, company: str) -> None:
        self._calls = calls
        self.here = {"companyId": company}

    def call(self, call: str, holds: str, status: int = 200, **request: Any) -> Any:
        """What the library's answer holds."""
        answer = self._calls.result("expenses", call, request={**self.here, **request})
        assert answer["statusCode"] == status, answer
        return answer[holds]

    def synced(self, sync_id: str) -> dict[str, Any]:
        """The status of a sync at its end."""

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = self.call("sync.get", "companySyncStatus", syncId=sync_id)
            return None if found["syncStatusCode"] in IN_PROGRESS else found

        found = until(ended, "the sync")
        assert found is not None
        return found


def test_a_payment_by_the_older_form(npm: Calls, company: str, shipped: Installation) -> None:
    library = Npm(npm, company)
    [books] = [one["id"] for one in shipped.call("GET", f"/companies/{company}/connections")["results"]]
    partner = library.call("connections.createPartnerExpenseConnection", "connection")
    assert (partner["status"], partner["sourceType"]) == ("Linked", "Expense")
    options = library.call("configuration.getMappingOptions", "mappingOptions")
    assert options["expenseProvider"] == "Partner Expense"
    # What the library reads of an account leaves out whether it is a bank's.
    banks = shipped.call("GET", f"/companies/{company}/data/accounts?query=isBankAccount=true")["results"]
    bank = next(one["id"] for one in options["accounts"] if one["id"] == banks[0]["id"])
    account = next(
        one["id"]
        for one in options["accounts"]
        if one["accountType"] == "Expense" and "Payment" in one["validTransactionTypes"]
    )
    rate = next(one["id"] for one in options["taxRates"] if one["effectiveTaxRate"] == 20)
    suppliers = shipped.call("GET", f"/companies/{company}/data/suppliers?query=status=Active")["results"]
    customers = shipped.call("GET", f"/companies/{company}/data/customers?query=status=Active")["results"]
    defaults = {"bankAccount": {"id": bank}, "supplier": suppliers[0], "customer": customers[0]}
    wanted = {name: {"id": one["id"]} for name, one in defaults.items()}
    assert library.call("configuration.set", "companyConfiguration", companyConfiguration=wanted) == wanted
    assert library.call("configuration.get", "companyConfiguration") == wanted

    line = {"netAmount": 25, "taxAmount": 5, "accountRef": {"id": account}, "taxRateRef": {"id": rate}}
    payment = {"type": "Payment", "issueDate": DAY, "currency": "GBP", "merchantName": "Corner Cafe", "lines": [line]}
    sent = {**payment, "id": str(uuid4())}
    dataset = library.call("expenses.create", "createExpenseResponse", createExpenseRequest={"items": [sent]})
    started = library.call(
        "sync.initiateSync", "syncInitiated", 202, initiateSync={"datasetIds": [dataset["datasetId"]]}
    )
    status = library.synced(started["syncId"])
    assert (status["syncStatusCode"], status["syncStatus"], status["dataPushed"]) == (2000, "Complete", True)
    here = {"syncId": started["syncId"]}
    listed = library.call("transactionStatus.list", "transactions", **here)
    assert [(one["transactionId"], one["status"]) for one in listed["results"]] == [(sent["id"], "Completed")]
    assert library.call("sync.getLatestSync", "companySyncStatus")["syncId"] == started["syncId"]
    assert library.call("sync.getLastSuccessfulSync", "companySyncStatus")["syncId"] == started["syncId"]
    assert len(library.call("sync.list", "companySyncStatuses")) == 1

    change = {**payment, "lines": [{**line, "netAmount": 20, "taxAmount": 4}]}
    where = {"transactionId": sent["id"], "updateExpenseRequest": change}
    updated = library.call("expenses.update", "updateExpenseResponse", 202, **where)
    assert library.synced(updated["syncId"])["syncStatusCode"] == 2000
    record = listed["results"][0]["message"].split()[2]
    found = shipped.call("GET", f"/companies/{company}/connections/{books}/data/directCosts/{record}")
    assert (found["totalAmount"], found["lineItems"][0]["description"]) == (24, "Corner Cafe")
