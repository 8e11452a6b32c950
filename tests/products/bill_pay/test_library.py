"""The official Bill Pay library, unchanged: every operation that it has, on both ledgers."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import codat_sync_for_payables
import pytest
from codat_sync_for_payables.models import shared

from tests.api.test_sdks import in_thread
from tests.products.bill_pay.conftest import Payables

pytestmark = pytest.mark.usefixtures("worker")

DAY = "2026-06-15T00:00:00"
PDF = b"%PDF-1.4\nlibrary"
TIMEOUT_MS = 20_000
OPERATIONS = 25
"""What the contract's file has."""


@dataclass
class Noted:
    """The library, or a service of it, which notes the operations that are called."""

    of: Any
    calls: set[str]
    service: str = ""

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.of, name)
        if not self.service:
            return Noted(found, self.calls, name)
        self.calls.add(f"{self.service}.{name}")
        return found


class Program:
    """What an application does with the library, from a company to a paid bill."""

    def __init__(self, payables: Payables) -> None:
        security = shared.Security(auth_header=payables.api.authorization)
        library = codat_sync_for_payables.CodatSyncPayables(
            server_url=payables.api.url, security=security, timeout_ms=TIMEOUT_MS
        )
        self.every = operations(library)
        self.called: set[str] = set()
        self.sdk = Noted(library, self.called)
        self.where = {"company_id": payables.company, "connection_id": payables.connection}
        self.platform = payables.platform

    def configure(self) -> dict[str, Any]:
        """A customer comes and goes; what came of each operation."""
        companies, connections = self.sdk.companies, self.sdk.connections
        company = companies.create(request={"name": "Wharfe Cafe", "tags": {"region": "north"}})
        of = {"company_id": company.id}
        told = {"company": company, "got": companies.get(request=of)}
        told["replaced"] = companies.replace(request={**of, "company_request_body": {"name": "Wharfe Bar"}})
        told["updated"] = companies.update(request={**of, "company_update_request": {"description": "By the river"}})
        told["companies"] = companies.list(request={"query": f"id={company.id}"})
        connection = connections.create(request={**of, "request_body": {"platform_key": self.platform}})
        this = {**of, "connection_id": connection.id}
        told |= {"connection": connection, "connections": connections.list(request=of)}
        told["again"] = connections.get(request=this)
        connections.delete(request=this)
        told["left"] = connections.list(request=of)
        companies.delete(request=of)
        return told

    def leave(self) -> Any:
        """The customer takes the authorisation back."""
        status = {"status": shared.DataConnectionStatus.UNLINKED}
        return self.sdk.connections.unlink(request={**self.where, "request_body": status})

    def run(self) -> dict[str, Any]:
        """Every operation of the product; what came of each."""
        told: dict[str, Any] = {"info": self.sdk.company_information.get(request=self.where)}
        options = self.sdk.bills.get_bill_options(request=self.where)
        banks = self.sdk.bill_payments.get_payment_options(request={**self.where, "status_query": "status=Active"})
        told.update(options=options, banks=banks)
        supplier = self.sdk.suppliers.create(
            request={**self.where, "supplier_prototype": _supplier("Wharfe"), "idempotency_key": str(uuid4())}
        )
        told["supplier"] = supplier
        told["supplier_after"] = self.sdk.suppliers.update(
            request={**self.where, "supplier_id": supplier.id, "supplier_prototype": _supplier("Wharfe & Co")}
        )
        told["suppliers"] = self.sdk.suppliers.list(request={**self.where, "query": "status=Active"})
        account = self.sdk.bank_accounts.create(
            request={
                **self.where,
                "bank_account_prototype": {
                    "name": "Third account",
                    "accountType": "Debit",
                    "accountNumber": "12345679",
                    "nominalCode": "9002",
                    "currency": "GBP",
                },
            }
        )
        told["account"] = account
        prototype = _bill(options, supplier.id)
        bill = self.sdk.bills.create(
            request={**self.where, "bill_prototype": prototype, "idempotency_key": str(uuid4())}
        )
        told["bill"] = bill
        of_bill = {**self.where, "bill_id": bill.id}
        told["bill_after"] = self.sdk.bills.update(
            request={**of_bill, "bill_prototype": {**prototype, "reference": "R"}}
        )
        told["file"] = self.sdk.bills.upload_attachment(
            request={
                **of_bill,
                "attachment_upload": {
                    "file": {"file_name": "invoice.pdf", "content": PDF, "content_type": "application/pdf"}
                },
            }
        )
        told["files"] = self.sdk.bills.list_attachments(request=of_bill)
        told["content"] = self.sdk.bills.download_attachment(request={**of_bill, "attachment_id": told["file"].id})
        told["payment"] = self.sdk.bill_payments.create(
            request={
                **of_bill,
                "bill_payment_prototype": {"amount": 20.5, "date": DAY, "accountRef": {"id": account.id}},
            }
        )
        told["bills"] = self._every_bill()
        return told

    def _every_bill(self) -> list[Any]:
        found: list[Any] = []
        token = None
        while True:
            page = self.sdk.bills.list(
                request={**self.where, "query": "status=PartiallyPaid", "continuation_token": token}
            )
            found += page.results
            token = page.pagination.continuation_token
            if token is None:
                return found


def operations(library: Any) -> set[str]:
    """All that the library can do: `service.operation`."""
    found = set()
    for service in (name for name in dir(library) if not name.startswith("_") and name != "sdk_configuration"):
        of = getattr(library, service)
        if type(of).__module__.startswith("codat_sync_for_payables"):
            methods = {name for name, _ in inspect.getmembers(of, inspect.ismethod) if not name.startswith("_")}
            found |= {f"{service}.{name}" for name in methods if not name.endswith("_async")}
    return found


def _supplier(name: str) -> dict[str, Any]:
    return {"supplierName": name, "status": "Active", "phone": "0113 496 0000", "emailAddress": "a@example.com"}


def _bill(options: Any, supplier: str) -> dict[str, Any]:
    account = next(one.id for one in options.accounts if one.type == "Expense")
    rate = next(one.id for one in options.tax_rates if one.effective_tax_rate == 20 and one.id != "OUTPUT2")
    line = {
        "description": "Panes",
        "quantity": 4,
        "unitAmount": 12.5,
        "taxAmount": 10,
        "accountRef": {"id": account},
        "taxRateRef": {"id": rate},
    }
    return {
        "supplierRef": {"id": supplier},
        "issueDate": "2026-06-01T00:00:00",
        "dueDate": "2026-07-01T00:00:00",
        "currency": "GBP",
        "status": "Open",
        "lineItems": [line],
    }


async def test_the_library_does_all_that_it_can(payables: Payables) -> None:
    program = Program(payables)
    configured = await in_thread(program.configure)
    assert configured["company"].name == configured["got"].name == "Wharfe Cafe"
    assert configured["replaced"].name == "Wharfe Bar"
    assert configured["updated"].description == "By the river"
    assert [one.id for one in configured["companies"].results] == [configured["company"].id]
    assert configured["connection"].status.value == configured["again"].status.value == "PendingAuth"
    assert [one.id for one in configured["connections"].results] == [configured["connection"].id]
    assert configured["left"].results == []

    told = await in_thread(program.run)
    assert told["info"].base_currency == "GBP"
    assert told["options"].accounts
    assert all(one.status.value == "Active" for one in told["banks"].bank_accounts)
    assert told["supplier"].supplier_name == "Wharfe"
    assert (told["supplier_after"].id, told["supplier_after"].supplier_name) == (told["supplier"].id, "Wharfe & Co")
    assert told["supplier"].id in {one.id for one in told["suppliers"].results}
    assert (told["account"].name, told["account"].account_type.value) == ("Third account", "Debit")
    assert (told["bill"].status.value, told["bill"].amount_due) == ("Open", 60)
    assert (told["bill_after"].id, told["bill_after"].reference) == (told["bill"].id, "R")
    assert told["file"].name == "invoice.pdf"
    assert [one.id for one in told["files"]] == [told["file"].id]
    content = told["content"]
    assert (content if isinstance(content, bytes) else content.read()) == PDF
    assert told["payment"].amount == 20.5
    paid = next(one for one in told["bills"] if one.id == told["bill"].id)
    assert (paid.status.value, paid.amount_due) == ("PartiallyPaid", 39.5)

    left = await in_thread(program.leave)
    assert (left.id, left.status.value) == (payables.connection, "Unlinked")
    assert program.called == program.every
    assert len(program.every) == OPERATIONS


async def test_the_library_tells_what_is_wrong(payables: Payables) -> None:
    program = Program(payables)

    def call() -> None:
        program.sdk.bills.create(
            request={
                **program.where,
                "bill_prototype": {
                    "supplierRef": {"id": "x"},
                    "issueDate": DAY,
                    "dueDate": DAY,
                    "currency": "GBP",
                    "status": "Draft",
                },
            }
        )

    with pytest.raises(Exception, match="must be equal to") as refused:
        await in_thread(call)
    assert getattr(refused.value, "status_code", None) == 400
