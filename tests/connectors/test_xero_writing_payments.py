"""Every kind of payment written to Xero over real HTTP: one call each, found again when its answer is lost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from bookbridge.accounting.references import AccountRef, CustomerRef, SupplierRef
from bookbridge.accounting.types.bill_credit_notes import BillCreditNoteStatus
from bookbridge.accounting.types.bill_payments import (
    BillPayment,
    BillPaymentLine,
    BillPaymentLineLink,
    BillPaymentLineLinkType,
)
from bookbridge.accounting.types.bills import BillStatus
from bookbridge.accounting.types.payments import Payment, PaymentLine, PaymentLineLink, PaymentLinkType
from bookbridge.connectors.kit.connector import Operation
from bookbridge.connectors.kit.errors import RecordNotFound, Rejected, Uncertain
from tests.connectors.test_xero_writing_documents import bill_credit_note, credit_note, invoice
from tests.connectors.xero_books import DAY, Books, intent, row, stored

D = Decimal
Lines = list[tuple[str, list[tuple[str, str, str]]]]
"""(amount, [(type, id, amount)]) of each line."""


@dataclass(frozen=True)
class Side:
    """One side of the books, so that both are tested alike."""

    data_type: str
    document: str
    documents: str
    credits: str
    advance: str

    def payment(self, books: Books, total: str, lines: Lines, **changes: Any) -> BillPayment | Payment:
        fields: dict[str, Any] = {
            "date": DAY,
            "account_ref": AccountRef(id=books.bank_id),
            "total_amount": D(total),
            "currency": "GBP",
            "reference": "RUN 7",
        }
        fields |= changes
        if self.data_type == "billPayments":
            return BillPayment(
                supplier_ref=SupplierRef(id=books.supplier_id),
                lines=tuple(
                    BillPaymentLine(
                        amount=D(amount),
                        links=tuple(
                            BillPaymentLineLink(type=BillPaymentLineLinkType(kind), id=record_id, amount=D(part))
                            for kind, record_id, part in links
                        ),
                    )
                    for amount, links in lines
                ),
                **fields,
            )
        return Payment(
            customer_ref=CustomerRef(id=books.supplier_id),
            lines=tuple(
                PaymentLine(
                    amount=D(amount),
                    links=tuple(
                        PaymentLineLink(type=PaymentLinkType(kind), id=record_id, amount=D(part))
                        for kind, record_id, part in links
                    ),
                )
                for amount, links in lines
            ),
            **fields,
        )

    async def new_document(self, books: Books) -> str:
        if self.document == "Bill":
            return (await books.create_bill()).record_id
        return (await books.create("invoices", invoice(books))).record_id

    async def new_credit(self, books: Books) -> str:
        record = bill_credit_note(books) if self.document == "Bill" else credit_note(books)
        return (await books.create(self.credits, record)).record_id

    async def on_account(self, books: Books, amount: str) -> str:
        lines: Lines = [(amount, [("PaymentOnAccount", books.supplier_id, f"-{amount}")])]
        return (await books.create(self.data_type, self.payment(books, amount, lines))).record_id


SUPPLIERS = Side("billPayments", "Bill", "bills", "billCreditNotes", "BillPayment")
CUSTOMERS = Side("payments", "Invoice", "invoices", "creditNotes", "Payment")
both_sides = pytest.mark.parametrize("side", [SUPPLIERS, CUSTOMERS], ids=lambda side: side.data_type)


@both_sides
async def test_one_document_is_paid_in_part(books: Books, side: Side) -> None:
    document = await side.new_document(books)
    record = side.payment(books, "10.01", [("10.01", [(side.document, document, "-10.01")])])
    written = await books.create(side.data_type, record)
    found = stored(written, side.data_type)
    assert (found.id, found.total_amount, found.reference) == (written.record_id, D("10.01"), "RUN 7")
    paid = stored(written, side.documents)
    assert paid.status.value == "PartiallyPaid"
    assert paid.total_amount - paid.amount_due == D("10.01")


@both_sides
async def test_several_documents_are_paid_at_once(books: Books, side: Side) -> None:
    documents = [await side.new_document(books) for _ in range(3)]
    amounts = ["1.01", "2.02", "3.03"]
    lines: Lines = [
        (amount, [(side.document, document, f"-{amount}")]) for amount, document in zip(amounts, documents, strict=True)
    ]
    before = await books.effects()
    written = await books.create(side.data_type, side.payment(books, "6.06", lines))
    after = await books.effects()
    assert after["PUT BatchPayments"] - before.get("PUT BatchPayments", 0) == 1
    payments = {one.record.id: one.record for one in written.rereads if one.data_type == side.data_type}
    paid = {one.record.id for one in written.rereads if one.data_type == side.documents}
    assert paid == set(documents)
    assert sorted(one.total_amount for one in payments.values()) == [D("1.01"), D("2.02"), D("3.03")]
    assert [one.data_type for one in written.changed] == [side.data_type] * 3 + ["accountTransactions"]
    assert {one.id for one in written.changed[:3]} == set(payments)
    assert written.record_id == written.changed[0].id
    movement = stored(written, "accountTransactions")
    assert movement.total_amount.copy_abs() == D("6.06")


async def test_a_batch_in_another_currency_is_refused_by_field(books: Books) -> None:
    lines: Lines = [("1", [("Bill", str(number), "-1")]) for number in range(2)]
    with pytest.raises(Rejected) as refused:
        await books.create("billPayments", SUPPLIERS.payment(books, "2", lines, currency="EUR"))
    assert refused.value.fields[0].field == "currency"


@both_sides
async def test_a_credit_note_is_set_against_documents(books: Books, side: Side) -> None:
    first, second, credit = [
        await side.new_document(books),
        await side.new_document(books),
        await side.new_credit(books),
    ]
    lines: Lines = [
        ("0", [(side.document, first, "-5.00"), ("CreditNote", credit, "5.00")]),
        ("0", [(side.document, second, "-6.50"), ("CreditNote", credit, "6.50")]),
    ]
    record = side.payment(books, "0", lines, account_ref=None)
    before = await books.effects()
    written = await books.create(side.data_type, record)
    after = await books.effects()
    assert {name for name in after if after[name] != before.get(name, 0)} == {"PUT Allocations"}
    assert (written.record_id, written.was_there) == (credit, True)
    note = stored(written, side.credits)
    assert (note.remaining_credit, note.status.value) == (D("3.36"), BillCreditNoteStatus.PARTIALLY_PAID.value)
    use = stored(written, side.data_type)
    assert (use.id, use.total_amount) == (credit, D(0))
    assert {link.id for line in use.lines for link in line.links} == {first, second, credit}
    assert {one.record.id for one in written.rereads if one.data_type == side.documents} == {first, second}


@both_sides
async def test_money_is_kept_on_account_and_paid_back(books: Books, side: Side) -> None:
    kept = await side.on_account(books, "50.00")
    record = side.payment(books, "-20.00", [("-20.00", [(side.advance, kept, "20.00")])])
    written = await books.create(side.data_type, record)
    refund = next(one.record for one in written.rereads if one.record.id == written.record_id)  # type: ignore[attr-defined]
    assert isinstance(refund, BillPayment | Payment)
    assert (refund.total_amount, refund.lines[0].links[0].id) == (D("-20.00"), kept)
    advance = next(one.record for one in written.rereads if one.record.id == kept)  # type: ignore[attr-defined]
    assert isinstance(advance, BillPayment | Payment)
    assert advance.total_amount == D("50.00")


@both_sides
async def test_money_on_account_reads_back_exactly(books: Books, side: Side) -> None:
    lines: Lines = [("50.55", [("PaymentOnAccount", books.supplier_id, "-50.55")])]
    written = await books.create(side.data_type, side.payment(books, "50.55", lines))
    found = stored(written, side.data_type)
    assert (found.id, found.total_amount, found.reference) == (written.record_id, D("50.55"), "RUN 7")
    [line] = found.lines
    assert (line.links[0].type.value, line.links[0].id) == ("PaymentOnAccount", books.supplier_id)


@both_sides
async def test_a_credit_note_is_paid_back(books: Books, side: Side) -> None:
    credit = await side.new_credit(books)
    record = side.payment(books, "-4.86", [("-4.86", [("CreditNote", credit, "4.86")])])
    written = await books.create(side.data_type, record)
    assert stored(written, side.credits).remaining_credit == D("10.00")
    refund = next(one.record for one in written.rereads if one.record.id == written.record_id)  # type: ignore[attr-defined]
    assert isinstance(refund, BillPayment | Payment)
    assert (refund.total_amount, refund.lines[0].links[0].amount) == (D("-4.86"), D("4.86"))


async def test_what_was_never_on_account_is_not_paid_back(books: Books) -> None:
    bill = await SUPPLIERS.new_document(books)
    record = SUPPLIERS.payment(books, "-1.00", [("-1.00", [("BillPayment", bill, "1.00")])])
    with pytest.raises(Rejected) as refused:
        await books.create("billPayments", record)
    assert refused.value.fields[0].field == "lines[0].links[0].id"


async def test_money_on_account_needs_a_bank_account(books: Books) -> None:
    lines: Lines = [("5", [("PaymentOnAccount", books.supplier_id, "-5")])]
    record = SUPPLIERS.payment(books, "5", lines, account_ref=AccountRef(id=books.expense_id))
    with pytest.raises(Rejected) as refused:
        await books.create("billPayments", record)
    assert refused.value.fields[0].field == "accountRef.id"


async def test_payments_are_taken_back_each_in_its_way(books: Books) -> None:
    first, second = await SUPPLIERS.new_document(books), await SUPPLIERS.new_document(books)
    credit = await SUPPLIERS.new_credit(books)
    lines: Lines = [("1", [("Bill", first, "-1")]), ("1", [("Bill", second, "-1")])]
    batch = await books.create("billPayments", SUPPLIERS.payment(books, "2", lines))
    batch_id = batch.changed[-1].id
    assert batch_id
    with pytest.raises(Rejected, match=batch_id):
        await books.delete("billPayments", batch.record_id)
    undone = await books.delete("billPayments", batch_id)
    bills = [one.record for one in undone.rereads if one.data_type == "bills"]
    assert [one.status for one in bills] == [BillStatus.OPEN, BillStatus.OPEN]  # type: ignore[attr-defined]
    payments = [one.record for one in undone.rereads if one.data_type == "billPayments"]
    assert [one.metadata.is_deleted for one in payments] == [True, True]  # type: ignore[attr-defined]

    use: Lines = [("0", [("Bill", first, "-5.00"), ("CreditNote", credit, "5.00")])]
    await books.create("billPayments", SUPPLIERS.payment(books, "0", use, account_ref=None))
    freed = await books.delete("billPayments", credit)
    assert stored(freed, "billPayments").metadata.is_deleted
    assert stored(freed, "billCreditNotes").remaining_credit == D("14.86")
    assert stored(freed, "bills").status is BillStatus.OPEN
    assert (await books.delete("billPayments", credit)).record_id == credit


async def test_a_credit_note_in_several_uses_is_not_taken_back(books: Books) -> None:
    first, second = await SUPPLIERS.new_document(books), await SUPPLIERS.new_document(books)
    credit = await SUPPLIERS.new_credit(books)
    lines: Lines = [("0", [("Bill", bill, "-1.00"), ("CreditNote", credit, "1.00")]) for bill in (first, second)]
    await books.create("billPayments", SUPPLIERS.payment(books, "0", lines, account_ref=None))
    with pytest.raises(Rejected, match="2 documents"):
        await books.delete("billPayments", credit)


async def test_a_customers_payment_is_not_deleted_as_a_bill_payment(books: Books) -> None:
    document = await CUSTOMERS.new_document(books)
    record = CUSTOMERS.payment(books, "1", [("1", [("Invoice", document, "-1")])])
    paid = await books.create("payments", record)
    with pytest.raises(RecordNotFound):
        await books.delete("billPayments", paid.record_id)


@both_sides
@pytest.mark.parametrize("lost", ["before", "after"])
async def test_a_lost_answer_is_looked_up(books: Books, side: Side, lost: str) -> None:
    """Whatever was lost, the look-up tells whether the payment is there; then nothing is sent twice."""
    first, second = await side.new_document(books), await side.new_document(books)
    credit = await side.new_credit(books)
    kept = await side.on_account(books, "50.00")
    batch: Lines = [("1", [(side.document, first, "-1")]), ("2", [(side.document, second, "-2")])]
    use: Lines = [("0", [(side.document, first, "-1.50"), ("CreditNote", credit, "1.50")])]
    cases: list[tuple[BillPayment | Payment, str]] = [
        (side.payment(books, "1", [("1", [(side.document, first, "-1")])]), "Payments"),
        (side.payment(books, "3", batch), "BatchPayments"),
        (side.payment(books, "0", use, account_ref=None), "Allocations"),
        (
            side.payment(books, "7", [("7", [("PaymentOnAccount", books.supplier_id, "-7")])]),
            "BankTransactions",
        ),
        (side.payment(books, "-2", [("-2", [("CreditNote", credit, "2")])]), "Payments"),
        (side.payment(books, "-3", [("-3", [(side.advance, kept, "3")])]), "Payments"),
    ]
    for record, path in cases:
        planned = intent()
        await books.sandbox.fault(f"drop_{lost}", match={"method": "PUT", "path": path})
        with pytest.raises(Uncertain):
            await books.create(side.data_type, record, planned)
        found = await books.session.find(row(side.data_type, Operation.CREATE), record, planned)
        assert (found is not None) == (lost == "after"), path
        if found is not None:
            assert side.data_type in {one.data_type for one in found.rereads}
        before = await books.effects()
        written = await books.create(side.data_type, record, planned)
        assert found is None or (found.record_id == written.record_id and await books.effects() == before)


@pytest.mark.parametrize("lost", ["before", "after"])
async def test_a_lost_deletion_is_looked_up(books: Books, lost: str) -> None:
    first, credit = await SUPPLIERS.new_document(books), await SUPPLIERS.new_credit(books)
    use: Lines = [("0", [("Bill", first, "-1.50"), ("CreditNote", credit, "1.50")])]
    await books.create("billPayments", SUPPLIERS.payment(books, "0", use, account_ref=None))
    write = row("billPayments", Operation.DELETE)
    await books.sandbox.fault(f"drop_{lost}", match={"method": "DELETE", "path": "Allocations"})
    with pytest.raises(Uncertain):
        await books.delete("billPayments", credit)
    found = await books.session.find(write, None, intent(), record_id=credit)
    assert (found is not None) == (lost == "after")
