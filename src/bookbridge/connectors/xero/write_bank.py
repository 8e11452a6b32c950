"""Writes of money that moves without a document: direct costs and incomes, and transfers. Pure functions.

A direct cost below zero becomes money received, a direct income below zero money spent: Xero takes no transaction whose
total is below zero. What was written then reads back as a record of the other type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bookbridge.accounting.reconciliation import ReconciliationStatus
from bookbridge.accounting.types.direct_costs import DIRECT_COSTS, DirectCost
from bookbridge.accounting.types.direct_incomes import DIRECT_INCOMES, DirectIncome
from bookbridge.accounting.types.transfers import TRANSFERS, Transfer, TransferAccount
from bookbridge.connectors.kit.connector import Choice, Facts, Operation, Write
from bookbridge.connectors.kit.errors import FieldProblem
from bookbridge.connectors.xero.write_lines import (
    BOUGHT_CHOICES,
    LINE_FIELDS,
    LINE_LENGTHS,
    SOLD_CHOICES,
    TAX_NOTES,
    Line,
    line_problems,
    vendor_line,
)
from bookbridge.connectors.xero.write_parts import (
    REFERENCE_LENGTH_MAX,
    Json,
    amounts_kept_whole,
    deleted,
    kept_whole,
    line_amount,
    vendor_date,
    vendor_rate,
    without_absent,
)

SPEND, RECEIVE = "SPEND", "RECEIVE"


def direct_cost(record: DirectCost, facts: Facts) -> Json:
    """Money spent; received, if the total is below zero."""
    return _bank_transaction(record, facts, usually=SPEND, below_zero=RECEIVE)


def direct_cost_update(record: DirectCost, facts: Facts) -> Json:
    """A direct cost as a whole: its lines replace all that were there."""
    return {"Reference": "", **direct_cost(record, facts)}


def direct_income(record: DirectIncome, facts: Facts) -> Json:
    """Money received; spent, if the total is below zero."""
    return _bank_transaction(record, facts, usually=RECEIVE, below_zero=SPEND)


def _bank_transaction(record: DirectCost | DirectIncome, facts: Facts, *, usually: str, below_zero: str) -> Json:
    goes_back = record.total_amount < 0
    lines = [vendor_line(line) for line in record.line_items]
    if goes_back:
        lines = [_turned(line) for line in lines]
    paid_from = record.payment_allocations[0].payment.account_ref
    return without_absent(
        {
            "Type": below_zero if goes_back else usually,
            "Contact": {"ContactID": record.contact_ref.id} if record.contact_ref else None,
            "BankAccount": {"AccountID": paid_from.id} if paid_from else None,
            "Date": vendor_date(record.issue_date),
            "Reference": record.reference or None,
            "LineAmountTypes": "Exclusive",
            # The bank account's currency is the transaction's, whatever else is sent.
            "CurrencyRate": vendor_rate(record.currency, record.currency_rate, facts),
            "LineItems": lines,
        }
    )


def _turned(line: Json) -> Json:
    """The line with its amounts above zero instead of below."""
    turned: Json = {name: line[name].copy_abs() for name in ("Quantity", "UnitAmount", "TaxAmount") if name in line}
    return {**line, **turned}


def check_paid_at_once(record: DirectCost | DirectIncome) -> list[FieldProblem]:
    """One payment of the whole, lines of one direction, amounts that Xero keeps."""
    found = line_problems(record.line_items, needs_account=False)
    if len(record.payment_allocations) != 1:
        message = f"It is paid at once: one payment, not {len(record.payment_allocations)}."
        found.append(FieldProblem("paymentAllocations", message))
    found += _direction_problems(record.line_items, is_below_zero=record.total_amount < 0)
    stated = (("subTotal", record.sub_total), ("taxAmount", record.tax_amount), ("totalAmount", record.total_amount))
    return found + amounts_kept_whole(stated)


def check_changed_cost(record: DirectCost) -> list[FieldProblem]:
    """As `check_paid_at_once`; and money spent stays money spent."""
    found = check_paid_at_once(record)
    if record.total_amount < 0:
        message = "A direct cost that was written cannot become money received: delete it, and write another."
        found.append(FieldProblem("totalAmount", message))
    return found


def _direction_problems(lines: Sequence[Line], *, is_below_zero: bool) -> list[FieldProblem]:
    found = []
    for position, line in enumerate(lines):
        message = "All lines must have the sign of the total: Xero books them in one direction."
        amounts = {"unitAmount": line_amount(line.unit_amount, line.quantity), "taxAmount": line.tax_amount}
        for name, amount in amounts.items():
            if amount and (amount < 0) != is_below_zero:
                found.append(FieldProblem(f"lineItems[{position}].{name}", message))
    return found


def transfer(record: Transfer, facts: Facts) -> Json:
    """Money moved between two bank accounts of one currency."""
    del facts
    is_reconciled = None if record.status is None else record.status is ReconciliationStatus.RECONCILED
    return without_absent(
        {
            "FromBankAccount": _account(record.from_),
            "ToBankAccount": _account(record.to),
            "Amount": record.from_.amount if record.from_ else None,
            "Date": vendor_date(record.date),
            "Reference": record.description or None,
            "FromIsReconciled": is_reconciled,
            "ToIsReconciled": is_reconciled,
        }
    )


def _account(side: TransferAccount | None) -> Json | None:
    return {"AccountID": side.account_ref.id} if side and side.account_ref else None


def check_transfer(record: Transfer) -> list[FieldProblem]:
    """Above zero, and the same amount on both sides: Xero transfers within one currency."""
    left = record.from_.amount if record.from_ else None
    reached = record.to.amount if record.to else None
    found = kept_whole("from.amount", left)
    if left is not None and left <= 0:
        found.append(FieldProblem("from.amount", "The amount must be greater than zero."))
    if left is not None and reached is not None and left != reached:
        found.append(FieldProblem("to.amount", "In Xero the amount that arrives is the one that left."))
    currencies = {side.currency for side in (record.from_, record.to) if side and side.currency}
    if len(currencies) > 1:
        found.append(FieldProblem("to.currency", "Xero transfers between accounts of one currency only."))
    return found


_PAID_FROM: Final = "paymentAllocations.payment.accountRef.id"
_BANK_FIELDS: Final = (
    "contactRef.id",
    "contactRef.dataType",
    "reference",
    "issueDate",
    "currency",
    "currencyRate",
    "subTotal",
    "taxAmount",
    "totalAmount",
    *LINE_FIELDS,
    _PAID_FROM,
)
_BANK_REQUIRED: Final = ("contactRef.id", "lineItems", "lineItems.accountRef.id", "paymentAllocations", _PAID_FROM)
_BANK_LENGTHS: Final = {"reference": REFERENCE_LENGTH_MAX, **LINE_LENGTHS}


def _bank_choices(contacts: str) -> Mapping[str, Choice]:
    # Every contact of Xero's is both; which of the two lists was read is the installation's choice.
    lines = BOUGHT_CHOICES if contacts == "suppliers" else SOLD_CHOICES
    return {"contactRef.id": Choice(records_of=contacts), _PAID_FROM: Choice(records_of="bankAccounts"), **lines}


BANK_WRITES: Final[tuple[Write[Any], ...]] = (
    Write(
        DIRECT_COSTS,
        Operation.CREATE,
        "BankTransactions",
        direct_cost,
        fields=_BANK_FIELDS,
        required=_BANK_REQUIRED,
        choices=_bank_choices("suppliers"),
        length_max=_BANK_LENGTHS,
        notes=TAX_NOTES,
        check=check_paid_at_once,
    ),
    Write(
        DIRECT_COSTS,
        Operation.UPDATE,
        "BankTransactions",
        direct_cost_update,
        fields=_BANK_FIELDS,
        required=_BANK_REQUIRED,
        choices=_bank_choices("suppliers"),
        length_max=_BANK_LENGTHS,
        notes=TAX_NOTES,
        check=check_changed_cost,
    ),
    Write(DIRECT_COSTS, Operation.DELETE, "BankTransactions", deleted, fields=()),
    Write(
        DIRECT_INCOMES,
        Operation.CREATE,
        "BankTransactions",
        direct_income,
        fields=_BANK_FIELDS,
        required=_BANK_REQUIRED,
        choices=_bank_choices("customers"),
        length_max=_BANK_LENGTHS,
        notes=TAX_NOTES,
        check=check_paid_at_once,
    ),
    Write(
        TRANSFERS,
        Operation.CREATE,
        "BankTransfers",
        transfer,
        fields=(
            "description",
            "date",
            "status",
            "from.accountRef.id",
            "from.accountRef.dataType",
            "from.amount",
            "to.accountRef.id",
            "to.accountRef.dataType",
            "to.amount",
        ),
        required=("date", "from.accountRef.id", "from.amount", "to.accountRef.id"),
        choices={
            "status": Choice(("Unreconciled", "Reconciled")),
            "from.accountRef.id": Choice(records_of="bankAccounts"),
            "to.accountRef.id": Choice(records_of="bankAccounts"),
        },
        length_max={"description": REFERENCE_LENGTH_MAX},
        notes={
            "to.accountRef.id": "Another account than the money comes from, in the same currency.",
            "to.amount": "The same amount, if it is told at all.",
        },
        check=check_transfer,
    ),
)
