"""What can be configured on the emulator, with the vendor's own limits as defaults.

It must hold plain values only: nothing here opens a file, a socket or reads the environment.
"""

from __future__ import annotations

import datetime as dt

import msgspec

MAX_BODY_BYTES = 3_670_016
"""Largest JSON or XML body that a create or update may send (3.5 MB)."""

MAX_ATTACHMENT_BYTES = 10_485_760
"""Largest attachment (10 MB)."""

MAX_ATTACHMENTS_PER_RECORD = 10
MAX_IDEMPOTENCY_KEY_CHARS = 128
MAX_IDEMPOTENT_ANSWERS = 10_000
"""How many answers are remembered for replay, over all tenants; the oldest is forgotten first."""

MAX_LOGGED_REQUESTS = 5_000
DEFAULT_PAGE_SIZE = 100
MAX_PAGE_SIZE = 1_000
JOURNALS_PAGE_SIZE = 100

ALL_SCOPES = (
    "openid",
    "profile",
    "email",
    "offline_access",
    "accounting.transactions",
    "accounting.transactions.read",
    "accounting.invoices",
    "accounting.invoices.read",
    "accounting.payments",
    "accounting.payments.read",
    "accounting.banktransactions",
    "accounting.banktransactions.read",
    "accounting.manualjournals",
    "accounting.manualjournals.read",
    "accounting.settings",
    "accounting.settings.read",
    "accounting.contacts",
    "accounting.contacts.read",
    "accounting.attachments",
    "accounting.attachments.read",
    "accounting.journals.read",
    "accounting.reports.read",
    "accounting.reports.aged.read",
    "accounting.reports.balancesheet.read",
    "accounting.reports.banksummary.read",
    "accounting.reports.executivesummary.read",
    "accounting.reports.profitandloss.read",
    "accounting.reports.trialbalance.read",
)


class RegisteredApp(msgspec.Struct, frozen=True, kw_only=True):
    """An application known to the identity service; without a secret it is public and must use PKCE."""

    client_id: str
    client_secret: str | None
    name: str
    redirect_uris: tuple[str, ...] = ()
    allow_any_localhost_redirect: bool = True


class RateLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Calls allowed per fixed window; ``in_flight`` is the number of calls of one tenant at once."""

    tenant_per_minute: int = 60
    tenant_per_day: int = 5_000
    in_flight: int = 5
    app_per_minute: int = 10_000


class XeroEmulatorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that changes how the emulator behaves; the defaults are the vendor's."""

    apps: tuple[RegisteredApp, ...] = (
        RegisteredApp(
            client_id="bookbridge-sandbox-client",
            client_secret="bookbridge-sandbox-secret",  # noqa: S106 - a published sandbox value, guards nothing
            name="Bookbridge sandbox",
        ),
    )
    seed: int = 1
    today: dt.date = dt.date(2026, 6, 30)
    """The day on which the seed books were last worked in."""

    limits: RateLimits = RateLimits()
    access_token_ttl_s: int = 1_800
    refresh_grace_s: int = 1_800
    """How long a rotated refresh token still works; 0 makes it strictly single use."""

    kill_chain_on_reuse: bool = False
    """Whether presenting a used-up refresh token revokes the newer ones of the same consent."""

    authorization_code_ttl_s: int = 300
    enforce_scopes: bool = True
    journals_enabled: bool = True
    """False answers 403 on /Journals, as for an app outside the tier that includes it."""

    latency_s: float = 0.0
    """Delay before each Accounting API answer; above zero it makes calls overlap."""

    provider_name: str = "Bookbridge emulator"
