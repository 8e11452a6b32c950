"""Bill Pay that is followed instead of waited for, with its official library: every operation, on both ledgers."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.conftest import installation, world  # noqa: F401 - fixtures
from tests.e2e.installation import API_KEY, Installation, until
from tests.sdks.books import GROSS, Books
from tests.sdks.libraries import OldPython
from tests.sdks.programs import Calls

LIBRARY = "payables"
OPERATIONS = 62
"""All of the contract's file but one, which the library does not have: the partial change of a company."""

FILE = ("scan.pdf", b"%PDF-1.7 a scanned page")
LISTED = {
    "accounts": "accountId",
    "bill_credit_notes": "billCreditNoteId",
    "bill_payments": "billPaymentId",
    "bills": "billId",
    "journals": "journalId",
    "payment_methods": "paymentMethodId",
    "suppliers": "supplierId",
    "tax_rates": "taxRateId",
    "tracking_categories": "trackingCategoryId",
}
MODELS = {
    "accounts": "get_create_model",
    "bank_accounts": "get_create_model",
    "bill_credit_notes": "get_create_update_model",
    "bill_payments": "get_create_model",
    "bills": "get_create_update_model",
    "journal_entries": "get_create_model",
    "journals": "get_create_model",
    "suppliers": "get_create_update_model",
}
MISSING_AT_XERO = {"journals", "payment_methods"}
PAGE = {"page": 1, "pageSize": 5, "orderBy": "-modifiedDate"}


class Desk:
    """One company's books, and the library, whose operations are noted."""

    def __init__(self, calls: Calls, books: Books, platform: str) -> None:
        self.calls = calls
        self.books = books
        self.platform = platform
        self._library = OldPython(calls, LIBRARY)
        self.called: set[str] = set()

    @property
    def missing(self) -> set[str]:
        """Services of types that the platform does not have."""
        return MISSING_AT_XERO if self.platform == "gbol" else set()

    def do(self, service: str, method: str, body: Any = None, **more: Any) -> Any:
        self.called.add(f"{service}.{method}")
        return self._library.call(service, method, {**self.books.here, **more}, body)

    def refused(self, service: str, method: str, body: Any = None, **more: Any) -> dict[str, Any]:
        self.called.add(f"{service}.{method}")
        given = {"parameters": {**self.books.here, **more}, **({} if body is None else {"body": body})}
        return self.calls.error(LIBRARY, f"{service}.{method}", **given)

    def write(self, service: str, method: str, body: Any = None, **more: Any) -> str:
        """A write, followed to its end, which must be well; the id of the record."""
        # The library drops what is answered to a file; it is the newest write then.
        operation = self.do(service, method, body, **more) or self.newest()
        key = operation["pushOperationKey"]

        def ended() -> Any:
            found = self.do("push_operations", "get", pushOperationKey=key)
            return None if found["status"] == "Pending" else found

        found = until(ended, "the end of a write")
        assert found["status"] == "Success", (service, found["errorMessage"], found["validation"])
        kinds = {"create": "Created", "update": "Modified", "delete": "Deleted"}
        assert found["changes"][0]["type"] == kinds.get(method, "AttachmentUploaded")
        return found["changes"][0].get("attachmentId") or found["changes"][0]["recordRef"]["id"]

    def newest(self) -> Any:
        (found,) = self.do("push_operations", "list", orderBy="-requestedOnUtc", page=1, pageSize=1)["results"]
        return found

    def create(self, service: str, data_type: str) -> str:
        return self.write(service, "create", self.books.body(data_type))

    def bill(self) -> str:
        return self.create("bills", "bills")


@pytest.fixture(params=["mqjo", "gbol"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """The Sandbox as shipped, and Xero's emulator without limits: at its ordinary pace this takes minutes."""
    platform: str = request.param
    if platform == "mqjo":
        yield Desk(request.getfixturevalue("old_python"), request.getfixturevalue("sandbox"), platform)
        return
    own: Installation = request.getfixturevalue("installation")
    company = own.company("Library")
    connection = own.linked(company, own.organisation("Library Ltd"))
    own.wait_for_reads(company)
    calls = Calls.old_python(own.url, API_KEY)
    yield Desk(calls, Books(own, company, connection), platform)
    calls.close()


def test_the_library_does_all_that_it_can(desk: Desk) -> None:
    a_customer_comes_and_goes(desk)
    what_was_read(desk)
    what_may_be_written(desk)
    written(desk)
    with_a_file(desk)
    read_again(desk)
    every = desk.calls.result(LIBRARY, "operations")
    assert desk.called == set(every)
    assert len(every) == OPERATIONS


def a_customer_comes_and_goes(desk: Desk) -> None:
    company = desk.do("companies", "create", {"name": "Wharfe Cafe"})
    here = {"companyId": company["id"]}
    assert desk.do("companies", "get", **here)["name"] == "Wharfe Cafe"
    assert desk.do("companies", "update", {"name": "Wharfe Bar"}, **here)["name"] == "Wharfe Bar"
    listed = desk.do("companies", "list", query=f"id={company['id']}")["results"]
    assert [one["name"] for one in listed] == ["Wharfe Bar"]
    made = desk.do("connections", "create", {"platformKey": desk.platform}, **here)
    here["connectionId"] = made["id"]
    assert (made["status"], bool(made["linkUrl"])) == ("PendingAuth", True)
    assert desk.do("connections", "get", **here)["id"] == made["id"]
    assert [one["id"] for one in desk.do("connections", "list", **here)["results"]] == [made["id"]]
    assert desk.do("connections", "unlink", {"status": "Unlinked"}, **here)["status"] == "Unlinked"
    desk.do("connections", "delete", **here)
    assert desk.do("connections", "list", **here)["results"] == []
    desk.do("companies", "delete", **here)


def what_was_read(desk: Desk) -> None:
    assert desk.do("company_info", "get_accounting_profile")["baseCurrency"] == "GBP"
    for service, name in LISTED.items():
        if service in desk.missing:
            for method, more in (("list", {}), ("get", {name: "x"})):
                assert "not supported" in desk.refused(service, method, **more)["error"], service
            continue
        found = desk.do(service, "list", **PAGE)
        assert 0 < len(found["results"]) <= min(PAGE["pageSize"], found["totalResults"]), service
        first = found["results"][0]
        assert desk.do(service, "get", **{name: first["id"]}) == first, service


def what_may_be_written(desk: Desk) -> None:
    for service, method in MODELS.items():
        if service in desk.missing:
            assert "not supported" in desk.refused(service, method)["error"]
            continue
        model = desk.do(service, method)
        assert (model["type"], bool(model["properties"])) == ("Object", True), service


def written(desk: Desk) -> None:
    books = desk.books
    for service, data_type in (
        ("accounts", "chartOfAccounts"),
        ("bank_accounts", "bankAccounts"),
        ("journal_entries", "journalEntries"),
        ("journals", "journals"),
    ):
        if service in desk.missing:
            assert "not supported" in desk.refused(service, "create", books.body(data_type))["error"]
        else:
            desk.create(service, data_type)
    supplier = desk.create("suppliers", "suppliers")
    changed = {**books.body("suppliers"), "supplierName": books.fresh("Renamed")}
    assert desk.write("suppliers", "update", changed, supplierId=supplier) == supplier
    assert desk.do("suppliers", "get", supplierId=supplier)["supplierName"] == changed["supplierName"]
    note = desk.create("bill_credit_notes", "billCreditNotes")
    again = books.body("billCreditNotes")
    assert desk.write("bill_credit_notes", "update", again, billCreditNoteId=note) == note
    bill = desk.bill()
    given = {**books.body("bills"), "reference": books.fresh("Changed")}
    assert desk.write("bills", "update", given, billId=bill, forceUpdate=True) == bill
    assert desk.do("bills", "get", billId=bill)["reference"] == given["reference"]
    payment = desk.write("bill_payments", "create", books.settling("Bill", bill))
    paid = desk.do("bills", "get", billId=bill)
    assert (paid["status"], float(paid["amountDue"])) == ("Paid", 0)
    assert [one["payment"]["id"] for one in paid["paymentAllocations"]] == [payment]
    assert float(desk.do("bill_payments", "get", billPaymentId=payment)["totalAmount"]) == GROSS
    desk.write("bill_payments", "delete", billPaymentId=payment)
    assert float(desk.do("bills", "get", billId=bill)["amountDue"]) == GROSS
    assert desk.write("bills", "delete", billId=bill) == bill
    gone = desk.do("bills", "get", billId=bill)
    # Xero voids what was approved, and keeps it.
    assert (gone["status"], gone["metadata"]["isDeleted"]) == (
        ("Void", False) if desk.platform == "gbol" else ("Open", True)
    )
    history = desk.do("push_operations", "list", query="status=Success&&dataType=bills", page=1, pageSize=5)
    assert {one["dataType"] for one in history["results"]} == {"bills"}


def with_a_file(desk: Desk) -> None:
    here = {"billId": desk.bill()}
    file = {"fileName": FILE[0], "base64": base64.b64encode(FILE[1]).decode()}
    attached = desk.write("bills", "upload_attachment", file, **here)
    (listed,) = desk.do("bills", "list_attachments", **here)["attachments"]
    assert (listed["id"], listed["name"], listed["fileSize"]) == (attached, FILE[0], len(FILE[1]))
    here["attachmentId"] = attached
    assert desk.do("bills", "get_attachment", **here)["contentType"] == "application/pdf"
    held = desk.do("bills", "download_attachment", **here)
    assert base64.b64decode(held["base64"]) == FILE[1]
    # No ledger that we know takes files away; the answer is the contract's.
    assert "not supported" in desk.refused("bills", "delete_attachment", **here)["error"]


def read_again(desk: Desk) -> None:
    queued = desk.do("manage_data", "refresh_data_type", dataType="suppliers")
    assert queued["dataType"] == "suppliers"

    def complete() -> bool:
        found = desk.do("manage_data", "get_pull_operation", datasetId=queued["id"])
        return bool(found["isCompleted"])

    until(complete, "the read of one type")
    done = desk.do(
        "manage_data", "list_pull_operations", query="dataType=suppliers", **PAGE | {"orderBy": "-requested"}
    )
    assert queued["id"] in {one["id"] for one in done["results"]}
    desk.do("manage_data", "refresh_all_data_types")
    # The library wants a last success of every entry.
    status = {key: one for key, one in desk.do("manage_data", "get").items() if one}
    assert status.keys() == desk.books.installation.call("GET", f"/companies/{desk.books.company}/dataStatus").keys()
    assert status["suppliers"]["lastSuccessfulSync"]
