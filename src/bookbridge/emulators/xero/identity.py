"""The identity service: consents, codes, tokens, connections, and how each dies.

State and rules only: what HTTP asks and answers is in oauth_routes.py. Tokens issued here guard nothing but
invented books.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import secrets
from typing import Any, TypeVar

import msgspec
from joserfc import jwt
from joserfc.jwk import OctKey

from bookbridge.emulators.xero.clock import Clock
from bookbridge.emulators.xero.ids import Ids
from bookbridge.emulators.xero.settings import RegisteredApp, XeroEmulatorSettings

MAX_LIVE_CODES = 1_000
MAX_TOKENS = 100_000
"""Access and refresh tokens remembered; the oldest are forgotten first."""

EXPIRED_KEPT_S = 86_400
"""How long an expired access token is still told from an unknown one, over restarts."""

REFRESH_TTL_S = 60 * 86_400
"""A refresh token dies after 60 days unused."""

V = TypeVar("V")


class OAuthError(Exception):
    """A token request is refused; ``error`` is the OAuth error word."""

    def __init__(self, error: str, status: int = 400) -> None:
        super().__init__(error)
        self.error = error
        self.status = status


class Connection(msgspec.Struct, kw_only=True):
    """One app's access to one organisation."""

    connection_id: str
    client_id: str
    tenant_id: str
    auth_event_id: str
    created: dt.datetime
    updated: dt.datetime
    removed: bool = False


class AuthorizationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A valid request to authorize, before consent."""

    app: RegisteredApp
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str
    code_challenge: str | None


class Grant(msgspec.Struct, kw_only=True, eq=False):
    """One consent: every token of it falls when it is revoked."""

    client_id: str
    scopes: tuple[str, ...]
    auth_event_id: str
    revoked: bool = False


class _Code(msgspec.Struct, kw_only=True):
    grant: Grant
    redirect_uri: str
    code_challenge: str | None
    expires_s: float


class AccessToken(msgspec.Struct, kw_only=True):
    """An access token and until when it works (seconds since 1970)."""

    grant: Grant
    expires_s: float
    text: str


class _RefreshToken(msgspec.Struct, kw_only=True):
    grant: Grant
    used_s: float | None = None
    issued_s: float = 0.0


class Identity:
    """The consents, tokens and connections of one emulator."""

    def __init__(self, settings: XeroEmulatorSettings, clock: Clock, ids: Ids) -> None:
        self._settings = settings
        self._clock = clock
        self._ids = ids
        self._secret = secrets.token_bytes(32)
        self._key = OctKey.import_key(self._secret)
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, AccessToken] = {}
        self._refresh: dict[str, _RefreshToken] = {}
        self.connections: dict[str, Connection] = {}
        self.apps = {app.client_id: app for app in settings.apps}

    # -- apps -------------------------------------------------------------------------------------

    def authenticate(self, client_id: str, client_secret: str | None) -> RegisteredApp:
        """The app with these credentials; raises OAuthError. A public app has no secret."""
        app = self.apps.get(client_id)
        if app is None:
            raise OAuthError("invalid_client")
        if app.client_secret is None:
            return app
        if client_secret is None or not hmac.compare_digest(client_secret.encode(), app.client_secret.encode()):
            raise OAuthError("invalid_client")
        return app

    # -- consent ----------------------------------------------------------------------------------

    def consent(self, request: AuthorizationRequest, tenant_ids: list[str]) -> str:
        """Record a consent over ``tenant_ids`` and return the authorization code."""
        grant = Grant(client_id=request.app.client_id, scopes=request.scopes, auth_event_id=self._ids.guid())
        for tenant_id in tenant_ids:
            self._connect(grant, tenant_id)
        code = self._ids.secret()
        self._codes[code] = _Code(
            grant=grant,
            redirect_uri=request.redirect_uri,
            code_challenge=request.code_challenge,
            expires_s=self._clock.now_s() + self._settings.authorization_code_ttl_s,
        )
        _forget_oldest(self._codes, MAX_LIVE_CODES)
        return code

    def _connect(self, grant: Grant, tenant_id: str) -> None:
        now = self._clock.now()
        existing = self.connection(grant.client_id, tenant_id)
        if existing is not None:
            existing.auth_event_id = grant.auth_event_id
            existing.updated = now
            return
        connection = Connection(
            connection_id=self._ids.guid(),
            client_id=grant.client_id,
            tenant_id=tenant_id,
            auth_event_id=grant.auth_event_id,
            created=now,
            updated=now,
        )
        self.connections[connection.connection_id] = connection

    # -- tokens -----------------------------------------------------------------------------------

    def exchange_code(
        self, app: RegisteredApp, code: str, redirect_uri: str, code_verifier: str | None
    ) -> dict[str, object]:
        """Tokens for a code, once. Raises OAuthError."""
        entry = self._codes.pop(code, None)
        if entry is None or entry.grant.client_id != app.client_id or entry.expires_s < self._clock.now_s():
            raise OAuthError("invalid_grant")
        if entry.redirect_uri != redirect_uri:
            raise OAuthError("invalid_grant")
        if entry.code_challenge is not None:
            if code_verifier is None or not _matches_challenge(code_verifier, entry.code_challenge):
                raise OAuthError("invalid_grant")
        elif app.client_secret is None:
            raise OAuthError("invalid_grant")
        return self._issue(entry.grant)

    def refresh(self, app: RegisteredApp, token: str) -> dict[str, object]:
        """New tokens for a refresh token, which is used up but for its grace. Raises OAuthError."""
        entry = self._refresh.get(token)
        now = self._clock.now_s()
        if entry is None or entry.grant.revoked or entry.grant.client_id != app.client_id:
            raise OAuthError("invalid_grant")
        if entry.used_s is None:
            if now - entry.issued_s > REFRESH_TTL_S:
                raise OAuthError("invalid_grant")
            entry.used_s = now
        elif now - entry.used_s >= self._settings.refresh_grace_s:
            if self._settings.kill_chain_on_reuse:
                entry.grant.revoked = True
            raise OAuthError("invalid_grant")
        return self._issue(entry.grant)

    def client_credentials(self, app: RegisteredApp, scopes: tuple[str, ...]) -> dict[str, object]:
        """An access token without a user; raises OAuthError for a public app."""
        if app.client_secret is None:
            raise OAuthError("unauthorized_client")
        grant = Grant(client_id=app.client_id, scopes=scopes, auth_event_id=self._ids.guid())
        return self._issue(grant)

    def _issue(self, grant: Grant) -> dict[str, object]:
        now = self._clock.now_s()
        ttl = self._settings.access_token_ttl_s
        claims = {
            "iss": "https://identity.emulator.invalid",
            "aud": grant.client_id,
            "iat": int(now),
            "nbf": int(now),
            "exp": int(now) + ttl,
            "client_id": grant.client_id,
            "sub": "4f1d9a3e0c7b4f0e9a0000000000beef",
            "xero_userid": "4f1d9a3e-0c7b-4f0e-9a00-00000000beef",
            "authentication_event_id": grant.auth_event_id,
            "scope": list(grant.scopes),
            "jti": self._ids.guid().replace("-", ""),
        }
        text = jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, self._key)
        self._access[text] = AccessToken(grant=grant, expires_s=now + ttl, text=text)
        _forget_oldest(self._access, MAX_TOKENS)
        answer: dict[str, object] = {
            "access_token": text,
            "expires_in": ttl,
            "token_type": "Bearer",
            "scope": " ".join(grant.scopes),
        }
        if "openid" in grant.scopes:
            profile = {**claims, "email": "sandbox.user@example.com", "name": "Sandbox User"}
            answer["id_token"] = jwt.encode({"alg": "HS256", "typ": "JWT"}, profile, self._key)
        if "offline_access" in grant.scopes:
            refresh = self._ids.secret()
            self._refresh[refresh] = _RefreshToken(grant=grant, issued_s=now)
            _forget_oldest(self._refresh, MAX_TOKENS)
            answer["refresh_token"] = refresh
        return answer

    def access(self, text: str) -> AccessToken | None:
        """The access token with this text, expired or not; None when unknown or its consent revoked."""
        token = self._access.get(text)
        return None if token is None or token.grant.revoked else token

    def revoke(self, app: RegisteredApp, token: str) -> None:
        """End the consent of a refresh token, and with it every connection of the app."""
        entry = self._refresh.get(token)
        if entry is not None and entry.grant.client_id == app.client_id:
            self.revoke_app(app.client_id)

    # -- keeping ----------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """The signing key, consents, tokens and connections, for ``restore``."""
        now = self._clock.now_s()
        return {
            "secret": self._secret,
            "codes": self._codes,
            "access": {k: v for k, v in self._access.items() if now - v.expires_s < EXPIRED_KEPT_S},
            "refresh": {k: v for k, v in self._refresh.items() if now - v.issued_s < REFRESH_TTL_S},
            "connections": self.connections,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what another identity service's ``state`` gave."""
        self._secret = state["secret"]
        self._key = OctKey.import_key(self._secret)
        self._codes, self._access, self._refresh = state["codes"], state["access"], state["refresh"]
        self.connections = state["connections"]

    # -- what faults and tests do -------------------------------------------------------------------

    def expire_access_tokens(self) -> int:
        """Expire every access token now; refresh tokens still work. Returns how many."""
        now = self._clock.now_s()
        alive = [token for token in self._access.values() if token.expires_s > now]
        for token in alive:
            token.expires_s = now - 1
        return len(alive)

    def revoke_app(self, client_id: str | None = None) -> None:
        """End every consent and connection of one app, or of all."""
        for refresh in self._refresh.values():
            if client_id is None or refresh.grant.client_id == client_id:
                refresh.grant.revoked = True
        for access in self._access.values():
            if client_id is None or access.grant.client_id == client_id:
                access.grant.revoked = True
        for connection in self.connections.values():
            if client_id is None or connection.client_id == client_id:
                connection.removed = True

    # -- connections ------------------------------------------------------------------------------

    def connection(self, client_id: str, tenant_id: str) -> Connection | None:
        """The live connection of an app to an organisation."""
        for connection in self.connections.values():
            if (connection.client_id, connection.tenant_id) == (client_id, tenant_id) and not connection.removed:
                return connection
        return None

    def connections_of(self, client_id: str, auth_event_id: str | None = None) -> list[Connection]:
        """The live connections of an app, or those of one consent."""
        return [
            connection
            for connection in self.connections.values()
            if connection.client_id == client_id
            and not connection.removed
            and auth_event_id in (None, connection.auth_event_id)
        ]

    def disconnect(self, tenant_id: str) -> int:
        """What an organisation does when it removes its apps; returns how many connections ended."""
        ended = [c for c in self.connections.values() if c.tenant_id == tenant_id and not c.removed]
        for connection in ended:
            connection.removed = True
        return len(ended)


def _matches_challenge(verifier: str, challenge: str) -> bool:
    if not 43 <= len(verifier) <= 128:
        return False
    digest = hashlib.sha256(verifier.encode("ascii", "replace")).digest()
    expected = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(expected, challenge)


def _forget_oldest(mapping: dict[str, V], limit: int) -> None:
    while len(mapping) > limit:
        del mapping[next(iter(mapping))]
