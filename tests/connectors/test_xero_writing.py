"""Writing to a Xero organisation over real HTTP, with answers that get lost on the way."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from bookbridge.accounting.addresses import Address, AddressType
from bookbridge.accounting.references import AccountRef, TrackingCategoryRef
from bookbridge.accounting.types.bill_payments import (
    BillPayment,
)
from bookbridge.accounting.types.bills import Bill, BillLineItem, BillStatus
from bookbridge.accounting.types.suppliers import Supplier, SupplierStatus
from bookbridge.connectors.kit.connector import Operation
from bookbridge.connectors.kit.errors import Rejected, Uncertain, VendorUnavailable
from bookbridge.connectors.kit.session import File, Intent
from bookbridge.connectors.kit.streams import whole
from tests.connectors.xero_books import DAY, Books, intent, row


async def test_a_supplier_is_written_and_read_back(books: Books) -> None:
    record = Supplier(
        supplier_name='Quote "Me" \\ Sons',
        contact_name="Ada May Lowe",
        email_address="ada@example.com",
        phone="+44 1539 550144",
        registration_number="07714477",
        status=SupplierStatus.ACTIVE,
        addresses=(
            Address(type=AddressType.BILLING, line1="1 Mill Lane", city="Kendal"),
            Address(type=AddressType.DELIVERY, line1="2 Yard", city="Kendal"),
        ),
    )
    written = await books.session.write(row("suppliers", Operation.CREATE), record, intent())
    assert {one.data_type for one in written.rereads} == {"suppliers", "customers"}
    stored = next(one.record for one in written.rereads if one.data_type == "suppliers")
    assert isinstance(stored, Supplier)
    assert stored.id == written.record_id
    assert stored.supplier_name == record.supplier_name
    assert stored.contact_name == record.contact_name
    assert {address.type for address in stored.addresses} == {AddressType.BILLING, AddressType.DELIVERY}
    assert stored.phone == record.phone


async def test_a_second_supplier_of_the_same_name_is_refused_by_field(books: Books) -> None:
    record = Supplier(supplier_name="Twice Ltd", status=SupplierStatus.ACTIVE)
    await books.session.write(row("suppliers", Operation.CREATE), record, intent())
    with pytest.raises(Rejected) as refused:
        await books.session.write(row("suppliers", Operation.CREATE), record, intent())
    assert refused.value.fields[0].field == "supplierName"


async def test_a_supplier_update_empties_what_the_record_lacks(books: Books) -> None:
    record = Supplier(
        supplier_name="Before Ltd", phone="1234", email_address="a@example.com", status=SupplierStatus.ACTIVE
    )
    created = await books.session.write(row("suppliers", Operation.CREATE), record, intent())
    changed = Supplier(supplier_name="After Ltd", status=SupplierStatus.ACTIVE)
    written = await books.session.write(
        row("suppliers", Operation.UPDATE), changed, intent(), record_id=created.record_id
    )
    stored = next(one.record for one in written.rereads if one.data_type == "suppliers")
    assert isinstance(stored, Supplier)
    assert (stored.id, stored.supplier_name) == (created.record_id, "After Ltd")
    assert (stored.phone, stored.email_address, stored.addresses) == (None, None, ())


async def test_a_bill_is_written_exactly(books: Books) -> None:
    record = books.bill()
    written = await books.session.write(row("bills", Operation.CREATE), record, intent())
    [reread] = written.rereads
    stored = reread.record
    assert isinstance(stored, Bill)
    assert stored.id == written.record_id
    assert (stored.reference, stored.status, stored.issue_date) == (record.reference, BillStatus.OPEN, DAY)
    assert (stored.sub_total, stored.total_amount) == (record.sub_total, record.total_amount)
    assert stored.line_items[0].unit_amount == Decimal("4.1250")
    assert stored.line_items[0].account_ref == record.line_items[0].account_ref
    assert reread.raw.startswith(b"{")


async def test_tracking_options_are_sent_with_their_categories(books: Books) -> None:
    by_category = dict(books.options)
    assert len(by_category) == 2
    refs = tuple(TrackingCategoryRef(id=option) for option in by_category.values())
    line = books.bill().line_items[0]
    tracked = BillLineItem(
        description=line.description,
        quantity=line.quantity,
        unit_amount=line.unit_amount,
        tax_amount=line.tax_amount,
        account_ref=line.account_ref,
        tax_rate_ref=line.tax_rate_ref,
        tracking_category_refs=refs,
    )
    written = await books.create_bill(line_items=(tracked,))
    stored = written.rereads[0].record
    assert isinstance(stored, Bill)
    assert {ref.id for ref in stored.line_items[0].tracking_category_refs} == set(by_category.values())


async def test_a_tracking_parent_is_refused_by_field(books: Books) -> None:
    line = books.bill().line_items[0]
    parent = BillLineItem(
        description="x",
        quantity=line.quantity,
        unit_amount=line.unit_amount,
        tax_amount=line.tax_amount,
        account_ref=line.account_ref,
        tracking_category_refs=(TrackingCategoryRef(id=books.options[0][0]),),
    )
    with pytest.raises(Rejected) as refused:
        await books.create_bill(line_items=(parent,))
    assert refused.value.fields[0].field == "lineItems[0].trackingCategoryRefs[0].id"


async def test_an_unknown_account_is_refused_on_its_line(books: Books) -> None:
    line = books.bill().line_items[0]
    wrong = BillLineItem(
        description="x",
        quantity=line.quantity,
        unit_amount=line.unit_amount,
        account_ref=AccountRef(id=str(uuid.uuid4())),
    )
    with pytest.raises(Rejected) as refused:
        await books.create_bill(line_items=(line, wrong))
    assert any("accountRef" in problem.field for problem in refused.value.fields)


async def test_accounts_may_be_sent_by_code(books: Books) -> None:
    session = await books.sandbox.session(books.tenant, line_account="code")
    written = await session.write(row("bills", Operation.CREATE), books.bill(), intent())
    stored = written.rereads[0].record
    assert isinstance(stored, Bill)
    assert stored.line_items[0].account_ref == AccountRef(id=books.expense_id)


async def test_a_payment_brings_the_bill_it_paid(books: Books) -> None:
    bill = await books.create_bill()
    written = await books.session.write(
        row("billPayments", Operation.CREATE), books.payment(bill.record_id, "10.00"), intent()
    )
    by_type = {one.data_type: one.record for one in written.rereads}
    paid, payment = by_type["bills"], by_type["billPayments"]
    assert isinstance(paid, Bill)
    assert isinstance(payment, BillPayment)
    assert (paid.status, paid.amount_due) == (BillStatus.PARTIALLY_PAID, Decimal("4.86"))
    assert payment.total_amount == Decimal("10.00")
    assert payment.supplier_ref is not None
    assert payment.lines[0].links[0].id == bill.record_id


async def test_too_much_paid_is_refused(books: Books) -> None:
    bill = await books.create_bill()
    with pytest.raises(Rejected):
        await books.session.write(
            row("billPayments", Operation.CREATE), books.payment(bill.record_id, "99.00"), intent()
        )


async def test_bills_are_deleted_or_voided_and_payments_taken_back(books: Books) -> None:
    draft = await books.create_bill(status=BillStatus.DRAFT)
    gone = await books.session.write(row("bills", Operation.DELETE), None, intent(), record_id=draft.record_id)
    first = gone.rereads[0].record
    assert isinstance(first, Bill)
    assert first.metadata.is_deleted
    bill = await books.create_bill()
    paid = await books.session.write(
        row("billPayments", Operation.CREATE), books.payment(bill.record_id, "10.00"), intent()
    )
    with pytest.raises(Rejected):
        await books.session.write(row("bills", Operation.DELETE), None, intent(), record_id=bill.record_id)
    await books.session.write(row("billPayments", Operation.DELETE), None, intent(), record_id=paid.record_id)
    voided = await books.session.write(row("bills", Operation.DELETE), None, intent(), record_id=bill.record_id)
    second = voided.rereads[0].record
    assert isinstance(second, Bill)
    assert second.status is BillStatus.VOID
    again = await books.session.write(row("bills", Operation.DELETE), None, intent(), record_id=bill.record_id)
    assert again.record_id == bill.record_id


async def test_a_bill_update_replaces_the_whole(books: Books) -> None:
    created = await books.create_bill()
    changed = books.bill(reference="changed", due_date="2026-08-31T00:00:00")
    written = await books.session.write(row("bills", Operation.UPDATE), changed, intent(), record_id=created.record_id)
    stored = written.rereads[0].record
    assert isinstance(stored, Bill)
    assert (stored.id, stored.reference, len(stored.line_items)) == (created.record_id, "changed", 1)


@pytest.mark.parametrize("lost", ["before", "after"])
async def test_a_lost_answer_is_looked_up(books: Books, lost: str) -> None:
    """Whatever was lost, the look-up tells whether the record is there; then nothing is sent twice."""
    bill = await books.create_bill()
    supplier = Supplier(supplier_name=f'Lost "{uuid.uuid4().hex}" Ltd', status=SupplierStatus.ACTIVE)
    cases = [
        (row("suppliers", Operation.CREATE), supplier, "Contacts"),
        (row("bills", Operation.CREATE), books.bill(), "Invoices"),
        (row("bills", Operation.CREATE), books.bill(reference=None), "Invoices"),
        (row("billPayments", Operation.CREATE), books.payment(bill.record_id, "3.00"), "Payments"),
    ]
    for write, record, path in cases:
        planned = intent()
        await books.sandbox.fault(f"drop_{lost}", match={"method": "PUT", "path": path})
        with pytest.raises(Uncertain):
            await books.session.write(write, record, planned)
        found = await books.session.find(write, record, planned)
        assert (found is not None) == (lost == "after"), write.path
        if found is not None:
            assert {one.data_type for one in found.rereads} >= {write.data_type.key}
        # Sent again under the same key: the vendor replays its first answer, or does it for the first time.
        written = await books.session.write(write, record, planned)
        assert found is None or found.record_id == written.record_id


async def test_a_record_from_before_the_intent_is_not_ours(books: Books) -> None:
    record = books.bill()
    await books.session.write(row("bills", Operation.CREATE), record, intent())
    later = Intent(key=str(uuid.uuid4()), recorded_at=datetime.now(UTC) + timedelta(minutes=10))
    assert await books.session.find(row("bills", Operation.CREATE), record, later) is None


async def test_another_amount_is_not_ours(books: Books) -> None:
    planned = intent()
    bill = await books.create_bill()
    await books.session.write(row("billPayments", Operation.CREATE), books.payment(bill.record_id, "3.00"), intent())
    write = row("billPayments", Operation.CREATE)
    assert await books.session.find(write, books.payment(bill.record_id, "4.00"), planned) is None
    other = books.payment(bill.record_id, "3.00", reference="another")
    assert await books.session.find(write, other, planned) is None
    assert await books.session.find(write, books.payment(bill.record_id, "3.00"), planned) is not None


async def test_a_deletion_is_looked_up_too(books: Books) -> None:
    write = row("bills", Operation.DELETE)
    bill = await books.create_bill()
    assert await books.session.find(write, None, intent(), record_id=bill.record_id) is None
    await books.sandbox.fault("drop_after", match={"method": "POST", "path": "Invoices"})
    with pytest.raises(Uncertain):
        await books.session.write(write, None, intent(), record_id=bill.record_id)
    found = await books.session.find(write, None, intent(), record_id=bill.record_id)
    assert found is not None
    assert found.record_id == bill.record_id


async def test_the_same_intent_has_one_effect(books: Books) -> None:
    planned, record = intent(), books.bill()
    first = await books.session.write(row("bills", Operation.CREATE), record, planned)
    before = await books.effects()
    second = await books.session.write(row("bills", Operation.CREATE), record, planned)
    assert first.record_id == second.record_id
    assert await books.effects() == before


async def test_a_failed_courtesy_read_does_not_undo_a_payment(books: Books) -> None:
    bill = await books.create_bill()
    await books.sandbox.fault("unavailable", match={"method": "GET", "path": "Invoices"})
    written = await books.session.write(
        row("billPayments", Operation.CREATE), books.payment(bill.record_id, "5.00"), intent()
    )
    assert [one.data_type for one in written.rereads] == ["billPayments"]


async def test_a_write_during_maintenance_did_not_happen(books: Books) -> None:
    await books.sandbox.fault("unavailable", match={"method": "PUT"})
    with pytest.raises(VendorUnavailable):
        await books.create_bill()


async def test_a_gateways_page_after_a_write_is_uncertain(books: Books) -> None:
    await books.sandbox.fault("html", match={"method": "PUT", "path": "Invoices"})
    with pytest.raises(Uncertain):
        await books.create_bill()


async def test_files_are_attached_listed_and_read(books: Books) -> None:
    bill = await books.create_bill()
    file = File(name="räkning #1 50%.pdf", content_type="application/pdf", content=b"%PDF-1.4 \x00\xff")
    written = await books.session.attach("bills", bill.record_id, file, intent())
    assert written.attachment_id
    [listed] = await books.session.attachments("bills", bill.record_id)
    assert (listed.id, listed.name, listed.file_size) == (written.attachment_id, file.name, len(file.content))
    given = await books.session.download("bills", bill.record_id, written.attachment_id)
    assert (given.name, given.content_type, given.size_bytes) == (file.name, file.content_type, file.size_bytes)
    assert await whole(given.content, 100) == file.content


@pytest.mark.parametrize("lost", ["before", "after"])
async def test_a_lost_upload_is_looked_up(books: Books, lost: str) -> None:
    bill = await books.create_bill()
    file = File(name="scan.png", content_type="image/png", content=b"\x89PNG....")
    planned = intent()
    await books.sandbox.fault(f"drop_{lost}", match={"method": "PUT", "path": "Attachments"})
    with pytest.raises(Uncertain):
        await books.session.attach("bills", bill.record_id, file, planned)
    found = await books.session.find_attachment("bills", bill.record_id, file, planned)
    assert (found is not None) == (lost == "after")
