"""Every data type written with the libraries: what may be written, the writes, their outcomes, their history, files."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.e2e.installation import until
from tests.sdks.books import Books
from tests.sdks.libraries import Library, Npm, OldPython
from tests.sdks.programs import Calls


class Written(NamedTuple):
    """What the libraries call a data type."""

    service: str
    body: str
    can_change: bool = False
    can_delete: bool = False
    takes_files: bool = False


TYPES = {
    "chartOfAccounts": Written("accounts", "account"),
    "bankAccounts": Written("bank_accounts", "bankAccount", can_change=True),
    "suppliers": Written("suppliers", "supplier", can_change=True),
    "customers": Written("customers", "customer", can_change=True),
    "items": Written("items", "item"),
    "bills": Written("bills", "bill", can_change=True, can_delete=True, takes_files=True),
    "billCreditNotes": Written("bill_credit_notes", "billCreditNote", can_change=True, takes_files=True),
    "billPayments": Written("bill_payments", "billPayment", can_delete=True),
    "invoices": Written("invoices", "invoice", can_change=True, can_delete=True, takes_files=True),
    "creditNotes": Written("credit_notes", "creditNote", can_change=True),
    "payments": Written("payments", "payment"),
    "purchaseOrders": Written("purchase_orders", "purchaseOrder", can_change=True),
    "directCosts": Written("direct_costs", "directCost", can_delete=True, takes_files=True),
    "directIncomes": Written("direct_incomes", "directIncome", takes_files=True),
    "transfers": Written("transfers", "transfer", takes_files=True),
    "journals": Written("journals", "journal"),
    "journalEntries": Written("journal_entries", "journalEntry", can_delete=True),
}
SETTLES = {"billPayments": ("bills", "Bill"), "payments": ("invoices", "Invoice")}
CHANGED = {"supplierName", "customerName", "accountName"}
LISTED_FILES = {"bills", "invoices", "directCosts", "directIncomes"}
SHOWN_CHARACTERS = 800
FILE = ("scan.pdf", b"%PDF-1.7 a scanned page")


class Desk:
    """One library at one company's books: writes, and waits until they have ended."""

    def __init__(self, library: Library, operations: Library, books: Books) -> None:
        self.library = library
        self.operations = operations
        self.books = books

    def create(self, data_type: str) -> tuple[str, dict[str, Any]]:
        """Create a record, and what it settles; its id and what was sent."""
        if data_type in SETTLES:
            documents, kind = SETTLES[data_type]
            document, _ = self.create(documents)
            return self.write(data_type, "create", self.books.settling(kind, document))
        return self.write(data_type, "create", self.books.body(data_type))

    def write(
        self, data_type: str, method: str, body: dict[str, Any] | None, record: str | None = None
    ) -> tuple[str, dict[str, Any]]:
        row = TYPES[data_type]
        parameters = dict(self.books.here)
        if data_type == "bankTransactions":
            parameters["accountId"] = self.books.banks[0]
        if record is not None:
            parameters[f"{row.body}Id"] = record
        of = row.body if body is not None else ""
        operation = self.library.call(row.service, method, parameters, body, of=of)
        assert operation["dataType"] == data_type
        changes = self.outcome(operation["pushOperationKey"])["changes"]
        kinds = {"create": "Created", "update": "Modified", "delete": "Deleted"}
        assert changes[0]["type"] == kinds[method], changes
        assert changes[0]["recordRef"]["dataType"] == data_type
        return changes[0]["recordRef"]["id"], body or {}

    def outcome(self, key: str) -> dict[str, Any]:
        """The write as the library shows it once it has ended, which must be well."""
        where = {"companyId": self.books.company, "pushOperationKey": key}

        def ended() -> dict[str, Any] | None:
            operation: dict[str, Any] = self.operations.call("push_data", "get_operation", where)
            assert (operation["status"] == "Pending") == (operation["statusCode"] == 202)
            return None if operation["status"] == "Pending" else operation

        found = until(ended, "the end of a write") or {}
        shown = found.get("errorMessage"), found.get("validation")
        assert (found["status"], found["statusCode"]) == ("Success", 200), shown
        return found

    def newest(self) -> dict[str, Any]:
        """The write that was handed in last."""
        asked = {"companyId": self.books.company, "orderBy": "-requestedOnUtc", "page": 1, "pageSize": 1}
        (found,) = self.operations.call("push_data", "list_operations", asked)["results"]
        return found  # type: ignore[no-any-return]

    def read_again(self, data_type: str, record: str) -> dict[str, Any]:
        """The record as the library gets it."""
        row = TYPES[data_type]
        name = {"chartOfAccounts": "accountId", "bankAccounts": "accountId"}.get(data_type, f"{row.body}Id")
        found: dict[str, Any] = self.library.call(row.service, "get", {**self.books.here, name: record})
        return found


LIBRARIES: dict[str, Callable[[pytest.FixtureRequest], tuple[Library, Library]]] = {
    "python": lambda request: (
        OldPython(request.getfixturevalue("old_python"), "accounting"),
        OldPython(request.getfixturevalue("old_python"), "common"),
    ),
    "npm": lambda request: (
        Npm(request.getfixturevalue("npm"), "accounting"),
        Npm(request.getfixturevalue("npm"), "common"),
    ),
}


@pytest.fixture(params=LIBRARIES)
def desk(request: pytest.FixtureRequest, sandbox: Books) -> Desk:
    """Each language's library of accounting, with its library of operations."""
    return Desk(*LIBRARIES[request.param](request), sandbox)


def each(types: list[str], attempt: Callable[[str], None]) -> None:
    """Try every type, and show all that went wrong at once."""
    wrong = {}
    for data_type in types:
        try:
            attempt(data_type)
        except AssertionError as error:
            wrong[data_type] = str(error)[:SHOWN_CHARACTERS]
    assert not wrong, "\n".join(f"{data_type}: {error}" for data_type, error in wrong.items())


def test_what_may_be_written(desk: Desk) -> None:
    def options(data_type: str) -> None:
        row = TYPES[data_type]
        method = "get_create_update_model" if row.can_change else "get_create_model"
        where = {**desk.books.here, "accountId": desk.books.banks[0]}
        option = desk.library.call(row.service, method, where)
        assert (option["type"], bool(option["properties"])) == ("Object", True)

    each(list(TYPES), options)


def test_every_type_is_created(desk: Desk) -> None:
    def create(data_type: str) -> None:
        record, sent = desk.create(data_type)
        if data_type == "bankTransactions":
            return  # the libraries only list these
        got = desk.read_again(data_type, record)
        assert got["id"] == record
        for name, value in sent.items():
            if isinstance(value, str) and not name.endswith(("Date", "date", "postedOn")):
                assert got[name] == value, name

    each(list(TYPES), create)


def test_what_can_be_changed_is(desk: Desk) -> None:
    def change(data_type: str) -> None:
        record, sent = desk.create(data_type)
        words = [name for name, value in sent.items() if name in CHANGED]
        changed = {name: desk.books.fresh("Changed") for name in words} or {"note": "Changed"}
        assert desk.write(data_type, "update", {**sent, **changed}, record)[0] == record
        got = desk.read_again(data_type, record)
        assert {name: got[name] for name in changed} == changed

    each([data_type for data_type, row in TYPES.items() if row.can_change], change)


def test_what_can_be_deleted_is(desk: Desk) -> None:
    def delete(data_type: str) -> None:
        record, _ = desk.create(data_type)
        assert desk.write(data_type, "delete", None, record)[0] == record
        assert desk.read_again(data_type, record)["metadata"]["isDeleted"] is True

    deletable = [data_type for data_type, row in TYPES.items() if row.can_delete]
    if isinstance(desk.library, Npm):
        deletable.remove("directCosts")  # that library cannot
    each(deletable, delete)


def test_files_are_attached(desk: Desk, old_python: Calls) -> None:
    uploading = OldPython(old_python, "accounting")

    def attach(data_type: str) -> None:
        row = TYPES[data_type]
        record, _ = desk.create(data_type)
        here = {**desk.books.here, f"{row.body}Id": record}
        operation = uploading.attach(row.service, here, *FILE) or desk.newest()  # some drop what was answered
        change = desk.outcome(operation["pushOperationKey"])["changes"][0]
        assert change["type"] == "AttachmentUploaded"
        if data_type in LISTED_FILES:
            (listed,) = desk.library.call(row.service, "list_attachments", here)["attachments"]
            assert (listed["id"], listed["name"], listed["fileSize"]) == (change["attachmentId"], FILE[0], len(FILE[1]))
            this = {**here, "attachmentId": listed["id"]}
            assert desk.library.call(row.service, "get_attachment", this)["contentType"] == "application/pdf"
            held = desk.library.call(row.service, "download_attachment", this)
            assert base64.b64decode(held["base64"]) == FILE[1], held

    each([data_type for data_type, row in TYPES.items() if row.takes_files], attach)


def test_a_refused_write_parses(desk: Desk) -> None:
    bill = desk.books.body("bills")
    del bill["supplierRef"]
    operation = desk.library.call("bills", "create", desk.books.here, bill, of="bill")
    where = {"companyId": desk.books.company, "pushOperationKey": operation["pushOperationKey"]}
    found = desk.operations.call("push_data", "get_operation", where)
    assert (found["status"], found["statusCode"]) == ("Failed", 400)
    assert [one["itemId"] for one in found["validation"]["errors"]] == ["supplierRef.id"]


def test_the_history(desk: Desk) -> None:
    desk.create("suppliers")
    asked = {"query": "status=Success&&dataType=suppliers", "orderBy": "-requestedOnUtc", "page": 1, "pageSize": 3}
    history = desk.operations.call("push_data", "list_operations", {"companyId": desk.books.company, **asked})
    assert {row["dataType"] for row in history["results"]} == {"suppliers"}
    times = [row["requestedOnUtc"] for row in history["results"]]
    assert times == sorted(times, reverse=True)
