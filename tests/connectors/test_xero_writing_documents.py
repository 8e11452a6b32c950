"""Customers, invoices, credit notes and purchase orders written to Xero over real HTTP, read back to the digit."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from bookbridge.accounting.addresses import Address, AddressType
from bookbridge.accounting.orders import ShipTo, ShipToContact
from bookbridge.accounting.records import Record
from bookbridge.accounting.references import (
    AccountRef,
    CustomerRef,
    ItemRef,
    SupplierRef,
    TaxRateRef,
    TrackingCategoryRef,
)
from bookbridge.accounting.types.bill_credit_notes import (
    BillCreditNote,
    BillCreditNoteLineItem,
    BillCreditNoteStatus,
)
from bookbridge.accounting.types.credit_notes import CreditNote, CreditNoteLineItem, CreditNoteStatus
from bookbridge.accounting.types.customers import Contact, Customer, CustomerStatus
from bookbridge.accounting.types.invoices import Invoice, InvoiceLineItem, InvoiceStatus
from bookbridge.accounting.types.purchase_orders import PurchaseOrder, PurchaseOrderLineItem, PurchaseOrderStatus
from bookbridge.connectors.kit.connector import Operation
from bookbridge.connectors.kit.errors import RecordNotFound, Rejected, Uncertain
from bookbridge.connectors.kit.session import File
from tests.connectors.xero_books import DAY, Books, all_payloads, intent, row, stored

D = Decimal
DUE = "2026-07-31T00:00:00"


def invoice(books: Books, **changes: Any) -> Invoice:
    lines = (
        InvoiceLineItem(
            description="Paper",
            unit_amount=D("4.1250"),
            quantity=D("3"),
            tax_amount=D("2.48"),
            account_ref=AccountRef(id=books.income_id),
            tax_rate_ref=TaxRateRef(id="OUTPUT2"),
            tracking_category_refs=(TrackingCategoryRef(id=books.options[0][1]),),
        ),
        InvoiceLineItem(
            description="Delivery",
            unit_amount=D("15"),
            quantity=D("1"),
            discount_percentage=D("10"),
            discount_amount=D("1.50"),
            tax_amount=D("0"),
            account_ref=AccountRef(id=books.income_id),
        ),
    )
    fields: dict[str, Any] = {
        "invoice_number": f"S-{uuid.uuid4().hex[:10]}",
        "customer_ref": CustomerRef(id=books.supplier_id),
        "issue_date": DAY,
        "due_date": DUE,
        "status": InvoiceStatus.SUBMITTED,
        "note": "Order 88",
        "sub_total": D("25.88"),
        "total_tax_amount": D("2.48"),
        "total_amount": D("28.36"),
        "amount_due": D("28.36"),
        "line_items": lines,
    }
    return Invoice(**{**fields, **changes})


def credit_amounts() -> dict[str, Any]:
    return {
        "issue_date": DAY,
        "sub_total": D("12.38"),
        "total_tax_amount": D("2.48"),
        "total_amount": D("14.86"),
        "total_discount": D(0),
        "discount_percentage": D(0),
        "remaining_credit": D("14.86"),
    }


def credit_note(books: Books, **changes: Any) -> CreditNote:
    line = CreditNoteLineItem(
        description="Paper",
        unit_amount=D("4.1250"),
        quantity=D("3"),
        tax_amount=D("2.48"),
        account_ref=AccountRef(id=books.income_id),
        tax_rate_ref=TaxRateRef(id="OUTPUT2"),
    )
    fields: dict[str, Any] = {
        "credit_note_number": f"CN-{uuid.uuid4().hex[:10]}",
        "customer_ref": CustomerRef(id=books.supplier_id),
        "status": CreditNoteStatus.SUBMITTED,
        "note": "Sent back",
        "line_items": (line,),
        **credit_amounts(),
    }
    return CreditNote(**{**fields, **changes})


def bill_credit_note(books: Books, **changes: Any) -> BillCreditNote:
    line = BillCreditNoteLineItem(
        description="Paper",
        unit_amount=D("4.1250"),
        quantity=D("3"),
        tax_amount=D("2.48"),
        account_ref=AccountRef(id=books.expense_id),
        tax_rate_ref=TaxRateRef(id="INPUT2"),
    )
    fields: dict[str, Any] = {
        "bill_credit_note_number": "BCN-1",
        "supplier_ref": SupplierRef(id=books.supplier_id),
        "status": BillCreditNoteStatus.SUBMITTED,
        "line_items": (line,),
        **credit_amounts(),
    }
    return BillCreditNote(**{**fields, **changes})


def purchase_order(books: Books, **changes: Any) -> PurchaseOrder:
    line = PurchaseOrderLineItem(
        description="Paper",
        unit_amount=D("4.1250"),
        quantity=D("3"),
        tax_amount=D("2.48"),
        account_ref=AccountRef(id=books.expense_id),
        tax_rate_ref=TaxRateRef(id="INPUT2"),
    )
    fields: dict[str, Any] = {
        "purchase_order_number": f"PO-{uuid.uuid4().hex[:10]}",
        "supplier_ref": SupplierRef(id=books.supplier_id),
        "issue_date": DAY,
        "delivery_date": DUE,
        "expected_delivery_date": "2026-08-02T00:00:00",
        "status": PurchaseOrderStatus.OPEN,
        "ship_to": ShipTo(
            address=Address(type=AddressType.DELIVERY, line1="2 Brook Yard", city="Kendal"),
            contact=ShipToContact(name="Ruth Pike", phone="01539 550144"),
        ),
        "note": "Ring twice",
        "sub_total": D("12.38"),
        "total_tax_amount": D("2.48"),
        "total_amount": D("14.86"),
        "line_items": (line,),
    }
    return PurchaseOrder(**{**fields, **changes})


def customer(**changes: Any) -> Customer:
    fields: dict[str, Any] = {
        "customer_name": f"Thistle {uuid.uuid4().hex[:10]}",
        "contact_name": "Ada Thistle",
        "email_address": "ada@example.com",
        "phone": "0131 496 0077",
        "status": CustomerStatus.ACTIVE,
        "contacts": (Contact(status=CustomerStatus.ACTIVE, name="Bo van der Linden", email="bo@example.com"),),
    }
    return Customer(**{**fields, **changes})


async def test_a_customer_is_written_and_read_back_with_its_people(books: Books) -> None:
    record = customer()
    written = await books.create("customers", record)
    found = stored(written, "customers")
    assert (found.id, found.customer_name, found.phone) == (written.record_id, record.customer_name, record.phone)
    people = {(one.name, one.email) for one in found.contacts}
    assert people == {("Ada Thistle", "ada@example.com"), ("Bo van der Linden", "bo@example.com")}
    # As it was read, it can be written again without the main person being doubled.
    again = stored(await books.update("customers", found, written.record_id), "customers")
    assert again.contacts == found.contacts


async def test_a_customer_update_empties_what_the_record_lacks(books: Books) -> None:
    created = await books.create("customers", customer())
    changed = Customer(customer_name=f"Only {uuid.uuid4().hex[:10]}", status=CustomerStatus.ARCHIVED)
    found = stored(await books.update("customers", changed, created.record_id), "customers")
    assert (found.customer_name, found.status) == (changed.customer_name, CustomerStatus.ARCHIVED)
    assert (found.contact_name, found.phone, found.email_address, found.contacts) == (None, None, None, ())


async def test_a_second_customer_of_the_same_name_is_refused_by_field(books: Books) -> None:
    record = customer()
    await books.create("customers", record)
    with pytest.raises(Rejected) as refused:
        await books.create("customers", record)
    assert refused.value.fields[0].field == "customerName"


async def test_an_invoice_is_written_exactly(books: Books) -> None:
    record = invoice(books)
    written = await books.create("invoices", record)
    found = stored(written, "invoices")
    assert (found.id, found.invoice_number, found.note) == (written.record_id, record.invoice_number, record.note)
    assert (found.issue_date, found.due_date, found.status) == (DAY, DUE, InvoiceStatus.SUBMITTED)
    assert (found.sub_total, found.total_tax_amount, found.total_amount) == (D("25.88"), D("2.48"), D("28.36"))
    paper, delivery = found.line_items
    assert (paper.unit_amount, paper.quantity, paper.tax_amount) == (D("4.1250"), D("3"), D("2.48"))
    assert (delivery.discount_percentage, delivery.discount_amount, delivery.sub_total) == (10, D("1.50"), D("13.50"))
    assert [line.tax_rate_ref.id for line in found.line_items] == ["OUTPUT2", "NONE"]


async def test_an_invoice_without_a_number_is_given_one(books: Books) -> None:
    assert stored(await books.create("invoices", invoice(books, invoice_number=None)), "invoices").invoice_number


async def test_a_number_used_twice_is_refused_by_field(books: Books) -> None:
    record = invoice(books)
    await books.create("invoices", record)
    with pytest.raises(Rejected) as refused:
        await books.create("invoices", record)
    assert refused.value.fields[0].field == "invoiceNumber"


async def test_a_foreign_invoice_keeps_its_rate(books: Books) -> None:
    record = invoice(books, currency="EUR", currency_rate=D("0.8"))
    found = stored(await books.create("invoices", record), "invoices")
    assert (found.currency, found.currency_rate) == ("EUR", D("0.8"))


async def test_a_line_with_an_item_is_sent_under_the_items_code(books: Books) -> None:
    items = await all_payloads(books.session, "items")
    item = next(one for one in items if one.is_sold and not one.is_tracked_as_inventory)
    line = InvoiceLineItem(
        description="Paper",
        unit_amount=D("4.1250"),
        quantity=D("3"),
        tax_amount=D("2.48"),
        account_ref=AccountRef(id=books.income_id),
        tax_rate_ref=TaxRateRef(id="OUTPUT2"),
        item_ref=ItemRef(id=item.item_id),
    )
    amounts = {"sub_total": D("12.38"), "total_amount": D("14.86"), "amount_due": D("14.86")}
    found = stored(await books.create("invoices", invoice(books, line_items=(line,), **amounts)), "invoices")
    assert found.line_items[0].item_ref.id == item.item_id
    unknown = invoice(
        books, line_items=(msgspec.structs.replace(line, item_ref=ItemRef(id=str(uuid.uuid4()))),), **amounts
    )
    with pytest.raises(Rejected) as refused:
        await books.create("invoices", unknown)
    assert refused.value.fields[0].field == "lineItems[0].itemRef.id"


async def test_an_update_replaces_the_whole_invoice(books: Books) -> None:
    created = await books.create("invoices", invoice(books))
    amounts = {"sub_total": D("13.50"), "total_tax_amount": D(0), "total_amount": D("13.50"), "amount_due": D("13.50")}
    changed = invoice(books, note=None, line_items=invoice(books).line_items[1:], **amounts)
    found = stored(await books.update("invoices", changed, created.record_id), "invoices")
    assert (found.id, found.invoice_number, found.note) == (created.record_id, changed.invoice_number, None)
    assert (len(found.line_items), found.total_amount) == (1, D("13.50"))


async def test_invoices_are_deleted_or_voided(books: Books) -> None:
    draft = await books.create("invoices", invoice(books, status=InvoiceStatus.DRAFT))
    assert stored(await books.delete("invoices", draft.record_id), "invoices").metadata.is_deleted
    approved = await books.create("invoices", invoice(books))
    assert stored(await books.delete("invoices", approved.record_id), "invoices").status is InvoiceStatus.VOID


async def test_a_bill_is_not_deleted_as_an_invoice(books: Books) -> None:
    bill = await books.create_bill()
    with pytest.raises(RecordNotFound):
        await books.delete("invoices", bill.record_id)


async def test_credit_notes_are_written_exactly(books: Books) -> None:
    given = credit_note(books)
    found = stored(await books.create("creditNotes", given), "creditNotes")
    assert (found.credit_note_number, found.note) == (given.credit_note_number, given.note)
    assert (found.sub_total, found.total_tax_amount, found.total_amount) == (D("12.38"), D("2.48"), D("14.86"))
    assert (found.remaining_credit, found.status) == (D("14.86"), CreditNoteStatus.SUBMITTED)
    taken = bill_credit_note(books, currency="EUR", currency_rate=D("0.8"))
    other = stored(await books.create("billCreditNotes", taken), "billCreditNotes")
    assert (other.bill_credit_note_number, other.currency_rate) == ("BCN-1", D("0.8"))
    assert other.line_items[0].unit_amount == D("4.1250")


async def test_credit_notes_are_changed(books: Books) -> None:
    created = await books.create("creditNotes", credit_note(books, status=CreditNoteStatus.DRAFT))
    changed = credit_note(books, note=None)
    found = stored(await books.update("creditNotes", changed, created.record_id), "creditNotes")
    assert (found.note, found.status) == (None, CreditNoteStatus.SUBMITTED)
    assert found.credit_note_number == changed.credit_note_number
    taken = await books.create("billCreditNotes", bill_credit_note(books, status=BillCreditNoteStatus.DRAFT))
    changed_too = bill_credit_note(books, bill_credit_note_number="BCN-2")
    other = stored(await books.update("billCreditNotes", changed_too, taken.record_id), "billCreditNotes")
    assert (other.bill_credit_note_number, other.status) == ("BCN-2", BillCreditNoteStatus.SUBMITTED)


async def test_a_purchase_order_is_written_exactly(books: Books) -> None:
    record = purchase_order(books)
    found = stored(await books.create("purchaseOrders", record), "purchaseOrders")
    assert (found.purchase_order_number, found.status) == (record.purchase_order_number, PurchaseOrderStatus.OPEN)
    assert (found.delivery_date, found.expected_delivery_date) == (DUE, "2026-08-02T00:00:00")
    assert (found.sub_total, found.total_tax_amount, found.total_amount) == (D("12.38"), D("2.48"), D("14.86"))
    assert (found.ship_to.address.line1, found.ship_to.contact.phone) == ("2 Brook Yard Kendal", "01539 550144")
    assert (found.line_items[0].unit_amount, found.note) == (D("4.1250"), "Ring twice")


async def test_a_purchase_order_is_closed(books: Books) -> None:
    created = await books.create("purchaseOrders", purchase_order(books))
    changed = purchase_order(books, status=PurchaseOrderStatus.CLOSED, ship_to=None, note=None)
    found = stored(await books.update("purchaseOrders", changed, created.record_id), "purchaseOrders")
    assert (found.status, found.ship_to, found.note) == (PurchaseOrderStatus.CLOSED, None, None)


@pytest.mark.parametrize("lost", ["before", "after"])
async def test_a_lost_answer_is_looked_up(books: Books, lost: str) -> None:
    """Whatever was lost, the look-up tells whether the record is there; then nothing is sent twice."""
    cases: list[tuple[str, Record, str]] = [
        ("customers", customer(), "Contacts"),
        ("invoices", invoice(books), "Invoices"),
        ("invoices", invoice(books, invoice_number=None, sub_total=None, note="Unnumbered"), "Invoices"),
        ("creditNotes", credit_note(books), "CreditNotes"),
        ("creditNotes", credit_note(books, credit_note_number=None, note="Unnumbered"), "CreditNotes"),
        ("billCreditNotes", bill_credit_note(books), "CreditNotes"),
        ("billCreditNotes", bill_credit_note(books, bill_credit_note_number=None), "CreditNotes"),
        ("purchaseOrders", purchase_order(books), "PurchaseOrders"),
    ]
    for data_type, record, path in cases:
        planned = intent()
        await books.sandbox.fault(f"drop_{lost}", match={"method": "PUT", "path": path})
        with pytest.raises(Uncertain):
            await books.create(data_type, record, planned)
        found = await books.session.find(row(data_type, Operation.CREATE), record, planned)
        assert (found is not None) == (lost == "after"), data_type
        if found is not None:
            assert data_type in {one.data_type for one in found.rereads}
        written = await books.create(data_type, record, planned)
        assert found is None or found.record_id == written.record_id


@pytest.mark.parametrize("data_type", ["invoices", "billCreditNotes"])
async def test_files_are_attached(books: Books, data_type: str) -> None:
    record: Record = invoice(books) if data_type == "invoices" else bill_credit_note(books)
    created = await books.create(data_type, record)
    file = File(name="scan.pdf", content_type="application/pdf", content=b"%PDF-1.4")
    written = await books.session.attach(data_type, created.record_id, file, intent())
    [listed] = await books.session.attachments(data_type, created.record_id)
    assert (listed.id, listed.file_size) == (written.attachment_id, len(file.content))
