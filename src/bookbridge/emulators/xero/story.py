"""Two years in the life of an invented business: what happens on which day, told through the API's own rules.

It must not write a record but through those rules.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from decimal import Decimal
from functools import partial

from bookbridge.emulators.xero import (
    allocations,
    bank_transactions,
    bank_transfers,
    batch_payments,
    contacts,
    documents,
    manual_journals,
    payments,
    purchase_orders,
)
from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.clock import SeedClock
from bookbridge.emulators.xero.records import (
    Attachment,
    Contact,
    Invoice,
)
from bookbridge.emulators.xero.seed_files import receipt_pdf, square_png
from bookbridge.emulators.xero.seed_tables import (
    EXPENSE_LINES,
    ITEMS,
    Flavour,
)
from bookbridge.emulators.xero.wire import Fields

_BILLS, _INVOICES = 160, 150
_RATE = Decimal("0.000001")
_FATES = ("paid", "part", "open", "draft", "submitted", "voided", "deleted")


class Story:
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
        bank_transactions.create_bank_transaction(
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
        bank_transactions.create_bank_transaction(self.book, Fields(body))

    def _interest(self, day: dt.date) -> None:
        body = self._bank_body("RECEIVE", day, "270", "Interest", "NONE", self.rng.randrange(100, 2_500))
        bank_transactions.create_bank_transaction(self.book, Fields(body))

    def _transfer(self, day: dt.date) -> None:
        body = {
            "FromBankAccount": self._account("090"),
            "ToBankAccount": self._account("091"),
            "Amount": str(self.rng.randrange(1, 9) * 100),
            "Date": day.isoformat(),
            "Reference": "To savings",
        }
        bank_transfers.create_bank_transfer(self.book, Fields(body))

    def _depreciation(self, day: dt.date) -> None:
        lines = [
            {"AccountCode": "416", "LineAmount": "185.50", "Description": "Depreciation for the month"},
            {"AccountCode": "711", "LineAmount": "-185.50", "Description": "Depreciation for the month"},
        ]
        status = "DRAFT" if (self.today - day).days < 20 else "POSTED"
        body = {"Narration": f"Depreciation {day:%B %Y}", "Date": day.isoformat(), "Status": status}
        manual_journals.create_manual_journal(self.book, Fields({**body, "JournalLines": lines}))

    def _order(self, day: dt.date) -> None:
        contact = self.rng.choice(self.suppliers)
        body = {
            "Contact": {"ContactID": contact.contact_id},
            "Date": day.isoformat(),
            "DeliveryDate": (day + dt.timedelta(days=14)).isoformat(),
            "Status": self.rng.choice(("DRAFT", "SUBMITTED", "AUTHORISED", "BILLED")),
            "LineItems": [self._line(False, "Exclusive")],
        }
        purchase_orders.create_purchase_order(self.book, Fields(body))

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
            allocations.allocate(self.book, note, target, amount, day)

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
        transaction = bank_transactions.create_bank_transaction(self.book, Fields(body))
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
            allocations.allocate(self.book, credit, target, amount, day)

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
        batch_payments.create_batch_payment(self.book, Fields(body))

    def _retire(self, contact: Contact) -> None:
        if contact is not self.retiring[0]:
            contacts.update_contact(self.book, contact, Fields({"ContactStatus": "ARCHIVED"}))
