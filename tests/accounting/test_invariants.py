"""Rules over whole books: books written by double entry keep them, and each way of breaking the books is found."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bookbridge.accounting import invariants
from bookbridge.accounting.allocations import AllocatedPayment, Allocation, PaymentAllocation
from bookbridge.accounting.invariants import Books, book_problems
from bookbridge.accounting.money import exact_sum, round_half_up
from bookbridge.accounting.records import DELETED
from bookbridge.accounting.references import AccountRef
from bookbridge.accounting.statements import ReportBasis, ReportLine
from bookbridge.accounting.sub_ledgers import payables, receivables
from bookbridge.accounting.types.balance_sheet import BalanceSheet, BalanceSheetReport
from bookbridge.accounting.types.bill_credit_notes import BillCreditNote, BillCreditNoteStatus
from bookbridge.accounting.types.bill_payments import (
    BillPayment,
    BillPaymentLine,
    BillPaymentLineLink,
    BillPaymentLineLinkType,
)
from bookbridge.accounting.types.bills import Bill, BillStatus
from bookbridge.accounting.types.credit_notes import CreditNote, CreditNoteStatus
from bookbridge.accounting.types.invoices import Invoice, InvoiceStatus
from bookbridge.accounting.types.journal_entries import JournalEntry, JournalLine
from bookbridge.accounting.types.payments import Payment, PaymentLine, PaymentLineLink, PaymentLinkType
from bookbridge.accounting.types.profit_and_loss import ProfitAndLoss, ProfitAndLossReport

ISSUED = "2026-01-05T00:00:00"
PAID = "2026-01-20T00:00:00"
RATES = {"GBP": Decimal(1), "USD": Decimal("0.781")}
ASSETS, LIABILITIES = ("bank", "receivable"), ("payable",)


@dataclasses.dataclass(frozen=True)
class Deal:
    """One document, what was credited on it, and what was paid: the rest stays due, too much stays on account."""

    is_sale: bool
    currency: str
    total: Decimal
    credited: Decimal
    paid: tuple[Decimal, ...]
    on_account: Decimal


def pence(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda amount: Decimal(amount).scaleb(-2))


deals = st.builds(
    Deal,
    is_sale=st.booleans(),
    currency=st.sampled_from(sorted(RATES)),
    total=pence(10_000, 99_999),
    credited=pence(0, 3_000),
    paid=st.lists(pence(1, 2_000), max_size=3).map(tuple),
    on_account=pence(0, 500),
)


class Ledger:
    """Writes each deal down twice: as the records that an application reads, and as bookings."""

    def __init__(self, capital: Decimal) -> None:
        self.entries: list[JournalEntry] = []
        self.records: dict[str, list[Any]] = {
            name: [] for name in ("invoices", "credit_notes", "payments", "bills", "bill_credit_notes", "bill_payments")
        }
        self.post(ISSUED, "bank", "capital", capital)

    def post(self, day: str, debit: str, credit: str, amount: Decimal) -> None:
        bookings = ((debit, amount), (credit, amount.copy_negate()))
        lines = tuple(JournalLine(net_amount=by, account_ref=AccountRef(id=to), currency="GBP") for to, by in bookings)
        self.entries.append(JournalEntry(id=f"entry-{len(self.entries)}", posted_on=day, journal_lines=lines))

    def write(self, number: int, deal: Deal) -> None:
        rate = RATES[deal.currency]
        money: dict[str, Any] = {"currency": deal.currency, "currency_rate": rate}
        due = deal.total - deal.credited - exact_sum(deal.paid)
        listed = []
        if deal.credited:
            listed.append((f"credit-{number}", deal.credited))
        listed += [(f"payment-{number}-{at}", paid) for at, paid in enumerate(deal.paid)]
        allocations = tuple(
            PaymentAllocation(
                payment=AllocatedPayment(id=payment_id),
                allocation=Allocation(total_amount=amount, currency=deal.currency),
            )
            for payment_id, amount in listed
        )
        self._document(number, deal, due, allocations, money)
        control, other = ("receivable", "sales") if deal.is_sale else ("payable", "costs")

        def book(day: str, amount: Decimal, against: str, *, opens: bool) -> None:
            in_base = round_half_up(amount * rate)
            is_debit = opens == deal.is_sale
            self.post(day, *((control, against) if is_debit else (against, control)), in_base)

        book(ISSUED, deal.total, other, opens=True)
        if deal.credited:
            self._credit(number, deal, money)
            book(ISSUED, deal.credited, other, opens=False)
        for at, paid in enumerate(deal.paid):
            self._payment(f"payment-{number}-{at}", deal, paid, [("document", f"document-{number}", -paid)], money)
            book(PAID, paid, "bank", opens=False)
        if deal.on_account:
            self._payment(f"account-{number}", deal, deal.on_account, [("account", "someone", Decimal(0))], money)
            book(PAID, deal.on_account, "bank", opens=False)

    def _document(
        self, number: int, deal: Deal, due: Decimal, allocations: tuple[PaymentAllocation, ...], money: dict[str, Any]
    ) -> None:
        common: dict[str, Any] = {
            "id": f"document-{number}",
            "issue_date": ISSUED,
            "total_amount": deal.total,
            "amount_due": due,
            "sub_total": deal.total,
            "payment_allocations": allocations,
            **money,
        }
        if deal.is_sale:
            sale = Invoice(status=InvoiceStatus.UNKNOWN, total_tax_amount=Decimal(0), **common)
            self.records["invoices"].append(sale)
        else:
            self.records["bills"].append(Bill(status=BillStatus.UNKNOWN, tax_amount=Decimal(0), **common))

    def _credit(self, number: int, deal: Deal, money: dict[str, Any]) -> None:
        zero = Decimal(0)
        common: dict[str, Any] = {
            "id": f"credit-{number}",
            "total_amount": deal.credited,
            "remaining_credit": zero,
            "sub_total": deal.credited,
            "total_tax_amount": zero,
            "total_discount": zero,
            "discount_percentage": zero,
            **money,
        }
        if deal.is_sale:
            self.records["credit_notes"].append(CreditNote(status=CreditNoteStatus.PAID, **common))
        else:
            self.records["bill_credit_notes"].append(BillCreditNote(status=BillCreditNoteStatus.PAID, **common))
        links = [
            ("document", f"document-{number}", -deal.credited),
            ("credit", f"credit-{number}", deal.credited),
        ]
        self._payment(f"use-{number}", deal, zero, links, money)

    def _payment(
        self, payment_id: str, deal: Deal, amount: Decimal, links: Sequence[tuple[str, str, Decimal]], money: Any
    ) -> None:
        if deal.is_sale:
            kinds = {
                "document": PaymentLinkType.INVOICE,
                "credit": PaymentLinkType.CREDIT_NOTE,
                "account": PaymentLinkType.PAYMENT_ON_ACCOUNT,
            }
            made = tuple(PaymentLineLink(type=kinds[kind], id=to, amount=by) for kind, to, by in links)
            line = PaymentLine(amount=amount, links=made)
            received = Payment(id=payment_id, date=PAID, total_amount=amount, lines=(line,), **money)
            self.records["payments"].append(received)
            return
        bill_kinds = {
            "document": BillPaymentLineLinkType.BILL,
            "credit": BillPaymentLineLinkType.CREDIT_NOTE,
            "account": BillPaymentLineLinkType.PAYMENT_ON_ACCOUNT,
        }
        bill_links = tuple(BillPaymentLineLink(type=bill_kinds[kind], id=to, amount=by) for kind, to, by in links)
        bill_line = BillPaymentLine(amount=amount, links=bill_links)
        paid = BillPayment(id=payment_id, date=PAID, total_amount=amount, lines=(bill_line,), **money)
        self.records["bill_payments"].append(paid)

    def books(self) -> Books:
        balances = invariants.account_balances(self.entries)

        def report(day: str, at: dict[str, Decimal]) -> BalanceSheetReport:
            def section(accounts: Sequence[str], sign: int) -> ReportLine:
                items = tuple(
                    ReportLine(value=at.get(account, Decimal(0)) * sign, account_id=account) for account in accounts
                )
                return ReportLine(value=exact_sum(item.value for item in items), items=items)

            assets, liabilities = section(ASSETS, 1), section(LIABILITIES, -1)
            capital = section(("capital",), -1)
            kept = exact_sum((at.get("sales", Decimal(0)), at.get("costs", Decimal(0)))).copy_negate()
            equity = ReportLine(value=capital.value + kept, items=(*capital.items, ReportLine(value=kept)))
            return BalanceSheetReport(
                date=day,
                assets=assets,
                liabilities=liabilities,
                net_assets=assets.value - liabilities.value,
                equity=equity,
            )

        income = balances.get("sales", Decimal(0)).copy_negate()
        costs = balances.get("costs", Decimal(0))
        period = ProfitAndLossReport(
            from_date="2026-01-01T00:00:00",
            to_date="2026-01-31T00:00:00",
            income=ReportLine(value=income),
            cost_of_sales=ReportLine(value=costs),
            gross_profit=income - costs,
            net_operating_profit=income - costs,
            net_other_income=Decimal(0),
            net_profit=income - costs,
        )
        return Books(
            base_currency="GBP",
            journal_entries=tuple(self.entries),
            balance_sheet=BalanceSheet(
                reports=(report("2025-12-31T00:00:00", {}), report("2026-01-31T00:00:00", balances)), currency="GBP"
            ),
            profit_and_loss=ProfitAndLoss(reports=(period,), report_basis=ReportBasis.ACCRUAL, currency="GBP"),
            receivable_account_id="receivable",
            payable_account_id="payable",
            capital_account_ids=frozenset({"capital"}),
            reference_rates={"USD": Decimal("0.79")},
            **{name: tuple(records) for name, records in self.records.items()},
        )


def written(*deals_: Deal) -> Books:
    ledger = Ledger(Decimal("5000.00"))
    for number, deal in enumerate(deals_):
        ledger.write(number, deal)
    return ledger.books()


def places(books: Books) -> list[str]:
    return [problem.field for problem in book_problems(books)]


SALE = Deal(True, "GBP", Decimal("120.00"), Decimal("20.00"), (Decimal("30.00"),), Decimal("5.00"))
PURCHASE = Deal(False, "USD", Decimal("240.00"), Decimal("40.00"), (Decimal("60.00"),), Decimal("10.00"))
GOOD = written(SALE, PURCHASE)


@given(st.lists(deals, max_size=8), pence(1, 99_999))
def test_books_written_by_double_entry_hold(story: list[Deal], capital: Decimal) -> None:
    ledger = Ledger(capital)
    for number, deal in enumerate(story):
        ledger.write(number, deal)
    assert book_problems(ledger.books()) == []


def test_nothing_is_wrong_with_no_books() -> None:
    assert book_problems(Books(base_currency="GBP")) == []


# Each way of breaking the books


def changed(name: str, **changes: Any) -> Books:
    """The good books with the first record of a list changed."""
    first, *rest = getattr(GOOD, name)
    return dataclasses.replace(GOOD, **{name: (replace(first, **changes), *rest)})


@pytest.mark.parametrize(
    ("name", "changes", "found"),
    [
        ("invoices", {"amount_due": Decimal("69.00")}, {"invoices", "invoices[document-0].amountDue"}),
        ("invoices", {"payment_allocations": ()}, set()),
        ("invoices", {"currency_rate": Decimal("1.1")}, {"invoices[document-0].currencyRate"}),
        ("bills", {"amount_due": None}, {"bills", "bills[document-1].amountDue"}),
        ("bills", {"currency_rate": None}, {"bills", "bills[document-1].amountDue"}),
        ("bills", {"currency_rate": Decimal("1.280")}, {"bills", "bills[document-1].currencyRate"}),
        ("credit_notes", {"remaining_credit": Decimal("1.00")}, {"invoices", "creditNotes[credit-0].remainingCredit"}),
        (
            "bill_credit_notes",
            {"remaining_credit": Decimal("1.00")},
            {"bills", "billCreditNotes[credit-1].remainingCredit"},
        ),
    ],
)
def test_a_changed_record_is_found(name: str, changes: dict[str, Any], found: set[str]) -> None:
    assert set(places(changed(name, **changes))) == found


def test_a_payment_that_vanished_is_missed_everywhere() -> None:
    by_id = {payment.id: payment for payment in GOOD.payments}
    rest = tuple(payment for key, payment in by_id.items() if key != "payment-0-0")
    gone = (*rest, replace(by_id["payment-0-0"], metadata=DELETED))
    for payments in (rest, gone):
        found = places(dataclasses.replace(GOOD, payments=payments))
        assert set(found) == {"invoices[document-0].amountDue", "invoices[document-0].paymentAllocations"}


def test_a_link_to_nothing_is_found() -> None:
    found = places(dataclasses.replace(GOOD, bills=()))
    assert "billPayments[payment-1-0].lines[0].links[0].id" in found
    void = (replace(GOOD.bills[0], status=BillStatus.VOID),)
    assert places(dataclasses.replace(GOOD, bills=void)) == found


def test_allocations_are_compared_payment_by_payment() -> None:
    two = written(dataclasses.replace(SALE, paid=(Decimal("10.00"), Decimal("20.00"))))
    (sale,) = two.invoices
    credit, first, second = sale.payment_allocations
    swapped = (
        credit,
        PaymentAllocation(payment=first.payment, allocation=second.allocation),
        PaymentAllocation(payment=second.payment, allocation=first.allocation),
    )
    found = places(dataclasses.replace(two, invoices=(replace(sale, payment_allocations=swapped),)))
    assert found == ["invoices[document-0].paymentAllocations"] * 2


def test_an_entry_out_of_balance_is_found() -> None:
    entry = GOOD.journal_entries[0]
    one_sided = replace(entry, journal_lines=entry.journal_lines[:1])
    assert [problem.field for problem in invariants.trial_balance([one_sided])] == [
        "journalEntries[entry-0].journalLines"
    ]
    assert invariants.trial_balance([replace(one_sided, metadata=DELETED)]) == []
    nowhere = replace(entry, journal_lines=tuple(replace(line, account_ref=None) for line in entry.journal_lines))
    assert len(invariants.trial_balance([nowhere])) == 2


def test_what_is_booked_to_the_wrong_account_is_found() -> None:
    debit, credit = GOOD.journal_entries[1].journal_lines
    assert debit.account_ref == AccountRef(id="receivable")
    wrong = replace(GOOD.journal_entries[1], journal_lines=(replace(debit, account_ref=AccountRef(id="bank")), credit))
    entries = (GOOD.journal_entries[0], wrong, *GOOD.journal_entries[2:])
    found = places(dataclasses.replace(GOOD, journal_entries=entries))
    assert found == ["balanceSheet.reports[1].assets"] * 2 + ["invoices"]


def test_bookings_after_the_day_do_not_count() -> None:
    early = invariants.account_balances(GOOD.journal_entries, up_to=date(2026, 1, 10))
    late = invariants.account_balances(GOOD.journal_entries)
    assert early["bank"] == Decimal("5000.00")
    assert late["bank"] == Decimal("5000.00") + 30 + 5 - round_half_up(Decimal(60) * RATES["USD"]) - Decimal("7.81")
    undated = [replace(entry, posted_on="whenever") for entry in GOOD.journal_entries]
    assert invariants.account_balances(undated, up_to=date(2026, 1, 10)) == late


def test_profit_that_equity_does_not_know_is_found() -> None:
    assert GOOD.profit_and_loss is not None
    (period,) = GOOD.profit_and_loss.reports
    more = replace(
        period,
        income=ReportLine(value=period.gross_profit + 1 + (period.cost_of_sales or ReportLine(value=Decimal(0))).value),
        gross_profit=period.gross_profit + 1,
        net_operating_profit=period.net_operating_profit + 1,
        net_profit=period.net_profit + 1,
    )
    statement = replace(GOOD.profit_and_loss, reports=(more,))
    assert places(dataclasses.replace(GOOD, profit_and_loss=statement)) == ["profitAndLoss.reports[0].netProfit"]
    # Money that owners pay in is no profit, and looks like it to whoever does not know the account.
    assert places(dataclasses.replace(GOOD, capital_account_ids=frozenset())) == ["profitAndLoss.reports[0].netProfit"]


@pytest.mark.parametrize(
    ("currency", "rate", "reference", "is_found"),
    [
        ("USD", "0.781", "0.79", False),
        ("USD", "1.28", "0.79", True),
        ("JPY", "190", "0.0053", True),
        ("KWD", "2.5", "2.4", False),
        ("KWD", "0.4", "2.4", True),
        ("EUR", "1.15", "0.87", False),
        ("CHF", "5", None, False),
        ("GBP", "1", None, False),
        ("GBP", "1.0000", None, False),
        ("GBP", "2", None, True),
    ],
)
def test_the_direction_of_a_rate(currency: str, rate: str, reference: str | None, is_found: bool) -> None:
    record = replace(GOOD.invoices[0], currency=currency, currency_rate=Decimal(rate))
    references = {} if reference is None else {currency: Decimal(reference)}
    found = invariants.rate_direction("invoices", [record], "GBP", references)
    assert [problem.field for problem in found] == (["invoices[document-0].currencyRate"] if is_found else [])


def test_money_set_against_nothing() -> None:
    ledger = receivables(GOOD.invoices, GOOD.credit_notes, GOOD.payments)
    amounts = {payment.id: ledger.unallocated_amount(payment) for payment in ledger.payments}
    assert amounts == {"use-0": 0, "payment-0-0": 0, "account-0": Decimal("5.00")}
    bare = Payment(id="bare", date=PAID, total_amount=Decimal("9.00"))
    assert ledger.unallocated_amount(bare) == Decimal("9.00")
    link = PaymentLineLink(type=PaymentLinkType.INVOICE, id="1", amount=Decimal(-50), currency_rate=Decimal("1.99981"))
    converted = replace(bare, lines=(PaymentLine(amount=Decimal("99.99"), links=(link,)),))
    assert ledger.unallocated_amount(converted) == 0
    silent = replace(link, amount=None)
    assert ledger.unallocated_amount(replace(bare, lines=(PaymentLine(amount=Decimal(9), links=(silent,)),))) == 0


def test_drafts_are_not_booked() -> None:
    drafts = [replace(GOOD.bills[0], status=status) for status in (BillStatus.DRAFT, BillStatus.VOID)]
    assert payables(drafts, (), ()).documents == []
    draft = replace(GOOD.invoices[0], status=InvoiceStatus.DRAFT)
    assert receivables([draft], (), ()).documents == []


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "1E+999999"])
def test_numbers_beyond_calculation_are_findings(number: str) -> None:
    odd = Decimal(number)
    ledger = receivables([replace(GOOD.invoices[0], amount_due=odd, total_amount=odd)], (), GOOD.payments)
    assert invariants.control_account_agrees(ledger, Decimal(0), "GBP")
    assert invariants.allocations_agree(ledger)
    entry = JournalEntry(id="1", journal_lines=(JournalLine(net_amount=odd, account_ref=AccountRef(id="1")),))
    assert invariants.trial_balance([entry])
    assert book_problems(dataclasses.replace(GOOD, journal_entries=(entry,)))
