"""Access tokens of one company: what an application gives to its own web page, so that a Link or Connections component
there may act for that company, and for no other, for a day.

Signed JSON Web Tokens, so issuing stores nothing. Where a token opens is the API's to say, not decided here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from bookbridge.companies.vault import Vault

LIFETIME_S: Final = 86_400
CLOCK_SKEW_S: Final = 60
TOKEN_LENGTH_MAX: Final = 1_000
ALGORITHM: Final = "HS256"
AUDIENCE: Final = "bookbridge:company"


class AccessTokens:
    """Issues and judges tokens. `now` returns Unix seconds."""

    def __init__(self, vault: Vault, now: Callable[[], float] = time.time) -> None:
        self._keys = [OctKey.import_key(key) for key in vault.derive("company access tokens")]
        self._now = now

    def issue(self, company_id: UUID) -> str:
        """A token for the company, good for LIFETIME_S."""
        issued = int(self._now())
        claims = {"sub": str(company_id), "aud": AUDIENCE, "iat": issued, "exp": issued + LIFETIME_S}
        return jwt.encode({"alg": ALGORITHM}, claims, self._keys[0])

    def company_of(self, token: str) -> UUID | None:
        """The company that the token stands for; None for one that is forged, damaged or expired."""
        if len(token) > TOKEN_LENGTH_MAX:
            return None
        for key in self._keys:
            try:
                claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
            except (JoseError, ValueError):
                continue
            return self._subject(claims)
        return None

    def _subject(self, claims: dict[str, Any]) -> UUID | None:
        issued, expires = claims.get("iat"), claims.get("exp")
        if claims.get("aud") != AUDIENCE or not isinstance(issued, int) or not isinstance(expires, int):
            return None
        if not issued - CLOCK_SKEW_S <= self._now() < expires:
            return None
        return UUID(str(claims["sub"]))
