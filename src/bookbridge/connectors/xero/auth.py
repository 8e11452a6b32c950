"""What Xero's consent leaves open: which organisations it opened, and what they are called in the ledger."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

import msgspec

from bookbridge.connectors.kit import http
from bookbridge.connectors.kit.auth import OAuth2
from bookbridge.connectors.kit.errors import NeedsRelink, VendorUnavailable
from bookbridge.connectors.kit.session import Access, Organisation
from bookbridge.connectors.xero import payloads
from bookbridge.connectors.xero.client import Client

OAUTH2 = OAuth2(
    # The narrow scopes that Xero demands of every newer app. Older apps set the option `scopes`, and so do those
    # that may read the ledger's journals (`accounting.journals.read`, which most apps are refused).
    scopes=(
        "openid",
        "profile",
        "email",
        "offline_access",
        "accounting.settings",
        "accounting.contacts",
        "accounting.invoices",
        "accounting.payments",
        "accounting.banktransactions",
        "accounting.manualjournals",
        "accounting.reports.balancesheet.read",
        "accounting.reports.profitandloss.read",
        "accounting.reports.trialbalance.read",
        "accounting.attachments",
    ),
)

_EVENT_CLAIM = "authentication_event_id"
_tenants = msgspec.json.Decoder(list[payloads.Tenant])
_claims = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text = msgspec.json.Decoder(str)


async def organisations(access: Access) -> list[Organisation]:
    """The organisations that this very consent opened; those of earlier consents by the same person are not.

    Facts: `tenant_id` (whom calls are for), `connection_id` (what a disconnect removes).
    """
    answer = await http.call(
        access,
        "GET",
        access.app.endpoints["connections"],
        effect=False,
        meaning=http.usual_meaning,
        headers={"Accept": "application/json"},
    )
    try:
        tenants = _tenants.decode(answer.body)
    except msgspec.DecodeError as error:
        raise VendorUnavailable("Xero's list of organisations could not be read.") from error
    event = _authentication_event(await access.authorizer.credential("access_token"))
    return [
        Organisation(
            id=tenant.tenant_id,
            name=tenant.tenant_name or tenant.tenant_id,
            facts={"tenant_id": tenant.tenant_id, "connection_id": tenant.id},
        )
        for tenant in tenants
        if tenant.tenant_type == "ORGANISATION" and (event is None or tenant.auth_event_id == event)
    ]


async def identify(access: Access) -> Organisation:
    """The chosen organisation (in `access.facts`) as its ledger names it, with all the facts we keep.

    Adds `base_currency` and `short_code`. Raises NeedsRelink when the ledger does not show itself.
    """
    rows = await Client(access).rows("Organisation", payloads.Organisation)
    if not rows.payloads:
        raise NeedsRelink("Xero opened no organisation for this connection.")
    ledger = rows.payloads[0]
    learnt = {"base_currency": ledger.base_currency, "short_code": ledger.short_code}
    facts: Mapping[str, str] = {
        **access.facts,
        **{name: value for name, value in learnt.items() if value},
    }
    return Organisation(id=facts["tenant_id"], name=ledger.name or facts["tenant_id"], facts=facts)


def _authentication_event(token: str | None) -> str | None:
    """The consent that made the access token. The signature is not checked: the token came to us from the
    token endpoint over TLS, and it decides nothing but which of the person's organisations are listed."""
    parts = (token or "").split(".")
    if len(parts) != 3:
        return None
    body = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        claims = _claims.decode(base64.urlsafe_b64decode(body))
        return _text.decode(claims[_EVENT_CLAIM]) if _EVENT_CLAIM in claims else None
    except (binascii.Error, msgspec.DecodeError):
        return None
