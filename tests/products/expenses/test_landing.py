"""What transactions become by other rules than those of the ledgers at hand: pure functions, without any ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from bookbridge.accounting.types.accounts import Account, AccountType
from bookbridge.accounting.types.bank_accounts import BankAccount, BankAccountType
from bookbridge.accounting.types.customers import Customer, CustomerStatus
from bookbridge.accounting.types.direct_costs import DirectCost
from bookbridge.accounting.types.journal_entries import JournalEntry
from bookbridge.accounting.types.suppliers import Supplier, SupplierStatus
from bookbridge.accounting.types.tax_rates import TaxRate
from bookbridge.companies.connections import Connection, Status
from bookbridge.connectors.kit.expenses import Amounts, Currencies, SpendRule, SpendType, TransferRule
from bookbridge.connectors.sandbox.manifest import CONNECTOR
from bookbridge.products.expenses.books import Books
from bookbridge.products.expenses.checks import check
from bookbridge.products.expenses.codes import SyncCode, overall
from bookbridge.products.expenses.configuration import Configuration
from bookbridge.products.expenses.currencies import Denomination, combination, in_base
from bookbridge.products.expenses.errors import InvalidRequest, NotLanded, Unsupported
from bookbridge.products.expenses.landing import Desk, land
from bookbridge.products.expenses.ledger import Ledger
from bookbridge.products.expenses.transactions import Adjustment, AdjustmentLine, Line, Spending, Transfer

DAY = "2026-11-02T00:00:00"
CONNECTION = Connection(
    company_id=uuid4(),
    id=uuid4(),
    integration_key=CONNECTOR.key,
    status=Status.LINKED,
    created=datetime(2026, 11, 1, tzinfo=UTC),
    last_sync=None,
    linked_first=None,
    linked_last=None,
    organisation_id=None,
    organisation_name=None,
    facts={},
    connection_info=None,
    errors=(),
    link_generation=0,
)


def books() -> Books:
    accounts = {
        "cost": Account(id="cost", name="Costs", type=AccountType.EXPENSE),
        "other": Account(id="other", name="Other", type=AccountType.ASSET),
        "bank": Account(id="bank", is_bank_account=True, currency="GBP"),
    }
    banks = {
        "bank": BankAccount(id="bank", currency="GBP", account_type=BankAccountType.DEBIT),
        "dollars": BankAccount(id="dollars", currency="USD", account_type=BankAccountType.CREDIT),
        "euros": BankAccount(id="euros", currency="EUR", account_type=BankAccountType.DEBIT),
    }
    rates = {"t20": TaxRate(id="t20", effective_tax_rate=Decimal(20))}
    suppliers = {"s": Supplier(id="s", status=SupplierStatus.ACTIVE)}
    customers = {"c": Customer(id="c", status=CustomerStatus.ACTIVE)}
    return Books("GBP", None, accounts, banks, rates, {}, suppliers, customers)


def desk(*, without: tuple[str, ...] = (), defaults: Configuration | None = None, **rules: Any) -> Desk:
    """A desk with the Sandbox's rules but for those that are given, at a ledger that lacks some data types."""
    writes = tuple(row for row in CONNECTOR.writes if row.data_type.key not in without)
    connector = replace(CONNECTOR, writes=writes)
    assert connector.expenses is not None
    ledger = Ledger(CONNECTION, connector, replace(connector.expenses, **rules))
    return Desk(ledger, books(), defaults or Configuration("bank", "s", "c"))


def spending(kind: SpendType = SpendType.REFUND, **more: Any) -> Spending:
    line = Line(net_amount=Decimal(100), account_id="cost", tax_amount=Decimal(0))
    given = {"id": uuid4(), "type": kind, "issue_date": DAY, "currency": "GBP", "lines": (line,), **more}
    return Spending(**given)


def test_money_back_is_a_cost_below_zero_where_there_is_no_income() -> None:
    taxed = Line(net_amount=Decimal(100), account_id="cost", tax_rate_id="t20")
    landed = land(desk(without=("directIncomes",), negative_costs=True), spending(lines=(taxed,)))
    record = landed.record
    assert isinstance(record, DirectCost)
    assert (record.sub_total, record.tax_amount, record.total_amount) == (-100, -20, -120)
    assert (record.line_items[0].unit_amount, record.line_items[0].quantity) == (-100, 1)
    assert record.payment_allocations[0].payment.total_amount == -120
    assert not landed.data_type.check(record)


def test_money_back_is_an_entry_where_there_is_neither() -> None:
    at = desk(without=("directIncomes",))
    landed = land(at, spending(currency="USD", currency_rate=Decimal("0.785")))
    record = landed.record
    assert isinstance(record, JournalEntry)
    booked = [(line.account_ref.id if line.account_ref else "", line.net_amount) for line in record.journal_lines]
    assert booked == [("cost", Decimal("-78.50")), ("bank", Decimal("78.50"))]
    assert not landed.data_type.check(record)
    taxed = Line(net_amount=Decimal(100), account_id="cost", tax_rate_id="t20")
    with pytest.raises(NotLanded, match="Tax cannot be told"):
        land(at, spending(lines=(taxed,)))
    with pytest.raises(NotLanded, match="has no record for a Refund"):
        land(desk(without=("directIncomes", "journalEntries")), spending())


ALL = dict.fromkeys(Currencies, Amounts.AS_GIVEN)
BANK_DECIDES = {**dict.fromkeys(Currencies, Amounts.IN_BANK_CURRENCY), Currencies.ALL_BASE: Amounts.AS_GIVEN}


@pytest.mark.parametrize(
    ("bank", "currency", "treatment", "written"),
    [
        ("bank", "GBP", ALL, ("GBP", None)),
        ("dollars", "USD", ALL, ("USD", Decimal("0.8"))),
        ("dollars", "GBP", ALL, ("GBP", None)),
        ("bank", "USD", ALL, ("USD", Decimal("0.8"))),
        ("dollars", "EUR", ALL, ("EUR", Decimal("0.8"))),
        # The ledger knows no currency but the account's.
        ("dollars", "GBP", BANK_DECIDES, ("USD", Decimal("0.8"))),
        ("bank", "USD", BANK_DECIDES, ("GBP", None)),
        ("dollars", "EUR", BANK_DECIDES, ("USD", Decimal("0.8"))),
    ],
)
def test_the_currency_that_is_written(bank: str, currency: str, treatment: Any, written: Any) -> None:
    sent = spending(SpendType.PAYMENT, currency=currency, currency_rate=Decimal("0.8"), bank_account_id=bank)
    record = land(desk(currencies=treatment), sent).record
    assert isinstance(record, DirectCost)
    assert (record.currency, record.currency_rate) == written
    assert record.total_amount == 100


def test_currencies_that_a_ledger_does_not_take() -> None:
    taken = {Currencies.ALL_BASE: Amounts.AS_GIVEN}
    for bank, currency in (("dollars", "USD"), ("dollars", "GBP"), ("bank", "USD"), ("dollars", "EUR")):
        with pytest.raises(NotLanded, match="is not supported") as caught:
            land(desk(currencies=taken), spending(currency=currency, bank_account_id=bank, currency_rate=Decimal(1)))
        assert caught.value.code is SyncCode.PROCESSING


def test_how_currencies_stand_to_each_other() -> None:
    assert combination("GBP", "GBP", "GBP") is Currencies.ALL_BASE
    assert combination("GBP", "USD", "USD") is Currencies.SAME_FOREIGN
    assert combination("GBP", "USD", "GBP") is Currencies.FIRST_FOREIGN
    assert combination("GBP", "GBP", "USD") is Currencies.SECOND_FOREIGN
    assert combination("GBP", "USD", "EUR") is Currencies.ALL_DIFFERENT
    assert combination(None, None, "USD") is Currencies.ALL_BASE


def test_what_added_up_to_zero_still_does() -> None:
    amounts = [Decimal("33.33"), Decimal("33.33"), Decimal("33.34"), Decimal(-100)]
    booked = in_base(amounts, Denomination("USD", Decimal("0.7777")), "GBP")
    assert sum(booked) == 0
    assert all(
        abs(one - wanted * Decimal("0.7777")) < Decimal("0.02") for one, wanted in zip(booked, amounts, strict=True)
    )
    assert in_base(amounts, Denomination("GBP"), "GBP") == amounts


def test_transfers_between_currencies() -> None:
    rule = TransferRule(currencies=frozenset({Currencies.ALL_BASE, Currencies.FIRST_FOREIGN}))
    moved = Transfer(id=uuid4(), date=DAY, from_id="dollars", from_amount=Decimal(10), to_id=None, to_amount=Decimal(8))
    record: Any = land(desk(transfers=rule), moved).record
    assert (record.from_.amount, record.from_.currency, record.to.amount, record.to.currency) == (10, "USD", 8, "GBP")
    assert record.to.account_ref.id == "bank"
    back = Transfer(
        id=uuid4(), date=DAY, from_id="bank", from_amount=Decimal(8), to_id="dollars", to_amount=Decimal(10)
    )
    with pytest.raises(NotLanded, match="not supported"):
        land(desk(transfers=rule), back)
    dear = replace(books(), accounts={**books().accounts, "other": Account(id="other", currency="GBP")})
    away = Transfer(
        id=uuid4(), date=DAY, from_id="dollars", from_amount=Decimal(10), to_id="other", to_amount=Decimal(8)
    )
    with pytest.raises(NotLanded, match="only the base currency"):
        land(replace(desk(transfers=rule), books=dear), away)
    uneven = Transfer(id=uuid4(), date=DAY, from_id="bank", from_amount=Decimal(8), to_id="other", to_amount=Decimal(9))
    with pytest.raises(NotLanded, match="Within one currency"):
        land(desk(transfers=rule), uneven)


def test_defaults_that_are_gone() -> None:
    for gone, what in ((Configuration(), "No bank account"), (Configuration("x", "s", "c"), "'x' any more")):
        with pytest.raises(NotLanded, match=what) as caught:
            land(desk(defaults=gone), spending())
        assert caught.value.code is SyncCode.CONFIGURATION
    with pytest.raises(NotLanded, match="no customer with the id 'y' any more"):
        land(desk(defaults=Configuration("bank", "s", "y")), spending())


def test_cards_only() -> None:
    at = desk(spending={SpendType.REFUND: SpendRule("customers", card_only=True)}, currencies=ALL)
    with pytest.raises(InvalidRequest) as caught:
        check(at.ledger, at.books, [spending(bank_account_id="bank"), spending(bank_account_id="dollars")])
    assert [one.field for one in caught.value.problems] == ["Items[0].BankAccountRef.Id"]
    with pytest.raises(NotLanded, match="on this account"):
        land(at, spending())
    with pytest.raises(InvalidRequest) as caught:
        check(at.ledger, at.books, [spending(SpendType.PAYMENT)])
    assert [one.field for one in caught.value.problems] == ["Items[0].Type"]


def test_a_contact_that_is_both() -> None:
    """The ledger's usual kind, unless a customer is meant; libraries say Supplier whatever is meant."""
    both = replace(books(), customers={"s": Customer(id="s", status=CustomerStatus.ACTIVE)})
    at = replace(desk(), books=both)
    for kind, told, written in (
        (SpendType.PAYMENT, None, "suppliers"),
        (SpendType.PAYMENT, "suppliers", "suppliers"),
        (SpendType.PAYMENT, "customers", "customers"),
        (SpendType.REFUND, None, "customers"),
        (SpendType.REFUND, "suppliers", "customers"),
    ):
        record: Any = land(at, spending(kind, contact_id="s", contact_type=told)).record
        assert record.contact_ref.data_type.value == written, (kind, told)


def test_no_contact_where_the_ledger_takes_none() -> None:
    at = desk(spending={SpendType.PAYMENT: SpendRule(None)}, defaults=Configuration("bank"))
    record: Any = land(at, spending(SpendType.PAYMENT)).record
    assert record.contact_ref is None


def test_adjustments_and_banks() -> None:
    lines = tuple(AdjustmentLine(amount=Decimal(sign), account_id=one) for sign, one in ((1, "cost"), (-1, "bank")))
    entry = Adjustment(id=uuid4(), date=DAY, currency="GBP", lines=lines)
    at = desk(bank_entries=False)
    with pytest.raises(InvalidRequest) as caught:
        check(at.ledger, at.books, [entry])
    assert [one.field for one in caught.value.problems] == ["Items[0].Lines[1].AccountRef.Id"]
    with pytest.raises(NotLanded, match="bank accounts"):
        land(at, entry)
    with pytest.raises(Unsupported):
        check(desk(adjustments=False).ledger, at.books, [entry])


def test_a_line_without_a_rate_gets_the_ledgers_rate_for_no_tax() -> None:
    record: Any = land(desk(no_tax_rate="NONE"), spending(SpendType.PAYMENT)).record
    assert record.line_items[0].tax_rate_ref.id == "NONE"


def test_the_worst_counts() -> None:
    assert overall([2000, 2000]) is SyncCode.WRITTEN
    assert overall([]) is SyncCode.NOTHING_WRITTEN
    assert overall([2000, 5080, 5130]) is SyncCode.WRITING
    assert overall([5130, 4000, 5120]) is SyncCode.CONFIGURATION
    assert overall([4000, 4040]) is SyncCode.DEAUTHORIZED
