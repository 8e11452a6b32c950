"""One call to Xero: address, headers, the envelope around every answer, and Xero's errors as ours.

With `refusals` the only module that reads Xero's statuses and messages. What is fetched or sent, and why, is the
session's business (`session.py`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec
import structlog

from bookbridge.connectors.kit import http
from bookbridge.connectors.kit.errors import (
    NeedsRelink,
    NotSupported,
    RateLimited,
    Uncertain,
    VendorError,
    VendorUnavailable,
)
from bookbridge.connectors.kit.session import Access
from bookbridge.connectors.kit.streams import Content
from bookbridge.connectors.xero.payloads import Pagination
from bookbridge.connectors.xero.refusals import refusal

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

_envelope = msgspec.json.Decoder(dict[str, msgspec.Raw])
_raw_list = msgspec.json.Decoder(list[msgspec.Raw])
_pagination = msgspec.json.Decoder(Pagination)


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
        return refusal(answer, fields)
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


Encode = Callable[[Any], bytes]
encode: Encode = msgspec.json.Encoder(decimal_format="number").encode
