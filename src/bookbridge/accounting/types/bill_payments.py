"""Payments to suppliers, and what each of them pays.

A payment has lines, a line has links. The sum of the lines is the payment's total. A link below zero lowers
what the company owes (it pays a bill), one above zero raises it (it uses up a credit note); a line and its
links add up to zero. A credit note that pays a bill is thus a payment of total zero with two links.
"""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.money import ZERO
from bookbridge.accounting.problems import Problem, currency_problems, date_problems, guarded, sum_problem
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


# A vendor that does not say what a payment on account is for writes its link with amount zero.
_MAY_CARRY_NO_AMOUNT = frozenset(
    {
        BillPaymentLineLinkType.PAYMENT_ON_ACCOUNT,
        BillPaymentLineLinkType.REFUND,
        BillPaymentLineLinkType.UNLINKED,
        BillPaymentLineLinkType.UNKNOWN,
    }
)


@guarded
def check(payment: BillPayment) -> list[Problem]:
    """Lines against the total, links against their line, signs of links, dates and currency."""
    found = currency_problems(payment.currency, payment.currency_rate)
    found += date_problems(date=payment.date)
    if payment.lines and payment.total_amount is not None:
        amounts = [line.amount for line in payment.lines]
        found += sum_problem("totalAmount", payment.total_amount, amounts, ZERO)
    for position, line in enumerate(payment.lines):
        found += _line_problems(line, f"lines[{position}].")
    return found


def _line_problems(line: BillPaymentLine, prefix: str) -> list[Problem]:
    found = date_problems(**{f"{prefix}allocatedOnDate": line.allocated_on_date})
    for position, link in enumerate(line.links):
        found += _link_problems(link, f"{prefix}links[{position}].")
    if _adds_up_in_one_currency(line):
        owed = [None if link.amount is None else link.amount.copy_negate() for link in line.links]
        found += sum_problem(f"{prefix}amount", line.amount, owed, ZERO)
    return found


def _adds_up_in_one_currency(line: BillPaymentLine) -> bool:
    if not line.links:
        return False
    if any(link.currency_rate not in (None, 1) for link in line.links):
        # Link amounts in another currency add up only after an exchange gain or loss that is not in the
        # record.
        return False
    return not any(link.type in _MAY_CARRY_NO_AMOUNT and not link.amount for link in line.links)


def _link_problems(link: BillPaymentLineLink, prefix: str) -> list[Problem]:
    found = []
    if link.currency_rate is not None and link.currency_rate <= 0:
        message = f"An exchange rate is greater than zero, not {link.currency_rate}."
        found.append(Problem(f"{prefix}currencyRate", message))
    if link.amount is None:
        return found
    if link.type is BillPaymentLineLinkType.BILL and link.amount > 0:
        found.append(Problem(f"{prefix}amount", "Paying a bill lowers what is owed: zero or less."))
    if link.type is BillPaymentLineLinkType.CREDIT_NOTE and link.amount < 0:
        found.append(Problem(f"{prefix}amount", "Using a credit note raises what is owed: zero or more."))
    return found


BILL_PAYMENTS = DataType(
    key="billPayments",
    path="billPayments",
    record=BillPayment,
    singular="bill payment",
    level=Level.COMPANY,
    links=("suppliers", "chartOfAccounts", "bankAccounts", "bills", "billCreditNotes"),
    check=check,
)
