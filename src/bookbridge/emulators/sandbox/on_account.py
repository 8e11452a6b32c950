"""Money that is paid ahead: it stays with the contact until it is paid back.

A payment holds it as a line whose one link is of type PaymentOnAccount and names the contact. Paid back, in whole or in
part, it becomes a line of its own whose link of type Refund names the payment that brought it back; that one names the
first payment. What settles documents is in `settlement`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from bookbridge.accounting.money import exact_difference, exact_sum
from bookbridge.emulators.sandbox.book import Book, Json, minor, number, refuse

ON_ACCOUNT: Final = "PaymentOnAccount"
REFUND: Final = "Refund"


def held(payment: Json) -> Decimal:
    """How much of a payment is with the contact still, in the payment's currency."""
    return exact_sum(number(line["amount"]) for line in payment["lines"] if _is(line, ON_ACCOUNT))


def was_paid_back(payment: Json) -> bool:
    """Whether a part of what was paid ahead has come back."""
    return any(_is(line, REFUND) for line in payment["lines"])


def ahead(book: Book, contacts: str, link: Json, line_amount: Decimal, prefix: str) -> Json:
    """The link of a line that is paid ahead to one of the contacts. Raises Refused."""
    book.need(contacts, link.get("id"), f"{prefix}id")
    if line_amount <= 0:
        raise refuse(f"{prefix}amount", "What is paid ahead is above zero; name the payment to pay it back.")
    if number(link.get("amount")) not in (0, -line_amount):
        raise refuse(f"{prefix}amount", "What is paid ahead is the whole of its line.")
    return {"type": ON_ACCOUNT, "id": link["id"], "amount": -line_amount, "currencyRate": Decimal(1)}


def back(book: Book, payments: str, link: Json, line_amount: Decimal, prefix: str) -> Json:
    """The link of a line by which money comes back that an earlier payment holds. Raises Refused."""
    earlier = book.need(payments, link.get("id"), f"{prefix}id")
    amount = -line_amount if link.get("amount") is None else number(link["amount"])
    if amount <= 0 or amount + line_amount:
        raise refuse(f"{prefix}amount", "What comes back is a line below zero, and a link of the same amount above.")
    if amount > held(earlier):
        raise refuse(f"{prefix}amount", f"Only {held(earlier)} of that payment is on account.")
    return {"type": link["type"], "id": earlier["id"], "amount": amount, "currencyRate": Decimal(1)}


def paid_back(book: Book, payments: str, earlier_id: str, amount: Decimal, by: Json) -> int:
    """Take an amount off what an earlier payment holds; returns by how much that changes what it holds, in the base
    currency's minor units (below zero)."""
    earlier = book.need(payments, earlier_id, "lines.links.id")
    before = held(earlier)
    if amount > before:
        raise refuse("lines.links.amount", f"Only {before} of that payment is on account.")
    lines = _with_held(earlier, exact_difference(before, amount))
    link = {"type": REFUND, "id": by["id"], "amount": -amount, "currencyRate": Decimal(1)}
    lines.append({"amount": amount, "allocatedOnDate": by["date"], "links": [link]})
    return _kept(book, payments, earlier, lines, before)


def given_again(book: Book, payments: str, earlier_id: str, by_id: str) -> int:
    """Undo `paid_back`: what came back by a payment is held again. Returns the change like it (above zero)."""
    earlier = book.get(payments, earlier_id)
    if earlier is None:
        return 0
    before = held(earlier)
    returned = [line for line in earlier["lines"] if _is(line, REFUND) and line["links"][0]["id"] == by_id]
    amount = exact_sum(number(line["amount"]) for line in returned)
    left = {**earlier, "lines": [line for line in earlier["lines"] if line not in returned]}
    return _kept(book, payments, earlier, _with_held(left, exact_sum((before, amount))), before)


def _kept(book: Book, payments: str, earlier: Json, lines: list[Json], before: Decimal) -> int:
    changed = {**earlier, "lines": lines}
    book.put(payments, changed)
    rate = number(earlier["currencyRate"])
    # As a difference of what is held before and after, so that the control account stays the sum of its parts.
    return minor(held(changed), rate) - minor(before, rate)


def _with_held(payment: Json, amount: Decimal) -> list[Json]:
    """The payment's lines, holding that amount: in one line, or in none."""
    others = [line for line in payment["lines"] if not _is(line, ON_ACCOUNT)]
    if not amount:
        return others
    model = next((line for line in payment["lines"] if _is(line, ON_ACCOUNT)), None)
    party = payment.get("supplierRef") or payment.get("customerRef") or {}
    link = model["links"][0] if model else {"type": ON_ACCOUNT, "id": party.get("id"), "currencyRate": Decimal(1)}
    on = model["allocatedOnDate"] if model else payment["date"]
    return [*others, {"amount": amount, "allocatedOnDate": on, "links": [{**link, "amount": -amount}]}]


def _is(line: Json, word: str) -> bool:
    return any(link["type"] == word for link in line["links"])
