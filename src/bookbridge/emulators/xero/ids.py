"""Where new GUIDs and secrets come from: the system's randomness, or a series that can be repeated.

It must not know what they name. The secrets guard nothing but invented books.
"""

from __future__ import annotations

import base64
import random
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

SECRET_BYTES = 32


class Ids:
    """A source of GUIDs and secrets; with a series, the same ones come in the same order."""

    def __init__(self, series: random.Random | None = None) -> None:
        self._series = series

    @contextmanager
    def series(self, seed: str) -> Iterator[None]:
        """Inside, everything follows from ``seed``."""
        outer, self._series = self._series, random.Random(seed)
        try:
            yield
        finally:
            self._series = outer

    def guid(self) -> str:
        """A random GUID, lower case with dashes."""
        if self._series is None:
            return str(uuid.uuid4())
        return str(uuid.UUID(int=self._series.getrandbits(128), version=4))

    def secret(self) -> str:
        """SECRET_BYTES random bytes as URL-safe text."""
        chosen = secrets.token_bytes(SECRET_BYTES) if self._series is None else self._series.randbytes(SECRET_BYTES)
        return base64.urlsafe_b64encode(chosen).rstrip(b"=").decode()
