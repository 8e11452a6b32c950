"""One call to a vendor: budget, credentials, limits, and errors by what to do next. Once, for all vendors.

A vendor's `client.py` calls `call()` and reads the answer. What is here knows HTTP, not vendors: a vendor
whose statuses mean something else (a 403 that is a rate limit) passes its own `meaning`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from urllib.parse import urlsplit

import httpx2
import structlog

from bookbridge.connectors.kit.errors import (
    NeedsRelink,
    RateLimited,
    RecordNotFound,
    Rejected,
    Uncertain,
    VendorError,
    VendorUnavailable,
    WouldSend,
)
from bookbridge.connectors.kit.session import Access
from bookbridge.connectors.kit.streams import CHUNK_SIZE_BYTES, Content, Streamed, chunks_of

log = structlog.get_logger(__name__)

CALL_TIMEOUT_S = 60.0
CONNECT_TIMEOUT_S = 10.0
IDLE_CONNECTION_KEPT_S = 2.0
"""Servers close idle connections after some seconds, the earliest after five. A request that leaves at that moment is
lost without an answer, and a lost refresh of a token costs a minute of waiting: never come near it."""

ADDRESSES_KEPT = 512
"""Parsed addresses that are kept: parsing one takes longer than all the rest that makes a request."""

USUAL_HEADERS = {"Accept": "*/*", "Accept-Encoding": "gzip, deflate", "User-Agent": "Bookbridge"}
"""Sent where a connector does not say otherwise."""

RESPONSE_SIZE_MAX_BYTES = 64 * 1024 * 1024
STREAM_SIZE_MAX_BYTES = 1024 * 1024 * 1024
"""Of a file that is passed on in pieces: far above every vendor's limit, to end what never ends."""

RETRY_AFTER_DEFAULT_S = 60.0
RETRY_AFTER_MAX_S = 86_400.0
QUOTED_TEXT_MAX = 300


@dataclass(frozen=True)
class Answer:
    """A vendor's whole answer. `body` is decompressed and no longer than RESPONSE_SIZE_MAX_BYTES."""

    status: int
    headers: httpx2.Headers
    body: bytes

    @property
    def media_type(self) -> str:
        """The content type without parameters, in lower case; empty when there is none."""
        return str(self.headers.get("content-type", "")).split(";", 1)[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text, whatever its bytes."""
        return self.body.decode("utf-8", "replace")


Meaning = Callable[[Answer, bool], VendorError]
"""(answer with an error status, was it a write) → the error to raise."""

_DOTS = frozenset({".", ".."})
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


def client(*, connections_max: int = 100, idle_connection_kept_s: float = IDLE_CONNECTION_KEPT_S) -> httpx2.AsyncClient:
    """An HTTP client fit for vendors: bounded in time and connections, no redirects, no cookies kept."""
    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(CALL_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        limits=httpx2.Limits(
            max_connections=connections_max,
            max_keepalive_connections=connections_max,
            keepalive_expiry=idle_connection_kept_s,
        ),
        follow_redirects=False,
    )


async def call(
    access: Access,
    method: str,
    url: str,
    *,
    effect: bool,
    meaning: Meaning,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    content: Content | None = None,
) -> Answer:
    """Make one call and return its successful answer.

    `effect` says that the call writes: a broken connection is then `Uncertain`, else `VendorUnavailable`.
    A 401 that `meaning` takes for NeedsRelink renews the credentials once and tries again (the vendor
    refused to act, so that is safe for writes too). Raises VendorError as `meaning` reads the error status, and
    WouldSend for a write in a dry run.
    """
    _check_address(url)
    if effect and access.dry_run:
        raise WouldSend(method, urlsplit(url).path, dict(params or {}), content)
    authorization = await access.authorizer.headers()
    answer = await _send(access, method, url, effect, params, {**(headers or {}), **authorization}, content)
    # Newer credentials would be refused likewise where the vendor says that a permission is missing.
    is_stale = answer.status == 401 and isinstance(meaning(answer, effect), NeedsRelink)
    if is_stale and await access.authorizer.renew(authorization):
        authorization = await access.authorizer.headers()
        answer = await _send(access, method, url, effect, params, {**(headers or {}), **authorization}, content)
    if 200 <= answer.status < 300 or answer.status == 304:
        return answer
    raise await _refusal(access, method, url, answer, meaning(answer, effect))


@asynccontextmanager
async def stream(
    access: Access, url: str, *, meaning: Meaning, headers: Mapping[str, str] | None = None
) -> AsyncIterator[AsyncIterator[bytes]]:
    """GET something large: its content in pieces, as they come. The budget's place is held until the end.

    Before the first piece it behaves like `call`; afterwards a broken connection is VendorUnavailable.
    """
    _check_address(url)
    authorization = await access.authorizer.headers()
    for is_last in (False, True):
        async with access.budget(), _opened(access, url, {**(headers or {}), **authorization}) as response:
            if 200 <= response.status_code < 300:
                yield _pieces(response)
                return
            answer = Answer(response.status_code, response.headers, await _read_bounded(response))
        error = meaning(answer, False)
        if is_last or answer.status != 401 or not isinstance(error, NeedsRelink):
            raise await _refusal(access, "GET", url, answer, error)
        if not await access.authorizer.renew(authorization):
            raise await _refusal(access, "GET", url, answer, error)
        authorization = await access.authorizer.headers()


@asynccontextmanager
async def _opened(access: Access, url: str, headers: Mapping[str, str]) -> AsyncIterator[httpx2.Response]:
    try:
        response = await access.http.send(_request(access.http, "GET", url, None, headers, None), stream=True)
    except httpx2.HTTPError as error:
        raise VendorUnavailable(f"The vendor could not be reached ({type(error).__name__}).") from error
    try:
        yield response
    finally:
        await response.aclose()


async def _pieces(response: httpx2.Response) -> AsyncIterator[bytes]:
    size_bytes = 0
    try:
        async for chunk in response.aiter_bytes(CHUNK_SIZE_BYTES):
            size_bytes += len(chunk)
            if size_bytes > STREAM_SIZE_MAX_BYTES:
                raise VendorUnavailable("The vendor's file is larger than this installation accepts.")
            yield chunk
    except httpx2.HTTPError as error:
        raise VendorUnavailable(f"The connection broke ({type(error).__name__}).") from error


def _check_address(url: str) -> None:
    if not _DOTS.isdisjoint(_without_query(url).split("/")):
        # An id of a caller's, which quoting leaves as it is: it would lead to another address than was meant.
        raise RecordNotFound("The vendor has no such record.")


async def _refusal(access: Access, method: str, url: str, answer: Answer, error: VendorError) -> VendorError:
    """The error of an answer, once everybody who must know of it does."""
    if isinstance(error, RateLimited):
        await access.budget.block(error.retry_after_s)
    log.info(
        "vendor_refused",
        method=method,
        url=_without_query(url),
        status=answer.status,
        error=type(error).__name__,
    )
    return error


async def _send(
    access: Access,
    method: str,
    url: str,
    effect: bool,
    params: Mapping[str, str] | None,
    headers: Mapping[str, str],
    content: Content | None,
) -> Answer:
    async with access.budget():
        started = time.monotonic()
        if isinstance(content, Streamed) and content.size_bytes is not None:
            headers = {**headers, "Content-Length": str(content.size_bytes)}
        sent = chunks_of(content) if isinstance(content, Streamed) else content
        try:
            request = _request(access.http, method, url, params, headers, sent)
            response = await access.http.send(request, stream=True)
            body = await _read_bounded(response)
        except _NEVER_SENT as error:
            raise VendorUnavailable(f"The vendor could not be reached ({type(error).__name__}).") from error
        except httpx2.HTTPError as error:
            # Bytes left us and no whole answer came back. For a read that is nothing; a write may have landed.
            if effect:
                raise Uncertain(f"The connection broke during a write ({type(error).__name__}).") from error
            raise VendorUnavailable(f"The connection broke ({type(error).__name__}).") from error
        log.debug(
            "vendor_call",
            method=method,
            url=_without_query(url),
            status=response.status_code,
            duration_s=round(time.monotonic() - started, 3),
        )
        return Answer(response.status_code, response.headers, body)


def _request(
    http: httpx2.AsyncClient,
    method: str,
    url: str,
    params: Mapping[str, str] | None,
    headers: Mapping[str, str],
    content: bytes | AsyncIterable[bytes] | None,
) -> httpx2.Request:
    """A request by itself: through the client it would take five times as long, for addresses are parsed and merged
    with the client's settings each time, and it would bring the cookies that an earlier answer has set."""
    request = httpx2.Request(
        method,
        _address(url, tuple(params.items()) if params else ()),
        headers=headers,
        content=content,
        extensions={"timeout": http.timeout.as_dict()},
    )
    for name, value in USUAL_HEADERS.items():
        request.headers.setdefault(name, value)
    return request


@lru_cache(maxsize=ADDRESSES_KEPT)
def _address(url: str, params: tuple[tuple[str, str], ...]) -> httpx2.URL:
    return httpx2.URL(url, params=dict(params)) if params else httpx2.URL(url)


async def _read_bounded(response: httpx2.Response) -> bytes:
    """The body, refusing to hold more than RESPONSE_SIZE_MAX_BYTES of it."""
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            if size > RESPONSE_SIZE_MAX_BYTES:
                raise VendorUnavailable("The vendor's answer is larger than this installation accepts.")
            chunks.append(chunk)
    finally:
        await response.aclose()
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def usual_meaning(answer: Answer, effect: bool) -> VendorError:
    """What error statuses mean at most vendors. Vendors start from this and narrow it."""
    status = answer.status
    if status == 429:
        return RateLimited(retry_after_s(answer))
    if status == 401:
        return NeedsRelink("The vendor no longer accepts the authorisation.")
    if status == 404:
        return RecordNotFound("The vendor has no such record.")
    if status >= 500:
        if effect and status != 503:
            return Uncertain(f"The vendor failed during a write (status {status}).")
        return VendorUnavailable(f"The vendor answered with status {status}.", optional_retry_after_s(answer))
    return Rejected(f"The vendor refused the request (status {status}): {quoted(answer)}")


def quoted(answer: Answer) -> str:
    """A short piece of a text answer, fit for an error message; markup is not shown."""
    if "html" in answer.media_type:
        return "an HTML page instead of data"
    return answer.text[:QUOTED_TEXT_MAX]


def optional_retry_after_s(answer: Answer) -> float | None:
    """The Retry-After header in seconds, from its number or date form; None if absent or unreadable."""
    value = str(answer.headers.get("retry-after", "")).strip()
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return min(float(value), RETRY_AFTER_MAX_S)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - datetime.now(UTC)).total_seconds()), RETRY_AFTER_MAX_S)


def retry_after_s(answer: Answer) -> float:
    """How long to wait after a rate limit; a default when the vendor does not say."""
    value = optional_retry_after_s(answer)
    return RETRY_AFTER_DEFAULT_S if value is None else value


def _without_query(url: str) -> str:
    return url.split("?", 1)[0]
