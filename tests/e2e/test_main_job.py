"""The main job: connect a customer, read its books, pay a bill, be told of everything, leave.

What became of it is asked of the ledger itself, over the vendor's API.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import codat_platform
import codat_sync_for_expenses
from codat_platform.models import shared as platform_shared
from codat_sync_for_expenses.models import operations as expenses_operations
from codat_sync_for_expenses.models import shared as expenses_shared

from tests.e2e.browser import Browser
from tests.e2e.conftest import BillOf, Receiver
from tests.e2e.installation import Installation, until
from tests.e2e.ledger import Ledger

ORGANISATION = "Main Job Ltd"
FILE = b"%PDF-1.4 a scan"
EVENTS = (
    "connection.created",
    "connection.connected",
    "connection.disconnected",
    "read.completed",
    "read.completed.initial",
    "suppliers.write.successful",
    "bills.write.successful",
    "billPayments.write.successful",
)


def test_the_main_job(live: Installation, receiver: Receiver, bill_of: BillOf) -> None:
    receiver.subscribe(live, *EVENTS)
    organisation = live.organisation(ORGANISATION)
    platform = codat_platform.CodatPlatform(
        security=platform_shared.Security(auth_header=live.authorization), server_url=live.url
    )
    expenses = codat_sync_for_expenses.CodatSyncExpenses(
        security=expenses_shared.Security(auth_header=live.authorization), server_url=live.url
    )

    company = platform.companies.create(request=platform_shared.CompanyRequestBody(name="Harbour Bakery"))
    assert company is not None
    connection = platform.connections.create(
        request={"company_id": company.id, "request_body": {"platform_key": "gbol"}}
    )
    assert connection is not None
    page = Browser().link(connection.link_url, organisation)
    assert f"{ORGANISATION} is connected" in page.text
    linked = platform.connections.get(request={"company_id": company.id, "connection_id": connection.id})
    assert linked is not None
    assert linked.status.value == "Linked"

    heard = told_of(receiver, company.id)
    assert heard("connection.connected")[0]["connection"]["id"] == connection.id
    first = heard("read.completed.initial")[0]
    assert {row["status"] for row in first["dataTypes"]} == {"Complete"}
    status = platform.refresh_data.get(request={"company_id": company.id})
    assert status is not None
    assert status.bills.current_status.value == "Complete"

    ledger = Ledger(live, organisation)
    assert live.total(company.id, "suppliers") == len(ledger.list("Contacts"))
    bills = [row for row in ledger.list("Invoices") if row["Type"] == "ACCPAY"]
    assert live.total(company.id, "bills") == len(bills)
    unpaid = sum(row["Status"] == "AUTHORISED" for row in bills)
    assert live.total(company.id, "bills", "amountDue>0&&{status=Open||status=PartiallyPaid}") == unpaid > 0

    supplier = expenses.suppliers.create(
        request=expenses_operations.CreateSupplierRequest(
            company_id=company.id,
            connection_id=connection.id,
            supplier=expenses_shared.Supplier(
                supplier_name="Mill & Sons", status=expenses_shared.SupplierStatus.ACTIVE
            ),
        )
    )
    assert supplier is not None
    supplier_id = written(live, company.id, supplier.push_operation_key)
    accounts = live.call("GET", f"/companies/{company.id}/data/accounts?pageSize=200")["results"]
    expense = next(row["id"] for row in accounts if row["nominalCode"] == "429")
    bank = next(row["id"] for row in accounts if row["isBankAccount"] and row["currency"] == "GBP")

    def push(segment: str, body: Any = None, **more: Any) -> str:
        # The ledger is asked here too, and takes 60 calls a minute: no further read of a whole type after each write.
        path = f"{segment}?allowSyncOnPushComplete=false"
        return written(live, company.id, live.push(company.id, connection.id, path, body, **more))

    bill_id = push("bills", bill_of(supplier_id, expense, "MAIN-1"))
    push(f"bills/{bill_id}/attachments", files={"file": ("scan.pdf", FILE, "application/pdf")})
    payment = {
        "date": "2026-06-15T00:00:00",
        "accountRef": {"id": bank},
        "totalAmount": 14.4,
        "reference": "BACS 1",
        "lines": [{"amount": 14.4, "links": [{"type": "Bill", "id": bill_id, "amount": -14.4}]}],
    }
    payment_id = push("billPayments", payment)

    (invoice,) = ledger.get(f"Invoices/{bill_id}")
    assert (invoice["Contact"]["Name"], invoice["InvoiceNumber"]) == ("Mill & Sons", "MAIN-1")
    assert (invoice["Status"], invoice["Total"], invoice["AmountDue"]) == ("PAID", 14.4, 0)
    assert [row["PaymentID"] for row in invoice["Payments"]] == [payment_id]
    (attached,) = ledger.get(f"Invoices/{bill_id}/Attachments")
    assert (attached["FileName"], attached["ContentLength"]) == ("scan.pdf", len(FILE))
    assert live.emulator("GET", f"organisations/{organisation}/balance") == {"problems": []}
    shown = live.call("GET", f"/companies/{company.id}/data/bills/{bill_id}")
    assert (shown["status"], shown["amountDue"]) == ("Paid", 0)
    files = f"/companies/{company.id}/connections/{connection.id}/data/bills/{bill_id}/attachments"
    (file,) = live.call("GET", files)["attachments"]
    assert live.http.get(f"{live.url}{files}/{file['id']}/download").content == FILE

    for data_type in ("suppliers", "bills", "billPayments"):
        assert heard(f"{data_type}.write.successful")

    where = {"company_id": company.id, "connection_id": connection.id}
    unlinked = platform.connections.unlink(request={**where, "update_connection_status": {"status": "Unlinked"}})
    assert unlinked is not None
    assert unlinked.status.value == "Unlinked"
    assert heard("connection.disconnected")[0]["connection"]["status"] == "Unlinked"
    assert len(receiver.of("read.completed.initial", company.id)) == 1
    assert live.total(company.id, "bills") == len(bills) + 1, "what was read stays"


def told_of(receiver: Receiver, company: str) -> Callable[[str], list[dict[str, Any]]]:
    """Waits for an event about the company."""
    return lambda event: until(lambda: receiver.of(event, company), f"the event {event}")


def written(live: Installation, company: str, key: str) -> str:
    """Wait for a write to succeed; the id of the record in the ledger."""
    operation = live.outcome(company, key)
    assert operation["status"] == "Success", operation
    found: str = operation["changes"][0]["recordRef"]["id"]
    return found
