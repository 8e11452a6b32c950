"""A write may name the record of an earlier one by its key, before that record has an id."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from bookbridge.connectors.kit.connector import Operation
from bookbridge.connectors.kit.session import File
from bookbridge.push import references
from bookbridge.push.operations import Status
from tests.push.conftest import Desk, link, supplier
from tests.push.ledger import Ledger


def bill(supplier_id: str, account_id: str = "acc") -> dict[str, Any]:
    line = {"description": "Paper", "quantity": 1, "unitAmount": 10.10, "subTotal": 10.10, "taxAmount": 0}
    return {
        "reference": "INV-1",
        "issueDate": "2026-01-31T00:00:00",
        "supplierRef": {"id": supplier_id},
        "status": "Open",
        "subTotal": 10.10,
        "taxAmount": 0,
        "totalAmount": 10.10,
        "lineItems": [{**line, "accountRef": {"id": account_id}}],
    }


async def test_a_bill_names_its_supplier_before_there_is_one(desk: Desk, ledger: Ledger) -> None:
    earlier = await desk.submit(body=supplier("Papers Ltd"))
    later = await desk.submit("bills", bill(str(earlier.id).upper()))
    assert later.status is Status.PENDING, later.validation
    assert later.awaits == (earlier.id,)
    assert later.validation is not None
    (note,) = later.validation.information or ()
    assert (note.item_id, note.message) == (
        "supplierRef.id",
        f"supplierRef.id will be the record of the write {earlier.id}.",
    )
    await desk.work()
    assert (await desk.get(later.id)).status is Status.SUCCESS
    # In the order of acceptance, and with every digit of the amounts.
    assert [one["total"] for one in ledger.all("bills")] == ["10.1"]


async def test_the_body_gets_the_id_in_the_keys_place(desk: Desk) -> None:
    earlier = await desk.submit(body=supplier("Papers Ltd"))
    await desk.work()
    done = await desk.get(earlier.id)
    named = await references.named_writes(
        desk.pool, desk.connection.company_id, desk.connection.id, [str(earlier.id), str(uuid4()), "not a key"]
    )
    assert set(named) == {str(earlier.id)}
    body = f'{{"id":"{earlier.id}","total":1.10,"lines":[{{"links":[{{"id":"{earlier.id}"}}]}}],"note":"{earlier.id}"}}'
    assert references.replaced(body, named) == body.replace(
        f'[{{"id":"{earlier.id}', f'[{{"id":"{done.result_record_id}'
    )


async def test_what_names_a_write_that_fails_fails_and_says_why(desk: Desk, ledger: Ledger) -> None:
    ledger.faults = ["400"]
    earlier = await desk.submit(body=supplier("Papers Ltd"))
    later = await desk.submit("bills", bill(str(earlier.id)))
    await desk.work()
    done = await desk.get(later.id)
    assert done.status is Status.FAILED
    assert done.error_message is not None
    assert str(earlier.id) in done.error_message
    assert "did not succeed" in done.error_message
    assert ledger.all("bills") == []
    # What names it from now on is refused at once.
    refused = await desk.submit("bills", bill(str(earlier.id)))
    assert refused.status is Status.FAILED
    assert refused.validation is not None
    assert [one.item_id for one in refused.validation.errors] == ["supplierRef.id"]


async def test_a_key_of_another_type_or_connection_names_nothing(desk: Desk) -> None:
    earlier = await desk.submit(body=supplier("Papers Ltd"))
    wrong = await desk.submit("bills", bill(str(earlier.id), account_id=str(earlier.id)))
    assert wrong.validation is not None
    assert [one.item_id for one in wrong.validation.errors] == ["lineItems[0].accountRef.id"]
    desk.connection = await link(desk.pool)
    foreign = await desk.submit("bills", bill(str(earlier.id)))
    assert foreign.awaits == ()


async def test_a_file_and_a_deletion_name_a_record_that_is_still_to_be_made(desk: Desk, ledger: Ledger) -> None:
    who = await desk.submit(body=supplier("Papers Ltd"))
    what = await desk.submit("bills", bill(str(who.id)))
    file = File("scan.pdf", "application/pdf", b"%PDF-1.4")
    attached = await desk.submit("bills", kind=Operation.UPLOAD_ATTACHMENT, record_id=str(what.id), file=file)
    deleted = await desk.submit("bills", kind=Operation.DELETE, record_id=str(what.id))
    await desk.work()
    made = (await desk.get(what.id)).result_record_id
    assert made is not None
    for operation in (attached, deleted):
        done = await desk.get(operation.id)
        assert (done.status, done.record_id, done.changes[0].record_ref.id) == (Status.SUCCESS, made, made)
    assert list(ledger.files) == [made]
    assert ledger.all("bills") == []


async def test_a_write_that_waits_holds_up_its_own_connection_only(desk: Desk, ledger: Ledger) -> None:
    first = desk.connection
    ledger.faults = ["429"]
    held_up = await desk.submit(body=supplier("Papers Ltd"))
    behind = await desk.submit("bills", bill(str(held_up.id)))
    wait_s = await desk.runner.handler(str(first.id))
    assert wait_s is not None
    desk.connection = await link(desk.pool)
    other = await desk.submit(body=supplier("Pens Ltd"))
    await desk.work()
    assert (await desk.get(other.id)).status is Status.SUCCESS
    desk.connection = first
    assert (await desk.get(behind.id)).status is Status.PENDING
    assert ledger.all("bills") == []
    await desk.work()
    assert (await desk.get(behind.id)).status is Status.SUCCESS
