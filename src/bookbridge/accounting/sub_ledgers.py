"""One side of the books taken together: documents, credit notes and payments of all customers or all suppliers.

Both sides work alike, so that what must hold for one is written once. It holds no rules: those are in
`invariants`. Records that have been deleted, and documents that were never booked, are left out from the start.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final, Protocol

from bookbridge.accounting.allocations import PaymentAllocation
from bookbridge.accounting.money import ZERO, exact_product, exact_sum
from bookbridge.accounting.payment_lines import PaymentLine, PaymentLink
from bookbridge.accounting.problems import rounding_tolerance
from bookbridge.accounting.records import ListedRecord, Word
from bookbridge.accounting.tax_details import WithholdingTax
from bookbridge.accounting.types.bill_credit_notes import BillCreditNote, BillCreditNoteStatus
from bookbridge.accounting.types.bill_payments import BillPayment, BillPaymentLineLinkType
from bookbridge.accounting.types.bills import Bill, BillStatus
from bookbridge.accounting.types.credit_notes import CreditNote, CreditNoteStatus
from bookbridge.accounting.types.invoices import Invoice, InvoiceStatus
from bookbridge.accounting.types.payments import Payment, PaymentLinkType


class Rated(Protocol):
    """A record with an amount that may be in a foreign currency."""

    @property
    def id(self) -> str | None: ...
    @property
    def currency(self) -> str | None: ...
    @property
    def currency_rate(self) -> Decimal | None: ...


class Document(Rated, Protocol):
    """A bill or an invoice."""

    @property
    def total_amount(self) -> Decimal: ...
    @property
    def amount_due(self) -> Decimal | None: ...
    @property
    def payment_allocations(self) -> Sequence[PaymentAllocation]: ...
    @property
    def withholding_tax(self) -> Sequence[WithholdingTax]: ...


class Credit(Rated, Protocol):
    """A credit note, of either side."""

    @property
    def total_amount(self) -> Decimal: ...
    @property
    def remaining_credit(self) -> Decimal | None: ...


class PaymentRecord(Rated, Protocol):
    """A payment, of either side."""

    @property
    def total_amount(self) -> Decimal | None: ...
    @property
    def lines(self) -> Sequence[PaymentLine]: ...


@dataclass(frozen=True)
class Side:
    """What one side of the books calls its records and links."""

    documents: str
    """Key of the data type of its documents."""
    credits: str
    """Key of the data type of its credit notes."""
    payments: str
    """Key of the data type of its payments."""
    document_link: Word
    """Link of a payment that pays a document."""
    credit_link: Word
    """Link of a payment that uses up a credit note."""
    unallocated: frozenset[Word]
    """Links that set money against no document: it stays with the customer or supplier."""


RECEIVABLE: Final = Side(
    documents="invoices",
    credits="creditNotes",
    payments="payments",
    document_link=PaymentLinkType.INVOICE,
    credit_link=PaymentLinkType.CREDIT_NOTE,
    unallocated=frozenset({PaymentLinkType.PAYMENT_ON_ACCOUNT, PaymentLinkType.UNLINKED, PaymentLinkType.UNKNOWN}),
)
PAYABLE: Final = Side(
    documents="bills",
    credits="billCreditNotes",
    payments="billPayments",
    document_link=BillPaymentLineLinkType.BILL,
    credit_link=BillPaymentLineLinkType.CREDIT_NOTE,
    unallocated=frozenset(
        {
            BillPaymentLineLinkType.PAYMENT_ON_ACCOUNT,
            BillPaymentLineLinkType.UNLINKED,
            BillPaymentLineLinkType.UNKNOWN,
        }
    ),
)


@dataclass(frozen=True)
class PlacedLink:
    """A link of a payment, with where it stands."""

    payment_id: str | None
    field: str
    """JSON path of the link, from the payment's data type down."""
    link: PaymentLink


@dataclass(frozen=True)
class SubLedger:
    """The booked records of one side. Made by `receivables` or `payables`."""

    side: Side
    documents: Sequence[Document]
    credits: Sequence[Credit]
    payments: Sequence[PaymentRecord]

    @cached_property
    def links(self) -> dict[tuple[Word, str], list[PlacedLink]]:
        """The links of all payments by what they point at: the type of link, and the id."""
        found: dict[tuple[Word, str], list[PlacedLink]] = defaultdict(list)
        for placed in self._placed_links():
            if placed.link.id is not None:
                found[placed.link.type, placed.link.id].append(placed)
        return dict(found)

    def linked_amount(self, link_type: Word, record_id: str | None) -> Decimal:
        """By how much payments have changed the record's balance, in its own currency; below zero lowers it."""
        placed = self.links.get((link_type, record_id or ""), [])
        return exact_sum(one.link.amount for one in placed if one.link.amount is not None)

    def unallocated_amount(self, payment: PaymentRecord) -> Decimal:
        """The part of the payment that was set against nothing, in its currency; below zero for a refund of such.

        A link without an amount is taken to use up its line.
        """
        if not payment.lines:
            return payment.total_amount or ZERO
        return exact_sum(self._unallocated(line, payment.currency) for line in payment.lines)

    def _unallocated(self, line: PaymentLine, currency: str | None) -> Decimal:
        used = [link for link in line.links if link.type not in self.side.unallocated]
        amounts = [_in_payment_currency(link) for link in used]
        known = [amount for amount in amounts if amount is not None]
        if len(known) < len(amounts):
            return ZERO
        rest = exact_sum((line.amount, *known))
        # Links in another currency come back to the payment's only within their rounding.
        is_converted = any(link.currency_rate not in (None, 1) for link in used)
        return ZERO if is_converted and abs(rest) <= rounding_tolerance(currency, len(used) + 1) else rest

    def _placed_links(self) -> Iterator[PlacedLink]:
        for payment in self.payments:
            for position, line in enumerate(payment.lines):
                for place, link in enumerate(line.links):
                    field = f"{self.side.payments}[{payment.id}].lines[{position}].links[{place}]"
                    yield PlacedLink(payment.id, field, link)


def receivables(
    invoices: Iterable[Invoice], credit_notes: Iterable[CreditNote], payments: Iterable[Payment]
) -> SubLedger:
    """What customers owe: everything booked, without drafts, void documents and deleted records."""
    return SubLedger(
        RECEIVABLE,
        [one for one in invoices if _exists(one) and one.status not in (InvoiceStatus.DRAFT, InvoiceStatus.VOID)],
        [
            one
            for one in credit_notes
            if _exists(one) and one.status not in (CreditNoteStatus.DRAFT, CreditNoteStatus.VOID)
        ],
        [one for one in payments if _exists(one)],
    )


def payables(
    bills: Iterable[Bill], bill_credit_notes: Iterable[BillCreditNote], bill_payments: Iterable[BillPayment]
) -> SubLedger:
    """What is owed to suppliers: everything booked, without drafts, void documents and deleted records."""
    return SubLedger(
        PAYABLE,
        [one for one in bills if _exists(one) and one.status not in (BillStatus.DRAFT, BillStatus.VOID)],
        [
            one
            for one in bill_credit_notes
            if _exists(one) and one.status not in (BillCreditNoteStatus.DRAFT, BillCreditNoteStatus.VOID)
        ],
        [one for one in bill_payments if _exists(one)],
    )


def _exists(record: ListedRecord) -> bool:
    return not record.metadata.is_deleted


def _in_payment_currency(link: PaymentLink) -> Decimal | None:
    if link.amount is None or link.currency_rate is None:
        return link.amount
    return exact_product(link.amount, link.currency_rate)
