"""The seed books: two years of an invented business's life, told through the emulator's own rules.

The same seed gives the same book, ids and stamps included. Everything is written through the functions that
the API uses, so a seed book cannot hold what the rules would refuse. Large books come from bulk.py.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from decimal import Decimal

from bookbridge.emulators.xero import accounts, contacts, items
from bookbridge.emulators.xero.accounts import ACCOUNT_CLASSES
from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.bulk import add_documents
from bookbridge.emulators.xero.clock import Clock, Millis, SeedClock
from bookbridge.emulators.xero.ids import Ids
from bookbridge.emulators.xero.records import (
    Account,
    BrandingTheme,
    Currency,
    Organisation,
    TaxComponent,
    TaxRate,
    TrackingCategory,
    TrackingOption,
    User,
)
from bookbridge.emulators.xero.seed_tables import (
    CHART,
    COMPANY_FIRST,
    COMPANY_SECOND,
    CURRENCIES,
    FIRST_NAMES,
    GLOBAL,
    ITEMS,
    LAST_NAMES,
    PURCHASES,
    SALES,
    TOWNS,
    UK,
    USD_VALUE,
    Flavour,
)
from bookbridge.emulators.xero.settings import XeroEmulatorSettings
from bookbridge.emulators.xero.story import Story
from bookbridge.emulators.xero.wire import Fields

YEARS_SEEDED = 2
_CONTACTS = 60
_RATE = Decimal("0.000001")


def seed_books(settings: XeroEmulatorSettings) -> list[Book]:
    """The two organisations that a fresh emulator has, each still in its past."""
    return [
        seed_book(settings, seed=settings.seed, name="Fernhollow Studio Ltd", base_currency="GBP"),
        seed_book(settings, seed=settings.seed + 1, name="Ardcullen Provisions Ltd", base_currency="EUR"),
    ]


def seed_book(settings: XeroEmulatorSettings, *, seed: int, name: str, base_currency: str, documents: int = 0) -> Book:
    """An organisation: with the ordinary two years of life, or with ``documents`` bills and invoices.

    It stands in its past, with ids from its own series, until ``bring_to_present``.
    """
    past = SeedClock()
    flavour = UK if base_currency == "GBP" else GLOBAL
    start = settings.today.replace(year=settings.today.year - YEARS_SEEDED, day=1)
    past.set(dt.datetime.combine(start - dt.timedelta(days=90), dt.time(9), tzinfo=dt.UTC))
    rng = random.Random(f"{seed}/{name}/{base_currency}")
    ids = Ids(random.Random(f"ids/{seed}/{name}/{base_currency}"))
    book = Book(_organisation(rng, name, base_currency, flavour, start), past, ids)
    _reference_records(book, rng, flavour)
    if documents:
        add_documents(book, rng, documents, flavour, start, settings.today)
    else:
        Story(book, rng, flavour, past, start, settings.today).tell()
    book.effects.clear()
    return book


def bring_to_present(book: Book, clock: Clock, ids: Ids) -> Book:
    """Let a seeded book go on by ``clock``, with stamps later than all it has, and with new ids."""
    clock.not_before(book.clock.stamp())
    book.clock, book.ids = clock, ids
    return book


def _organisation(rng: random.Random, name: str, base_currency: str, flavour: Flavour, start: dt.date) -> Organisation:
    created = dt.datetime.combine(start - dt.timedelta(days=120), dt.time(10), tzinfo=dt.UTC)
    return Organisation(
        organisation_id=str(uuid.UUID(int=rng.getrandbits(128), version=4)),
        name=name,
        legal_name=name,
        base_currency=base_currency,
        country_code=flavour.country,
        version=flavour.version,
        timezone=flavour.timezone,
        registration_number=f"{rng.randrange(10**7, 10**8)}",
        tax_number=f"{flavour.country}{rng.randrange(10**8, 10**9)}",
        short_code=f"!{''.join(rng.choices('bcdfghjkmnpqrstvwxyz23456789', k=5))}",
        financial_year_end_day=31,
        financial_year_end_month=3,
        created_ms=Millis(int(created.timestamp() * 1000)),
        period_lock_date=dt.date(start.year, 3, 31),
        city=flavour.city,
        country=flavour.country_name,
    )


# -- reference records ----------------------------------------------------------------------------


def _reference_records(book: Book, rng: random.Random, flavour: Flavour) -> None:
    base = book.organisation.base_currency
    for code, description in CURRENCIES.items():
        book.add(book.currencies, Currency(code=code, description=description))
        if code != base and base in USD_VALUE:
            book.rates[code] = (Decimal(USD_VALUE[base]) / Decimal(USD_VALUE[code])).quantize(_RATE)
    if base not in CURRENCIES:
        book.add(book.currencies, Currency(code=base, description=base))
        book.rates |= {code: Decimal(1) for code in CURRENCIES}
    _tax_rates(book, flavour)
    _accounts(book, flavour)
    _tracking(book)
    for code, name, price, cost, account in ITEMS:
        items.create_item(book, Fields(_item(code, name, price, cost, account, flavour)))
    _contacts(book, rng, flavour)
    book.add(book.branding_themes, BrandingTheme(branding_theme_id=book.new_id(), name="Standard"))
    book.add(
        book.users,
        User(user_id=book.new_id(), email_address="orla.penhale@example.com", first_name="Orla", last_name="Penhale"),
    )


def _tax_rates(book: Book, flavour: Flavour) -> None:
    for row in flavour.tax_rows:
        rate = Decimal(row.rate)
        book.add(
            book.tax_rates,
            TaxRate(
                tax_type=row.tax_type,
                name=row.name,
                effective_rate=rate,
                components=(TaxComponent(name=flavour.tax_label, rate=rate),),
                report_tax_type=row.report,
                can_apply_to_revenue=row.revenue,
                can_apply_to_expenses=row.expenses,
                can_apply_to_assets=row.expenses,
            ),
        )


def _accounts(book: Book, flavour: Flavour) -> None:
    taxes = {SALES: flavour.sales_tax, PURCHASES: flavour.purchase_tax}
    base = book.organisation.base_currency
    for row in CHART:
        book.add(
            book.accounts,
            Account(
                account_id=book.new_id(),
                code=row.code,
                name=row.name,
                type=row.type,
                class_=ACCOUNT_CLASSES[row.type],
                tax_type=taxes.get(row.tax, row.tax),
                system_account=row.system,
                enable_payments_to_account=row.payments,
                currency_code=base if row.currency == "<base>" else row.currency,
                bank_account_number=row.bank_number,
                bank_account_type=row.bank_type,
                show_in_expense_claims=row.type in {"OVERHEADS", "EXPENSE"} and not row.system,
            ),
        )
    accounts.create_account(
        book, Fields({"Name": "Old Petty Cash", "Code": "099", "Type": "CURRENT", "TaxType": "NONE"})
    )
    retired = book.accounts.by_number("099")
    if retired is not None:
        book.change(book.accounts, retired, status="ARCHIVED")


def _tracking(book: Book) -> None:
    for name, options in (("Region", ("North", "South", "East", "West")), ("Team", ("Studio", "Workshop", "Web"))):
        book.add(
            book.tracking_categories,
            TrackingCategory(
                tracking_category_id=book.new_id(),
                name=name,
                options=tuple(TrackingOption(tracking_option_id=book.new_id(), name=option) for option in options),
            ),
        )


def _item(code: str, name: str, price: str, cost: str | None, account: str, flavour: Flavour) -> dict[str, object]:
    body: dict[str, object] = {
        "Code": code,
        "Name": name,
        "Description": name,
        "SalesDetails": {"UnitPrice": price, "AccountCode": account, "TaxType": flavour.sales_tax},
        "IsPurchased": cost is not None,
    }
    if cost is not None:
        body["PurchaseDetails"] = {"UnitPrice": cost, "AccountCode": "330", "TaxType": flavour.purchase_tax}
    return body


def _contacts(book: Book, rng: random.Random, flavour: Flavour) -> None:
    names = [f"{first} {second}" for first in COMPANY_FIRST for second in COMPANY_SECOND]
    rng.shuffle(names)
    people = [(first, last) for first in FIRST_NAMES for last in LAST_NAMES]
    rng.shuffle(people)
    foreign = [code for code in CURRENCIES if code != book.organisation.base_currency]
    for index in range(_CONTACTS):
        # Names of contacts are unique, so nobody is drawn twice.
        first, last = people[index]
        body: dict[str, object] = {
            "Name": names[index] if index % 6 else f"{first} {last}",
            "FirstName": first,
            "LastName": last,
            "EmailAddress": f"{first}.{last}{index}@example.com".lower(),
            "Addresses": [_address(rng, "POBOX", flavour), _address(rng, "STREET", flavour)],
            "Phones": [
                {"PhoneType": "DEFAULT", "PhoneAreaCode": "0117", "PhoneNumber": f"{rng.randrange(4960000, 4960999)}"},
                {"PhoneType": "MOBILE", "PhoneNumber": f"07700 900{rng.randrange(100, 999)}"},
            ],
            "AccountNumber": f"C{index + 1:04d}",
        }
        if index % 3 == 0:
            body["CompanyNumber"] = f"{rng.randrange(10**7, 10**8)}"
            body["TaxNumber"] = f"{flavour.country}{rng.randrange(10**8, 10**9)}"
        if index % 9 == 4:
            body["DefaultCurrency"] = foreign[index % len(foreign)]
        if index % 5 == 0:
            body["ContactPersons"] = [
                {"FirstName": "Accounts", "LastName": "Team", "EmailAddress": f"accounts{index}@example.com"}
            ]
        contacts.create_contact(book, Fields(body))


def _address(rng: random.Random, kind: str, flavour: Flavour) -> dict[str, str]:
    return {
        "AddressType": kind,
        "AddressLine1": f"{rng.randrange(1, 180)} {rng.choice(COMPANY_FIRST)} Road",
        "City": rng.choice(TOWNS),
        "PostalCode": f"ZZ{rng.randrange(1, 99)} {rng.randrange(1, 9)}AA",
        "Country": flavour.country_name,
    }
