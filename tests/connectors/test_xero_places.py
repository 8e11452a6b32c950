"""Which of several lines a refusal is about, told by what it quotes; and no line at all where nothing tells it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bookbridge.accounting.references import AccountRef, TaxRateRef
from bookbridge.accounting.types.bills import Bill, BillLineItem, BillStatus
from bookbridge.connectors.kit.errors import FieldProblem, Rejected
from bookbridge.connectors.xero.places import names_no_account_by_place, placed

D = Decimal


def bill(*lines: BillLineItem) -> Bill:
    sums = {"sub_total": D(0), "tax_amount": D(0), "total_amount": D(0)}
    return Bill(issue_date="2026-07-01T00:00:00", status=BillStatus.OPEN, line_items=lines, **sums)


def line(account: str, rate: str, tax: str) -> BillLineItem:
    return BillLineItem(account_ref=AccountRef(id=account), tax_rate_ref=TaxRateRef(id=rate), tax_amount=D(tax))


TWO = bill(line("acc-1", "INPUT2", "2.00"), line("acc-2", "INPUT", "9"))


def where(field: str, message: str, record: Bill, codes: dict[str, str] | None = None) -> str:
    refused = placed(Rejected(message, (FieldProblem(field, message),)), record, codes)
    assert refused.message == message
    return refused.fields[0].field


@pytest.mark.parametrize(
    ("field", "message", "place"),
    [
        ("lineItems.accountRef.id", "Account code 'ACC-2' is not valid", "lineItems[1].accountRef.id"),
        # One word within another is not that word, and a part of a number not that number.
        ("lineItems.taxRateRef.id", "The TaxType code INPUT does not exist", "lineItems[1].taxRateRef.id"),
        ("lineItems.taxRateRef.id", "The TaxType code INPUT2 does not exist", "lineItems[0].taxRateRef.id"),
        ("lineItems.taxAmount", "The tax amount 9.00 does not match the expected 3.10", "lineItems[1].taxAmount"),
        ("lineItems.taxAmount", "The tax amount 29 does not match", "lineItems.taxAmount"),
        ("lineItems.accountRef.id", "Account code '400' is not valid", "lineItems.accountRef.id"),
        ("lineItems[1].accountRef.id", "Account code 'acc-1' is not valid", "lineItems[1].accountRef.id"),
        ("lineItems[7].accountRef.id", "what is not there", "lineItems[7].accountRef.id"),
        ("supplierRef.id", "The contact could not be found", "supplierRef.id"),
        ("", "Something nobody has seen", ""),
    ],
)
def test_the_quoted_line_is_meant(field: str, message: str, place: str) -> None:
    assert where(field, message, TWO) == place


def test_a_single_line_leaves_no_doubt() -> None:
    one = bill(line("acc-1", "INPUT2", "2"))
    assert where("lineItems.accountRef.id", "Account code '400' is not valid", one) == "lineItems[0].accountRef.id"


def test_a_quoted_code_stands_for_its_account() -> None:
    message = "Account code '400' is not valid"
    refused = Rejected(message, (FieldProblem("lineItems.accountRef.id", message),))
    assert names_no_account_by_place(refused)
    assert where("lineItems.accountRef.id", message, TWO, {"acc-2": "400"}) == "lineItems[1].accountRef.id"
    assert not names_no_account_by_place(placed(refused, TWO, {"acc-2": "400"}))
