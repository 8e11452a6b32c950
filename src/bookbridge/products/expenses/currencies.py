"""Which currency a transaction is written in, and at which rate: the currencies of the books, of the account and of the
transaction decide it, by the ledger's rules. Pure.

A rate multiplies an amount into the base currency: at a base of GBP, 20 USD at 0.781 are 15.62 GBP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from bookbridge.accounting.money import currency_places, exact_difference, exact_product, exact_sum, round_half_up
from bookbridge.connectors.kit.expenses import Amounts, Currencies
from bookbridge.products.expenses.errors import NotLanded
from bookbridge.products.expenses.ledger import Ledger


@dataclass(frozen=True)
class Denomination:
    """A currency and its rate; no rate in the base currency."""

    currency: str
    rate: Decimal | None = None


def combination(base: str | None, first: str | None, second: str | None) -> Currencies:
    """How two currencies stand to the base currency. Where the books do not say theirs, nothing is foreign."""
    base = base or first or second
    first = first or base
    if first == second:
        return Currencies.ALL_BASE if first == base else Currencies.SAME_FOREIGN
    if second == base:
        return Currencies.FIRST_FOREIGN
    return Currencies.SECOND_FOREIGN if first == base else Currencies.ALL_DIFFERENT


def written_in(ledger: Ledger, base: str | None, bank: str | None, currency: str, rate: Decimal | None) -> Denomination:
    """What a card transaction is written in. Raises NotLanded for a combination that the ledger does not take, and for
    a foreign currency without a rate."""
    found = combination(base, bank, currency)
    treatment = ledger.rules.currencies.get(found)
    if treatment is None:
        message = f"A transaction in {currency} on an account in {bank} is not supported where the books are in {base}."
        raise NotLanded.processing(message)
    chosen = bank if treatment is Amounts.IN_BANK_CURRENCY and bank else currency
    return denominated(base, chosen, rate)


def denominated(base: str | None, currency: str, rate: Decimal | None) -> Denomination:
    """The currency with its rate. Raises NotLanded for a foreign currency without one."""
    if base is None or currency == base:
        return Denomination(currency)
    if rate is None:
        raise NotLanded.processing(f"A currency rate from {currency} into {base} is required.")
    return Denomination(currency, rate)


def in_base(amounts: Sequence[Decimal], given: Denomination, base: str | None) -> list[Decimal]:
    """The amounts in the base currency, each rounded; what rounding leaves over goes to the largest, so that amounts
    which added up to zero still do."""
    if given.rate is None:
        return list(amounts)
    places = currency_places(base)
    found = [round_half_up(exact_product(amount, given.rate), places) for amount in amounts]
    wanted = round_half_up(exact_product(exact_sum(amounts), given.rate), places)
    largest = max(range(len(found)), key=lambda place: abs(found[place]))
    found[largest] = exact_sum((found[largest], exact_difference(wanted, exact_sum(found))))
    return found
