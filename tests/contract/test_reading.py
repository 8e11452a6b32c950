"""Every accounting operation that reads, asked of a running server over both ledgers: each list at its largest page,
one record of each, files, statements, reports and options. Answers are held to the contract's file to the last record.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from bookbridge import jobs
from bookbridge.emulators.sandbox.app import KEY_HEADER
from bookbridge.emulators.sandboxes import SANDBOX_SECRET
from tests.api.conftest import assert_error
from tests.api.test_lending import in_thread, lending
from tests.connectors.conftest import emulator_url, sandbox, vendor_http
from tests.connectors.own_ledger import OwnLedger
from tests.connectors.sandbox import Sandbox
from tests.contract import own
from tests.contract.asking import every
from tests.contract.documents import Operation
from tests.products.bill_pay.conftest import SANDBOX, XERO, Payables, api, ledger, patience_s, payables, worker

__all__ = ["api", "emulator_url", "ledger", "patience_s", "payables", "sandbox", "vendor_http", "worker"]

NAME = "lending"
COUNT = 76
COMPANY = "/companies/{companyId}"
CONNECTION = COMPANY + "/connections/{connectionId}"
PAGE = {"pageSize": "5000"}
PERIODS = {"periodLength": "3", "periodsToCompare": "4"}
PDF = b"%PDF-1.4\nbeside a record"

KINDS_WITH_FILES = {
    "bills": "Invoices",
    "customers": "Contacts",
    "directCosts": "BankTransactions",
    "directIncomes": "BankTransactions",
    "invoices": "Invoices",
    "suppliers": "Contacts",
}
"""And the vendor's list of each."""

NOT_SUPPLIED = {
    XERO: {
        f"{COMPANY}/data/journals",
        f"{COMPANY}/data/financials/cashFlowStatement",
        f"{CONNECTION}/data/bankAccounts/{{accountId}}/bankTransactions",
        f"{CONNECTION}/options/bankAccounts/{{accountId}}/bankTransactions",
    },
    SANDBOX: set(),
}
"""What a platform does not have. Single records of these cannot be asked for either."""

OF_OTHER_PLATFORMS = [
    "banking-accounts",
    "banking-accountBalances",
    "banking-transactions",
    "banking-transactionCategories",
    "commerce-orders",
]


@dataclass
class World:
    """A company of which everything was read, with a file beside one record of each kind that can have one."""

    of: Payables
    platform: str
    ids: dict[str, str] = field(default_factory=dict)
    files: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By kind, the record and its file."""
    bank: str = ""

    async def get(self, path: str, **params: str) -> httpx2.Response:
        return await self.of.api.http.get(path, params=params)

    async def first(self, path: str) -> dict[str, Any]:
        answer = await self.get(path, pageSize="1")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["results"][0]
        return found


@pytest.fixture
async def world(payables: Payables, ledger: OwnLedger, sandbox: Sandbox, worker: jobs.Worker) -> World:
    made = World(payables, payables.platform)
    company = f"/companies/{payables.company}"
    made.ids = {"companyId": payables.company, "connectionId": payables.connection}
    assert (await payables.api.http.post(f"{company}/data/all")).status_code == 204
    await payables.idle()
    body = {"supplierName": f"Contract {uuid4().hex[:8]}", "status": "Active"}
    await payables.done("POST", "/suppliers", body)
    made.ids["pushOperationKey"] = (await made.first(f"{company}/push"))["pushOperationKey"]
    made.ids["datasetId"] = (await made.first(f"{company}/data/history"))["id"]
    base = company + f"/connections/{payables.connection}/data"
    for kind in KINDS_WITH_FILES:
        record = (await made.first(f"{base}/{kind}"))["id"]
        if payables.platform == XERO:
            await _file_at_xero(made, sandbox, kind, record)
        else:
            await _file_at_sandbox(made, ledger, kind, record)
        listed = (await made.get(f"{base}/{kind}/{record}/attachments")).json()["attachments"]
        made.files[kind] = record, next(one["id"] for one in listed if one["name"] == f"{kind}.pdf")
    made.bank = (await made.first(f"{base}/bankAccounts"))["id"]
    return made


async def _file_at_xero(world: World, sandbox: Sandbox, kind: str, record: str) -> None:
    tenant = await world.of.api.pool.fetchval(
        "select organisation_id from connections where id = $1", world.of.connection
    )
    answer = await sandbox.http.put(
        f"{sandbox.url}/api.xro/2.0/{KINDS_WITH_FILES[kind]}/{record}/Attachments/{kind}.pdf",
        headers={
            "Authorization": f"Bearer {await sandbox.consent(tenant)}",
            "xero-tenant-id": tenant,
            "Content-Type": "application/pdf",
        },
        content=PDF,
    )
    assert answer.status_code == 200, answer.text


async def _file_at_sandbox(world: World, ledger: OwnLedger, kind: str, record: str) -> None:
    path = f"{ledger.url}/organisations/{world.of.connection}/{kind}/{record}/attachments"
    async with httpx2.AsyncClient() as http:
        answer = await http.post(
            path,
            params={"name": f"{kind}.pdf"},
            headers={KEY_HEADER: SANDBOX_SECRET, "Content-Type": "application/pdf"},
            content=PDF,
        )
    assert answer.status_code in (200, 201), answer.text


async def _path(operation: Operation, world: World) -> str:
    """The operation's address, about something that is there."""
    ids = dict(world.ids)
    if operation.path.endswith("/bankTransactions"):
        ids["accountId"] = world.bank
    elif "/attachments" in operation.path:
        kind = operation.path.removeprefix(f"{CONNECTION}/data/").partition("/")[0]
        name = operation.path.partition(f"/{kind}/{{")[2].partition("}")[0]
        ids[name], ids["attachmentId"] = world.files[kind]
    elif "/data/" in operation.path and "{datasetId}" not in operation.path and operation.path.count("{") > 1:
        of_list, _, rest = operation.path.partition("/data/")
        kind, _, named = rest.partition("/{")
        if named:
            listed = f"{of_list}/data/{kind}".format_map(ids)
            ids[named.partition("}")[0]] = (await world.first(listed))["id"]
    return operation.path.format_map(ids)


def _params(operation: Operation) -> dict[str, str]:
    if "/financials/" in operation.path:
        return PERIODS
    taken = {one.get("$ref", "").rpartition("/")[2] for one in operation.content.get("parameters", [])}
    return PAGE if "pageSize" in taken else {}


async def asked(operation: Operation, world: World) -> list[str]:
    """The operation as it is meant."""
    missing = [path for path in NOT_SUPPLIED[world.platform] if operation.path.startswith(path)]
    if missing:
        path = operation.path.format_map({**world.ids, "accountId": world.bank, "journalId": "x"})
        answer = await world.get(path, **_params(operation))
        refused = answer.status_code in (400, 404) and "not supported" in answer.text.lower()
        return [] if refused else [f"status {answer.status_code} instead of a refusal: {answer.text[:200]}"]
    path = await _path(operation, world)
    answer = await world.get(path, **_params(operation))
    if answer.status_code != operation.success:
        return [f"status {answer.status_code} for {path}: {answer.text[:200]}"]
    if path.endswith("/download"):
        return [] if answer.content == PDF else ["another file"]
    if path.endswith("/pdf"):
        return [] if answer.content.startswith(b"%PDF") else ["no PDF"]
    shown = answer.json()
    if isinstance(shown, dict) and "results" in shown and not shown["results"]:
        return ["nothing is listed"]
    # Ours has one address for the options of every data type.
    address = f"{CONNECTION}/options/{{dataType}}" if "/options/" in path else operation.path
    ours = own.problems("get", address, 200, answer.content)
    return _few(operation.problems(200, answer.content)) + _few(ours)


def _few(problems: list[str]) -> list[str]:
    return problems[:5]


async def unknown(operation: Operation, world: World) -> list[str]:
    """The operation about a company that does not exist."""
    path = operation.path.format_map({name: str(uuid4()) for name in _parameters(operation)})
    if "{companyId}" not in operation.path:
        return []
    answer = await world.get(path, **_params(operation))
    if answer.status_code != 404:
        return [f"status {answer.status_code} for {path}: {answer.text[:200]}"]
    return operation.problems(404, answer.content) if "404" in operation.content["responses"] else []


def _parameters(operation: Operation) -> Iterator[str]:
    return (part[1:-1] for part in operation.path.split("/") if part.startswith("{"))


@pytest.mark.timeout(240)
async def test_every_accounting_operation_that_reads(world: World) -> None:
    """Prints what is missing or not as the file says; there must be nothing."""

    async def ask(operation: Operation) -> list[str]:
        return await unknown(operation, world) + await asked(operation, world)

    assert await every([NAME], ask) == COUNT


async def test_data_of_other_kinds_of_platforms_is_not_there(payables: Payables) -> None:
    for path in OF_OTHER_PLATFORMS:
        base = f"/companies/{payables.company}/connections/{payables.connection}/data/{path}"
        assert "not supported" in assert_error(await payables.api.http.get(base), 404)["error"].lower()


# Service of the library, name of a record's id, path, whether it is read under a connection.
SERVICES = [
    ("accounting_bank_data.accounts", "account_id", "bankAccounts", True),
    ("accounts_payable.bill_credit_notes", "bill_credit_note_id", "billCreditNotes", False),
    ("accounts_payable.bill_payments", "bill_payment_id", "billPayments", False),
    ("accounts_payable.bills", "bill_id", "bills", False),
    ("accounts_payable.suppliers", "supplier_id", "suppliers", False),
    ("accounts_receivable.credit_notes", "credit_note_id", "creditNotes", False),
    ("accounts_receivable.customers", "customer_id", "customers", False),
    ("accounts_receivable.direct_incomes", "direct_income_id", "directIncomes", True),
    ("accounts_receivable.invoices", "invoice_id", "invoices", False),
    ("accounts_receivable.payments", "payment_id", "payments", False),
    ("financial_statements.accounts", "account_id", "accounts", False),
    ("transactions.account_transactions", "account_transaction_id", "accountTransactions", True),
    ("transactions.direct_costs", "direct_cost_id", "directCosts", True),
    ("transactions.journal_entries", "journal_entry_id", "journalEntries", False),
    ("transactions.journals", "journal_id", "journals", False),
    ("transactions.transfers", "transfer_id", "transfers", True),
]
OF_SANDBOX_ONLY = {"journals"}


@pytest.mark.timeout(240)
async def test_the_lending_library_pages_queries_and_gets_each_type(world: World) -> None:
    """What the library holds is what our own answers hold, record by record."""
    company, connection = world.of.company, world.of.connection
    wanted = [one for one in SERVICES if world.platform == SANDBOX or one[2] not in OF_SANDBOX_ONLY]

    def calls() -> dict[str, dict[str, Any]]:
        found = {}
        with lending(world.of.api) as sdk:
            for name, record_id, path, is_under_connection in wanted:
                service: Any = sdk
                for part in name.split("."):
                    service = getattr(service, part)
                here = {"company_id": company} | ({"connection_id": connection} if is_under_connection else {})
                pages = [
                    service.list(request={**here, "page": page, "page_size": 2, "order_by": "-modifiedDate"})
                    for page in (1, 2)
                ]
                last = pages[0].results[-1]
                found[path] = {
                    "total": pages[0].total_results,
                    "ids": [record.id for page in pages for record in page.results],
                    "next": pages[0].links.next.href if pages[0].links.next else None,
                    "queried": [one.id for one in service.list(request={**here, "query": f"id={last.id}"}).results],
                    "got": service.get(request={**here, record_id: last.id}) == last,
                    "last": last.id,
                }
                if path in world.files:
                    record, file = world.files[path]
                    at = {"company_id": company, "connection_id": connection, record_id: record}
                    listed = service.list_attachments(request=at)
                    told = service.get_attachment(request={**at, "attachment_id": file})
                    sent = service.download_attachment(request={**at, "attachment_id": file})
                    found[path] |= {"file": told.id, "files": {one.id for one in listed.attachments}}
                    found[path]["content"] = sent.read()
        return found

    shown = await in_thread(calls)
    for name, _, path, is_under_connection in wanted:
        base = f"/companies/{company}" + (f"/connections/{connection}" if is_under_connection else "")
        ours = (await world.get(f"{base}/data/{path}", pageSize="4", orderBy="-modifiedDate")).json()
        one = shown[path]
        assert one["ids"] == [row["id"] for row in ours["results"]], name
        assert one["total"] == ours["totalResults"], name
        assert (one["next"] is None) == (ours["totalResults"] <= 2), name
        assert one["queried"] == [one["last"]], name
        assert one["got"], name
    for path, (_, file) in world.files.items():
        assert shown[path]["file"] == file, path
        assert file in shown[path]["files"], path
        assert shown[path]["content"] == PDF, path


async def test_an_application_that_authorises_by_itself_asks_for_reads_by_itself(payables: Payables) -> None:
    company = f"/companies/{payables.company}"
    history = (await payables.api.http.get(f"{company}/data/history")).json()
    assert history["totalResults"] == 0
    status = (await payables.api.http.get(f"{company}/dataStatus")).json()
    assert {one["currentStatus"] for one in status.values()} == {"Initial"}
