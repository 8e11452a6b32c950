"""What the checks of sales, orders, direct costs, journals and statements find, and what they leave alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bookbridge.accounting.money import exact_sum
from bookbridge.accounting.problems import Problem
from bookbridge.accounting.references import AccountRef, RecordRef
from bookbridge.accounting.reports import aged
from bookbridge.accounting.statements import LINE_DEPTH_MAX, ReportBasis, ReportLine, account_lines
from bookbridge.accounting.types import (
    account_transactions,
    balance_sheet,
    bank_transactions,
    cash_flow_statement,
    credit_notes,
    direct_costs,
    direct_incomes,
    invoices,
    item_receipts,
    journal_entries,
    journals,
    payments,
    profit_and_loss,
    purchase_orders,
    sales_orders,
    transfers,
)
from bookbridge.accounting.types.payments import PaymentLinkType as LinkType
from tests.accounting.books import allocation

money = st.decimals(min_value=Decimal("0.01"), max_value=Decimal("999999.99"), places=2)


def fields(problems: list[Problem]) -> list[str]:
    return [problem.field for problem in problems]


AMOUNTS = {
    "quantity": Decimal(2),
    "unit_amount": Decimal("25.00"),
    "sub_total": Decimal("50.00"),
    "tax_amount": Decimal("10.00"),
    "total_amount": Decimal("60.00"),
}


def invoice(**changes: Any) -> invoices.Invoice:
    record = invoices.Invoice(
        id="invoice-1",
        issue_date="2026-01-05T00:00:00",
        due_date="2026-02-04T00:00:00",
        status=invoices.InvoiceStatus.SUBMITTED,
        currency="GBP",
        line_items=(invoices.InvoiceLineItem(**AMOUNTS),),
        sub_total=Decimal("50.00"),
        total_tax_amount=Decimal("10.00"),
        total_amount=Decimal("60.00"),
        amount_due=Decimal("60.00"),
    )
    return replace(record, **changes)


# Invoices and credit notes


def test_an_invoice_that_adds_up_has_no_problem() -> None:
    assert invoices.check(invoice()) == []
    paid = invoice(
        status=invoices.InvoiceStatus.PAID, amount_due=Decimal(0), payment_allocations=(allocation("60.00"),)
    )
    assert invoices.check(paid) == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"total_amount": Decimal("61.00")}, "totalAmount"),
        ({"sub_total": Decimal("51.00")}, "subTotal"),
        ({"total_tax_amount": Decimal("11.00")}, "totalTaxAmount"),
        ({"amount_due": Decimal("61.00")}, "amountDue"),
        ({"status": invoices.InvoiceStatus.PAID}, "amountDue"),
        ({"status": invoices.InvoiceStatus.PARTIALLY_PAID}, "amountDue"),
        ({"payment_allocations": (allocation("5.00"),)}, "amountDue"),
        ({"paid_on_date": "never"}, "paidOnDate"),
        ({"currency_rate": Decimal(0)}, "currencyRate"),
        ({"amount_due": Decimal("NaN")}, ""),
        ({"line_items": (invoices.InvoiceLineItem(**AMOUNTS | {"sub_total": Decimal(1)}),)}, "lineItems[0].subTotal"),
    ],
)
def test_what_is_wrong_with_an_invoice(change: dict[str, Any], field: str) -> None:
    assert field in fields(invoices.check(invoice(**change)))


@pytest.mark.parametrize(
    ("sub_total", "total"),
    [("50.00", "55.00"), ("45.00", "55.00")],
    ids=["discount after the sub total", "discount within the sub total"],
)
def test_a_discount_on_the_whole_invoice_counts_either_way(sub_total: str, total: str) -> None:
    due = Decimal(total)
    record = invoice(sub_total=Decimal(sub_total), total_amount=due, amount_due=due, total_discount=Decimal("5.00"))
    assert invoices.check(record) == []
    wrong = due - Decimal("1.00")
    assert "totalAmount" in fields(invoices.check(replace(record, total_amount=wrong, amount_due=wrong)))


def test_additional_tax_may_stand_beside_the_tax() -> None:
    record = invoice(additional_tax_amount=Decimal("3.00"), total_amount=Decimal("63.00"), amount_due=Decimal("63.00"))
    assert invoices.check(record) == []


def credit_note(**changes: Any) -> credit_notes.CreditNote:
    record = credit_notes.CreditNote(
        id="credit-1",
        status=credit_notes.CreditNoteStatus.SUBMITTED,
        currency="GBP",
        line_items=(credit_notes.CreditNoteLineItem(**AMOUNTS),),
        sub_total=Decimal("50.00"),
        total_tax_amount=Decimal("10.00"),
        total_amount=Decimal("60.00"),
        total_discount=Decimal(0),
        discount_percentage=Decimal(0),
        remaining_credit=Decimal("60.00"),
    )
    return replace(record, **changes)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, []),
        ({"remaining_credit": Decimal("50.00"), "payment_allocations": (allocation("-10.00"),)}, []),
        ({"remaining_credit": Decimal("61.00")}, ["remainingCredit"]),
        ({"status": credit_notes.CreditNoteStatus.PAID}, ["remainingCredit"]),
        ({"total_tax_amount": Decimal("11.00")}, ["totalAmount", "totalTaxAmount"]),
    ],
)
def test_credit_notes(change: dict[str, Any], found: list[str]) -> None:
    assert fields(credit_notes.check(credit_note(**change))) == found


# Payments


def payment(amount: str, *links: tuple[LinkType, str]) -> payments.Payment:
    return payments.Payment(
        id="payment-1",
        date="2026-01-05T00:00:00",
        total_amount=Decimal(amount),
        lines=(
            payments.PaymentLine(
                amount=Decimal(amount),
                links=tuple(payments.PaymentLineLink(type=kind, id="1", amount=Decimal(by)) for kind, by in links),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (payment("100", (LinkType.INVOICE, "-100")), []),
        (payment("0", (LinkType.INVOICE, "-45"), (LinkType.CREDIT_NOTE, "45")), []),
        (payment("-50", (LinkType.CREDIT_NOTE, "50")), []),
        (payment("-50", (LinkType.PAYMENT, "50")), []),
        (payment("70", (LinkType.PAYMENT_ON_ACCOUNT, "0")), []),
        (payment("100", (LinkType.INVOICE, "-90")), ["lines[0].amount"]),
        (payment("-100", (LinkType.INVOICE, "100")), ["lines[0].links[0].amount"]),
        (payment("100", (LinkType.CREDIT_NOTE, "-100")), ["lines[0].links[0].amount"]),
    ],
)
def test_payments(record: payments.Payment, found: list[str]) -> None:
    assert fields(payments.check(record)) == found
    assert "totalAmount" in fields(payments.check(replace(record, total_amount=Decimal("0.5"))))


# Orders and receipts


@pytest.mark.parametrize(
    ("module", "record"),
    [
        (sales_orders, sales_orders.SalesOrder(line_items=(sales_orders.SalesOrderLineItem(**AMOUNTS),))),
        (
            purchase_orders,
            purchase_orders.PurchaseOrder(line_items=(purchase_orders.PurchaseOrderLineItem(**AMOUNTS),)),
        ),
    ],
    ids=["sales", "purchase"],
)
def test_orders(module: Any, record: Any) -> None:
    totals = {
        "sub_total": Decimal("50.00"),
        "total_tax_amount": Decimal("10.00"),
        "total_amount": Decimal("60.00"),
        "total_discount": Decimal(0),
    }
    assert module.check(record) == []
    assert module.check(replace(record, **totals)) == []
    assert fields(module.check(replace(record, **totals | {"total_amount": Decimal("59.00")}))) == ["totalAmount"]
    assert fields(module.check(replace(record, issue_date="2026-02-31T00:00:00"))) == ["issueDate"]
    assert fields(module.check(replace(record, currency="£"))) == ["currency"]


def test_item_receipts() -> None:
    line = item_receipts.ItemReceiptLineItem(sub_total=Decimal(5), total_amount=Decimal(6))
    record = item_receipts.ItemReceipt(line_items=(line, line), sub_total=Decimal(10), total_amount=Decimal(12))
    assert item_receipts.check(record) == []
    assert fields(item_receipts.check(replace(record, sub_total=Decimal(9), total_amount=Decimal(11)))) == [
        "subTotal",
        "totalAmount",
    ]


# Money on the spot, and between accounts


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("module", "record", "line"),
    [
        (direct_costs, direct_costs.DirectCost, direct_costs.DirectCostLineItem),
        (direct_incomes, direct_incomes.DirectIncome, direct_incomes.DirectIncomeLineItem),
    ],
    ids=["cost", "income"],
)
def test_direct_costs_and_incomes_are_paid_in_full(module: Any, record: Any, line: Any, sign: int) -> None:
    signed = {name: amount if name == "quantity" else amount * sign for name, amount in AMOUNTS.items()}
    whole = record(
        issue_date="2026-01-05T00:00:00",
        currency="GBP",
        line_items=(line(**signed),),
        payment_allocations=(allocation("60.00"),),
        sub_total=signed["sub_total"],
        tax_amount=signed["tax_amount"],
        total_amount=signed["total_amount"],
    )
    assert module.check(whole) == []
    assert fields(module.check(replace(whole, payment_allocations=(allocation("59.00"),)))) == ["paymentAllocations"]
    assert fields(module.check(replace(whole, tax_amount=Decimal(1)))) == ["totalAmount", "taxAmount"]


def test_transfers() -> None:
    def side(account: str, amount: str, currency: str = "GBP") -> transfers.TransferAccount:
        return transfers.TransferAccount(account_ref=RecordRef(id=account), amount=Decimal(amount), currency=currency)

    record = transfers.Transfer(id="1", from_=side("a", "10"), to=side("b", "10"))
    assert transfers.check(record) == []
    assert transfers.check(replace(record, to=side("b", "12", "USD"))) == []
    assert fields(transfers.check(replace(record, to=side("b", "12")))) == ["to.amount"]
    assert fields(transfers.check(replace(record, to=side("a", "10")))) == ["to.accountRef"]
    assert fields(transfers.check(replace(record, from_=side("a", "-10", "?"), to=None))) == [
        "from.currency",
        "from.amount",
    ]
    assert b'"from":{' in transfers.TRANSFERS.encode(record)


def test_account_transactions_count_by_size() -> None:
    line = account_transactions.AccountTransactionLine(amount=Decimal(-5))
    record = account_transactions.AccountTransaction(lines=(line, line), total_amount=Decimal(10))
    assert account_transactions.check(record) == []
    assert fields(account_transactions.check(replace(record, total_amount=Decimal(9)))) == ["totalAmount"]
    unknown = replace(record, lines=(line, account_transactions.AccountTransactionLine()))
    assert account_transactions.check(unknown) == []


def test_bank_transactions_and_journals() -> None:
    line = bank_transactions.BankTransaction(id="1", cleared_on_date="soon")
    assert fields(bank_transactions.check(line)) == ["clearedOnDate"]
    assert fields(journals.check(journals.Journal(id="1", parent_id="1", created_on="soon"))) == [
        "createdOn",
        "parentId",
    ]


# Journal entries


@given(st.lists(money, min_size=1, max_size=8), money)
def test_debits_equal_credits(debits: list[Decimal], error: Decimal) -> None:
    def line(amount: Decimal) -> journal_entries.JournalLine:
        return journal_entries.JournalLine(net_amount=amount, account_ref=AccountRef(id="1"), currency="GBP")

    credit = exact_sum(debits).copy_negate()
    record = journal_entries.JournalEntry(id="1", journal_lines=(*map(line, debits), line(credit)))
    assert journal_entries.check(record) == []
    wrong = replace(record, journal_lines=(*record.journal_lines, line(error)))
    assert fields(journal_entries.check(wrong)) == ["journalLines"]


def test_one_amount_in_two_currencies_has_one_sign() -> None:
    foreign = {"transaction_amount": Decimal(12), "transaction_currency": "USD"}
    debit = journal_entries.JournalLine(net_amount=Decimal(10), **foreign)  # type: ignore[arg-type]
    credit = journal_entries.JournalLine(net_amount=Decimal(-10), **foreign)  # type: ignore[arg-type]
    record = journal_entries.JournalEntry(id="1", journal_lines=(debit, credit))
    assert fields(journal_entries.check(record)) == ["journalLines[1].transactionAmount"]


# Statements and reports


def heading(*values: str, account: bool = False) -> ReportLine:
    items = tuple(ReportLine(value=Decimal(value), account_id=str(at)) for at, value in enumerate(values))
    return ReportLine(value=exact_sum(item.value for item in items), items=items, account_id="own" if account else None)


def test_balance_sheets_balance() -> None:
    report = balance_sheet.BalanceSheetReport(
        date="2026-01-31T00:00:00",
        assets=heading("70", "30"),
        liabilities=heading("40"),
        equity=heading("50", "10"),
        net_assets=Decimal(60),
    )
    sheet = balance_sheet.BalanceSheet(reports=(report,), currency="GBP")
    assert balance_sheet.check(sheet) == []
    unequal = replace(report, net_assets=Decimal(61))
    found = fields(balance_sheet.check(replace(sheet, reports=(unequal,))))
    assert found == ["reports[0].netAssets", "reports[0].equity.value"]
    overdrawn = replace(report, equity=heading("50"))
    assert fields(balance_sheet.check(replace(sheet, reports=(overdrawn,)))) == ["reports[0].equity.value"]


def test_a_heading_is_the_sum_of_its_lines_but_an_account_may_hold_more() -> None:
    def receipts(line: ReportLine) -> cash_flow_statement.CashFlowStatement:
        return cash_flow_statement.CashFlowStatement(
            reports=(cash_flow_statement.CashFlowReport(cash_receipts=line),),
            report_basis=ReportBasis.CASH,
            report_input=cash_flow_statement.ReportInput.DIRECT,
        )

    nested = ReportLine(value=Decimal(5), items=(replace(heading("2", "2"), value=Decimal(5)),))
    assert fields(cash_flow_statement.check(receipts(nested))) == ["reports[0].cashReceipts.items[0].value"]
    owner = replace(heading("2", "2", account=True), value=Decimal(5))
    assert cash_flow_statement.check(receipts(owner)) == []


def test_lines_within_lines_are_entered_to_a_limit() -> None:
    line = ReportLine(value=Decimal(1), account_id="1")
    for _ in range(LINE_DEPTH_MAX * 4):
        line = ReportLine(value=Decimal(1), items=(line,))
    sheet = balance_sheet.BalanceSheet(
        reports=(balance_sheet.BalanceSheetReport(net_assets=Decimal(1), assets=line, equity=line),)
    )
    assert balance_sheet.check(sheet) == []
    assert list(account_lines(line)) == []


def profit(**changes: str) -> profit_and_loss.ProfitAndLoss:
    results = {
        "gross_profit": "60",
        "net_operating_profit": "35",
        "net_other_income": "-5",
        "net_profit": "30",
    } | changes
    report = profit_and_loss.ProfitAndLossReport(
        income=heading("80", "20"),
        cost_of_sales=heading("40"),
        expenses=heading("20", "5"),
        other_income=heading("5"),
        other_expenses=heading("10"),
        gross_profit=Decimal(results["gross_profit"]),
        net_operating_profit=Decimal(results["net_operating_profit"]),
        net_other_income=Decimal(results["net_other_income"]),
        net_profit=Decimal(results["net_profit"]),
    )
    return profit_and_loss.ProfitAndLoss(reports=(report,), report_basis=ReportBasis.ACCRUAL)


def test_each_profit_follows_from_what_stands_above() -> None:
    assert profit_and_loss.check(profit()) == []
    assert fields(profit_and_loss.check(profit(net_profit="31.5"))) == ["reports[0].netProfit"]
    assert fields(profit_and_loss.check(profit(gross_profit="70"))) == [
        "reports[0].grossProfit",
        "reports[0].netOperatingProfit",
    ]


def test_aged_amounts_are_the_sum_of_their_details() -> None:
    details = (aged.AgedAmountDetail(name="Invoices", amount=Decimal(12)), aged.AgedAmountDetail(amount=Decimal(-2)))
    amount = aged.AgedAmount(amount=Decimal(10), details=details)
    outstanding = aged.AgedCurrencyOutstanding(currency="GBP", aged_outstanding_amounts=(amount,))
    debtors = aged.AgedDebtorReport(data=(aged.AgedDebtor(customer_id="1", aged_currency_outstanding=(outstanding,)),))
    assert aged.check(debtors) == []
    wrong = replace(outstanding, currency="?", aged_outstanding_amounts=(replace(amount, amount=Decimal(11)),))
    creditors = aged.AgedCreditorReport(data=(aged.AgedCreditor(supplier_id="1", aged_currency_outstanding=(wrong,)),))
    place = "data[0].agedCurrencyOutstanding[0]."
    assert fields(aged.check(creditors)) == [f"{place}currency", f"{place}agedOutstandingAmounts[0].amount"]
