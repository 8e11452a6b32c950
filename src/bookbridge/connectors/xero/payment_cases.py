"""What a payment asks of Xero: which of its calls makes it, or why none does.

Xero knows no payment with lines. It has a call for each thing that money or credit can do, and one write of ours is
exactly one of them: two effects could not be told apart when an answer is lost. Both sides of the books are understood
here; `write_payments` makes the payloads. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Protocol

from bookbridge.accounting.payment_lines import PaymentLine, PaymentLink
from bookbridge.accounting.records import Word
from bookbridge.accounting.references import AccountRef
from bookbridge.connectors.kit.errors import FieldProblem
from bookbridge.connectors.xero.write_parts import DATE_LENGTH, amounts_kept_whole


class Case(Enum):
    """The things that a payment can be."""

    DOCUMENT = "one bill or invoice is paid, in whole or in part"
    BATCH = "several are paid at once, each by a known amount"
    ALLOCATION = "a credit note is set against bills or invoices; no money moves"
    ON_ACCOUNT = "money is kept with the contact"
    CREDIT_REFUND = "money comes back for a credit note"
    ADVANCE_REFUND = "money comes back that was kept with the contact"


@dataclass(frozen=True)
class Side:
    """What one side of the books calls things, and the words for people."""

    document: Word
    credit: Word
    advance: Word
    on_account: Word
    noun: str
    contact: str
    overpayment_type: str
    refund_types: tuple[str, str, str]
    """Xero's types of what is paid back: for a credit note, an overpayment, a prepayment."""


class AnyPayment(Protocol):
    """A payment of either side."""

    @property
    def date(self) -> str: ...
    @property
    def account_ref(self) -> AccountRef | None: ...
    @property
    def total_amount(self) -> Decimal | None: ...
    @property
    def currency(self) -> str | None: ...
    @property
    def currency_rate(self) -> Decimal | None: ...
    @property
    def reference(self) -> str | None: ...
    @property
    def lines(self) -> Sequence[PaymentLine]: ...


def links_of(record: AnyPayment) -> list[PaymentLink]:
    """All links of all lines, in order."""
    return [link for line in record.lines for link in line.links]


def case_of(record: AnyPayment, side: Side) -> Case | None:
    """The case that a payment is; None if Xero has no call for it."""
    kinds = {link.type for link in links_of(record)}
    total = record.total_amount
    if not record.lines or total is None:
        return None
    if kinds == {side.document, side.credit}:
        one_credit = len({link.id for link in links_of(record) if link.type is side.credit}) == 1
        return Case.ALLOCATION if one_credit and total == 0 else None
    if any(len(line.links) != 1 for line in record.lines):
        return None
    if kinds == {side.document} and total > 0:
        return Case.DOCUMENT if len(record.lines) == 1 else Case.BATCH
    if len(record.lines) > 1:
        return None
    if kinds == {side.on_account} and total > 0:
        return Case.ON_ACCOUNT
    if total < 0:
        return {side.credit: Case.CREDIT_REFUND, side.advance: Case.ADVANCE_REFUND}.get(next(iter(kinds)))
    return None


def case_problems(record: AnyPayment, side: Side, contact_id: str | None) -> list[FieldProblem]:
    """Why Xero cannot make this payment; nothing if it can."""
    case = case_of(record, side)
    if case is None:
        return [_impossible(record, side)]
    found = _amount_problems(record, case)
    if case is not Case.ALLOCATION and not (record.account_ref and record.account_ref.id):
        found.append(FieldProblem("accountRef.id", "Money moves, so the account that it moves on is required."))
    found += _contact_problems(record, side, contact_id) if case is Case.ON_ACCOUNT else _id_problems(record, side)
    return found


def _impossible(record: AnyPayment, side: Side) -> FieldProblem:
    """The first thing that stands in the way, and what to do about it."""
    known = (side.document, side.credit, side.advance, side.on_account)
    for place, line in enumerate(record.lines):
        for position, link in enumerate(line.links):
            if link.type not in known:
                words = ", ".join(str(word.value) for word in known)
                message = f"A link of type {link.type.value} cannot be written; possible are {words}."
                return FieldProblem(f"lines[{place}].links[{position}].type", message)
    kinds = {link.type for link in links_of(record)}
    total = record.total_amount or Decimal(0)
    if kinds == {side.document, side.credit}:
        message = (
            f"Xero sets one credit note against {side.noun}s without moving money: the total is zero. Write what is "
            "paid beside it, and other credit notes, as payments of their own."
        )
        return FieldProblem("totalAmount" if total else "lines", message)
    if len(kinds) > 1:
        message = (
            f"Xero has no payment that does two things: write one payment for the {side.noun}s and one for the rest."
        )
        return FieldProblem("lines", message)
    for place, line in enumerate(record.lines):
        if len(line.links) != 1:
            message = f"Xero must know how much each {side.noun} is paid: one line with one link for each."
            return FieldProblem(f"lines[{place}].links", message)
    if kinds <= {side.document, side.on_account}:
        message = (
            "The amount must be greater than zero; of what comes back, name the credit note or the earlier payment."
        )
        return FieldProblem("totalAmount", message) if total <= 0 else _one_line(side)
    if total >= 0:
        message = "What comes back for a credit note or an earlier payment has a total below zero."
        return FieldProblem("totalAmount", message)
    return _one_line(side)


def _one_line(side: Side) -> FieldProblem:
    return FieldProblem("lines", f"Only {side.noun}s can be paid several at once: write one payment for each line.")


def _amount_problems(record: AnyPayment, case: Case) -> list[FieldProblem]:
    found = amounts_kept_whole([("totalAmount", record.total_amount)])
    if len(record.lines) == 1 and record.lines[0].amount != record.total_amount:
        found.append(FieldProblem("lines[0].amount", "The line's amount must be the payment's total."))
    for place, line in enumerate(record.lines):
        prefix = f"lines[{place}]"
        found += amounts_kept_whole([(f"{prefix}.amount", line.amount)])
        if (
            case is not Case.ALLOCATION
            and (line.allocated_on_date or record.date)[:DATE_LENGTH] != record.date[:DATE_LENGTH]
        ):
            message = "Xero sets money against a record on the day of the payment."
            found.append(FieldProblem(f"{prefix}.allocatedOnDate", message))
        if case is Case.BATCH and line.amount <= 0:
            found.append(FieldProblem(f"{prefix}.amount", "The amount must be greater than zero."))
        for position, link in enumerate(line.links):
            where = f"{prefix}.links[{position}].amount"
            found += amounts_kept_whole([(where, link.amount)])
            if case is Case.ALLOCATION and not link.amount:
                found.append(FieldProblem(where, "How much of the credit is used must be told."))
    return found


def _id_problems(record: AnyPayment, side: Side) -> list[FieldProblem]:
    found = []
    seen: set[str] = set()
    for place, line in enumerate(record.lines):
        for position, link in enumerate(line.links):
            where = f"lines[{place}].links[{position}].id"
            if not link.id:
                found.append(FieldProblem(where, "The link must name the record."))
            elif link.type is side.document:
                if link.id.lower() in seen:
                    found.append(FieldProblem(where, f"The same {side.noun} twice: add its amounts up."))
                seen.add(link.id.lower())
    return found


def _contact_problems(record: AnyPayment, side: Side, contact_id: str | None) -> list[FieldProblem]:
    named = record.lines[0].links[0].id
    if not (contact_id or named):
        return [FieldProblem(f"{side.contact}Ref.id", f"The {side.contact} that the money is kept with is required.")]
    if contact_id and named and contact_id.lower() != named.lower():
        return [FieldProblem("lines[0].links[0].id", f"A payment on account names the {side.contact}, if anything.")]
    return []
