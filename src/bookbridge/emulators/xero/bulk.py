"""Large books: hundreds of thousands of plain bills and invoices in seconds, with shared values.

Documents are built directly, not through the rules, and must be what the rules would have made: the balance
check runs over them in the tests.
"""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from functools import partial

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.clock import Millis
from bookbridge.emulators.xero.journals import JournalLine, Lines, round_money
from bookbridge.emulators.xero.postings import post_invoice
from bookbridge.emulators.xero.records import ZERO, Account, Contact, Invoice, Line, Payment
from bookbridge.emulators.xero.seed_tables import EXPENSE_LINES, Flavour

_PRICES = 997
"""Distinct amounts; documents share them, which keeps a large book's memory small."""

_PAID_EVERY = 4
_MAX_GAP_MS = 60_000


def add_documents(book: Book, rng: random.Random, count: int, flavour: Flavour, start: dt.date, today: dt.date) -> None:
    """Add ``count`` approved documents, bills and invoices in turn, every fourth paid in full."""
    contacts = [contact for contact in book.contacts if contact.default_currency is None]
    prices = _price_list(rng, book, flavour)
    accounts = _accounts(book)
    first_ms = int(dt.datetime.combine(start, dt.time(8), tzinfo=dt.UTC).timestamp() * 1000)
    last_ms = int(dt.datetime.combine(today, dt.time(18), tzinfo=dt.UTC).timestamp() * 1000)
    step = max(2, min(_MAX_GAP_MS, (last_ms - first_ms) // max(1, count)))
    moment = max(first_ms, last_ms - step * count)
    days = (today - start).days
    for index in range(count):
        moment += step
        sells = index % 2 == 1
        day = start + dt.timedelta(days=index * days // count)
        invoice = _document(book, index, sells, contacts[index % len(contacts)], prices, accounts, day)
        invoice.updated_date_utc = Millis(moment)
        book.invoices.put(invoice)
        post_invoice(book, invoice, Millis(moment))
        if index % _PAID_EVERY == 0:
            _pay(book, invoice, accounts["090"], day, Millis(moment))
    book.clock.not_before(Millis(moment))


def _accounts(book: Book) -> dict[str, Account]:
    return {account.code: account for account in book.accounts if account.code}


def _price_list(rng: random.Random, book: Book, flavour: Flavour) -> list[tuple[Decimal, Decimal, Decimal]]:
    """Amounts with their tax and total at the flavour's standard rate."""
    rate = book.tax_rates.get(flavour.sales_tax)
    assert rate is not None
    prices: list[tuple[Decimal, Decimal, Decimal]] = []
    for _ in range(_PRICES):
        net = Decimal(rng.randrange(500, 200_000)) / 100
        net = net.quantize(ZERO)
        tax = round_money(net * rate.effective_rate / 100)
        prices.append((net, tax, net + tax))
    return prices


def _document(
    book: Book,
    index: int,
    sells: bool,
    contact: Contact,
    prices: list[tuple[Decimal, Decimal, Decimal]],
    accounts: dict[str, Account],
    day: dt.date,
) -> Invoice:
    net, tax, total = prices[index % _PRICES]
    code, text = EXPENSE_LINES[index % len(EXPENSE_LINES)]
    account = accounts["205"] if sells else accounts[code]
    tax_type = accounts["205"].tax_type if sells else accounts["429"].tax_type
    line = Line(
        line_item_id=book.new_id(),
        description=text,
        unit_amount=net,
        line_amount=net,
        tax_amount=tax,
        tax_type=tax_type,
        account=account,
    )
    return Invoice(
        invoice_id=book.new_id(),
        invoice_number=f"{'BULK' if sells else 'BILL'}-{index + 1:06d}",
        type="ACCREC" if sells else "ACCPAY",
        contact=contact,
        date=day,
        due_date=day,
        status="AUTHORISED",
        line_items=(line,),
        sub_total=net,
        total_tax=tax,
        total=total,
        amount_due=total,
        currency_code=book.organisation.base_currency,
    )


def _pay(book: Book, invoice: Invoice, bank: Account, day: dt.date, stamp: Millis) -> None:
    """Pay a document in full, in the base currency."""
    sells = invoice.type == "ACCREC"
    payment = Payment(
        payment_id=book.new_id(),
        payment_type="ACCRECPAYMENT" if sells else "ACCPAYPAYMENT",
        account=bank,
        date=day,
        amount=invoice.total,
        bank_amount=invoice.total,
        invoice=invoice,
        updated_date_utc=stamp,
    )
    book.payments.put(payment)
    invoice.payments = (payment,)
    invoice.amount_paid, invoice.amount_due = invoice.total, ZERO
    invoice.status, invoice.fully_paid_on_date = "PAID", day
    control = book.control_account("DEBTORS" if sells else "CREDITORS")
    compute = partial(_payment_lines, bank, control, invoice.total if sells else -invoice.total)
    book.post(payment, payment.payment_id, payment.payment_type, day, compute, stamp=stamp)


def _payment_lines(bank: Account, control: Account, amount: Decimal) -> Lines:
    return (JournalLine(bank, amount), JournalLine(control, -amount))
