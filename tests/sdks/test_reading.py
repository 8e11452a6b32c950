"""Every data type listed, paged, queried and got with the libraries: what they hold is what we sent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sdks.books import Books
from tests.sdks.libraries import Library, Npm, OldPython

# Data type of our path, service of the libraries, name of a record's id.
LISTS = [
    ("accounts", "accounts", "accountId"),
    ("billCreditNotes", "bill_credit_notes", "billCreditNoteId"),
    ("billPayments", "bill_payments", "billPaymentId"),
    ("bills", "bills", "billId"),
    ("creditNotes", "credit_notes", "creditNoteId"),
    ("customers", "customers", "customerId"),
    ("invoices", "invoices", "invoiceId"),
    ("items", "items", "itemId"),
    ("journalEntries", "journal_entries", "journalEntryId"),
    ("journals", "journals", "journalId"),
    ("paymentMethods", "payment_methods", "paymentMethodId"),
    ("payments", "payments", "paymentId"),
    ("purchaseOrders", "purchase_orders", "purchaseOrderId"),
    ("salesOrders", "sales_orders", "salesOrderId"),
    ("suppliers", "suppliers", "supplierId"),
    ("taxRates", "tax_rates", "taxRateId"),
    ("trackingCategories", "tracking_categories", "trackingCategoryId"),
]
UNDER_THE_CONNECTION = [
    ("accountTransactions", "account_transactions", "accountTransactionId"),
    ("bankAccounts", "bank_accounts", "accountId"),
    ("directCosts", "direct_costs", "directCostId"),
    ("directIncomes", "direct_incomes", "directIncomeId"),
    ("transfers", "transfers", "transferId"),
]
PAGE = {"page": 1, "pageSize": 5, "orderBy": "-modifiedDate"}
EXPRESSIONS = [
    "name", "accountName", "supplierName", "customerName", "code", "reference",
    "invoiceNumber", "billCreditNoteNumber", "creditNoteNumber", "purchaseOrderNumber", "salesOrderNumber",
]  # fmt: skip

YOUNGER_THAN_THE_LIBRARIES = {
    "trackingCategories": {".metadata"},
    "bankAccounts": {".status"},
    "transfers": {".status", ".accountRef.dataType"},
    "history": {".completed"},
}
"""Fields that the libraries do not know and pass by."""


def differences(data_type: str, sent: Any, held: Any) -> list[str]:
    """Where what a library holds is not what was sent. It may hold more: fields that are absent, as None."""
    unknown = tuple(YOUNGER_THAN_THE_LIBRARIES.get(data_type, ()))
    return [f"{path}: {what}" for path, what in _differences(sent, held, "") if not path.endswith(unknown or "!")]


def _differences(sent: Any, held: Any, path: str) -> list[tuple[str, str]]:
    if isinstance(sent, dict) and isinstance(held, dict):
        return [one for name, value in sent.items() for one in _differences(value, held.get(name), f"{path}.{name}")]
    if isinstance(sent, list) and isinstance(held, list) and len(sent) == len(held):
        pairs = enumerate(zip(sent, held, strict=True))
        return [one for place, (a, b) in pairs for one in _differences(a, b, f"{path}[{place}]")]
    return [] if sent == held else [(path, f"sent {sent!r}, held {held!r}")]


@pytest.mark.parametrize("scope", ["company", "connection"])
def test_every_type_is_listed_and_got(accounting: Library, sandbox: Books, scope: str) -> None:
    under = f"/companies/{sandbox.company}" + (f"/connections/{sandbox.connection}" if scope == "connection" else "")
    wrong = {}
    for path, service, record_id in UNDER_THE_CONNECTION if scope == "connection" else LISTS:
        sent = sandbox.installation.call("GET", f"{under}/data/{path}", params=PAGE)
        listed = accounting.call(service, "list", {**sandbox.here, **PAGE})
        found = differences(path, sent["results"], listed["results"])
        assert (listed["pageNumber"], listed["totalResults"]) == (1, sent["totalResults"])
        assert 0 < len(listed["results"]) <= PAGE["pageSize"]
        first = sent["results"][0]
        got = accounting.call(service, "get", {**sandbox.here, record_id: first["id"]})
        alone = sandbox.installation.call("GET", f"{under}/data/{path}/{first['id']}")
        found += differences(path, alone, got)
        word = next((name for name in EXPRESSIONS if isinstance(first.get(name), str)), None)
        if word:
            asked = {**PAGE, "query": f"{word}={first[word]}"}
            queried = accounting.call(service, "list", {**sandbox.here, **asked})
            again = sandbox.installation.call("GET", f"{under}/data/{path}", params=asked)
            assert first["id"] in {row["id"] for row in queried["results"]}, (path, asked)
            found += differences(path, again["results"], queried["results"])
        if found:
            wrong[path] = found[:5]
    assert wrong == {}


def test_what_is_no_list(accounting: Library, sandbox: Books) -> None:
    info = accounting.call("company_info", "get", sandbox.here)
    sent = sandbox.installation.call("GET", f"/companies/{sandbox.company}/data/info")
    assert differences("company", sent, info) == []
    months = {"periodLength": 1, "periodsToCompare": 3}
    for method in ("get_balance_sheet", "get_profit_and_loss", "get_cash_flow_statement"):
        report = accounting.call("reports", method, {**sandbox.here, **months})
        assert len(report["reports"]) == months["periodsToCompare"], method
    for method in ("get_aged_creditors_report", "get_aged_debtors_report"):
        report = accounting.call("reports", method, {**sandbox.here, "numberOfPeriods": 2})
        assert report["data"], method
    listed = accounting.call(
        "bank_account_transactions", "list", {**sandbox.here, **PAGE, "accountId": sandbox.banks[0]}
    )
    assert listed["results"]


@pytest.fixture(params=["python", "npm"])
def common(request: pytest.FixtureRequest) -> Library:
    """Each language's library of companies, connections and reads."""
    if request.param == "npm":
        return Npm(request.getfixturevalue("npm"), "common")
    return OldPython(request.getfixturevalue("old_python"), "common")


def test_what_is_read_and_when(common: Library, sandbox: Books) -> None:
    def ours(path: str, **params: str) -> Any:
        return sandbox.installation.call("GET", path, params=params)

    company, here = f"/companies/{sandbox.company}", {"companyId": sandbox.company}
    asked = {"page": 1, "pageSize": 3, "orderBy": "-requested", "query": "status=Complete"}
    listed = common.call("refresh_data", "list_pull_operations", {**here, **asked})
    sent = ours(f"{company}/data/history", **{name: str(value) for name, value in asked.items()})
    assert differences("history", sent["results"], listed["results"]) == []
    assert (len(listed["results"]), listed["totalResults"]) == (3, sent["totalResults"])
    first = listed["results"][0]
    assert (first["isCompleted"], first["isErrored"], first["progress"]) == (True, False, 100)
    assert common.call("refresh_data", "get_pull_operation", {**here, "datasetId": first["id"]}) == first
    if isinstance(
        common, Npm
    ):  # the other one cannot hold the status of what was never read: it demands a last success
        status = common.call("refresh_data", "get", here)
        assert status["bills"]["currentStatus"] == "Complete"
        assert differences("dataStatus", ours(f"{company}/dataStatus"), status) == []

    named = {"page": 1, "pageSize": 1, "query": f"id={sandbox.company}"}
    assert [one["id"] for one in common.call("companies", "list", named)["results"]] == [sandbox.company]
    assert common.call("companies", "get", here)["id"] == sandbox.company
    connections = common.call("connections", "list", {**here, **PAGE, "orderBy": "-created"})["results"]
    assert [(one["id"], one["status"]) for one in connections] == [(sandbox.connection, "Linked")]
    assert common.call("connections", "get", sandbox.here) == connections[0]
    kinds = common.call("integrations", "list", {"page": 1, "pageSize": 100, "query": "sourceType=Accounting"})
    assert {one["key"] for one in kinds["results"]} >= {"mqjo", "gbol"}
    settings = common.call("settings", "get_sync_settings", {})
    assert differences("settings", ours("/profile/syncSettings"), settings) == []


def test_reads_are_asked_for(common: Library, sandbox: Books) -> None:
    here = {"companyId": sandbox.company}
    queued = common.call("refresh_data", "by_data_type", {**here, "dataType": "suppliers"})
    assert (queued["dataType"], queued["companyId"], queued["isCompleted"]) == ("suppliers", sandbox.company, False)
    sandbox.installation.wait_for_reads(sandbox.company)
    done = common.call("refresh_data", "get_pull_operation", {**here, "datasetId": queued["id"]})
    assert (done["status"], done["isCompleted"]) == ("Complete", True)
    common.call("refresh_data", "all", here)
    sandbox.installation.wait_for_reads(sandbox.company)
    after = common.call("refresh_data", "get", here)["suppliers"]
    assert after["latestSyncId"] == after["latestSuccessfulSyncId"] != queued["id"]
