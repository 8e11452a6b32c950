"""What the checks of bills, credit notes, payments, rates and the rest find, and what they leave alone."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bookbridge.accounting.money import exact_sum, round_half_up
from bookbridge.accounting.problems import Problem
from bookbridge.accounting.tax_details import WithholdingTax
from bookbridge.accounting.types import (
    accounts,
    bank_accounts,
    bill_credit_notes,
    bill_payments,
    bills,
    company_info,
    customers,
    items,
    suppliers,
    tax_rates,
    tracking_categories,
)
from bookbridge.accounting.types.bill_payments import BillPaymentLineLinkType as LinkType
from tests.accounting.books import allocation, bill, bill_line, credit_note

money = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("999999.99"), places=2)


def fields(problems: list[Problem]) -> list[str]:
    return [problem.field for problem in problems]


# Bills


def test_a_bill_that_adds_up_has_no_problem() -> None:
    assert bills.check(bill()) == []


@given(
    st.lists(
        st.tuples(
            st.decimals(min_value=Decimal("0.001"), max_value=Decimal(999), places=3),
            money,
            st.sampled_from(["0", "5", "17.5", "20"]),
        ),
        min_size=1,
        max_size=20,
    ),
    st.booleans(),
)
def test_honest_rounding_is_never_a_problem(sold: list[tuple[Decimal, Decimal, str]], tax_on_document: bool) -> None:
    lines = []
    unrounded_tax = Decimal(0)
    for quantity, price, rate in sold:
        net = round_half_up(quantity * price)
        tax = net * Decimal(rate) / 100
        unrounded_tax += tax
        rounded = round_half_up(tax)
        lines.append(
            bills.BillLineItem(
                quantity=quantity, unit_amount=price, sub_total=net, tax_amount=rounded, total_amount=net + rounded
            )
        )
    net_total = exact_sum(line.sub_total for line in lines if line.sub_total is not None)
    line_tax = exact_sum(line.tax_amount for line in lines if line.tax_amount is not None)
    tax_total = round_half_up(unrounded_tax) if tax_on_document else line_tax
    total = net_total + tax_total
    record = replace(
        bill(), line_items=tuple(lines), sub_total=net_total, tax_amount=tax_total, total_amount=total, amount_due=total
    )
    assert bills.check(record) == []


@given(money.filter(lambda amount: amount > Decimal("0.05")))
def test_a_wrong_total_is_found(error: Decimal) -> None:
    assert "totalAmount" in fields(bills.check(replace(bill(), total_amount=Decimal("84.00") + error)))
    assert "subTotal" in fields(bills.check(replace(bill(), sub_total=Decimal("70.00") - error)))
    assert "taxAmount" in fields(bills.check(replace(bill(), tax_amount=Decimal("14.00") + error)))


def test_a_wrong_line_is_named() -> None:
    wrong = replace(bill_line(), total_amount=Decimal("37.00"), sub_total=Decimal("31.00"))
    found = bills.check(replace(bill(), line_items=(bill_line("1", "40.00", "8.00"), wrong)))
    assert "lineItems[1].subTotal" in fields(found)


@pytest.mark.parametrize("discount", [{"discount_amount": Decimal("3.00")}, {"discount_percentage": Decimal("10")}])
def test_a_discount_is_taken_off_before_tax(discount: dict[str, Decimal]) -> None:
    line = replace(bill_line(), sub_total=Decimal("27.00"), total_amount=Decimal("33.00"), **discount)
    record = replace(
        bill(),
        line_items=(line,),
        sub_total=Decimal("27.00"),
        tax_amount=Decimal("6.00"),
        total_amount=Decimal("33.00"),
        amount_due=Decimal("33.00"),
    )
    assert bills.check(record) == []
    without = replace(line, discount_amount=None, discount_percentage=None)
    assert fields(bills.check(replace(record, line_items=(without,)))) == ["lineItems[0].subTotal"]


@given(st.lists(st.integers(min_value=1, max_value=2000), min_size=1, max_size=4))
def test_amount_due_is_the_total_less_allocations(pence: list[int]) -> None:
    paid = [Decimal(amount).scaleb(-2) for amount in pence]
    due = Decimal("84.00") - sum(paid)
    status = bills.BillStatus.PARTIALLY_PAID if due else bills.BillStatus.PAID
    record = replace(
        bill(),
        status=status,
        amount_due=due,
        payment_allocations=tuple(allocation(str(amount)) for amount in paid),
    )
    assert bills.check(record) == []
    assert fields(bills.check(replace(record, amount_due=due - Decimal("0.01"))))[-1] == "amountDue"


def test_withheld_tax_may_or_may_not_lower_what_is_due() -> None:
    record = replace(
        bill(),
        status=bills.BillStatus.PARTIALLY_PAID,
        withholding_tax=(WithholdingTax(name="CIS", amount=Decimal("4.00")),),
        payment_allocations=(allocation("10.00"),),
    )
    assert bills.check(replace(record, amount_due=Decimal("74.00"))) == []
    assert bills.check(replace(record, amount_due=Decimal("70.00"))) == []
    assert fields(bills.check(replace(record, amount_due=Decimal("71.00")))) == ["amountDue"]


def test_allocations_in_another_currency_are_not_compared() -> None:
    record = replace(
        bill(),
        status=bills.BillStatus.PARTIALLY_PAID,
        amount_due=Decimal("50.00"),
        payment_allocations=(allocation("10.00", "USD"),),
    )
    assert bills.check(record) == []


@pytest.mark.parametrize(
    ("status", "due", "is_problem"),
    [
        ("Open", "84.00", False),
        ("Open", "0", False),
        ("Open", "85.00", True),
        ("Open", "-1", True),
        ("PartiallyPaid", "40.00", False),
        ("PartiallyPaid", "84.00", True),
        ("PartiallyPaid", "0", True),
        ("Paid", "0", False),
        ("Paid", "0.01", True),
        ("Void", "84.00", False),
        ("Draft", "84.00", False),
    ],
)
def test_status_and_amount_due_agree(status: str, due: str, is_problem: bool) -> None:
    record = replace(bill(), status=bills.BillStatus(status), amount_due=Decimal(due))
    assert fields(bills.check(record)) == (["amountDue"] if is_problem else [])


def test_form_of_currency_rate_and_dates() -> None:
    record = replace(
        bill(), currency="pounds", currency_rate=Decimal(0), issue_date="2026-02-30T00:00:00", due_date="soon"
    )
    assert fields(bills.check(record)) == ["currency", "currencyRate", "issueDate", "dueDate"]


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "1E+999999", "1E-999999"])
def test_a_number_beyond_calculation_is_a_finding_not_an_error(number: str) -> None:
    odd = Decimal(number)
    assert bills.check(replace(bill(), total_amount=odd, amount_due=odd))
    assert bills.check(replace(bill(), line_items=(replace(bill_line(), quantity=odd),)))
    assert bill_credit_notes.check(replace(credit_note(), remaining_credit=odd, total_amount=odd))


def test_sums_beyond_28_digits_stay_exact() -> None:
    huge = Decimal("123456789012345678901234567890.12")
    record = bills.Bill(
        issue_date="2026-01-05T00:00:00",
        status=bills.BillStatus.OPEN,
        sub_total=huge,
        tax_amount=Decimal("0.01"),
        total_amount=Decimal("123456789012345678901234567890.13"),
    )
    assert bills.check(record) == []
    assert fields(bills.check(replace(record, total_amount=huge))) == ["totalAmount"]


# Credit notes


def test_a_credit_note_that_adds_up_has_no_problem() -> None:
    assert bill_credit_notes.check(credit_note()) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"total_amount": Decimal("61.00")}, "totalAmount"),
        ({"total_tax_amount": Decimal("11.00")}, "totalTaxAmount"),
        ({"remaining_credit": Decimal("61.00")}, "remainingCredit"),
        ({"remaining_credit": Decimal("-1.00")}, "remainingCredit"),
        ({"status": bill_credit_notes.BillCreditNoteStatus.PAID}, "remainingCredit"),
        ({"payment_allocations": (allocation("10.00"),)}, "remainingCredit"),
        ({"sub_total": Decimal(-70), "total_amount": Decimal(-60), "remaining_credit": None}, "totalAmount"),
        ({"issue_date": "2026-00-01"}, "issueDate"),
    ],
)
def test_what_is_wrong_with_a_credit_note(change: dict[str, object], field: str) -> None:
    assert field in fields(bill_credit_notes.check(replace(credit_note(), **change)))


@pytest.mark.parametrize("amount", ["10.00", "-10.00"])
def test_used_credit_counts_by_its_size(amount: str) -> None:
    record = replace(credit_note(), remaining_credit=Decimal("50.00"), payment_allocations=(allocation(amount),))
    assert bill_credit_notes.check(record) == []


# Payments


def payment(
    total: str | Decimal, *lines: tuple[str | Decimal, Sequence[tuple[LinkType, str | Decimal | None]]]
) -> bill_payments.BillPayment:
    return bill_payments.BillPayment(
        id="payment-1",
        date="2026-01-05T00:00:00",
        currency="GBP",
        total_amount=Decimal(total),
        lines=tuple(
            bill_payments.BillPaymentLine(
                amount=Decimal(amount),
                links=tuple(
                    bill_payments.BillPaymentLineLink(
                        type=kind, id="1", amount=None if linked is None else Decimal(linked)
                    )
                    for kind, linked in links
                ),
            )
            for amount, links in lines
        ),
    )


@pytest.mark.parametrize(
    "record",
    [
        payment("100", ("100", [(LinkType.BILL, "-100")])),
        payment("300", ("100", [(LinkType.BILL, "-100")]), ("200", [(LinkType.BILL, "-200")])),
        payment("300", ("300", [(LinkType.BILL, "-100"), (LinkType.BILL, "-200")])),
        payment("0", ("0", [(LinkType.BILL, "-45"), (LinkType.CREDIT_NOTE, "45")])),
        payment("80", ("80", [(LinkType.BILL, "-100"), (LinkType.CREDIT_NOTE, "20")])),
        payment("-50", ("-50", [(LinkType.CREDIT_NOTE, "50")])),
        payment("1050", ("1000", [(LinkType.BILL, "-1000")]), ("50", [(LinkType.REFUND, "-50")])),
        payment("70", ("70", [(LinkType.PAYMENT_ON_ACCOUNT, "0")])),
        payment("70", ("70", [(LinkType.PAYMENT_ON_ACCOUNT, "-70")])),
        payment("70", ("70", [(LinkType.BILL, None)])),
        payment("70", ("70", [])),
        payment("70"),
    ],
)
def test_the_usual_ways_to_pay_have_no_problem(record: bill_payments.BillPayment) -> None:
    assert bill_payments.check(record) == []


@given(st.lists(st.lists(money, min_size=1, max_size=4), min_size=1, max_size=5), money)
def test_lines_and_links_add_up(split: list[list[Decimal]], error: Decimal) -> None:
    lines = [(exact_sum(parts), [(LinkType.BILL, part.copy_negate()) for part in parts]) for parts in split]
    total = exact_sum(amount for amount, _ in lines)
    assert bill_payments.check(payment(total, *lines)) == []
    assert fields(bill_payments.check(payment(total + error, *lines))) == ["totalAmount"]
    lines[0] = (lines[0][0] + error, lines[0][1])
    assert fields(bill_payments.check(payment(total + error, *lines))) == ["lines[0].amount"]


def test_the_signs_of_links() -> None:
    record = payment("-100", ("-100", [(LinkType.BILL, "100")]))
    assert fields(bill_payments.check(record)) == ["lines[0].links[0].amount"]
    record = payment("100", ("100", [(LinkType.CREDIT_NOTE, "-100")]))
    assert fields(bill_payments.check(record)) == ["lines[0].links[0].amount"]


def test_links_at_another_rate_are_not_added_up() -> None:
    record = payment("100", ("100", [(LinkType.BILL, "-80")]))
    assert fields(bill_payments.check(record)) == ["lines[0].amount"]
    link = replace(record.lines[0].links[0], currency_rate=Decimal("1.25"))
    foreign = replace(record, lines=(replace(record.lines[0], links=(link,)),))
    assert bill_payments.check(foreign) == []


# Reference types


def test_compound_tax() -> None:
    component = tax_rates.TaxRateComponent
    parts = (component(rate=Decimal(10), is_compound=False), component(rate=Decimal(10), is_compound=True))
    assert tax_rates.effective_rate(parts) == 21
    for effective in (Decimal(21), Decimal(20)):
        rate = tax_rates.TaxRate(id="1", components=parts, total_tax_rate=Decimal(20), effective_tax_rate=effective)
        assert tax_rates.check(rate) == []
    wrong = tax_rates.TaxRate(id="1", components=parts, total_tax_rate=Decimal(25), effective_tax_rate=Decimal(22))
    assert fields(tax_rates.check(wrong)) == ["totalTaxRate", "effectiveTaxRate"]


def test_the_small_checks() -> None:
    assert fields(accounts.check(accounts.Account(id="1", currency="£"))) == ["currency"]
    overdrawn = bank_accounts.BankAccount(id="1", currency="GBP", overdraft_limit=Decimal(-1))
    assert fields(bank_accounts.check(overdrawn)) == ["overdraftLimit"]
    supplier = suppliers.Supplier(id="1", status=suppliers.SupplierStatus.ACTIVE, default_currency="EURO")
    assert fields(suppliers.check(supplier)) == ["defaultCurrency"]
    customer = customers.Customer(id="1", status=customers.CustomerStatus.ACTIVE, default_currency="E")
    assert fields(customers.check(customer)) == ["defaultCurrency"]
    own_parent = tracking_categories.TrackingCategory(id="1", parent_id="1")
    assert fields(tracking_categories.check(own_parent)) == ["parentId"]
    info = company_info.CompanyInfo(base_currency="12", ledger_lock_date="never")
    assert fields(company_info.check(info)) == ["baseCurrency", "ledgerLockDate"]
    item = items.Item(
        id="1",
        item_status=items.ItemStatus.ACTIVE,
        type=items.ItemType.SERVICE,
        is_bill_item=False,
        is_invoice_item=False,
        bill_item=items.BillItem(),
        invoice_item=items.InvoiceItem(),
    )
    assert fields(items.check(item)) == ["billItem", "invoiceItem"]
