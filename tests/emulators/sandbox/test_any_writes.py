"""Whatever is written, in whatever currency and parts: the control account stays the sum of its documents."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookbridge.accounting.money import exact_product, round_half_up
from bookbridge.accounting.types.bills import BILLS
from bookbridge.emulators.sandbox import chart
from bookbridge.emulators.sandbox.book import decode, minor, number
from tests.emulators.sandbox.reading import BOOK
from tests.emulators.sandbox.test_writing import Desk

EXAMPLES = 30
CENT = Decimal("0.01")
MANY = 10_000

amounts = st.decimals(min_value=CENT, max_value=MANY, places=2)
lines = st.fixed_dictionaries(
    {
        "quantity": st.decimals(min_value=Decimal("0.1"), max_value=20, places=1),
        "unitAmount": st.decimals(min_value=CENT, max_value=500, places=4),
        "discountPercentage": st.sampled_from([0, 0, 5, 12.5]),
    }
)
rates = st.decimals(min_value=Decimal("0.01"), max_value=3, places=6)


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk()


def owed(desk: Desk) -> int:
    """What the documents say is owed to suppliers, in minor units."""
    total = 0
    for kind, field, sign in (("bills", "amountDue", 1), ("billCreditNotes", "remainingCredit", -1)):
        for row in desk.storage.rows(BOOK, kind, (0, ""), MANY):
            record = decode(row.body)
            if not row.deleted and record["status"] not in {"Draft", "Void"}:
                total += sign * minor(number(record[field]), number(record["currencyRate"]))
    return total


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(
    st.lists(lines, min_size=1, max_size=4),
    st.sampled_from(["GBP", "EUR", "USD"]),
    rates,
    rates,
    st.lists(st.integers(min_value=1, max_value=99), max_size=3),
    st.booleans(),
)
def test_the_control_account_is_the_sum_of_its_documents(
    desk: Desk,
    written: list[dict[str, Any]],
    currency: str,
    rate: Decimal,
    paid_at: Decimal,
    shares: list[int],
    unpay: bool,
) -> None:
    foreign = currency != "GBP"
    body = desk.bill(currency=currency, lineItems=[desk.line(**line) for line in written])
    bill = desk.create("bills", **body, **({"currencyRate": rate} if foreign else {}))
    payments = []
    for share in shares:
        due = desk.storage.row(BOOK, "bills", bill)
        assert due is not None
        amount = round_half_up(exact_product(number(decode(due.body)["amountDue"]), Decimal(share) / 100))
        if amount > 0:
            money = {"currency": currency, "currencyRate": paid_at} if foreign else {}
            payments.append(desk.create("billPayments", **desk.payment("Bill", bill, amount, **money)))
    if unpay and payments:
        desk.ledger.delete(BOOK, "billPayments", payments[0], desk.key())
    kept = desk.storage.row(BOOK, "bills", bill)
    assert kept is not None
    assert BILLS.check(BILLS.decode(kept.body)) == []
    balances = desk.storage.balances(BOOK, "0", "9")
    assert sum(balances.values()) == 0
    assert -balances[desk.book.account_id(chart.PAYABLE)] == owed(desk)
