"""What a journal keeps of a request that changed the world, so that it can be repeated to the same outcome.

It must not carry anything out: app.py does, live and on replay.
"""

from __future__ import annotations

import msgspec

from bookbridge.emulators.xero.clock import ClockReading
from bookbridge.emulators.xero.http import Request, Response

_TOKEN_PATHS = {("connect", "token"), ("connect", "revocation")}
_KEPT_HEADERS = ("content-type", "idempotency-key", "xero-tenant-id")


class Effect(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One request that changed the world, with all that its outcome depended on. It holds secrets."""

    clock: ClockReading
    seed: str
    """Every id and token that the request made follows from it."""

    client_id: str = ""
    request: Request
    status: int
    """What was answered: a replay must come to the same."""


def path_of(request: Request) -> tuple[str, ...]:
    """The path's parts, whatever their letter case was."""
    return tuple(segment.casefold() for segment in request.segments)


def to_keep(request: Request, response: Response) -> bool:
    """Whether a request may have changed something that must outlive the process."""
    if path_of(request)[-2:] in _TOKEN_PATHS:
        # Even a refused token request uses up a code, or may end a chain of refresh tokens.
        return True
    return response.status < 400 or (bool(request.headers.get("idempotency-key")) and response.status < 500)


def journalled(request: Request) -> Request:
    """The request with no more headers than its outcome depends on."""
    # At the token endpoint apps may prove who they are by header; elsewhere that is settled already.
    names = {*_KEPT_HEADERS, "authorization"} if path_of(request)[-2:] in _TOKEN_PATHS else _KEPT_HEADERS
    headers = {name: value for name, value in request.headers.items() if name in names}
    return msgspec.structs.replace(request, headers=headers)
