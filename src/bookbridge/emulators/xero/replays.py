"""Answers kept by their Idempotency-Key, so that a repeated request is answered and not carried out again.

A key stands for one request of one app in one organisation: sent again with another request it is refused, since
the client means something that it did not get. This module must not carry anything out.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Any

import msgspec

from bookbridge.emulators.xero.effects import path_of
from bookbridge.emulators.xero.http import Request, Response
from bookbridge.emulators.xero.settings import MAX_IDEMPOTENCY_KEY_CHARS, MAX_IDEMPOTENT_ANSWERS
from bookbridge.emulators.xero.wire import refused

_HEADER = "idempotency-key"


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a key was answered with; ``asked`` tells its request from others, and is empty if nobody noted it."""

    asked: str
    response: Response


class Replays:
    """The answers of the last ``MAX_IDEMPOTENT_ANSWERS`` keys."""

    def __init__(self) -> None:
        self.count = 0
        """How often an answer was given again."""

        self._kept: OrderedDict[tuple[str, str, str], KeptAnswer] = OrderedDict()

    def answer(self, client_id: str, tenant_id: str, request: Request) -> Response | None:
        """The kept answer, or a refusal of the key; None when the request is to be carried out."""
        key = request.headers.get(_HEADER, "")
        if len(key) > MAX_IDEMPOTENCY_KEY_CHARS:
            return refused(17, "ValidationException", "The Idempotency-Key is too long").response
        kept = self._kept.get((client_id, tenant_id, key)) if key else None
        if kept is None:
            return None
        if kept.asked not in {"", _asked(request)}:
            message = "The Idempotency-Key has been used already for another request"
            return refused(17, "ValidationException", message).response
        self.count += 1
        return msgspec.structs.replace(kept.response, headers={**kept.response.headers, "x-emulator-replayed": "true"})

    def keep(self, client_id: str, tenant_id: str, request: Request, response: Response) -> None:
        """Remember an answer, where its request carried a key and was not failed by the server itself."""
        key = request.headers.get(_HEADER)
        if not key or response.status >= 500:
            return
        self._kept[client_id, tenant_id, key] = KeptAnswer(asked=_asked(request), response=response)
        if len(self._kept) > MAX_IDEMPOTENT_ANSWERS:
            self._kept.popitem(last=False)

    def state(self) -> OrderedDict[tuple[str, str, str], Any]:
        """All that is kept, for ``restore``."""
        return self._kept

    def restore(self, state: OrderedDict[tuple[str, str, str], Any]) -> None:
        """Take over what ``state`` gave; an older version kept bare answers."""
        self._kept = OrderedDict(
            (key, kept if isinstance(kept, KeptAnswer) else KeptAnswer(asked="", response=kept))
            for key, kept in state.items()
        )


def _asked(request: Request) -> str:
    head = "\n".join((request.method, "/".join(path_of(request)), request.query_string))
    return hashlib.sha256(head.encode() + b"\n" + request.body).hexdigest()
