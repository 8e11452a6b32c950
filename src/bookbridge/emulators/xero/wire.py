"""The vendor's wire conventions: dates, envelope, error bodies, and reading JSON or XML bodies.

It must not know any record or rule. Everything read here is hostile until it is converted.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import re
import uuid
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from lxml import etree

from bookbridge.emulators.xero.clock import Millis
from bookbridge.emulators.xero.http import Request, Response, json_response, text_response

_EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()
_DAY_MS = 86_400_000
_MS_DATE = re.compile(r"/Date\((-?\d{1,17})(?:[+-]\d{4})?\)/")
_LOOSE_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
MAX_MONEY = Decimal("1e13")
MAX_TEXT_CHARS = 8_000

_LIST_TAGS = {
    "LineItems", "Addresses", "Phones", "ContactPersons", "Payments", "JournalLines", "Allocations",
    "TaxComponents", "Options", "Tracking", "HistoryRecords", "Accounts", "Contacts", "Items", "Invoices",
    "CreditNotes", "BankTransactions", "BankTransfers", "ManualJournals", "PurchaseOrders", "TaxRates",
    "BatchPayments", "TrackingCategories", "Currencies", "Overpayments", "Prepayments",
}  # fmt: skip


# -- dates ----------------------------------------------------------------------------------------


def date_ms(day: dt.date) -> int:
    """Midnight UTC of ``day`` in milliseconds since 1970."""
    return (day.toordinal() - _EPOCH_ORDINAL) * _DAY_MS


def wire_date(day: dt.date) -> str:
    """A business date, as midnight UTC."""
    return f"/Date({date_ms(day)}+0000)/"


def wire_moment(moment: Millis) -> str:
    """A time stamp."""
    return f"/Date({moment}+0000)/"


def put_date(out: dict[str, Any], name: str, day: dt.date | None) -> None:
    """Write a date in both of the vendor's forms; nothing when there is none."""
    if day is not None:
        out[f"{name}String"] = f"{day.isoformat()}T00:00:00"
        out[name] = wire_date(day)


def parse_moment(text: str) -> Millis | None:
    """Milliseconds since 1970 from ISO, ``/Date(ms)/`` or RFC 1123 text; None when it is none of them."""
    text = text.strip().strip('"')
    if match := _MS_DATE.fullmatch(text):
        return Millis(int(match[1]))
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = email.utils.parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError):
            return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return Millis(round(moment.timestamp() * 1000))


def parse_date(text: str) -> dt.date | None:
    """A business date from any form that ``parse_moment`` reads, or ``2026-1-5``; None when unreadable."""
    if loose := _LOOSE_DATE.fullmatch(text.strip()):
        try:
            return dt.date(int(loose[1]), int(loose[2]), int(loose[3]))
        except ValueError:
            return None
    moment = parse_moment(text)
    if moment is None:
        return None
    try:
        return dt.date.fromordinal(moment // _DAY_MS + _EPOCH_ORDINAL)
    except (ValueError, OverflowError):
        return None


# -- errors ---------------------------------------------------------------------------------------


class ValidationFailed(Exception):
    """One element broke rules; ``messages`` are what the vendor would show."""

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages = list(messages)


class ApiFailure(Exception):
    """The whole request is refused with ``response``."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"HTTP {response.status}")
        self.response = response


def validation_response(elements: list[dict[str, Any]]) -> Response:
    """400 with the offending elements echoed."""
    return json_response(
        {
            "ErrorNumber": 10,
            "Type": "ValidationException",
            "Message": "A validation exception occurred",
            "Elements": elements,
        },
        400,
    )


def refused(number: int, kind: str, message: str, status: int = 400) -> ApiFailure:
    """An error body without elements."""
    return ApiFailure(json_response({"ErrorNumber": number, "Type": kind, "Message": message}, status))


def bad_query(message: str) -> ApiFailure:
    """A filter, order or page that cannot be read."""
    return refused(16, "QueryParseException", message)


def bad_body(message: str) -> ApiFailure:
    """A body that cannot be read."""
    return refused(14, "PostDataInvalidException", message)


def not_found() -> ApiFailure:
    """404 in plain text, as the vendor does."""
    return ApiFailure(text_response("The resource you're looking for cannot be found", 404, "text/html"))


def not_implemented() -> ApiFailure:
    """501 for a method that this resource does not have."""
    return refused(20, "ApiMethodNotImplementedException", "The Api Method called is not implemented", 501)


def problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    """The body of 401 and 403 answers."""
    return json_response(
        {
            "Type": None,
            "Title": title,
            "Status": status,
            "Detail": detail,
            "Instance": str(uuid.uuid4()),
            "Extensions": {},
        },
        status,
        headers,
    )


# -- bodies ---------------------------------------------------------------------------------------


def read_elements(request: Request, plural: str, singular: str) -> list[Fields]:
    """The elements of a create or update body: wrapped, bare, or a bare list, in JSON or XML.

    Raises ApiFailure (400) when the body is not readable.
    """
    payload = read_payload(request)
    if isinstance(payload, dict):
        for name in (plural, singular):
            if name in payload and (len(payload) == 1 or isinstance(payload[name], list)):
                payload = payload[name]
                break
    elements = payload if isinstance(payload, list) else [payload]
    if not elements or not all(isinstance(element, dict) for element in elements):
        raise bad_body("The request body contains no readable element")
    return [Fields(element) for element in elements]


def read_payload(request: Request) -> Any:
    """The body decoded; numbers are Decimal. Raises ApiFailure (400) when it is not JSON or XML."""
    body = request.body.strip()
    if not body:
        raise bad_body("No data was posted")
    if body.startswith(b"<") or "xml" in request.headers.get("content-type", ""):
        return _read_xml(body)
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise bad_body("Form bodies are not supported: send application/json or application/xml")
    try:
        return msgspec.json.Decoder(float_hook=Decimal).decode(body)
    except (msgspec.DecodeError, InvalidOperation, RecursionError) as error:
        raise bad_body(f"The JSON body could not be read: {error}") from None


def _read_xml(body: bytes) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise bad_body(f"The XML body could not be read: {error}") from None
    if root.getroottree().docinfo.doctype:
        raise bad_body("The XML body may not declare a document type")
    return {root.tag: _xml_value(root)} if root.tag in _LIST_TAGS else _xml_value(root)


def _xml_value(node: Any) -> Any:
    children = [child for child in node if isinstance(child.tag, str)]
    if node.tag in _LIST_TAGS:
        if any(len(child) for child in children):
            return [_xml_value(child) for child in children]
        return [{child.tag: child.text or "" for child in children}] if children else []
    if children:
        return {child.tag: _xml_value(child) for child in children}
    return node.text or ""


class Fields:
    """One element of a body, read field by field; a value of the wrong kind raises ValidationFailed."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self.raw.get(name) is not None

    def text(self, name: str, *, limit: int = MAX_TEXT_CHARS) -> str | None:
        """Text, or None when absent."""
        value = self.raw.get(name)
        if value is None:
            return None
        if isinstance(value, dict | list):
            raise ValidationFailed(f"{name} must be text")
        text = str(value)
        if len(text) > limit:
            raise ValidationFailed(f"The value for {name} must be no longer than {limit} characters")
        return text

    def guid(self, name: str) -> str | None:
        """An id, or None when absent or empty."""
        value = self.text(name)
        return value.strip() if value and value.strip() else None

    def decimal(self, name: str) -> Decimal | None:
        """A number, or None when absent or empty."""
        value = self.raw.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool | dict | list):
            raise ValidationFailed(f"{name} must be a number")
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            raise ValidationFailed(f"{name} must be a number") from None
        if not number.is_finite() or abs(number) >= MAX_MONEY:
            raise ValidationFailed(f"{name} is out of range")
        return number

    def date(self, name: str) -> dt.date | None:
        """A date, or None when absent or empty."""
        value = self.text(name)
        if not value:
            return None
        day = parse_date(value)
        if day is None:
            raise ValidationFailed(f"{name} is not a valid date")
        return day

    def boolean(self, name: str) -> bool | None:
        """True or false, or None when absent."""
        value = self.raw.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, bool):
            return value
        if str(value).casefold() in {"true", "false"}:
            return str(value).casefold() == "true"
        raise ValidationFailed(f"{name} must be true or false")

    def choice(self, name: str, allowed: tuple[str, ...]) -> str | None:
        """One of ``allowed``, matched whatever the letter case; None when absent or empty."""
        value = self.text(name)
        if not value:
            return None
        for candidate in allowed:
            if candidate.casefold() == value.strip().casefold():
                return candidate
        raise ValidationFailed(f"'{value}' is not a valid value for {name}")

    def child(self, name: str) -> Fields | None:
        """A nested element, or None when absent."""
        value = self.raw.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, dict):
            raise ValidationFailed(f"{name} must be an element")
        return Fields(value)

    def children(self, name: str) -> list[Fields] | None:
        """Nested elements, or None when absent."""
        value = self.raw.get(name)
        if value is None:
            return None
        if value == "":
            return []
        if isinstance(value, dict):
            value = [value]
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise ValidationFailed(f"{name} must be a list of elements")
        return [Fields(item) for item in value]
