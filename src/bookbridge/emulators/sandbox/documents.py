"""Documents with lines: bills, invoices, credit notes, orders, receipts, and what is bought or sold on the spot.

A table tells how the kinds differ; the rest is the same for all: complete the lines, add up, compare with what was
sent, book. Amounts that were sent must be right; those that were not are worked out.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bookbridge.accounting.money import exact_difference, exact_product, exact_sum, minor_unit, round_half_up
from bookbridge.emulators.sandbox.book import (
    BASE_CURRENCY,
    HUNDRED,
    Book,
    Json,
    Problem,
    Refused,
    minor,
    number,
    refuse,
)
from bookbridge.emulators.sandbox.chart import PAYABLE, RECEIVABLE, VAT
from bookbridge.emulators.sandbox.entries import Leg, account_ref, enter

LINES_MAX: Final = 500


@dataclass(frozen=True)
class DocumentKind:
    """How one kind of document differs from the others."""

    key: str
    party: str
    """Field that names the other side."""
    number: str
    """Field that people know it by."""
    tax: str | None
    """Field with the tax of the whole."""
    side: int = 0
    """What its lines do to their accounts: 1 debits, -1 credits, 0 books nothing."""
    control: str | None = None
    """Code of the account for what is owed; None for money that moves at once."""
    due: str | None = None
    """Field with what is still to be settled."""
    words: tuple[str, ...] = ()
    """Statuses that may be sent; the first is what is taken when none is."""
    partly: str = "PartiallyPaid"
    has_discounts: bool = False


_PAYABLE_WORDS: Final = ("Open", "Draft")
_SALE_WORDS: Final = ("Submitted", "Draft")
_ORDER_WORDS: Final = ("Open", "Draft", "Closed", "Void")

KINDS: Final = {
    row.key: row
    for row in (
        DocumentKind("bills", "supplierRef", "reference", "taxAmount", 1, PAYABLE, "amountDue", _PAYABLE_WORDS),
        DocumentKind(
            "billCreditNotes",
            "supplierRef",
            "billCreditNoteNumber",
            "totalTaxAmount",
            -1,
            PAYABLE,
            "remainingCredit",
            _SALE_WORDS,
            has_discounts=True,
        ),
        DocumentKind(
            "invoices",
            "customerRef",
            "invoiceNumber",
            "totalTaxAmount",
            -1,
            RECEIVABLE,
            "amountDue",
            _SALE_WORDS,
            has_discounts=True,
        ),
        DocumentKind(
            "creditNotes",
            "customerRef",
            "creditNoteNumber",
            "totalTaxAmount",
            1,
            RECEIVABLE,
            "remainingCredit",
            _SALE_WORDS,
            has_discounts=True,
        ),
        DocumentKind("directCosts", "contactRef", "reference", "taxAmount", 1),
        DocumentKind("directIncomes", "contactRef", "reference", "taxAmount", -1),
        DocumentKind(
            "purchaseOrders",
            "supplierRef",
            "purchaseOrderNumber",
            "totalTaxAmount",
            words=_ORDER_WORDS,
            has_discounts=True,
        ),
        DocumentKind(
            "salesOrders", "customerRef", "salesOrderNumber", "totalTaxAmount", words=_ORDER_WORDS, has_discounts=True
        ),
        DocumentKind("itemReceipts", "supplierRef", "reference", None, words=("Received", "Draft", "Rejected", "Void")),
    )
}

_KEPT: Final = {
    "bills": ("purchaseOrderRefs",),
    "invoices": ("salesOrderRefs",),
    "billCreditNotes": ("createdFromRefs",),
    "purchaseOrders": ("expectedDeliveryDate", "deliveryDate", "paymentDueDate", "shipTo", "createdBy"),
    "salesOrders": ("expectedDeliveryDate", "invoicingStatus", "customerPurchaseOrderNumber", "shipTo"),
    "itemReceipts": ("purchaseOrderRefs",),
}
_NAMES: Final = {"supplierRef": ("suppliers", "supplierName"), "customerRef": ("customers", "companyName")}
_PARTY_NAMES: Final = {"suppliers": "supplierName", "customers": "customerName"}


def completed(book: Book, kind: DocumentKind, sent: Json, record_id: str) -> Json:
    """The whole document that was sent in part. Raises Refused."""
    currency = _currency(book, kind, sent)
    rate = currency_rate(currency, sent)
    lines = _lines(book, kind, sent, currency)
    day_field = "receivedDate" if kind.key == "itemReceipts" else "issueDate"
    record: Json = {
        "id": record_id,
        **_party(book, kind, sent),
        day_field: needed_date(sent, day_field),
        "currency": currency,
        "currencyRate": rate,
        "lineItems": lines,
        **_totals(kind, sent, lines),
    }
    for name in (kind.number, "note", *_KEPT.get(kind.key, ())):
        if sent.get(name) is not None:
            record[name] = sent[name]
    if kind.key in {"bills", "invoices"}:
        record["dueDate"] = sent.get("dueDate") or record["issueDate"]
        if record["dueDate"][:10] < record["issueDate"][:10]:
            raise refuse("dueDate", "The due date is before the issue date.")
    if kind.words:
        record["status"] = sent.get("status") or kind.words[0]
        if record["status"] not in kind.words:
            raise refuse("status", f"The status must be one of {', '.join(kind.words)}.")
    if kind.due:
        # Nothing is owed on a draft; the amount is shown all the same, as it will be.
        record[kind.due] = record["totalAmount"]
    return {**record, **_payment_at_once(book, kind, sent, record)}


def book_document(book: Book, kind: DocumentKind, record: Json) -> None:
    """Book a document's lines, tax and debt. Drafts, void ones and orders book nothing."""
    if kind.side == 0 or record.get("status") in {"Draft", "Void"}:
        return
    rate = number(record["currencyRate"])
    legs = [
        Leg(line["accountRef"]["id"], kind.side * minor(line["subTotal"], rate), line.get("description"))
        for line in record["lineItems"]
    ]
    tax = number(record[kind.tax]) if kind.tax else Decimal(0)
    other = kind.side * minor(record["totalAmount"], rate)
    legs.append(Leg(book.account_id(VAT), kind.side * minor(tax, rate)))
    # Each leg was rounded by itself; the first line takes the difference, so that what is owed is exact.
    difference = other - sum(leg.amount for leg in legs)
    legs[0] = Leg(legs[0].account, legs[0].amount + difference, legs[0].description)
    legs.append(Leg(_other_side(book, kind, record), -other))
    enter(book, kind.key, record["id"], record["issueDate"], _title(kind, record), legs)


def settled(kind: DocumentKind, record: Json) -> Json:
    """The document with the status that follows from what is still due."""
    assert kind.due is not None
    due, total = number(record[kind.due]), number(record["totalAmount"])
    status = "Paid" if due == 0 else (kind.partly if due < total else kind.words[0])
    changed = {**record, "status": status}
    dates = [one["allocation"]["allocatedOnDate"] for one in record.get("paymentAllocations", ())]
    field = "paidOnDate" if kind.key == "invoices" else "allocatedOnDate"
    if kind.key != "bills":
        changed.pop(field, None)
        if due == 0 and dates:
            changed[field] = max(dates)
    return changed


def currency_rate(currency: str, sent: Json) -> Decimal:
    """The rate that was sent; 1 in the base currency. Raises Refused."""
    rate = sent.get("currencyRate")
    if currency == BASE_CURRENCY:
        if rate is not None and number(rate) != 1:
            raise refuse("currencyRate", f"In {BASE_CURRENCY} the rate is 1.")
        return Decimal(1)
    if rate is None or number(rate) <= 0:
        raise refuse("currencyRate", f"A document in {currency} needs a rate into {BASE_CURRENCY}.")
    return number(rate)


def needed_date(sent: Json, field: str, prefix: str = "") -> str:
    """A date that must be there, as the contract writes days. Raises Refused."""
    value = sent.get(field)
    if not isinstance(value, str) or len(value) < len("2026-01-31"):
        raise refuse(f"{prefix}{field}", f"{prefix}{field} is required.")
    return f"{value[:10]}T00:00:00"


def _currency(book: Book, kind: DocumentKind, sent: Json) -> str:
    if sent.get("currency"):
        return str(sent["currency"]).upper()
    ref = sent.get(kind.party) or {}
    if kind.party in _NAMES:
        party = book.get(_NAMES[kind.party][0], ref.get("id"))
        return str((party or {}).get("defaultCurrency") or BASE_CURRENCY)
    return BASE_CURRENCY


def _party(book: Book, kind: DocumentKind, sent: Json) -> Json:
    ref = sent.get(kind.party)
    if ref is None:
        if kind.party == "contactRef":
            return {}
        raise refuse(f"{kind.party}.id", f"{kind.party} is required.")
    if kind.party == "contactRef":
        data_type = ref.get("dataType") or ("suppliers" if kind.side > 0 else "customers")
        book.need(data_type, ref.get("id"), "contactRef.id")
        return {"contactRef": {"id": ref["id"], "dataType": data_type}}
    parties, name = _NAMES[kind.party]
    party = book.need(parties, ref.get("id"), f"{kind.party}.id")
    if party["status"] == "Archived":
        raise refuse(f"{kind.party}.id", "Nothing can be booked for an archived contact.")
    return {kind.party: {"id": party["id"], name: party[_PARTY_NAMES[parties]]}}


def _lines(book: Book, kind: DocumentKind, sent: Json, currency: str) -> list[Json]:
    lines = sent.get("lineItems") or []
    if not 0 < len(lines) <= LINES_MAX:
        raise refuse("lineItems", f"There must be between 1 and {LINES_MAX} lines.")
    problems: list[Problem] = []
    found = []
    for position, line in enumerate(lines):
        try:
            found.append(_line(book, kind, line, f"lineItems[{position}].", currency))
        except Refused as refused:
            problems += refused.problems
    if problems:
        raise Refused(*problems)
    return found


def _line(book: Book, kind: DocumentKind, sent: Json, prefix: str, currency: str) -> Json:
    line: Json = {name: sent[name] for name in ("description", "lineNumber", "unitOfMeasurement") if sent.get(name)}
    quantity = number(sent["quantity"]) if sent.get("quantity") is not None else Decimal(1)
    price = number(sent["unitAmount"]) if sent.get("unitAmount") is not None else number(sent.get("subTotal"))
    line |= {"quantity": quantity, "unitAmount": price}
    gross = exact_product(quantity, price)
    discount = number(sent.get("discountAmount"))
    if not discount and sent.get("discountPercentage"):
        discount = exact_product(gross, number(sent["discountPercentage"])) / HUNDRED
    if discount:
        line["discountAmount"] = discount = round_half_up(discount)
    line["subTotal"] = _agreed(sent, "subTotal", exact_difference(gross, discount), prefix, minor_unit(currency))
    item = None
    if sent.get("itemRef"):
        item = book.need("items", sent["itemRef"].get("id"), f"{prefix}itemRef.id")
        line["itemRef"] = {"id": item["id"], "name": item["name"]}
    line["accountRef"] = _line_account(book, kind, sent, item, prefix)
    if kind.tax:
        line |= _line_tax(book, sent, line["subTotal"], prefix)
        refs = [_tracking(book, ref, prefix) for ref in sent.get("trackingCategoryRefs") or ()]
        if refs and kind.key != "salesOrders":
            line["trackingCategoryRefs"] = refs
    tax = number(line.get("taxAmount"))
    line["totalAmount"] = _agreed(sent, "totalAmount", exact_sum((line["subTotal"], tax)), prefix, Decimal(0))
    for name in ("purchaseOrderLineRef", "tracking"):
        if sent.get(name):
            line[name] = sent[name]
    return line


def _line_account(book: Book, kind: DocumentKind, sent: Json, item: Json | None, prefix: str) -> Json:
    field = f"{prefix}accountRef.id"
    ref = sent.get("accountRef")
    if ref is None and item is not None:
        bought = kind.party == "supplierRef" or kind.key == "directCosts"
        ref = (item.get("billItem" if bought else "invoiceItem") or {}).get("accountRef")
    if ref is None:
        raise refuse(field, "Each line needs an account, or an item that has one.")
    account = book.need("chartOfAccounts", ref.get("id"), field)
    if account["nominalCode"] in {PAYABLE, RECEIVABLE, VAT} or account["isBankAccount"]:
        raise refuse(field, "Lines cannot be booked to bank, control or tax accounts.")
    return account_ref(book, account["id"], field)


def _line_tax(book: Book, sent: Json, sub_total: Decimal, prefix: str) -> Json:
    ref = sent.get("taxRateRef")
    if ref is None:
        given = number(sent.get("taxAmount"))
        if given:
            raise refuse(f"{prefix}taxRateRef.id", "Tax needs a tax rate.")
        return {"taxAmount": Decimal(0)}
    rate = book.need("taxRates", ref.get("id"), f"{prefix}taxRateRef.id")
    percent = number(rate["effectiveTaxRate"])
    # Whoever wrote the document may have rounded differently: what was charged counts.
    tax = number(sent["taxAmount"]) if sent.get("taxAmount") is not None else _tax(sub_total, percent)
    named = {"id": rate["id"], "name": rate["name"], "effectiveTaxRate": percent}
    return {"taxAmount": tax, "taxRateRef": named}


def _tax(sub_total: Decimal, percent: Decimal) -> Decimal:
    return round_half_up(exact_product(sub_total, percent) / HUNDRED)


def _tracking(book: Book, ref: Json, prefix: str) -> Json:
    category = book.need("trackingCategories", ref.get("id"), f"{prefix}trackingCategoryRefs.id")
    if category["hasChildren"]:
        raise refuse(f"{prefix}trackingCategoryRefs.id", "A line is counted under a value, not under a whole category.")
    return {"id": category["id"], "name": category["name"]}


def _totals(kind: DocumentKind, sent: Json, lines: list[Json]) -> Json:
    sub_total = exact_sum(line["subTotal"] for line in lines)
    tax = exact_sum(number(line.get("taxAmount")) for line in lines)
    # Exact: nothing is rounded here that was not rounded on its line.
    found: Json = {"subTotal": _agreed(sent, "subTotal", sub_total, "", Decimal(0))}
    if kind.tax:
        found[kind.tax] = _agreed(sent, kind.tax, tax, "", Decimal(0))
    if kind.has_discounts:
        # Discounts are given on lines only, and are taken off their sub totals.
        found["totalDiscount"] = Decimal(0)
    if kind.due and kind.has_discounts:
        found["discountPercentage"] = Decimal(0)
    found["totalAmount"] = _agreed(sent, "totalAmount", exact_sum((sub_total, tax)), "", Decimal(0))
    if found["totalAmount"] < 0:
        raise refuse("totalAmount", "The total must not be negative; write the opposite document instead.")
    return found


def _agreed(sent: Json, name: str, worked_out: Decimal, prefix: str, tolerance: Decimal) -> Decimal:
    """The amount that was sent if it agrees with the one worked out, else the latter; at two places."""
    rounded = round_half_up(worked_out)
    # Zero is what an application that lets the ledger add up fills a required field with.
    if not sent.get(name):
        return rounded
    if abs(number(sent[name]) - rounded) > tolerance:
        raise refuse(f"{prefix}{name}", f"{name} is {sent[name]}, but should be {rounded}.")
    return round_half_up(number(sent[name]))


def _payment_at_once(book: Book, kind: DocumentKind, sent: Json, record: Json) -> Json:
    if kind.party != "contactRef":
        return {}
    allocations = sent.get("paymentAllocations") or []
    if len(allocations) != 1:
        raise refuse("paymentAllocations", "There must be one payment allocation, which names the bank account.")
    payment = allocations[0].get("payment") or {}
    account = (payment.get("accountRef") or {}).get("id")
    field = "paymentAllocations[0].payment.accountRef.id"
    if book.get("bankAccounts", account) is None:
        raise refuse(field, "Money moves through a bank account.")
    amounts = {"currency": record["currency"], "currencyRate": record["currencyRate"]}
    paid = {"paidOnDate": record["issueDate"], "totalAmount": record["totalAmount"], **amounts}
    whole = {"allocatedOnDate": record["issueDate"], "totalAmount": record["totalAmount"], **amounts}
    named = {"id": book.derived_id("paid", record["id"]), "accountRef": account_ref(book, account, field)}
    return {"paymentAllocations": [{"payment": {**named, **paid}, "allocation": whole}]}


def _other_side(book: Book, kind: DocumentKind, record: Json) -> str:
    if kind.control:
        return book.account_id(kind.control)
    account: str = record["paymentAllocations"][0]["payment"]["accountRef"]["id"]
    return account


def _title(kind: DocumentKind, record: Json) -> str:
    return str(record.get(kind.number) or record.get("note") or kind.key)
