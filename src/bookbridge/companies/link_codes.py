"""Codes in link URLs: they let whoever holds the URL link one company or connection, once, within a day.

Issuing stores nothing: a code is (minute of issue, generation) with a MAC over both and over what it is for.
Using a code raises the stored generation, which ends every code issued before. Pure but for the clock.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
import time
from collections.abc import Callable
from enum import Enum, StrEnum
from uuid import UUID

from bookbridge.companies.vault import Vault

LIFETIME_MINUTES = 24 * 60
CLOCK_SKEW_MINUTES = 5
MAC_SIZE_BYTES = 12
CODE_LENGTH_MAX = 64

_PAYLOAD = struct.Struct(">II")


class LinkTarget(StrEnum):
    """What a code is for."""

    COMPANY = "company"
    CONNECTION = "connection"


class CodeVerdict(Enum):
    """What a presented code is worth."""

    GOOD = "good"
    USED = "used"
    EXPIRED = "expired"
    WRONG = "wrong"


class LinkCodes:
    """Issues and judges codes. `now` returns Unix seconds."""

    def __init__(self, vault: Vault, now: Callable[[], float] = time.time) -> None:
        self._keys = vault.derive("link codes")
        self._now = now

    def issue(self, target: LinkTarget, target_id: UUID, generation: int) -> str:
        """A code, good for LIFETIME_MINUTES; 27 URL-safe characters."""
        payload = _PAYLOAD.pack(int(self._now() // 60), generation)
        mac = self._mac(self._keys[0], target, target_id, payload)
        return base64.urlsafe_b64encode(payload + mac).rstrip(b"=").decode()

    def judge(self, target: LinkTarget, target_id: UUID, generation: int, code: str) -> CodeVerdict:
        """What the code is worth while the target is at `generation`."""
        try:
            token = base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return CodeVerdict.WRONG
        if len(code) > CODE_LENGTH_MAX or len(token) != _PAYLOAD.size + MAC_SIZE_BYTES:
            return CodeVerdict.WRONG
        payload, mac = token[: _PAYLOAD.size], token[_PAYLOAD.size :]
        if not any(hmac.compare_digest(self._mac(key, target, target_id, payload), mac) for key in self._keys):
            return CodeVerdict.WRONG
        minute, issued_generation = _PAYLOAD.unpack(payload)
        age_minutes = self._now() // 60 - minute
        if issued_generation != generation:
            return CodeVerdict.USED
        if not -CLOCK_SKEW_MINUTES <= age_minutes < LIFETIME_MINUTES:
            return CodeVerdict.EXPIRED
        return CodeVerdict.GOOD

    @staticmethod
    def _mac(key: bytes, target: LinkTarget, target_id: UUID, payload: bytes) -> bytes:
        message = target.value.encode() + b":" + target_id.bytes + payload
        return hmac.digest(key, message, hashlib.sha256)[:MAC_SIZE_BYTES]
