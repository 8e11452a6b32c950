"""Continuation tokens: where a list goes on, told to nobody but ourselves.

A token is sealed, so that it can be neither read nor made up, under the connection and the list that it is for: shown
anywhere else it does not open. It must not know what a cursor means.
"""

from __future__ import annotations

import base64
import binascii
import time
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import msgspec

from bookbridge.companies.vault import Vault, VaultError

TOKEN_LIFE_S: Final = 3_600
TOKEN_LENGTH_MAX: Final = 12_000


class BadToken(Exception):
    """A token that is not ours, not for this list, or too old. `message` says so to the caller."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Continuation(msgspec.Struct, frozen=True, array_like=True):
    """Where a list goes on."""

    query: str
    """The condition that the first page was asked with."""
    part: int = 0
    """Which of several lists, one after the other."""
    cursor: str | None = None
    """The connector's place in it; None at its beginning."""
    expires_at_s: int = 0
    """Seconds since 1970."""


@dataclass(frozen=True)
class Tokens:
    """Makes and opens the tokens of one list of one connection."""

    vault: Vault
    company_id: UUID
    connection_id: UUID
    name: str

    @property
    def _context(self) -> str:
        return f"continuation:{self.company_id}:{self.connection_id}:{self.name}"

    def seal(self, continuation: Continuation) -> str:
        """The token, good for TOKEN_LIFE_S."""
        dated = msgspec.structs.replace(continuation, expires_at_s=int(time.time()) + TOKEN_LIFE_S)
        sealed = self.vault.seal(msgspec.msgpack.encode(dated), self._context)
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, token: str, query: str) -> Continuation:
        """Where to go on. The query is repeated with the token or left out. Raises BadToken."""
        if len(token) > TOKEN_LENGTH_MAX:
            raise BadToken("This continuation token is not valid.")
        try:
            sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            found = msgspec.msgpack.decode(self.vault.open(sealed, self._context), type=Continuation)
        except (VaultError, msgspec.DecodeError, binascii.Error, ValueError):
            raise BadToken("This continuation token is not valid for this list of this connection.") from None
        if found.expires_at_s < time.time():
            raise BadToken("This continuation token has expired: ask for the first page again.")
        if query and query != found.query:
            raise BadToken("This continuation token belongs to another query.")
        return found
