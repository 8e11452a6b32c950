"""Signing secrets and headers by the Standard Webhooks scheme (as Svix does).

It must not store or log a secret.
"""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from standardwebhooks.webhooks import Webhook

SECRET_PREFIX: Final = "whsec_"  # noqa: S105
SECRET_SIZE_BYTES: Final = 32


def new_secret() -> str:
    """A fresh signing secret, `whsec_` and base64 of SECRET_SIZE_BYTES random bytes."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_SIZE_BYTES)).decode()


def signed_headers(secret: str, message_id: UUID | str, moment: datetime, body: str) -> dict[str, str]:
    """The three headers with which a receiver verifies `body`, sent at `moment` (aware)."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    # The library overwrites the zone instead of converting.
    moment = moment.astimezone(UTC)
    identifier = str(message_id)
    return {
        "webhook-id": identifier,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(identifier, moment, body),
    }
