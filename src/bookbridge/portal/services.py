"""What the pages of one process need, put together once by the composition root. Holds no logic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import asyncpg
from litestar.params import Dependency

from bookbridge.companies.link import Link
from bookbridge.companies.link_codes import LinkCodes
from bookbridge.companies.sessions import Sessions
from bookbridge.companies.vault import Vault
from bookbridge.companies.vendor_apps import VendorApps
from bookbridge.companies.views import Views
from bookbridge.jobs.budgets import CallBudget


def _nothing() -> None:
    """There is no cache of API keys to be told."""


@dataclass(frozen=True, kw_only=True)
class PortalServices:
    """Open and ready; whoever made them closes them after the pages have stopped."""

    pool: asyncpg.Pool
    vault: Vault
    views: Views
    """Knows our public address."""
    codes: LinkCodes
    link: Link
    sessions: Sessions
    apps: VendorApps
    sign_in_budget: CallBudget
    """Counts attempts to sign in, over all processes."""
    help_contact: str = ""
    """E-mail address or URL shown to people who need help; empty: they are sent to whoever gave them the link."""
    private_webhook_addresses: bool = False
    """Webhook consumers may name plain http and private addresses."""
    api_key_deleted: Callable[[], None] = _nothing
    """Called after an API key was deleted, so that caches of keys in this process forget it at once."""

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over TLS: cookies are then bound to it."""
        return self.views.base_url.startswith("https://")


Given = Annotated[PortalServices, Dependency(skip_validation=True)]
"""The services as a handler asks for them, by the name `services`."""
