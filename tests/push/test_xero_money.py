"""Money through the whole way to a vendor's emulator, every answer lost: once each, and every record named."""

from __future__ import annotations

from typing import Any

from bookbridge.connectors.kit.connector import Operation
from bookbridge.push.operations import PushOperation, Status
from tests.connectors.conftest import emulator_url, sandbox, vendor_http  # noqa: F401 - fixtures
from tests.push.test_xero import DAY, XeroDesk, bill, body_of, xero  # noqa: F401 - fixture


async def written(desk: XeroDesk, data_type: str, body: Any, **more: Any) -> PushOperation:
    operation = await desk.carry_out(data_type, body, **more)
    assert (operation.status, operation.runs) == (Status.SUCCESS, 2), operation.error_message
    return operation


async def named(desk: XeroDesk, name: str) -> str:
    supplier = await written(desk, "suppliers", {"supplierName": name, "status": "Active"})
    return str(supplier.result_record_id)


def changes(operation: PushOperation) -> list[tuple[str, str]]:
    return [(one.type.value, one.record_ref.data_type) for one in operation.changes if one.record_ref]


def direct_cost(desk: XeroDesk, contact_id: str, amount: int) -> dict[str, Any]:
    line = {"description": "Toner", "unitAmount": amount, "quantity": 1, "accountRef": {"id": desk.expense_id}}
    return {
        "contactRef": {"id": contact_id},
        "issueDate": DAY,
        "currency": "GBP",
        "lineItems": [line],
        "paymentAllocations": [{"payment": {"accountRef": {"id": desk.bank_id}}, "allocation": {}}],
        "subTotal": amount,
        "taxAmount": 0,
        "totalAmount": amount,
    }


async def test_two_equal_costs_are_two_records(xero: XeroDesk) -> None:  # noqa: F811
    contact_id = await named(xero, "Office Shop")
    before = await xero.effects()
    first, second = [await written(xero, "directCosts", direct_cost(xero, contact_id, 30)) for _ in range(2)]
    after = await xero.effects()
    assert first.result_record_id != second.result_record_id
    assert after["PUT BankTransactions"] - before.get("PUT BankTransactions", 0) == 2
    assert (await body_of(xero, "directCosts", second.result_record_id))["totalAmount"] == 30


async def test_a_cost_below_zero_is_told_as_the_income_that_it_became(xero: XeroDesk) -> None:  # noqa: F811
    contact_id = await named(xero, "Office Shop")
    operation = await written(xero, "directCosts", direct_cost(xero, contact_id, -30))
    assert ("Created", "directIncomes") in changes(operation)
    assert ("Created", "directCosts") not in changes(operation)
    assert (await body_of(xero, "directIncomes", operation.result_record_id))["totalAmount"] == 30


async def test_a_batch_pays_each_bill_once_and_names_all_that_it_made(xero: XeroDesk) -> None:  # noqa: F811
    contact_id = await named(xero, "Office Shop")
    bills = [
        str((await written(xero, "bills", {**bill(xero, contact_id), "reference": f"B-{number}"})).result_record_id)
        for number in range(2)
    ]
    before = await xero.effects()
    body = {
        "date": DAY,
        "accountRef": {"id": xero.bank_id},
        "totalAmount": 28.8,
        "currency": "GBP",
        "lines": [{"amount": 14.4, "links": [{"type": "Bill", "id": one, "amount": -14.4}]} for one in bills],
    }
    operation = await written(xero, "billPayments", body)
    after = await xero.effects()
    assert after["PUT BatchPayments"] - before.get("PUT BatchPayments", 0) == 1
    assert changes(operation) == [
        ("Created", "billPayments"),
        ("Created", "billPayments"),
        ("Created", "accountTransactions"),
    ]
    assert [(await body_of(xero, "bills", one))["status"] for one in bills] == ["Paid", "Paid"]
    for one in operation.changes:
        assert one.record_ref is not None
        assert await body_of(xero, one.record_ref.data_type, one.record_ref.id)


async def test_one_credit_note_is_used_twice_by_two_writes(xero: XeroDesk) -> None:  # noqa: F811
    """Both writes name the note: that the first one did proves nothing about the second."""
    contact_id = await named(xero, "Office Shop")
    bill_id = str((await written(xero, "bills", bill(xero, contact_id))).result_record_id)
    line = {"description": "Back", "unitAmount": 9, "quantity": 1, "accountRef": {"id": xero.expense_id}}
    note = {
        "supplierRef": {"id": contact_id},
        "issueDate": DAY,
        "status": "Submitted",
        "lineItems": [line],
        "subTotal": 9,
        "totalTaxAmount": 0,
        "totalAmount": 9,
        "totalDiscount": 0,
        "discountPercentage": 0,
    }
    note_id = str((await written(xero, "billCreditNotes", note)).result_record_id)
    before = await xero.effects()
    for amount in (2, 3):
        links = [
            {"type": "Bill", "id": bill_id, "amount": -amount},
            {"type": "CreditNote", "id": note_id, "amount": amount},
        ]
        used = await written(
            xero, "billPayments", {"date": DAY, "totalAmount": 0, "lines": [{"amount": 0, "links": links}]}
        )
        assert used.result_record_id == note_id
    after = await xero.effects()
    assert after["PUT Allocations"] - before.get("PUT Allocations", 0) == 2
    assert (await body_of(xero, "bills", bill_id))["amountDue"] == 9.4
    assert (await body_of(xero, "billCreditNotes", note_id))["remainingCredit"] == 4


async def test_what_was_written_is_taken_back_once(xero: XeroDesk) -> None:  # noqa: F811
    contact_id = await named(xero, "Office Shop")
    cost = await written(xero, "directCosts", direct_cost(xero, contact_id, 30))
    gone = await written(xero, "directCosts", None, kind=Operation.DELETE, record_id=cost.result_record_id)
    assert ("Deleted", "directCosts") in changes(gone)
    assert (await body_of(xero, "directCosts", cost.result_record_id))["metadata"]["isDeleted"]
