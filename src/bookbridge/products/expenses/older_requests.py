"""The older form of requests: transactions that are kept as a dataset, transfers and adjustments among them, and syncs
that are started by hand.

Every function raises InvalidRequest with all that is wrong, and never returns a part of what was sent.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from bookbridge.accounting.money import exact_sum
from bookbridge.accounting.problems import Problem
from bookbridge.products.expenses.errors import InvalidRequest
from bookbridge.products.expenses.given import ID_LENGTH_MAX, Given, listed, parse
from bookbridge.products.expenses.requests import (
    OLD_TYPES,
    TEXT_LENGTH_MAX,
    TRANSACTIONS_MAX,
    lines_of,
    spending,
    whole,
)
from bookbridge.products.expenses.transactions import Adjustment, AdjustmentLine, Transaction, Transfer

DATASETS_MAX: Final = 10
"""Datasets that one sync may carry: their transactions are handed over in one transaction of the database."""


def older_spendings(body: bytes) -> list[Transaction]:
    """The older form, `{"items": […]}`, in which transfers and adjustments are card transactions too."""
    problems: list[Problem] = []
    content = parse(body)
    if not isinstance(content, dict):
        raise InvalidRequest([Problem("Items", "The field Items is required.")])
    items: Any = next((value for name, value in content.items() if name.casefold() == "items"), [])
    found = [_older(given) for given in listed(items, "Items", 1, TRANSACTIONS_MAX, problems)]
    return whole(found, problems)


def dataset_ids(body: bytes) -> list[UUID]:
    """The datasets that a sync is to carry, each once."""
    problems: list[Problem] = []
    given = Given(parse(body), "", problems)
    # Ids are plain text in a list, unlike everything else in this contract.
    found = given.texts("DatasetIds", 1, DATASETS_MAX)
    ids: list[UUID] = []
    for position, text in enumerate(found):
        try:
            ids.append(UUID(text))
        except ValueError:
            problems.append(Problem(f"DatasetIds[{position}]", "The field DatasetIds must hold UUIDs."))
    if problems:
        raise InvalidRequest(problems)
    return list(dict.fromkeys(ids))


def _older(given: Given) -> Transaction | None:
    kind = (given.text("Type", ID_LENGTH_MAX) or "").casefold()
    if kind not in OLD_TYPES:
        return spending(given)
    transaction_id, day, currency = given.uuid("Id"), given.day("IssueDate"), given.currency("Currency")
    rate, bank = given.rate("CurrencyRate"), given.reference("BankAccountRef")
    text = given.text("Notes", TEXT_LENGTH_MAX) or given.text("MerchantName", TEXT_LENGTH_MAX)
    lines = lines_of(given, currency)
    if transaction_id is None or day is None or currency is None or not lines:
        return None
    amounts = [exact_sum((line.net_amount, line.tax_amount or Decimal(0))) for line in lines]
    arrives = kind.endswith("in")
    if kind.startswith("transfer"):
        if len(lines) != 1:
            given.wrong("Lines", "must have one line, which names the other account")
            return None
        other: Any = lines[0].account_id
        source, target = (other, bank) if arrives else (bank, other)
        same = amounts[0]
        return Transfer(
            id=transaction_id,
            date=day,
            description=text,
            from_id=source,
            from_amount=same,
            to_id=target,
            to_amount=same,
        )
    sign = -1 if arrives else 1
    booked = [
        AdjustmentLine(amount=sign * amount, account_id=line.account_id, description=text, tracking=line.tracking)
        for line, amount in zip(lines, amounts, strict=True)
    ]
    moved = AdjustmentLine(amount=-sign * exact_sum(amounts), account_id=bank, description=text)
    return Adjustment(id=transaction_id, date=day, currency=currency, currency_rate=rate, lines=(*booked, moved))
