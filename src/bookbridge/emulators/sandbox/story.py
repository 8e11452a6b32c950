"""What happens in the business, day by day: the same for the same seed, whenever and in however many goes it is told.

Each day is planned from the seed and the day alone; what a plan entails later (a bill is paid after a month) is put on
the calendar. Steps are carried out through `writes`, by the rules that everybody writes under; a step that has become
impossible (an application has paid that bill already) is left out.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from bookbridge.emulators.sandbox import chart, writes
from bookbridge.emulators.sandbox.book import Book, Json, Missing, Refused, major, number
from bookbridge.emulators.sandbox.cast import CARD_COSTS, CUSTOMERS, ITEMS, SUPPLIERS, Supplier

SIZES: Final = {"small": 1, "medium": 4, "large": 16}
"""How many times the documents of the smallest business."""
SATURDAY: Final = 5
CENT: Final = Decimal("0.01")

Step = Callable[[Book], None]


class Story:
    """The plan of one book, from its first day on."""

    def __init__(self, seed: str, size: str, opened: date) -> None:
        self._seed = seed
        self._scale = SIZES[size]
        self._opened = opened
        self._calendar: list[tuple[date, int, Step]] = []
        self._count = 0

    def days(self, last: date) -> Iterator[tuple[date, list[Step]]]:
        """Each day from the first to the last, with its steps in order."""
        day = self._opened
        while day <= last:
            self._plan(day)
            steps = []
            while self._calendar and self._calendar[0][0] <= day:
                steps.append(heapq.heappop(self._calendar)[2])
            yield day, steps
            day += timedelta(days=1)

    def _on(self, day: date, step: Step) -> None:
        # The count keeps the order in which steps were planned, and steps from being compared.
        self._count += 1
        heapq.heappush(self._calendar, (day, self._count, step))

    def _plan(self, day: date) -> None:
        chance = Random(f"{self._seed}:{day.isoformat()}")
        if day == self._opened:
            self._on(day, _opening(day, self._scale))
        self._plan_month(day, chance)
        if day.weekday() >= SATURDAY:
            return
        for position in range(self._scale):
            name = f"{day.isoformat()}:{position}"
            if chance.random() < 0.42:
                self._sell(day, name, chance)
            if chance.random() < 0.30:
                supplier = chance.choice([one for one in SUPPLIERS if not one.monthly])
                self._buy(day, name, supplier, chance)
            if chance.random() < 0.35:
                self._on(day, _card_cost(day, name, chance))
            if chance.random() < 0.20:
                self._on(day, _counter_sale(day, name, chance))

    def _plan_month(self, day: date, chance: Random) -> None:
        if day.day == 2:
            for supplier in SUPPLIERS:
                if supplier.monthly:
                    self._buy(day, f"{day.isoformat()}:monthly:{supplier.name}", supplier, chance)
        if day.day == 20:
            self._on(day, _clear_card(day))
        if day.day == 28:
            self._on(day, _wages(day, self._scale))
            self._on(day, _depreciation(day))
            self._on(day, _loan(day))
        if day.day == 7 and day.month % 3 == 2:
            self._on(day, _vat(day))
        if day.day == 15 and day.month % 3 == 0:
            self._on(day, _save(day, self._scale))
            self._on(day, _interest(day))

    def _sell(self, day: date, name: str, chance: Random) -> None:
        customer, currency = chance.choice(CUSTOMERS)
        lines = [_sale_line(chance) for _ in range(chance.randint(1, 3))]
        terms, roll = chance.choice((14, 30)), chance.random()
        late = chance.randint(-6, 16)
        ordered = chance.random() < 0.3
        self._on(day, _invoice(day, name, customer, currency, lines, terms, draft=roll < 0.02, ordered=ordered))
        due = day + timedelta(days=max(terms + late, 2))
        if roll < 0.02:
            return
        if roll < 0.04:
            self._on(day + timedelta(days=3), _voided("invoices", name))
        elif roll < 0.09:
            self._on(day + timedelta(days=5), _credit(day + timedelta(days=5), name, "invoices"))
            self._on(due, _paid(due, name, "payments", Decimal(1)))
        elif roll < 0.16 and currency == "GBP":
            self._on(due, _paid(due, f"{name}:1", "payments", Decimal("0.5"), document=name))
            self._on(due + timedelta(days=18), _paid(due + timedelta(days=18), name, "payments", Decimal(1)))
        elif roll < 0.97:
            self._on(due, _paid(due, name, "payments", Decimal(1)))

    def _buy(self, day: date, name: str, supplier: Supplier, chance: Random) -> None:
        count = 1 if supplier.monthly else chance.randint(1, 4)
        lines = [_purchase_line(supplier, chance) for _ in range(count)]
        ordered = not supplier.monthly and supplier.account == chart.MATERIALS and chance.random() < 0.4
        roll = chance.random()
        self._on(day, _bill(day, name, supplier, lines, draft=roll < 0.02, ordered=ordered))
        due = day + timedelta(days=max(supplier.days_to_pay + chance.randint(-3, 4), 1))
        if roll < 0.02:
            return
        if roll < 0.035:
            self._on(day + timedelta(days=2), _voided("bills", name))
        elif roll < 0.08:
            self._on(day + timedelta(days=4), _credit(day + timedelta(days=4), name, "bills"))
            self._on(due, _paid(due, name, "billPayments", Decimal(1)))
        else:
            self._on(due, _paid(due, name, "billPayments", Decimal(1)))


def perform(book: Book, steps: list[Step]) -> None:
    """Carry out a day's steps; one that the books no longer allow is left out."""
    for step in steps:
        try:
            step(book)
        except (Refused, Missing):
            continue


def exchange_rate(currency: str, day: date) -> Decimal:
    """What one unit of a currency was worth in the base currency on a day: it swings slowly around a usual rate."""
    swing = abs(day.toordinal() % 120 - 60) * 5
    return Decimal({"EUR": 8_450, "USD": 7_600}.get(currency, 10_000) + (swing if currency != "GBP" else 0)) / 10_000


# -- lines ------------------------------------------------------------------------------------------------

Line = tuple[str, str, str, Decimal, Decimal, Decimal]
"""Item code or text, account code, tax name, quantity, price, discount in per cent."""


def _sale_line(chance: Random) -> Line:
    code, _, account, price, _ = chance.choice(ITEMS)
    discount = Decimal(chance.choice((0, 0, 0, 5, 10)))
    return code, account, chart.STANDARD_TAX, Decimal(chance.randint(1, 6)), price, discount


def _purchase_line(supplier: Supplier, chance: Random) -> Line:
    price = Decimal(chance.randrange(supplier.low * 100, supplier.high * 100)) * CENT
    quantity = Decimal(1) if supplier.monthly else Decimal(chance.choice((1, 1, 2, 3)))
    return chance.choice(supplier.goods), supplier.account, supplier.tax, quantity, price, Decimal(0)


def _lines(book: Book, lines: list[Line], currency: str, *, sold: bool) -> list[Json]:
    found = []
    for text, account, tax, quantity, price, discount in lines:
        # Sales abroad are not taxed here.
        tax_name = tax if currency == "GBP" or not sold else chart.ZERO_TAX
        line: Json = {"quantity": quantity, "unitAmount": price, "description": text}
        line |= {"accountRef": {"id": book.account_id(account)}, "taxRateRef": {"id": book.derived_id("tax", tax_name)}}
        if discount:
            line["discountPercentage"] = discount
        if sold:
            item = book.need("items", book.derived_id("item", text), "itemRef.id")
            line |= {"itemRef": {"id": item["id"]}, "description": item["name"]}
        elif account == chart.MATERIALS:
            line["trackingCategoryRefs"] = [{"id": book.derived_id("tracking", "Department", "Workshop")}]
        found.append(line)
    return found


def _bank(book: Book, code: str = chart.CURRENT_ACCOUNT) -> Json:
    return {"id": book.account_id(code)}


def _day(day: date) -> str:
    return f"{day.isoformat()}T00:00:00"


# -- steps ------------------------------------------------------------------------------------------------


def _entry(book: Book, day: date, name: str, text: str, legs: list[tuple[str, Decimal]]) -> None:
    lines = [
        {"accountRef": {"id": book.account_id(code)}, "netAmount": amount, "description": text} for code, amount in legs
    ]
    body = {"postedOn": _day(day), "description": text, "journalLines": lines}
    writes.create(book, "journalEntries", body, book.derived_id("story", name, day.isoformat()))


def _opening(day: date, scale: int) -> Step:
    def step(book: Book) -> None:
        capital, lent, tools = Decimal(20_000 * scale), Decimal(15_000 * scale), Decimal(9_000 * scale)
        _entry(
            book,
            day,
            "capital",
            "Share capital paid in",
            [(chart.CURRENT_ACCOUNT, capital), (chart.SHARE_CAPITAL, -capital)],
        )
        _entry(book, day, "loan", "Loan paid out", [(chart.CURRENT_ACCOUNT, lent), (chart.LOAN, -lent)])
        _entry(book, day, "tools", "Workshop machines", [(chart.EQUIPMENT, tools), (chart.CURRENT_ACCOUNT, -tools)])

    return step


def _invoice(
    day: date, name: str, customer: str, currency: str, lines: list[Line], terms: int, *, draft: bool, ordered: bool
) -> Step:
    def step(book: Book) -> None:
        body: Json = {
            "customerRef": {"id": book.derived_id("customer", customer)},
            "issueDate": _day(day),
            "currency": currency,
            "currencyRate": exchange_rate(currency, day),
            "lineItems": _lines(book, lines, currency, sold=True),
        }
        number_ = _number(day, name)
        if ordered:
            order = {**body, "status": "Closed", "invoicingStatus": "Invoiced", "salesOrderNumber": f"SO-{number_}"}
            writes.create(book, "salesOrders", order, book.derived_id("salesOrders", name))
            body["salesOrderRefs"] = [{"id": book.derived_id("salesOrders", name), "dataType": "salesOrders"}]
        due = {"dueDate": _day(day + timedelta(days=terms)), "status": "Draft" if draft else "Submitted"}
        writes.create(
            book, "invoices", {**body, **due, "invoiceNumber": f"INV-{number_}"}, book.derived_id("invoices", name)
        )

    return step


def _bill(day: date, name: str, supplier: Supplier, lines: list[Line], *, draft: bool, ordered: bool) -> Step:
    def step(book: Book) -> None:
        body: Json = {
            "supplierRef": {"id": book.derived_id("supplier", supplier.name)},
            "issueDate": _day(day),
            "currency": supplier.currency,
            "currencyRate": exchange_rate(supplier.currency, day),
            "lineItems": _lines(book, lines, supplier.currency, sold=False),
        }
        number_ = _number(day, name)
        if ordered:
            body |= _ordered(book, body, name, number_)
        due = {"dueDate": _day(day + timedelta(days=supplier.days_to_pay)), "status": "Draft" if draft else "Open"}
        reference = f"{supplier.name[:3].upper()}-{number_}"
        writes.create(book, "bills", {**body, **due, "reference": reference}, book.derived_id("bills", name))

    return step


def _ordered(book: Book, body: Json, name: str, number_: str) -> Json:
    """The order and the receipt that came before a bill; returns the bill's reference to the order."""
    order_id, title = book.derived_id("purchaseOrders", name), f"PO-{number_}"
    writes.create(book, "purchaseOrders", {**body, "status": "Closed", "purchaseOrderNumber": title}, order_id)
    refs = [{"id": order_id, "purchaseOrderNumber": title}]
    receipt = {**body, "receivedDate": body["issueDate"], "reference": f"GR-{number_}", "purchaseOrderRefs": refs}
    writes.create(book, "itemReceipts", receipt, book.derived_id("itemReceipts", name))
    return {"purchaseOrderRefs": refs}


_PAID: Final = {
    "payments": ("invoices", "Invoice", chart.CURRENT_ACCOUNT, "creditNotes"),
    "billPayments": ("bills", "Bill", chart.CURRENT_ACCOUNT, "billCreditNotes"),
}


def _paid(day: date, name: str, kind: str, share: Decimal, document: str = "") -> Step:
    """Pay a share of what is due on a document."""

    def step(book: Book) -> None:
        documents, word, bank, _ = _PAID[kind]
        found = book.need(documents, book.derived_id(documents, document or name), "id")
        due = number(found["amountDue"])
        amount = (due * share).quantize(CENT)
        if amount <= 0:
            return
        link = {"type": word, "id": found["id"], "amount": -amount}
        body = {
            "date": _day(day),
            "accountRef": _bank(book, bank),
            "currency": found["currency"],
            "currencyRate": exchange_rate(found["currency"], day),
            "reference": f"Payment {found.get('reference') or found.get('invoiceNumber')}",
            "paymentMethodRef": {"id": book.derived_id("method", "Bank transfer")},
            "lines": [{"amount": amount, "allocatedOnDate": _day(day), "links": [link]}],
        }
        writes.create(book, kind, body, book.derived_id(kind, name))

    return step


def _credit(day: date, name: str, documents: str) -> Step:
    """A tenth of a document's first line is credited, and the credit is set against the document."""

    def step(book: Book) -> None:
        sold = documents == "invoices"
        notes, payments, word = (
            ("creditNotes", "payments", "Invoice") if sold else ("billCreditNotes", "billPayments", "Bill")
        )
        found = book.need(documents, book.derived_id(documents, name), "id")
        line = found["lineItems"][0]
        price = (number(line["subTotal"]) / 10).quantize(CENT)
        kept = {field: line[field] for field in ("accountRef", "taxRateRef", "description") if field in line}
        party = "customerRef" if sold else "supplierRef"
        body = {party: found[party], "issueDate": _day(day), "currency": found["currency"]}
        body |= {"currencyRate": exchange_rate(found["currency"], day), "note": "Damaged on delivery"}
        body |= {"lineItems": [{**kept, "quantity": Decimal(1), "unitAmount": price}]}
        credit_id = book.derived_id(notes, name)
        field = "creditNoteNumber" if sold else "billCreditNoteNumber"
        writes.create(book, notes, {**body, field: f"CN-{_number(day, name)}"}, credit_id)
        amount = number(book.need(notes, credit_id, "id")["totalAmount"])
        links = [
            {"type": word, "id": found["id"], "amount": -amount},
            {"type": "CreditNote", "id": credit_id, "amount": amount},
        ]
        setting = {"date": _day(day), "lines": [{"amount": Decimal(0), "links": links}], "note": "Credit used"}
        writes.create(book, payments, setting, book.derived_id(payments, name, "credit"))

    return step


def _voided(documents: str, name: str) -> Step:
    return lambda book: writes.void(book, documents, book.derived_id(documents, name))


def _card_cost(day: date, name: str, chance: Random) -> Step:
    text, account, tax, low, high = chance.choice(CARD_COSTS)
    line: Line = (text, account, tax, Decimal(1), Decimal(chance.randrange(low * 100, high * 100)) * CENT, Decimal(0))
    return lambda book: _at_once(book, "directCosts", day, name, [line], chart.CARD, text)


def _counter_sale(day: date, name: str, chance: Random) -> Step:
    line: Line = (
        "STOOL",
        chart.PRODUCT_SALES,
        chart.STANDARD_TAX,
        Decimal(chance.randint(1, 2)),
        Decimal("74.50"),
        Decimal(0),
    )
    return lambda book: _at_once(
        book, "directIncomes", day, name, [line], chart.CURRENT_ACCOUNT, "Sold in the workshop"
    )


def _at_once(book: Book, kind: str, day: date, name: str, lines: list[Line], bank: str, text: str) -> None:
    body = {
        "issueDate": _day(day),
        "currency": "GBP",
        "reference": f"{'C' if kind == 'directCosts' else 'S'}-{_number(day, name)}",
        "note": text,
        "lineItems": _lines(book, lines, "GBP", sold=kind == "directIncomes"),
        "paymentAllocations": [{"payment": {"accountRef": _bank(book, bank)}}],
    }
    writes.create(book, kind, body, book.derived_id(kind, name))


def _wages(day: date, scale: int) -> Step:
    amount = Decimal(8_800 * scale)
    legs = [(chart.WAGES, amount), (chart.CURRENT_ACCOUNT, -amount)]
    return lambda book: _entry(book, day, "wages", f"Wages {day:%B %Y}", legs)


def _depreciation(day: date) -> Step:
    def step(book: Book) -> None:
        cost = number(book.need("chartOfAccounts", book.account_id(chart.EQUIPMENT), "id")["currentBalance"])
        amount = (cost / 60).quantize(CENT)
        legs = [(chart.DEPRECIATION, amount), (chart.DEPRECIATION_TO_DATE, -amount)]
        _entry(book, day, "depreciation", "Depreciation of machines", legs)

    return step


def _loan(day: date) -> Step:
    def step(book: Book) -> None:
        owed = number(book.need("chartOfAccounts", book.account_id(chart.LOAN), "id")["currentBalance"])
        interest, repaid = (owed / 200).quantize(CENT), (owed / 60).quantize(CENT)
        legs = [(chart.LOAN, repaid), (chart.INTEREST_PAID, interest), (chart.CURRENT_ACCOUNT, -repaid - interest)]
        _entry(book, day, "loan", "Loan repayment and interest", legs)

    return step


def _vat(day: date) -> Step:
    def step(book: Book) -> None:
        owed = number(book.need("chartOfAccounts", book.account_id(chart.VAT), "id")["currentBalance"])
        _entry(book, day, "vat", "VAT return settled", [(chart.VAT, owed), (chart.CURRENT_ACCOUNT, -owed)])

    return step


def _clear_card(day: date) -> Step:
    def step(book: Book) -> None:
        owed = number(book.need("chartOfAccounts", book.account_id(chart.CARD), "id")["currentBalance"])
        _transfer(book, day, "card", chart.CURRENT_ACCOUNT, chart.CARD, owed, "Card statement paid")

    return step


def _save(day: date, scale: int) -> Step:
    amount = Decimal(1_500 * scale)
    return lambda book: _transfer(book, day, "save", chart.CURRENT_ACCOUNT, chart.SAVINGS, amount, "Put aside for tax")


def _interest(day: date) -> Step:
    def step(book: Book) -> None:
        saved = number(book.need("chartOfAccounts", book.account_id(chart.SAVINGS), "id")["currentBalance"])
        amount = major(int(saved))
        line: Line = ("Interest", chart.INTEREST_RECEIVED, chart.NO_TAX, Decimal(1), amount, Decimal(0))
        body_lines = _lines(book, [line], "GBP", sold=False)
        allocation = [{"payment": {"accountRef": _bank(book, chart.SAVINGS)}}]
        body = {
            "issueDate": _day(day),
            "currency": "GBP",
            "note": "Interest on savings",
            "reference": f"INT-{day:%y%m}",
        }
        kept = {**body, "lineItems": body_lines, "paymentAllocations": allocation}
        writes.create(book, "directIncomes", kept, book.derived_id("interest", day.isoformat()))

    return step


def _transfer(book: Book, day: date, name: str, left: str, reached: str, amount: Decimal, text: str) -> None:
    sides = {
        "from": {"accountRef": _bank(book, left), "amount": amount},
        "to": {"accountRef": _bank(book, reached), "amount": amount},
    }
    body = {"date": _day(day), "description": text, **sides}
    writes.create(book, "transfers", body, book.derived_id("transfers", name, day.isoformat()))


def _number(day: date, name: str) -> str:
    return f"{day:%y%m%d}{name.rpartition(':')[2][:3].upper()}"
