"""Aged debtors and creditors: every open amount in exactly one span, and spans without gaps."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bookbridge.accounting.dates import contract_date
from bookbridge.accounting.records import DELETED
from bookbridge.accounting.references import CustomerRef
from bookbridge.accounting.reports import aged
from bookbridge.accounting.reports.ageing import Ageing, Spans
from bookbridge.accounting.types.credit_notes import CreditNote, CreditNoteStatus
from bookbridge.accounting.types.invoices import Invoice, InvoiceStatus

DAY = date(2026, 6, 30)
GENERATED = "2026-06-30T12:00:00.0000000Z"


def invoice(due: date | None, amount: str, **given: Any) -> Invoice:
    return Invoice(
        **{
            "id": "i",
            "customer_ref": CustomerRef(id="c-1", company_name="Bramble Lane"),
            "issue_date": "2025-01-01T00:00:00",
            "due_date": contract_date(due) if due else None,
            "currency": "GBP",
            "status": InvoiceStatus.SUBMITTED,
            "total_tax_amount": Decimal(0),
            "total_amount": Decimal(amount),
            "amount_due": Decimal(amount),
            **given,
        }
    )


def amounts(ageing: Ageing) -> list[Decimal | None]:
    [debtor] = ageing.debtors(GENERATED).data
    [outstanding] = debtor.aged_currency_outstanding
    return [one.amount for one in outstanding.aged_outstanding_amounts]


def test_amounts_fall_into_the_span_of_their_due_date() -> None:
    ageing = Ageing(Spans(DAY, 2, 30))
    for due, amount in ((DAY + timedelta(days=1), "1"), (DAY, "2"), (DAY - timedelta(days=29), "4"),
                        (DAY - timedelta(days=30), "8"), (DAY - timedelta(days=60), "16"), (None, "32")):  # fmt: skip
        ageing.add_invoice(invoice(due, amount))
    assert amounts(ageing) == [1, 2 + 4, 8, 16 + 32]
    report = ageing.debtors(GENERATED)
    assert aged.check(report) == []
    spans = report.data[0].aged_currency_outstanding[0].aged_outstanding_amounts
    assert [(one.from_date, one.to_date) for one in spans] == [
        ("2026-07-01T00:00:00", None),
        ("2026-06-01T00:00:00", "2026-06-30T00:00:00"),
        ("2026-05-02T00:00:00", "2026-05-31T00:00:00"),
        (None, "2026-05-01T00:00:00"),
    ]


def test_what_is_not_owed_is_left_out() -> None:
    ageing = Ageing(Spans(DAY, 2, 30))
    ageing.add_invoice(invoice(DAY, "5", status=InvoiceStatus.DRAFT))
    ageing.add_invoice(invoice(DAY, "5", status=InvoiceStatus.VOID))
    ageing.add_invoice(invoice(DAY, "5", metadata=DELETED))
    ageing.add_invoice(invoice(DAY, "5", customer_ref=None))
    ageing.add_invoice(invoice(DAY, "0"))
    ageing.add_invoice(invoice(DAY, "5", issue_date="2026-07-01T00:00:00"))
    assert ageing.debtors(GENERATED).data == ()


def test_credit_lowers_what_is_owed_and_currencies_stay_apart() -> None:
    ageing = Ageing(Spans(DAY, 1, 30))
    ageing.add_invoice(invoice(DAY, "50"))
    ageing.add_invoice(invoice(DAY, "7", currency="EUR"))
    ageing.add_credit_note(
        CreditNote(
            id="n",
            customer_ref=CustomerRef(id="c-1"),
            issue_date="2026-06-20T00:00:00",
            currency="GBP",
            status=CreditNoteStatus.SUBMITTED,
            total_amount=Decimal(20),
            total_discount=Decimal(0),
            sub_total=Decimal(20),
            total_tax_amount=Decimal(0),
            discount_percentage=Decimal(0),
            remaining_credit=Decimal(20),
        )
    )
    [debtor] = ageing.debtors(GENERATED).data
    assert [one.currency for one in debtor.aged_currency_outstanding] == ["EUR", "GBP"]
    now = debtor.aged_currency_outstanding[1].aged_outstanding_amounts[1]
    assert now.amount == 30
    assert {detail.name: detail.amount for detail in now.details} == {"Invoices": 50, "Credit notes": -20}


@given(
    back=st.lists(st.integers(-400, 400), max_size=30),
    count=st.integers(1, 12),
    days=st.integers(1, 90),
)
def test_every_amount_is_counted_once_within_the_limits_of_its_span(back: list[int], count: int, days: int) -> None:
    spans = Spans(DAY, count, days)
    ageing = Ageing(spans)
    for number in back:
        due = DAY - timedelta(days=number)
        ageing.add_invoice(invoice(due, "1"))
        first, last = spans.limits(spans.place(due))
        assert first is None or first <= due
        assert last is None or due <= last
    if back:
        assert sum(one or Decimal(0) for one in amounts(ageing)) == len(back)
