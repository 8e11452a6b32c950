"""Payments from customers, and what each of them pays.

A link below zero lowers what the customer owes (it pays an invoice), one above zero raises it (it uses up a
credit note); `payment_lines` says how lines and links add up.
"""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.payment_lines import LinkRules, payment_line_problems
from bookbridge.accounting.problems import Problem, currency_problems, date_problems, guarded
from bookbridge.accounting.records import ListedRecord, Part, Word
from bookbridge.accounting.references import AccountRef, CustomerRef, PaymentMethodRef


class PaymentLinkType(Word):
    """What a part of a payment was used for."""

    UNKNOWN = "Unknown"
    UNLINKED = "Unlinked"
    INVOICE = "Invoice"
    CREDIT_NOTE = "CreditNote"
    OTHER = "Other"
    REFUND = "Refund"
    PAYMENT = "Payment"
    PAYMENT_ON_ACCOUNT = "PaymentOnAccount"
    MANUAL_JOURNAL = "ManualJournal"
    DISCOUNT = "Discount"


class PaymentLineLink(Part, frozen=True, kw_only=True):
    """A record that a part of the payment was used for."""

    type: PaymentLinkType
    """What kind of record it is."""
    id: str | None = None
    """Identifier of that record; of the customer for a payment on account."""
    amount: Decimal | None = None
    """By how much the link changes what the customer owes, in the linked record's currency; below zero lowers it."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the linked record's currency into the payment's currency."""


class PaymentLine(Part, frozen=True, kw_only=True):
    """A part of a payment."""

    amount: Decimal
    """Amount of this part, in the payment's currency."""
    links: tuple[PaymentLineLink, ...] = ()
    """Records that this part was used for."""
    allocated_on_date: ContractDateTime | None = None
    """Date on which this part was set against those records."""


class Payment(ListedRecord, frozen=True, kw_only=True):
    """A payment received from a customer, or a refund made to one."""

    date: ContractDateTime
    """Date of the payment."""
    customer_ref: CustomerRef | None = None
    """The customer that paid."""
    account_ref: AccountRef | None = None
    """Account that the money went to."""
    payment_method_ref: PaymentMethodRef | None = None
    """The way in which the payment was made."""
    total_amount: Decimal | None = None
    """Amount of the whole payment; below zero for a refund."""
    currency: str | None = None
    """Currency of the payment, ISO 4217."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the payment's currency into the company's base currency."""
    note: str | None = None
    """Free text on the payment."""
    lines: tuple[PaymentLine, ...] = ()
    """The parts of the payment."""
    reference: str | None = None
    """Reference that people know the payment by."""


_LINK_RULES = LinkRules(
    paid=PaymentLinkType.INVOICE,
    paid_message="Paying an invoice lowers what the customer owes: zero or less.",
    credit=PaymentLinkType.CREDIT_NOTE,
    credit_message="Using a credit note raises what the customer owes: zero or more.",
    may_carry_no_amount=frozenset(
        {
            PaymentLinkType.PAYMENT_ON_ACCOUNT,
            PaymentLinkType.REFUND,
            PaymentLinkType.UNLINKED,
            PaymentLinkType.UNKNOWN,
        }
    ),
)


@guarded
def check(payment: Payment) -> list[Problem]:
    """Lines against the total, links against their line, signs of links, dates and currency."""
    found = currency_problems(payment.currency, payment.currency_rate)
    found += date_problems(date=payment.date)
    return found + payment_line_problems(payment.total_amount, payment.lines, _LINK_RULES)


PAYMENTS = DataType(
    key="payments",
    path="payments",
    record=Payment,
    singular="payment",
    level=Level.COMPANY,
    links=("customers", "chartOfAccounts", "bankAccounts", "paymentMethods", "invoices", "creditNotes"),
    check=check,
)
