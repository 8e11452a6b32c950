"""The keys with which an automation application (Zapier) subscribes on a person's behalf.

One live key for each application: a new one revokes the one before. Only its hash is stored.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from typing import Final

import asyncpg

from bookbridge.store.pool import Db

ZAPIER: Final = "zapier"
KEY_PREFIX: Final = "sk_integ_"
KEY_SIZE_BYTES: Final = 32


async def rotate(db: Db | asyncpg.Pool, application: str = ZAPIER) -> str:
    """Make a new key and revoke the one before; the key is returned this once."""
    key = KEY_PREFIX + secrets.token_urlsafe(KEY_SIZE_BYTES)
    await db.execute(
        """insert into webhook_integration_keys (application, key_hash, created) values ($1, $2, $3)
           on conflict (application) do update
           set key_hash = excluded.key_hash, created = excluded.created""",
        application,
        _hash(key),
        datetime.now(UTC),
    )
    return key


async def is_valid(db: Db | asyncpg.Pool, key: str, application: str = ZAPIER) -> bool:
    """Whether this is the application's live key."""
    stored = await db.fetchval("select key_hash from webhook_integration_keys where application = $1", application)
    return stored is not None and hmac.compare_digest(stored, _hash(key))


def _hash(key: str) -> bytes:
    # The key is 256 random bits, so that a plain hash is enough.
    return hashlib.sha256(key.encode()).digest()
