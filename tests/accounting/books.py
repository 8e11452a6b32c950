"""Records that add up, for tests to bend."""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.allocations import AllocatedPayment, Allocation, PaymentAllocation
from bookbridge.accounting.references import AccountRef, SupplierRef, TaxRateRef
from bookbridge.accounting.types.bill_credit_notes import (
    BillCreditNote,
    BillCreditNoteLineItem,
    BillCreditNoteStatus,
)
from bookbridge.accounting.types.bills import Bill, BillLineItem, BillStatus


def bill_line(quantity: str = "3", unit_amount: str = "10.00", tax: str = "6.00") -> BillLineItem:
    net = Decimal(quantity) * Decimal(unit_amount)
    return BillLineItem(
        description="Widgets",
        quantity=Decimal(quantity),
        unit_amount=Decimal(unit_amount),
        sub_total=net,
        tax_amount=Decimal(tax),
        total_amount=net + Decimal(tax),
        account_ref=AccountRef(id="400"),
        tax_rate_ref=TaxRateRef(id="T1"),
    )


def bill() -> Bill:
    return Bill(
        id="bill-1",
        issue_date="2026-01-05T00:00:00",
        due_date="2026-02-04T00:00:00",
        status=BillStatus.OPEN,
        currency="GBP",
        supplier_ref=SupplierRef(id="supplier-1", supplier_name="Acme"),
        line_items=(bill_line(), bill_line("1", "40.00", "8.00")),
        sub_total=Decimal("70.00"),
        tax_amount=Decimal("14.00"),
        total_amount=Decimal("84.00"),
        amount_due=Decimal("84.00"),
    )


def allocation(amount: str, currency: str | None = "GBP") -> PaymentAllocation:
    return PaymentAllocation(
        payment=AllocatedPayment(id="payment-1", total_amount=Decimal(amount)),
        allocation=Allocation(total_amount=Decimal(amount), currency=currency),
    )


def credit_note() -> BillCreditNote:
    return BillCreditNote(
        id="credit-1",
        status=BillCreditNoteStatus.SUBMITTED,
        currency="GBP",
        sub_total=Decimal("50.00"),
        total_tax_amount=Decimal("10.00"),
        total_amount=Decimal("60.00"),
        total_discount=Decimal("0"),
        discount_percentage=Decimal("0"),
        remaining_credit=Decimal("60.00"),
        line_items=(
            BillCreditNoteLineItem(
                quantity=Decimal(1),
                unit_amount=Decimal("50.00"),
                sub_total=Decimal("50.00"),
                tax_amount=Decimal("10.00"),
                total_amount=Decimal("60.00"),
            ),
        ),
    )
