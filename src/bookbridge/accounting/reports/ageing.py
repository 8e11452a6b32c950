"""Drawing up aged debtors and aged creditors from documents: who owes how much, by how long it has been due.

Taken one document at a time, so that any number of them needs no more room than the contacts they belong to. What is
due is as the books tell it now; only documents dated on or before the report's day are counted, and those without a
due date are due on their own date. A credit that is not used up counts from its date, below zero. Void documents and
drafts are owed by nobody. It must not read the clock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from bookbridge.accounting.dates import contract_date, parse_contract_datetime
from bookbridge.accounting.money import ZERO, exact_sum
from bookbridge.accounting.reports.aged import (
    AgedAmount,
    AgedAmountDetail,
    AgedCreditor,
    AgedCreditorReport,
    AgedCurrencyOutstanding,
    AgedDebtor,
    AgedDebtorReport,
)
from bookbridge.accounting.types.bill_credit_notes import BillCreditNote
from bookbridge.accounting.types.bills import Bill
from bookbridge.accounting.types.credit_notes import CreditNote
from bookbridge.accounting.types.invoices import Invoice

NOT_OWED = frozenset({"Draft", "Void"})

Contact = tuple[str, str | None]
"""Id and name."""
Place = tuple[str | None, int, str]
"""Currency, span and kind of document."""


@dataclass(frozen=True)
class Spans:
    """The report's spans of time: not yet due; then `count` spans of `days` back from the report's day; then older."""

    day: date
    count: int
    days: int

    def place(self, due: date) -> int:
        """The span that a due date falls into: 0 for not yet due, then from the newest to the oldest."""
        if due > self.day:
            return 0
        return 1 + min((self.day - due).days // self.days, self.count)

    def limits(self, place: int) -> tuple[date | None, date | None]:
        """First and last day of a span; None where it is open."""
        if place == 0:
            return self.day + timedelta(days=1), None
        last = self.day - timedelta(days=(place - 1) * self.days)
        return (None if place > self.count else last - timedelta(days=self.days - 1)), last


@dataclass
class Ageing:
    """A report in the making."""

    spans: Spans
    _amounts: defaultdict[str, dict[Place, Decimal]] = field(default_factory=lambda: defaultdict(dict))
    _names: dict[str, str | None] = field(default_factory=dict)

    def add_invoice(self, one: Invoice) -> None:
        """Count an invoice, if anything is due on it."""
        who = (one.customer_ref.id, one.customer_ref.company_name) if one.customer_ref else None
        self._add("Invoices", one, who, one.issue_date, one.due_date, one.amount_due)

    def add_credit_note(self, one: CreditNote) -> None:
        """Count a credit note to a customer, if anything remains of it."""
        who = (one.customer_ref.id, one.customer_ref.company_name) if one.customer_ref else None
        self._add("Credit notes", one, who, one.issue_date, None, -one.remaining_credit)

    def add_bill(self, one: Bill) -> None:
        """Count a bill, if anything is due on it."""
        who = (one.supplier_ref.id, one.supplier_ref.supplier_name) if one.supplier_ref else None
        self._add("Bills", one, who, one.issue_date, one.due_date, one.amount_due or ZERO)

    def add_bill_credit_note(self, one: BillCreditNote) -> None:
        """Count a supplier's credit note, if anything remains of it."""
        who = (one.supplier_ref.id, one.supplier_ref.supplier_name) if one.supplier_ref else None
        self._add("Credit notes", one, who, one.issue_date, None, -(one.remaining_credit or ZERO))

    def _add(
        self,
        kind: str,
        one: Invoice | CreditNote | Bill | BillCreditNote,
        who: Contact | None,
        issued: str | None,
        due: str | None,
        amount: Decimal,
    ) -> None:
        if not amount or who is None or one.status.value in NOT_OWED or one.metadata.is_deleted:
            return
        dated = _day(issued)
        if dated is None or dated > self.spans.day:
            return
        self._names.setdefault(*who)
        place = self.spans.place(_day(due) or dated)
        key = (one.currency, place, kind)
        amounts = self._amounts[who[0]]
        amounts[key] = exact_sum((amounts.get(key, ZERO), amount))

    def debtors(self, generated: str) -> AgedDebtorReport:
        """What all customers owe."""
        return AgedDebtorReport(
            generated=generated,
            report_date=contract_date(self.spans.day),
            data=tuple(
                AgedDebtor(customer_id=who, customer_name=name, aged_currency_outstanding=self._outstanding(who))
                for who, name in self._contacts()
            ),
        )

    def creditors(self, generated: str) -> AgedCreditorReport:
        """What is owed to all suppliers."""
        return AgedCreditorReport(
            generated=generated,
            report_date=contract_date(self.spans.day),
            data=tuple(
                AgedCreditor(supplier_id=who, supplier_name=name, aged_currency_outstanding=self._outstanding(who))
                for who, name in self._contacts()
            ),
        )

    def _contacts(self) -> list[Contact]:
        return sorted(self._names.items(), key=lambda one: ((one[1] or "").casefold(), one[0]))

    def _outstanding(self, who: str) -> tuple[AgedCurrencyOutstanding, ...]:
        amounts = self._amounts[who]
        currencies = sorted({currency for currency, _, _ in amounts}, key=lambda one: one or "")
        return tuple(
            AgedCurrencyOutstanding(
                currency=currency,
                aged_outstanding_amounts=tuple(
                    self._aged(
                        {key[2]: amount for key, amount in amounts.items() if key[:2] == (currency, place)}, place
                    )
                    for place in range(self.spans.count + 2)
                ),
            )
            for currency in currencies
        )

    def _aged(self, by_kind: Mapping[str, Decimal], place: int) -> AgedAmount:
        first, last = self.spans.limits(place)
        return AgedAmount(
            from_date=contract_date(first) if first else None,
            to_date=contract_date(last) if last else None,
            amount=exact_sum(by_kind.values()),
            details=tuple(AgedAmountDetail(name=kind, amount=amount) for kind, amount in by_kind.items()),
        )


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return parse_contract_datetime(text).date()
    except ValueError:
        return None
