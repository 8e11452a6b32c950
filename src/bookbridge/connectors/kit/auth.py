"""How a customer lets us in, as facts. The flows themselves live in `companies/`: they need storage.

Three kinds cover every vendor met so far: an OAuth 2 consent page, a form of credentials (keys, user
names), and a vendor that calls us (desktop products), for which we serve an inbound app.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ClientAuth(StrEnum):
    """How the token endpoint learns who we are."""

    BASIC = "client_secret_basic"
    BODY = "client_secret_post"


@dataclass(frozen=True)
class OAuth2:
    """Authorisation code grant. URLs come from the connector's endpoints `authorize`, `token`, `revoke`."""

    scopes: tuple[str, ...]
    pkce: bool = True
    client_auth: ClientAuth = ClientAuth.BASIC
    token_timeout_s: float = 40.0
    callback_facts: tuple[str, ...] = ()
    """Parameters of the vendor's redirect that name the organisation (some vendors tell it nowhere else): they
    are in the facts while `organisations` runs. Written by the browser, so not to be believed without a call."""


@dataclass(frozen=True)
class FormField:
    """One input of a credentials form on the Link page."""

    name: str
    label: str
    secret: bool = False
    hint: str = ""
    choices: tuple[str, ...] = ()
    """The values to choose from; empty for free text."""
    optional: bool = False


@dataclass(frozen=True)
class CredentialForm:
    """The customer types keys that the vendor issued; requests are then signed or logged in with them."""

    fields: tuple[FormField, ...]


CONNECTION_FACT = "bookbridge_connection_id"
"""Among the facts while `organisations` runs on supplied credentials: our own id of the connection, for vendors that
make an access for each connection."""


@dataclass(frozen=True)
class Inbound:
    """The vendor's program calls us. `mount_path` is where the connector's inbound app is served."""

    mount_path: str


Auth = OAuth2 | CredentialForm | Inbound
