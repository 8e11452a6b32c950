"""Faults that can be asked for: which requests they strike and how often.

It must not act: app.py carries out what a struck fault says.
"""

from __future__ import annotations

import re
import uuid
from typing import Literal

import msgspec

from bookbridge.emulators.xero.http import Request

MAX_FAULTS = 100
MAX_DELAY_S = 300.0
MAX_PATTERN_CHARS = 200

FaultKind = Literal[
    "rate_limit",
    "server_error",
    "unavailable",
    "slow",
    "drop_before",
    "drop_after",
    "html",
    "expire_token",
    "revoke",
    "edit_between_pages",
]


class FaultMatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which requests a fault strikes; what is not given matches all. ``path`` is a regular expression."""

    method: str | None = None
    path: str | None = None
    tenant: str | None = None


class FaultRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault as it is asked for over the control API."""

    kind: FaultKind
    match: FaultMatch = FaultMatch()
    times: int | None = 1
    """How many requests it strikes; null means until deleted."""

    delay_s: float = 0.0
    status: int | None = None
    retry_after_s: int | None = None
    problem: str = "minute"
    resource: str | None = None
    after_page: int = 1
    skip: int = 0
    """How many matching requests pass before the first is struck."""


class Reading(msgspec.Struct):
    """The answers that one tenant's list has given since a fault came into force or last struck."""

    answers: int = 0
    served: list[tuple[str, int]] = []
    """Id and stamp of the records that were in them."""


class Fault(msgspec.Struct):
    """A fault in force."""

    fault_id: str
    asked: FaultRequest
    pattern: re.Pattern[str] | None
    left: int | None
    skip: int
    struck: int = 0
    readings: dict[str, Reading] = {}
    """Of an edit_between_pages fault: how far each tenant's list has been read."""


class InvalidFault(Exception):
    """The fault asked for makes no sense; the text says why."""


class Faults:
    """The faults in force, oldest first."""

    def __init__(self) -> None:
        self.active: list[Fault] = []
        self.struck: dict[str, int] = {}

    def add(self, asked: FaultRequest) -> Fault:
        """Put a fault in force. Raises InvalidFault."""
        if len(self.active) >= MAX_FAULTS:
            raise InvalidFault(f"at most {MAX_FAULTS} faults can be in force")
        if not 0 <= asked.delay_s <= MAX_DELAY_S:
            raise InvalidFault(f"delay_s must be between 0 and {MAX_DELAY_S:.0f}")
        if asked.times is not None and asked.times < 1:
            raise InvalidFault("times must be at least 1, or null")
        if asked.status is not None and not 400 <= asked.status <= 599:
            raise InvalidFault("status must be between 400 and 599")
        if asked.kind == "edit_between_pages" and (not asked.resource or asked.after_page < 1):
            raise InvalidFault("edit_between_pages needs a resource, and after_page of at least 1")
        fault = Fault(uuid.uuid4().hex, asked, _compiled(asked.match.path), asked.times, asked.skip)
        self.active.append(fault)
        return fault

    def strike(self, request: Request) -> list[Fault]:
        """The faults that this request meets, each counted; one answer-making fault at most."""
        met: list[Fault] = []
        decided = False
        for fault in list(self.active):
            if fault.asked.kind == "edit_between_pages" or not _matches(fault, request):
                continue
            decides = fault.asked.kind not in {"slow", "expire_token", "revoke"}
            if decides and decided:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            decided = decided or decides
            self.count(fault)
            met.append(fault)
        return met

    def count(self, fault: Fault) -> None:
        """Note one strike; a used-up fault leaves force."""
        fault.struck += 1
        self.struck[fault.asked.kind] = self.struck.get(fault.asked.kind, 0) + 1
        if fault.left is not None:
            fault.left -= 1
            if fault.left <= 0:
                self.active.remove(fault)

    def page_edits(self, resource: str, tenant: str) -> list[Fault]:
        """The edit-between-pages faults in force for a list of this tenant."""
        return [
            fault
            for fault in self.active
            if fault.asked.kind == "edit_between_pages"
            and (fault.asked.resource or "").casefold() == resource.casefold()
            and fault.asked.match.tenant in (None, tenant)
        ]


def _compiled(path: str | None) -> re.Pattern[str] | None:
    if path is None:
        return None
    if len(path) > MAX_PATTERN_CHARS:
        raise InvalidFault("match.path is too long")
    try:
        return re.compile(path, re.IGNORECASE)
    except re.error as error:
        raise InvalidFault(f"match.path is not a regular expression: {error}") from None


def _matches(fault: Fault, request: Request) -> bool:
    match = fault.asked.match
    if match.method is not None and match.method.upper() != request.method:
        return False
    if match.tenant is not None and match.tenant != request.headers.get("xero-tenant-id"):
        return False
    return fault.pattern is None or fault.pattern.search(request.path) is not None
