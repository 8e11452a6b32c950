"""Whatever amounts are written to Xero within what it keeps: every digit reads back, and the sums are the lines'."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookbridge.accounting.money import exact_product, exact_sum, round_half_up
from bookbridge.accounting.types.bills import BILLS
from bookbridge.connectors.kit.connector import Operation
from tests.connectors.xero_books import DAY, Books, row, stored

EXAMPLES = 12
D = Decimal
VENDORS_RATE_STEP = D("0.000001")
"""Xero keeps its rate, which is ours turned round, to six places."""

prices = st.decimals(min_value=0, max_value=D("9999.9999"), places=4)
quantities = st.decimals(min_value=D("0.0001"), max_value=999, places=4)
lines = st.lists(st.tuples(prices, quantities, st.booleans()), min_size=1, max_size=5)
currencies = st.one_of(
    st.just(("GBP", None)),
    st.tuples(st.sampled_from(["EUR", "USD"]), st.decimals(min_value=D("0.2"), max_value=2, places=6)),
)

unhurried = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def amounts(given_lines: list[tuple[Decimal, Decimal, bool]]) -> list[tuple[Decimal, Decimal]]:
    """(net, tax at 20 per cent or none) of each line, as Xero rounds."""
    found = []
    for price, quantity, is_taxed in given_lines:
        net = round_half_up(exact_product(price, quantity))
        found.append((net, round_half_up(exact_product(net, D("0.2"))) if is_taxed else D(0)))
    return found


def body(data_type: str, books: Books, given_lines: list[tuple[Decimal, Decimal, bool]]) -> dict[str, Any]:
    """A record of the type with those lines, as an application would send it."""
    worked_out = amounts(given_lines)
    net, tax = exact_sum(one for one, _ in worked_out), exact_sum(one for _, one in worked_out)
    sells = data_type in ("invoices", "creditNotes", "directIncomes")
    account_id, rate = (books.income_id, "OUTPUT2") if sells else (books.expense_id, "INPUT2")
    tax_name = "taxAmount" if data_type in ("bills", "directCosts", "directIncomes") else "totalTaxAmount"
    contact = {"id": books.supplier_id}
    record: dict[str, Any] = {
        "issueDate": DAY,
        "subTotal": net,
        tax_name: tax,
        "totalAmount": exact_sum((net, tax)),
        "lineItems": [
            {
                "description": f"Line {place}",
                "unitAmount": price,
                "quantity": quantity,
                "subTotal": line_net,
                "taxAmount": line_tax,
                "totalAmount": exact_sum((line_net, line_tax)),
                "accountRef": {"id": account_id},
                **({"taxRateRef": {"id": rate}} if is_taxed else {}),
            }
            for place, ((price, quantity, is_taxed), (line_net, line_tax)) in enumerate(
                zip(given_lines, worked_out, strict=True)
            )
        ],
    }
    own: dict[str, dict[str, Any]] = {
        "bills": {"supplierRef": contact, "dueDate": DAY, "status": "Open", "reference": uuid.uuid4().hex},
        "invoices": {"customerRef": contact, "dueDate": DAY, "status": "Submitted", "amountDue": exact_sum((net, tax))},
        "billCreditNotes": {"supplierRef": contact, "status": "Submitted", "totalDiscount": 0, "discountPercentage": 0},
        "creditNotes": {
            "customerRef": contact,
            "status": "Submitted",
            "totalDiscount": 0,
            "discountPercentage": 0,
            "remainingCredit": exact_sum((net, tax)),
        },
        "purchaseOrders": {"supplierRef": contact, "status": "Open"},
    }
    at_once = {
        "contactRef": contact,
        "currency": "GBP",
        "paymentAllocations": [{"payment": {"accountRef": {"id": books.bank_id}}, "allocation": {}}],
    }
    return record | own.get(data_type, at_once)


async def written_and_read(books: Books, data_type: str, content: dict[str, Any]) -> tuple[Any, Any]:
    """The record as it was written, checked first as the push room does, and as it reads back."""
    write = row(data_type, Operation.CREATE)
    record = write.data_type.convert_submission(content)
    assert write.data_type.check(record) == []
    assert write.check is not None
    assert list(write.check(record)) == []
    return record, stored(await books.create(data_type, record), data_type)


def same_amounts(sent: Any, found: Any) -> None:
    tax_name = "tax_amount" if hasattr(sent, "tax_amount") else "total_tax_amount"
    for name in ("sub_total", tax_name, "total_amount"):
        assert getattr(found, name) == getattr(sent, name), name
    for line, held in zip(sent.line_items, found.line_items, strict=True):
        for name in ("unit_amount", "quantity", "sub_total", "tax_amount", "total_amount"):
            assert getattr(held, name) == getattr(line, name), name


@pytest.mark.parametrize("data_type", ["bills", "invoices", "billCreditNotes", "creditNotes", "purchaseOrders"])
@unhurried
@given(given_lines=lines, in_currency=currencies)
async def test_documents_read_back_to_the_digit(
    books: Books, data_type: str, given_lines: list[Any], in_currency: tuple[str, Decimal | None]
) -> None:
    currency, rate = in_currency
    content = body(data_type, books, given_lines) | {"currency": currency}
    if rate is not None:
        content["currencyRate"] = rate
    sent, found = await written_and_read(books, data_type, content)
    same_amounts(sent, found)
    assert found.currency == currency
    if rate is not None:
        # A step of Xero's is so much of ours.
        assert abs(found.currency_rate - rate) <= VENDORS_RATE_STEP * rate * rate


@pytest.mark.parametrize("data_type", ["directCosts", "directIncomes"])
@unhurried
@given(given_lines=lines)
async def test_money_spent_and_received_reads_back_to_the_digit(
    books: Books, data_type: str, given_lines: list[Any]
) -> None:
    sent, found = await written_and_read(books, data_type, body(data_type, books, given_lines))
    same_amounts(sent, found)


@unhurried
@given(cents=st.lists(st.integers(min_value=1, max_value=99_999), min_size=2, max_size=4))
async def test_payments_read_back_to_the_digit(books: Books, cents: list[int]) -> None:
    parts = [D(one).scaleb(-2) for one in cents]
    bills = []
    for part in parts:
        record = BILLS.convert_submission(body("bills", books, [(part, D(1), False)]))
        bills.append((await books.create("bills", record)).record_id)
    content = {
        "date": DAY,
        "accountRef": {"id": books.bank_id},
        "currency": "GBP",
        "totalAmount": exact_sum(parts),
        "lines": [
            {"amount": part, "links": [{"type": "Bill", "id": bill, "amount": part.copy_negate()}]}
            for part, bill in zip(parts, bills, strict=True)
        ],
    }
    write = row("billPayments", Operation.CREATE)
    written = await books.create("billPayments", write.data_type.convert_submission(content))
    held: list[Any] = [one.record for one in written.rereads if one.data_type == "billPayments"]
    assert {one.lines[0].links[0].id: one.total_amount for one in held} == dict(zip(bills, parts, strict=True))
    paid: list[Any] = [one.record for one in written.rereads if one.data_type == "bills"]
    assert {one.amount_due for one in paid} == {D(0)}
