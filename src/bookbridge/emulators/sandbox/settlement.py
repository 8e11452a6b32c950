"""Payments: money that settles bills, invoices and credit notes, and credit notes that settle bills and invoices.

A payment has lines, a line has links. The lines add up to the payment; a line and its links add up to zero. A link
below zero pays a bill or an invoice, one above zero uses up a credit note. What is paid ahead, and comes back, is in
`on_account`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bookbridge.accounting.money import exact_sum
from bookbridge.emulators.sandbox import on_account
from bookbridge.emulators.sandbox.book import BASE_CURRENCY, Book, Json, minor, number, refuse
from bookbridge.emulators.sandbox.chart import EXCHANGE, PAYABLE, RECEIVABLE
from bookbridge.emulators.sandbox.documents import KINDS, DocumentKind, currency_rate, needed_date, settled
from bookbridge.emulators.sandbox.entries import Leg, account_ref, enter, entry_id, withdraw

LINES_MAX: Final = 500


@dataclass(frozen=True)
class PaymentKind:
    """How payments to suppliers and from customers differ."""

    key: str
    party: str
    debts: str
    credits: str
    debt_word: str
    word: str
    """What a link calls a payment of this kind, when money comes back that it holds."""
    contacts: str
    control: str
    side: int
    """What paying does to the bank account: -1 credits it."""

    @property
    def held_side(self) -> int:
        """What money paid ahead does to the control account: the same as settling a debt."""
        return KINDS[self.debts].side

    def document(self, word: object) -> DocumentKind | None:
        """The kind of document that a link of this type names."""
        return KINDS.get({self.debt_word: self.debts, "CreditNote": self.credits}.get(str(word), ""))


PAYMENTS: Final = {
    row.key: row
    for row in (
        PaymentKind(
            "billPayments", "supplierRef", "bills", "billCreditNotes", "Bill", "BillPayment", "suppliers", PAYABLE, -1
        ),
        PaymentKind(
            "payments", "customerRef", "invoices", "creditNotes", "Invoice", "Payment", "customers", RECEIVABLE, 1
        ),
    )
}


@dataclass(frozen=True)
class _Use:
    """One link: a document, by how much it is settled (above zero), and on what day."""

    kind: DocumentKind
    document_id: str
    amount: Decimal
    day: str


def pay(book: Book, kind: PaymentKind, sent: Json, record_id: str) -> Json:
    """Book a payment and set it against what it settles; returns it whole. Raises Refused."""
    day = needed_date(sent, "date")
    lines, uses = _lines(book, kind, sent, day)
    total = exact_sum(number(line["amount"]) for line in lines)
    if sent.get("totalAmount") is not None and number(sent["totalAmount"]) != total:
        raise refuse("totalAmount", f"totalAmount is {sent['totalAmount']}, but the lines add up to {total}.")
    model = _model(book, kind, lines, uses)
    _check_uses(book, kind, lines, uses, sent)
    currency = str(sent.get("currency") or model["currency"]).upper()
    if currency != BASE_CURRENCY and sent.get("currencyRate") is None:
        sent = {**sent, "currencyRate": model.get("currencyRate")}
    record: Json = {
        "id": record_id,
        "date": day,
        kind.party: model[kind.party],
        "totalAmount": total,
        "currency": currency,
        "currencyRate": currency_rate(currency, sent),
        "lines": lines,
    }
    if total:
        bank = (sent.get("accountRef") or {}).get("id")
        if book.get("bankAccounts", bank) is None:
            raise refuse("accountRef.id", "Money moves through a bank account.")
        record["accountRef"] = account_ref(book, bank)
    if sent.get("paymentMethodRef"):
        method = book.need("paymentMethods", sent["paymentMethodRef"].get("id"), "paymentMethodRef.id")
        record["paymentMethodRef"] = {"id": method["id"], "name": method["name"]}
    record |= {name: sent[name] for name in ("note", "reference") if sent.get(name)}
    legs = [leg for use in uses for leg in _settle(book, kind, record, use)]
    control, side = book.account_id(kind.control), kind.held_side
    legs += [Leg(control, side * moved, "On account") for moved in _on_account(book, kind, record)]
    if total:
        legs.append(Leg(record["accountRef"]["id"], kind.side * minor(total, record["currencyRate"])))
    # What the rates of the document and of the payment make of the same amount differs.
    legs.append(Leg(book.account_id(EXCHANGE), -sum(leg.amount for leg in legs), "Exchange difference"))
    enter(book, kind.key, record_id, day, str(record.get("reference") or "Payment"), legs)
    book.put(kind.key, record)
    return record


def _model(book: Book, kind: PaymentKind, lines: list[Json], uses: list[_Use]) -> Json:
    """What tells whose payment it is, and in which currency: the first document, the payment that comes back, or the
    contact that is paid ahead."""
    if uses:
        return book.need(uses[0].kind.key, uses[0].document_id, "lines[0].links[0].id")
    link = lines[0]["links"][0]
    if link["type"] == kind.word:
        return book.need(kind.key, link["id"], "lines[0].links[0].id")
    contact = book.need(kind.contacts, link["id"], "lines[0].links[0].id")
    name = contact.get("supplierName") or contact.get("customerName")
    party = {"id": contact["id"], "name" if kind.party == "supplierRef" else "companyName": name}
    return {kind.party: party, "currency": contact.get("defaultCurrency") or BASE_CURRENCY}


def _on_account(book: Book, kind: PaymentKind, record: Json) -> Iterator[int]:
    """What each part of a payment that settles nothing changes in what is held, in minor units."""
    for line in record["lines"]:
        for link in line["links"]:
            if link["type"] == kind.word:
                yield on_account.paid_back(book, kind.key, link["id"], link["amount"], record)
    if ahead := on_account.held(record):
        yield minor(ahead, number(record["currencyRate"]))


def cancel(book: Book, kind: PaymentKind, record: Json) -> None:
    """Take a payment back: what it had settled is due again, and its entry is withdrawn.

    Parts of a foreign debt are rounded one by one, so that a part taken out from among others may leave a penny of the
    control account: that is what stays of its entry.
    """
    if on_account.was_paid_back(record):
        raise refuse("id", "A part of this came back; delete the payment that brought it first.")
    control = book.account_id(kind.control)
    entry = book.get("journalEntries", entry_id(book, kind.key, record["id"])) or {"journalLines": ()}
    booked = sum(
        minor(number(line["netAmount"]), Decimal(1))
        for line in entry["journalLines"]
        if line["accountRef"]["id"] == control
    )
    rest = booked + _unsettle(book, kind, record)
    withdraw(book, kind.key, record["id"])
    legs = [Leg(control, rest), Leg(book.account_id(EXCHANGE), -rest)]
    enter(book, kind.key, record["id"], record["date"], "Rounding of a payment taken back", legs)


def _unsettle(book: Book, kind: PaymentKind, record: Json) -> int:
    """Give back to the documents what a payment had settled; returns what that does to the control account."""
    moved = -minor(on_account.held(record), number(record["currencyRate"])) * kind.held_side
    for line in record["lines"]:
        for link in line["links"]:
            if link["type"] == kind.word:
                moved += on_account.given_again(book, kind.key, link["id"], record["id"]) * kind.held_side
            documents = kind.document(link["type"])
            document = book.get(documents.key, link["id"]) if documents else None
            if documents is None or document is None:
                continue
            assert documents.due is not None
            left = [one for one in document["paymentAllocations"] if one["payment"]["id"] != record["id"]]
            before, rate = number(document[documents.due]), number(document["currencyRate"])
            due = before + abs(number(link["amount"]))
            moved -= (minor(due, rate) - minor(before, rate)) * documents.side
            changed = {**document, "paymentAllocations": left, documents.due: due}
            book.put(documents.key, settled(documents, changed))
    return moved


def _lines(book: Book, kind: PaymentKind, sent: Json, day: str) -> tuple[list[Json], list[_Use]]:
    given = sent.get("lines") or []
    if not 0 < len(given) <= LINES_MAX:
        raise refuse("lines", f"There must be between 1 and {LINES_MAX} lines.")
    lines: list[Json] = []
    uses: list[_Use] = []
    for position, line in enumerate(given):
        amount, prefix = number(line.get("amount")), f"lines[{position}]."
        links = line.get("links") or []
        if not 0 < len(links) <= LINES_MAX:
            raise refuse(f"{prefix}links", "Each line says what it settles.")
        allocated = f"{(line.get('allocatedOnDate') or day)[:10]}T00:00:00"
        kept = [
            _link(book, kind, link, f"{prefix}links[{place}].", amount, is_alone=len(links) == 1)
            for place, link in enumerate(links)
        ]
        if amount + exact_sum(link["amount"] for link in kept):
            raise refuse(f"{prefix}amount", "A line's amount and its links' amounts must add up to zero.")
        lines.append({"amount": amount, "allocatedOnDate": allocated, "links": kept})
        for link in kept:
            documents = kind.document(link["type"])
            if documents is not None:
                uses.append(_Use(documents, link["id"], abs(link["amount"]), allocated))
    return lines, uses


def _link(book: Book, kind: PaymentKind, link: Json, prefix: str, line_amount: Decimal, *, is_alone: bool) -> Json:
    documents = kind.document(link.get("type"))
    if documents is None:
        if is_alone and link.get("type") == on_account.ON_ACCOUNT:
            return on_account.ahead(book, kind.contacts, link, line_amount, prefix)
        if is_alone and link.get("type") == kind.word:
            return on_account.back(book, kind.key, link, line_amount, prefix)
        words = f"{kind.debt_word} or CreditNote, or alone in its line {on_account.ON_ACCOUNT} or {kind.word}"
        raise refuse(f"{prefix}type", f"A link is of type {words}.")
    book.need(documents.key, link.get("id"), f"{prefix}id")
    amount = -line_amount if link.get("amount") is None and is_alone else number(link.get("amount"))
    if amount == 0 or (amount > 0) is not (link["type"] == "CreditNote"):
        raise refuse(f"{prefix}amount", "Paying takes an amount below zero, using up a credit note one above zero.")
    return {"type": link["type"], "id": link["id"], "amount": amount, "currencyRate": Decimal(1)}


def _check_uses(book: Book, kind: PaymentKind, lines: list[Json], uses: list[_Use], sent: Json) -> None:
    needed: dict[tuple[str, str], Decimal] = {}
    parties, currencies = set(), set()
    for link in (link for line in lines for link in line["links"]):
        if link["type"] == on_account.ON_ACCOUNT:
            parties.add(link["id"])
        elif link["type"] == kind.word:
            earlier = book.need(kind.key, link["id"], "lines.links.id")
            parties.add(earlier[kind.party]["id"])
            currencies.add(earlier["currency"])
    for use in uses:
        document = book.need(use.kind.key, use.document_id, "lines.links.id")
        assert use.kind.due is not None
        place = (use.kind.key, use.document_id)
        needed[place] = needed.get(place, Decimal(0)) + use.amount
        if document["status"] in {"Draft", "Void"}:
            raise refuse("lines.links.id", f"A {document['status'].lower()} document cannot be settled.")
        if needed[place] > number(document[use.kind.due]):
            raise refuse("lines.links.amount", f"Only {document[use.kind.due]} is due.")
        parties.add(document[kind.party]["id"])
        currencies.add(document["currency"])
    if sent.get(kind.party):
        parties.add(sent[kind.party].get("id"))
    if len(parties) > 1:
        raise refuse(f"{kind.party}.id", "A payment settles documents of one contact.")
    if sent.get("currency"):
        currencies.add(str(sent["currency"]).upper())
    if len(currencies) > 1:
        raise refuse("currency", "A payment is in the currency of what it settles.")


def _settle(book: Book, kind: PaymentKind, record: Json, use: _Use) -> list[Leg]:
    document = book.need(use.kind.key, use.document_id, "lines.links.id")
    assert use.kind.due is not None
    before = number(document[use.kind.due])
    after = before - use.amount
    amounts = {"currency": record["currency"], "currencyRate": record["currencyRate"]}
    payment = {"id": record["id"], **amounts, "paidOnDate": record["date"], "totalAmount": record["totalAmount"]}
    payment |= {name: record[name] for name in ("accountRef", "reference", "note") if name in record}
    allocation = {**amounts, "allocatedOnDate": use.day, "totalAmount": use.amount}
    allocations = [*document.get("paymentAllocations", ()), {"payment": payment, "allocation": allocation}]
    changed = {**document, use.kind.due: after, "paymentAllocations": allocations}
    book.put(use.kind.key, settled(use.kind, changed))
    rate = number(document["currencyRate"])
    # As a difference of what is owed before and after, so that the control account stays the sum of its documents.
    base = minor(before, rate) - minor(after, rate)
    return [Leg(book.account_id(kind.control), base * use.kind.side, use.kind.key)]
