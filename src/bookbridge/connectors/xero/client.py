"""One call to Xero: address, headers, the envelope around every answer, and Xero's errors as ours.

The only module that reads Xero's statuses and messages. What is fetched or sent, and why, is the
session's business (`session.py`).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec
import structlog

from bookbridge.connectors.kit import http
from bookbridge.connectors.kit.errors import (
    FieldProblem,
    NeedsRelink,
    NotSupported,
    RateLimited,
    Rejected,
    Uncertain,
    VendorError,
    VendorUnavailable,
)
from bookbridge.connectors.kit.session import Access
from bookbridge.connectors.kit.streams import Content
from bookbridge.connectors.xero.payloads import ApiError, ElementErrors, LineErrors, Pagination

P = TypeVar("P")
log = structlog.get_logger(__name__)

CALLS_PER_MINUTE = 60
CALLS_PER_DAY = 5_000
IN_FLIGHT_MAX = 5
MINUTE_S = 60
DAY_S = 86_400
LOW_SHARE = 4
"""The vendor's word on remaining calls is passed on once less than a fourth is left: before that our own
count is good enough, and each report costs a round trip to the database."""

CONCURRENT_RETRY_S = 1.0
"""Too many calls in flight: Xero says no Retry-After for it, and a call ends within a second or so."""

MESSAGES_MAX = 20
MESSAGE_CHARACTERS_MAX = 500

_envelope = msgspec.json.Decoder(dict[str, msgspec.Raw])
_raw_list = msgspec.json.Decoder(list[msgspec.Raw])
_pagination = msgspec.json.Decoder(Pagination)
_error = msgspec.json.Decoder(ApiError)


_decoders: dict[type[Any], msgspec.json.Decoder[Any]] = {}


def _decoder(payload: type[P]) -> msgspec.json.Decoder[P]:
    if payload not in _decoders:
        # Lenient: Xero writes some numbers and booleans in quotes, and only here and there.
        _decoders[payload] = msgspec.json.Decoder(payload, strict=False)
    return _decoders[payload]


@dataclass(frozen=True)
class Rows(Generic[P]):
    """The elements of one answer; `raws[i]` is the exact JSON text of `payloads[i]`."""

    payloads: list[P]
    raws: list[bytes]
    pagination: Pagination | None = None


class Client:
    """Calls to one organisation at Xero."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._api = access.app.endpoints["api"].rstrip("/")

    async def call(
        self,
        method: str,
        path: str,
        *,
        effect: bool = False,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: Content | None = None,
        fields: Sequence[str] = (),
    ) -> http.Answer:
        """One call below the accounting address. `fields` are the contract's fields that a refusal may name.

        Raises any VendorError.
        """
        answer = await http.call(
            self.access,
            method,
            f"{self._api}/{path}",
            effect=effect,
            meaning=partial(meaning, fields=fields),
            params=params,
            headers={
                "Accept": "application/json",
                "xero-tenant-id": self.access.facts["tenant_id"],
                **(headers or {}),
            },
            content=content,
        )
        await self._observe(answer)
        return answer

    def stream(self, path: str, *, headers: Mapping[str, str]) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """One file, in pieces. Raises any VendorError."""
        return http.stream(
            self.access,
            f"{self._api}/{path}",
            meaning=partial(meaning, fields=()),
            headers={"xero-tenant-id": self.access.facts["tenant_id"], **headers},
        )

    async def rows(
        self,
        path: str,
        payload: type[P],
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Rows[P]:
        """The elements that a GET answers with; none when nothing was modified (304)."""
        answer = await self.call("GET", path, params=params, headers=headers)
        if answer.status in (204, 304) and "If-Modified-Since" not in (headers or {}):
            raise VendorUnavailable(f"Xero answered with status {answer.status} instead of a list.")
        return decode(answer, element_name(path), payload)

    async def _observe(self, answer: http.Answer) -> None:
        for header, limit, window_s in (
            ("x-minlimit-remaining", CALLS_PER_MINUTE, MINUTE_S),
            ("x-daylimit-remaining", CALLS_PER_DAY, DAY_S),
        ):
            value = answer.headers.get(header, "")
            if value.isascii() and value.isdigit() and int(value) * LOW_SHARE < limit:
                await self.access.budget.observe(window_s, int(value))


def element_name(path: str) -> str:
    """Under which name an answer to this path lists its elements: the last word that is not an id."""
    parts = path.split("/")
    for name in ("Attachments", "Allocations"):
        if name in parts:
            return name
    return "Organisations" if parts[0] == "Organisation" else parts[0]


def decode(answer: http.Answer, name: str, payload: type[P], *, effect: bool = False) -> Rows[P]:
    """The elements of an answer.

    Raises VendorUnavailable (after a write: Uncertain) for an answer that is not Xero's JSON, such as the
    HTML page that a gateway puts in its place.
    """
    if answer.status in (204, 304):
        return Rows([], [])
    try:
        if "json" not in answer.media_type:
            raise msgspec.DecodeError(f"{answer.media_type or 'no media type'} instead of JSON")
        envelope = _envelope.decode(answer.body)
        if name not in envelope:
            # Taken for an empty list, it would be believed that everything was deleted.
            raise msgspec.DecodeError(f"no {name} in it")
        raws = _raw_list.decode(envelope[name])
        read = _decoder(payload).decode
        payloads = [read(raw) for raw in raws]
        pages = envelope.get("pagination")
        pagination = _pagination.decode(pages) if pages is not None and bytes(pages) != b"null" else None
    except msgspec.DecodeError as error:
        log.warning("vendor_answer_unreadable", name=name, status=answer.status, problem=str(error))
        if effect:
            raise Uncertain("Xero's answer to a write could not be read.") from error
        raise VendorUnavailable(f"Xero's answer could not be read: {error}.") from error
    return Rows(payloads, [bytes(raw) for raw in raws], pagination)


def meaning(answer: http.Answer, effect: bool, *, fields: Sequence[str] = ()) -> VendorError:
    """What an error status of Xero means to us."""
    if answer.status == 400:
        return _refusal(answer, fields)
    if answer.status in (401, 403) and _lacks_scope(answer):
        # Relinking with the same scopes would not help, so the connection is not declared dead for it.
        return NotSupported("The connection was not given permission for this part of Xero.")
    if answer.status in (401, 403) and "html" in answer.media_type:
        # Xero itself speaks JSON. A firewall's page must not end the customer's authorisation.
        return VendorUnavailable(f"Something in front of Xero refused the request (status {answer.status}).")
    if answer.status == 403:
        return NeedsRelink("The organisation removed the app, or the connection to it is gone.")
    if answer.status == 429:
        problem = answer.headers.get("x-rate-limit-problem", "").lower()
        told = http.optional_retry_after_s(answer)
        if told is None and "concurrent" in problem:
            return RateLimited(CONCURRENT_RETRY_S, "Too many calls to Xero at once.")
        return RateLimited(
            http.retry_after_s(answer) if told is None else told,
            f"Xero's limit of calls ({problem or 'unnamed'}) is used up.",
        )
    if answer.status == 501:
        return NotSupported("Xero does not offer this.")
    return http.usual_meaning(answer, effect)


def _lacks_scope(answer: http.Answer) -> bool:
    told = answer.headers.get("www-authenticate", "")
    return "insufficient_scope" in told or "AuthorizationUnsuccessful" in answer.text


def _refusal(answer: http.Answer, fields: Sequence[str]) -> Rejected:
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
        (r"currency", ("currency", "defaultCurrency")),
        (r"credit note (number|#|no)|creditnotenumber", ("creditNoteNumber", "billCreditNoteNumber")),
        (r"order (number|#|no)|purchaseordernumber", ("purchaseOrderNumber",)),
        (r"invoice (number|#|no)|invoicenumber", ("invoiceNumber", "reference")),
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
        (r"payment amount|outstanding|exceeds|remaining credit", ("totalAmount", "lines.amount")),
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
            known = [field for field in candidates if field in fields]
            # What is said of a line is about the line, if it can be.
            within = [field for field in known if line is not None and field.startswith(f"{of}.")]
            named = next(iter(within or known), None)
            if named is not None:
                return named if line is None else named.replace(f"{of}.", f"{of}[{line}].", 1)
    return "" if line is None else f"{of}[{line}]"


Encode = Callable[[Any], bytes]
encode: Encode = msgspec.json.Encoder(decimal_format="number").encode
