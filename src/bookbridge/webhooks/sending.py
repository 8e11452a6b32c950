"""One HTTP attempt at a consumer's url: to a checked address, bounded in time and bytes.

It must not know deliveries, schedules or the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import httpx2

from bookbridge.webhooks.addresses import AddressRefused, resolve

ATTEMPT_TIMEOUT_S: Final = 15.0
CONNECT_TIMEOUT_S: Final = 5.0
"""Shorter than an attempt, so that a name's second address gets its turn when the first is unreachable."""
DRAIN_SIZE_MAX_BYTES: Final = 64 * 1024
DRAIN_TIMEOUT_S: Final = 1.0
USER_AGENT: Final = "Bookbridge-Webhooks"

Resolve = Callable[[str, int], Awaitable[tuple[str, ...]]]
"""(host, port) → addresses to connect to, best first. Raises AddressRefused."""


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended. `error` is None exactly on success; `status_code` is None without an answer."""

    status_code: int | None
    error: str | None
    duration_ms: int

    @property
    def successful(self) -> bool:
        return self.error is None


class Sender:
    """Posts to one consumer's url, keeping connections between attempts. One for each slice of work:
    connections
    are kept by address, so they must not be shared between consumers whose names share an address."""

    def __init__(
        self,
        url: str,
        *,
        tls: ssl.SSLContext,
        private_addresses_allowed: bool,
        timeout_s: float = ATTEMPT_TIMEOUT_S,
        resolver: Resolve | None = None,
    ) -> None:
        self._url = httpx2.URL(url)
        self._private_allowed = private_addresses_allowed
        self._timeout_s = timeout_s
        self._resolve = resolver or self._resolve_checked
        # No proxy or .netrc from the environment: either would undo the choice of the address.
        self._http = httpx2.AsyncClient(
            verify=tls,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s)),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def post(self, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """Send `body` once. Whatever goes wrong is an Outcome, not an exception. A redirect is a failure."""
        started = time.monotonic()
        status_code: int | None = None
        error: str | None
        try:
            async with asyncio.timeout(self._timeout_s):
                status_code = await self._post_to_first_reachable(body, headers)
            error = None if 200 <= status_code < 300 else f"The receiver answered with status {status_code}."
        except TimeoutError:
            error = f"No answer within {self._timeout_s:g} seconds."
        except AddressRefused as refusal:
            error = f"Not sent: {refusal}."
        except (httpx2.HTTPError, httpx2.InvalidURL, ssl.SSLError, OSError, ValueError) as failure:
            error = f"No answer: {_cause(failure)}."
        return Outcome(status_code, error, round((time.monotonic() - started) * 1000))

    async def _post_to_first_reachable(self, body: bytes, headers: Mapping[str, str]) -> int:
        host = self._url.raw_host.decode()
        port = self._url.port or (443 if self._url.scheme == "https" else 80)
        addresses = await self._resolve(host, port)
        for address in addresses[:-1]:
            # Nothing was sent if the connection failed, so the next address may be tried.
            with contextlib.suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                return await self._post_to(address, host, body, headers)
        return await self._post_to(addresses[-1], host, body, headers)

    async def _post_to(self, address: str, host: str, body: bytes, headers: Mapping[str, str]) -> int:
        request = self._http.build_request(
            "POST",
            self._url.copy_with(host=address),
            content=body,
            headers={
                **headers,
                "host": self._url.netloc.decode(),
                "content-type": "application/json",
                "user-agent": USER_AGENT,
            },
            # The certificate must be the name's, not the address's.
            extensions={"sni_hostname": host},
        )
        response = await self._http.send(request, stream=True)
        try:
            await _drain(response)
        finally:
            await response.aclose()
        return response.status_code

    async def _resolve_checked(self, host: str, port: int) -> tuple[str, ...]:
        return await resolve(host, port, private_allowed=self._private_allowed)


async def _drain(response: httpx2.Response) -> None:
    """Read a small answer to its end so that the connection can be kept; leave a large or slow one."""
    size = 0
    with contextlib.suppress(TimeoutError, httpx2.HTTPError):
        async with asyncio.timeout(DRAIN_TIMEOUT_S):
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > DRAIN_SIZE_MAX_BYTES:
                    return


def _cause(failure: Exception) -> str:
    """The kind of failure, without text that a receiver could have chosen."""
    return type(failure).__name__
