"""The seed books: two years of an invented business's life, told through the emulator's own rules.

The same seed gives the same book, ids and stamps included. Everything is written through the functions that
the API uses, so a seed book cannot hold what the rules would refuse. Large books come from bulk.py.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Callable
from decimal import Decimal
from functools import partial

from bookbridge.emulators.xero import documents, payments, reference
from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.bulk import add_documents
from bookbridge.emulators.xero.clock import Clock, Millis, SeedClock
from bookbridge.emulators.xero.records import (
    Account,
    Attachment,
    BrandingTheme,
    Contact,
    Currency,
    Invoice,
    Organisation,
    TaxComponent,
    TaxRate,
    TrackingCategory,
    TrackingOption,
    User,
)
from bookbridge.emulators.xero.reference import ACCOUNT_CLASSES
from bookbridge.emulators.xero.seed_files import receipt_pdf, square_png
from bookbridge.emulators.xero.seed_tables import (
    CHART,
    COMPANY_FIRST,
    COMPANY_SECOND,
    CURRENCIES,
    EXPENSE_LINES,
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
from bookbridge.emulators.xero.wire import Fields

YEARS_SEEDED = 2
_CONTACTS = 60
_BILLS, _INVOICES = 160, 150
_RATE = Decimal("0.000001")
_FATES = ("paid", "part", "open", "draft", "submitted", "voided", "deleted")


def seed_books(settings: XeroEmulatorSettings, clock: Clock) -> list[Book]:
    """The two organisations that a fresh emulator has."""
    return [
        add_organisation(settings, clock, seed=settings.seed, name="Fernhollow Studio Ltd", base_currency="GBP"),
        add_organisation(settings, clock, seed=settings.seed + 1, name="Ardcullen Provisions Ltd", base_currency="EUR"),
    ]


def add_organisation(
    settings: XeroEmulatorSettings,
    clock: Clock,
    *,
    seed: int,
    name: str,
    base_currency: str,
    documents: int = 0,
) -> Book:
    """An organisation: with the ordinary two years of life, or with ``documents`` bills and invoices."""
    past = SeedClock()
    flavour = UK if base_currency == "GBP" else GLOBAL
    start = settings.today.replace(year=settings.today.year - YEARS_SEEDED, day=1)
    past.set(dt.datetime.combine(start - dt.timedelta(days=90), dt.time(9), tzinfo=dt.UTC))
    rng = random.Random(f"{seed}/{name}/{base_currency}")
    book = Book(_organisation(rng, name, base_currency, flavour, start), past)
    book.seeded_ids = random.Random(f"ids/{seed}/{name}/{base_currency}")
    _reference_records(book, rng, flavour)
    if documents:
        add_documents(book, rng, documents, flavour, start, settings.today)
    else:
        _Story(book, rng, flavour, past, start, settings.today).tell()
    book.seeded_ids = None
    book.clock = clock
    book.effects.clear()
    clock.not_before(past.stamp())
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
        reference.create_item(book, Fields(_item(code, name, price, cost, account, flavour)))
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
    reference.create_account(
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
        reference.create_contact(book, Fields(body))


def _address(rng: random.Random, kind: str, flavour: Flavour) -> dict[str, str]:
    return {
        "AddressType": kind,
        "AddressLine1": f"{rng.randrange(1, 180)} {rng.choice(COMPANY_FIRST)} Road",
        "City": rng.choice(TOWNS),
        "PostalCode": f"ZZ{rng.randrange(1, 99)} {rng.randrange(1, 9)}AA",
        "Country": flavour.country_name,
    }


# -- the story ------------------------------------------------------------------------------------


class _Story:
    """Plans events over two years and plays them in the order of time."""

    def __init__(
        self, book: Book, rng: random.Random, flavour: Flavour, past: SeedClock, start: dt.date, today: dt.date
    ) -> None:
        self.book, self.rng, self.flavour, self.past = book, rng, flavour, past
        self.start, self.today = start, today
        self.events: list[tuple[dt.datetime, int, Callable[[], None]]] = []
        people: list[Contact] = list(book.contacts)
        self.suppliers, self.customers = people[:32], people[24:54]
        self.retiring = people[54:]

    def tell(self) -> None:
        """Plan everything, then let it happen."""
        self._at(self.start, self._capital)
        for index in range(_BILLS):
            self._plan_document("ACCPAY", index)
        for index in range(_INVOICES):
            self._plan_document("ACCREC", index)
        self._plan_monthly()
        self._plan_credits()
        self._at(self.today - dt.timedelta(days=40), self._batch)
        for contact in self.retiring:
            self._at(self._day(30), partial(self._retire, contact))
        while self.events:
            self.events.sort(key=lambda event: event[:2])
            moment, _, act = self.events.pop(0)
            self.past.set(moment)
            act()

    def _at(self, day: dt.date, act: Callable[[], None]) -> None:
        """Let ``act`` happen on ``day`` in working hours, unless that lies after the seed's day."""
        if day > self.today:
            return
        moment = dt.datetime.combine(day, dt.time(8), tzinfo=dt.UTC)
        moment += dt.timedelta(seconds=self.rng.randrange(9 * 3600))
        self.events.append((moment, len(self.events), act))

    def _day(self, keep_days: int = 0) -> dt.date:
        span = (self.today - self.start).days - keep_days
        return self.start + dt.timedelta(days=self.rng.randrange(span))

    def _account(self, code: str) -> dict[str, str]:
        account = self.book.accounts.by_number(code)
        assert account is not None
        return {"AccountID": account.account_id}

    def _capital(self) -> None:
        line = {"Description": "Funds introduced", "Quantity": 1, "UnitAmount": "60000", "AccountCode": "970"}
        documents.create_bank_transaction(
            self.book,
            Fields(
                {
                    "Type": "RECEIVE",
                    "Contact": {"Name": self.retiring[0].name},
                    "BankAccount": self._account("090"),
                    "Date": self.start.isoformat(),
                    "Reference": "Opening capital",
                    "LineAmountTypes": "NoTax",
                    "LineItems": [line],
                    "IsReconciled": True,
                }
            ),
        )

    # -- bills and invoices -----------------------------------------------------------------------

    def _plan_document(self, kind: str, index: int) -> None:
        """Plan one document and what becomes of it; the first few make sure that every fate occurs."""
        day = self._day()
        fate = self.rng.choices(_FATES, (52, 10, 22, 5, 4, 4, 3))[0]
        if index < len(_FATES):
            fate, day = _FATES[index], self.today - dt.timedelta(days=60 + index)
        elif (self.today - day).days > 200 and fate in {"draft", "submitted"}:
            fate = "paid"
        self._at(day, lambda: self._document(kind, day, fate))

    def _document(self, kind: str, day: dt.date, fate: str) -> None:
        rng, sells = self.rng, kind == "ACCREC"
        contact = rng.choice(self.customers if sells else self.suppliers)
        currency = contact.default_currency or self.book.organisation.base_currency
        tax_kind = rng.choices(("Exclusive", "Inclusive", "NoTax"), (80, 15, 5))[0]
        body: dict[str, object] = {
            "Type": kind,
            "Contact": {"ContactID": contact.contact_id},
            "Date": day.isoformat(),
            "DueDate": (day + dt.timedelta(days=rng.choice((7, 14, 30, 30, 45)))).isoformat(),
            "LineAmountTypes": tax_kind,
            "CurrencyCode": currency,
            "LineItems": [self._line(sells, tax_kind) for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5)))],
            "Status": {"draft": "DRAFT", "deleted": "DRAFT", "submitted": "SUBMITTED"}.get(fate, "AUTHORISED"),
        }
        if currency != self.book.organisation.base_currency:
            drift = Decimal(rng.randrange(9700, 10300)) / 10_000
            body["CurrencyRate"] = str(((self.book.day_rate(currency) or Decimal(1)) * drift).quantize(_RATE))
        if sells:
            body["Reference"] = rng.choice(("", f"PO {rng.randrange(1000, 9999)}", f"Job {rng.randrange(100, 999)}"))
        else:
            body["InvoiceNumber"] = f"{contact.name[:3].upper()}-{rng.randrange(1000, 99999)}"
        invoice = documents.create_invoice(self.book, Fields(body))
        self._plan_fate(invoice, day, fate)
        if rng.random() < 0.06:
            self._attach(invoice)

    def _line(self, sells: bool, tax_kind: str) -> dict[str, object]:
        rng = self.rng
        line: dict[str, object]
        if sells:
            code, name, price, _, account = rng.choice(ITEMS)
            line = {
                "ItemCode": code,
                "Description": name,
                "Quantity": rng.choice(("1", "1", "2", "3", "4", "10", "0.5", "12.25")),
                "UnitAmount": price,
                "AccountCode": account,
            }
            if rng.random() < 0.1:
                line["DiscountRate"] = rng.choice(("5", "10", "12.5"))
        else:
            code, text = rng.choice(EXPENSE_LINES)
            cents = rng.randrange(450, 90_000)
            line = {
                "Description": text,
                "Quantity": rng.choice(("1", "1", "1", "2", "5")),
                "UnitAmount": str(Decimal(cents) / 100),
                "AccountCode": code,
            }
        if tax_kind == "NoTax":
            line["TaxType"] = "NONE"
        if rng.random() < 0.4:
            line["Tracking"] = [{"Name": "Region", "Option": rng.choice(("North", "South", "East", "West"))}]
        return line

    def _plan_fate(self, invoice: Invoice, day: dt.date, fate: str) -> None:
        later = day + dt.timedelta(days=self.rng.randrange(5, 50))
        if fate == "paid":
            self._at(later, lambda: self._pay(invoice, invoice.amount_due, later))
        elif fate == "part":
            part = (invoice.total / self.rng.choice((2, 3, 4))).quantize(Decimal("0.01"))
            self._at(later, lambda: self._pay(invoice, part, later))
        elif fate in {"voided", "deleted"}:
            status = "VOIDED" if fate == "voided" else "DELETED"
            self._at(later, lambda: self._cancel(invoice, status))

    def _cancel(self, invoice: Invoice, status: str) -> None:
        if not invoice.payments and not invoice.allocations:
            documents.update_invoice(self.book, invoice, Fields({"Status": status}))

    def _pay(self, invoice: Invoice, amount: Decimal, day: dt.date) -> None:
        if invoice.status != "AUTHORISED" or not 0 < amount <= invoice.amount_due:
            return
        code = "092" if invoice.currency_code == "USD" else "090"
        account = self.book.accounts.by_number(code)
        assert account is not None
        rate = None
        if invoice.currency_code != self.book.organisation.base_currency:
            drift = Decimal(self.rng.randrange(9800, 10200)) / 10_000
            rate = (invoice.currency_rate * drift).quantize(_RATE)
        payments.pay(
            self.book,
            invoice,
            account,
            amount,
            day,
            reference=f"Payment {invoice.invoice_number}",
            rate=rate,
            reconciled=self.rng.random() < 0.7,
        )

    def _attach(self, invoice: Invoice) -> None:
        pdf = self.rng.random() < 0.7
        name = f"{invoice.invoice_number or 'document'}".replace("/", "-") + (".pdf" if pdf else ".png")
        content = receipt_pdf(invoice.invoice_number, str(invoice.total)) if pdf else square_png(self.rng.random())
        self.book.attachments[invoice.invoice_id] = (
            Attachment(
                attachment_id=self.book.new_id(),
                file_name=name,
                mime_type="application/pdf" if pdf else "image/png",
                content=content,
            ),
        )
        self.book.change(self.book.invoices, invoice, has_attachments=True)

    # -- the rest ---------------------------------------------------------------------------------

    def _plan_monthly(self) -> None:
        month = self.start
        while month <= self.today:
            day = month + dt.timedelta(days=20)
            self._at(day, partial(self._spend, day, "404", "Bank charges", "NONE"))
            self._at(day, partial(self._spend, day, "493", "Train tickets", self.flavour.purchase_tax))
            self._at(day, partial(self._interest, day))
            self._at(day, partial(self._transfer, day))
            self._at(day, partial(self._depreciation, day))
            if month.month % 3 == 0:
                self._at(day, partial(self._order, day))
            month = (month + dt.timedelta(days=32)).replace(day=1)

    def _bank_body(self, kind: str, day: dt.date, code: str, text: str, tax: str, cents: int) -> dict[str, object]:
        contact = self.rng.choice(self.suppliers if kind.startswith("SPEND") else self.customers)
        return {
            "Type": kind,
            "Contact": {"ContactID": contact.contact_id},
            "BankAccount": self._account("090"),
            "Date": day.isoformat(),
            "Reference": text,
            "LineAmountTypes": "Inclusive",
            "IsReconciled": (self.today - day).days > 45,
            "LineItems": [
                {
                    "Description": text,
                    "Quantity": "1",
                    "UnitAmount": str(Decimal(cents) / 100),
                    "AccountCode": code,
                    "TaxType": tax,
                }
            ],
        }

    def _spend(self, day: dt.date, code: str, text: str, tax: str) -> None:
        body = self._bank_body("SPEND", day, code, text, tax, self.rng.randrange(500, 18_000))
        documents.create_bank_transaction(self.book, Fields(body))

    def _interest(self, day: dt.date) -> None:
        body = self._bank_body("RECEIVE", day, "270", "Interest", "NONE", self.rng.randrange(100, 2_500))
        documents.create_bank_transaction(self.book, Fields(body))

    def _transfer(self, day: dt.date) -> None:
        body = {
            "FromBankAccount": self._account("090"),
            "ToBankAccount": self._account("091"),
            "Amount": str(self.rng.randrange(1, 9) * 100),
            "Date": day.isoformat(),
            "Reference": "To savings",
        }
        payments.create_bank_transfer(self.book, Fields(body))

    def _depreciation(self, day: dt.date) -> None:
        lines = [
            {"AccountCode": "416", "LineAmount": "185.50", "Description": "Depreciation for the month"},
            {"AccountCode": "711", "LineAmount": "-185.50", "Description": "Depreciation for the month"},
        ]
        status = "DRAFT" if (self.today - day).days < 20 else "POSTED"
        body = {"Narration": f"Depreciation {day:%B %Y}", "Date": day.isoformat(), "Status": status}
        documents.create_manual_journal(self.book, Fields({**body, "JournalLines": lines}))

    def _order(self, day: dt.date) -> None:
        contact = self.rng.choice(self.suppliers)
        body = {
            "Contact": {"ContactID": contact.contact_id},
            "Date": day.isoformat(),
            "DeliveryDate": (day + dt.timedelta(days=14)).isoformat(),
            "Status": self.rng.choice(("DRAFT", "SUBMITTED", "AUTHORISED", "BILLED")),
            "LineItems": [self._line(False, "Exclusive")],
        }
        documents.create_purchase_order(self.book, Fields(body))

    def _plan_credits(self) -> None:
        for kind, count in (("ACCPAYCREDIT", 12), ("ACCRECCREDIT", 10)):
            for index in range(count):
                day = self.start + dt.timedelta(days=60) + dt.timedelta(days=self.rng.randrange(600))
                self._at(day, partial(self._credit, kind, day, index))
        for kind in ("RECEIVE-OVERPAYMENT", "SPEND-OVERPAYMENT", "RECEIVE-PREPAYMENT", "SPEND-PREPAYMENT"):
            for _ in range(2):
                day = self._day(60)
                self._at(day, partial(self._advance, kind, day))

    def _credit(self, kind: str, day: dt.date, index: int) -> None:
        """A credit note for a contact with something open; two in three are allocated, some only in part."""
        invoice_kind = "ACCREC" if kind == "ACCRECCREDIT" else "ACCPAY"
        target = self._open_invoice(invoice_kind)
        contact = target.contact if target else self.rng.choice(self.suppliers)
        body: dict[str, object] = {
            "Type": kind,
            "Contact": {"ContactID": contact.contact_id},
            "Date": day.isoformat(),
            "Status": "DRAFT" if index == 0 else "AUTHORISED",
            "LineAmountTypes": "Exclusive",
            "LineItems": [self._line(kind == "ACCRECCREDIT", "Exclusive")],
            "Reference": "Returned goods",
        }
        if target is not None:
            body |= {"CurrencyCode": target.currency_code, "CurrencyRate": str(target.currency_rate)}
        if kind == "ACCPAYCREDIT":
            body["CreditNoteNumber"] = f"CR-{self.rng.randrange(1000, 9999)}"
        note = documents.create_credit_note(self.book, Fields(body))
        if target is None or note.status != "AUTHORISED" or index % 3 == 1:
            return
        most = min(target.amount_due, note.remaining_credit)
        amount = most if index % 3 == 0 else (most / 2).quantize(Decimal("0.01"))
        if amount > 0:
            payments.allocate(self.book, note, target, amount, day)

    def _open_invoice(self, kind: str) -> Invoice | None:
        found = [
            invoice
            for invoice in self.book.invoices
            if invoice.type == kind and invoice.status == "AUTHORISED" and not invoice.payments
        ]
        return self.rng.choice(found) if found else None

    def _advance(self, kind: str, day: dt.date) -> None:
        code = "620" if kind.endswith("PREPAYMENT") else ""
        body = self._bank_body(kind, day, code, "Paid in advance", "NONE", self.rng.randrange(2_000, 60_000))
        transaction = documents.create_bank_transaction(self.book, Fields(body))
        credit = self.book.overpayments.get(transaction.overpayment_id or "") or self.book.prepayments.get(
            transaction.prepayment_id or ""
        )
        base = self.book.organisation.base_currency
        target = next(
            (
                invoice
                for invoice in self.book.invoices
                if invoice.contact is transaction.contact
                and invoice.status == "AUTHORISED"
                and invoice.currency_code == base
                and (invoice.type == "ACCREC") == kind.startswith("RECEIVE")
            ),
            None,
        )
        if credit is not None and target is not None:
            amount = min(target.amount_due, credit.remaining_credit)
            payments.allocate(self.book, credit, target, amount, day)

    def _batch(self) -> None:
        """Three open bills in the base currency, paid in one go."""
        base = self.book.organisation.base_currency
        bills = [
            invoice
            for invoice in self.book.invoices
            if invoice.type == "ACCPAY" and invoice.status == "AUTHORISED" and invoice.currency_code == base
        ][:3]
        body = {
            "Account": self._account("090"),
            "Date": (self.today - dt.timedelta(days=40)).isoformat(),
            "Reference": "Supplier run",
            "Payments": [{"Invoice": {"InvoiceID": b.invoice_id}, "Amount": str(b.amount_due)} for b in bills],
        }
        payments.create_batch_payment(self.book, Fields(body))

    def _retire(self, contact: Contact) -> None:
        if contact is not self.retiring[0]:
            reference.update_contact(self.book, contact, Fields({"ContactStatus": "ARCHIVED"}))
