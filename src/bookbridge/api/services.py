"""What the handlers of one process need, put together once by the composition root. Holds no logic."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

import asyncpg
from litestar.params import Dependency

from bookbridge.api.cross_origin import AllowedOrigins
from bookbridge.api.key_cache import KeyCache
from bookbridge.companies.access_tokens import AccessTokens
from bookbridge.companies.link import Link
from bookbridge.companies.sessions import Sessions
from bookbridge.companies.vault import Vault
from bookbridge.companies.vendor_apps import VendorApps
from bookbridge.companies.views import Views
from bookbridge.push.settled import Settlements


@dataclass(frozen=True, kw_only=True)
class Services:
    """Open and ready; whoever made them closes them after the API has stopped."""

    pool: asyncpg.Pool
    vault: Vault
    views: Views
    """Knows our public address."""
    sessions: Sessions
    link: Link
    apps: VendorApps
    """The vendors that this installation is registered with."""
    client_id: UUID
    """The installation's client; see `companies.clients.ensure_client`."""
    settlements: Settlements
    """Waits for the end of writes."""
    platform_wait_s: float
    """How long a request waits for a platform."""
    private_webhook_addresses: bool = False
    """Webhook consumers may name plain http and private addresses."""
    access_tokens: AccessTokens
    origins: AllowedOrigins = field(default_factory=AllowedOrigins)
    """Whose pages may use access tokens. Whoever changes the list in this process calls `forget`."""
    key_cache: KeyCache = field(default_factory=KeyCache)
    """API keys verified a moment ago. Whoever deletes a key in this process calls `forget_all`."""


Given = Annotated[Services, Dependency(skip_validation=True)]
"""The services as a handler asks for them, by the name `services`."""
