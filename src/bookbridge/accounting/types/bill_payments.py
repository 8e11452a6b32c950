"""Payments to suppliers, and what each of them pays.

A link below zero lowers what the company owes (it pays a bill), one above zero raises it (it uses up a credit
note); `payment_lines` says how lines and links add up.
"""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.payment_lines import LinkRules, payment_line_problems
from bookbridge.accounting.problems import Problem, currency_problems, date_problems, guarded
from bookbridge.accounting.records import ListedRecord, Part, Word
from bookbridge.accounting.references import AccountRef, PaymentMethodRef, SupplierRef


class BillPaymentLineLinkType(Word):
    """What a part of a payment was used for."""

    UNKNOWN = "Unknown"
    UNLINKED = "Unlinked"
    BILL = "Bill"
    OTHER = "Other"
    CREDIT_NOTE = "CreditNote"
    BILL_PAYMENT = "BillPayment"
    PAYMENT_ON_ACCOUNT = "PaymentOnAccount"
    REFUND = "Refund"
    MANUAL_JOURNAL = "ManualJournal"
    DISCOUNT = "Discount"


class BillPaymentLineLink(Part, frozen=True, kw_only=True):
    """A record that a part of the payment was used for."""

    type: BillPaymentLineLinkType
    """What kind of record it is."""
    id: str | None = None
    """Identifier of that record; of the supplier for a payment on account."""
    amount: Decimal | None = None
    """By how much the link changes what the company owes; below zero lowers it."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the linked record's currency into the payment's currency."""


class BillPaymentLine(Part, frozen=True, kw_only=True):
    """A part of a payment."""

    amount: Decimal
    """Amount of this part, in the payment's currency."""
    links: tuple[BillPaymentLineLink, ...] = ()
    """Records that this part was used for."""
    allocated_on_date: ContractDateTime | None = None
    """Date on which this part was set against those records."""


class BillPayment(ListedRecord, frozen=True, kw_only=True):
    """A payment made to a supplier, or a refund received from one."""

    date: ContractDateTime
    """Date of the payment."""
    supplier_ref: SupplierRef | None = None
    """The supplier that was paid; absent when one payment went to several."""
    account_ref: AccountRef | None = None
    """Account that the money came from."""
    total_amount: Decimal | None = None
    """Amount of the whole payment; below zero for a refund."""
    currency: str | None = None
    """Currency of the payment, ISO 4217."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the payment's currency into the company's base currency."""
    note: str | None = None
    """Free text on the payment."""
    payment_method_ref: PaymentMethodRef | None = None
    """The way in which the payment was made."""
    lines: tuple[BillPaymentLine, ...] = ()
    """The parts of the payment."""
    reference: str | None = None
    """Reference that people know the payment by."""


_LINK_RULES = LinkRules(
    paid=BillPaymentLineLinkType.BILL,
    paid_message="Paying a bill lowers what is owed: zero or less.",
    credit=BillPaymentLineLinkType.CREDIT_NOTE,
    credit_message="Using a credit note raises what is owed: zero or more.",
    may_carry_no_amount=frozenset(
        {
            BillPaymentLineLinkType.PAYMENT_ON_ACCOUNT,
            BillPaymentLineLinkType.REFUND,
            BillPaymentLineLinkType.UNLINKED,
            BillPaymentLineLinkType.UNKNOWN,
        }
    ),
)


@guarded
def check(payment: BillPayment) -> list[Problem]:
    """Lines against the total, links against their line, signs of links, dates and currency."""
    found = currency_problems(payment.currency, payment.currency_rate)
    found += date_problems(date=payment.date)
    return found + payment_line_problems(payment.total_amount, payment.lines, _LINK_RULES)


BILL_PAYMENTS = DataType(
    key="billPayments",
    path="billPayments",
    record=BillPayment,
    singular="bill payment",
    level=Level.COMPANY,
    links=("suppliers", "chartOfAccounts", "bankAccounts", "paymentMethods", "bills", "billCreditNotes"),
    check=check,
)
