"""One call to the ledger: address, the application's key, and the ledger's errors as ours.

The only module that reads its statuses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

import msgspec

from bookbridge.connectors.kit import http
from bookbridge.connectors.kit.errors import (
    FieldProblem,
    Rejected,
    Uncertain,
    VendorError,
    VendorUnavailable,
)
from bookbridge.connectors.kit.session import Access
from bookbridge.connectors.kit.streams import Content
from bookbridge.connectors.sandbox import payloads

P = TypeVar("P")


class Client:
    """Calls to the ledger."""

    def __init__(self, access: Access) -> None:
        self._access = access
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
    ) -> http.Answer:
        """One call below the address of all organisations. Raises any VendorError."""
        return await http.call(
            self._access,
            method,
            f"{self._api}/organisations/{path}",
            effect=effect,
            meaning=meaning,
            params=params,
            headers={
                "Content-Type": "application/json",
                "X-Sandbox-Key": self._access.app.client_secret,
                **(headers or {}),
            },
            content=content,
        )

    def stream(self, path: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """One file, in pieces. Raises any VendorError."""
        headers = {"X-Sandbox-Key": self._access.app.client_secret}
        return http.stream(self._access, f"{self._api}/organisations/{path}", meaning=meaning, headers=headers)


def decode(answer: http.Answer, payload: type[P], *, effect: bool = False) -> P:
    """The answer's body. Raises VendorUnavailable (after a write: Uncertain) for what is not the ledger's JSON."""
    try:
        return msgspec.json.decode(answer.body, type=payload)
    except msgspec.DecodeError as error:
        kind = Uncertain if effect else VendorUnavailable
        raise kind("The ledger's answer could not be read.") from error


def meaning(answer: http.Answer, effect: bool) -> VendorError:
    """What an error status of the ledger means to us."""
    if answer.status == 401:
        # It is this installation's key that is wrong, and nothing that a customer could mend.
        return VendorUnavailable("The ledger does not accept this installation's key.")
    if answer.status == 422:
        try:
            problems = msgspec.json.decode(answer.body, type=payloads.Refusal).problems
        except msgspec.DecodeError:
            return http.usual_meaning(answer, effect)
        text = " ".join(problem.message for problem in problems)
        return Rejected(text, tuple(FieldProblem(one.field, one.message) for one in problems))
    return http.usual_meaning(answer, effect)
