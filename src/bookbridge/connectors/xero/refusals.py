"""What Xero refused, in the contract's words: its messages, each under the field that it is about.

Xero names no fields. A word in a message tells what it is about, and its place which line; nothing is decided by it but
where the message is shown. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from bookbridge.connectors.kit import http
from bookbridge.connectors.kit.errors import FieldProblem, Rejected
from bookbridge.connectors.xero.payloads import ApiError, ElementErrors, LineErrors

MESSAGES_MAX = 20
MESSAGE_CHARACTERS_MAX = 500

_error = msgspec.json.Decoder(ApiError)


def refusal(answer: http.Answer, fields: Sequence[str]) -> Rejected:
    """A 400 of Xero's as an error that names those of the given fields that its messages are about."""
    try:
        error = _error.decode(answer.body)
    except msgspec.DecodeError:
        return Rejected(f"Xero refused the request: {http.quoted(answer)}")
    problems = tuple(_problems(error, fields))[:MESSAGES_MAX]
    if not problems:
        text = error.message or error.detail or error.title or "no reason given"
        return Rejected(f"Xero refused the request: {text[:MESSAGE_CHARACTERS_MAX]}")
    return Rejected(" ".join(dict.fromkeys(problem.message for problem in problems)), problems)


def _problems(error: ApiError, fields: Sequence[str]) -> list[FieldProblem]:
    found: dict[str, FieldProblem] = {}
    for element in error.elements or ():
        # A line's message is repeated for the whole element; the line's own says more, so it comes first.
        for of, lines in _lines_of(element):
            for position, line in enumerate(lines or ()):
                for problem in line.validation_errors or ():
                    if problem.message:
                        text = problem.message[:MESSAGE_CHARACTERS_MAX]
                        found.setdefault(text, FieldProblem(field_named(text, fields, position, of), text))
        for problem in element.validation_errors or ():
            if problem.message:
                text = problem.message[:MESSAGE_CHARACTERS_MAX]
                found.setdefault(text, FieldProblem(field_named(text, fields), text))
    return list(found.values())


def _lines_of(element: ElementErrors) -> tuple[tuple[str, Sequence[LineErrors] | None], ...]:
    """The parts of an element that may be refused one by one, under what the contract calls them."""
    return (("lineItems", element.line_items), ("journalLines", element.journal_lines), ("lines", element.payments))


# What Xero's messages are about, told by a word in them, and the contract's fields that this may be; the
# first that the refused write has is named. Order matters: the particular before the general.
_SUBJECTS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), candidates)
    for pattern, candidates in (
        (r"cannot be edited|cannot be updated|valid status", ("status",)),
        (r"authorised documents|mix bills", ("lines.links.id",)),
        (r"remaining credit", ("lines.links.amount",)),
        (r"due ?date", ("dueDate",)),
        (r"(delivery|arrival) ?date", ("deliveryDate", "expectedDeliveryDate")),
        (r"lock(ed)? date|\bdate\b", ("issueDate", "date", "postedOn")),
        (r"tax ?(type|rate|code)|taxtype", ("lineItems.taxRateRef.id", "billItem.taxRateRef.id")),
        (r"tax amount|taxamount", ("lineItems.taxAmount", "taxAmount", "totalTaxAmount")),
        (
            r"tracking",
            (
                "lineItems.trackingCategoryRefs.id",
                "lineItems.trackingCategoryRefs",
                "journalLines.tracking.recordRefs.id",
            ),
        ),
        (r"discount", ("lineItems.discountPercentage", "lineItems.discountAmount")),
        (r"unique code", ("nominalCode", "code")),
        (r"unique name", ("name", "accountName")),
        (r"item (with )?code|itemcode", ("lineItems.itemRef.id", "code")),
        (r"account number", ("accountNumber",)),
        (r"account must be specified|account code must|code must be", ("nominalCode", "code")),
        (
            r"bank account|account type|payments enabled",
            ("paymentAllocations.payment.accountRef.id", "from.accountRef.id", "accountRef.id"),
        ),
        (r"accounts? of a transfer", ("to.accountRef.id",)),
        (
            r"account",
            ("lineItems.accountRef.id", "journalLines.accountRef.id", "accountRef.id", "billItem.accountRef.id"),
        ),
        (r"currency rate", ("currencyRate",)),
        (r"currency", ("currency", "defaultCurrency")),
        (r"credit note (number|#|no\b)|creditnotenumber", ("creditNoteNumber", "billCreditNoteNumber")),
        (r"order (number|#|no\b)|purchaseordernumber", ("purchaseOrderNumber",)),
        (r"invoice (number|#|no\b)|invoicenumber", ("invoiceNumber", "reference")),
        (r"reference", ("reference", "note", "description")),
        (r"narration|description", ("lineItems.description", "description")),
        (r"quantity", ("lineItems.quantity",)),
        (r"unit ?(amount|price)", ("lineItems.unitAmount", "billItem.unitPrice")),
        (r"e-?mail", ("emailAddress",)),
        (r"phone", ("phone",)),
        (r"address", ("addresses",)),
        (
            r"contact|\bname\b",
            (
                "supplierName",
                "customerName",
                "supplierRef.id",
                "customerRef.id",
                "contactRef.id",
                "name",
                "accountName",
            ),
        ),
        (r"payment amount|outstanding|exceeds", ("totalAmount", "lines.amount")),
        (r"invoice|credit|over-?payment|pre-?payment", ("lines.links.id",)),
        (r"line ?item", ("lineItems",)),
        (r"debit|journal line", ("journalLines.netAmount",)),
        (r"\btype\b", ("fullyQualifiedCategory",)),
        (r"status", ("status",)),
        (r"total|amount", ("totalAmount", "from.amount", "journalLines.netAmount")),
    )
)


def field_named(message: str, fields: Sequence[str], line: int | None = None, of: str = "lineItems") -> str:
    """The contract's field that a message is about, of those given; empty when none is recognised.

    `line` is the position of the line it was said of, and `of` the list that it is in: `lineItems[2].accountRef.id`.
    """
    for pattern, candidates in _SUBJECTS:
        if pattern.search(message):
            known = [field for field in candidates if any(f"{one}.".startswith(f"{field}.") for one in fields)]
            # What is said of a line is about the line, if it can be.
            within = [field for field in known if line is not None and field.startswith(f"{of}.")]
            named = next(iter(within or known), None)
            if named is not None:
                return named if line is None else named.replace(f"{of}.", f"{of}[{line}].", 1)
    return "" if line is None else f"{of}[{line}]"
